//! Things that an event made and that are taken away again: a subscription, a
//! grant, a permission. Only what the event provably made is touched.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene};

/// What distinguishes one sort of thing from another.
pub trait Make: Debug + Send + Sync + 'static {
    /// The facet's name in plans.
    const KIND: &'static str;
    /// What it is: `subscription`.
    const WHAT: &'static str;
    /// How it is taken away: `remove the subscription`.
    const DOES: &'static str;
    /// Whether undo can make it again from its details.
    const RESTORABLE: bool;
}

/// A thing as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Thing {
    /// When it was made, where the service says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime<Utc>>,
    /// What is known of it, and what it takes to make it again.
    pub detail: BTreeMap<String, String>,
}

/// What must hold: that it is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// When the event made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
}

/// How close to the event its making must be.
const NEW: TimeDelta = TimeDelta::minutes(15);

impl Gone {
    /// Whether something of that age is what the event made; `None` where
    /// either time is unknown.
    pub fn made(&self, created: Option<DateTime<Utc>>) -> Option<bool> {
        let (created, at) = created.zip(self.at)?;
        Some((at - created).abs() <= NEW)
    }
}

/// The facet of a thing.
#[derive(Debug)]
pub struct Made<M>(PhantomData<M>);

impl<M: Make> Facet for Made<M> {
    const KIND: &'static str = M::KIND;
    /// `None`: there is no such thing.
    type State = Option<Thing>;
    type Wish = Gone;

    fn decide(
        live: &Self::State,
        wish: &Gone,
        baseline: Option<&Self::State>,
        _: Scene<'_>,
    ) -> Decision<Self::State> {
        let Some(thing) = live else {
            return Decision::Safe;
        };
        let what = M::WHAT;
        if baseline.is_some_and(Option::is_some) {
            return Decision::ByHand(format!(
                "the {what} is among the recorded ones, so that taking it away may break what depends on it; {} if it is not meant",
                M::DOES
            ));
        }
        let away = Decision::change(None, M::DOES);
        match wish.made(thing.created) {
            Some(true) => away,
            Some(false) => Decision::ByHand(format!(
                "the {what} is older than the event; {} if it is not meant",
                M::DOES
            )),
            // The service does not say when it was made: the event history must.
            None => away.once_confirmed(),
        }
    }

    fn writable(state: &Self::State) -> bool {
        state.is_none() || M::RESTORABLE
    }

    fn tell(state: &Self::State) -> String {
        let Some(thing) = state else {
            return format!("no {}", M::WHAT);
        };
        let detail: Vec<String> = thing
            .detail
            .iter()
            .map(|(key, value)| format!("{key} {value}"))
            .collect();
        format!("{} {}", M::WHAT, detail.join(", "))
            .trim_end()
            .to_owned()
    }
}

/// Declares sorts of things: a type for the facet's name, and the facet itself.
macro_rules! things {
    ($($(#[$doc:meta])* $facet:ident = $kind:literal, $what:literal, $does:literal, restorable $restorable:literal;)+) => {
        $(
            $(#[$doc])*
            pub type $facet = $crate::facets::made::Made<things::$facet>;
        )+

        /// The things' names, as types.
        pub mod things {
            $(
                #[doc = concat!("A thing of sort `", $kind, "`.")]
                #[derive(Debug)]
                pub struct $facet;

                impl $crate::facets::made::Make for $facet {
                    const KIND: &'static str = $kind;
                    const WHAT: &'static str = $what;
                    const DOES: &'static str = $does;
                    const RESTORABLE: bool = $restorable;
                }
            )+
        }
    };
}
pub(crate) use things;
