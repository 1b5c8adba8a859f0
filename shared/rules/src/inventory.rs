//! What protected trails deliver to and depend on.

use std::collections::{BTreeMap, BTreeSet};

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// What one look at one place adds to the inventory. Several places are looked
/// at side by side, so that each says only what it found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// Protected trails that are there, with what they use.
    pub trails: Vec<TrailUse>,
    /// ARNs of trails that are no longer there, or no longer protected.
    pub gone: Vec<String>,
    /// Who owns a bucket, by its name.
    pub owners: BTreeMap<String, String>,
    /// The organization's accounts; none where nobody listed them.
    pub accounts: Vec<String>,
    /// What depends on protected resources besides.
    pub others: BTreeSet<String>,
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
            || self.uses_role(arn)
            || self.trails.iter().any(|used| {
                let others = [&used.key, &used.topic, &used.log_group];
                used.trail == arn
                    || bucket.is_some_and(|bucket| bucket == used.bucket)
                    || others
                        .into_iter()
                        .flatten()
                        .any(|other| other == arn || *other == group)
            })
    }

    /// Whether a role delivers or replicates logs. Events leave a role's path out,
    /// and a name is taken but once in an account.
    pub fn uses_role(&self, role_arn: &str) -> bool {
        let plain = |arn: &str| {
            let arn = Arn::parse(arn).filter(Arn::is_role)?;
            Some((arn.account.to_owned(), arn.name().to_owned()))
        };
        let log_roles = self.trails.iter().filter_map(|used| used.log_role.as_ref());
        plain(role_arn).is_some_and(|role| {
            let mut all = self.others.iter().chain(log_roles);
            all.any(|arn| plain(arn).as_ref() == Some(&role))
        })
    }

    /// Puts an entry in the place of the one for the same trail. Whoever owns the
    /// bucket still does, unless it is another bucket.
    pub fn learn(&mut self, mut used: TrailUse) {
        match self.trails.iter_mut().find(|one| one.trail == used.trail) {
            Some(known) => {
                if used.bucket_owner.is_none() && known.bucket == used.bucket {
                    used.bucket_owner = known.bucket_owner.take();
                }
                *known = used;
            }
            None => self.trails.push(used),
        }
    }

    /// Takes over what one look added; whether that is anything new.
    pub fn add(&mut self, learnt: &Learnt) -> bool {
        let before = self.clone();
        self.trails
            .retain(|known| !learnt.gone.contains(&known.trail));
        for used in &learnt.trails {
            self.learn(used.clone());
        }
        for used in &mut self.trails {
            if let Some(owner) = learnt.owners.get(&used.bucket) {
                used.bucket_owner = Some(owner.clone());
            }
        }
        if !learnt.accounts.is_empty() {
            self.accounts.clone_from(&learnt.accounts);
        }
        self.others.extend(learnt.others.iter().cloned());
        *self != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(trail: &str, bucket: &str) -> TrailUse {
        TrailUse {
            trail: trail.into(),
            bucket: bucket.into(),
            ..TrailUse::default()
        }
    }

    #[test]
    fn looks_at_several_places_add_up() {
        let mut inventory = Inventory::default();
        let one = Learnt {
            trails: vec![used("one", "logs")],
            ..Learnt::default()
        };
        let other = Learnt {
            trails: vec![used("other", "more-logs")],
            owners: [("logs".into(), "222222222222".into())].into(),
            ..Learnt::default()
        };
        assert!(inventory.add(&one));
        assert!(inventory.add(&other));
        // The same once more is nothing new, and the owner stays known.
        assert!(!inventory.add(&one));
        assert_eq!(
            inventory.trails[0].bucket_owner.as_deref(),
            Some("222222222222")
        );
        // Another bucket is another's.
        let moved = Learnt {
            trails: vec![used("one", "elsewhere")],
            gone: vec!["other".into()],
            ..Learnt::default()
        };
        assert!(inventory.add(&moved));
        assert_eq!(inventory.trails, [used("one", "elsewhere")]);
    }
}
