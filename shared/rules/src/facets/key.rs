//! Facets of keys: whether a key can be used, by whom, and how it is kept.

mod grants;
mod lock;
mod mended;
mod policy;
mod rotation;

use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene, Standing};

pub use grants::{Grant, GrantsWish, KeyGrant, KeyGrants};
pub(crate) use lock::guard_roles;
pub use lock::{Lock, LockedOut, locked_out, may_be_denied};
pub use policy::{KeyPolicy, KeyPolicyWish};
pub use rotation::{KeyRotation, Rotation};

/// Whether a key can be used.
#[derive(Debug)]
pub struct KeyState;

/// What a plan asks of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyWish {
    /// It can be used.
    Enabled,
}

/// The life of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Life {
    /// It can be used.
    Enabled,
    /// It cannot, until it is enabled.
    Disabled,
    /// It is going to be deleted.
    PendingDeletion,
    /// It is being made or changed; this passes.
    Changing,
    /// There is none.
    Absent,
    /// Anything else, as KMS calls it: `PendingImport`, `Unavailable`.
    Other(String),
}

impl Facet for KeyState {
    const KIND: &'static str = "key-state";
    type State = Life;
    type Wish = KeyWish;

    fn decide(live: &Life, _: &KeyWish, _: Option<&Life>, _: Scene<'_>) -> Decision<Life> {
        match live {
            Life::Enabled => Decision::Safe,
            Life::Disabled => Decision::evidence_on(Life::Enabled, "enable the key"),
            Life::PendingDeletion => {
                Decision::evidence_on(Life::Enabled, "cancel the key's deletion and enable it")
            }
            Life::Changing => Decision::CannotTell("the key is being made or changed".into()),
            Life::Absent => Decision::ByHand(
                "there is no such key any longer, and what it encrypted cannot be read again; give the trail another key, and keep the bucket's versions".into(),
            ),
            Life::Other(state) => Decision::ByHand(format!(
                "the key is in state {state}; import its key material again, or connect its key store"
            )),
        }
    }

    fn compare(live: &Life, known: &Life) -> Standing {
        let rank = |life: &Life| match life {
            Life::Absent => 0,
            Life::PendingDeletion => 1,
            Life::Disabled | Life::Changing | Life::Other(_) => 2,
            Life::Enabled => 3,
        };
        match rank(live).cmp(&rank(known)) {
            _ if live == known => Standing::Equal,
            std::cmp::Ordering::Less => Standing::Weaker,
            std::cmp::Ordering::Greater => Standing::Stronger,
            std::cmp::Ordering::Equal => Standing::Incomparable,
        }
    }

    fn writable(state: &Life) -> bool {
        *state == Life::Enabled
    }

    fn tell(state: &Life) -> String {
        match state {
            Life::Enabled => "enabled".into(),
            Life::Disabled => "disabled".into(),
            Life::PendingDeletion => "going to be deleted".into(),
            Life::Changing => "being changed".into(),
            Life::Absent => "no key".into(),
            Life::Other(state) => state.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
