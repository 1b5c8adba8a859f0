//! One step of a plan: read, decide, write, read again, decide again.

use std::time::Duration as Pause;

use chrono::Duration;
use serde_json::Value;

use auditward_rules::facet::{Change, Decision, Scene};
use auditward_rules::judge::Verdict;
use auditward_rules::plan::Plan;
use auditward_rules::registry;

use super::job::Job;
use super::learn::Baseline;
use super::undo::Restored;
use super::{Pipeline, Turn, not_carried};
use crate::case::Work;
use crate::failure::Failure;
use crate::guard::{Happened, Touch, Touched};
use crate::keys;
use crate::known::Known;
use crate::store::BoxFuture;

/// Why a plan went no further.
#[derive(Debug)]
pub(super) enum Stop {
    /// It may not be written, and would have been.
    Would(String),
    /// It must wait.
    Waiting(String),
    /// A person must do it.
    ByHand(String),
    /// The live state does not tell.
    CannotTell(String),
    /// A call failed, or a change did not hold.
    Failed(Failure),
    /// Somebody else works on it.
    Held(String),
    /// A person put exactly this state back, and it is accepted for a day.
    Excepted(String),
}

impl Stop {
    /// The reason in words.
    fn why(&self) -> String {
        match self {
            Self::Failed(failure) => failure.to_string(),
            Self::Would(why)
            | Self::Waiting(why)
            | Self::ByHand(why)
            | Self::CannotTell(why)
            | Self::Held(why)
            | Self::Excepted(why) => why.clone(),
        }
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Pauses before a first reading is believed that shows something else than the
/// event wrote: IAM, S3 and SQS answer with older states for a while.
const PATIENCE: [Pause; 3] = [
    Pause::from_millis(200),
    Pause::from_millis(800),
    Pause::from_secs(2),
];
/// Pauses before a change counts as not having held.
pub(super) const PROOF: [Pause; 4] = [
    Pause::from_millis(250),
    Pause::from_secs(1),
    Pause::from_secs(2),
    Pause::from_secs(4),
];
/// The rule about roles of which only a baseline says what is right.
const GUARD_ROLE: &str = "guard-role.changed";
/// Prerequisites of prerequisites of …
const DEEPEST: usize = 4;

impl Pipeline<'_> {
    /// Whether a pause leaves time to tell people before the deadline.
    pub(super) fn time_for(&self, pause: Pause) -> bool {
        let spare = Duration::seconds(8);
        let pause = Duration::from_std(pause).unwrap_or(spare);
        self.clock() + pause + spare < self.deadline
    }
}

impl Job<'_> {
    /// Makes a plan hold.
    pub(super) async fn ensure(&mut self, plan: &Plan) -> Result<(), Stop> {
        self.ensure_within(plan.clone(), 0).await
    }

