//! Taking baselines: what is there becomes what is known good, by an operator's
//! word, so that even the first event finds one.

use std::collections::HashSet;

use chrono::Duration;

use auditward_rules::facet::{At, Decision, Scene};
use auditward_rules::plan::Plan;
use auditward_rules::protected;
use auditward_rules::rule::Severity;
use serde_json::Value;

use super::learn::{Baseline, TRIES, busy};
use super::sweep::SPARE;
use super::{Answer, Pipeline, known_now};
use crate::failure::Failure;
use crate::keys;
use crate::known::Known;
use crate::store::NotStored;

/// Time kept back for saying what came of it.
const TELLING: Duration = Duration::seconds(5);

/// What came of taking baselines.
#[derive(Debug, Default)]
struct Taken {
    recorded: usize,
    /// What is not safe as it is, or could not be read, in words.
    drift: Vec<String>,
}

impl Pipeline<'_> {
    /// Records what is there of everything this function guards. What is unsafe
    /// is told, neither recorded nor changed. `sender` is the unique ID of who
    /// asked, as the queue vouches for it.
    /// With `only`, of that one resource.
    pub async fn take_baselines(&self, only: Option<&str>, sender: &str) -> Answer {
        let mut answer = Answer::default();
        let function = self.guard.function().name();
        let taken = match self.try_take(only, sender, &mut answer).await {
            Ok(taken) => taken,
            Err(failure) => {
                let text = format!(
                    "{function} took no baselines: {}.\n\nAsked for by {sender}.",
                    failure.message
                );
                self.refused("taking baselines", text, &failure, &mut answer)
                    .await;
                return answer;
            }
        };
        let mut text = format!(
            "{function} recorded {} states as baselines.",
            taken.recorded
        );
        let mut next = "nothing must be done: each change is compared with these from now on.";
        if !taken.drift.is_empty() {
            text.push_str("\n\nNot recorded:\n  - ");
            text.push_str(&taken.drift.join("\n  - "));
            next = "look at each that was not recorded, put it right, and take baselines again.";
        }
        let alert = self.notice(Severity::Informational, "baselines", text.clone(), next);
        if let Err(failure) = self.outside.tell(&alert).await {
            answer.again(failure.to_string());
        }
        answer.notes.push(text);
        answer
    }

    async fn try_take(
        &self,
        only: Option<&str>,
        sender: &str,
        answer: &mut Answer,
    ) -> Result<Taken, Failure> {
        let (known, operator) = self.operator("baseline", sender).await?;
        let mut taken = Taken::default();
        let meant = |at: &At| only.is_none_or(|only| at.resource == only);
        // What was found once may be gone by now, and stays guarded.
        let mut resources = match only {
            Some(_) => self.everything().await?,
            None => Vec::new(),
        };
        if !resources.iter().any(meant) {
            resources = self.found_everywhere(&known, &mut taken).await?;
        }
        let known = known_now(self).await;
        let mut met = HashSet::new();
        resources.retain(|at| meant(at) && met.insert(at.clone()));
        let plans = resources
            .iter()
            .flat_map(|at| protected::plans(at, &known.settings, &known.inventory));
        let mut plans: Vec<Plan> = plans.collect();
        // Remembered are everyday roles, too, of which no state is kept.
        if let Some(only) = only.filter(|_| plans.is_empty()) {
            let why = format!("{only} is not guarded by {}", self.guard.function().name());
            return Err(Failure::other("baseline", why));
        }
        // What nobody confirmed comes first: asking again comes to the end.
        let items = self.baselines(&plans).await?;
        let confirmed = |plan: &Plan| {
            let item = items.get(&keys::baseline(plan.kind(), plan.at()));
            item.and_then(|item| item.read::<Baseline>().ok())
                .is_some_and(|baseline| baseline.confirmed)
        };
        plans.sort_by_cached_key(confirmed);
        for (nth, plan) in plans.iter().enumerate() {
            if self.clock() + TELLING > self.deadline {
                let left = plans.len() - nth;
                taken.drift.push(format!(
                    "{left} states more, for lack of time: ask for baselines again"
                ));
                break;
            }
            let told = self
                .take(plan, plan.at(), &known, &operator, answer, &mut taken)
                .await;
            if let Err(failure) = told {
                taken.drift.push(format!(
                    "{} ({}): {failure}",
                    plan.at().resource,
                    plan.kind()
                ));
            }
        }
        Ok(taken)
    }

    /// What is found in all places, as far as there is time; at home first.
    async fn found_everywhere(&self, known: &Known, taken: &mut Taken) -> Result<Vec<At>, Failure> {
        let own = self.own_place();
        let (mut found, new) = self.found(known, &own).await?;
        taken.drift.append(&mut found.unread);
        let mut places = self.looked_at(known);
        places.extend(new.into_iter().filter(|place| self.discovers(known, place)));
        places.remove(&own);
        let mut resources = found.resources;
        let mut shut = HashSet::new();
        for place in &places {
            let what = format!("what {} in {} has", place.account, place.region);
            if shut.contains(&place.account) {
                continue;
            }
            if self.clock() + SPARE > self.deadline {
                taken
                    .drift
                    .push(format!("{what}, for lack of time: its next sweep finds it"));
                continue;
            }
            match self.found(known, place).await {
                Ok((mut found, _)) => {
                    resources.append(&mut found.resources);
                    taken.drift.append(&mut found.unread);
                }
                Err(failure) => {
                    if failure.shut_out() {
                        shut.insert(&place.account);
                    }
                    taken.drift.push(format!("{what}: {failure}"));
                }
            }
        }
        Ok(resources)
    }

    async fn take(
        &self,
        plan: &Plan,
        at: &At,
        known: &Known,
        by: &str,
        answer: &mut Answer,
        taken: &mut Taken,
    ) -> Result<(), Failure> {
        let live = self.read(plan).await?;
        if let Some(why) = unsafe_as_it_is(plan, &live, at, known, self) {
            taken
                .drift
                .push(format!("{} ({}): {why}", at.resource, plan.kind()));
            return Ok(());
        }
        let key = keys::baseline(plan.kind(), at);
        for _ in 0..TRIES {
            let items = self.store.get(std::slice::from_ref(&key)).await?;
            let item = items.get(&key);
            let earlier = item.and_then(|item| item.read::<Baseline>().ok());
            let (plan, live) = (plan.clone(), live.clone());
            let baseline = Baseline::after(earlier, plan, live, true, by, self.now)
                .as_said(Some(self.now), "");
            match self.record_baseline(&baseline, item, answer).await {
                Err(NotStored::Conflict) => {}
                Err(NotStored::Failed(failure)) => return Err(failure),
                Ok(()) => {
                    taken.recorded += 1;
                    return Ok(());
                }
            }
        }
        Err(busy())
    }
}

/// Why a state must not become a baseline: it would have to be changed even
/// without one. That something is merely not recorded yet is no reason.
fn unsafe_as_it_is(
    plan: &Plan,
    live: &Value,
    at: &At,
    known: &Known,
    pipeline: &Pipeline<'_>,
) -> Option<String> {
    let zone = known.settings.zone(&at.account, &known.inventory);
    let scene = Scene {
        now: pipeline.now,
        recorded: Some(pipeline.now),
        settings: &known.settings,
        inventory: &known.inventory,
        zone: &zone,
        at,
    };
    // Its own state as the baseline: what is unsafe then is unsafe by itself.
    match plan.decide(live, Some(live), scene) {
        Ok(Decision::Safe) => None,
        Ok(Decision::Change(change)) => Some(change.why),
        Ok(Decision::ByHand(why) | Decision::CannotTell(why)) => Some(why),
        Err(error) => Some(error.to_string()),
    }
}
