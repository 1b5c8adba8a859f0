//! Pulse and sweep: what is live, held against what must hold, without an event.
//! Stopping the only trail blinds everything that lives on events; this does not.
//!
//! What is found goes down the same path as an event: a finding, a case, an alert.

use std::collections::{BTreeMap, HashMap};

use chrono::Duration;
use serde_json::json;

use auditward_rules::facet::At;
use auditward_rules::plan::Plan;
use auditward_rules::protected;
use auditward_rules::registry;
use auditward_rules::rule::{Function, Severity};

use super::drift::Word;
use super::places::{Guarded, Place};
use super::unread::Unseen;
use super::{Answer, Pipeline, known_now};
use crate::alert::Alert;
use crate::case::case_id;
use crate::failure::Failure;
use crate::guard::Touch;
use crate::keys;
use crate::known::Known;
use crate::store::{Expect, Item, NotStored, Put};

/// What was found in one go.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What no baseline vouches for: in words, for one report.
    unrecorded: Vec<String>,
    /// What could not be read.
    unread: Vec<Unseen>,
    /// Accounts that let nobody in.
    closed: BTreeMap<String, Failure>,
}

impl From<Vec<String>> for Seen {
    fn from(unread: Vec<String>) -> Self {
        Self {
            unread: unread.into_iter().map(Unseen::all).collect(),
            ..Self::default()
        }
    }
}

/// Time kept back for telling people and for handing on what is left.
pub(super) const SPARE: Duration = Duration::seconds(15);
/// How many messages are on their way at the same time.
const AT_ONCE: usize = 10;

