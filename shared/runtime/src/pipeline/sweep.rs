//! Pulse and sweep: what is live, held against what must hold, without an event.
//! Stopping the only trail blinds everything that lives on events; this does not.
//!
//! What is found goes down the same path as an event: a finding, a case, an alert.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::Duration;
use serde::{Deserialize, Serialize};
use serde_json::json;

use auditward_rules::facet::At;
use auditward_rules::plan::Plan;
use auditward_rules::protected;
use auditward_rules::rule::Severity;

use super::drift::Word;
use super::{Answer, Pipeline, known_now};
use crate::alert::Alert;
use crate::case::case_id;
use crate::failure::Failure;
use crate::guard::{Discovered, Touch};
use crate::keys;
use crate::known::Known;
use crate::store::{Expect, Item, NotStored, Put};

/// The account and region that a message of a sweep is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
}

/// Where a function guards anything.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Places {
    pub places: BTreeSet<Place>,
}

/// What a function guards in one place. What was found once stays: what is
/// deleted can be found no more, and is what must be missed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Guarded {
    resources: Vec<At>,
}

/// What was found in one go.
#[derive(Debug, Default)]
struct Seen {
    /// What no baseline vouches for: in words, for one report.
    unrecorded: Vec<String>,
    /// What could not be read.
    unread: Vec<String>,
}

/// Time kept back for telling people and for handing on what is left.
const SPARE: Duration = Duration::seconds(15);

