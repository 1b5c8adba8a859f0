//! What protected trails deliver to and depend on.

use std::collections::BTreeSet;

use auditward_policy::cloudtrail::Delivery;
use serde::{Deserialize, Serialize};

use crate::arn::Arn;

/// What discovery found: the protected trails and what they use. Kept in the
/// store, so that the other functions know log buckets and keys without asking.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inventory {
    /// One entry a protected trail.
    pub trails: Vec<TrailUse>,
    /// The organization's accounts, where organization-guard listed them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
    /// ARNs of what depends on protected resources besides: replication targets
    /// and roles, destinations, log groups; as the functions found them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub others: BTreeSet<String>,
}

/// One trail and what it uses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrailUse {
    /// The trail's ARN, which names its owner and home region.
    pub trail: String,
    /// The bucket it delivers to.
    pub bucket: String,
    /// Who owns the bucket, where that is known.
    pub bucket_owner: Option<String>,
    /// The prefix in front of `AWSLogs/`.
    pub prefix: Option<String>,
    /// The organization's ID, where it is an organization trail.
    pub organization: Option<String>,
    /// The key's ARN.
    pub key: Option<String>,
    /// The topic's ARN.
    pub topic: Option<String>,
    /// The log group's ARN.
    pub log_group: Option<String>,
    /// The role CloudTrail uses to write to the log group.
    pub log_role: Option<String>,
}

impl TrailUse {
    /// What CloudTrail needs of the bucket's and the key's policy.
    pub fn delivery(&self) -> Delivery {
        Delivery {
            bucket: self.bucket.clone(),
            prefix: self.prefix.clone(),
            trail_arn: self.trail.clone(),
            owner_account: Arn::parse(&self.trail)
                .map(|arn| arn.account.to_owned())
                .unwrap_or_default(),
            org_id: self.organization.clone(),
        }
    }
}

impl Inventory {
    /// The trails that deliver to a bucket.
    pub fn delivering_to<'a>(&'a self, bucket: &'a str) -> impl Iterator<Item = &'a TrailUse> {
        self.trails.iter().filter(move |used| used.bucket == bucket)
    }

    /// The trails that encrypt with a key.
    pub fn encrypting_with<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a TrailUse> {
        self.trails
            .iter()
            .filter(move |used| used.key.as_deref() == Some(key))
    }

    /// Whether any trail uses this ARN.
    pub fn uses(&self, arn: &str) -> bool {
        let bucket = Arn::parse(arn)
            .filter(|arn| arn.service == "s3")
            .map(|arn| arn.resource);
        // CloudTrail names log groups with `:*` behind them, events without.
        let group = format!("{arn}:*");
        self.others.contains(arn)
            || self.trails.iter().any(|used| {
                let others = [&used.key, &used.topic, &used.log_group, &used.log_role];
                used.trail == arn
                    || bucket.is_some_and(|bucket| bucket == used.bucket)
                    || others
                        .into_iter()
                        .flatten()
                        .any(|other| other == arn || *other == group)
            })
    }

    /// Puts an entry in the place of the one for the same trail.
    pub fn learn(&mut self, used: TrailUse) {
        self.trails.retain(|known| known.trail != used.trail);
        self.trails.push(used);
    }
}
