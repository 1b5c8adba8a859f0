//! Undo: what was there before comes back, by a named operator, with a reason.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::work::PROOF;
use super::{Answer, Pipeline, not_carried};
use crate::alert::Alert;
use crate::case::{Case, Outcome, Work};
use crate::failure::Failure;
use crate::guard::{Touch, Touched};
use crate::keys;
use crate::limits::Resource;
use crate::store::{Expect, Item, NotStored, Put};

use auditward_rules::plan::Plan;
use auditward_rules::registry;

/// An operator's wish to undo a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// The case.
    pub case: String,
    /// Why.
    pub reason: String,
}

/// A state that a person put back: it is accepted for a while, and only it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Restored {
    /// The state.
    pub state: Value,
    /// Who put it back, and why.
    pub by: String,
    /// Until when it is accepted.
    pub until: DateTime<Utc>,
}

/// How long a restored state is accepted.
const ACCEPTED: Duration = Duration::hours(24);

/// One step's way back.
struct Way<'a> {
    plan: &'a Plan,
    live: Value,
    before: &'a Value,
}

/// What an undo holds while it works, with the versions that it stored.
struct Held {
    version: u64,
    resources: Vec<(String, Resource, u64)>,
}

impl Pipeline<'_> {
    /// Undoes a case. `sender` is the unique ID of who sent the wish, as the
    /// queue vouches for it.
    pub async fn undo(&self, undo: &Undo, sender: &str) -> Answer {
        let mut answer = Answer::default();
        if let Err(failure) = self.try_undo(undo, sender, &mut answer).await {
            let text = format!(
                "Case {} was not undone: {}.\n\nAsked for by {sender}: {}",
                undo.case, failure.message, undo.reason
            );
            self.refused("undo", text, &failure, &mut answer).await;
        }
        answer
    }

    async fn try_undo(
        &self,
        undo: &Undo,
        sender: &str,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let refuse = |why: String| Failure::other("undo", why);
        let (known, operator) = self.operator("undo", sender).await?;
        if undo.reason.trim().is_empty() {
            return Err(refuse("an undo needs a reason".into()));
        }
        if let Some(why) = self.stands_still(&known) {
            return Err(refuse(why));
        }
        let key = keys::case(&undo.case);
        let items = self.store.get(std::slice::from_ref(&key)).await?;
        let Some(item) = items.get(&key) else {
            return Err(refuse(format!(
                "there is no case {}; see `auditward cases`",
                undo.case
            )));
        };
        let mut case = item.read::<Case>()?;
        if case.outcome == Outcome::Undone {
            answer.cases.push((case.id, case.outcome));
            return Ok(());
        }
        if case.lease > self.now {
            return Err(refuse(
                "the case is being worked on; try again in a minute".into(),
            ));
        }
        let by = format!("{operator} ({})", undo.reason);
        let written = case.steps.iter().filter(|work| work.is_written());
        let written: Vec<Work> = written.cloned().collect();
        if written.is_empty() {
            return Err(refuse(
                "nothing was written in this case, so there is nothing to undo".into(),
            ));
        }
        // All is looked at before anything is put back: half undone is worse than not.
        let mut ways = Vec::new();
        for work in written.iter().rev() {
            ways.extend(self.way_back(work).await?);
        }
        let mut held = Held {
            version: item.version,
            resources: Vec::new(),
        };
        self.hold(&mut case, &ways, &mut held).await?;
        let mut put_back = Ok(());
        // What was written last goes first.
        for (nth, way) in ways.iter().enumerate() {
            put_back = self.put_back(way, &case.id, &by).await;
            if let Err(failure) = &mut put_back {
                let behind = ways.get(..=nth).unwrap_or_default();
                self.turn_round(behind, failure, &case.id).await;
                break;
            }
        }
        case.lease = self.now;
        if let Err(failure) = put_back {
            // Should it not be let go of, the lease runs out.
            let _ = self.let_go(&case, held).await;
            return Err(failure);
        }
        // Also what an earlier try put back, whose word may have ended since.
        for work in &written {
            if let Some(before) = &work.before {
                let restored = Restored {
                    state: before.clone(),
                    by: by.clone(),
                    until: self.now + ACCEPTED,
                };
                self.accept_until(&work.plan, &restored, restored.until)
                    .await?;
            }
        }
        case.outcome = Outcome::Undone;
        case.because = format!(
            "put back by {by}, accepted until {}",
            (self.now + ACCEPTED).format("%Y-%m-%d %H:%M UTC")
        );
        case.undone = Some(by);
        case.told = Some((self.clock(), Outcome::Undone));
        self.outside
            .tell(&Alert::of(&case, registry::rule(&case.rule)))
            .await?;
        self.let_go(&case, held).await.map_err(not_stored)?;
        answer.metrics.count("Undone");
        answer.cases.push((case.id, case.outcome));
        Ok(())
    }

    /// The way back of one step: none where what was there before is there already;
    /// refused where that must never be, or what is live is not what we wrote.
    async fn way_back<'w>(&self, work: &'w Work) -> Result<Option<Way<'w>>, Failure> {
        let (Some(before), Some(to)) = (&work.before, &work.to) else {
            return Ok(None);
        };
        let plan = &work.plan;
        let (kind, resource) = (plan.kind(), &plan.at().resource);
        if !work.may_be_undone() {
            let before = plan.tell(before);
            let why = format!(
                "{kind} of {resource} was: {before}. Auditward never makes it so again; if it was meant, name an exception in auditward.toml and do it by hand"
            );
            return Err(Failure::other("undo", why));
        }
        let live = self.read(plan).await?;
        if plan.same(&live, before) {
            return Ok(None);
        }
        if !plan.same(&live, to) {
            let why = format!(
                "{resource} was changed since: it is now {}; put back by hand what is still wanted",
                plan.tell(&live)
            );
            return Err(Failure::other(kind, why));
        }
        Ok(Some(Way { plan, live, before }))
    }

    /// Takes the case and its resources, so that nobody writes them meanwhile.
    async fn hold(
        &self,
        case: &mut Case,
        ways: &[Way<'_>],
        held: &mut Held,
    ) -> Result<(), Failure> {
        case.lease = self.deadline;
        let mut keys: Vec<String> = ways
            .iter()
            .map(|way| keys::resource(way.plan.at()))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        let items = match keys.is_empty() {
            true => HashMap::new(),
            false => self.store.get(&keys).await?,
        };
        let mut puts = vec![self.case_put(case, held.version)?];
        for key in keys {
            let item = items.get(&key);
            let mut resource: Resource = item.map(Item::read).transpose()?.unwrap_or_default();
            if resource.held_by_other(&case.id, self.now) {
                let why = format!(
                    "case {} works on the same resource; try again in a minute",
                    resource.holder
                );
                return Err(Failure::other("undo", why));
            }
            resource.hold(&case.id, self.now, self.deadline);
            puts.push(Put::new(&key, Expect::from(item), &resource)?.until(self.case_expires()));
            let version = item.map_or(0, |item| item.version) + 1;
            held.resources.push((key, resource, version));
        }
        self.store.put(&puts).await.map_err(not_stored)?;
        held.version += 1;
        Ok(())
    }

    /// Stores how the case stands and lets go of what was held.
    async fn let_go(&self, case: &Case, held: Held) -> Result<(), NotStored> {
        let mut puts = vec![
            self.case_put(case, held.version)
                .map_err(NotStored::Failed)?,
        ];
        let now = self.clock();
        for (key, mut resource, version) in held.resources {
            resource.release(now);
            let put = Put::new(key, Expect::Version(version), &resource);
            puts.push(put.map_err(NotStored::Failed)?.until(self.case_expires()));
        }
        self.store.put(&puts).await
    }

    fn case_put(&self, case: &Case, version: u64) -> Result<Put, Failure> {
        let put = Put::new(keys::case(&case.id), Expect::Version(version), case)?;
        Ok(put
            .until(self.case_expires())
            .listed("case", case.opened.to_rfc3339()))
    }

    /// Puts one step's `before` back.
    async fn put_back(&self, way: &Way<'_>, case: &str, by: &str) -> Result<(), Failure> {
        let Way { plan, live, before } = way;
        let restored = Restored {
            state: (*before).clone(),
            by: by.to_owned(),
            until: self.now + ACCEPTED,
        };
        // The exception goes first: the write's own event must find it.
        self.accept_until(plan, &restored, restored.until).await?;
        let written = self.write_for(plan, (live, before), case).await;
        if let Err(failure) = written {
            // What was not put back is not accepted from anybody else either. Without
            // an answer it may yet be there, and the wish is tried again.
            let soon = match failure.answered() {
                true => Duration::seconds(-1),
                false => Duration::minutes(30),
            };
            self.accept_until(plan, &restored, self.now + soon).await?;
            return Err(failure);
        }
        self.prove_back(way).await
    }

    /// Until when a state that a person put back is accepted.
    async fn accept_until(
        &self,
        plan: &Plan,
        restored: &Restored,
        until: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let restored = Restored {
            until,
            ..restored.clone()
        };
        let key = keys::restored(plan.kind(), plan.at());
        let put = Put::new(key, Expect::Anything, &restored)?;
        let put = put.until(until.max(self.now).timestamp());
        self.store.put(&[put]).await.map_err(not_stored)
    }

    /// Writes one state in the place of another, and into the ledger that it did.
    async fn write_for(
        &self,
        plan: &Plan,
        (from, to): (&Value, &Value),
        case: &str,
    ) -> Result<(), Failure> {
        let touched = match self.guard.touch(plan, Touch::Write { from, to }) {
            Some(touched) => touched.await,
            None => Err(not_carried(plan, self.guard)),
        };
        let made = match &touched {
            Ok(Touched::Written(written)) => written.request_ids.as_slice(),
            Ok(Touched::Live(_)) => &[],
            // What came through before the call that failed is ours all the same.
            Err(failure) => failure.made.as_slice(),
        };
        let expires = self.case_expires();
        let ledger = |id: &String| {
            Put::new(keys::ledger(id), Expect::Anything, &case).map(|put| put.until(expires))
        };
        let ledger = made.iter().map(ledger).collect::<Result<Vec<_>, _>>()?;
        // The ledger must be there before the write's own event.
        if !ledger.is_empty() {
            self.store.put(&ledger).await.map_err(not_stored)?;
        }
        touched.map(drop)
    }

    /// Half undone is worse than not: what was put back before a step failed becomes
    /// safe again. The failure says what came of it.
    async fn turn_round(&self, ways: &[Way<'_>], failure: &mut Failure, case: &str) {
        let (mut turned, mut open) = (false, Vec::new());
        for way in ways.iter().rev() {
            match self.make_safe_again(way, case).await {
                Ok(was) => turned |= was,
                Err(why) => open.push(format!(
                    "{} of {} ({why})",
                    way.plan.kind(),
                    way.plan.at().resource
                )),
            }
        }
        let what = match (turned, open.is_empty()) {
            (false, true) => return,
            (true, true) => "what was put back before it is safe again".to_owned(),
            (_, false) => format!("STILL AS IT WAS BEFORE, and unsafe: {}", open.join(", ")),
        };
        failure.message = format!("{}; {what}", failure.message);
    }

    /// Whether a step had been put back, and is not any longer.
    async fn make_safe_again(&self, way: &Way<'_>, case: &str) -> Result<bool, Failure> {
        let Way { plan, live, before } = way;
        let now = self.read(plan).await?;
        if !plan.same(&now, before) {
            return Ok(false);
        }
        let restored = Restored {
            state: (*before).clone(),
            by: String::new(),
            until: self.now,
        };
        let over = self.now - Duration::seconds(1);
        self.accept_until(plan, &restored, over).await?;
        self.write_for(plan, (before, live), case).await?;
        Ok(true)
    }

    /// Reads again until what was put back is there, with the patience that IAM, S3
    /// and SQS take.
    async fn prove_back(&self, way: &Way<'_>) -> Result<(), Failure> {
        let mut pauses = PROOF.into_iter();
        loop {
            let live = self.read(way.plan).await?;
            if way.plan.same(&live, way.before) {
                return Ok(());
            }
            match pauses.next().filter(|pause| self.time_for(*pause)) {
                Some(pause) => self.outside.pause(pause).await,
                None => {
                    let why = format!("it was written, and reads as {}", way.plan.tell(&live));
                    return Err(Failure::other(way.plan.kind(), why));
                }
            }
        }
    }
}

fn not_stored(error: NotStored) -> Failure {
    match error {
        NotStored::Conflict => Failure::other(
            "store",
            "somebody else changed it in the same moment; try again",
        ),
        NotStored::Failed(failure) => failure,
    }
}
