//! Topics and subscriptions, through SNS.

mod discovery;

use std::collections::HashMap;

use aws_sdk_sns::Client;
use aws_sdk_sns::operation::RequestId;

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::attributes::{Attributes, changes};
use auditward_rules::facets::made::Thing;
use auditward_rules::facets::topic::attributes::{
    SubscriptionSettings as OfSubscription, TopicSettings as OfTopic,
};
use auditward_rules::facets::topic::{
    SubscriptionSettings, TopicPolicy, TopicPublishers, TopicSettings, TopicSubscription,
};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{DISCOVERY, Hand, Permission, Written};

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read("topic-policy", GET),
    Permission::write("topic-policy", SET),
    Permission::read("topic-publishers", GET),
    Permission::write("topic-publishers", SET),
    Permission::read("topic-settings", GET),
    Permission::write("topic-settings", SET),
    Permission::read("topic-subscription", GET_SUBSCRIPTION),
    Permission::write("topic-subscription", UNSUBSCRIBE),
    Permission::read("subscription-settings", GET_SUBSCRIPTION),
    Permission::write("subscription-settings", SET_SUBSCRIPTION),
    Permission::read(DISCOVERY, "sns:ListTopics"),
    Permission::read(DISCOVERY, "sns:ListSubscriptionsByTopic"),
];

const GET: &str = "sns:GetTopicAttributes";
const SET: &str = "sns:SetTopicAttributes";
const GET_SUBSCRIPTION: &str = "sns:GetSubscriptionAttributes";
const SET_SUBSCRIPTION: &str = "sns:SetSubscriptionAttributes";
const UNSUBSCRIBE: &str = "sns:Unsubscribe";

hand! {
    /// The hand for them.
    Topics with Client
}

impl Topics<'_> {
    /// A topic's attributes; `None`: there is no such topic.
    async fn topic(&self, at: &At) -> Result<Option<HashMap<String, String>>, Failure> {
        let request = self.client(at).await?.get_topic_attributes();
        let answer = request.topic_arn(&at.resource).send().await;
        let answer = found(GET, answer, |e| e.is_not_found_exception())?;
        Ok(answer.map(|answer| answer.attributes.unwrap_or_default()))
    }

    /// A subscription's attributes; `None`: there is no such subscription.
    async fn subscription(
        &self,
        at: &At,
        arn: &str,
    ) -> Result<Option<HashMap<String, String>>, Failure> {
        let request = self.client(at).await?.get_subscription_attributes();
        let answer = request.subscription_arn(arn).send().await;
        let answer = found(GET_SUBSCRIPTION, answer, |e| e.is_not_found_exception())?;
        Ok(answer.map(|answer| answer.attributes.unwrap_or_default()))
    }

    async fn set(&self, at: &At, name: &str, value: &str) -> Result<Written, Failure> {
        let request = self.client(at).await?.set_topic_attributes();
        let request = request.topic_arn(&at.resource).attribute_name(name);
        let answer = request.attribute_value(value).send().await;
        let answer = answer.map_err(|error| Failure::of(SET, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }

    async fn policy(&self, at: &At) -> Result<PolicyState, Failure> {
        let found = self.topic(at).await?;
        let policy = found.as_ref().and_then(|found| found.get("Policy"));
        Ok(policy.map_or(PolicyState::Absent, |text| PolicyState::read(text)))
    }

    async fn put_policy(&self, at: &At, to: &PolicyState) -> Result<Written, Failure> {
        match to {
            PolicyState::Document(document) => self.set(at, "Policy", document.as_json()).await,
            PolicyState::Unparsable { text, .. } => self.set(at, "Policy", text).await,
            PolicyState::Absent => Err(Failure::other(SET, "a topic always has a policy")),
        }
    }
}

/// Those of the attributes that count, but for those that are not set. A policy
/// of nothing is none, and the scope of no filter says nothing.
fn those(all: HashMap<String, String>, count: &[&str]) -> Attributes {
    let is_set = |value: &str| !matches!(value, "" | "{}");
    let filters = all.get("FilterPolicy").is_some_and(|value| is_set(value));
    let kept = all.into_iter().filter(|(name, value)| {
        count.contains(&name.as_str()) && is_set(value) && (filters || name != "FilterPolicyScope")
    });
    Some(kept.collect())
}

impl Hand<TopicPolicy> for Topics<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        self.policy(at).await
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        self.put_policy(at, to).await
    }
}

impl Hand<TopicPublishers> for Topics<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        self.policy(at).await
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        self.put_policy(at, to).await
    }
}

impl Hand<TopicSettings> for Topics<'_> {
    async fn read(&self, at: &At) -> Result<Attributes, Failure> {
        let found = self.topic(at).await?;
        Ok(found.and_then(|found| those(found, OfTopic::NAMES)))
    }

    async fn write(&self, at: &At, from: &Attributes, to: &Attributes) -> Result<Written, Failure> {
        let mut written = Written::default();
        for (name, value) in changes(from, to) {
            written = written.then(self.set(at, name, value).await)?;
        }
        Ok(written)
    }
}

impl Hand<TopicSubscription> for Topics<'_> {
    async fn read(&self, at: &At) -> Result<Option<Thing>, Failure> {
        let arn = at.item.as_deref().unwrap_or_default();
        let Some(mut found) = self.subscription(at, arn).await? else {
            return Ok(None);
        };
        // Nobody is told before he confirms, and what waits cannot be removed.
        if found
            .get("PendingConfirmation")
            .is_some_and(|is| is == "true")
        {
            return Ok(None);
        }
        let detail = ["Endpoint", "Protocol"]
            .into_iter()
            .filter_map(|name| Some((name.to_lowercase(), found.remove(name)?)));
        Ok(Some(Thing {
            created: None,
            detail: detail.collect(),
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Thing>,
        to: &Option<Thing>,
    ) -> Result<Written, Failure> {
        if to.is_some() {
            return Err(Failure::other(
                UNSUBSCRIBE,
                "a subscription is never made again",
            ));
        }
        let arn = at.item.as_deref().unwrap_or_default();
        let request = self.client(at).await?.unsubscribe();
        let answer = request.subscription_arn(arn).send().await;
        let answer = answer.map_err(|error| Failure::of(UNSUBSCRIBE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<SubscriptionSettings> for Topics<'_> {
    async fn read(&self, at: &At) -> Result<Attributes, Failure> {
        let found = self.subscription(at, &at.resource).await?;
        Ok(found.and_then(|found| those(found, OfSubscription::NAMES)))
    }

    async fn write(&self, at: &At, from: &Attributes, to: &Attributes) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let mut written = Written::default();
        // A filter is checked against its scope, which goes first.
        for (name, value) in changes(from, to).into_iter().rev() {
            // A policy of nothing is none; the API takes no empty one, and no
            // empty scope, which goes with the filter.
            let value = match (value, name) {
                ("", "FilterPolicyScope") => continue,
                ("", _) => "{}",
                _ => value,
            };
            let request = client.set_subscription_attributes().attribute_name(name);
            let request = request.subscription_arn(&at.resource);
            let answer = request.attribute_value(value).send().await;
            let answer =
                answer.map_err(|error| Failure::of(SET_SUBSCRIPTION, &error).after(&written))?;
            written = written.and(answer.request_id());
        }
        Ok(written)
    }
}
