//! One step of a plan: read, decide, write, read again, decide again.

use std::time::Duration as Pause;

use chrono::Duration;
use serde_json::Value;

use auditward_rules::facet::{Change, Decision, Scene};
use auditward_rules::judge::Verdict;
use auditward_rules::plan::Plan;
use auditward_rules::settings::{Held, Mode};

use super::job::{Job, Kept, Standing, standing};
use super::learn::Baseline;
use super::undo::Restored;
use super::{Turn, not_carried};
use crate::case::{Case, Work};
use crate::failure::Failure;
use crate::guard::{Happened, Touch, Touched};
use crate::keys;
use crate::limits::{Fuse, Resource};
use crate::store::{BoxFuture, NotStored};

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
const PROOF: [Pause; 4] = [
    Pause::from_millis(250),
    Pause::from_secs(1),
    Pause::from_secs(2),
    Pause::from_secs(4),
];
/// Prerequisites of prerequisites of …
const DEEPEST: usize = 4;
/// How often a claim is tried when others change the same documents.
const CLAIMS: usize = 5;

impl Job<'_> {
    /// Makes a plan hold.
    pub(super) async fn ensure(&mut self, plan: &Plan) -> Result<(), Stop> {
        self.ensure_within(plan.clone(), 0).await
    }

    fn ensure_within(&mut self, plan: Plan, depth: usize) -> BoxFuture<'_, Result<(), Stop>> {
        Box::pin(async move {
            if depth > DEEPEST {
                return Err(Stop::ByHand(
                    "its prerequisites go in a circle; this is a fault of Auditward's".into(),
                ));
            }
            let live = self.first_reading(&plan).await?;
            match self.decide(&plan, &live)? {
                Decision::Safe => {
                    self.mark_done(&plan);
                    self.safe.push((plan, live));
                    Ok(())
                }
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
                    if changed.is_err() {
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
            if matches!(stop, Stop::Would(_) | Stop::Waiting(_)) {
                self.note(&plan, &live, &change);
            }
            return Err(stop);
        }
        if change.confirm {
            self.confirmed().await?;
        }
        for first in change.first.clone() {
            self.ensure_within(first, depth + 1).await?;
        }
        self.intend(&plan, &live, &change).await?;
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
            Err(failure) => {
                // What was called before the call that failed is ours all the same.
                self.wrote |= !failure.made.is_empty();
                self.ledger.extend(failure.made.iter().cloned());
                if failure.answered() && !self.wrote {
                    self.uncount(&plan);
                }
                return Err(failure.into());
            }
        }
        self.wrote = true;
        self.prove(plan, &change.to).await
    }

    /// What is taken away must be what the event made: AWS's own history has to
    /// say that it happened. It lags behind by minutes, and the later turns ask again.
    async fn confirmed(&self) -> Result<(), Stop> {
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
        Err(Stop::CannotTell(
            "nothing else proves that it was not there before, and the account's event history does not show the event yet; it is asked again".into(),
        ))
    }

    /// Reads again and decides again: the answer must be "already safe".
    async fn prove(&mut self, plan: Plan, to: &Value) -> Result<(), Stop> {
        let mut pauses = PROOF.into_iter();
        loop {
            let live = self.pipeline.read(&plan).await?;
            let left = match self.decide(&plan, &live)? {
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
                Decision::Change(change) => format!(
                    "the change did not hold: {} is still to be done",
                    change.why
                ),
                Decision::ByHand(why) | Decision::CannotTell(why) => {
                    format!("the change did not hold: {why}")
                }
            };
            match pauses.next().filter(|pause| self.time_for(*pause)) {
                Some(pause) => self.pipeline.outside.pause(pause).await,
                None => return Err(Failure::other(plan.kind(), left).into()),
            }
        }
    }

    /// The live state, read with patience where it may be older than the event.
    async fn first_reading(&mut self, plan: &Plan) -> Result<Value, Stop> {
        let same = |(read, _): &(Plan, Result<Value, Failure>)| {
            read.kind() == plan.kind() && read.at() == plan.at()
        };
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
            if !safe || plan.same(&live, &wrote) || !self.time_for(pause) {
                break;
            }
            self.pipeline.outside.pause(pause).await;
            live = self.pipeline.read(plan).await?;
        }
        Ok(live)
    }

    /// Whether a pause leaves time to tell people before the deadline.
    fn time_for(&self, pause: Pause) -> bool {
        let spare = Duration::seconds(8);
        let pause = Duration::from_std(pause).unwrap_or(spare);
        self.pipeline.clock() + pause + spare < self.pipeline.deadline
    }

    fn decide(&self, plan: &Plan, live: &Value) -> Result<Decision<Value>, Stop> {
        let at = plan.at();
        let zone = self.known.settings.zone(&at.account);
        let baseline = self
            .items
            .get(&keys::baseline(plan.kind(), at))
            .map(|item| item.read::<Baseline>());
        let baseline = baseline.transpose()?.filter(|baseline| !baseline.outdated);
        let scene = Scene {
            now: self.pipeline.now,
            recorded: baseline.as_ref().map(|baseline| baseline.at),
            settings: &self.known.settings,
            inventory: &self.known.inventory,
            zone: &zone,
            at,
        };
        let known = baseline.as_ref().map(|baseline| &baseline.state);
        plan.decide(live, known, scene)
            .map_err(|error| Stop::CannotTell(format!("a recorded state cannot be read: {error}")))
    }

    /// A state that a person put back through undo is accepted for a while.
    fn restored(&self, plan: &Plan, live: &Value) -> Option<String> {
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

    /// Rules of conduct 8, 11 and 12.
    fn may_write(&mut self, plan: &Plan, change: &Change<Value>) -> Result<(), Stop> {
        let evidence_on = change.evidence_on;
        if self.finding.mode != Mode::Enforce {
            return Err(Stop::Would(format!(
                "the mode is `{}`",
                self.finding.mode.name()
            )));
        }
        match &self.finding.held {
            Some(Held::NoSettings | Held::Unconfirmed) if evidence_on => {}
            Some(held) => return Err(Stop::Would(held.tell())),
            None => {}
        }
        if evidence_on {
            return self.load_resource(plan, true);
        }
        if !self.stored {
            return Err(Stop::Waiting(
                "the store does not answer, so nothing but evidence is switched on".into(),
            ));
        }
        if self.is_settling() {
            let seconds = self.known.settings.fuses.settle_seconds;
            return Err(Stop::Waiting(format!(
                "a deployment made it; it has {seconds} seconds to settle"
            )));
        }
        self.load_resource(plan, false)?;
        self.load_fuses(plan)
    }

    /// Whether a deployment's change still has time to settle.
    pub(super) fn is_settling(&self) -> bool {
        let settle = Duration::seconds(self.known.settings.fuses.settle_seconds.into());
        self.finding.settles && self.pipeline.now < self.case.value.opened + settle
    }

    fn load_resource(&mut self, plan: &Plan, evidence_on: bool) -> Result<(), Stop> {
        let key = keys::resource(plan.at());
        if !self.resources.contains_key(&key) {
            let item = self.items.get(&key);
            let value = item
                .map(|item| item.read::<Resource>())
                .transpose()?
                .unwrap_or_default();
            if value.held_by_other(&self.case.value.id, self.pipeline.now) {
                return Err(Stop::Held(format!(
                    "case {} works on {}",
                    value.holder,
                    plan.at().resource
                )));
            }
            if let Some(why) =
                value.flaps(&self.known.settings.breaker, evidence_on, self.pipeline.now)
            {
                return Err(Stop::Waiting(why));
            }
            self.resources.insert(
                key,
                Kept {
                    value,
                    version: item.map(|item| item.version),
                },
            );
        }
        Ok(())
    }

    fn load_fuses(&mut self, plan: &Plan) -> Result<(), Stop> {
        let fuses = &self.known.settings.fuses;
        let all = [
            (keys::FUSE.to_owned(), fuses.overall),
            (keys::fuse(self.finding.rule.id), fuses.per_rule),
        ];
        for (key, most) in all {
            let item = self.items.get(&key);
            let mut value = item
                .map(|item| item.read::<Fuse>())
                .transpose()?
                .unwrap_or_default();
            value
                .pass(&plan.at().resource, most, fuses, self.pipeline.now)
                .map_err(Stop::Waiting)?;
            self.fuses.insert(
                key,
                Kept {
                    value,
                    version: item.map(|item| item.version),
                },
            );
        }
        Ok(())
    }

    /// Claims the case and the resource and stores what is about to be written,
    /// before it is: a crash after the write must not lose the way back.
    async fn intend(
        &mut self,
        plan: &Plan,
        live: &Value,
        change: &Change<Value>,
    ) -> Result<(), Stop> {
        let key = keys::resource(plan.at());
        let (id, lease) = (self.case.value.id.clone(), self.pipeline.deadline);
        for attempt in 1.. {
            self.note(plan, live, change);
            if let Some(resource) = self.resources.get_mut(&key) {
                resource.value.hold(&id, lease);
                if !self.counted.contains(&key) {
                    resource
                        .value
                        .changed(&self.known.settings.breaker, self.pipeline.now);
                }
            }
            match self.commit().await {
                Ok(()) => break,
                Err(NotStored::Failed(_)) if change.evidence_on => {
                    // Rule of conduct 12: evidence is switched on without a store.
                    self.stored = false;
                    break;
                }
                Err(NotStored::Failed(failure)) => return Err(failure.into()),
                Err(NotStored::Conflict) if attempt < CLAIMS => self.reload(plan, change).await?,
                Err(NotStored::Conflict) => {
                    return Err(Stop::Held("others keep working on it".into()));
                }
            }
        }
        self.counted.insert(key);
        Ok(())
    }

    /// What AWS refused changed nothing: it is no change on the breaker's count, lest
    /// the retries of a throttled call end as flapping.
    fn uncount(&mut self, plan: &Plan) {
        let key = keys::resource(plan.at());
        if let Some(resource) = self.resources.get_mut(&key) {
            resource.value.changes.pop();
        }
        self.counted.remove(&key);
    }

    /// Claims a case that has nothing to write.
    pub(super) async fn claim(&mut self) -> Result<(), Stop> {
        match self.commit().await {
            Ok(()) => Ok(()),
            Err(NotStored::Conflict) => Err(Stop::Held("somebody else tells about it".into())),
            Err(NotStored::Failed(failure)) => Err(failure.into()),
        }
    }

    /// Somebody else changed one of the documents of a claim: read them again.
    async fn reload(&mut self, plan: &Plan, change: &Change<Value>) -> Result<(), Stop> {
        let case = keys::case(&self.case.value.id);
        let mut wanted = vec![case.clone()];
        wanted.extend(self.resources.keys().cloned());
        wanted.extend(self.fuses.keys().cloned());
        let fresh = self.pipeline.store.get(&wanted).await?;
        for key in wanted {
            match fresh.get(&key) {
                Some(item) => self.items.insert(key, item.clone()),
                None => self.items.remove(&key),
            };
        }
        let version = self.items.get(&case).map(|item| item.version);
        if version != self.case.version {
            let known = self
                .items
                .get(&case)
                .map(|item| item.read::<Case>())
                .transpose()?;
            // Who was faster works on it still, or has told people already.
            let free = |known: &Case| {
                let standing = standing(known, self.turn, self.pipeline.now);
                matches!(standing, Standing::Free)
            };
            if known.is_some_and(|known| !free(&known)) {
                return Err(Stop::Held(format!(
                    "case {} is being worked on",
                    self.case.value.id
                )));
            }
            self.case.version = version;
        }
        self.resources.clear();
        self.fuses.clear();
        self.may_write(plan, change)
    }

    /// Writes a step into the case. The first `before` wins: a retry that finds
    /// a half-changed state must not lose what was there at first.
    fn note(&mut self, plan: &Plan, live: &Value, change: &Change<Value>) {
        let case = &mut self.case.value;
        if case.verdict == Verdict::CannotTell {
            case.verdict = Verdict::Violation;
        }
        if let Some(work) = case.work_on(plan) {
            work.to = Some(change.to.clone());
            work.why.clone_from(&change.why);
            work.done = false;
            return;
        }
        case.steps.push(Work {
            plan: plan.clone(),
            before: Some(live.clone()),
            to: Some(change.to.clone()),
            why: change.why.clone(),
            done: false,
            evidence_on: change.evidence_on,
        });
    }

    /// A step that was intended is proven now, by whoever wrote it.
    fn mark_done(&mut self, plan: &Plan) {
        let would = !self.wrote && self.case.version.is_none();
        if let Some(work) = self.case.value.work_on(plan).filter(|_| !would) {
            work.done = true;
        }
    }
}
