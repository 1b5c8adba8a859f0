//! What is attached to roles, users and groups.

use std::collections::BTreeMap;

use aws_sdk_iam::Client;
use aws_sdk_iam::operation::RequestId;
use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::AttachedPolicy;

use auditward_policy::power::{Protected, Verdict, managed_policy, tampering};
use auditward_rules::arn::Arn;
use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::principal::{Attached, Attachments};
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::{Iam, role};

/// IAM has a call of its own for each.
#[derive(Clone, Copy)]
enum Sort {
    Role,
    User,
    Group,
}

fn sort(at: &At) -> Result<Sort, Failure> {
    let sort = Arn::parse(&at.resource).and_then(|arn| arn.resource.split('/').next());
    match sort {
        Some("role") => Ok(Sort::Role),
        Some("user") => Ok(Sort::User),
        Some("group") => Ok(Sort::Group),
        _ => Err(Failure::other(
            "iam:GetRole",
            format!("{} is no role, user or group", at.resource),
        )),
    }
}

impl Hand<Attachments> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<Option<Attached>, Failure> {
        let (client, sort) = (self.client(at).await?, sort(at)?);
        let (who, attached) =
            futures_util::future::join(principal(&client, at, sort), attached(&client, at, sort))
                .await;
        // Without the principal the list fails as well, and says no more.
        let Some((principal, created)) = who? else {
            return Ok(None);
        };
        let arns = attached?;
        let powers = arns.iter().map(|arn| power(&client, arn));
        let powers = futures_util::future::try_join_all(powers).await?;
        let policies: BTreeMap<_, _> = arns.into_iter().zip(powers).collect();
        Ok(Some(Attached {
            principal,
            created,
            policies,
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
            written = written.and(detach(&client, at, sort, arn).await?.as_deref());
        }
        for arn in to
            .policies
            .keys()
            .filter(|arn| !from.policies.contains_key(*arn))
        {
            written = written.and(attach(&client, at, sort, arn).await?.as_deref());
        }
        Ok(written)
    }
}

/// The principal's ARN and creation time; `None` where there is none.
async fn principal(
    client: &Client,
    at: &At,
    sort: Sort,
) -> Result<Option<(String, Option<chrono::DateTime<chrono::Utc>>)>, Failure> {
    let name = at.name();
    match sort {
        Sort::Role => Ok(role(client, at)
            .await?
            .map(|role| (role.arn, moment(&role.create_date)))),
        Sort::User => match client.get_user().user_name(name).send().await {
            Ok(answer) => Ok(answer
                .user
                .map(|user| (user.arn, moment(&user.create_date)))),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_no_such_entity_exception()) =>
            {
                Ok(None)
            }
            Err(error) => Err(Failure::of("iam:GetUser", &error)),
        },
        // Only the group is wanted, and IAM always adds its users.
        Sort::Group => match client
            .get_group()
            .group_name(name)
            .max_items(1)
            .send()
            .await
        {
            Ok(answer) => Ok(answer
                .group
                .map(|group| (group.arn, moment(&group.create_date)))),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_no_such_entity_exception()) =>
            {
                Ok(None)
            }
            Err(error) => Err(Failure::of("iam:GetGroup", &error)),
        },
    }
}

fn moment(time: &DateTime) -> Option<chrono::DateTime<chrono::Utc>> {
    chrono::DateTime::from_timestamp(time.secs(), time.subsec_nanos())
}

/// The ARNs of all managed policies that are attached.
async fn attached(client: &Client, at: &At, sort: Sort) -> Result<Vec<String>, Failure> {
    let name = at.name();
    let policies: Vec<AttachedPolicy> = match sort {
        Sort::Role => {
            let pages = client
                .list_attached_role_policies()
                .role_name(name)
                .into_paginator()
                .items()
                .send();
            pages
                .collect::<Result<_, _>>()
                .await
                .map_err(|e| Failure::of("iam:ListAttachedRolePolicies", &e))?
        }
        Sort::User => {
            let pages = client
                .list_attached_user_policies()
                .user_name(name)
                .into_paginator()
                .items()
                .send();
            pages
                .collect::<Result<_, _>>()
                .await
                .map_err(|e| Failure::of("iam:ListAttachedUserPolicies", &e))?
        }
        Sort::Group => {
            let pages = client
                .list_attached_group_policies()
                .group_name(name)
                .into_paginator()
                .items()
                .send();
            pages
                .collect::<Result<_, _>>()
                .await
                .map_err(|e| Failure::of("iam:ListAttachedGroupPolicies", &e))?
        }
    };
    Ok(policies
        .into_iter()
        .filter_map(|policy| policy.policy_arn)
        .collect())
}

