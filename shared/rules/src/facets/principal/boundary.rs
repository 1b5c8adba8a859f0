//! The permissions boundary of a role or user that keeps it from tampering.

use serde::{Deserialize, Serialize};

use super::Gives;
use crate::facet::{Decision, Facet, Scene, Standing};
use crate::facets::kept::AsRecorded;

/// The permissions boundary of a role or user. Roles that Auditward depends on
/// have a facet of their own: there no boundary is better than another.
#[derive(Debug)]
pub struct PrincipalBoundary;

/// A principal and what bounds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounded {
    /// The principal's ARN with its path, which events do not have.
    pub principal: String,
    /// Its unique ID (`AROA…`, `AIDA…`), by which one made anew under its name differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The boundary's policy, by ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<String>,
    /// What it leaves. No boundary leaves everything.
    pub power: Gives,
}

impl Facet for PrincipalBoundary {
    const KIND: &'static str = "principal-boundary";
    /// `None`: there is no such principal.
    type State = Option<Bounded>;
    type Wish = AsRecorded;

    fn decide(
        live: &Self::State,
        _: &AsRecorded,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        let Some(live) = live else {
            return Decision::Safe;
        };
        let power = live.power.power(scene);
        let kept = live.boundary.is_some() && power == Some(false);
        if kept
            || scene
                .settings
                .is_approved(&live.principal, live.id.as_deref())
        {
            return Decision::Safe;
        }
        let who = &live.principal;
        let known = match baseline {
            Some(Some(known)) => known,
            Some(None) | None if live.boundary.is_some() && power.is_none() => {
                return Decision::CannotTell(format!(
                    "what the boundary of {who} leaves could not be told, and which one it had before is not recorded"
                ));
            }
            Some(None) | None => {
                return Decision::ByHand(format!(
                    "which boundary {who} had before is not recorded; put it back, or add {who} to `approved`"
                ));
            }
        };
        if known.boundary.is_none()
            || known.boundary == live.boundary
            || known.power.power(scene) == Some(true)
        {
            return Decision::Safe;
        }
        let to = Bounded {
            boundary: known.boundary.clone(),
            power: known.power.clone(),
            ..live.clone()
        };
        Decision::change(Some(to), "put the recorded permissions boundary back")
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        let by = |state: &Self::State| {
            state.as_ref().map(|bounded| {
                let power = bounded.power.power_over_any() == Some(true);
                (bounded.boundary.clone(), power)
            })
        };
        if by(live) == by(known) {
            Standing::Equal
        } else {
            Standing::Incomparable
        }
    }

    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        match state.as_ref().map(|bounded| &bounded.boundary) {
            None => "no such principal".into(),
            Some(None) => "no permissions boundary".into(),
            Some(Some(arn)) => format!("permissions boundary {arn}"),
        }
    }
}
