//! How long new objects of a bucket are locked.

use serde::{Deserialize, Serialize};

use crate::facet::{Scene, Standing};
use crate::facets::kept::{Keep, Kept};

/// The default retention of a bucket with object lock.
pub type BucketObjectLock = Kept<DefaultRetention>;

/// Keeps [`BucketObjectLock`].
#[derive(Debug)]
pub struct DefaultRetention;

/// How long new objects are locked; not at all where there is no mode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct ObjectLock {
    /// `COMPLIANCE`, which nobody can lift, or `GOVERNANCE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// For so many days …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<i32>,
    /// … or years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub years: Option<i32>,
    /// For so many days after an event, beside the retention …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_days: Option<i32>,
    /// … or years.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_years: Option<i32>,
}

impl ObjectLock {
    /// How hard the lock is, and for how many days.
    fn strength(&self) -> (u8, i64) {
        let mode = match self.mode.as_deref() {
            None => return (0, 0),
            Some("COMPLIANCE") => 2,
            Some(_) => 1,
        };
        let years = i64::from(self.years.unwrap_or(0));
        (mode, i64::from(self.days.unwrap_or(0)) + years * 365)
    }

    /// Whether it locks for as long as logs must be kept, and nobody can lift it.
    pub fn keeps(&self, days: u32) -> bool {
        self.strength().0 == 2 && self.is_long(days)
    }

    /// Whether it locks for as long as logs must be kept.
    pub fn is_long(&self, days: u32) -> bool {
        self.strength().1 >= i64::from(days)
    }
}

impl Keep for DefaultRetention {
    const KIND: &'static str = "bucket-object-lock";
    const WHAT: &'static str = "bucket's default retention";
    const OTHERWISE: &'static str = "set it again unless that is meant";
    const FIRST_WILL_DO: bool = true;
    /// `None`: the bucket has no object lock.
    type State = Option<ObjectLock>;

    /// What locks for as long as the settings ask is good enough.
    fn usual(live: &Self::State, scene: Scene<'_>) -> Option<Self::State> {
        let keep_days = scene.settings.logs.keep_days;
        let enough = live.as_ref().is_some_and(|lock| lock.keeps(keep_days));
        enough.then(|| live.clone())
    }

    /// Never stronger: a lock for a century is an attack, too.
    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        let strength = |state: &Self::State| state.clone().unwrap_or_default().strength();
        let (live, known) = (strength(live), strength(known));
        if live == known {
            Standing::Equal
        } else if live.0 <= known.0 && live.1 <= known.1 {
            Standing::Weaker
        } else {
            Standing::Incomparable
        }
    }

    /// A lock is only ever hardened and lengthened.
    fn mend(live: &Self::State, known: &Self::State) -> Self::State {
        let (Some(on), Some(recorded)) = (live, known) else {
            return live.clone().or_else(|| known.clone());
        };
        let ((mode, days), (known_mode, known_days)) = (on.strength(), recorded.strength());
        let harder = if mode >= known_mode { on } else { recorded };
        let longer = if days >= known_days { on } else { recorded };
        let held = [on, recorded]
            .into_iter()
            .find(|lock| lock.hold_days.or(lock.hold_years).is_some());
        Some(ObjectLock {
            mode: harder.mode.clone(),
            hold_days: held.and_then(|lock| lock.hold_days),
            hold_years: held.and_then(|lock| lock.hold_years),
            ..longer.clone()
        })
    }

    /// Object lock itself is never switched off again.
    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        let Some(lock) = state else {
            return "no object lock".into();
        };
        let Some(mode) = &lock.mode else {
            return "object lock without default retention".into();
        };
        let (count, unit) = match (lock.years, lock.days) {
            (Some(years), _) => (years, "years"),
            (None, days) => (days.unwrap_or(0), "days"),
        };
        format!("object lock {mode} for {count} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facet::{Decision, Facet};
    use crate::facets::bucket::law::{changed, keeps_the_law, stage};
    use crate::facets::kept::AsRecorded;
    use proptest::prelude::*;

    fn lock(mode: &str, days: Option<i32>, years: Option<i32>) -> ObjectLock {
        ObjectLock {
            mode: Some(mode.into()),
            days,
            years,
            ..ObjectLock::default()
        }
    }

    fn any_state() -> impl Strategy<Value = Option<ObjectLock>> {
        let mode = prop::sample::select(vec!["COMPLIANCE", "GOVERNANCE"]);
        let time = prop::sample::select(vec![
            (Some(30), None),
            (Some(365), None),
            (None, Some(1)),
            (None, Some(10)),
        ]);
        let some = prop_oneof![
            Just(ObjectLock::default()),
            (mode, time).prop_map(|(mode, (days, years))| lock(mode, days, years)),
        ];
        proptest::option::of(some)
    }

    proptest! {
        #[test]
        fn retention_keeps_the_law(
            live in any_state(), baseline in proptest::option::of(any_state()),
        ) {
            for wish in [AsRecorded::Baseline, AsRecorded::Lost] {
                keeps_the_law::<BucketObjectLock>(&live, &wish, baseline.as_ref())?;
            }
        }
    }

    #[test]
    fn a_lock_is_never_shortened_to_harden_it() {
        let stage = stage();
        let live = Some(lock("GOVERNANCE", None, Some(10)));
        let known = Some(lock("COMPLIANCE", Some(400), None));
        let wish = AsRecorded::Baseline;
        let decide = |live| BucketObjectLock::decide(live, &wish, Some(&known), stage.scene());
        let change = changed(decide(&live));
        assert_eq!(change.to, Some(lock("COMPLIANCE", None, Some(10))));
        assert_eq!(decide(&change.to), Decision::Safe, "stronger stays");
    }

    #[test]
    fn a_bucket_without_a_lock_is_told_of_only_where_it_lost_one() {
        let stage = stage();
        let decide = |wish| BucketObjectLock::decide(&None, &wish, None, stage.scene());
        assert_eq!(decide(AsRecorded::Baseline), Decision::Safe);
        assert!(matches!(decide(AsRecorded::Lost), Decision::ByHand(_)));
    }
}
