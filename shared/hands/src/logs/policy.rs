//! Resource policies of accounts and log groups, and of delivery destinations.

use aws_sdk_cloudwatchlogs::operation::RequestId;
use aws_sdk_cloudwatchlogs::types::{PolicyScope, ResourcePolicy};

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::logs::{DeliveryDestinationPolicy, LogResourcePolicy};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{Logs, is_gone, name};

const PUT: &str = "logs:PutResourcePolicy";

/// The log group that a policy is attached to, if it is attached to one.
fn group(at: &At) -> Option<String> {
    at.resource
        .contains(":log-group:")
        .then(|| at.resource.clone())
}

impl Logs<'_> {
    /// The resource policies of an account, or of a log group.
    pub(super) async fn resource_policies(&self, at: &At) -> Result<Vec<ResourcePolicy>, Failure> {
        let client = self.client(at).await?;
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let group = group(at);
            let scope = group.as_ref().map(|_| PolicyScope::Resource);
            let request = client.describe_resource_policies().set_next_token(next);
            let request = request.set_resource_arn(group).set_policy_scope(scope);
            let answer = request.send().await;
            let answer = found("logs:DescribeResourcePolicies", answer, is_gone)?;
            let Some(answer) = answer else {
                return Ok(all);
            };
            all.extend(answer.resource_policies.unwrap_or_default());
            next = answer.next_token;
            if next.is_none() {
                return Ok(all);
            }
        }
    }
}

impl Hand<LogResourcePolicy> for Logs<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        let mut all = self.resource_policies(at).await?.into_iter();
        // A log group has one policy, an account several by name.
        let found = match group(at) {
            Some(_) => all.next(),
            None => all.find(|one| one.policy_name() == Some(name(at))),
        };
        let document = found.and_then(|one| one.policy_document);
        Ok(document.map_or(PolicyState::Absent, |text| PolicyState::read(&text)))
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let group = group(at);
        let policy = match group {
            Some(_) => None,
            None => Some(name(at).to_owned()),
        };
        let written = Written::default();
        match to.text() {
            Some(text) => {
                let request = client.put_resource_policy().set_policy_name(policy);
                let request = request.set_resource_arn(group).policy_document(text);
                let answer = request.send().await;
                let answer = answer.map_err(|error| Failure::of(PUT, &error))?;
                Ok(written.and(answer.request_id()))
            }
            None => {
                let request = client.delete_resource_policy().set_policy_name(policy);
                let answer = request.set_resource_arn(group).send().await;
                let answer =
                    answer.map_err(|error| Failure::of("logs:DeleteResourcePolicy", &error))?;
                Ok(written.and(answer.request_id()))
            }
        }
    }
}

impl Hand<DeliveryDestinationPolicy> for Logs<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        let request = self.client(at).await?.get_delivery_destination_policy();
        let answer = request.delivery_destination_name(name(at)).send().await;
        let answer = found("logs:GetDeliveryDestinationPolicy", answer, is_gone)?;
        let document = answer.and_then(|answer| answer.policy?.delivery_destination_policy);
        Ok(document.map_or(PolicyState::Absent, |text| PolicyState::read(&text)))
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let written = Written::default();
        match to.text() {
            Some(text) => {
                let request = client.put_delivery_destination_policy();
                let request = request.delivery_destination_name(name(at));
                let answer = request.delivery_destination_policy(text).send().await;
                let answer = answer
                    .map_err(|error| Failure::of("logs:PutDeliveryDestinationPolicy", &error))?;
                Ok(written.and(answer.request_id()))
            }
            None => {
                let request = client.delete_delivery_destination_policy();
                let answer = request.delivery_destination_name(name(at)).send().await;
                let answer = answer
                    .map_err(|error| Failure::of("logs:DeleteDeliveryDestinationPolicy", &error))?;
                Ok(written.and(answer.request_id()))
            }
        }
    }
}
