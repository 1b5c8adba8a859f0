//! Whether a step may be written, and the claim that says so before it is.

use chrono::Duration;
use serde_json::Value;

use auditward_rules::facet::Change;
use auditward_rules::plan::Plan;
use auditward_rules::settings::{Held, Mode};

use super::Turn;
use super::job::{Job, Kept, Standing, standing};
use super::work::Stop;
use crate::case::Case;
use crate::keys;
use crate::limits::{Fuse, Resource};
use crate::store::{Expect, NotStored, Put};

/// How often a claim is tried when others change the same documents.
const CLAIMS: usize = 5;

impl Job<'_> {
    /// Whether a step may be written now: as far as mode, holds, breaker and fuses
    /// let it. Evidence is stopped by the kill switch, a pause and break-glass alone,
    /// and slowed down by the breaker.
    pub(super) fn may_write(&self, plan: &Plan, change: &Change<Value>) -> Result<(), Stop> {
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
            return self.resource_for(plan, true).map(drop);
        }
        if self.behind {
            return Err(Stop::Waiting("what comes before it is not done yet".into()));
        }
        if !self.stored {
            return Err(Stop::Waiting(
                "the store does not answer, so nothing but evidence is switched on".into(),
            ));
        }
        if self.is_settling() {
            let seconds = self.known.settings.fuses.settle();
            return Err(Stop::Waiting(format!(
                "a deployment made it; it has {seconds} seconds to settle"
            )));
        }
        self.resource_for(plan, false)?;
        self.fuses_for(plan).map(drop)
    }

    /// Whether a deployment's change still has time to settle: there is no later turn
    /// than the last, and nobody is told of what settles.
    pub(super) fn is_settling(&self) -> bool {
        let settle = Duration::seconds(self.known.settings.fuses.settle().into());
        let last = self.turn == Turn::Again { last: true };
        self.finding.settles && !last && self.pipeline.now < self.made() + settle
    }

    /// A resource's lease and breaker as they stand, where they let a step pass.
    /// What this finding changed already, and what a person asks for, passes.
    fn resource_for(&self, plan: &Plan, evidence_on: bool) -> Result<Kept<Resource>, Stop> {
        let key = keys::resource(plan.at());
        let item = self.items.get(&key);
        let value = item
            .map(|item| item.read::<Resource>())
            .transpose()?
            .unwrap_or_default();
        let now = self.pipeline.now;
        if value.held_by_other(&self.case.value.id, now) {
            return Err(Stop::Held(format!(
                "case {} works on {}",
                value.holder,
                plan.at().resource
            )));
        }
        let passes = self.turn == Turn::Asked || self.counted.contains(&(key, evidence_on));
        let breaker = &self.known.settings.breaker;
        if let Some(why) = value.flaps(breaker, evidence_on, now).filter(|_| !passes) {
            return Err(Stop::Waiting(why));
        }
        Ok(Kept {
            value,
            version: item.map(|item| item.version),
        })
    }

    /// The fuses with a change noted, where both let it pass. What a person asks
    /// for is nobody running wild.
    fn fuses_for(&self, plan: &Plan) -> Result<Vec<(String, Kept<Fuse>)>, Stop> {
        if self.turn == Turn::Asked {
            return Ok(Vec::new());
        }
        let fuses = &self.known.settings.fuses;
        let pass = |(key, most)| {
            let item = self.items.get(&key);
            let mut value = item
                .map(|item| item.read::<Fuse>())
                .transpose()?
                .unwrap_or_default();
            value
                .pass(&plan.at().resource, most, fuses, self.pipeline.now)
                .map_err(Stop::Waiting)?;
            let version = item.map(|item| item.version);
            Ok((key, Kept { value, version }))
        };
        self.fuse_keys().into_iter().map(pass).collect()
    }

    fn fuse_keys(&self) -> [(String, u32); 2] {
        let fuses = &self.known.settings.fuses;
        [
            (keys::FUSE.to_owned(), fuses.overall),
            (keys::fuse(self.finding.rule.id), fuses.per_rule),
        ]
    }

    /// Claims the case and the resource and stores what is about to be written,
    /// before it is: a crash after the write must not lose the way back. Says
    /// whether this counts as one more change.
    pub(super) async fn intend(
        &mut self,
        plan: &Plan,
        live: &Value,
        change: &Change<Value>,
    ) -> Result<bool, Stop> {
        let steps = self.case.value.steps.clone();
        let key = keys::resource(plan.at());
        let held = self.resources.contains_key(&key);
        let intended = self.try_intend(plan, live, change).await;
        if intended.is_err() {
            // What was not stored is not written, nor counted.
            self.case.value.steps = steps;
            self.fuses.clear();
            if !held {
                self.resources.remove(&key);
            }
        }
        intended
    }

    async fn try_intend(
        &mut self,
        plan: &Plan,
        live: &Value,
        change: &Change<Value>,
    ) -> Result<bool, Stop> {
        let (key, evidence_on) = (keys::resource(plan.at()), change.evidence_on);
        let (now, lease) = (self.pipeline.now, self.pipeline.deadline);
        let counts =
            self.turn != Turn::Asked && !self.counted.contains(&(key.clone(), evidence_on));
        for attempt in 1.. {
            let mut resource = self.resource_for(plan, evidence_on)?;
            if !evidence_on && counts {
                self.fuses = self.fuses_for(plan)?.into_iter().collect();
            }
            resource.value.hold(&self.case.value.id, now, lease);
            if counts {
                let breaker = &self.known.settings.breaker;
                resource.value.changed(breaker, evidence_on, now);
            }
            self.resources.insert(key.clone(), resource);
            self.note(plan, live, change);
            self.mark_intended(plan, live);
            match self.commit().await {
                Ok(()) => break,
                Err(NotStored::Failed(_)) if evidence_on => {
                    // Evidence is switched on without a store, too.
                    self.stored = false;
                    break;
                }
                Err(NotStored::Failed(failure)) => return Err(failure.into()),
                Err(NotStored::Conflict) if attempt < CLAIMS => {
                    self.reload(plan, live, change).await?
                }
                Err(NotStored::Conflict) => {
                    return Err(Stop::Held("others keep working on it".into()));
                }
            }
        }
        self.claimed = true;
        self.counted.insert((key, evidence_on));
        Ok(counts)
    }

    /// What AWS refused changed nothing: it is no change on the counts of breaker
    /// and fuses, lest refusals end as flapping and keep others from being put
    /// right; and should it be safe later, that was not our doing.
    pub(super) async fn take_back(&mut self, plan: &Plan, evidence_on: bool, counts: bool) {
        if let Some(work) = self.case.value.work_on(plan) {
            work.intended = work.intended.filter(|at| *at != self.pipeline.now);
        }
        if !counts {
            return;
        }
        let (key, now) = (keys::resource(plan.at()), self.pipeline.now);
        if let Some(resource) = self.resources.get_mut(&key) {
            resource.value.not_changed(evidence_on, now);
        }
        self.counted.remove(&(key, evidence_on));
        if evidence_on {
            return;
        }
        for (key, _) in self.fuse_keys() {
            // One count too many for a few minutes is no reason to stop here.
            let _ = self.uncount(&key, &plan.at().resource).await;
        }
    }

    /// Takes a change off a fuse, which others may change in the same moment.
    async fn uncount(&mut self, key: &str, resource: &str) -> Result<(), NotStored> {
        let store = self.pipeline.store;
        let mut item = self.items.remove(key);
        for _ in 0..CLAIMS {
            let Some(known) = item else {
                break;
            };
            let mut fuse = known.read::<Fuse>().map_err(NotStored::Failed)?;
            fuse.not_changed(resource, self.pipeline.now);
            let put = Put::new(key, Expect::Version(known.version), &fuse);
            let put = put
                .map_err(NotStored::Failed)?
                .until(self.pipeline.case_expires());
            match store.put(std::slice::from_ref(&put)).await {
                Err(NotStored::Conflict) => {}
                other => {
                    other?;
                    self.know(put);
                    break;
                }
            }
            let keys = [key.to_owned()];
            item = store
                .get(&keys)
                .await
                .map_err(NotStored::Failed)?
                .remove(key);
        }
        Ok(())
    }

    /// Claims a case that has nothing to write.
    pub(super) async fn claim(&mut self) -> Result<(), Stop> {
        match self.commit().await {
            Ok(()) => {
                self.claimed = true;
                Ok(())
            }
            Err(NotStored::Conflict) => Err(Stop::Held("somebody else tells about it".into())),
            Err(NotStored::Failed(failure)) => Err(failure.into()),
        }
    }

    /// Somebody else changed one of the documents of a claim: read them again.
    async fn reload(
        &mut self,
        plan: &Plan,
        live: &Value,
        change: &Change<Value>,
    ) -> Result<(), Stop> {
        let case = keys::case(&self.case.value.id);
        let mut wanted = vec![case.clone(), keys::restored(plan.kind(), plan.at())];
        wanted.extend(self.resources.keys().cloned());
        wanted.extend(self.fuse_keys().map(|(key, _)| key));
        let fresh = self.pipeline.store.get(&wanted).await?;
        for key in wanted {
            match fresh.get(&key) {
                Some(item) => self.items.insert(key, item.clone()),
                None => self.items.remove(&key),
            };
        }
        // An undo may have put this very state back meanwhile.
        if let Some(why) = self.restored(plan, live) {
            return Err(Stop::Excepted(why));
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
        // What is held already stays held, as it stands now.
        let id = &self.case.value.id;
        self.resources = std::mem::take(&mut self.resources)
            .into_keys()
            .filter_map(|key| {
                let item = self.items.get(&key)?;
                let value = item.read::<Resource>().ok()?;
                let version = Some(item.version);
                (value.holder == *id).then_some((key, Kept { value, version }))
            })
            .collect();
        self.fuses.clear();
        self.may_write(plan, change)
    }

    /// Marks a step as about to be written. The first `before` wins: a retry that
    /// finds a half-changed state must not lose what was there at first.
    fn mark_intended(&mut self, plan: &Plan, live: &Value) {
        let now = self.pipeline.now;
        let first = self.case.value.work_on(plan);
        if let Some(work) = first.filter(|work| work.intended.is_none()) {
            work.before = Some(live.clone());
            work.intended = Some(now);
        }
    }
}
