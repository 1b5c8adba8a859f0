//! What a role that Auditward depends on is put back to: the recorded state,
//! and nothing else. A stronger boundary or a Deny takes the guard's power away
//! as surely as a lost policy does, so that no difference counts as harmless.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RECOVERY;
use crate::facet::{Decision, Facet, PolicyState, Scene, Standing};

/// The one wish: the state that is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AsRecorded {
    /// As it was recorded.
    Baseline,
}

/// Back to the recorded state; by hand where none is recorded.
fn back<F: Facet>(
    live: &F::State,
    baseline: Option<&F::State>,
    scene: Scene<'_>,
    what: &str,
) -> Decision<F::State> {
    match baseline {
        None => {
            let role = scene.at.name();
            Decision::ByHand(format!(
                "the {what} of role {role} is not recorded; compare it with the template, or {RECOVERY}"
            ))
        }
        Some(known) if F::same(live, known) => Decision::Safe,
        Some(known) => Decision::change(known.clone(), format!("put the recorded {what} back")),
    }
}

/// All inline policies of a role. Taken together, so that a policy under a new
/// name is known to be none of the recorded ones.
#[derive(Debug)]
pub struct RoleInlinePolicies;

impl Facet for RoleInlinePolicies {
    const KIND: &'static str = "role-inline-policies";
    /// By name; none of them is absent.
    type State = BTreeMap<String, PolicyState>;
    type Wish = AsRecorded;

    fn decide(
        live: &Self::State,
        _: &AsRecorded,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        back::<Self>(live, baseline, scene, "set of inline policies")
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        let same = live.len() == known.len()
            && live
                .iter()
                .all(|(name, policy)| known.get(name).is_some_and(|other| policy.same(other)));
        if same {
            Standing::Equal
        } else {
            Standing::Incomparable
        }
    }

    fn tell(state: &Self::State) -> String {
        let names: Vec<&str> = state.keys().map(String::as_str).collect();
        match names.as_slice() {
            [] => "no inline policy".into(),
            names => format!("inline policies {}", names.join(", ")),
        }
    }
}

/// The permissions boundary of a role.
#[derive(Debug)]
pub struct RoleBoundary;

impl Facet for RoleBoundary {
    const KIND: &'static str = "role-boundary";
    /// The boundary's policy, by ARN.
    type State = Option<String>;
    type Wish = AsRecorded;

    fn decide(
        live: &Self::State,
        _: &AsRecorded,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        back::<Self>(live, baseline, scene, "permissions boundary")
    }

    fn tell(state: &Self::State) -> String {
        state.as_ref().map_or_else(
            || "no permissions boundary".into(),
            |arn| format!("permissions boundary {arn}"),
        )
    }
}

/// The tags of a role, but for those that AWS itself keeps (`aws:…`).
#[derive(Debug)]
pub struct RoleTags;

impl Facet for RoleTags {
    const KIND: &'static str = "role-tags";
    /// By key.
    type State = BTreeMap<String, String>;
    type Wish = AsRecorded;

    fn decide(
        live: &Self::State,
        _: &AsRecorded,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        back::<Self>(live, baseline, scene, "set of tags")
    }

    fn tell(state: &Self::State) -> String {
        let tags: Vec<String> = state
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        if tags.is_empty() {
            "no tags".into()
        } else {
            format!("tags {}", tags.join(", "))
        }
    }
}

/// What `UpdateRole` changes.
#[derive(Debug)]
pub struct RoleSettings;

/// A role's description and how long its sessions may last. `UpdateRole` sets
/// what it is not given back to the default, so that both are one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleConfiguration {
    /// What it is for.
    pub description: String,
    /// The longest session, in seconds.
    pub max_session: i32,
}

impl Facet for RoleSettings {
    const KIND: &'static str = "role-settings";
    type State = RoleConfiguration;
    type Wish = AsRecorded;

    fn decide(
        live: &Self::State,
        _: &AsRecorded,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        back::<Self>(live, baseline, scene, "configuration")
    }

    fn tell(state: &Self::State) -> String {
        let RoleConfiguration {
            description,
            max_session,
        } = state;
        format!("sessions of at most {max_session} seconds, description \"{description}\"")
    }
}
