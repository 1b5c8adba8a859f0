//! Whom a rule hands events to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene};
use crate::facets::kept::Texts;

/// The targets of a rule.
#[derive(Debug)]
pub struct RuleTargets;

/// One target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Target {
    /// Whom.
    pub arn: String,
    /// The role that hands them on.
    pub role: Option<String>,
    /// A text in the place of each event.
    pub input: Option<String>,
    /// The part of each event that is handed on.
    pub path: Option<String>,
    /// What is taken out of each event …
    pub parts: Texts,
    /// … and put into this text.
    pub template: Option<String>,
    /// Where events go that cannot be handed on.
    pub dead_letters: Option<String>,
    /// How often it is tried again.
    pub retries: Option<i32>,
    /// For how many seconds.
    pub age: Option<i32>,
    /// The message group of a queue.
    pub group: Option<String>,
    /// Whether it says more than this, which no hand writes.
    pub more: bool,
}

/// What a plan asks of a rule's targets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct RuleTargetsWish {
    /// IDs that the event wrote: those that are not recorded go again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wrote: Vec<String>,
    /// Those of them that are somebody else's, and go whatever is recorded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<String>,
}

impl Facet for RuleTargets {
    const KIND: &'static str = "rule-targets";
    /// By ID.
    type State = BTreeMap<String, Target>;
    type Wish = RuleTargetsWish;

    fn decide(
        live: &Self::State,
        wish: &RuleTargetsWish,
        baseline: Option<&Self::State>,
        _: Scene<'_>,
    ) -> Decision<Self::State> {
        let mut to = live.clone();
        let goes = |id: &String| match baseline {
            Some(known) => wish.wrote.contains(id) && !known.contains_key(id),
            None => wish.foreign.contains(id),
        };
        to.retain(|id, _| !goes(id));
        let removes = to.len() < live.len();
        to.extend(baseline.cloned().unwrap_or_default());
        if to == *live {
            return match baseline {
                None if wish.foreign.is_empty() => Decision::ByHand(format!(
                    "the rule's targets are not recorded; {}",
                    super::OTHERWISE
                )),
                _ => Decision::Safe,
            };
        }
        let lost = to
            .iter()
            .filter(|(id, target)| live.get(*id) != Some(*target));
        if let Some((id, _)) = lost.clone().find(|(_, target)| !is_plain(target)) {
            return Decision::ByHand(format!(
                "target {id} was more than a target of EventBridge alone; {}",
                super::OTHERWISE
            ));
        }
        let changes = lost.into_iter().any(|(id, _)| live.contains_key(id));
        match (removes, changes) {
            (true, _) => Decision::change(
                to,
                "remove the added targets, and put the recorded ones back",
            )
            .once_confirmed(),
            (false, true) => Decision::change(to, "put the recorded targets back"),
            (false, false) => Decision::evidence_on(to, "put the lost targets back"),
        }
    }

    fn tell(state: &Self::State) -> String {
        let all: Vec<String> = state
            .iter()
            .map(|(id, target)| format!("{id} ({})", target.arn))
            .collect();
        if all.is_empty() {
            "no targets".into()
        } else {
            format!("targets {}", all.join(", "))
        }
    }
}

/// Whether a hand can write it: without a role to pass, and nothing that only
/// other services understand.
fn is_plain(target: &Target) -> bool {
    target.role.is_none() && !target.more
}
