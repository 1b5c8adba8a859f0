//! Which topics and subscriptions are guarded.

use std::collections::BTreeSet;

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::Discovered;
use auditward_runtime::pipeline::Place;

use super::Topics;

impl Topics<'_> {
    /// Finds the topics of a place that are guarded, Auditward's own, those that
    /// trails deliver to, wherever they are, and who subscribes to Auditward's own.
    ///
    /// # Errors
    /// The topics or subscriptions cannot be listed.
    pub async fn discover(
        &self,
        settings: &Settings,
        inventory: &Inventory,
        place: &Place,
    ) -> Result<Discovered, Failure> {
        let here = |arn: &str| place.at(arn);
        let client = self.client(&here("")).await?;
        let mut topics = BTreeSet::new();
        let mut pages = client.list_topics().into_paginator().items().send();
        while let Some(topic) = pages.next().await {
            let topic = topic.map_err(|error| Failure::of("sns:ListTopics", &error))?;
            topics.extend(topic.topic_arn);
        }
        topics.retain(|arn| settings.protects(arn, inventory));
        // Where trails elsewhere deliver to, their ARNs say.
        let elsewhere = inventory.used().filter_map(|used| {
            let (topic, arn) = (used.topic.as_ref()?, Arn::parse(used.topic.as_ref()?)?);
            let at = At::new(arn.account, arn.region, topic);
            (settings.protected.discover && !topics.contains(topic)).then_some(at)
        });
        let mut resources: Vec<At> = elsewhere.collect();
        for topic in topics {
            resources.push(here(&topic));
            if !settings.is_own(&topic) {
                continue;
            }
            let request = client.list_subscriptions_by_topic().topic_arn(&topic);
            let mut pages = request.into_paginator().items().send();
            while let Some(one) = pages.next().await {
                let one =
                    one.map_err(|error| Failure::of("sns:ListSubscriptionsByTopic", &error))?;
                // What waits for its confirmation has no ARN yet.
                let arn = one.subscription_arn();
                resources.extend(arn.filter(|arn| Arn::parse(arn).is_some()).map(here));
            }
        }
        Ok(resources.into())
    }
}
