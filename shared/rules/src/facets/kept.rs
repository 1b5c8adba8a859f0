//! Facets that are put back to what is recorded.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene, Standing};

/// What is wished for: the state that is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AsRecorded {
    /// As it was recorded.
    Baseline,
    /// As it was recorded; where nothing is, as it is.
    IfKnown,
    /// The same, where the event may have taken something away: what is there
    /// now is not good only because nothing is recorded.
    Lost,
}

/// What distinguishes one recorded side of a resource from another.
pub trait Keep: Debug + Send + Sync + 'static {
    /// The facet's name in plans.
    const KIND: &'static str;
    /// What is kept, in words: `retention of the log group`.
    const WHAT: &'static str;
    /// What a person is to do where nothing is recorded.
    const OTHERWISE: &'static str;
    /// Whether putting it back only brings evidence back and can harm nobody.
    const EVIDENCE: bool = false;
    /// Whether the first state that is seen will do until somebody approves
    /// another: many do well without this side of a resource.
    const FIRST_WILL_DO: bool = false;
    /// A state. Absence is one.
    type State: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync;

    /// What it is put back to where nothing is recorded; `None`: a person must
    /// tell. Where `live` itself is good enough it is the answer.
    fn usual(_live: &Self::State, _scene: Scene<'_>) -> Option<Self::State> {
        None
    }

    /// How one state stands to another. `Equal` and `Stronger` states stay.
    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        if live == known {
            Standing::Equal
        } else {
            Standing::Incomparable
        }
    }

    /// The nearest state to `live` that is as good as the known one.
    fn mend(_live: &Self::State, known: &Self::State) -> Self::State {
        known.clone()
    }

    /// Whether a state can be written at all.
    fn writable(_state: &Self::State) -> bool {
        true
    }

    /// A state in few words for people.
    fn tell(state: &Self::State) -> String;
}

/// The facet of what is kept.
#[derive(Debug)]
pub struct Kept<K>(PhantomData<K>);

impl<K: Keep> Facet for Kept<K> {
    const KIND: &'static str = K::KIND;
    type State = K::State;
    type Wish = AsRecorded;

    fn decide(
        live: &K::State,
        wish: &AsRecorded,
        baseline: Option<&K::State>,
        scene: Scene<'_>,
    ) -> Decision<K::State> {
        if baseline.is_none() && K::FIRST_WILL_DO && *wish == AsRecorded::Baseline {
            return Decision::Safe;
        }
        let usual = match baseline {
            Some(_) => None,
            None => K::usual(live, scene),
        };
        let Some(known) = baseline.or(usual.as_ref()) else {
            if *wish == AsRecorded::IfKnown {
                return Decision::Safe;
            }
            return Decision::ByHand(format!("the {} is not recorded; {}", K::WHAT, K::OTHERWISE));
        };
        if matches!(
            K::compare(live, known),
            Standing::Equal | Standing::Stronger
        ) {
            return Decision::Safe;
        }
        let to = K::mend(live, known);
        if K::compare(live, &to) == Standing::Equal {
            return Decision::Safe;
        }
        if !K::writable(&to) {
            return Decision::ByHand(format!(
                "the {} was {} before; {}",
                K::WHAT,
                K::tell(known),
                K::OTHERWISE
            ));
        }
        let source = if baseline.is_some() {
            "recorded"
        } else {
            "safe"
        };
        let why = format!("put the {source} {} back", K::WHAT);
        if K::EVIDENCE {
            Decision::evidence_on(to, why)
        } else {
            Decision::change(to, why)
        }
    }

    fn compare(live: &K::State, known: &K::State) -> Standing {
        K::compare(live, known)
    }

    fn writable(state: &K::State) -> bool {
        K::writable(state)
    }

    fn tell(state: &K::State) -> String {
        K::tell(state)
    }
}

/// How what may be absent stands to what is known where it counts as a whole:
/// none is weaker, and anything else may be worse.
pub fn compare_whole<T: PartialEq>(live: &Option<T>, known: &Option<T>) -> Standing {
    match (live, known) {
        (live, known) if live == known => Standing::Equal,
        (None, Some(_)) => Standing::Weaker,
        _ => Standing::Incomparable,
    }
}

/// Named texts: tags, attributes, members.
pub type Texts = BTreeMap<String, String>;

/// How named texts stand to known ones where every text counts, and new ones
/// can do no harm.
pub fn compare_texts<V: PartialEq>(
    live: &BTreeMap<String, V>,
    known: &BTreeMap<String, V>,
) -> Standing {
    let holds = |one: &BTreeMap<String, V>, other: &BTreeMap<String, V>| {
        other.iter().all(|(key, value)| one.get(key) == Some(value))
    };
    match (holds(live, known), holds(known, live)) {
        (true, true) => Standing::Equal,
        (true, false) => Standing::Stronger,
        (false, true) => Standing::Weaker,
        (false, false) => Standing::Incomparable,
    }
}

/// The live texts with every known one in its place.
pub fn mend_texts<V: Clone>(
    live: &BTreeMap<String, V>,
    known: &BTreeMap<String, V>,
) -> BTreeMap<String, V> {
    let known = known
        .iter()
        .map(|(key, value)| (key.clone(), value.clone()));
    live.clone().into_iter().chain(known).collect()
}

/// Named texts in few words.
pub fn tell_texts(what: &str, state: &Texts) -> String {
    let all: Vec<String> = state
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if all.is_empty() {
        format!("no {what}")
    } else {
        format!("{what} {}", all.join(", "))
    }
}
