//! Policies that hold for all log groups of an account and region.

use aws_sdk_cloudwatchlogs::operation::RequestId;
use aws_sdk_cloudwatchlogs::types::{PolicyType, Scope};

use auditward_rules::facet::At;
use auditward_rules::facets::logs::{AccountLogPolicy, AccountPolicy};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{Logs, is_gone};

/// A policy's type and name.
fn named(at: &At) -> (PolicyType, &str) {
    let (_, named) = at
        .resource
        .split_once(":account-policy:")
        .unwrap_or_default();
    let (sort, name) = named.split_once(':').unwrap_or_default();
    (PolicyType::from(sort), name)
}

impl Hand<AccountLogPolicy> for Logs<'_> {
    async fn read(&self, at: &At) -> Result<Option<AccountPolicy>, Failure> {
        let (sort, name) = named(at);
        let request = self.client(at).await?.describe_account_policies();
        let answer = request.policy_type(sort).policy_name(name).send().await;
        let answer = found("logs:DescribeAccountPolicies", answer, is_gone)?;
        let all = answer.and_then(|answer| answer.account_policies);
        let mut all = all.unwrap_or_default().into_iter();
        let policy = all.find(|one| one.policy_name() == Some(name));
        Ok(policy.map(|live| AccountPolicy {
            document: live.policy_document.unwrap_or_default(),
            criteria: live.selection_criteria,
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<AccountPolicy>,
        to: &Option<AccountPolicy>,
    ) -> Result<Written, Failure> {
        let (sort, name) = named(at);
        let client = self.client(at).await?;
        let written = Written::default();
        match to {
            Some(policy) => {
                let answer = client
                    .put_account_policy()
                    .policy_type(sort)
                    .policy_name(name)
                    .policy_document(&policy.document)
                    .scope(Scope::All)
                    .set_selection_criteria(policy.criteria.clone())
                    .send()
                    .await
                    .map_err(|error| Failure::of("logs:PutAccountPolicy", &error))?;
                Ok(written.and(answer.request_id()))
            }
            None => {
                let request = client.delete_account_policy().policy_type(sort);
                let answer = request.policy_name(name).send().await;
                let answer =
                    answer.map_err(|error| Failure::of("logs:DeleteAccountPolicy", &error))?;
                Ok(written.and(answer.request_id()))
            }
        }
    }
}
