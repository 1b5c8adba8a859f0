//! What the tests of facets share.

use auditward_policy::Zone;
use chrono::{DateTime, Utc};
use proptest::test_runner::TestCaseError;

use crate::facet::{At, Change, Decision, Facet, Scene, Standing};
use crate::inventory::Inventory;
use crate::settings::Settings;

/// A scene that lives long enough to borrow from.
pub struct Stage {
    pub settings: Settings,
    pub inventory: Inventory,
    zone: Zone,
    pub at: At,
    /// When the baseline was recorded.
    pub recorded: Option<DateTime<Utc>>,
}

impl Stage {
    /// The scene of a resource of account 111111111111 in eu-west-1.
    pub fn of(arn: &str) -> Self {
        Self {
            settings: Settings::default(),
            inventory: Inventory::default(),
            zone: Zone::new(["111111111111", "222222222222"], Some("o-exampleorg1")),
            at: At::new("111111111111", "eu-west-1", arn),
            recorded: None,
        }
    }

    pub fn scene(&self) -> Scene<'_> {
        let now = DateTime::<Utc>::from_timestamp(1_790_000_000, 0).unwrap();
        Scene {
            now,
            recorded: self.recorded,
            settings: &self.settings,
            inventory: &self.inventory,
            zone: &self.zone,
            at: &self.at,
        }
    }
}

/// The change that was decided on.
pub fn changed<S: std::fmt::Debug>(decision: Decision<S>) -> Change<S> {
    match decision {
        Decision::Change(change) => change,
        other => panic!("expected a change, found {other:?}"),
    }
}

/// Deciding again on what a decision asks for says "safe"; a change never makes
/// anything weaker; every state and wish survives being stored; a state equals
/// itself.
pub fn keeps_the_law<F: Facet>(
    stage: &Stage,
    live: &F::State,
    wish: &F::Wish,
    baseline: Option<&F::State>,
) -> Result<(), TestCaseError> {
    keeps_it::<F>(stage, live, wish, baseline, |again| {
        *again == Decision::Safe
    })
}

/// The same, where what is sure is put right first, and what is left is told.
pub fn keeps_the_law_and_tells_the_rest<F: Facet>(
    stage: &Stage,
    live: &F::State,
    wish: &F::Wish,
    baseline: Option<&F::State>,
) -> Result<(), TestCaseError> {
    keeps_it::<F>(stage, live, wish, baseline, |again| {
        !matches!(again, Decision::Change(_))
    })
}

fn keeps_it<F: Facet>(
    stage: &Stage,
    live: &F::State,
    wish: &F::Wish,
    baseline: Option<&F::State>,
    is_settled: impl Fn(&Decision<F::State>) -> bool,
) -> Result<(), TestCaseError> {
    let stored = serde_json::from_str(&serde_json::to_string(live).unwrap()).unwrap();
    proptest::prop_assert_eq!(live, &stored);
    let stored = serde_json::from_value(serde_json::to_value(live).unwrap()).unwrap();
    proptest::prop_assert!(F::same(live, &stored) && F::same(live, live));
    proptest::prop_assert!(!F::tell(live).is_empty());
    let stored: F::Wish = serde_json::from_value(serde_json::to_value(wish).unwrap()).unwrap();
    proptest::prop_assert_eq!(wish, &stored);
    let Decision::Change(change) = F::decide(live, wish, baseline, stage.scene()) else {
        return Ok(());
    };
    let again = F::decide(&change.to, wish, baseline, stage.scene());
    proptest::prop_assert!(is_settled(&again), "{:?} after {:?}", again, change);
    proptest::prop_assert_ne!(
        F::compare(&change.to, live),
        Standing::Weaker,
        "{:?}",
        change
    );
    proptest::prop_assert!(!change.why.is_empty());
    Ok(())
}
