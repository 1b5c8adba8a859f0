//! Whose doing a drift is, as far as that is known, and which case it belongs to.

use serde_json::Value;
use sha2::{Digest, Sha256};

use auditward_rules::actor::Actor;
use auditward_rules::plan::Plan;
use auditward_rules::registry;
use auditward_rules::rule::Rule;

use super::drift::{Recorded, Word};
use super::job::{Standing, standing};
use super::left::{Left, rule_of};
use super::{Pipeline, Turn};
use crate::case::{Case, Outcome, case_id};
use crate::failure::Failure;
use crate::keys;
use crate::store::Item;

/// Whose doing a drift is, and by which rule it is judged.
pub(super) struct Cause {
    pub rule: &'static Rule,
    /// Nobody, where no event told of it.
    pub actor: Actor,
    /// What an event left, with its case; accepted events have none.
    pub left: Option<(Left, Option<Case>)>,
}

/// The case that a drift belongs to.
pub(super) struct Belongs {
    pub rule: &'static Rule,
    pub event: String,
    pub resource: String,
    /// Whether nothing was put right in it yet.
    pub first: bool,
    /// Whether there is such a case already.
    pub known: bool,
    /// Whether people were told how it stands.
    pub told: bool,
    /// As what the case is worked on: what flaps all day is one case an hour that
    /// stays open.
    pub turn: Turn,
}

/// How many cases one drift may have in a day, each after the one before was put
/// right. Further ones fold into one an hour.
const MOST: u32 = 48;
/// How many of them are looked for at a time: mostly it is the first.
const AT_ONCE: usize = 8;

/// A facet's state in so few letters that it fits into a name.
fn fingerprint(plan: &Plan, live: &Value) -> String {
    let mut hash = Sha256::new();
    hash.update(plan.kind());
    hash.update(live.to_string());
    hash.finalize()
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn told(case: &Case) -> bool {
    case.told
        .is_some_and(|(_, outcome)| outcome == case.outcome)
}

impl Cause {
    /// No event told of it.
    pub fn nobody(rule: &'static Rule) -> Self {
        Self {
            rule,
            actor: Actor::default(),
            left: None,
        }
    }

    /// The resource that the finding is about.
    pub fn resource<'a>(&'a self, plan: &'a Plan) -> &'a str {
        let left = self.left.as_ref().map(|(left, _)| left.resource.as_str());
        left.unwrap_or(&plan.at().resource)
    }

    fn belongs(&self, plan: &Plan, event: String) -> Belongs {
        Belongs {
            rule: self.rule,
            event,
            resource: self.resource(plan).to_owned(),
            first: true,
            known: false,
            told: false,
            turn: Turn::Drift,
        }
    }
}

impl Pipeline<'_> {
    /// Whose doing a state is. What an event left is judged as the event was.
    pub(super) async fn cause(
        &self,
        plan: &Plan,
        live: &Value,
        recorded: &Recorded,
    ) -> Result<Option<Cause>, Failure> {
        let left = match recorded.stored {
            true => self.left_by(plan, live, recorded).await?,
            false => None,
        };
        if let Some((left, case)) = left
            && let Some(rule) = rule_of(&left)
        {
            return Ok(Some(Cause {
                rule,
                actor: left.actor.clone(),
                left: Some((left, case)),
            }));
        }
        Ok(self.rule_about(plan).map(Cause::nobody))
    }

    /// The case that an earlier look began with a facet, and that is not ended.
    pub(super) async fn begun(
        &self,
        plan: &Plan,
        recorded: &Recorded,
    ) -> Result<Option<Belongs>, Failure> {
        let Some(begun) = recorded.unfinished.begun(plan) else {
            return Ok(None);
        };
        let key = keys::case(&case_id(&begun.event, &begun.rule, &begun.resource));
        let case = self.document::<Case>(&key).await?;
        let Some(case) = case.filter(|case| {
            let standing = standing(case, Turn::Drift, self.now);
            !matches!(standing, Standing::Settled)
        }) else {
            return Ok(None);
        };
        Ok(registry::rule(&begun.rule).map(|rule| Belongs {
            rule,
            event: begun.event.clone(),
            resource: begun.resource.clone(),
            first: false,
            known: true,
            told: told(&case),
            turn: Turn::Drift,
        }))
    }

    /// Which case a drift belongs to: that of the event which left this state;
    /// else the same for the same state on one day, until it was put right, and
    /// then another one.
    pub(super) async fn belonging(
        &self,
        cause: &Cause,
        plan: &Plan,
        live: &Value,
        writes: bool,
        word: Word,
    ) -> Result<Belongs, Failure> {
        if word == Word::Operator {
            // What an operator asks for is a case of its own.
            let event = format!("fix-{}", self.now.to_rfc3339());
            return Ok(Belongs {
                turn: Turn::Asked,
                ..cause.belongs(plan, event)
            });
        }
        if let Some((left, Some(case))) = &cause.left
            && left.joins(case, writes, self.now)
        {
            return Ok(Belongs {
                known: true,
                told: told(case),
                ..cause.belongs(plan, left.event.clone())
            });
        }
        let id = |event: &str| case_id(event, cause.rule.id, cause.resource(plan));
        let state = fingerprint(plan, live);
        let day = self.now.format("%Y-%m-%d");
        let mut events: Vec<String> = (0..MOST)
            .map(|nth| format!("drift-{state}-{day}-{nth}"))
            .collect();
        let hourly = format!("drift-{state}-{}", self.now.format("%Y-%m-%dT%H"));
        events.push(hourly.clone());
        let over = |case: &Case| match case.outcome {
            Outcome::Fixed | Outcome::AlreadySafe | Outcome::Undone => true,
            // What could only be told before is put right in a case of its own.
            Outcome::WouldFix | Outcome::ByHand | Outcome::CannotTell => writes,
            Outcome::Open | Outcome::Failed | Outcome::Waiting | Outcome::Attempt => false,
        };
        for some in events.chunks(AT_ONCE) {
            let keys: Vec<String> = some.iter().map(|event| keys::case(&id(event))).collect();
            let items = self.store.get(&keys).await?;
            for (event, key) in some.iter().zip(&keys) {
                let case = items.get(key).map(Item::read::<Case>).transpose()?;
                if case.as_ref().is_some_and(over) && *event != hourly {
                    continue;
                }
                return Ok(Belongs {
                    first: Some(event) == events.first(),
                    known: case.is_some(),
                    told: case.as_ref().is_some_and(told),
                    turn: match *event == hourly {
                        true => Turn::Again { last: false },
                        false => Turn::Drift,
                    },
                    ..cause.belongs(plan, event.clone())
                });
            }
        }
        Ok(cause.belongs(plan, hourly))
    }

    /// The case of a drift of which nothing can be stored.
    pub(super) fn unstored(&self, cause: &Cause, plan: &Plan, live: &Value) -> Belongs {
        let state = fingerprint(plan, live);
        let minute = self.now.format("%Y-%m-%dT%H:%M");
        cause.belongs(plan, format!("drift-{state}-{minute}"))
    }
}
