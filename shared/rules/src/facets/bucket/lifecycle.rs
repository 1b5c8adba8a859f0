//! When S3 deletes a bucket's objects by itself.

use auditward_policy::cloudtrail::may_deliver_to;
use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene, Standing};
use crate::inventory::{Inventory, TrailUse};

/// A bucket's lifecycle rules.
#[derive(Debug)]
pub struct BucketLifecycle;

/// All rules; none where there is no configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Lifecycle {
    /// The rules.
    pub rules: Vec<LifecycleRule>,
    /// `TransitionDefaultMinimumObjectSize`, as S3 names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_size: Option<String>,
}

/// One rule, with all that it says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct LifecycleRule {
    /// Its name, unique in a bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Whether it is in force.
    pub enabled: bool,
    /// The prefix of the old form, which stands outside of a filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Which objects it is about; all of them where it is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// When current versions go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Expiration>,
    /// When old versions go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noncurrent_expiration: Option<NoncurrentExpiration>,
    /// When current versions move to another storage class.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transitions: Vec<Transition>,
    /// When old versions move to another storage class.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub noncurrent_transitions: Vec<NoncurrentTransition>,
    /// Days after which unfinished uploads are given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub abort_uploads_after: Option<i32>,
}

/// Which objects a rule is about: those that match everything given here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Filter {
    /// Keys that begin so. No character is special, `*` neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Objects with these tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// Objects of more bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub larger_than: Option<i64>,
    /// Objects of fewer bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smaller_than: Option<i64>,
}

/// A tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// When current versions go. In a bucket with versions they become old ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Expiration {
    /// So many days after they were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i32>,
    /// All of them from this day on, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Whether delete markers without versions go, which are no evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete_markers: Option<bool>,
}

/// When old versions go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct NoncurrentExpiration {
    /// So many days after they were overwritten or deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i32>,
    /// So many of them are kept longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_newer: Option<i32>,
}

/// When current versions move to another storage class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Transition {
    /// So many days after they were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i32>,
    /// All of them from this day on, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Where to.
    pub class: String,
}

/// When old versions move to another storage class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct NoncurrentTransition {
    /// So many days after they were overwritten or deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i32>,
    /// So many of them stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_newer: Option<i32>,
    /// Where to.
    pub class: String,
}

/// What must hold of a log bucket's lifecycle: logs are kept as long as the
/// settings say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct LifecycleWish {
    /// How the keys of log files begin, such as `AWSLogs/`; none: any key may be a log.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prefixes: Vec<String>,
}

impl LifecycleWish {
    /// For a bucket: what trails deliver there are logs; where none is known to,
    /// any key may be one.
    pub fn of(inventory: &Inventory, bucket: &str) -> Self {
        let used = inventory.delivering_to(bucket);
        Self {
            prefixes: used.map(TrailUse::key_prefix).collect(),
        }
    }
}

impl LifecycleRule {
    fn key_prefix(&self) -> &str {
        let filtered = self
            .filter
            .as_ref()
            .and_then(|filter| filter.prefix.as_deref());
        filtered.or(self.prefix.as_deref()).unwrap_or_default()
    }

    /// Whether a log file can be among its objects.
    fn touches(&self, wish: &LifecycleWish) -> bool {
        let own = self.key_prefix();
        if wish.prefixes.is_empty() {
            // Many mean "everything" by it, but only keys with an asterisk match.
            return !own.starts_with('*');
        }
        wish.prefixes.iter().any(|logs| {
            logs.starts_with(own) || own.strip_prefix(logs.as_str()).is_some_and(may_deliver_to)
        })
    }

    /// Whether current versions go too early.
    fn expires_early(&self, keep_days: u32) -> bool {
        let Some(expiration) = &self.expiration else {
            return false;
        };
        // From a date on, whatever was written the day before goes.
        expiration.date.is_some()
            || expiration
                .days
                .is_some_and(|days| i64::from(days) < i64::from(keep_days))
    }

    /// Whether old versions go too early.
    fn drops_versions_early(&self, keep_days: u32) -> bool {
        let Some(expiration) = &self.noncurrent_expiration else {
            return false;
        };
        expiration
            .days
            .is_none_or(|days| i64::from(days) < i64::from(keep_days))
    }

    /// Whether the rule deletes logs earlier than the settings allow.
    pub fn offends(&self, wish: &LifecycleWish, keep_days: u32) -> bool {
        self.enabled
            && self.touches(wish)
            && (self.expires_early(keep_days) || self.drops_versions_early(keep_days))
    }

