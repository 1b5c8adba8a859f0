//! What is attached to roles, users and groups.

use std::collections::BTreeMap;

use aws_sdk_iam::Client;
use aws_sdk_iam::operation::RequestId;

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::principal::{Attached, Attachments, Gives, Guardrail, Hold};
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::Iam;
use super::policies::{denies, power, text_of};
use super::principals::{Principal, Sort, attached, principal, sort};

impl Hand<Attachments> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<Option<Attached>, Failure> {
        let (client, sort) = (self.client(at).await?, sort(at)?);
        let (who, attached) =
            futures_util::future::join(principal(&client, at, sort), attached(&client, at, sort))
                .await;
        // Without the principal the list fails as well, and says no more.
        let Some(Principal {
            arn,
            id,
            created,
            boundary,
        }) = who?
        else {
            return Ok(None);
        };
        let arns = attached?;
        let powers = arns.iter().map(|arn| power(&client, arn));
        let powers = futures_util::future::try_join_all(powers).await?;
        let policies: BTreeMap<_, _> = arns.into_iter().zip(powers).collect();
        let harmless = Gives::Known(Some(false));
        // Nothing is left of nothing.
        let boundary = match boundary.filter(|_| policies.values().any(|one| *one != harmless)) {
            Some(arn) => Some(power(&client, &arn).await?),
            None => None,
        };
        Ok(Some(Attached {
            principal: arn,
            id: Some(id),
            created,
            policies,
            boundary,
        }))
    }

    async fn write(
        &self,
        at: &At,
        from: &Option<Attached>,
        to: &Option<Attached>,
    ) -> Result<Written, Failure> {
        let (client, sort) = (self.client(at).await?, sort(at)?);
        let (Some(from), Some(to)) = (from, to) else {
            return Err(Failure::other(
                "iam:AttachRolePolicy",
                "a principal is never made nor deleted",
            ));
        };
        let mut written = Written::default();
        // A policy that denies goes first, or it would stop the rest.
        for arn in from
            .policies
            .keys()
            .filter(|arn| !to.policies.contains_key(*arn))
        {
            written = written.then(detach(&client, at, sort, arn).await)?;
        }
        for arn in to
            .policies
            .keys()
            .filter(|arn| !from.policies.contains_key(*arn))
        {
            written = written.then(attach(&client, at, sort, arn).await)?;
        }
        Ok(written)
    }
}

impl Hand<Guardrail> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<Option<Hold>, Failure> {
        let (client, sort, policy) = (self.client(at).await?, sort(at)?, guardrail(at)?);
        let (who, attached, text) = futures_util::future::join3(
            principal(&client, at, sort),
            attached(&client, at, sort),
            text_of(&client, policy),
        )
        .await;
        if who?.is_none() {
            return Ok(None);
        }
        let (attached, text) = (attached?.iter().any(|arn| arn == policy), text?);
        if text == Some(PolicyState::Absent) {
            return Ok(None);
        }
        Ok(Some(Hold {
            attached,
            denies: text.as_ref().and_then(denies),
            power: power(&client, policy).await?,
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Hold>,
        to: &Option<Hold>,
    ) -> Result<Written, Failure> {
        let (client, sort, policy) = (self.client(at).await?, sort(at)?, guardrail(at)?);
        let Some(to) = to else {
            return Err(Failure::other(
                "iam:AttachRolePolicy",
                "a principal is never deleted",
            ));
        };
        if to.attached {
            attach(&client, at, sort, policy).await
        } else {
            detach(&client, at, sort, policy).await
        }
    }
}

/// The policy that must be attached.
fn guardrail(at: &At) -> Result<&str, Failure> {
    let missing = || Failure::other("iam:AttachRolePolicy", "a guardrail without its policy");
    at.item.as_deref().ok_or_else(missing)
}

async fn attach(client: &Client, at: &At, sort: Sort, arn: &str) -> Result<Written, Failure> {
    let name = at.name();
    let id = match sort {
        Sort::Role => done!(
            "iam:AttachRolePolicy",
            client.attach_role_policy().role_name(name).policy_arn(arn)
        ),
        Sort::User => done!(
            "iam:AttachUserPolicy",
            client.attach_user_policy().user_name(name).policy_arn(arn)
        ),
        Sort::Group => done!(
            "iam:AttachGroupPolicy",
            client
                .attach_group_policy()
                .group_name(name)
                .policy_arn(arn)
        ),
    };
    Ok(Written::default().and(id.as_deref()))
}

async fn detach(client: &Client, at: &At, sort: Sort, arn: &str) -> Result<Written, Failure> {
    let name = at.name();
    let id = match sort {
        Sort::Role => done!(
            "iam:DetachRolePolicy",
            client.detach_role_policy().role_name(name).policy_arn(arn)
        ),
        Sort::User => done!(
            "iam:DetachUserPolicy",
            client.detach_user_policy().user_name(name).policy_arn(arn)
        ),
        Sort::Group => done!(
            "iam:DetachGroupPolicy",
            client
                .detach_group_policy()
                .group_name(name)
                .policy_arn(arn)
        ),
    };
    Ok(Written::default().and(id.as_deref()))
}
