//! Facets of a trail: whether it logs and delivers, how it is configured, which events it
//! selects, which insights it gives, and how it is tagged.

mod config;
mod coverage;
mod delivery;
mod insights;
mod needs;
mod selectors;
mod tags;
mod unrecorded;

use crate::facets::switch::switches;

pub use config::{TrailConfig, TrailField, TrailSettings, TrailWish};
pub use coverage::{AdvancedSelector, FieldSelector};
pub(in crate::facets) use coverage::{covers, covers_all};
pub use delivery::{DeliveryErrors, DeliveryWish, TrailDelivery};
pub use insights::{InsightsWish, TrailInsights};
pub use selectors::{BasicSelector, DataResource, Form, Selectors, SelectorsWish, TrailSelectors};
pub use tags::TrailTags;

/// What a person is told where a trail that must be there is not.
const GONE: &str = "there is no such trail; create it again, or remove it from the settings";

switches! {
    /// Whether a trail logs.
    TrailLogging = "trail-logging" ["logging", "logging off", "no trail"]
        does ["start logging", "stop logging"]
        gone "there is no such trail; create it again, or remove it from the settings"
        evidence true;
}

#[cfg(test)]
mod tests;
