//! Where a protected resource leads: what it uses, sends to and is encrypted with is
//! guarded with it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::arn::Arn;
use crate::facet::At;
use crate::facets::bucket::Replication;
use crate::facets::logs::Subscription;
use crate::facets::trail::TrailSettings;
use crate::inventory::TrailUse;
use crate::plan::Plan;

impl TrailUse {
    /// What a trail uses, by its configuration. `organization` is the ID of the
    /// organization, should it be an organization trail.
    pub fn of(trail: &str, settings: &TrailSettings, organization: Option<&str>) -> Self {
        Self {
            trail: trail.to_owned(),
            bucket: settings.bucket.clone(),
            bucket_owner: None,
            bucket_region: None,
            prefix: settings.prefix.clone(),
            organization: organization
                .filter(|_| settings.organization)
                .map(str::to_owned),
            key: settings.key.clone(),
            topic: settings.topic.clone(),
            log_group: settings.log_group.clone(),
            log_role: settings.log_role.clone(),
            switches: Some(settings.switched_on()),
        }
    }

    /// How the keys of the trail's log files begin.
    pub fn key_prefix(&self) -> String {
        match self.prefix.as_deref() {
            None | Some("") => "AWSLogs/".into(),
            Some(prefix) => format!("{prefix}/AWSLogs/"),
        }
    }
}

/// What a trail uses, where `state` is a trail's configuration.
pub fn trail_use(plan: &Plan, state: &Value, organization: Option<&str>) -> Option<TrailUse> {
    let Plan::TrailConfig(step) = plan else {
        return None;
    };
    let settings: Option<TrailSettings> = serde_json::from_value(state.clone()).ok()?;
    Some(TrailUse::of(&step.at.resource, &settings?, organization))
}

/// Where a resource sends what it has, and in whose name, by its recorded state:
/// what that depends on is guarded with it.
pub fn leads_to(plan: &Plan, state: &Value) -> Vec<String> {
    let mut found = match plan {
        Plan::BucketReplication(_) => {
            let replication = serde_json::from_value::<Replication>(state.clone());
            let Replication { role, rules } = replication.unwrap_or_default();
            let targets = rules.into_iter().filter(|rule| rule.enabled);
            let targets = targets.map(|rule| rule.destination.bucket);
            targets.chain([role]).collect()
        }
        Plan::SubscriptionFilters(_) => {
            let filters = serde_json::from_value::<BTreeMap<String, Subscription>>(state.clone());
            let filters = filters.unwrap_or_default().into_values();
            filters.map(|filter| filter.destination).collect()
        }
        _ => Vec::new(),
    };
    found.retain(|arn| {
        Arn::parse(arn).is_some_and(|arn| match arn.service {
            "logs" => arn.resource.starts_with("destination:"),
            "s3" => true,
            "iam" => arn.resource.starts_with("role/"),
            _ => false,
        })
    });
    found
}

/// The key that a resource is encrypted with, by its recorded state, as an ARN.
/// Aliases do not tell: they can be moved.
pub fn encrypted_with(plan: &Plan, state: &Value) -> Option<String> {
    let name = match plan {
        Plan::BucketEncryption(_) => state.get("key")?,
        Plan::TopicSettings(_) | Plan::QueueSettings(_) => state.get("KmsMasterKeyId")?,
        Plan::LogGroupKey(_) => state,
        _ => return None,
    };
    let name = name.as_str().filter(|name| !name.is_empty())?;
    let At {
        account,
        region,
        resource,
        ..
    } = plan.at();
    let arn = if name.contains([':', '/']) {
        name.to_owned()
    } else {
        // By its ID alone a key of the same account and region is named.
        let partition = Arn::parse(resource)?.partition;
        format!("arn:{partition}:kms:{region}:{account}:key/{name}")
    };
    let is_key = Arn::parse(&arn)
        .is_some_and(|arn| arn.service == "kms" && arn.resource.starts_with("key/"));
    is_key.then_some(arn)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::facets::bucket::{BucketEncryption, BucketReplication, BucketWish, TargetsWish};
    use crate::facets::kept::AsRecorded;
    use crate::facets::logs::{FiltersWish, LogGroupKey, SubscriptionFilters};
    use crate::facets::queue::QueueSettings;
    use crate::facets::topic::TopicSettings;
    use crate::protected::step;

    #[test]
    fn replicas_the_copying_role_and_destinations_are_what_a_resource_leads_to() {
        let (role, bucket) = (
            "arn:aws:iam::111111111111:role/copies",
            "arn:aws:s3:::replica",
        );
        let at = At::new("111111111111", "eu-west-1", "arn:aws:s3:::logs");
        let rule = |enabled: bool, bucket: &str| json!({"enabled": enabled, "destination": {"bucket": bucket}});
        let state =
            json!({"role": role, "rules": [rule(true, bucket), rule(false, "arn:aws:s3:::off")]});
        let plan = step::<BucketReplication>(&at, TargetsWish::default());
        assert_eq!(leads_to(&plan, &state), [bucket, role]);
        let destination = "arn:aws:logs:eu-west-1:222222222222:destination:central";
        let function = "arn:aws:lambda:eu-west-1:111111111111:function:reads";
        let state = json!({"one": {"destination": destination}, "two": {"destination": function}});
        let plan = step::<SubscriptionFilters>(&at, FiltersWish::default());
        assert_eq!(leads_to(&plan, &state), [destination]);
        assert_eq!(leads_to(&plan, &json!(null)), [""; 0]);
    }

    #[test]
    fn the_key_of_a_bucket_topic_queue_or_log_group_is_known_by_its_state() {
        let at = |arn: &str| At::new("111111111111", "eu-west-1", arn);
        let key = "arn:aws:kms:eu-west-1:111111111111:key/k";
        let bucket =
            step::<BucketEncryption>(&at("arn:aws:s3:::logs"), BucketWish { protected: true });
        let queue = at("arn:aws:sqs:eu-west-1:111111111111:auditward-trail-guard-dead");
        let queue = step::<QueueSettings>(&queue, AsRecorded::Baseline);
        let topic = at("arn:aws:sns:eu-west-1:111111111111:auditward");
        let topic = step::<TopicSettings>(&topic, AsRecorded::Baseline);
        let group = at("arn:aws:logs:eu-west-1:111111111111:log-group:trail");
        let group = step::<LogGroupKey>(&group, AsRecorded::Baseline);
        for (plan, state, expected) in [
            (
                &bucket,
                json!({"algorithm": "aws:kms", "key": key}),
                Some(key),
            ),
            (
                &bucket,
                json!({"algorithm": "aws:kms", "key": "k"}),
                Some(key),
            ),
            (&bucket, json!({"algorithm": "AES256"}), None),
            (
                &bucket,
                json!({"algorithm": "aws:kms", "key": "alias/logs"}),
                None,
            ),
            (
                &queue,
                json!({"KmsMasterKeyId": "k", "DelaySeconds": "0"}),
                Some(key),
            ),
            (&queue, json!(null), None),
            (&topic, json!({"KmsMasterKeyId": "k"}), Some(key)),
            (&topic, json!({"KmsMasterKeyId": "alias/aws/sns"}), None),
            (&group, json!(key), Some(key)),
            (&group, json!(null), None),
        ] {
            assert_eq!(encrypted_with(plan, &state).as_deref(), expected, "{state}");
        }
    }
}
