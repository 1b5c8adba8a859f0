//! Facets of topics: whom the policy lets in and whom it shuts up, the key, and
//! who is told.

use crate::facets::attributes::attributes;
use crate::facets::guarded::policies;
use crate::facets::heard::hearers;
use crate::facets::made::things;

policies! {
    /// A topic's policy. SNS takes documents of up to
    /// [30 KB](https://docs.aws.amazon.com/general/latest/gr/sns.html).
    TopicPolicy = "topic-policy", Topic, "the topic's policy", limit 30 * 1024, may_be_absent false;
}

hearers! {
    /// Whether Auditward's own roles may publish to a topic.
    TopicPublishers = "topic-publishers", Topic, "sns:Publish", "the topic's policy";
}

things! {
    /// A subscription that an event made. SNS does not say when it was.
    TopicSubscription = "topic-subscription", "subscription", "remove the subscription", restorable false;
}

attributes! {
    /// A topic's key and how it delivers.
    TopicSettings = "topic-settings", "topic's set of attributes",
        otherwise "compare the topic's key and delivery policy with the stack's by hand",
        names ["DeliveryPolicy", "KmsMasterKeyId"];
    /// What a subscription is told, and what becomes of what it cannot be told.
    SubscriptionSettings = "subscription-settings", "subscription's set of attributes",
        otherwise "look at the subscription's filter and redrive policies, and put right by hand what drops alerts",
        names ["DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RedrivePolicy"];
}
