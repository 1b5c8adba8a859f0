//! Where a bucket's objects are copied to.

use serde::{Deserialize, Serialize};

use super::Tag;
use super::targets::{self, Target, TargetsWish};
use super::{BucketVersioning, VersioningWish};
use crate::arn::Arn;
use crate::facet::{Decision, Facet, Scene, Standing, Step};

/// A bucket's replication.
#[derive(Debug)]
pub struct BucketReplication;

/// All rules, and who copies; none where there is no configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Replication {
    /// The role that copies.
    pub role: String,
    /// The rules.
    pub rules: Vec<ReplicationRule>,
}

/// One rule, with all that it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct ReplicationRule {
    /// Its name, unique in a bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Which rule wins where two copy to one bucket; only the newer form has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// Whether it is in force.
    pub enabled: bool,
    /// Which objects it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<ReplicationFilter>,
    /// The prefix of the old form, which stands outside of a filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Where to.
    pub destination: Destination,
    /// Whether delete markers are copied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_markers: Option<bool>,
    /// Whether objects encrypted with KMS are copied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted_objects: Option<bool>,
    /// Whether changes of replicas are copied back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replica_changes: Option<bool>,
    /// Whether objects older than the rule are copied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub existing_objects: Option<bool>,
}

/// Which objects a rule is about: those that match everything given here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct ReplicationFilter {
    /// Keys that begin so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Objects with these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// Where copies go, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Destination {
    /// The bucket's ARN.
    pub bucket: String,
    /// Its owner, where the rule says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The storage class of copies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// To whom copies belong, where not to the owner of the original.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The key that encrypts copies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether copies are due within so many minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timed>,
    /// Whether delays are measured, and from how many minutes on told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Timed>,
}

/// Something that is on or off and has a limit in minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Timed {
    /// Whether it is on.
    pub on: bool,
    /// The limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minutes: Option<i32>,
}

impl ReplicationRule {
    fn key_prefix(&self) -> &str {
        let filtered = self.filter.as_ref().and_then(|one| one.prefix.as_deref());
        filtered.or(self.prefix.as_deref()).unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.filter.as_ref().map_or(&[], |filter| &filter.tags)
    }

    /// What is left besides name, priority, objects and whether it is in force.
    /// S3 fills in the account and what is off by default.
    fn does(&self) -> Self {
        let on = |flag: Option<bool>| flag.filter(|on| *on);
        Self {
            id: None,
            priority: None,
            enabled: true,
            filter: None,
            prefix: None,
            destination: Destination {
                account: None,
                ..self.destination.clone()
            },
            // In the old form, without a filter, delete markers are copied.
            delete_markers: match self.filter {
                None => None,
                Some(_) => on(self.delete_markers),
            },
            encrypted_objects: on(self.encrypted_objects),
            replica_changes: on(self.replica_changes),
            existing_objects: on(self.existing_objects),
        }
    }
}

impl Target for ReplicationRule {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn active(&self) -> bool {
        self.enabled
    }

    fn place(&self) -> (&str, Option<&str>) {
        (
            &self.destination.bucket,
            self.destination.account.as_deref(),
        )
    }

    fn covers(&self, known: &Self) -> bool {
        known.key_prefix().starts_with(self.key_prefix())
            && (self.tags().is_empty() || self.tags() == known.tags())
            && self.does() == known.does()
    }
}

impl Replication {
    fn is_active(&self) -> bool {
        self.rules.iter().any(Target::active)
    }

    /// Whether the role that copies is of another account.
    pub fn has_foreign_role(&self, owner: &str) -> bool {
        self.is_active() && Arn::parse(&self.role).is_some_and(|role| role.account != owner)
    }
}

/// Priorities are unique; those that are recorded keep theirs.
fn make_room(rules: &mut [ReplicationRule], recorded: &[ReplicationRule]) {
    let mut taken: Vec<i32> = recorded.iter().filter_map(|rule| rule.priority).collect();
    let mut next = rules
        .iter()
        .filter_map(|rule| rule.priority)
        .chain(taken.iter().copied())
        .max()
        .unwrap_or_default();
    for rule in rules.iter_mut().filter(|rule| !recorded.contains(rule)) {
        if let Some(priority) = &mut rule.priority {
            if taken.contains(priority) {
                next = next.saturating_add(1);
                *priority = next;
            }
            taken.push(*priority);
        }
    }
}

impl Facet for BucketReplication {
    const KIND: &'static str = "bucket-replication";
    type State = Replication;
    type Wish = TargetsWish;

    fn decide(
        live: &Replication,
        wish: &TargetsWish,
        baseline: Option<&Replication>,
        scene: Scene<'_>,
    ) -> Decision<Replication> {
        let recorded = baseline.map(|known| known.rules.as_slice());
        let mut mended = targets::mend(&live.rules, recorded, wish, scene);
        let mut role = live.role.clone();
        match baseline.filter(|known| known.is_active()) {
            Some(known) if known.role != role => {
                role.clone_from(&known.role);
                if !live.rules.is_empty() {
                    mended.done.push(format!("copy as {role} again"));
                }
            }
            None if live.has_foreign_role(&scene.at.account) && mended.done.is_empty() => {
                return Decision::ByHand(format!(
                    "{role} of another account copies what is in the bucket; set a role of ours"
                ));
            }
            _ => {}
        }
        let recorded = recorded.unwrap_or_default();
        let to = |mut rules: Vec<ReplicationRule>| {
            make_room(&mut rules, recorded);
            if rules.is_empty() {
                return Replication::default();
            }
            Replication { role, rules }
        };
        let decision = mended.decide(to, wish, baseline.is_some(), "replication");
        if live.rules.is_empty() {
            // S3 takes none of a bucket without versions, and lets nobody suspend
            // versioning as long as there are any.
            let versions = VersioningWish {
                protected: true,
                mfa_delete: false,
            };
            let versions = Step::<BucketVersioning>::new(scene.at.clone(), versions);
            return decision.after(vec![versions.into()]);
        }
        decision
    }

    /// Never stronger: where a new rule copies to, the states do not tell.
    fn compare(live: &Replication, known: &Replication) -> Standing {
        let same = targets::covered(&known.rules, &live.rules)
            && targets::covered(&live.rules, &known.rules)
            && (live.role == known.role || !known.is_active());
        if same {
            Standing::Equal
        } else {
            Standing::Incomparable
        }
    }

    fn tell(state: &Replication) -> String {
        let rules: Vec<_> = state.rules.iter().map(tell_rule).collect();
        if rules.is_empty() {
            "no replication".into()
        } else {
            format!("replication: {}", rules.join("; "))
        }
    }
}

fn tell_rule(rule: &ReplicationRule) -> String {
    let id = rule.id.as_deref().unwrap_or("a rule");
    let off = if rule.enabled { "" } else { " (disabled)" };
    let what = match rule.key_prefix() {
        "" => String::new(),
        prefix => format!("{prefix}* "),
    };
    let Destination {
        bucket, account, ..
    } = &rule.destination;
    let whose = account
        .as_ref()
        .map_or_else(String::new, |account| format!(" of {account}"));
    format!("{id}{off} copies {what}to {bucket}{whose}")
}

#[cfg(test)]
mod tests;
