//! How long a log group keeps its events.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene, Standing};

/// The facet of a log group's retention.
#[derive(Debug)]
pub struct LogGroupRetention;

/// How long events are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retention {
    /// So many days.
    Days(u32),
    /// They never expire.
    Forever,
}

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetentionWish {
    /// At least what the settings ask for. A shorter one that is recorded was
    /// accepted, and holds.
    Least,
    /// What is recorded; otherwise at least what the settings ask for. For a
    /// group that was made anew and keeps everything.
    Recorded,
}

/// The numbers of days that
/// [CloudWatch Logs takes](https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html).
const TAKEN: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

impl Retention {
    fn days(self) -> u32 {
        match self {
            Self::Days(days) => days,
            Self::Forever => u32::MAX,
        }
    }

    /// The shortest retention that keeps events for so many days.
    fn at_least(days: u32) -> Self {
        let taken = TAKEN.into_iter().find(|taken| *taken >= days);
        taken.map_or(Self::Forever, Self::Days)
    }
}

impl Facet for LogGroupRetention {
    const KIND: &'static str = "log-group-retention";
    type State = Retention;
    type Wish = RetentionWish;

    fn decide(
        live: &Retention,
        wish: &RetentionWish,
        baseline: Option<&Retention>,
        scene: Scene<'_>,
    ) -> Decision<Retention> {
        let asked = scene.settings.logs.keep_days;
        let floor = baseline.map_or(asked, |known| known.days().min(asked));
        let to = *baseline.unwrap_or(&Retention::at_least(asked));
        let exactly = *wish == RetentionWish::Recorded && baseline.is_some();
        if *live == to || (live.days() >= floor && !exactly) {
            return Decision::Safe;
        }
        let why = match baseline {
            Some(_) => "put the recorded retention back",
            None => "keep events as long as the settings ask",
        };
        if to.days() > live.days() {
            Decision::evidence_on(to, why)
        } else {
            Decision::change(to, why)
        }
    }

    fn compare(live: &Retention, known: &Retention) -> Standing {
        match live.days().cmp(&known.days()) {
            Ordering::Equal => Standing::Equal,
            Ordering::Greater => Standing::Stronger,
            Ordering::Less => Standing::Weaker,
        }
    }

    fn tell(state: &Retention) -> String {
        match state {
            Retention::Days(1) => "events kept for 1 day".into(),
            Retention::Days(days) => format!("events kept for {days} days"),
            Retention::Forever => "events kept for good".into(),
        }
    }
}
