//! Sweep: all that is live, held against what must hold, without an event.
//!
//! What is found goes down the same path as an event: a finding, a case, an alert.

use std::collections::{BTreeMap, HashMap};

use chrono::Duration;
use serde_json::json;

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::plan::Plan;
use auditward_rules::protected;
use auditward_rules::registry;
use auditward_rules::rule::Function;

use super::drift::{Checked, Recorded, Word};
use super::gap::records;
use super::places::{Guarded, Place};
use super::unread::Unseen;
use super::{Answer, Pipeline, known_now};
use crate::failure::Failure;
use crate::guard::Touch;
use crate::keys;
use crate::known::Known;
use crate::store::Item;

/// What was found in one go.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What no baseline vouches for: in words, for one report.
    pub unrecorded: Vec<String>,
    /// What could not be read.
    pub unread: Vec<Unseen>,
    /// Accounts that let nobody in.
    pub closed: BTreeMap<String, Failure>,
    /// Whether anything was not as it must be.
    pub drift: bool,
    /// Sides of trails that record as they must.
    pub recording: Vec<Plan>,
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
/// How many calls to one place may go without an answer, each for its whole time,
/// before it is left to the next look.
const SILENT: usize = 2;
/// How many messages are on their way at the same time.
pub(super) const AT_ONCE: usize = 10;

impl Pipeline<'_> {
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
                self.tell_closed(&places, &mut answer).await;
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
            if failure.passes() {
                answer.again(failure.to_string());
            }
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
        if let Err(failure) = self.try_place(place, from, &what, &mut answer).await {
            // The queue brings it again, and tells of it in the end.
            answer.again(failure.to_string());
            self.unwell_at("sweep", Some(&what), &failure, &mut answer)
                .await;
        }
        answer
    }

    async fn try_place(
        &self,
        place: &Place,
        from: usize,
        what: &str,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let mut unread = Vec::new();
        if from == 0 && !self.discover_in(place, &mut unread, answer).await? {
            self.report(what, &unread.into(), answer).await;
            return Ok(());
        }
        let known = known_now(self).await;
        let key = keys::guarded(self.guard.function(), &place.account, &place.region);
        let guarded: Guarded = self.document(&key).await?.unwrap_or_default();
        let own = self.guard.function();
        let plans = self.plans(own, &guarded.resources, &known, |_| true);
        let rest = plans.get(from..).unwrap_or_default();
        let recorded = self.recorded(rest).await?;
        let before = answer.retry.take();
        let (mut seen, left) = self
            .check_all(&plans, &known, &recorded, from, answer)
            .await;
        seen.unread.extend(unread.into_iter().map(Unseen::all));
        if left.is_some() {
            // Tried again, this would hand the rest on once more; what was begun here
            // and not ended, pulses go on with.
            answer.notes.extend(answer.retry.take());
        }
        answer.retry = before.or(answer.retry.take());
        self.keep_closed(&seen).await?;
        self.report(what, &seen, answer).await;
        if let Some(next) = left {
            self.hand_on("sweep-place", place, next).await?;
        }
        Ok(())
    }

    /// Finds what there is in a place, and has the places looked at in which that
    /// stands. Whether there is any use in going on there.
    async fn discover_in(
        &self,
        place: &Place,
        unread: &mut Vec<String>,
        answer: &mut Answer,
    ) -> Result<bool, Failure> {
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
            Err(failure) => {
                if failure.passes() {
                    answer.again(failure.to_string());
                }
                unread.push(format!("what there is: {failure}"));
            }
        }
        Ok(true)
    }

    pub(super) async fn keep_closed(&self, seen: &Seen) -> Result<(), Failure> {
        for (account, failure) in &seen.closed {
            let place = Place {
                account: account.clone(),
                region: String::new(),
            };
            self.closed(&place, failure).await?;
        }
        Ok(())
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
            .flat_map(|at| protected::plans(at, &known.settings, &known.inventory));
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
        recorded: &Recorded,
        from: usize,
        answer: &mut Answer,
    ) -> (Seen, Option<usize>) {
        let mut seen = Seen::default();
        let mut silent: HashMap<(&str, &str, &str), usize> = HashMap::new();
        let rest = plans.get(from..).unwrap_or_default();
        for (nth, plan) in rest.iter().enumerate() {
            if self.clock() + SPARE > self.deadline {
                return (seen, Some(from + nth));
            }
            let At {
                account,
                region,
                resource,
                ..
            } = plan.at();
            let service = Arn::parse(resource).map_or("", |arn| arn.service);
            let silent = silent.entry((account, region, service)).or_default();
            if seen.closed.contains_key(account) {
                continue;
            }
            // A place that does not answer must not hide all others.
            if *silent >= SILENT {
                let why = format!(
                    "{} ({}): its region does not answer",
                    plan.at().resource,
                    plan.kind()
                );
                seen.unread.push(Unseen::all(why));
                continue;
            }
            let place = || format!("{} ({})", plan.at().resource, plan.kind());
            let checked = self.check(plan, known, recorded, Word::Nobody, answer);
            let checked = checked.await;
            let answered = checked.as_ref().err().is_none_or(Failure::answered);
            *silent = if answered { 0 } else { *silent + 1 };
            match checked {
                Ok(Checked::Safe) if records(plan) => seen.recording.push(plan.clone()),
                Ok(Checked::Safe) => {}
                Ok(Checked::Drift) => seen.drift = true,
                Ok(Checked::Unrecorded(why)) => {
                    seen.unrecorded.push(format!("{}: {why}", place()));
                }
                Err(failure) if failure.shut_out() => {
                    seen.closed.insert(account.clone(), failure);
                }
                Err(failure) => seen.unread.push(Unseen::of(plan, &failure)),
            }
        }
        (seen, None)
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

    /// What is remembered of that which these plans are about.
    pub(super) async fn recorded(&self, plans: &[Plan]) -> Result<Recorded, Failure> {
        let unfinished = keys::unfinished(self.guard.function());
        let mut items = self.store.get(&remembered(plans, [&unfinished])).await?;
        let unfinished = items.remove(&unfinished);
        Ok(Recorded {
            items,
            unfinished: read_or_default(unfinished.as_ref()),
            stored: true,
        })
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

    pub(super) async fn document<T: serde::de::DeserializeOwned>(
        &self,
        key: &str,
    ) -> Result<Option<T>, Failure> {
        let keys = [key.to_owned()];
        let items = self.store.get(&keys).await?;
        items.get(key).map(Item::read::<T>).transpose()
    }
}

/// The keys of what is remembered of these plans, and some more.
pub(super) fn remembered<const N: usize>(plans: &[Plan], more: [&String; N]) -> Vec<String> {
    let of = |plan: &Plan| {
        let (kind, at) = (plan.kind(), plan.at());
        [keys::baseline(kind, at), keys::left(kind, at)]
    };
    let mut keys: Vec<String> = plans.iter().flat_map(of).collect();
    keys.extend(more.into_iter().cloned());
    // Several steps may be about one facet, and a batch has each key once.
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// What cannot be read is begun anew: it is a note, and no evidence.
pub(super) fn read_or_default<T: Default + serde::de::DeserializeOwned>(item: Option<&Item>) -> T {
    item.and_then(|item| item.read().ok()).unwrap_or_default()
}

impl Seen {
    pub fn add(&mut self, more: Self) {
        self.unrecorded.extend(more.unrecorded);
        self.unread.extend(more.unread);
        self.closed.extend(more.closed);
        self.drift |= more.drift;
        self.recording.extend(more.recording);
    }
}
