//! Facets of an event bus: whom its policy lets in, and how it is configured.

use serde::{Deserialize, Serialize};

use crate::facet::Standing;
use crate::facets::guarded::policies as declare;
use crate::facets::kept::{Keep, Kept, compare_whole};

declare! {
    /// An event bus's policy. EventBridge refuses documents of more than
    /// [10,240 characters](https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html).
    BusPolicy = "bus-policy", Bus, "the bus's policy", limit 10_240, may_be_absent true;
}

/// How an event bus is configured.
pub type BusConfiguration = Kept<Configuration>;

/// Keeps [`BusConfiguration`].
#[derive(Debug)]
pub struct Configuration;

/// What `CreateEventBus` says of a bus.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Bus {
    /// What it is for.
    pub description: Option<String>,
    /// The key that encrypts its events.
    pub key: Option<String>,
    /// Where events go that cannot be handed on.
    pub dead_letters: Option<String>,
}

impl Keep for Configuration {
    const KIND: &'static str = "bus-configuration";
    const WHAT: &'static str = "bus's configuration";
    const OTHERWISE: &'static str = "deploy the stack again, or set it by hand as the stack does";
    /// `None`: there is no such bus.
    type State = Option<Bus>;

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        compare_whole(live, known)
    }

    /// A bus is never deleted.
    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        let Some(bus) = state else {
            return "no bus".into();
        };
        format!(
            "a bus with key {} and dead letters to {}",
            bus.key.as_deref().unwrap_or("of AWS"),
            bus.dead_letters.as_deref().unwrap_or("nowhere")
        )
    }
}