impl Pipeline<'_> {
    /// Looks at what must not be off for a minute: whether protected trails log
    /// with all they must, whether Auditward's own rules and functions work; and
    /// at what the function hangs on that this one heals.
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
                let (found, _) = self.found(&known, &self.own_place()).await?;
                resources = found.resources;
            }
            let own = self.guard.function();
            let plans = self.plans(own, &resources, &known, protected::beats);
            let (mut seen, left) = self.check_all(&plans, &known, 0, &mut answer).await?;
            if let Some(next) = left {
                let late = plans.len() - next;
                let why = format!("{late} states, for lack of time within the minute");
                seen.unread.push(Unseen::all(why));
            }
            self.keep_closed(&seen).await?;
            let all_seen = seen.unread.is_empty() && seen.closed.is_empty();
            if answer.cases.is_empty() && all_seen {
                let put = Put::new(
                    keys::well(self.guard.function()),
                    Expect::Anything,
                    &self.now,
                )?;
                // That it is not noted makes the next gap longer, and nothing worse.
                let _ = self.store.put(&[put]).await;
            }
            seen.add(self.heal(&known, &mut answer).await?);
            self.report("pulse", &seen).await
        };
        if let Err(failure) = work.await {
            self.unwell("pulse", &failure, &mut answer).await;
        }
        answer
    }

    /// Asks this function's later selves to look at everything there is to guard,
    /// one message an account and region; at those behind `after`, where an
    /// earlier invocation did not come to the end.
    pub async fn sweep(&self, after: Option<&Place>) -> Answer {
        let mut answer = Answer::default();
        let work = async {
            if after.is_none() {
                self.drive_letters(&mut answer).await;
            }
            let known = known_now(self).await;
            let places = self.all_places(&known).await?;
            if after.is_none() {
                self.tell_closed(&places).await?;
            }
            let rest = places
                .iter()
                .filter(|place| after.is_none_or(|after| *place > after));
            let rest: Vec<&Place> = rest.collect();
            for some in rest.chunks(AT_ONCE) {
                let sent = some
                    .iter()
                    .map(|place| self.hand_on("sweep-place", place, 0));
                futures_util::future::try_join_all(sent).await?;
                if let Some(last) = some.last()
                    && Some(last) != rest.last()
                    && self.clock() + SPARE > self.deadline
                {
                    return self.hand_on("sweep", last, 0).await;
                }
            }
            answer
                .notes
                .push(format!("{} places to look at", rest.len()));
            Ok(())
        };
        if let Err(failure) = work.await {
            self.unwell("sweep", &failure, &mut answer).await;
        }
        answer
    }

    /// Discovers in one account and region, then looks at everything that is
    /// guarded there, beginning with the plan of that number; what there is no
    /// time for is handed on.
    pub async fn sweep_place(&self, place: &Place, from: usize) -> Answer {
        let mut answer = Answer::default();
        let what = format!("{} {}", place.account, place.region);
        let work = async {
            let mut unread = Vec::new();
            if from == 0 && !self.discover_in(place, &mut unread).await? {
                return self.report(&what, &unread.into()).await;
            }
            let known = known_now(self).await;
            let key = keys::guarded(self.guard.function(), &place.account, &place.region);
            let guarded: Guarded = self.document(&key).await?.unwrap_or_default();
            let own = self.guard.function();
            let plans = self.plans(own, &guarded.resources, &known, |_| true);
            let (mut seen, left) = self.check_all(&plans, &known, from, &mut answer).await?;
            seen.unread.extend(unread.into_iter().map(Unseen::all));
            if let Some(next) = left {
                self.hand_on("sweep-place", place, next).await?;
            }
            self.keep_closed(&seen).await?;
            self.report(&what, &seen).await
        };
        if let Err(failure) = work.await {
            self.unwell("sweep", &failure, &mut answer).await;
        }
        answer
    }

    /// Finds what there is in a place, and has the places looked at in which that
    /// stands. Whether there is any use in going on there.
    async fn discover_in(&self, place: &Place, unread: &mut Vec<String>) -> Result<bool, Failure> {
        let known = known_now(self).await;
        if !self.discovers(&known, place) {
            return Ok(true);
        }
        match self.found(&known, place).await {
            Ok((found, new)) => {
                unread.extend(found.unread);
                self.open(place).await?;
                for other in new.iter().filter(|other| *other != place) {
                    self.hand_on("sweep-place", other, 0).await?;
                }
            }
            Err(failure) if failure.shut_out() => {
                self.closed(place, &failure).await?;
                return Ok(false);
            }
            Err(failure) if failure.denied() => self.closed(place, &failure).await?,
            // What is known there is looked at all the same.
            Err(failure) => unread.push(format!("what there is: {failure}")),
        }
        Ok(true)
    }

    async fn keep_closed(&self, seen: &Seen) -> Result<(), Failure> {
        for (account, failure) in &seen.closed {
            let place = Place {
                account: account.clone(),
                region: String::new(),
            };
            self.closed(&place, failure).await?;
        }
        Ok(())
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
            if let Some(why) = self.stands_still(&known) {
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
            for plan in self.plans(self.guard.function(), &meant, &known, |_| true) {
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

    /// What must hold of these resources by a function's rules, and this function
    /// can see to.
    pub(super) fn plans(
        &self,
        function: Function,
        resources: &[At],
        known: &Known,
        wanted: impl Fn(&str) -> bool,
    ) -> Vec<Plan> {
        let all = resources
            .iter()
            .flat_map(|at| protected::plans(at, &known.inventory));
        let carried = |plan: &Plan| self.guard.touch(plan, Touch::Read).is_some();
        let ruled = |plan: &Plan| registry::about(function, plan.kind()).is_some();
        all.filter(|plan| wanted(plan.kind()) && carried(plan) && ruled(plan))
            .collect()
    }

    /// Checks plans, beginning with the one of that number; gives the number of
    /// the first one for which there was no time.
    pub(super) async fn check_all(
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
            let account = &plan.at().account;
            if seen.closed.contains_key(account) {
                continue;
            }
            let place = || format!("{} ({})", plan.at().resource, plan.kind());
            match self.check(plan, known, &items, Word::Nobody, answer).await {
                Ok(None) => {}
                Ok(Some(why)) => seen.unrecorded.push(format!("{}: {why}", place())),
                Err(failure) if failure.shut_out() => {
                    seen.closed.insert(account.clone(), failure);
                }
                Err(failure) => seen.unread.push(Unseen::of(plan, &failure)),
            }
        }
        Ok((seen, None))
    }

    pub(super) async fn baselines(&self, plans: &[Plan]) -> Result<HashMap<String, Item>, Failure> {
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
        self.note_unread(what, seen.unread.clone()).await;
        let unread: Vec<String> = seen.unread.iter().map(Unseen::words).collect();
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
                &unread,
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
        let blind = Unseen::all(failure.to_string());
        self.note_unread(what, vec![blind]).await;
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

    async fn hand_on(&self, what: &str, place: &Place, from: usize) -> Result<(), Failure> {
        let message = json!({
            "auditward": what,
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
}

impl Seen {
    fn add(&mut self, more: Self) {
        self.unrecorded.extend(more.unrecorded);
        self.unread.extend(more.unread);
        self.closed.extend(more.closed);
    }
}
