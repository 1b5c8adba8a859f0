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
    /// One entry a protected trail: what it used when it was first seen, or what
    /// somebody vouched for since.
    pub trails: Vec<TrailUse>,
    /// What such a trail was seen to use since, where that is something else and
    /// nobody vouched for it: guarded as well, but not known to be right. A few
    /// entries a trail at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<TrailUse>,
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
    /// The region in which the bucket is, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_region: Option<String>,
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
    /// What it has switched on, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switches: Option<Switches>,
}

/// What a trail has switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Switches {
    /// Logs all regions.
    pub multi_region: bool,
    /// Logs global services.
    pub global_events: bool,
    /// Delivers signed digests.
    pub validation: bool,
    /// Logs all accounts of the organization.
    pub organization: bool,
    /// Leaves out what CloudTrail itself does to deliver.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub skips_deliveries: bool,
}

/// How many moves of a trail are kept for which nobody vouched.
const MOVES: usize = 4;

/// What one look at one place adds to the inventory. Several places are looked
/// at side by side, so that each says only what it found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learnt {
    /// Protected trails that are there, with what they use.
    pub trails: Vec<TrailUse>,
    /// What protected trails are meant to use, by the word of a deployer or operator.
    pub vouched: Vec<TrailUse>,
    /// ARNs of what is no longer protected: trails that the settings name no more, and
    /// what was deleted for good.
    pub gone: Vec<String>,
    /// Who owns a bucket and where it is, by its name.
    pub owners: BTreeMap<String, Owner>,
    /// The organization's accounts; none where nobody listed them.
    pub accounts: Vec<String>,
    /// What depends on protected resources besides.
    pub others: BTreeSet<String>,
}

/// Who owns a bucket, and where it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
}

impl Switches {
    /// What either has switched on.
    fn or(self, other: Self) -> Self {
        Self {
            multi_region: self.multi_region || other.multi_region,
            global_events: self.global_events || other.global_events,
            validation: self.validation || other.validation,
            organization: self.organization || other.organization,
            skips_deliveries: self.skips_deliveries && other.skips_deliveries,
        }
    }
}

impl TrailUse {
    /// Whether the trail delivers to the same places, with the same key and role.
    fn goes_where(&self, other: &Self) -> bool {
        let places = [
            (&self.prefix, &other.prefix),
            (&self.key, &other.key),
            (&self.topic, &other.topic),
            (&self.log_role, &other.log_role),
        ];
        self.bucket == other.bucket
            && self.group() == other.group()
            && places.into_iter().all(|(one, other)| one == other)
    }

    /// ARNs of log groups end with `:*` or not.
    fn group(&self) -> Option<&str> {
        let group = self.log_group.as_deref();
        group.map(|arn| arn.trim_end_matches(":*"))
    }

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
    /// All that protected trails use or are meant to use.
    pub fn used(&self) -> impl Iterator<Item = &TrailUse> {
        self.trails.iter().chain(&self.moved)
    }

    /// The use of a trail that somebody vouched for, or that was seen first.
    pub fn of_trail(&self, trail: &str) -> Option<&TrailUse> {
        self.trails.iter().find(|used| used.trail == trail)
    }

    /// The uses of trails that deliver to a bucket.
    pub fn delivering_to<'a>(&'a self, bucket: &'a str) -> impl Iterator<Item = &'a TrailUse> {
        self.once(
            move |used| used.bucket == bucket,
            |one, other| one.prefix == other.prefix,
        )
    }

    /// The uses of trails that encrypt with a key.
    pub fn encrypting_with<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a TrailUse> {
        self.once(move |used| used.key.as_deref() == Some(key), |_, _| true)
    }

