//! Queues, through SQS.

use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::RequestId;
use aws_sdk_sqs::types::QueueAttributeName;

use auditward_rules::arn::Arn;
use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::attributes::{Attributes, changes};
use auditward_rules::facets::queue::attributes::QueueSettings as OfQueue;
use auditward_rules::facets::queue::{QueuePolicy, QueueSenders, QueueSettings};
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::guard::Discovered;
use auditward_runtime::hand::{DISCOVERY, Hand, Permission, Written};
use auditward_runtime::pipeline::Place;

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read("queue-policy", GET),
    Permission::write("queue-policy", SET),
    Permission::read("queue-senders", GET),
    Permission::write("queue-senders", SET),
    Permission::read("queue-settings", GET),
    Permission::write("queue-settings", SET),
    Permission::read(DISCOVERY, LIST),
];

const GET: &str = "sqs:GetQueueAttributes";
const SET: &str = "sqs:SetQueueAttributes";
const LIST: &str = "sqs:ListQueues";

hand! {
    /// The hand for them.
    Queues with Client
}

/// The URL of a queue, which SQS wants in the place of its ARN.
fn url(at: &At) -> String {
    let partition = Arn::parse(&at.resource).map_or("aws", |arn| arn.partition);
    let suffix = match partition {
        "aws-cn" => "amazonaws.com.cn",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        "aws-eusc" => "amazonaws.eu",
        _ => "amazonaws.com",
    };
    format!(
        "https://sqs.{}.{suffix}/{}/{}",
        at.region,
        at.account,
        at.name()
    )
}

impl Queues<'_> {
    /// Finds the guarded queues of an account and region.
    ///
    /// # Errors
    /// The queues cannot be listed.
    pub async fn discover(
        &self,
        settings: &Settings,
        inventory: &Inventory,
        place: &Place,
    ) -> Result<Discovered, Failure> {
        let Place { account, region } = place;
        let client = self.client(&place.at("")).await?;
        let partition = auditward_rules::arn::partition_of(region);
        // Without a size there are no pages, and no more than 1,000 queues.
        let mut pages = client
            .list_queues()
            .max_results(1000)
            .into_paginator()
            .items()
            .send();
        let mut resources = Vec::new();
        while let Some(url) = pages.next().await {
            let url = url.map_err(|error| Failure::of(LIST, &error))?;
            let name = url.rsplit('/').next().unwrap_or_default();
            let arn = format!("arn:{partition}:sqs:{region}:{account}:{name}");
            if settings.protects(&arn, inventory) {
                resources.push(place.at(arn));
            }
        }
        Ok(resources.into())
    }

    /// These attributes of a queue; `None`: there is no such queue.
    async fn get(
        &self,
        at: &At,
        names: &[&str],
    ) -> Result<Option<HashMap<QueueAttributeName, String>>, Failure> {
        let names = names.iter().map(|name| QueueAttributeName::from(*name));
        let request = self.client(at).await?.get_queue_attributes();
        let request = request.set_attribute_names(Some(names.collect()));
        let answer = request.queue_url(url(at)).send().await;
        let answer = found(GET, answer, |e| e.is_queue_does_not_exist())?;
        Ok(answer.map(|answer| answer.attributes.unwrap_or_default()))
    }

    async fn set(
        &self,
        at: &At,
        attributes: HashMap<QueueAttributeName, String>,
    ) -> Result<Written, Failure> {
        let request = self.client(at).await?.set_queue_attributes();
        let request = request.set_attributes(Some(attributes));
        let answer = request.queue_url(url(at)).send().await;
        let answer = answer.map_err(|error| Failure::of(SET, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }

    async fn policy(&self, at: &At) -> Result<PolicyState, Failure> {
        let found = self.get(at, &["Policy"]).await?.unwrap_or_default();
        let policy = found.get(&QueueAttributeName::Policy);
        let policy = policy.filter(|text| !text.is_empty());
        Ok(policy.map_or(PolicyState::Absent, |text| PolicyState::read(text)))
    }

    async fn put_policy(&self, at: &At, to: &PolicyState) -> Result<Written, Failure> {
        let text = to.text().unwrap_or_default();
        self.set(at, HashMap::from([(QueueAttributeName::Policy, text)]))
            .await
    }
}

impl Hand<QueuePolicy> for Queues<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        self.policy(at).await
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        self.put_policy(at, to).await
    }
}

impl Hand<QueueSenders> for Queues<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        self.policy(at).await
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        self.put_policy(at, to).await
    }
}

impl Hand<QueueSettings> for Queues<'_> {
    async fn read(&self, at: &At) -> Result<Attributes, Failure> {
        let found = self.get(at, OfQueue::NAMES).await?;
        let kept = found.map(|found| {
            let set = found.into_iter().filter(|(_, value)| !value.is_empty());
            set.map(|(name, value)| (name.as_str().to_owned(), value))
                .collect()
        });
        Ok(kept)
    }

    async fn write(&self, at: &At, from: &Attributes, to: &Attributes) -> Result<Written, Failure> {
        let all = changes(from, to).into_iter();
        let all = all.map(|(name, value)| (QueueAttributeName::from(name), value.to_owned()));
        self.set(at, all.collect()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_has_its_url_by_partition() {
        let arn = "arn:aws-cn:sqs:cn-north-1:111111111111:auditward-failed";
        let at = At::new("111111111111", "cn-north-1", arn);
        assert_eq!(
            url(&at),
            "https://sqs.cn-north-1.amazonaws.com.cn/111111111111/auditward-failed"
        );
    }
}
