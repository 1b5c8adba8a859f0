//! A guardrail policy that a principal is required to have.

use serde::{Deserialize, Serialize};

use super::Gives;
use crate::facet::{Decision, Facet, Scene, Standing};

/// Whether a managed policy, the resource's item, is attached.
#[derive(Debug)]
pub struct Guardrail;

/// How a principal and a policy stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// Whether the policy is attached.
    pub attached: bool,
    /// Whether it denies anything; `None` where that could not be told.
    pub denies: Option<bool>,
    /// What it gives.
    pub power: Gives,
}

/// What must hold: that it is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardrailWish {
    /// Whether the settings name the principal or the policy. Otherwise the
    /// policy has to be one that denies.
    pub required: bool,
}

impl Facet for Guardrail {
    const KIND: &'static str = "guardrail-attachment";
    /// `None`: there is no such principal or no such policy.
    type State = Option<Hold>;
    type Wish = GuardrailWish;

    fn decide(
        live: &Self::State,
        wish: &GuardrailWish,
        _: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        let (who, policy) = (scene.at.name(), scene.at.item.as_deref().unwrap_or("?"));
        let name = policy.rsplit('/').next().unwrap_or(policy);
        let Some(hold) = live else {
            // Who takes a principal down detaches its policies first.
            return if wish.required {
                Decision::ByHand(format!(
                    "{who} or {name} is gone; make it again, and attach the one to the other"
                ))
            } else {
                Decision::Safe
            };
        };
        match (
            hold.attached,
            wish.required,
            hold.denies,
            hold.power.power(scene),
        ) {
            (true, ..) | (_, false, Some(false), _) => Decision::Safe,
            (_, false, None, _) => Decision::CannotTell(format!(
                "whether {name}, which {who} lost, denied anything could not be told"
            )),
            (_, _, _, Some(true)) => Decision::ByHand(format!(
                "{name} gives power over trails as well; attach it to {who} by hand if it is meant"
            )),
            _ => Decision::change(
                Some(Hold {
                    attached: true,
                    ..hold.clone()
                }),
                format!("attach {name} again"),
            ),
        }
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        let attached = |state: &Self::State| state.as_ref().map(|hold| hold.attached);
        if attached(live) == attached(known) {
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
            None => "no such principal or policy",
            Some(hold) if hold.attached => "attached",
            Some(_) => "not attached",
        }
        .into()
    }
}
