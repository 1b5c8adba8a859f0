//! Facets of managed policies: that they are there, and which version holds.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::kept::{Keep, Kept};
use super::principal::Gives;
use crate::facet::{Decision, Facet, PolicyState, Scene, Standing};

/// The policy itself: a guardrail that is gone is made again.
pub type ManagedPolicy = Kept<Managed>;

/// Keeps [`ManagedPolicy`].
#[derive(Debug)]
pub struct Managed;

/// A managed policy as it takes to make it again. Its ARN has name and path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// The default version's document.
    pub document: PolicyState,
}

impl Keep for Managed {
    const KIND: &'static str = "managed-policy";
    const WHAT: &'static str = "policy";
    const OTHERWISE: &'static str = "make it again under the same name and path (`aws iam create-policy`), and attach it where it was";
    /// `None`: there is no such policy.
    type State = Option<Policy>;

    /// Another text may be an attack: it never takes the place of a known one.
    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live, known) {
            (None, None) => Standing::Equal,
            (Some(live), Some(known)) if live.document.same(&known.document) => Standing::Equal,
            _ => Standing::Incomparable,
        }
    }

    /// What its text says is the versions' matter.
    fn mend(live: &Self::State, known: &Self::State) -> Self::State {
        live.clone().or_else(|| known.clone())
    }

    /// It is never deleted, not even to undo.
    fn writable(state: &Self::State) -> bool {
        state
            .as_ref()
            .is_some_and(|policy| policy.document.document().is_some())
    }

    fn tell(state: &Self::State) -> String {
        match state {
            None => "no such policy".into(),
            Some(policy) => policy.document.tell(),
        }
    }
}

/// Which version of a policy holds.
#[derive(Debug)]
pub struct PolicyVersion;

/// A policy's versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Versions {
    /// The one that holds, such as `v2`.
    pub default: String,
    /// All there are, by their IDs.
    pub versions: BTreeMap<String, Version>,
}

/// One version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime<Utc>>,
    /// What it gives.
    pub power: Gives,
    /// What it denies: its Deny statements.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub denies: BTreeSet<String>,
}

impl Version {
    /// Whether it gives no power, and denies all that another one does.
    fn is_safe_after(&self, known: &Self, scene: Scene<'_>) -> bool {
        self.power.power(scene) == Some(false) && self.denies.is_superset(&known.denies)
    }
}

/// What must hold: that the default version gives no power that the policy did
/// not give before, and denies what it denied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionWish {
    /// The version that the event made: the one before it is the way back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
}

impl Facet for PolicyVersion {
    const KIND: &'static str = "policy-version";
    /// `None`: there is no such policy.
    type State = Option<Versions>;
    type Wish = VersionWish;

    fn decide(
        live: &Self::State,
        wish: &VersionWish,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        let Some(live) = live else {
            return Decision::Safe;
        };
        let name = scene.at.name();
        let Some(current) = live.versions.get(&live.default) else {
            return Decision::CannotTell(format!(
                "the default version {} of {name} could not be read",
                live.default
            ));
        };
        match baseline.and_then(Option::as_ref) {
            Some(known) => as_known(live, current, known, scene),
            None => without_record(live, current, wish, scene),
        }
    }

    /// Versions never change and their IDs are never used again: the same
    /// default is the same policy.
    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        let default = |state: &Self::State| state.as_ref().map(|state| state.default.clone());
        if default(live) == default(known) {
            Standing::Equal
        } else {
            Standing::Incomparable
        }
    }

    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        match state {
            None => "no such policy".into(),
            Some(Versions { default, versions }) => {
                let power = match versions
                    .get(default)
                    .and_then(|version| version.power.power_over_any())
                {
                    Some(true) => ", which gives power over trails",
                    Some(false) => "",
                    None => ", of which it cannot be told what it gives",
                };
                format!("default version {default}{power}")
            }
        }
    }
}

fn to(live: &Versions, version: &str, why: &str) -> Decision<Option<Versions>> {
    let to = Versions {
        default: version.to_owned(),
        ..live.clone()
    };
    Decision::change(
        Some(to),
        format!("make {version}, {why}, the default version again"),
    )
}

fn by_hand(live: &Versions, scene: Scene<'_>, why: &str) -> Decision<Option<Versions>> {
    let name = scene.at.name();
    let safe: Vec<&str> = live
        .versions
        .iter()
        .filter(|(_, version)| version.power.power(scene) == Some(false))
        .map(|(id, _)| id.as_str())
        .collect();
    let safe = match safe.as_slice() {
        [] => "none of its versions is without that power".to_owned(),
        safe => format!("without that power: {}", safe.join(", ")),
    };
    Decision::ByHand(format!(
        "version {} of {name} gives power over trails or denies less than before, and {why}; set the default \
         version by hand ({safe})",
        live.default
    ))
}

fn as_known(
    live: &Versions,
    current: &Version,
    known: &Versions,
    scene: Scene<'_>,
) -> Decision<Option<Versions>> {
    let name = scene.at.name();
    // An event says which version it set, and not what is in it.
    let before = known.versions.get(&known.default);
    let Some(before) = before.or_else(|| live.versions.get(&known.default)) else {
        return Decision::CannotTell(format!("the recorded version of {name} is incomplete"));
    };
    let denies = current.denies.is_superset(&before.denies);
    let holds = live.default == known.default
        || current.is_safe_after(before, scene)
        || (denies && before.power.power(scene) == Some(true));
    if holds {
        return Decision::Safe;
    }
    if live.versions.contains_key(&known.default) {
        return match (denies, current.power.power(scene)) {
            (true, None) => Decision::CannotTell(format!(
                "what version {} of {name} gives could not be told",
                live.default
            )),
            _ => to(live, &known.default, "the recorded one"),
        };
    }
    let safe = live
        .versions
        .iter()
        .filter(|(_, version)| version.is_safe_after(before, scene))
        .max_by_key(|(id, version)| made_when(id, version));
    match safe {
        Some((id, _)) => to(live, id, "the newest that is as safe as the recorded one"),
        None => by_hand(live, scene, "the recorded version is gone"),
    }
}

/// Which of two versions is newer; IAM counts them, and tells whole seconds only.
fn made_when(id: &str, version: &Version) -> (Option<DateTime<Utc>>, Option<u32>) {
    let number = id.trim_start_matches('v').parse().ok();
    (version.created, number)
}

/// Without a record, the version before the one that the event made.
fn without_record(
    live: &Versions,
    current: &Version,
    wish: &VersionWish,
    scene: Scene<'_>,
) -> Decision<Option<Versions>> {
    let name = scene.at.name();
    let made = wish.made.as_ref() == Some(&live.default);
    let now = made_when(&live.default, current);
    let earlier = live
        .versions
        .iter()
        .filter(|(id, version)| made_when(id, version) < now);
    let before = earlier
        .max_by_key(|(id, version)| made_when(id, version))
        .filter(|_| made);
    match (before, current.power.power(scene)) {
        (Some((_, before)), _) if current.is_safe_after(before, scene) => Decision::Safe,
        (None, Some(false)) => Decision::Safe,
        (_, None) => Decision::CannotTell(format!(
            "what version {} of {name} gives could not be told",
            live.default
        )),
        (Some((id, before)), _) if before.power.power(scene) == Some(false) => {
            to(live, id, "the one before the event's")
        }
        (Some(_), _) => by_hand(live, scene, "the version before it gave power as well"),
        (None, Some(true)) => by_hand(live, scene, "which one held before is not recorded"),
    }
}
