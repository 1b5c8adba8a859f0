//! What log groups and destinations are put back to: the recorded state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::same_json;
use crate::facet::{Scene, Standing};
use crate::facets::kept::{Keep, Kept, compare_texts, mend_texts};

/// Whether a log group is there.
pub type LogGroup = Kept<Existence>;
/// The key that a log group encrypts with.
pub type LogGroupKey = Kept<Encryption>;
/// The metric filters of a log group.
pub type MetricFilters = Kept<Metrics>;
/// The data protection policy of a log group.
pub type DataProtection = Kept<Masking>;
/// Where a destination for other accounts' logs delivers.
pub type LogDestination = Kept<Delivering>;

/// Keeps [`LogGroup`]. An empty group can harm nobody, and without it CloudTrail
/// and functions have nowhere to write.
#[derive(Debug)]
pub struct Existence;

/// What a log group is made as; what is set on it are facets of their own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupForm {
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`; fixed for a group's life.
    pub class: String,
}

impl Keep for Existence {
    const KIND: &'static str = "log-group";
    const WHAT: &'static str = "log group";
    const OTHERWISE: &'static str = "create it again, or remove it from the settings";
    const EVIDENCE: bool = true;
    /// `None`: there is no such group.
    type State = Option<GroupForm>;

    fn usual(live: &Self::State, _: Scene<'_>) -> Option<Self::State> {
        let standard = || GroupForm {
            class: "STANDARD".into(),
        };
        Some(Some(live.clone().unwrap_or_else(standard)))
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live, known) {
            (live, known) if live == known => Standing::Equal,
            (Some(_), None) => Standing::Stronger,
            (None, Some(_)) => Standing::Weaker,
            _ => Standing::Incomparable,
        }
    }

    /// Another class cannot be given to a group that is there.
    fn mend(live: &Self::State, known: &Self::State) -> Self::State {
        live.clone().or_else(|| known.clone())
    }

    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        state.as_ref().map_or_else(
            || "no log group".into(),
            |form| format!("a log group of class {}", form.class),
        )
    }
}

/// Keeps [`LogGroupKey`].
#[derive(Debug)]
pub struct Encryption;

impl Keep for Encryption {
    const KIND: &'static str = "log-group-key";
    const WHAT: &'static str = "key of the log group";
    const OTHERWISE: &'static str = "associate the key that belongs to it";
    /// The key's ARN; `None`: a key that AWS owns.
    type State = Option<String>;

    fn tell(state: &Self::State) -> String {
        state
            .as_ref()
            .map_or_else(|| "no key of ours".into(), |key| format!("key {key}"))
    }
}

/// Keeps [`MetricFilters`].
#[derive(Debug)]
pub struct Metrics;

/// A metric filter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetricFilter {
    /// Which events it counts.
    pub pattern: String,
    /// What it makes of them.
    pub transformations: Vec<Transformation>,
    /// Whether it looks at events as a transformer left them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub transformed: bool,
    /// Which events are looked at by where they come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub criteria: Option<String>,
    /// Where events come from as dimensions of the metric.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub system_fields: Vec<String>,
}

/// What a metric filter makes of the events that it counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Transformation {
    /// The metric's name.
    pub name: String,
    /// The metric's namespace.
    pub namespace: String,
    /// What is published for a match.
    pub value: String,
    /// What is published where nothing matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<f64>,
    /// The metric's unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The metric's dimensions.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub dimensions: BTreeMap<String, String>,
}

impl Keep for Metrics {
    const KIND: &'static str = "metric-filters";
    const WHAT: &'static str = "set of metric filters";
    const OTHERWISE: &'static str = "check that what alarms count is still counted";
    /// By name. A further filter counts more and does no harm.
    type State = BTreeMap<String, MetricFilter>;

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        compare_texts(live, known)
    }

    fn mend(live: &Self::State, known: &Self::State) -> Self::State {
        mend_texts(live, known)
    }

    fn tell(state: &Self::State) -> String {
        tell_names("metric filters", state)
    }
}

/// Named things in few words.
pub(super) fn tell_names<V>(what: &str, state: &BTreeMap<String, V>) -> String {
    let names: Vec<&str> = state.keys().map(String::as_str).collect();
    match names.as_slice() {
        [] => format!("no {what}"),
        names => format!("{what} {}", names.join(", ")),
    }
}

/// Keeps [`DataProtection`].
#[derive(Debug)]
pub struct Masking;

impl Keep for Masking {
    const KIND: &'static str = "data-protection";
    const WHAT: &'static str = "data protection policy of the log group";
    const OTHERWISE: &'static str = "put the policy that belongs to it";
    /// The policy's text. It is no IAM policy: nobody is let in by it.
    type State = Option<String>;

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live, known) {
            (None, None) => Standing::Equal,
            (Some(live), Some(known)) if same_json(live, known) => Standing::Equal,
            _ => Standing::Incomparable,
        }
    }

    fn tell(state: &Self::State) -> String {
        match state {
            None => "no data protection policy".into(),
            Some(text) => format!("a data protection policy of {} bytes", text.len()),
        }
    }
}

/// Keeps [`LogDestination`].
#[derive(Debug)]
pub struct Delivering;

/// What a destination delivers to, and as whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The stream's ARN.
    pub target: String,
    /// The role that CloudWatch Logs writes to it with.
    pub role: String,
}

impl Keep for Delivering {
    const KIND: &'static str = "log-destination";
    const WHAT: &'static str = "destination";
    const OTHERWISE: &'static str = "check where it delivers, and who may send to it";
    /// `None`: there is no such destination.
    type State = Option<Destination>;

    /// A destination is never deleted: that stops its senders' filters.
    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        state.as_ref().map_or_else(
            || "no destination".into(),
            |to| format!("delivery to {} as {}", to.target, to.role),
        )
    }
}
