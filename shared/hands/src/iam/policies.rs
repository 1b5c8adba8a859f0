//! Managed policies: their text, their versions, and what they give.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::Client;
use aws_sdk_iam::operation::RequestId;
use aws_sdk_iam::types::PolicyVersion as Listed;

use auditward_policy::power::{Verdict, managed_policy};
use auditward_rules::arn::Arn;
use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::policy::{ManagedPolicy, Policy, PolicyVersion, Version, Versions};
use auditward_rules::facets::principal::Gives;
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::principals::moment;
use super::{Iam, all, found};

/// What a policy gives: what is known of AWS's own policies, or else the text of its
/// default version. One that cannot be read must not hide what is told of the
/// others: it is unknown, which nobody takes for safe.
pub(super) async fn power(client: &Client, arn: &str) -> Result<Gives, Failure> {
    Ok(match managed_policy(arn) {
        Some(Verdict::No) => Gives::Known(Some(false)),
        Some(Verdict::Yes(_)) => Gives::Known(Some(true)),
        Some(Verdict::CannotTell(_)) | None => text_of(client, arn)
            .await?
            .map_or(Gives::Known(None), given),
    })
}

/// What a text gives; one that is gone meanwhile cannot be told.
fn given(text: PolicyState) -> Gives {
    match text {
        PolicyState::Absent => Gives::Known(None),
        text => Gives::Text(text),
    }
}

/// Whether a text denies anything.
pub(super) fn denies(text: &PolicyState) -> Option<bool> {
    let statements = text.document()?.statements();
    Some(statements.iter().any(|statement| statement.is_deny()))
}

/// The text of a policy's default version, absent where there is no policy;
/// `None` where it may not be read.
pub(super) async fn text_of(client: &Client, arn: &str) -> Result<Option<PolicyState>, Failure> {
    match default_version(client, arn).await {
        Ok(found) => Ok(Some(found.map_or(PolicyState::Absent, |found| found.text))),
        Err(failure) if failure.passes() => Err(failure),
        Err(failure) => {
            tracing::warn!(policy = arn, %failure, "a policy cannot be read");
            Ok(None)
        }
    }
}

/// A policy's default version.
struct Default {
    description: String,
    text: PolicyState,
}

async fn default_version(client: &Client, arn: &str) -> Result<Option<Default>, Failure> {
    let answer = found!("iam:GetPolicy", client.get_policy().policy_arn(arn));
    let Some(policy) = answer.and_then(|answer| answer.policy) else {
        return Ok(None);
    };
    let text = match policy.default_version_id {
        Some(id) => version(client, arn, &id).await?,
        None => PolicyState::Absent,
    };
    Ok(Some(Default {
        description: policy.description.unwrap_or_default(),
        text,
    }))
}

async fn version(client: &Client, arn: &str, id: &str) -> Result<PolicyState, Failure> {
    let answer = found!(
        "iam:GetPolicyVersion",
        client.get_policy_version().policy_arn(arn).version_id(id)
    );
    let document = answer
        .and_then(|answer| answer.policy_version)
        .and_then(|version| version.document);
    Ok(document.map_or(PolicyState::Absent, |text| PolicyState::read(&text)))
}

impl Hand<ManagedPolicy> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<Option<Policy>, Failure> {
        let found = default_version(&self.client(at).await?, &at.resource).await?;
        Ok(found.map(|found| Policy {
            description: found.description,
            document: found.text,
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Policy>,
        to: &Option<Policy>,
    ) -> Result<Written, Failure> {
        const CALL: &str = "iam:CreatePolicy";
        let text = to.as_ref().and_then(|to| to.document.document());
        let (Some(to), Some(text)) = (to, text) else {
            return Err(Failure::other(CALL, "a policy is never deleted"));
        };
        let arn = Arn::parse(&at.resource)
            .and_then(|arn| arn.resource.strip_prefix("policy")?.rsplit_once('/'));
        let Some((path, name)) = arn else {
            let why = format!("{} is no policy", at.resource);
            return Err(Failure::other(CALL, why));
        };
        let client = self.client(at).await?;
        let request = client
            .create_policy()
            .policy_name(name)
            .path(format!("{path}/"))
            .policy_document(text.to_json())
            .set_description(Some(to.description.clone()).filter(|text| !text.is_empty()));
        let id = done!("iam:CreatePolicy", request);
        Ok(Written::default().and(id.as_deref()))
    }
}

impl Hand<PolicyVersion> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<Option<Versions>, Failure> {
        let (client, arn) = (self.client(at).await?, &at.resource);
        let answer = found!("iam:GetPolicy", client.get_policy().policy_arn(arn));
        let Some(policy) = answer.and_then(|answer| answer.policy) else {
            return Ok(None);
        };
        let listed: Vec<Listed> = all!(
            "iam:ListPolicyVersions",
            client.list_policy_versions().policy_arn(arn)
        );
        let read = listed.into_iter().map(async |listed| {
            let id = listed.version_id.unwrap_or_default();
            let text = version(&client, arn, &id).await?;
            let statements = text.document().map(|text| text.statements());
            let denies: BTreeSet<String> = statements
                .unwrap_or_default()
                .iter()
                .filter(|statement| statement.is_deny())
                .map(|statement| statement.to_json().to_owned())
                .collect();
            let version = Version {
                created: listed.create_date.as_ref().and_then(moment),
                denies,
                power: given(text),
            };
            Ok::<_, Failure>((id, version))
        });
        let versions = futures_util::future::try_join_all(read).await?;
        Ok(Some(Versions {
            default: policy.default_version_id.unwrap_or_default(),
            versions: versions.into_iter().collect::<BTreeMap<_, _>>(),
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Versions>,
        to: &Option<Versions>,
    ) -> Result<Written, Failure> {
        let Some(to) = to else {
            return Err(Failure::other(
                "iam:SetDefaultPolicyVersion",
                "a policy is never deleted",
            ));
        };
        let client = self.client(at).await?;
        let id = done!(
            "iam:SetDefaultPolicyVersion",
            client
                .set_default_policy_version()
                .policy_arn(&at.resource)
                .version_id(&to.default)
        );
        Ok(Written::default().and(id.as_deref()))
    }
}