/// Whether a policy gives the power to tamper, by what is known of AWS's own
/// policies, or else by its default version. One that cannot be read must not
/// hide what is told of the others: it is `None`, which nobody takes for safe.
async fn power(client: &Client, arn: &str) -> Result<Option<bool>, Failure> {
    let verdict = match managed_policy(arn) {
        Some(verdict @ (Verdict::No | Verdict::Yes(_))) => verdict,
        Some(Verdict::CannotTell(_)) | None => match default_version(client, arn).await {
            Ok(PolicyState::Document(document)) => tampering(&document, &Protected::default()),
            Ok(PolicyState::Absent | PolicyState::Unparsable { .. }) => return Ok(None),
            Err(failure) if failure.passes() => return Err(failure),
            Err(failure) => {
                tracing::warn!(policy = arn, %failure, "an attached policy cannot be read");
                return Ok(None);
            }
        },
    };
    Ok(match verdict {
        Verdict::No => Some(false),
        Verdict::Yes(_) => Some(true),
        Verdict::CannotTell(_) => None,
    })
}

async fn default_version(client: &Client, arn: &str) -> Result<PolicyState, Failure> {
    let answer = client.get_policy().policy_arn(arn).send().await;
    let policy = answer
        .map_err(|error| Failure::of("iam:GetPolicy", &error))?
        .policy;
    let Some(version) = policy.and_then(|policy| policy.default_version_id) else {
        return Ok(PolicyState::Absent);
    };
    let answer = client
        .get_policy_version()
        .policy_arn(arn)
        .version_id(version)
        .send()
        .await;
    let version = answer
        .map_err(|error| Failure::of("iam:GetPolicyVersion", &error))?
        .policy_version;
    let document = version.and_then(|version| version.document);
    Ok(document.map_or(PolicyState::Absent, |text| PolicyState::read(&text)))
}

async fn attach(
    client: &Client,
    at: &At,
    sort: Sort,
    arn: &str,
) -> Result<Option<String>, Failure> {
    let name = at.name();
    let id = match sort {
        Sort::Role => {
            let answer = client
                .attach_role_policy()
                .role_name(name)
                .policy_arn(arn)
                .send()
                .await;
            answer
                .map_err(|e| Failure::of("iam:AttachRolePolicy", &e))?
                .request_id()
                .map(str::to_owned)
        }
        Sort::User => {
            let answer = client
                .attach_user_policy()
                .user_name(name)
                .policy_arn(arn)
                .send()
                .await;
            answer
                .map_err(|e| Failure::of("iam:AttachUserPolicy", &e))?
                .request_id()
                .map(str::to_owned)
        }
        Sort::Group => {
            let answer = client
                .attach_group_policy()
                .group_name(name)
                .policy_arn(arn)
                .send()
                .await;
            answer
                .map_err(|e| Failure::of("iam:AttachGroupPolicy", &e))?
                .request_id()
                .map(str::to_owned)
        }
    };
    Ok(id)
}

async fn detach(
    client: &Client,
    at: &At,
    sort: Sort,
    arn: &str,
) -> Result<Option<String>, Failure> {
    let name = at.name();
    let id = match sort {
        Sort::Role => {
            let answer = client
                .detach_role_policy()
                .role_name(name)
                .policy_arn(arn)
                .send()
                .await;
            answer
                .map_err(|e| Failure::of("iam:DetachRolePolicy", &e))?
                .request_id()
                .map(str::to_owned)
        }
        Sort::User => {
            let answer = client
                .detach_user_policy()
                .user_name(name)
                .policy_arn(arn)
                .send()
                .await;
            answer
                .map_err(|e| Failure::of("iam:DetachUserPolicy", &e))?
                .request_id()
                .map(str::to_owned)
        }
        Sort::Group => {
            let answer = client
                .detach_group_policy()
                .group_name(name)
                .policy_arn(arn)
                .send()
                .await;
            answer
                .map_err(|e| Failure::of("iam:DetachGroupPolicy", &e))?
                .request_id()
                .map(str::to_owned)
        }
    };
    Ok(id)
}