    fn ensure_within(&mut self, plan: Plan, depth: usize) -> BoxFuture<'_, Result<(), Stop>> {
        Box::pin(async move {
            let evidence = plan.evidence();
            let whole = self.ensure_whole(plan, depth).await;
            let stopped = whole.as_ref().err().filter(|stop| self.goes_on(stop));
            if let Some(evidence) = evidence.filter(|_| stopped.is_some()) {
                let whole = std::mem::replace(&mut self.part, true);
                let alone = self.ensure_within(evidence, depth).await;
                self.part = whole;
                // The reason that stopped the whole is told.
                if let Err(stop) = alone {
                    self.try_again(stop);
                }
            }
            whole
        })
    }

    fn ensure_whole(&mut self, plan: Plan, depth: usize) -> BoxFuture<'_, Result<(), Stop>> {
        Box::pin(async move {
            if depth > DEEPEST {
                return Err(Stop::ByHand(
                    "its prerequisites go in a circle; this is a fault of Auditward's".into(),
                ));
            }
            let live = self.first_looks(&plan, depth).await?;
            match self.decide(&plan, &live)? {
                // That a part is safe says nothing about the whole.
                Decision::Safe if self.part => Ok(()),
                Decision::Safe => {
                    self.mark_done(&plan);
                    self.safe.push((plan, live));
                    Ok(())
                }
                Decision::ByHand(_) | Decision::CannotTell(_) if self.part => Ok(()),
                Decision::ByHand(why) => {
                    self.left.push((plan, live));
                    Err(Stop::ByHand(why))
                }
                Decision::CannotTell(why) => {
                    self.left.push((plan, live));
                    Err(Stop::CannotTell(why))
                }
                Decision::Change(change) => {
                    if let Some(why) = self.restored(&plan, &live) {
                        return Err(Stop::Excepted(why));
                    }
                    let left = (plan.clone(), live.clone());
                    let changed = self.change(plan, live, change, depth).await;
                    if changed.is_err() && !self.part {
                        self.left.push(left);
                    }
                    changed
                }
            }
        })
    }

    async fn change(
        &mut self,
        plan: Plan,
        live: Value,
        change: Change<Value>,
        depth: usize,
    ) -> Result<(), Stop> {
        if let Err(stop) = self.may_write(&plan, &change) {
            self.note_stopped(&stop, &plan, &live, &change);
            return Err(stop);
        }
        if change.confirm {
            self.confirmed().await?;
        }
        let mut lacking = None;
        for first in change.first.clone() {
            let what = (first.kind(), first.at().name().to_owned());
            let stop = match self.ensure_within(first, depth + 1).await {
                Ok(()) => continue,
                // A person wants what is in the way: what hangs on it is no less lost.
                Err(Stop::Excepted(why)) => {
                    Stop::ByHand(format!("it needs {} of {}, which is {why}", what.0, what.1))
                }
                Err(stop) => stop,
            };
            if !plan.is_checked() {
                return Err(stop);
            }
            lacking.get_or_insert(stop);
        }
        let counts = match self.intend(&plan, &live, &change).await {
            Ok(counts) => counts,
            Err(stop) => {
                self.note_stopped(&stop, &plan, &live, &change);
                return Err(stop);
            }
        };
        let touch = Touch::Write {
            from: &live,
            to: &change.to,
        };
        let touching = self
            .pipeline
            .guard
            .touch(&plan, touch)
            .ok_or_else(|| not_carried(&plan, self.pipeline.guard))?;
        match touching.await {
            Ok(Touched::Written(written)) => self.ledger.extend(written.request_ids),
            Ok(Touched::Live(_)) => {
                return Err(Failure::other(plan.kind(), "a write only read").into());
            }
            Err(mut failure) => {
                if let Some(stop) = lacking {
                    failure.message = format!("{}; before it: {}", failure.message, stop.why());
                    self.try_again(stop);
                }
                // What was called before the call that failed is ours all the same.
                self.wrote |= !failure.made.is_empty();
                self.ledger.extend(failure.made.iter().cloned());
                let now = self.after(&failure, &plan).await;
                let is = |state: &Value| now.as_ref().is_some_and(|now| plan.same(now, state));
                if failure.may_repeat() && is(&change.to) {
                    self.wrote = true;
                    return self.prove(plan, &change.to).await;
                }
                // A hand's write may be several calls, of which only a later one was
                // refused.
                if failure.made.is_empty() && is(&live) {
                    self.take_back(&plan, change.evidence_on, counts).await;
                }
                return Err(failure.into());
            }
        }
        self.wrote = true;
        self.prove(plan, &change.to).await
    }

    /// What was to be done, and was not: people are told of it.
    fn note_stopped(&mut self, stop: &Stop, plan: &Plan, live: &Value, change: &Change<Value>) {
        let told = matches!(stop, Stop::Would(_) | Stop::Waiting(_) | Stop::Failed(_));
        // What of it is evidence and done stays told, as what undo goes by.
        let work = self.case.value.work_on(plan);
        let done = work.is_some_and(|work| work.done && work.evidence_on);
        if told && !self.behind && !self.part && !done {
            self.note(plan, live, change);
        }
    }

    /// What is there after a write to which AWS said no. Without an answer the call
    /// may yet take effect, and nothing is sure.
    async fn after(&self, failure: &Failure, plan: &Plan) -> Option<Value> {
        if !failure.answered() {
            return None;
        }
        self.pipeline.read(plan).await.ok()
    }

    /// What is taken away must be what the event made: AWS's own history has to
    /// say that it happened. It lags behind by minutes, and the later turns ask again.
    async fn confirmed(&mut self) -> Result<(), Stop> {
        let case = &self.case.value;
        let happened = Happened {
            event_id: case.event.own_id.clone(),
            source: case.event.source.clone(),
            name: case.event.name.clone(),
            time: case.event.time.clone(),
            account: case.account.clone(),
            region: case.region.clone(),
        };
        if self.pipeline.guard.confirms(&happened).await? {
            return Ok(());
        }
        self.unconfirmed = true;
        let next = match self.history_is_late() {
            true => " yet; it is asked again",
            false => "; take it away by hand if it is not meant",
        };
        Err(Stop::CannotTell(format!(
            "nothing else proves that it was not there before, and the account's event history does not show the event{next}"
        )))
    }

    /// Reads again and decides again: the answer must be "already safe".
    async fn prove(&mut self, plan: Plan, to: &Value) -> Result<(), Stop> {
        let mut pauses = PROOF.into_iter();
        // Before its own event arrives the write must be in the ledger: side by
        // side with the reading, it takes no time.
        let (live, kept) =
            futures_util::future::join(self.pipeline.read(&plan), self.put_ledger()).await;
        if kept {
            self.ledger.clear();
        }
        let mut read = Some(live);
        loop {
            let live = match read.take() {
                Some(live) => live?,
                None => self.pipeline.read(&plan).await?,
            };
            let left = match self.decide(&plan, &live)? {
                Decision::Safe if self.part => {
                    self.mark_done(&plan);
                    self.is_left_as(&plan, &live);
                    return Ok(());
                }
                Decision::Safe => {
                    self.mark_done(&plan);
                    self.safe.push((plan, live));
                    return Ok(());
                }
                // What was sure is put right; what is left, a person must tell.
                Decision::CannotTell(why) if plan.same(&live, to) => {
                    self.mark_done(&plan);
                    return Err(Stop::CannotTell(why));
                }
                Decision::ByHand(why) if plan.same(&live, to) => {
                    self.mark_done(&plan);
                    return Err(Stop::ByHand(why));
                }
                Decision::Change(change) => format!(
                    "the change did not hold: {} is still to be done",
                    change.why
                ),
                Decision::ByHand(why) | Decision::CannotTell(why) => {
                    format!("the change did not hold: {why}")
                }
            };
            match pauses.next().filter(|pause| self.pipeline.time_for(*pause)) {
                Some(pause) => self.pipeline.outside.pause(pause).await,
                None => return Err(Failure::other(plan.kind(), left).into()),
            }
        }
    }

    /// The live state; of a prerequisite together with what is known about it,
    /// which nobody could ask for before.
    async fn first_looks(&mut self, plan: &Plan, depth: usize) -> Result<Value, Stop> {
        let mut own = self.finding.plan.iter();
        if depth == 0 || !self.stored || own.any(|own| own.is_about(plan)) {
            return self.first_reading(plan).await;
        }
        let keys = [
            keys::resource(plan.at()),
            keys::restored(plan.kind(), plan.at()),
        ];
        let store = self.pipeline.store;
        let (items, live) =
            futures_util::future::join(store.get(&keys), self.first_reading(plan)).await;
        match items {
            Ok(items) => self.items.extend(items),
            Err(_) => self.stored = false,
        }
        live
    }

    /// The live state, read with patience where it may be older than the event.
    async fn first_reading(&mut self, plan: &Plan) -> Result<Value, Stop> {
        let same = |(read, _): &(Plan, Result<Value, Failure>)| read.is_about(plan);
        let mut live = match self.live.take_if(|live| same(live)) {
            Some((_, live)) => live?,
            None => self.pipeline.read(plan).await?,
        };
        let Some(wrote) = plan
            .wrote()
            .filter(|_| self.turn == Turn::First && self.case.version.is_none())
        else {
            return Ok(live);
        };
        for pause in PATIENCE {
            let safe = matches!(self.decide(plan, &live)?, Decision::Safe);
            if !safe || plan.same(&live, &wrote) || !self.pipeline.time_for(pause) {
                break;
            }
            self.pipeline.outside.pause(pause).await;
            live = self.pipeline.read(plan).await?;
        }
        Ok(live)
    }

    fn decide(&self, plan: &Plan, live: &Value) -> Result<Decision<Value>, Stop> {
        let at = plan.at();
        let known = self.known;
        let zone = known.settings.zone(&at.account, &known.inventory);
        let item = self.items.get(&keys::baseline(plan.kind(), at));
        let baseline = Baseline::kept(item)?.filter(|baseline| !baseline.outdated);
        let scene = Scene {
            now: self.pipeline.clock(),
            recorded: baseline.as_ref().map(|baseline| baseline.at),
            settings: &known.settings,
            inventory: &known.inventory,
            zone: &zone,
            at,
        };
        let known = baseline.as_ref().map(|baseline| &baseline.state);
        let mut decision = plan.decide(live, known, scene);
        let unvouched = baseline.as_ref().is_some_and(|one| !one.confirmed);
        if unvouched && matches!(decision, Ok(Decision::Change(_))) && self.is_of_guard_role(plan) {
            // Who makes a role of such a name gives it the state that is seen first.
            let scene = Scene {
                recorded: None,
                ..scene
            };
            decision = plan.decide(live, None, scene);
        }
        decision
            .map_err(|error| Stop::CannotTell(format!("a recorded state cannot be read: {error}")))
    }

    fn is_of_guard_role(&self, plan: &Plan) -> bool {
        let Known {
            settings,
            inventory,
            ..
        } = self.known;
        registry::rule(GUARD_ROLE).is_some_and(|rule| rule.facets.contains(&plan.kind()))
            && settings.is_guard_role(&plan.at().resource, inventory)
    }

    /// A state that a person put back through undo is accepted for a while.
    pub(super) fn restored(&self, plan: &Plan, live: &Value) -> Option<String> {
        let item = self.items.get(&keys::restored(plan.kind(), plan.at()))?;
        let restored = item.read::<Restored>().ok()?;
        let holds = self.pipeline.now <= restored.until && plan.same(live, &restored.state);
        holds.then(|| {
            format!(
                "accepted until {}: put back by {}",
                restored.until, restored.by
            )
        })
    }

    /// Writes a step into the case: what is to be done, whether it may be or not.
    pub(super) fn note(&mut self, plan: &Plan, live: &Value, change: &Change<Value>) {
        let case = &mut self.case.value;
        if case.verdict == Verdict::CannotTell {
            case.verdict = Verdict::Violation;
        }
        if let Some(work) = case.work_on(plan) {
            work.to = Some(change.to.clone());
            work.why.clone_from(&change.why);
            work.done = false;
            work.evidence_on = change.evidence_on;
            return;
        }
        case.steps.push(Work {
            plan: plan.clone(),
            before: Some(live.clone()),
            to: Some(change.to.clone()),
            why: change.why.clone(),
            intended: None,
            done: false,
            evidence_on: change.evidence_on,
        });
    }

    /// What a part of a step wrote is what the whole leaves.
    fn is_left_as(&mut self, plan: &Plan, live: &Value) {
        let same = |left: &&mut (Plan, Value)| left.0.is_about(plan);
        for left in self.left.iter_mut().filter(same) {
            left.1.clone_from(live);
        }
    }

    /// A step that was intended is proven now, by whoever wrote it. What never was
    /// is somebody else's doing, and nothing of ours to undo.
    fn mark_done(&mut self, plan: &Plan) {
        if let Some(work) = self.case.value.work_on(plan) {
            work.done = work.intended.is_some();
        }
    }
}
