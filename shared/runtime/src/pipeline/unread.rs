//! What a look could not read: kept for people who ask where Auditward is blind.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use auditward_rules::plan::Plan;

use super::Pipeline;
use crate::failure::Failure;
use crate::keys;
use crate::store::{Expect, Put};

/// One thing that could not be read: whatever is done to it, a look is blind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Unseen {
    /// The account; empty where a look failed as a whole.
    pub account: String,
    /// The resource; empty where a look failed as a whole.
    pub resource: String,
    /// The facet; empty where a look failed as a whole.
    pub kind: String,
    /// Why not.
    pub why: String,
}

/// What a look could not read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Each thing.
    pub all: Vec<Unseen>,
    /// Until when that is news: the next look says it anew.
    pub until: DateTime<Utc>,
}

/// How long it is news that something could not be read. Sweeps are an hour apart.
const NEWS: Duration = Duration::hours(2);

impl Unseen {
    /// What failed as a whole.
    pub(super) fn all(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            ..Self::default()
        }
    }

    /// A facet of a resource.
    pub(super) fn of(plan: &Plan, failure: &Failure) -> Self {
        Self {
            account: plan.at().account.clone(),
            resource: plan.at().resource.clone(),
            kind: plan.kind().to_owned(),
            why: failure.to_string(),
        }
    }

    /// For people.
    pub(super) fn words(&self) -> String {
        match self.resource.as_str() {
            "" => self.why.clone(),
            resource => format!("{resource} ({}): {}", self.kind, self.why),
        }
    }
}

impl Pipeline<'_> {
    /// Keeps what could not be read: people who ask must hear of it also when it
    /// was told long ago.
    pub(super) async fn note_unread(&self, look: &str, all: Vec<Unseen>) {
        if all.is_empty() {
            return;
        }
        let until = self.now + NEWS;
        let key = keys::unread(self.guard.function(), look);
        if let Ok(put) = Put::new(key, Expect::Anything, &Unread { all, until }) {
            // That it is not kept is no reason to see less.
            let _ = self.store.put(&[put.until(until.timestamp())]).await;
        }
    }
}