    /// The uses that are meant, of each trail only those that differ in what matters.
    fn once<'a>(
        &'a self,
        meant: impl Fn(&TrailUse) -> bool + 'a,
        same: fn(&TrailUse, &TrailUse) -> bool,
    ) -> impl Iterator<Item = &'a TrailUse> {
        let all = self.used().enumerate().filter(move |(nth, used)| {
            let told = |one: &TrailUse| one.trail == used.trail && meant(one) && same(one, used);
            meant(used) && !self.used().take(*nth).any(told)
        });
        all.map(|(_, used)| used)
    }

    /// A use that says who owns a bucket.
    pub fn owner_of(&self, bucket: &str) -> Option<&TrailUse> {
        let mut used = self.used();
        used.find(|used| used.bucket == bucket && used.bucket_owner.is_some())
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
            || self.used().any(|used| {
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
        Arn::parse(role_arn)
            .filter(Arn::is_role)
            .is_some_and(|role| {
                self.roles().any(|one| {
                    // IAM tells no names apart by case.
                    one.account == role.account && one.name().eq_ignore_ascii_case(role.name())
                })
            })
    }

    /// The roles that deliver or replicate logs.
    pub fn roles(&self) -> impl Iterator<Item = Arn<'_>> {
        let log_roles = self.used().filter_map(|used| used.log_role.as_ref());
        let all = self.others.iter().chain(log_roles);
        all.filter_map(|arn| Arn::parse(arn).filter(Arn::is_role))
    }

    /// Takes over what a trail is seen to use. Whoever moves a trail must not get
    /// out of sight by that what it used before: nobody vouched for the change, and
    /// what is recorded stays. Only what is switched on besides is taken over.
    pub fn learn(&mut self, used: TrailUse) {
        let mut used = self.with_owner(used);
        let Some(known) = self.trails.iter_mut().find(|one| one.trail == used.trail) else {
            return self.trails.push(used);
        };
        used.organization = known.organization.clone().or(used.organization);
        if known.goes_where(&used) {
            if let (Some(before), Some(now)) = (known.switches, used.switches) {
                used.switches = Some(before.or(now));
            }
            used.switches = used.switches.or(known.switches);
            *known = used;
            return;
        }
        let mut of_it: Vec<_> = self.moved.iter_mut().collect();
        of_it.retain(|one| one.trail == used.trail);
        let full = of_it.len() >= MOVES;
        let seen = of_it.iter().position(|one| one.goes_where(&used));
        // What was there first stays: it may be right, and just not be vouched for.
        let last = full.then(|| of_it.len() - 1);
        match seen.or(last).and_then(|nth| of_it.into_iter().nth(nth)) {
            Some(one) => *one = used,
            None => self.moved.push(used),
        }
    }

    /// Takes over what a trail is meant to use, by somebody's word. What it used
    /// before is nobody's business any longer.
    pub fn vouch(&mut self, used: TrailUse) {
        let used = self.with_owner(used);
        self.moved.retain(|one| one.trail != used.trail);
        match self.trails.iter_mut().find(|one| one.trail == used.trail) {
            Some(known) => *known = used,
            None => self.trails.push(used),
        }
    }

    /// Whoever owns a bucket still does.
    fn with_owner(&self, mut used: TrailUse) -> TrailUse {
        if used.bucket_owner.is_none()
            && let Some(known) = self.owner_of(&used.bucket)
        {
            used.bucket_owner.clone_from(&known.bucket_owner);
            used.bucket_region.clone_from(&known.bucket_region);
        }
        used
    }

    /// Takes over what one look added; whether that is anything new.
    pub fn add(&mut self, learnt: &Learnt) -> bool {
        let before = self.clone();
        for all in [&mut self.trails, &mut self.moved] {
            all.retain(|known| !learnt.gone.contains(&known.trail));
        }
        self.others.retain(|arn| !learnt.gone.contains(arn));
        for used in &learnt.trails {
            self.learn(used.clone());
        }
        for used in &learnt.vouched {
            self.vouch(used.clone());
        }
        for used in self.trails.iter_mut().chain(&mut self.moved) {
            if let Some(Owner { account, region }) = learnt.owners.get(&used.bucket) {
                used.bucket_owner = Some(account.clone());
                used.bucket_region = Some(region.clone());
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
            owners: [("logs".into(), archive())].into(),
            ..Learnt::default()
        };
        assert!(inventory.add(&one));
        assert!(inventory.add(&other));
        // The same once more is nothing new, and the owner stays known.
        assert!(!inventory.add(&one));
        let known = inventory.owner_of("logs").unwrap();
        assert_eq!(known.bucket_owner.as_deref(), Some("222222222222"));
        assert_eq!(known.bucket_region.as_deref(), Some("eu-central-1"));
        // What the settings no longer name is nobody's business.
        let over = Learnt {
            gone: vec!["other".into()],
            ..Learnt::default()
        };
        assert!(inventory.add(&over));
        assert_eq!(inventory.trails.len(), 1);
    }

    #[test]
    fn what_is_gone_for_good_is_no_longer_depended_on() {
        let key = "arn:aws:kms:eu-west-1:111111111111:key/1a2b".to_owned();
        let mut inventory = Inventory {
            others: [key.clone(), "another".into()].into(),
            ..Inventory::default()
        };
        let gone = Learnt {
            gone: vec![key],
            ..Learnt::default()
        };
        assert!(inventory.add(&gone));
        assert_eq!(inventory.others, ["another".to_owned()].into());
        assert!(!inventory.add(&gone), "nothing is new");
    }

    fn archive() -> Owner {
        Owner {
            account: "222222222222".into(),
            region: "eu-central-1".into(),
        }
    }

    const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/audit";

    #[test]
    fn who_moves_a_trail_gets_nothing_out_of_sight() {
        let mut inventory = Inventory::default();
        let key = "arn:aws:kms:eu-west-1:111111111111:key/k";
        let known = TrailUse {
            key: Some(key.into()),
            ..used(TRAIL, "logs")
        };
        inventory.learn(known.clone());
        for bucket in ["elsewhere", "and-elsewhere", "elsewhere"] {
            inventory.learn(used(TRAIL, bucket));
            // All are guarded; which is right, nobody said.
            assert!(inventory.uses("arn:aws:s3:::logs") && inventory.uses(key));
            assert!(inventory.uses(&format!("arn:aws:s3:::{bucket}")));
            assert_eq!(inventory.trails, std::slice::from_ref(&known));
        }
        assert_eq!(inventory.moved.len(), 2);
        let found = Learnt {
            owners: [("elsewhere".into(), archive())].into(),
            ..Learnt::default()
        };
        assert!(inventory.add(&found));
        let seen = Learnt {
            trails: vec![used(TRAIL, "elsewhere")],
            ..Learnt::default()
        };
        assert!(
            !inventory.add(&seen),
            "the owner stays known: {inventory:?}"
        );
        // Back where it was: what it used meanwhile may hold logs as well.
        inventory.learn(known.clone());
        assert!(inventory.uses("arn:aws:s3:::elsewhere"));
        // However often it moves, what came first stays, and where it is now is known.
        for nth in 0..100 {
            inventory.learn(used(TRAIL, &format!("bucket-{nth}")));
        }
        assert_eq!(inventory.moved.len(), MOVES);
        for bucket in ["logs", "elsewhere", "bucket-99"] {
            assert!(
                inventory.uses(&format!("arn:aws:s3:::{bucket}")),
                "{bucket}"
            );
        }
        assert_eq!(inventory.trails, [known]);
    }

    #[test]
    fn what_somebody_vouched_for_takes_the_place_of_what_was_there() {
        let mut inventory = Inventory::default();
        inventory.learn(used(TRAIL, "logs"));
        inventory.learn(used(TRAIL, "new-logs"));
        let word = Learnt {
            vouched: vec![used(TRAIL, "new-logs")],
            ..Learnt::default()
        };
        assert!(inventory.add(&word));
        assert_eq!(inventory.trails, [used(TRAIL, "new-logs")]);
        assert!(!inventory.uses("arn:aws:s3:::logs") && inventory.moved.is_empty());
    }

    #[test]
    fn a_trail_counts_once_where_it_only_moved_in_other_respects() {
        let mut inventory = Inventory::default();
        let key = Some("key".to_owned());
        let one = TrailUse {
            key,
            ..used(TRAIL, "logs")
        };
        inventory.learn(one.clone());
        inventory.learn(TrailUse {
            topic: Some("topic".into()),
            ..one.clone()
        });
        inventory.learn(TrailUse {
            log_role: Some("role".into()),
            ..one.clone()
        });
        assert_eq!(inventory.moved.len(), 2);
        assert_eq!(inventory.delivering_to("logs").count(), 1);
        assert_eq!(inventory.encrypting_with("key").count(), 1);
    }

    #[test]
    fn what_was_on_stays_known_until_somebody_vouches_for_less() {
        let with = |multi_region, organization: bool| TrailUse {
            switches: Some(Switches {
                multi_region,
                organization,
                ..Switches::default()
            }),
            organization: organization.then(|| "o-exampleorg1".to_owned()),
            ..used(TRAIL, "logs")
        };
        let mut inventory = Inventory::default();
        inventory.learn(with(false, true));
        inventory.learn(with(true, false));
        assert_eq!(inventory.trails, [with(true, true)]);
        inventory.vouch(with(false, false));
        assert_eq!(inventory.trails, [with(false, false)]);
    }
}
