//! What the case of an event left as it found it. Who finds the same state by
//! looking joins that case: people were told of it already.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use auditward_rules::plan::Plan;

use super::job::Job;
use super::{Pipeline, Turn};
use crate::case::{Case, Outcome, case_id};
use crate::failure::Failure;
use crate::keys;
use crate::store::{Expect, Put};

/// A state that a case left, kept by its facet and resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Left {
    /// The identifier of the case's event.
    pub event: String,
    /// The case's rule.
    pub rule: String,
    /// The case's resource.
    pub resource: String,
    /// The state, in short.
    state: String,
    /// The day: what is still so on the next one is told once more.
    day: String,
}

/// How long it is kept.
const KEPT: chrono::Duration = chrono::Duration::days(2);

/// A facet's state in so few letters that it fits into a name.
pub(super) fn fingerprint(plan: &Plan, live: &Value) -> String {
    let mut hash = Sha256::new();
    hash.update(plan.kind());
    hash.update(live.to_string());
    hash.finalize()
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl Job<'_> {
    /// Keeps which states this event's case leaves, should it leave any.
    pub(super) async fn note_left(&self) {
        let case = &self.case.value;
        let leaves = matches!(
            case.outcome,
            Outcome::WouldFix
                | Outcome::ByHand
                | Outcome::CannotTell
                | Outcome::Failed
                | Outcome::Waiting
        );
        if !leaves || !self.stored || matches!(self.turn, Turn::Drift | Turn::Asked) {
            return;
        }
        let now = self.pipeline.now;
        let left = |(plan, live): &(Plan, Value)| {
            let left = Left {
                event: case.event.id.clone(),
                rule: case.rule.clone(),
                resource: case.resource.clone(),
                state: fingerprint(plan, live),
                day: now.format("%Y-%m-%d").to_string(),
            };
            let key = keys::left(plan.kind(), plan.at());
            let put = Put::new(key, Expect::Anything, &left).ok()?;
            Some(put.until((now + KEPT).timestamp()))
        };
        let puts: Vec<Put> = self.left.iter().filter_map(left).collect();
        if !puts.is_empty() {
            // Should it not be kept, people are told once more by the next look.
            let _ = self.pipeline.store.put(&puts).await;
        }
    }
}

impl Pipeline<'_> {
    /// The case of an event that left exactly this state. `writes` says whether
    /// the state would be put right now: what could only be told before is then
    /// a case of its own.
    pub(super) async fn left_by(
        &self,
        plan: &Plan,
        live: &Value,
        writes: bool,
    ) -> Result<Option<Left>, Failure> {
        let key = keys::left(plan.kind(), plan.at());
        let Some(left) = self.document::<Left>(&key).await? else {
            return Ok(None);
        };
        let day = self.now.format("%Y-%m-%d").to_string();
        if left.day != day || left.state != fingerprint(plan, live) {
            return Ok(None);
        }
        let key = keys::case(&case_id(&left.event, &left.rule, &left.resource));
        let joins = self
            .document::<Case>(&key)
            .await?
            .is_some_and(|case| match case.outcome {
                Outcome::WouldFix | Outcome::ByHand | Outcome::CannotTell => !writes,
                Outcome::Open | Outcome::Failed | Outcome::Waiting => case.closed.is_none(),
                Outcome::Fixed | Outcome::AlreadySafe | Outcome::Attempt | Outcome::Undone => false,
            });
        Ok(joins.then_some(left))
    }
}
