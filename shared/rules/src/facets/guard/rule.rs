//! Facets of a rule of EventBridge: whether it is on, what it matches, and whom
//! it hands events to.

mod targets;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::facet::Standing;
use crate::facets::kept::{Keep, Kept};
use crate::facets::switch::switches;

pub use targets::{RuleTargets, RuleTargetsWish, Target};

/// What a person is told where nothing is recorded.
const OTHERWISE: &str = "deploy the stack again, or set it by hand as the stack does";

switches! {
    /// Whether a rule is on.
    RuleState = "rule-state" ["enabled", "disabled", "no rule"]
        does ["enable the rule", "disable the rule"]
        gone "there is no such rule; deploy the stack again"
        evidence true;
}

/// What a rule matches.
pub type RuleDefinition = Kept<Definition>;

/// Keeps [`RuleDefinition`].
#[derive(Debug)]
pub struct Definition;

/// What `PutRule` says of a rule, but for whether it is on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Defined {
    /// Which events it matches, as text of JSON.
    pub pattern: Option<String>,
    /// When it fires.
    pub schedule: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The role it hands events on as.
    pub role: Option<String>,
    /// Whether it also matches [management events that only
    /// read](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail-management.html),
    /// as AWS counts taking a role on. `None` while the rule is disabled: it does
    /// not say what it will match then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads: Option<bool>,
}

impl Defined {
    /// Whether two definitions mean the same, however their patterns are spaced.
    fn same(&self, other: &Self) -> bool {
        let pattern = |one: &Self| {
            let text = one.pattern.as_deref()?;
            Some(serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)))
        };
        let rest = |one: &Self| Self {
            pattern: None,
            reads: None,
            ..one.clone()
        };
        pattern(self) == pattern(other) && rest(self) == rest(other)
    }
}

impl Keep for Definition {
    const KIND: &'static str = "rule-definition";
    const WHAT: &'static str = "rule's definition";
    const OTHERWISE: &'static str = OTHERWISE;
    const EVIDENCE: bool = true;
    /// `None`: there is no such rule.
    type State = Option<Defined>;

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live, known) {
            (None, None) => Standing::Equal,
            (Some(live), Some(known)) if live.same(known) => match (live.reads, known.reads) {
                (Some(false), Some(true)) => Standing::Weaker,
                (Some(true), Some(false)) => Standing::Stronger,
                _ => Standing::Equal,
            },
            (None, Some(_)) => Standing::Weaker,
            _ => Standing::Incomparable,
        }
    }

    /// A rule is never deleted, and one with a role is put back by who may pass it.
    fn writable(state: &Self::State) -> bool {
        state.as_ref().is_some_and(|rule| rule.role.is_none())
    }

    fn tell(state: &Self::State) -> String {
        match state {
            None => "no rule".into(),
            Some(rule) => match (&rule.pattern, &rule.schedule) {
                (Some(pattern), _) => format!("a rule that matches {pattern}"),
                (None, Some(schedule)) => format!("a rule for {schedule}"),
                (None, None) => "a rule that matches nothing".into(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
