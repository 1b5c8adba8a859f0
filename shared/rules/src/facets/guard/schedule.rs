//! Schedules of EventBridge Scheduler.

use serde::{Deserialize, Serialize};

use crate::facet::{Scene, Standing};
use crate::facets::kept::{Keep, Kept};

/// A schedule as a whole: `UpdateSchedule` replaces all of it.
pub type ScheduleDefinition = Kept<Schedules>;

/// Keeps [`ScheduleDefinition`].
#[derive(Debug)]
pub struct Schedules;

/// What a schedule says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Schedule {
    /// Whether it is on.
    pub enabled: bool,
    /// When it fires: `rate(1 minute)`.
    pub expression: String,
    /// In which time zone.
    pub timezone: Option<String>,
    /// Within how many minutes of then; `None`: exactly then.
    pub window: Option<i32>,
    /// What it is for.
    pub description: Option<String>,
    /// The key that encrypts its input.
    pub key: Option<String>,
    /// Whom it calls.
    pub target: String,
    /// The role that calls.
    pub role: String,
    /// What is handed over.
    pub input: Option<String>,
    /// Where calls go that failed every time.
    pub dead_letters: Option<String>,
    /// How often it is tried again.
    pub retries: Option<i32>,
    /// For how many seconds.
    pub age: Option<i32>,
    /// Whether it says more than this, which no hand writes: dates, or what
    /// only other services understand.
    pub more: bool,
}

impl Keep for Schedules {
    const KIND: &'static str = "schedule-definition";
    const WHAT: &'static str = "schedule";
    const OTHERWISE: &'static str = "deploy the stack again, or set it by hand as the stack does";
    const EVIDENCE: bool = true;
    /// `None`: there is no such schedule.
    type State = Option<Schedule>;

    /// What is there, switched on.
    fn usual(live: &Self::State, _: Scene<'_>) -> Option<Self::State> {
        let schedule = live.clone()?;
        Some(Some(Schedule {
            enabled: true,
            ..schedule
        }))
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live, known) {
            (live, known) if live == known => Standing::Equal,
            (None, Some(_)) => Standing::Weaker,
            (Some(live), Some(known)) => {
                let on = Schedule {
                    enabled: true,
                    ..live.clone()
                };
                if !live.enabled && on == *known {
                    Standing::Weaker
                } else {
                    Standing::Incomparable
                }
            }
            _ => Standing::Incomparable,
        }
    }

    /// A schedule is never deleted or switched off.
    fn writable(state: &Self::State) -> bool {
        state
            .as_ref()
            .is_some_and(|schedule| schedule.enabled && !schedule.more)
    }

    fn tell(state: &Self::State) -> String {
        let Some(schedule) = state else {
            return "no schedule".into();
        };
        let off = if schedule.enabled { "" } else { "disabled, " };
        format!("{off}{} for {}", schedule.expression, schedule.target)
    }
}
