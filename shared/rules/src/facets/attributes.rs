//! Named attributes of a resource that are put back to what is recorded: those
//! of a topic, a subscription or a queue.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::facet::Standing;
use crate::facets::kept::{Texts, tell_texts};

/// The attributes that count, as they stand; `None`: there is no such resource.
/// One that is not set is left out.
pub type Attributes = Option<Texts>;

/// What is to be written to get from one state to the other: a value, or
/// nothing where an attribute is no longer set.
pub fn changes<'a>(from: &'a Attributes, to: &'a Attributes) -> BTreeMap<&'a str, &'a str> {
    let value = |of: &'a Attributes, name: &str| of.as_ref()?.get(name).map(String::as_str);
    let names = [from, to].into_iter().flatten().flat_map(BTreeMap::keys);
    names
        .map(|name| (name.as_str(), value(to, name).unwrap_or_default()))
        .filter(|(name, after)| !alike(value(from, name).unwrap_or_default(), after))
        .collect()
}

/// Whether two values mean the same: JSON whatever its spaces and order.
fn alike(one: &str, other: &str) -> bool {
    let json = |text: &str| serde_json::from_str::<Value>(text).ok();
    one == other || json(one).is_some_and(|one| json(other) == Some(one))
}

/// How attributes stand to known ones: any difference may be an attack.
pub fn compare(live: &Attributes, known: &Attributes) -> Standing {
    if live.is_some() == known.is_some() && changes(live, known).is_empty() {
        Standing::Equal
    } else {
        Standing::Incomparable
    }
}

/// In few words for people.
pub fn tell(what: &str, state: &Attributes) -> String {
    state.as_ref().map_or_else(
        || "nothing: it is gone".into(),
        |state| tell_texts(what, state),
    )
}

/// Declares sets of attributes that are kept: a type for the facet's name, and
/// the facet itself.
macro_rules! attributes {
    ($($(#[$doc:meta])* $facet:ident = $kind:literal, $what:literal, otherwise $otherwise:literal, names [$($name:literal),+ $(,)?];)+) => {
        $(
            $(#[$doc])*
            pub type $facet = $crate::facets::kept::Kept<attributes::$facet>;
        )+

        /// The sets' names, as types.
        pub mod attributes {
            use $crate::facet::Standing;
            use $crate::facets::attributes::{Attributes, compare, tell};
            use $crate::facets::kept::Keep;

            $(
                #[doc = concat!("The attributes `", $kind, "`.")]
                #[derive(Debug)]
                pub struct $facet;

                impl $facet {
                    /// The attributes that count.
                    pub const NAMES: &'static [&'static str] = &[$($name,)+];
                }

                impl Keep for $facet {
                    const KIND: &'static str = $kind;
                    const WHAT: &'static str = $what;
                    const OTHERWISE: &'static str = $otherwise;
                    type State = Attributes;

                    fn compare(live: &Attributes, known: &Attributes) -> Standing {
                        compare(live, known)
                    }

                    /// What is gone is not made again here.
                    fn mend(live: &Attributes, known: &Attributes) -> Attributes {
                        live.as_ref().and(known.clone())
                    }

                    fn writable(state: &Attributes) -> bool {
                        state.is_some()
                    }

                    fn tell(state: &Attributes) -> String {
                        tell("attributes", state)
                    }
                }
            )+
        }
    };
}
pub(crate) use attributes;
