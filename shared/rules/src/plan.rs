//! What Auditward would do, as data: dry runs, cases, alerts and hands read the same plan.

use serde::{Deserialize, Serialize};

use crate::facet::{At, Facet, Step};
use crate::facets::trail;

/// Declares the enum over all facets and what can be asked of any of them.
macro_rules! plans {
    ($($variant:ident => $facet:ty,)+) => {
        /// One step of what would be done: a facet, a resource and a wish.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "kebab-case")]
        pub enum Plan {
            $(#[doc = concat!("A step on the facet [`", stringify!($facet), "`].")]
            $variant(Step<$facet>),)+
        }

        $(impl From<Step<$facet>> for Plan {
            fn from(step: Step<$facet>) -> Self {
                Self::$variant(step)
            }
        })+

        impl Plan {
            /// The names of all facets.
            pub const KINDS: &'static [&'static str] = &[$(<$facet as Facet>::KIND,)+];

            /// The facet's name.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$facet as Facet>::KIND,)+ }
            }

            /// The resource.
            pub fn at(&self) -> &At {
                match self { $(Self::$variant(step) => &step.at,)+ }
            }

            /// A recorded state of this facet, in few words for people.
            pub fn tell(&self, state: &serde_json::Value) -> String {
                match self { $(Self::$variant(_) => {
                    <$facet as Facet>::State::deserialize(state)
                        .map_or_else(|_| state.to_string(), |state| <$facet as Facet>::tell(&state))
                })+ }
            }
        }
    };
}

plans! {
    TrailLogging => trail::TrailLogging,
}
