//! What a function reads by itself: its event source mappings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene, Standing};

/// The event sources of a function. What it must read it reads; what it reads
/// besides is another matter, judged by itself.
#[derive(Debug)]
pub struct FunctionSources;

/// How a function reads a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Source {
    /// Whether it does.
    pub enabled: bool,
    /// How many messages at once at most.
    pub batch: Option<i32>,
    /// How many seconds to gather them.
    pub window: Option<i32>,
    /// How many of the function at most read it.
    pub concurrency: Option<i32>,
    /// What the function answers with.
    pub answers: Vec<String>,
    /// Which messages it is given; all of them where there are none.
    pub filters: Vec<String>,
}

/// What a plan asks of a function's sources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct SourcesWish {
    /// What the event itself shows of the source that was cut off, for want of
    /// a baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<Lost>,
}

/// A source that was cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// The source's ARN.
    pub source: String,
    /// How it was read.
    pub read: Source,
}

impl Facet for FunctionSources {
    const KIND: &'static str = "function-sources";
    /// By the source's ARN.
    type State = BTreeMap<String, Source>;
    type Wish = SourcesWish;

    fn decide(
        live: &Self::State,
        wish: &SourcesWish,
        baseline: Option<&Self::State>,
        _: Scene<'_>,
    ) -> Decision<Self::State> {
        let mut to = live.clone();
        match (baseline, &wish.lost) {
            (Some(known), _) => to.extend(known.clone()),
            (None, Some(Lost { source, read })) => {
                to.entry(source.clone())
                    .or_insert_with(|| read.clone())
                    .enabled = true;
            }
            (None, None) => {
                return Decision::ByHand(format!(
                    "what the function reads is not recorded; {}",
                    super::OTHERWISE
                ));
            }
        }
        if to == *live {
            Decision::Safe
        } else {
            Decision::evidence_on(to, "let the function read its sources again")
        }
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        let holds = |one: &Self::State, other: &Self::State| {
            other
                .iter()
                .all(|(source, read)| one.get(source) == Some(read))
        };
        match (holds(live, known), holds(known, live)) {
            (true, true) => Standing::Equal,
            (false, true) => Standing::Weaker,
            _ => Standing::Incomparable,
        }
    }

    /// A source is never cut off, not even to undo.
    fn writable(state: &Self::State) -> bool {
        !state.is_empty() && state.values().all(|read| read.enabled)
    }

    fn tell(state: &Self::State) -> String {
        let all: Vec<String> = state
            .iter()
            .map(|(source, read)| {
                let paused = if read.enabled { "" } else { " (disabled)" };
                format!("{source}{paused}")
            })
            .collect();
        if all.is_empty() {
            "reads nothing".into()
        } else {
            format!("reads {}", all.join(", "))
        }
    }
}
