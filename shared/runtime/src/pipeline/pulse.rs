//! Pulse: what must not be off for a minute, held against what must hold, without
//! an event. Stopping the only trail blinds everything that lives on events; this
//! does not.

use auditward_rules::facet::At;
use auditward_rules::plan::Plan;
use auditward_rules::protected;
use auditward_rules::registry;

use super::drift::Recorded;
use super::gap::Gaps;
use super::places::Guarded;
use super::sweep::{read_or_default, remembered};
use super::unread::Unseen;
use super::{Answer, Pipeline, known_now};
use crate::failure::Failure;
use crate::keys;
use crate::known::Known;
use crate::store::{Expect, Put};

impl Pipeline<'_> {
    /// Looks at what must not be off for a minute: whether protected trails log
    /// with all they must, whether Auditward's own rules and functions work; at
    /// what the function hangs on that this one heals; and at what earlier looks
    /// began and did not end.
    pub async fn pulse(&self) -> Answer {
        let mut answer = Answer::default();
        answer.metrics.count("Heartbeats");
        let known = known_now(self).await;
        self.remind(&known, &mut answer).await;
        if let Err(failure) = self.try_pulse(&known, &mut answer).await {
            self.unwell("pulse", &failure, &mut answer).await;
        }
        answer
    }

    async fn try_pulse(&self, known: &Known, answer: &mut Answer) -> Result<(), Failure> {
        let own = self.guard.function();
        let resources = match self.beats_of(known).await {
            Ok(resources) => resources,
            Err(failure) => {
                self.pulse_without_store(known, answer).await?;
                return Err(failure);
            }
        };
        let plans = self.plans(own, &resources, known, protected::beats);
        let (recorded, gaps) = match self.recorded_of_pulse(&plans).await {
            Ok(recorded) => recorded,
            Err(failure) => {
                self.pulse_without_store(known, answer).await?;
                return Err(failure);
            }
        };
        let (mut seen, left) = self.check_all(&plans, known, &recorded, 0, answer).await;
        if let Some(next) = left {
            let late = plans.get(next..).unwrap_or_default().iter();
            let late = late.map(|plan| {
                format!(
                    "{} ({}): no time within the minute",
                    plan.at().resource,
                    plan.kind()
                )
            });
            seen.unread.extend(late.map(Unseen::all));
        }
        self.keep_closed(&seen).await?;
        if !seen.drift && seen.unread.is_empty() && seen.closed.is_empty() {
            let put = Put::new(keys::well(own), Expect::Anything, &self.now)?;
            // That it is not noted makes the next gap longer, and nothing worse.
            let _ = self.store.put(&[put]).await;
        }
        let mut others = self.to_go_on(&recorded.unfinished, &plans, known).await;
        for plan in gaps.plans(known) {
            let met = |one: &Plan| one.is_about(&plan);
            if !plans.iter().chain(&others).any(met) {
                others.push(plan);
            }
        }
        if !others.is_empty() {
            let recorded = self.recorded(&others).await?;
            let (more, _) = self.check_all(&others, known, &recorded, 0, answer).await;
            self.keep_closed(&more).await?;
            seen.add(more);
        }
        self.keep_gaps(&gaps, &seen.recording, answer).await;
        seen.add(self.heal(known, answer).await?);
        self.report("pulse", &seen, answer).await;
        Ok(())
    }

    /// What a pulse looks at.
    async fn beats_of(&self, known: &Known) -> Result<Vec<At>, Failure> {
        let key = keys::pulse(self.guard.function());
        let listed: Guarded = self.document(&key).await?.unwrap_or_default();
        let mut resources = listed.resources;
        // The first pulse of a stack comes before its first sweep.
        let own = self.guard.function();
        let beating = protected::beating().any(|kind| registry::about(own, kind).is_some());
        if resources.is_empty() && beating {
            let (found, _) = self.found(known, &self.own_place()).await?;
            resources = found.resources;
        }
        self.memo.keep_beating(&resources);
        Ok(resources)
    }

    /// Without the store evidence is switched on all the same: of what is in mind,
    /// else of what is found at home.
    async fn pulse_without_store(&self, known: &Known, answer: &mut Answer) -> Result<(), Failure> {
        answer.metrics.count("StoreFailures");
        let mut resources = self.memo.beating();
        if resources.is_empty() {
            let (settings, inventory) = (&known.settings, &known.inventory);
            let place = self.own_place();
            let found = self.guard.discover(settings, inventory, &place).await?;
            resources = found.resources;
        }
        let plans = self.plans(self.guard.function(), &resources, known, protected::beats);
        let nothing = Recorded::default();
        let (seen, _) = self.check_all(&plans, known, &nothing, 0, answer).await;
        self.report("pulse", &seen, answer).await;
        Ok(())
    }

    /// The same for a pulse, in the same batch with the gaps that are open.
    async fn recorded_of_pulse(&self, plans: &[Plan]) -> Result<(Recorded, Gaps), Failure> {
        let function = self.guard.function();
        let (unfinished, gaps) = (keys::unfinished(function), keys::gaps(function));
        let wanted = remembered(plans, [&unfinished, &gaps]);
        let mut items = self.store.get(&wanted).await?;
        let (unfinished, gaps) = (items.remove(&unfinished), items.remove(&gaps));
        let recorded = Recorded {
            items,
            unfinished: read_or_default(unfinished.as_ref()),
            stored: true,
        };
        Ok((recorded, read_or_default(gaps.as_ref())))
    }
}
