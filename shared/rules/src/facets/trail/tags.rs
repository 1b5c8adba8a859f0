//! How a trail or an event data store is tagged: policies may depend on it.

use crate::facet::Standing;
use crate::facets::kept::{Keep, Kept, Texts, compare_texts, mend_texts, tell_texts};

/// The tags of a trail or an event data store. New ones can do no harm.
pub type TrailTags = Kept<Tags>;

/// Keeps [`TrailTags`].
#[derive(Debug)]
pub struct Tags;

/// The tags that are ours to set: AWS alone sets those with its own prefix, which
/// older records have all the same.
fn own(tags: &Texts) -> Texts {
    let own = tags.iter().filter(|(key, _)| !key.starts_with("aws:"));
    own.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

impl Keep for Tags {
    const KIND: &'static str = "trail-tags";
    const WHAT: &'static str = "set of tags";
    const OTHERWISE: &'static str = "tag it by hand as it was";
    /// By key; `None`: there is nothing to tag.
    type State = Option<Texts>;

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live, known) {
            (Some(live), Some(known)) => compare_texts(&own(live), &own(known)),
            (None, None) => Standing::Equal,
            // That there was nothing to tag says nothing about what is there since.
            (Some(_), None) => Standing::Stronger,
            (None, Some(_)) => Standing::Incomparable,
        }
    }

    fn mend(live: &Self::State, known: &Self::State) -> Self::State {
        match (live, known) {
            (Some(live), Some(known)) => Some(mend_texts(live, &own(known))),
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
