//! Facets that are on or off.

use std::fmt::Debug;
use std::marker::PhantomData;

use crate::facet::{Decision, Facet, Scene, Standing};

/// What distinguishes one switch from another: words, mostly.
pub trait Switch: Debug + Send + Sync + 'static {
    /// The facet's name in plans.
    const KIND: &'static str;
    /// The state in words: on, off, and without the resource.
    const WORDS: [&'static str; 3];
    /// What is done to switch it on, and off.
    const DOES: [&'static str; 2];
    /// What a person is to do where the resource is gone.
    const GONE: &'static str;
    /// Whether switching it on only brings evidence back and can harm nobody.
    /// Such a switch is never switched off, not even to undo.
    const EVIDENCE: bool;
}

/// The facet of a switch.
#[derive(Debug)]
pub struct OnOff<S>(PhantomData<S>);

impl<S: Switch> Facet for OnOff<S> {
    const KIND: &'static str = S::KIND;
    /// Whether it is on; `None`: there is no such resource.
    type State = Option<bool>;
    /// Whether it must be.
    type Wish = bool;

    fn decide(
        live: &Self::State,
        wish: &bool,
        _: Option<&Self::State>,
        _: Scene<'_>,
    ) -> Decision<Self::State> {
        match live {
            None => Decision::ByHand(S::GONE.into()),
            Some(on) if on == wish => Decision::Safe,
            Some(_) => {
                let [on, off] = S::DOES;
                match (*wish, S::EVIDENCE) {
                    (true, true) => Decision::evidence_on(Some(true), on),
                    (true, false) => Decision::change(Some(true), on),
                    (false, _) => Decision::change(Some(false), off),
                }
            }
        }
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live, known) {
            (live, known) if live == known => Standing::Equal,
            (Some(true), Some(false)) if S::EVIDENCE => Standing::Stronger,
            (Some(false), Some(true)) if S::EVIDENCE => Standing::Weaker,
            _ => Standing::Incomparable,
        }
    }

    fn writable(state: &Self::State) -> bool {
        match state {
            None => false,
            Some(on) => *on || !S::EVIDENCE,
        }
    }

    fn tell(state: &Self::State) -> String {
        let [on, off, gone] = S::WORDS;
        match state {
            None => gone,
            Some(true) => on,
            Some(false) => off,
        }
        .into()
    }
}

/// Declares switches: a type for the facet's name, and the facet itself.
macro_rules! switches {
    ($($(#[$doc:meta])* $facet:ident = $kind:literal [$on:literal, $off:literal, $none:literal]
        does [$switch_on:literal, $switch_off:literal] gone $gone:literal evidence $evidence:literal;)+) => {
        $(
            $(#[$doc])*
            pub type $facet = $crate::facets::switch::OnOff<kinds::$facet>;
        )+

        /// The switches' names, as types.
        pub mod kinds {
            $(
                #[doc = concat!("The switch `", $kind, "`.")]
                #[derive(Debug)]
                pub struct $facet;

                impl $crate::facets::switch::Switch for $facet {
                    const KIND: &'static str = $kind;
                    const WORDS: [&'static str; 3] = [$on, $off, $none];
                    const DOES: [&'static str; 2] = [$switch_on, $switch_off];
                    const GONE: &'static str = $gone;
                    const EVIDENCE: bool = $evidence;
                }
            )+
        }
    };
}
pub(crate) use switches;
