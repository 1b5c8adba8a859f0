//! Where an account stands in the organization's tree, and what guards it there.

use auditward_policy::Document;
use serde::{Deserialize, Serialize};

use super::needs::denies;
use crate::facet::{Decision, Facet, Scene, Standing};

/// The unit or root an account stands in. The item is the ID of the place
/// that it is compared with: where it stood before.
#[derive(Debug)]
pub struct AccountPlace;

/// The one wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Home {
    /// Nothing that guarded the account before is lost.
    AsGuarded,
}

/// Where an account stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The ID of the unit or root.
    pub parent: String,
    /// Names of the guardrails that hold at the place it is compared with and
    /// not here; `None` where that cannot be told.
    pub lost: Option<Vec<String>>,
}

impl Facet for AccountPlace {
    const KIND: &'static str = "account-place";
    /// `None`: there is no such account in the organization.
    type State = Option<Place>;
    type Wish = Home;

    fn decide(
        live: &Self::State,
        _: &Home,
        _: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        let Some(live) = live else {
            return Decision::ByHand(
                "the account is not in the organization any longer; invite it again".into(),
            );
        };
        let Some(home) = &scene.at.item else {
            return Decision::CannotTell("where the account stood before is not known".into());
        };
        match &live.lost {
            _ if live.parent == *home => Decision::Safe,
            Some(lost) if lost.is_empty() => Decision::Safe,
            Some(lost) => {
                let to = Place {
                    parent: home.clone(),
                    lost: Some(Vec::new()),
                };
                let lost = lost.join(", ");
                Decision::change(
                    Some(to),
                    format!("move the account back to where {lost} holds"),
                )
            }
            None => Decision::CannotTell(
                "whether the account is guarded as well as before cannot be told from the policies that allow only some actions; compare both places by hand".into(),
            ),
        }
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        let parent = |state: &Self::State| state.as_ref().map(|place| place.parent.clone());
        if parent(live) == parent(known) {
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
            None => "not in the organization".into(),
            Some(place) => format!("in {}", place.parent),
        }
    }
}

/// Which policies guard one place and not the other: by their Deny statements,
/// so that a copy under another name guards as well, and a quarantine more. `None` where
/// policies allow only some actions, which depends on every level.
pub fn lost(before: &[(String, Document)], here: &[(String, Document)]) -> Option<Vec<String>> {
    let holds = |statement: &auditward_policy::Statement| {
        here.iter().any(|(_, document)| denies(document, statement))
    };
    let mut lost = Vec::new();
    for (name, document) in before {
        for statement in document.statements().iter().filter(|one| !holds(one)) {
            if statement.is_deny() {
                if !lost.contains(name) {
                    lost.push(name.clone());
                }
            } else if !allows_all(statement) {
                return None;
            }
        }
    }
    Some(lost)
}

fn allows_all(statement: &auditward_policy::Statement) -> bool {
    statement.texts("Action").iter().any(|action| action == "*")
        && statement.element("Condition").is_none()
}
