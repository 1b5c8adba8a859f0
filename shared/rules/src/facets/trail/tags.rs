//! How a trail or an event data store is tagged: policies may depend on it.

use crate::facet::Standing;
use crate::facets::kept::{Keep, Kept, Texts, compare_texts, mend_texts, tell_texts};

/// The tags of a trail or an event data store. New ones can do no harm.
pub type TrailTags = Kept<Tags>;

/// Keeps [`TrailTags`].
#[derive(Debug)]
pub struct Tags;

impl Keep for Tags {
    const KIND: &'static str = "trail-tags";
    const WHAT: &'static str = "set of tags";
    const OTHERWISE: &'static str = "tag it by hand as it was";
    /// By key; `None`: there is nothing to tag.
    type State = Option<Texts>;

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live, known) {
            (Some(live), Some(known)) => compare_texts(live, known),
            (live, known) if live == known => Standing::Equal,
            _ => Standing::Incomparable,
        }
    }

    fn mend(live: &Self::State, known: &Self::State) -> Self::State {
        match (live, known) {
            (Some(live), Some(known)) => Some(mend_texts(live, known)),
            // What is gone has no tags to put back.
            _ => None,
        }
    }

    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        state
            .as_ref()
            .map_or_else(|| "nothing to tag".into(), |tags| tell_texts("tags", tags))
    }
}
