//! What a role that Auditward depends on is put back to: the recorded state,
//! and nothing else. A stronger boundary or a Deny takes the guard's power away
//! as surely as a lost policy does, so that no difference counts as harmless.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::RECOVERY;
use crate::facet::{PolicyState, Standing};
use crate::facets::kept::{Keep, Kept, Texts, tell_texts};

/// All inline policies of a role. Taken together, so that a policy under a new
/// name is known to be none of the recorded ones.
pub type RoleInlinePolicies = Kept<InlinePolicies>;
/// The permissions boundary of a role.
pub type RoleBoundary = Kept<Boundary>;
/// The tags of a role, but for those that AWS itself keeps (`aws:…`).
pub type RoleTags = Kept<Tags>;
/// What `UpdateRole` changes.
pub type RoleSettings = Kept<Configured>;

/// Keeps [`RoleInlinePolicies`].
#[derive(Debug)]
pub struct InlinePolicies;

impl Keep for InlinePolicies {
    const KIND: &'static str = "role-inline-policies";
    const WHAT: &'static str = "role's set of inline policies";
    const OTHERWISE: &'static str = RECOVERY;
    /// By name; none of them is absent.
    type State = BTreeMap<String, PolicyState>;

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

/// Keeps [`RoleBoundary`].
#[derive(Debug)]
pub struct Boundary;

impl Keep for Boundary {
    const KIND: &'static str = "role-boundary";
    const WHAT: &'static str = "role's permissions boundary";
    const OTHERWISE: &'static str = RECOVERY;
    /// The boundary's policy, by ARN.
    type State = Option<String>;

    fn tell(state: &Self::State) -> String {
        state.as_ref().map_or_else(
            || "no permissions boundary".into(),
            |arn| format!("permissions boundary {arn}"),
        )
    }
}

/// Keeps [`RoleTags`].
#[derive(Debug)]
pub struct Tags;

impl Keep for Tags {
    const KIND: &'static str = "role-tags";
    const WHAT: &'static str = "role's set of tags";
    const OTHERWISE: &'static str = RECOVERY;
    /// By key.
    type State = Texts;

    fn tell(state: &Self::State) -> String {
        tell_texts("tags", state)
    }
}

/// Keeps [`RoleSettings`].
#[derive(Debug)]
pub struct Configured;

/// A role's description and how long its sessions may last. `UpdateRole` sets
/// what it is not given back to the default, so that both are one state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleConfiguration {
    /// What it is for.
    pub description: String,
    /// The longest session, in seconds.
    pub max_session: i32,
}

impl Keep for Configured {
    const KIND: &'static str = "role-settings";
    const WHAT: &'static str = "role's configuration";
    const OTHERWISE: &'static str = RECOVERY;
    type State = RoleConfiguration;

    fn tell(state: &Self::State) -> String {
        let RoleConfiguration {
            description,
            max_session,
        } = state;
        format!("sessions of at most {max_session} seconds, description \"{description}\"")
    }
}
