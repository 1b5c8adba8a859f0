//! Facets of a trail.

use crate::facet::{Decision, Facet, Scene};

/// Whether a trail logs.
#[derive(Debug)]
pub struct TrailLogging;

impl Facet for TrailLogging {
    const KIND: &'static str = "trail-logging";
    /// Whether it logs; `None`: there is no such trail.
    type State = Option<bool>;
    /// Whether it must.
    type Wish = bool;

    fn decide(
        live: &Self::State,
        wish: &bool,
        _: Option<&Self::State>,
        _: Scene<'_>,
    ) -> Decision<Self::State> {
        match live {
            None => Decision::ByHand("there is no such trail; create it again, or remove it from the settings".into()),
            Some(on) if on == wish => Decision::Safe,
            Some(_) => Decision::evidence_on(Some(*wish), "start logging"),
        }
    }

    fn tell(state: &Self::State) -> String {
        match state {
            None => "no trail",
            Some(true) => "logging",
            Some(false) => "logging off",
        }
        .into()
    }
}
