//! An operator's word ends the guarding of what was deleted for good: otherwise it is
//! missed, and made anew, for ever.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use auditward_rules::facet::At;
use auditward_rules::inventory::Learnt;
use auditward_rules::plan::Plan;
use auditward_rules::protected;
use auditward_rules::rule::Severity;

use super::learn::{Baseline, TRIES, busy};
use super::{Answer, Pipeline, Place};
use crate::failure::Failure;
use crate::keys;
use crate::known::Known;
use crate::store::NotStored;

/// An operator's word that a resource is gone for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retire {
    /// The resource's ARN.
    pub resource: String,
    /// Why it was deleted.
    pub reason: String,
}

impl Pipeline<'_> {
    /// Ends the guarding of a resource that is gone. `sender` is the unique ID of who
    /// said so, as the queue vouches for it. What is found still is not retired.
    pub async fn retire(&self, retire: &Retire, sender: &str) -> Answer {
        let mut answer = Answer::default();
        let Retire { resource, reason } = retire;
        if let Err(failure) = self.try_retire(retire, sender, &mut answer).await {
            let text = format!(
                "{resource} was not retired: {}.\n\nAsked for by {sender}: {reason}",
                failure.message
            );
            self.refused("retire", text, &failure, &mut answer).await;
        }
        answer
    }

    async fn try_retire(
        &self,
        Retire { resource, reason }: &Retire,
        sender: &str,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let (known, operator) = self.operator("retire", sender).await?;
        let refuse = |why: String| Err(Failure::other("retire", why));
        if reason.trim().is_empty() {
            return refuse("it needs a reason".into());
        }
        if let Some(why) = self.stands_still(&known) {
            return refuse(why);
        }
        let function = self.guard.function().name();
        let text =
            format!("{function} guards {resource} no longer, by the word of {operator}: {reason}");
        let plans_of = |at: &At| protected::plans(at, &known.settings, &known.inventory);
        let mut gone = self.everything().await?;
        gone.retain(|at| at.resource == *resource);
        if gone.is_empty() {
            return refuse(format!("{resource} is not guarded by {function}"));
        }
        let learnt = Learnt {
            gone: vec![resource.clone()],
            ..Learnt::default()
        };
        if let Some(why) = self.still_found(&gone, &known, &learnt).await? {
            return refuse(why);
        }
        for plan in gone.iter().flat_map(plans_of) {
            self.retire_baseline(&plan, &operator, answer).await?;
        }
        self.learnt(&learnt, &known).await?;
        self.end_all(resource).await;
        let next = "nothing must be done. Should one of its name be made again, it is found by a sweep and guarded as new.";
        let alert = self.notice(Severity::Medium, "guarding ended", text.clone(), next);
        self.outside.tell(&alert).await?;
        // Comes last: a retry of what failed before it finds it still.
        self.forget_guarded(&gone).await?;
        answer.notes.push(text);
        Ok(())
    }

    /// Why a resource is not gone: what discovery finds would be guarded again.
    async fn still_found(
        &self,
        gone: &[At],
        known: &Known,
        learnt: &Learnt,
    ) -> Result<Option<String>, Failure> {
        let mut inventory = (*known.inventory).clone();
        inventory.add(learnt);
        let place = |at: &At| Place {
            account: at.account.clone(),
            region: at.region.clone(),
        };
        let places: BTreeSet<Place> = gone.iter().map(place).chain([self.own_place()]).collect();
        for place in &places {
            let found = self.guard.discover(&known.settings, &inventory, place);
            let found = found.await?;
            if let Some(at) = found.resources.iter().find(|at| gone.contains(at)) {
                let why = format!(
                    "{} is found in {} {}: it is there, or a guarded trail or auditward.toml names it; delete it there first",
                    at.resource, place.account, place.region
                );
                return Ok(Some(why));
            }
        }
        Ok(None)
    }

    /// Has a baseline count no longer; its history is kept.
    async fn retire_baseline(
        &self,
        plan: &Plan,
        operator: &str,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let key = keys::baseline(plan.kind(), plan.at());
        for _ in 0..TRIES {
            let items = self.store.get(std::slice::from_ref(&key)).await?;
            let item = items.get(&key);
            let Some(baseline) = Baseline::kept(item)? else {
                return Ok(());
            };
            let (plan, state) = (baseline.plan.clone(), baseline.state.clone());
            let retired = Baseline {
                outdated: true,
                retired: true,
                ..Baseline::after(Some(baseline), plan, state, false, operator, self.now)
            };
            let retired = retired.as_said(Some(self.now), "");
            match self.record_baseline(&retired, item, answer).await {
                Err(NotStored::Conflict) => {}
                Err(NotStored::Failed(failure)) => return Err(failure),
                Ok(()) => return Ok(()),
            }
        }
        Err(busy())
    }
}
