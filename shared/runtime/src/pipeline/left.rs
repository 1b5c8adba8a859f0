//! What an event left as it found it, and by whom. Who finds the same state by
//! looking joins its case, as people were told of it already; and what held
//! Auditward back from the one who did it, or was accepted of him, holds as long.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use chrono::{DateTime, Duration, Utc};

use auditward_rules::actor::Actor;
use auditward_rules::judge::Judgement;
use auditward_rules::plan::Plan;
use auditward_rules::record::Record;
use auditward_rules::rule::Rule;

use super::drift::{DRIFT, Recorded};
use super::job::Job;
use super::{Answer, Pipeline};
use crate::case::{Case, Outcome, case_id};
use crate::failure::Failure;
use crate::keys;
use crate::store::{Expect, NotStored, Put};

/// A state that an event left, kept by its facet and resource.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Left {
    /// The identifier of the event.
    pub event: String,
    /// The rule that it was judged by.
    pub rule: String,
    /// The resource that its finding was about.
    pub resource: String,
    /// Who did it: looks are held to what the settings say of him.
    #[serde(default)]
    pub actor: Actor,
    /// Whether the change has to settle.
    #[serde(default)]
    pub settles: bool,
    /// The state.
    state: Value,
    /// The day: what is still so on the next one is told once more.
    day: String,
    /// Until when it is kept, unless it is seen once more.
    #[serde(default)]
    until: DateTime<Utc>,
}

/// How long it is kept behind the last look that saw it.
const KEPT: Duration = Duration::days(2);
/// How often it is tried to keep it while others do so too.
const TRIES: usize = 5;

impl Left {
    fn day(now: DateTime<Utc>) -> String {
        now.format("%Y-%m-%d").to_string()
    }

    /// Whether a look that sees it belongs to the event's case. `writes` says
    /// whether it would be put right now: what could only be told before is then a
    /// case of its own.
    pub fn joins(&self, case: &Case, writes: bool, now: DateTime<Utc>) -> bool {
        let open = match case.outcome {
            Outcome::WouldFix | Outcome::ByHand | Outcome::CannotTell => !writes,
            _ => case.closed.is_none(),
        };
        open && self.day == Self::day(now)
    }
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
        if !leaves || !self.stored || case.event.source == DRIFT {
            return;
        }
        let now = self.pipeline.now;
        let left = |(plan, live): &(Plan, Value)| {
            let left = Left {
                event: case.event.id.clone(),
                rule: case.rule.clone(),
                resource: case.resource.clone(),
                actor: case.actor.clone(),
                settles: self.finding.settles,
                state: live.clone(),
                day: Left::day(now),
                until: now + KEPT,
            };
            (keys::left(plan.kind(), plan.at()), left)
        };
        // Should it not be kept, people are told once more by the next look.
        let _ = self
            .pipeline
            .keep_left(self.left.iter().map(left).collect())
            .await;
    }
}

impl Pipeline<'_> {
    /// Keeps which states an accepted event left: by looking they are found with
    /// nothing that says whose they are.
    pub(super) async fn note_excepted(
        &self,
        judgement: &Judgement,
        record: &Record<'_>,
        answer: &mut Answer,
    ) {
        let mut all = Vec::new();
        for (rule, draft) in &judgement.excepted {
            for plan in &draft.plan {
                if rule.function != self.guard.function() {
                    continue;
                }
                // What the event wrote is accepted, and nothing that came after it.
                let state = match plan.wrote() {
                    Some(wrote) => Ok(wrote),
                    None => self.read(plan).await,
                };
                let state = match state {
                    Ok(state) => state,
                    Err(failure) => {
                        if failure.passes() {
                            answer.again(failure.to_string());
                        }
                        answer.notes.push(format!(
                            "the next look does not know of the exception: {failure}"
                        ));
                        continue;
                    }
                };
                let left = Left {
                    event: record.identifier().into_owned(),
                    rule: rule.id.to_owned(),
                    resource: draft.resource.clone(),
                    actor: Actor::of(record).clone(),
                    settles: false,
                    state,
                    day: Left::day(self.now),
                    until: self.now + KEPT,
                };
                all.push((keys::left(plan.kind(), plan.at()), left));
            }
        }
        if let Err(failure) = self.keep_left(all).await {
            answer.notes.push(format!(
                "the next look does not know of the exception: {failure}"
            ));
            answer.again(failure.to_string());
        }
    }

    /// Keeps states, the last ones of several about one facet.
    async fn keep_left(&self, mut all: Vec<(String, Left)>) -> Result<(), Failure> {
        all.reverse();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all.dedup_by(|one, other| one.0 == other.0);
        if all.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = all.iter().map(|(key, _)| key.clone()).collect();
        for _ in 0..TRIES {
            let items = self.store.get(&keys).await?;
            let puts = all.iter().map(|(key, left)| {
                let put = Put::new(key, Expect::from(items.get(key)), left)?;
                Ok(put.until(left.until.timestamp()))
            });
            let puts = puts.collect::<Result<Vec<_>, Failure>>()?;
            match self.store.put(&puts).await {
                Ok(()) => return Ok(()),
                Err(NotStored::Conflict) => {}
                Err(NotStored::Failed(failure)) => return Err(failure),
            }
        }
        Err(Failure::other("store", "others keep changing what is left"))
    }

    /// What an event left, where this is exactly that; with its case, where it has
    /// one. What was put right since, or undone, is nobody's any more.
    pub(super) async fn left_by(
        &self,
        plan: &Plan,
        live: &Value,
        recorded: &Recorded,
    ) -> Result<Option<(Left, Option<Case>)>, Failure> {
        let key = keys::left(plan.kind(), plan.at());
        let item = recorded.items.get(&key);
        let Some(left) = item.and_then(|item| item.read::<Left>().ok()) else {
            return Ok(None);
        };
        let same = *live == left.state || plan.same(live, &left.state);
        if !same || left.until < self.now {
            return Ok(None);
        }
        let case = keys::case(&case_id(&left.event, &left.rule, &left.resource));
        let case = self.document::<Case>(&case).await?;
        let over = case.as_ref().is_some_and(|case| {
            matches!(
                case.outcome,
                Outcome::Fixed | Outcome::AlreadySafe | Outcome::Attempt | Outcome::Undone
            )
        });
        if over {
            return Ok(None);
        }
        if left.until - self.now < KEPT - Duration::days(1) {
            let until = self.now + KEPT;
            let left = Left {
                until,
                ..left.clone()
            };
            let put = Put::new(key, Expect::from(item), &left)?;
            // Who was faster renewed it, or knows better.
            let _ = self.store.put(&[put.until(until.timestamp())]).await;
        }
        Ok(Some((left, case)))
    }

    /// What was seen right again is nobody's doing any more when it is off next.
    pub(super) async fn forget_left(&self, plan: &Plan, recorded: &Recorded) {
        let key = keys::left(plan.kind(), plan.at());
        let Some(item) = recorded.items.get(&key) else {
            return;
        };
        let left = item.read::<Left>().ok();
        if let Some(left) = left.filter(|left| left.until >= self.now) {
            let until = self.now - Duration::seconds(1);
            let left = Left { until, ..left };
            if let Ok(put) = Put::new(key, Expect::from(Some(item)), &left) {
                // An event that was faster has left something new.
                let _ = self.store.put(&[put.until(until.timestamp())]).await;
            }
        }
    }
}

/// The rule of a kept name.
pub(super) fn rule_of(left: &Left) -> Option<&'static Rule> {
    auditward_rules::registry::rule(&left.rule)
}
