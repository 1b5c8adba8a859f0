//! Whether a key's material is replaced in time.

use serde::{Deserialize, Serialize};

use crate::facet::{Scene, Standing};
use crate::facets::kept::{Keep, Kept};

/// The rotation of a key.
pub type KeyRotation = Kept<Rotated>;

/// Keeps [`KeyRotation`].
#[derive(Debug)]
pub struct Rotated;

/// How often a key is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rotation {
    /// Every so many days.
    Every(i32),
    /// Never.
    Off,
    /// There is no such key, or none that can rotate by itself: an asymmetric
    /// one, or one of imported material.
    Unsupported,
}

/// What KMS takes where no period is given.
const USUAL_DAYS: i32 = 365;

impl Keep for Rotated {
    const KIND: &'static str = "key-rotation";
    const WHAT: &'static str = "key's rotation";
    const OTHERWISE: &'static str = "look at the key's rotation by hand";
    type State = Rotation;

    fn usual(live: &Rotation, _: Scene<'_>) -> Option<Rotation> {
        match live {
            Rotation::Every(_) => Some(*live),
            Rotation::Off => Some(Rotation::Every(USUAL_DAYS)),
            Rotation::Unsupported => None,
        }
    }

    fn compare(live: &Rotation, known: &Rotation) -> Standing {
        match (live, known) {
            (live, known) if live == known => Standing::Equal,
            (Rotation::Every(live), Rotation::Every(known)) if live < known => Standing::Stronger,
            (Rotation::Every(_), Rotation::Every(_)) => Standing::Weaker,
            (Rotation::Every(_), Rotation::Off) => Standing::Stronger,
            (Rotation::Off, Rotation::Every(_)) => Standing::Weaker,
            _ => Standing::Incomparable,
        }
    }

    fn writable(state: &Rotation) -> bool {
        matches!(state, Rotation::Every(_))
    }

    fn mend(live: &Rotation, known: &Rotation) -> Rotation {
        match live {
            Rotation::Unsupported => *live,
            _ => *known,
        }
    }

    fn tell(state: &Rotation) -> String {
        match state {
            Rotation::Every(days) => format!("rotated every {days} days"),
            Rotation::Off => "not rotated".into(),
            Rotation::Unsupported => "not to be rotated".into(),
        }
    }
}
