//! Which insights a trail gives.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::GONE;
use crate::facet::{Decision, Facet, Scene, Standing};

/// The insights of a trail.
#[derive(Debug)]
pub struct TrailInsights;

/// What a plan asks of insights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InsightsWish {
    /// Those that are recorded.
    Recorded,
    /// Those that are recorded; where nothing is, at least one: the event took
    /// all of them away.
    Some,
}

/// Insight types, such as `ApiCallRateInsight`, each with the categories of
/// events (`Management`, `Data`) that it looks at.
type Insights = BTreeMap<String, BTreeSet<String>>;

/// Whether `have` gives every insight that `wanted` does.
fn covers(have: &Insights, wanted: &Insights) -> bool {
    wanted.iter().all(|(kind, categories)| {
        have.get(kind)
            .is_some_and(|known| known.is_superset(categories))
    })
}

impl Facet for TrailInsights {
    const KIND: &'static str = "trail-insights";
    /// The insights; `None`: there is no such trail.
    type State = Option<Insights>;
    type Wish = InsightsWish;

    fn decide(
        live: &Self::State,
        wish: &InsightsWish,
        baseline: Option<&Self::State>,
        _: Scene<'_>,
    ) -> Decision<Self::State> {
        let Some(live) = live else {
            return Decision::ByHand(GONE.into());
        };
        let Some(known) = baseline.and_then(Option::as_ref) else {
            return match wish {
                InsightsWish::Some if live.is_empty() => Decision::ByHand(
                    "all insights were switched off, and nothing records which were on; switch them on again".into(),
                ),
                _ => Decision::Safe,
            };
        };
        if covers(live, known) {
            return Decision::Safe;
        }
        let mut to = live.clone();
        for (kind, categories) in known {
            to.entry(kind.clone())
                .or_default()
                .extend(categories.iter().cloned());
        }
        Decision::evidence_on(Some(to), "switch the recorded insights on again")
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live, known) {
            (None, None) => Standing::Equal,
            (None, Some(_)) => Standing::Weaker,
            (Some(_), None) => Standing::Incomparable,
            (Some(live), Some(known)) => match (covers(live, known), covers(known, live)) {
                (true, true) => Standing::Equal,
                (true, false) => Standing::Stronger,
                (false, true) => Standing::Weaker,
                (false, false) => Standing::Incomparable,
            },
        }
    }

    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        match state {
            None => "no trail".into(),
            Some(insights) if insights.is_empty() => "no insights".into(),
            Some(insights) => insights
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(" and "),
        }
    }
}
