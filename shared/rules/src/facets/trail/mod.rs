//! Facets of a trail: whether it logs, how it is configured, which events it
//! selects, and which insights it gives.

mod config;
mod coverage;
mod insights;
mod selectors;

use crate::facet::{Decision, Facet, Scene};

pub use config::{TrailConfig, TrailField, TrailSettings, TrailWish};
pub use coverage::{AdvancedSelector, FieldSelector};
pub use insights::{InsightsWish, TrailInsights};
pub use selectors::{BasicSelector, DataResource, Form, Selectors, SelectorsWish, TrailSelectors};

/// What a person is told where a trail that must be there is not.
const GONE: &str = "there is no such trail; create it again, or remove it from the settings";

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
            None => Decision::ByHand(GONE.into()),
            Some(on) if on == wish => Decision::Safe,
            Some(_) => Decision::evidence_on(Some(*wish), "start logging"),
        }
    }

    fn writable(state: &Self::State) -> bool {
        *state == Some(true)
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

#[cfg(test)]
mod tests;
