//! What policies give, as far as it can be told.

use auditward_policy::power::{Protected, Verdict, tampering};
use serde::{Deserialize, Serialize};

use crate::facet::{PolicyState, Scene};

/// Whether policies give the power to tamper with the evidence. What is read is
/// their text: only with what is protected at hand can be told what that reaches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Gives {
    /// It is known whatever is protected; `None`: it could not be told.
    Known(Option<bool>),
    /// What this text says.
    Text(PolicyState),
    /// What several policies give together.
    All(Vec<Gives>),
}

impl From<Option<bool>> for Gives {
    fn from(known: Option<bool>) -> Self {
        Self::Known(known)
    }
}

impl Gives {
    /// Whether they give power over what is protected.
    pub fn power(&self, scene: Scene<'_>) -> Option<bool> {
        self.measured(&scene.settings.measure(scene.inventory))
    }

    /// The same where nothing is known of what is protected.
    pub fn power_over_any(&self) -> Option<bool> {
        self.measured(&Protected::default())
    }

    fn measured(&self, measure: &Protected) -> Option<bool> {
        match self {
            Self::Known(known) => *known,
            Self::Text(PolicyState::Absent) => Some(false),
            Self::Text(PolicyState::Unparsable { .. }) => None,
            Self::Text(PolicyState::Document(document)) => match tampering(document, measure) {
                Verdict::No => Some(false),
                Verdict::Yes(_) => Some(true),
                Verdict::CannotTell(_) => None,
            },
            Self::All(all) => {
                let powers: Vec<_> = all.iter().map(|one| one.measured(measure)).collect();
                if powers.contains(&Some(true)) {
                    return Some(true);
                }
                (!powers.contains(&None)).then_some(false)
            }
        }
    }
}
