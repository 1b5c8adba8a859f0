//! How an event data store is configured: how long it keeps which events, and
//! whether it can be deleted just like that.

use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene, Standing};
use crate::facets::trail::{AdvancedSelector, covers, covers_all};

/// How an event data store is configured.
#[derive(Debug)]
pub struct StoreConfig;

/// An event data store's configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreSettings {
    /// How many days it keeps events.
    pub retention_days: i32,
    /// Whether it must be unlocked before it can be deleted.
    pub termination_protection: bool,
    /// Whether it takes in the events of all regions.
    pub multi_region: bool,
    /// Whether it takes in the events of the whole organization.
    pub organization: bool,
    /// Which events it takes in: those that any of these selects.
    pub selectors: Vec<AdvancedSelector>,
}

/// A part of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreField {
    /// How many days it keeps events.
    Retention,
    /// Whether it must be unlocked before it can be deleted.
    TerminationProtection,
    /// Whether it takes in the events of all regions.
    MultiRegion,
    /// Whether it takes in the events of the whole organization.
    Organization,
    /// Which events it takes in.
    Selectors,
}

impl StoreField {
    /// Every part.
    pub const ALL: [Self; 5] = [
        Self::Retention,
        Self::TerminationProtection,
        Self::MultiRegion,
        Self::Organization,
        Self::Selectors,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Retention => "retention",
            Self::TerminationProtection => "termination protection",
            Self::MultiRegion => "all regions",
            Self::Organization => "whole organization",
            Self::Selectors => "selectors",
        }
    }

    /// How this part of one configuration stands to another's.
    fn compare(self, live: &StoreSettings, known: &StoreSettings) -> Standing {
        let order = |live: i64, known: i64| match live.cmp(&known) {
            std::cmp::Ordering::Less => Standing::Weaker,
            std::cmp::Ordering::Equal => Standing::Equal,
            std::cmp::Ordering::Greater => Standing::Stronger,
        };
        let on = |live: bool, known: bool| order(live.into(), known.into());
        match self {
            Self::Retention => order(live.retention_days.into(), known.retention_days.into()),
            Self::TerminationProtection => {
                on(live.termination_protection, known.termination_protection)
            }
            Self::MultiRegion => on(live.multi_region, known.multi_region),
            Self::Organization => on(live.organization, known.organization),
            Self::Selectors => match (
                covers_all(&live.selectors, &known.selectors),
                covers_all(&known.selectors, &live.selectors),
            ) {
                (true, true) => Standing::Equal,
                (true, false) => Standing::Stronger,
                (false, true) => Standing::Weaker,
                (false, false) => Standing::Incomparable,
            },
        }
    }

    /// Makes this part of `to` as strong as the known one.
    fn mend(self, to: &mut StoreSettings, known: &StoreSettings) {
        match self {
            Self::Retention => to.retention_days = known.retention_days,
            Self::TerminationProtection => to.termination_protection = true,
            Self::MultiRegion => to.multi_region = true,
            Self::Organization => to.organization = true,
            // What was added since stays.
            Self::Selectors => {
                let lost = missing(&known.selectors, &to.selectors);
                to.selectors.extend(lost);
            }
        }
    }
}

/// The selectors of one list that those of the other do not cover.
fn missing(of: &[AdvancedSelector], other: &[AdvancedSelector]) -> Vec<AdvancedSelector> {
    let lost = |one: &&AdvancedSelector| !covers(other, one);
    of.iter().filter(lost).cloned().collect()
}

/// What a plan asks of an event data store's configuration: that these parts
/// are as strong as they are known to have been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreWish {
    /// The parts that must hold.
    pub hold: Vec<StoreField>,
}

impl Facet for StoreConfig {
    const KIND: &'static str = "store-config";
    /// `None`: there is no such event data store.
    type State = Option<StoreSettings>;
    type Wish = StoreWish;

    fn decide(
        live: &Self::State,
        wish: &StoreWish,
        baseline: Option<&Self::State>,
        _: Scene<'_>,
    ) -> Decision<Self::State> {
        let Some(live) = live else {
            return Decision::ByHand(
                "there is no such event data store; create it again, or remove it from the settings"
                    .into(),
            );
        };
        let Some(known) = baseline.and_then(Option::as_ref) else {
            return without_baseline(live, wish);
        };
        let weaker: Vec<StoreField> = wish
            .hold
            .iter()
            .copied()
            .filter(|field| {
                !matches!(
                    field.compare(live, known),
                    Standing::Equal | Standing::Stronger
                )
            })
            .collect();
        if weaker.is_empty() {
            return Decision::Safe;
        }
        let mut to = live.clone();
        for field in &weaker {
            field.mend(&mut to, known);
        }
        let names: Vec<_> = weaker.iter().map(|field| field.name()).collect();
        Decision::change(
            Some(to),
            format!("put the recorded {} back", names.join(", ")),
        )
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        let (Some(live), Some(known)) = (live, known) else {
            return match (live, known) {
                (None, None) => Standing::Equal,
                _ => Standing::Incomparable,
            };
        };
        let all = StoreField::ALL.map(|field| field.compare(live, known));
        let has = |standing| all.contains(&standing);
        match (has(Standing::Stronger), has(Standing::Weaker)) {
            _ if has(Standing::Incomparable) => Standing::Incomparable,
            (false, false) => Standing::Equal,
            (true, false) => Standing::Stronger,
            (false, true) => Standing::Weaker,
            (true, true) => Standing::Incomparable,
        }
    }

    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        let Some(store) = state else {
            return "no event data store".into();
        };
        let on = |on: bool| if on { "on" } else { "off" };
        format!(
            "events kept for {} days, termination protection {}, all regions {}, whole organization {}, {} selectors",
            store.retention_days,
            on(store.termination_protection),
            on(store.multi_region),
            on(store.organization),
            store.selectors.len()
        )
    }
}

/// Only the protection against deletion has a constant safe state.
fn without_baseline(live: &StoreSettings, wish: &StoreWish) -> Decision<Option<StoreSettings>> {
    if wish
        .hold
        .iter()
        .any(|field| *field != StoreField::TerminationProtection)
    {
        return Decision::ByHand(
            "how the event data store was configured is not recorded; compare it with what it should be".into(),
        );
    }
    if live.termination_protection {
        return Decision::Safe;
    }
    let to = StoreSettings {
        termination_protection: true,
        ..live.clone()
    };
    Decision::change(Some(to), "protect the store against deletion")
}