impl Pipeline<'_> {
    /// Looks at what must not be off for a minute: whether protected trails log
    /// with all they must, whether Auditward's own rules and functions work.
    pub async fn pulse(&self) -> Answer {
        let mut answer = Answer::default();
        answer.metrics.count("Heartbeats");
        let work = async {
            let known = known_now(self).await;
            let key = keys::pulse(self.guard.function());
            let listed: Guarded = self.document(&key).await?.unwrap_or_default();
            let mut resources = listed.resources;
            // The first pulse of a stack comes before its first sweep.
            if resources.is_empty() {
                resources = self.found(&known).await?;
            }
            let plans = self.plans(&resources, &known, protected::beats);
            let (seen, left) = self.check_all(&plans, &known, 0, &mut answer).await?;
            if left.is_none() && answer.cases.is_empty() && seen.unread.is_empty() {
                let put = Put::new(
                    keys::well(self.guard.function()),
                    Expect::Anything,
                    &self.now,
                )?;
                // That it is not noted makes the next gap longer, and nothing worse.
                let _ = self.store.put(&[put]).await;
            }
            self.report("pulse", &seen).await
        };
        if let Err(failure) = work.await {
            self.unwell("pulse", &failure, &mut answer).await;
        }
        answer
    }

    /// Finds what there is to guard, and asks this function's later selves to
    /// look at it, one message an account and region.
    pub async fn sweep(&self) -> Answer {
        let mut answer = Answer::default();
        let work = async {
            self.drive_letters(&mut answer).await;
            let known = known_now(self).await;
            self.found(&known).await?;
            let key = keys::places(self.guard.function());
            let places: Places = self.document(&key).await?.unwrap_or_default();
            for place in &places.places {
                self.hand_on(place, 0).await?;
            }
            answer
                .notes
                .push(format!("{} places to look at", places.places.len()));
            Ok(())
        };
        if let Err(failure) = work.await {
            self.unwell("sweep", &failure, &mut answer).await;
        }
        answer
    }

    /// Looks at everything that is guarded in one account and region, beginning
    /// with the plan of that number; what there is no time for is handed on.
    pub async fn sweep_place(&self, place: &Place, from: usize) -> Answer {
        let mut answer = Answer::default();
        let work = async {
            let known = known_now(self).await;
            let key = keys::guarded(self.guard.function(), &place.account, &place.region);
            let guarded: Guarded = self.document(&key).await?.unwrap_or_default();
            let plans = self.plans(&guarded.resources, &known, |_| true);
            let (seen, left) = self.check_all(&plans, &known, from, &mut answer).await?;
            if let Some(next) = left {
                self.hand_on(place, next).await?;
            }
            self.report(&format!("{} {}", place.account, place.region), &seen)
                .await
        };
        if let Err(failure) = work.await {
            self.unwell("sweep", &failure, &mut answer).await;
        }
        answer
    }

    /// Puts one resource back to what must hold, by an operator's word: drift that
    /// nothing but an unconfirmed baseline speaks against is otherwise only told.
    pub async fn fix(&self, resource: &str, sender: &str) -> Answer {
        let mut answer = Answer::default();
        let work = async {
            let known = known_now(self).await;
            if known.settings.operator(sender).is_none() {
                let why = format!(
                    "{sender} is no operator; name who may under `operators` in auditward.toml"
                );
                return Err(Failure::other("fix", why));
            }
            let resources = self.everything().await?;
            let meant: Vec<At> = resources
                .into_iter()
                .filter(|at| at.resource == resource)
                .collect();
            if meant.is_empty() {
                let why = format!(
                    "{resource} is not guarded by {}",
                    self.guard.function().name()
                );
                return Err(Failure::other("fix", why));
            }
            for plan in self.plans(&meant, &known, |_| true) {
                let items = self.baselines(std::slice::from_ref(&plan)).await?;
                self.check(&plan, &known, &items, Word::Operator, &mut answer)
                    .await?;
            }
            Ok(())
        };
        if let Err(failure) = work.await {
            self.unwell("fix", &failure, &mut answer).await;
        }
        answer
    }

    /// Everything this function guards, wherever it is.
    pub(super) async fn everything(&self) -> Result<Vec<At>, Failure> {
        let function = self.guard.function();
        let places: Places = self
            .document(&keys::places(function))
            .await?
            .unwrap_or_default();
        let mut all = Vec::new();
        for place in &places.places {
            let key = keys::guarded(function, &place.account, &place.region);
            let guarded: Guarded = self.document(&key).await?.unwrap_or_default();
            all.extend(guarded.resources);
        }
        Ok(all)
    }

    /// Discovers, and remembers what was found for pulses and sweeps to come.
    pub(super) async fn found(&self, known: &Known) -> Result<Vec<At>, Failure> {
        let Discovered {
            inventory,
            resources,
        } = self
            .guard
            .discover(&known.settings, (*known.inventory).clone())
            .await?;
        if inventory != *known.inventory {
            self.store_inventory(&inventory).await?;
        }
        self.remember(&resources).await?;
        Ok(resources)
    }

    /// Adds resources to what is looked at.
    pub(super) async fn remember(&self, resources: &[At]) -> Result<(), Failure> {
        let function = self.guard.function();
        let mut by_place: BTreeMap<Place, Vec<At>> = BTreeMap::new();
        for at in resources {
            let place = Place {
                account: at.account.clone(),
                region: at.region.clone(),
            };
            by_place.entry(place).or_default().push(at.clone());
        }
        for (place, more) in &by_place {
            let key = keys::guarded(function, &place.account, &place.region);
            self.change(&key, |guarded: &mut Guarded| guarded.add(more))
                .await?;
        }
        self.change(&keys::places(function), |places: &mut Places| {
            let before = places.places.len();
            places.places.extend(by_place.keys().cloned());
            places.places.len() != before
        })
        .await?;
        let beating: Vec<At> = resources
            .iter()
            .filter(|at| protected::kinds(at).into_iter().any(protected::beats))
            .cloned()
            .collect();
        if beating.is_empty() {
            return Ok(());
        }
        self.change(&keys::pulse(function), |guarded: &mut Guarded| {
            guarded.add(&beating)
        })
        .await
    }

    /// What must hold of these resources and this function can see to.
    fn plans(&self, resources: &[At], known: &Known, wanted: impl Fn(&str) -> bool) -> Vec<Plan> {
        let all = resources
            .iter()
            .flat_map(|at| protected::plans(at, &known.inventory));
        let carried = |plan: &Plan| self.guard.touch(plan, Touch::Read).is_some();
        all.filter(|plan| wanted(plan.kind()) && carried(plan) && self.rule_about(plan).is_some())
            .collect()
    }

    /// Checks plans, beginning with the one of that number; gives the number of
    /// the first one for which there was no time.
    async fn check_all(
        &self,
        plans: &[Plan],
        known: &Known,
        from: usize,
        answer: &mut Answer,
    ) -> Result<(Seen, Option<usize>), Failure> {
        let mut seen = Seen::default();
        let rest = plans.get(from..).unwrap_or_default();
        let items = self.baselines(rest).await?;
        for (nth, plan) in rest.iter().enumerate() {
            if self.clock() + SPARE > self.deadline {
                return Ok((seen, Some(from + nth)));
            }
            let place = || format!("{} ({})", plan.at().resource, plan.kind());
            match self.check(plan, known, &items, Word::Nobody, answer).await {
                Ok(None) => {}
                Ok(Some(why)) => seen.unrecorded.push(format!("{}: {why}", place())),
                Err(failure) => seen.unread.push(format!("{}: {failure}", place())),
            }
        }
        Ok((seen, None))
    }

    async fn baselines(&self, plans: &[Plan]) -> Result<HashMap<String, Item>, Failure> {
        let keys: Vec<String> = plans
            .iter()
            .map(|plan| keys::baseline(plan.kind(), plan.at()))
            .collect();
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        self.store.get(&keys).await
    }

    /// What no baseline vouches for is told once, in one report, however much it
    /// is: a wave of alerts would be read by nobody, a wave of writes by all.
    async fn report(&self, what: &str, seen: &Seen) -> Result<(), Failure> {
        if seen.unrecorded.is_empty() && seen.unread.is_empty() {
            return Ok(());
        }
        let function = self.guard.function().name();
        let mut text = format!("{function} looked ({what}) and found, without an event:");
        for (title, lines, next) in [
            (
                "Unsafe or unknown, and no earlier state is recorded",
                &seen.unrecorded,
                "Next, for each: `auditward baseline approve RESOURCE` keeps it as it is, `auditward baseline fix RESOURCE` has Auditward put it right.",
            ),
            (
                "Could not be read",
                &seen.unread,
                "Next: look whether Auditward's role is there and may read it.",
            ),
        ] {
            if !lines.is_empty() {
                text.push_str(&format!(
                    "\n\n{title}:\n  - {}\n{next}",
                    lines.join("\n  - ")
                ));
            }
        }
        let day = self.now.format("%Y-%m-%d");
        let told = format!("{function}/{day}/{}", case_id(&text, "", ""));
        if !self
            .first_time(&keys::told(&told), Duration::hours(30))
            .await
        {
            return Ok(());
        }
        self.outside
            .tell(&Alert::plain(
                Severity::Medium,
                "drift without a baseline",
                text,
            ))
            .await
    }

    /// A look that failed as a whole is told once an hour.
    pub(super) async fn unwell(&self, what: &str, failure: &Failure, answer: &mut Answer) {
        answer.metrics.count("Failures");
        answer.notes.push(format!("{what}: {failure}"));
        let function = self.guard.function().name();
        let hour = self.now.format("%Y-%m-%dT%H");
        let key = keys::told(&format!("{function}/{what}/{hour}"));
        if !self.first_time(&key, Duration::hours(2)).await {
            return;
        }
        let text = format!(
            "The {what} of {function} failed: {failure}.\n\nWhat it should have looked at is guarded by events alone until it works again. Next: look at the function's log, and at what its role may do."
        );
        let alert = Alert::plain(Severity::High, &format!("{what} failed"), text);
        if let Err(failure) = self.outside.tell(&alert).await {
            answer.again(failure.to_string());
        }
    }

    async fn hand_on(&self, place: &Place, from: usize) -> Result<(), Failure> {
        let message = json!({
            "auditward": "sweep-place",
            "account": place.account,
            "region": place.region,
            "from": from,
        });
        self.outside
            .later(&message.to_string(), std::time::Duration::ZERO)
            .await
    }

    /// Whether this is said for the first time in a while; a store that does not
    /// answer keeps nobody from being told.
    pub(super) async fn first_time(&self, key: &str, keep: Duration) -> bool {
        let expires = (self.now + keep).timestamp();
        let claimed = match Put::new(key, Expect::Absent, &self.now) {
            Ok(put) => self.store.put(&[put.until(expires)]).await,
            Err(failure) => Err(NotStored::Failed(failure)),
        };
        !matches!(claimed, Err(NotStored::Conflict))
    }

    pub(super) async fn document<T: serde::de::DeserializeOwned>(
        &self,
        key: &str,
    ) -> Result<Option<T>, Failure> {
        let keys = [key.to_owned()];
        let items = self.store.get(&keys).await?;
        items.get(key).map(Item::read::<T>).transpose()
    }

    /// Changes a document, also when others do so at the same time.
    async fn change<T: Default + Serialize + serde::de::DeserializeOwned>(
        &self,
        key: &str,
        mut change: impl FnMut(&mut T) -> bool,
    ) -> Result<(), Failure> {
        for _ in 0..5 {
            let keys = [key.to_owned()];
            let items = self.store.get(&keys).await?;
            let item = items.get(key);
            let mut document: T = item.map(Item::read).transpose()?.unwrap_or_default();
            if !change(&mut document) {
                return Ok(());
            }
            match self
                .store
                .put(&[Put::new(key, Expect::from(item), &document)?])
                .await
            {
                Ok(()) => return Ok(()),
                Err(NotStored::Conflict) => {}
                Err(NotStored::Failed(failure)) => return Err(failure),
            }
        }
        Err(Failure::other(
            "store",
            format!("others keep changing {key}"),
        ))
    }
}

impl Guarded {
    /// Adds what is new; whether anything is.
    fn add(&mut self, more: &[At]) -> bool {
        let before = self.resources.len();
        for at in more {
            if !self.resources.contains(at) {
                self.resources.push(at.clone());
            }
        }
        self.resources.len() != before
    }
}