    /// Whether this rule deletes nothing that the other would not delete, too.
    fn is_no_stricter_than(&self, known: &Self) -> bool {
        let earlier = |own: Option<i32>, other: Option<i32>| match (own, other) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(own), Some(other)) => own < other,
        };
        let expires = |rule: &Self| rule.expiration.clone().unwrap_or_default();
        let (own, other) = (expires(self), expires(known));
        let noncurrent = match (&self.noncurrent_expiration, &known.noncurrent_expiration) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(other)) => {
                own.days.unwrap_or(0) >= other.days.unwrap_or(0)
                    && own.keep_newer.unwrap_or(0) >= other.keep_newer.unwrap_or(0)
            }
        };
        known.enabled
            && self.key_prefix() == known.key_prefix()
            && self.beyond_prefix() == known.beyond_prefix()
            && (own.date.is_none() || own.date == other.date)
            && !earlier(own.days, other.days)
            && noncurrent
    }

    /// What its filter asks besides the prefix.
    fn beyond_prefix(&self) -> Filter {
        Filter {
            prefix: None,
            ..self.filter.clone().unwrap_or_default()
        }
    }

    /// The rule without what deletes too early; `None` where nothing is left of it.
    fn lengthened(&self, keep_days: u32) -> Option<Self> {
        let mut rule = self.clone();
        if self.expires_early(keep_days) {
            rule.expiration = None;
        }
        if self.drops_versions_early(keep_days) {
            rule.noncurrent_expiration = None;
        }
        let idle = rule.expiration.is_none()
            && rule.noncurrent_expiration.is_none()
            && rule.transitions.is_empty()
            && rule.noncurrent_transitions.is_empty()
            && rule.abort_uploads_after.is_none();
        (!idle).then_some(rule)
    }
}

impl Lifecycle {
    fn rule(&self, id: Option<&str>) -> Option<&LifecycleRule> {
        self.rules
            .iter()
            .find(|rule| id.is_some() && rule.id.as_deref() == id)
    }
}

impl Facet for BucketLifecycle {
    const KIND: &'static str = "bucket-lifecycle";
    type State = Lifecycle;
    type Wish = LifecycleWish;

    fn decide(
        live: &Lifecycle,
        wish: &LifecycleWish,
        baseline: Option<&Lifecycle>,
        scene: Scene<'_>,
    ) -> Decision<Lifecycle> {
        let keep_days = scene.settings.logs.keep_days;
        let known = baseline
            .map(|known| known.rules.as_slice())
            .unwrap_or_default();
        let accepted =
            |rule: &LifecycleRule| known.iter().any(|known| rule.is_no_stricter_than(known));
        let mut rules = Vec::with_capacity(live.rules.len());
        let mut done = Vec::new();
        for rule in &live.rules {
            if !rule.offends(wish, keep_days) || accepted(rule) {
                rules.push(rule.clone());
                continue;
            }
            let id = rule.id.as_deref();
            let which = id.map_or_else(|| "a rule".to_owned(), |id| format!("rule `{id}`"));
            // Without a known rule the expiry goes, rather than to the minimum:
            // what is older than that may have been kept for good.
            if let Some(known) = baseline.and_then(|known| known.rule(id)) {
                rules.push(known.clone());
                done.push(format!("put {which} back as it was"));
            } else if let Some(rule) = rule.lengthened(keep_days) {
                rules.push(rule);
                done.push(format!("take the early expiry out of {which}"));
            } else {
                done.push(format!("remove {which}, which only deletes early"));
            }
        }
        if done.is_empty() {
            return Decision::Safe;
        }
        Decision::change(
            Lifecycle {
                rules,
                minimum_size: live.minimum_size.clone(),
            },
            done.join("; "),
        )
    }

    fn compare(live: &Lifecycle, known: &Lifecycle) -> Standing {
        let deletes = |rule: &&LifecycleRule| {
            rule.enabled && (rule.expiration.is_some() || rule.noncurrent_expiration.is_some())
        };
        let stricter = |of: &Lifecycle, than: &Lifecycle| {
            let all = of.rules.iter().filter(deletes);
            all.filter(|rule| {
                !than
                    .rules
                    .iter()
                    .any(|other| rule.is_no_stricter_than(other))
            })
            .count()
                > 0
        };
        match (stricter(live, known), stricter(known, live)) {
            (false, false) => Standing::Equal,
            (false, true) => Standing::Stronger,
            (true, false) => Standing::Weaker,
            (true, true) => Standing::Incomparable,
        }
    }

    fn same(one: &Lifecycle, other: &Lifecycle) -> bool {
        let covers = |one: &Lifecycle, other: &Lifecycle| {
            one.rules.iter().all(|rule| other.rules.contains(rule))
        };
        covers(one, other) && covers(other, one)
    }

    fn tell(state: &Lifecycle) -> String {
        let rules: Vec<_> = state.rules.iter().map(tell_rule).collect();
        if rules.is_empty() {
            "no lifecycle rules".into()
        } else {
            format!("lifecycle: {}", rules.join("; "))
        }
    }
}

fn tell_rule(rule: &LifecycleRule) -> String {
    let days = |days: i32| {
        if days == 1 {
            "1 day".to_owned()
        } else {
            format!("{days} days")
        }
    };
    let mut says = Vec::new();
    let expiration = rule.expiration.clone().unwrap_or_default();
    says.extend(
        expiration
            .days
            .map(|n| format!("deletes after {}", days(n))),
    );
    says.extend(
        expiration
            .date
            .map(|date| format!("deletes from {date} on")),
    );
    if let Some(old) = &rule.noncurrent_expiration {
        says.push(format!(
            "deletes old versions after {}",
            days(old.days.unwrap_or(0))
        ));
    }
    if says.is_empty() {
        says.push("deletes nothing".into());
    }
    let id = rule.id.as_deref().unwrap_or("a rule");
    let off = if rule.enabled { "" } else { " (disabled)" };
    format!("{id}{off} {}", says.join(" and "))
}

#[cfg(test)]
mod tests;
