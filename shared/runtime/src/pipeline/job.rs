//! One finding: claimed, worked on, told, closed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration as Pause;

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use auditward_rules::judge::{Finding, Verdict};
use auditward_rules::plan::Plan;
use auditward_rules::record::Record;
use auditward_rules::settings::{Held, Mode};

use super::gap::LATE;
use super::work::Stop;
use super::{Ahead, Answer, Pipeline, Turn};
use crate::case::{Case, Outcome, attempt_id, case_id};
use crate::failure::Failure;
use crate::keys;
use crate::known::Known;
use crate::limits::{Fuse, Resource};
use crate::store::{Expect, Item, Put};

/// How long cases and the ledger are kept.
const KEPT: Duration = Duration::days(400);
/// How long AWS's own event history may take to show an event.
const HISTORY: Duration = Duration::minutes(20);
/// Time for one more step behind one that was stopped.
const STEP: Pause = Pause::from_secs(5);

/// A document that is changed by compare-and-swap.
#[derive(Debug, Default)]
pub(super) struct Kept<T> {
    pub value: T,
    pub version: Option<u64>,
}

impl<T> Kept<T> {
    pub(super) fn expect(&self) -> Expect {
        self.version.map_or(Expect::Absent, Expect::Version)
    }
}

/// One finding being worked on.
pub(super) struct Job<'a> {
    pub pipeline: &'a Pipeline<'a>,
    pub finding: &'a Finding,
    pub known: &'a Known,
    pub turn: Turn,
    pub items: HashMap<String, Item>,
    pub live: Option<(Plan, Result<Value, Failure>)>,
    pub case: Kept<Case>,
    pub resources: BTreeMap<String, Kept<Resource>>,
    pub fuses: BTreeMap<String, Kept<Fuse>>,
    /// Resources whose change is on their breaker's count: once for all steps, and
    /// once for all that only switch evidence on.
    pub counted: BTreeSet<(String, bool)>,
    /// Request IDs of our writes that are not in the ledger yet.
    pub ledger: Vec<String>,
    /// Whether the store answers.
    pub stored: bool,
    /// Whether this invocation's claim of the case is stored.
    pub claimed: bool,
    /// Whether an earlier step was stopped: then only evidence is switched on.
    pub behind: bool,
    /// Whether a part of a step is worked on, for the whole was stopped.
    pub part: bool,
    /// Whether a step waits for AWS's own event history to show the event.
    pub unconfirmed: bool,
    /// Why a later step is to be tried again, where an earlier one was stopped.
    pub retry: Option<String>,
    /// The event as it came.
    pub payload: &'a str,
    /// The event, where it is to be judged again later.
    pub later: Option<Later<'a>>,
    /// Whether anything was written in this invocation.
    pub wrote: bool,
    /// Live states that were found or made safe, for the baselines.
    pub safe: Vec<(Plan, Value)>,
    /// Live states that were found unsafe and not made safe.
    pub left: Vec<(Plan, Value)>,
}

/// An event that is to be judged again later: once for all its findings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Later<'a> {
    pub payload: &'a str,
    /// How long until the first of its messages comes.
    pub first: Duration,
    /// Whether its messages are sent.
    pub sent: bool,
}

impl Pipeline<'_> {
    /// The keys a finding needs: its case, and what each of its steps looks at.
    pub(super) fn keys_of(&self, record: &Record<'_>, finding: &Finding) -> Vec<String> {
        let mut keys = vec![
            keys::case(&self.id_of(record, finding)),
            alerts_of(&record.account(), self.now),
        ];
        for plan in &finding.plan {
            keys.extend([
                keys::resource(plan.at()),
                keys::baseline(plan.kind(), plan.at()),
                keys::restored(plan.kind(), plan.at()),
            ]);
        }
        if !finding.plan.is_empty() {
            keys.extend([keys::FUSE.to_owned(), keys::fuse(finding.rule.id)]);
        }
        // Several steps of one resource have keys in common, and a batch may not.
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn id_of(&self, record: &Record<'_>, finding: &Finding) -> String {
        if finding.verdict == Verdict::Attempt {
            return attempt_id(finding.rule.id, &finding.resource, record);
        }
        case_id(&record.identifier(), finding.rule.id, &finding.resource)
    }

    /// When the store may forget a case that is worked on now, and what goes with it.
    pub(super) fn case_expires(&self) -> i64 {
        (self.now + KEPT).timestamp()
    }

    /// The clock, as far as it has run since this invocation began.
    pub(super) fn clock(&self) -> DateTime<Utc> {
        self.now + Duration::from_std(self.started.elapsed()).unwrap_or_default()
    }

    /// Works on one finding, unless it is settled already or being worked on. The
    /// event is sent to be judged again `later`, where that is not done yet.
    pub(super) async fn finding(
        &self,
        record: &Record<'_>,
        finding: &Finding,
        ahead: &mut Ahead<'_>,
        turn: Turn,
        later: &mut Option<Later<'_>>,
        answer: &mut Answer,
    ) {
        let wanted = self.keys_of(record, finding);
        let missing: Vec<String> = wanted
            .iter()
            .filter(|key| !ahead.asked.contains(key))
            .cloned()
            .collect();
        if ahead.stored && !missing.is_empty() {
            match self.store.get(&missing).await {
                Ok(items) => ahead.items.extend(items),
                Err(failure) => {
                    ahead.stored = false;
                    answer.again(failure.to_string());
                }
            }
            ahead.asked.extend(missing);
        }
        let id = self.id_of(record, finding);
        let existing = ahead.items.get(&keys::case(&id));
        let mut case = Case::open(record, finding, self.now, self.deadline);
        case.id.clone_from(&id);
        let mut version = None;
        if let Some(item) = existing {
            match item.read::<Case>() {
                Ok(known) => case = known,
                Err(failure) => answer
                    .notes
                    .push(format!("case {id} begins anew: {failure}")),
            }
            version = Some(item.version);
            match standing(&case, turn, self.now) {
                Standing::Settled => {
                    answer.metrics.count("Duplicates");
                    answer.cases.push((id, case.outcome));
                    if !finding.plan.is_empty() && case.again_open() {
                        self.ask_still(case, item.version, later, answer).await;
                    }
                    return;
                }
                Standing::Held => {
                    return answer.again(format!("case {id} is being worked on"));
                }
                Standing::Free => case.lease = self.deadline,
            }
        }
        let items = wanted
            .into_iter()
            .filter_map(|key| Some((key.clone(), ahead.items.get(&key)?.clone())));
        let mut job = Job {
            pipeline: self,
            finding,
            known: &ahead.known,
            turn,
            items: items.collect(),
            live: ahead.live.take(),
            case: Kept {
                value: case,
                version,
            },
            resources: BTreeMap::new(),
            fuses: BTreeMap::new(),
            counted: BTreeSet::new(),
            ledger: Vec::new(),
            stored: ahead.stored,
            claimed: false,
            behind: false,
            part: false,
            unconfirmed: false,
            retry: None,
            payload: ahead.payload,
            later: later.filter(|_| !finding.plan.is_empty()),
            wrote: false,
            safe: Vec::new(),
            left: Vec::new(),
        };
        job.run(answer).await;
        let sent = job.later.is_some_and(|later| later.sent);
        if let Some(later) = later {
            later.sent |= sent;
        }
    }

    /// The event of a settled case was not sent to be judged again: the sending
    /// failed, or the process died before it.
    async fn ask_still(
        &self,
        mut case: Case,
        version: u64,
        later: &mut Option<Later<'_>>,
        answer: &mut Answer,
    ) {
        let Some(later) = later else {
            return;
        };
        if !later.sent
            && let Err(failure) = self.judge_again_later(later.payload, later.first).await
        {
            return answer.not_sent(&failure);
        }
        later.sent = true;
        case.again_asked = true;
        let key = keys::case(&case.id);
        let opened = case.opened.to_rfc3339();
        let put = Put::new(key, Expect::Version(version), &case)
            .map(|put| put.until(self.case_expires()).listed("case", opened));
        if let Ok(put) = put {
            // Should it not be kept, the event is judged once more than is needed.
            let _ = self.store.put(&[put]).await;
        }
    }
}

/// The count of an account's alerts in this hour.
pub(super) fn alerts_of(account: &str, now: DateTime<Utc>) -> String {
    keys::alerts(account, &now.format("%Y-%m-%dT%H").to_string())
}

/// What an existing case means for an event about the same thing.
pub(super) enum Standing {
    /// All is done and told.
    Settled,
    /// Somebody works on it.
    Held,
    /// It is ours to take up.
    Free,
}

pub(super) fn standing(case: &Case, turn: Turn, now: DateTime<Utc>) -> Standing {
    let unfinished = matches!(
        case.outcome,
        Outcome::Open | Outcome::Failed | Outcome::Waiting
    );
    let told = case
        .told
        .is_some_and(|(_, outcome)| outcome == case.outcome);
    if case.outcome == Outcome::Undone || case.closed.is_some() {
        return Standing::Settled;
    }
    if matches!(turn, Turn::First | Turn::Drift | Turn::Asked) && told && !unfinished {
        return Standing::Settled;
    }
    if case.lease > now {
        Standing::Held
    } else {
        Standing::Free
    }
}

impl Job<'_> {
    async fn run(&mut self, answer: &mut Answer) {
        let worked = match self.work().await {
            // What was written already must be told.
            Err(Stop::Held(why)) if !self.wrote => return answer.again(why),
            Err(Stop::Excepted(why)) => {
                answer.notes.push(why);
                if self.case.version.is_none() {
                    return self.ask_again(answer).await;
                }
                Ok(())
            }
            worked => worked,
        };
        // What is tried again must find the case open.
        let retried = self.retry.is_some()
            || match &worked {
                Err(Stop::Failed(failure)) => failure.passes(),
                Err(Stop::Held(_)) => true,
                _ => false,
            };
        if let Some(why) = self.retry.take() {
            answer.again(why);
        }
        let untouched = self.case.version.is_none() && !self.wrote;
        if worked.is_ok() && untouched && !self.finding.certain && !self.finding.plan.is_empty() {
            // The live state is safe and the record proved nothing.
            if answer.cases.is_empty() {
                answer.verdict = Some(Verdict::Clean);
            }
            answer
                .notes
                .push(format!("{}: the live state is safe", self.finding.rule.id));
            self.ask_again(answer).await;
            return self.learn_safe(answer).await;
        }
        self.settle(worked, answer);
        let last = self.turn == Turn::Again { last: true } && !retried;
        let waits = last && self.waits_for_history(answer).await;
        if last && self.unconfirmed && !waits {
            // Before, people were told that it is asked again.
            self.case.value.told = None;
        }
        let news = self.is_news();
        if self.case.version.is_none() || news && !self.claimed {
            // Two copies of one event, or two turns at one time, tell once:
            // whoever claims it tells.
            match self.claim().await {
                Ok(()) => {}
                Err(Stop::Failed(failure)) => {
                    self.stored = false;
                    answer.again(failure.to_string());
                }
                Err(_) => return answer.again("somebody else tells about it"),
            }
        }
        let over = match self.turn {
            Turn::Again { .. } => last && !waits,
            Turn::Drift | Turn::Asked => self.case.value.outcome == Outcome::Fixed,
            Turn::First => false,
        };
        let gap = self.open_gap(answer).await;
        self.tell_and_close(news, over, answer).await;
        self.close_gap(&gap, answer).await;
        self.learn_safe(answer).await;
    }

    /// Does the steps of the plan in their order. Behind one that was stopped only
    /// evidence is still switched on.
    async fn work(&mut self) -> Result<(), Stop> {
        let finding = self.finding;
        if finding.verdict == Verdict::Attempt {
            return Ok(());
        }
        if finding.plan.is_empty() {
            return Err(match finding.verdict {
                Verdict::CannotTell if finding.resource.is_empty() => {
                    Stop::CannotTell("the record does not say which resource".into())
                }
                Verdict::CannotTell => {
                    Stop::CannotTell("the record does not show enough of what was changed".into())
                }
                _ => Stop::ByHand("there is no safe automatic way back".into()),
            });
        }
        let (mut stopped, mut excepted, mut before) = (None, None, None);
        for plan in &finding.plan {
            // The record proves nothing, and nothing had to be put right: now, or
            // before an invocation was cut off.
            if plan.follows() && !finding.certain && !self.has_changed() {
                continue;
            }
            // What was sure is done, and what follows it up does not wait for the rest.
            let behind = self.behind;
            self.behind &= !(plan.follows() && before.is_some_and(|one| self.did(one)));
            let ensured = self.ensure(plan).await;
            self.behind = behind;
            before = Some(plan);
            match ensured {
                Ok(()) => {}
                Err(Stop::Excepted(why)) => excepted = Some(why),
                Err(stop) if stopped.is_none() => {
                    if !self.goes_on(&stop) {
                        return Err(stop);
                    }
                    self.behind = true;
                    stopped = Some(stop);
                }
                Err(stop) => self.try_again(stop),
            }
        }
        match (stopped, excepted) {
            (Some(stop), _) => Err(stop),
            (None, Some(why)) if !self.wrote => Err(Stop::Excepted(why)),
            (None, _) => Ok(()),
        }
    }

    /// Where an earlier reason is told, what may pass is tried again all the same.
    pub(super) fn try_again(&mut self, stop: Stop) {
        match stop {
            Stop::Held(why) => self.retry = Some(why),
            Stop::Failed(failure) if failure.passes() => self.retry = Some(failure.to_string()),
            _ => {}
        }
    }

    /// Whether the event history may still come to show the event.
    pub(super) fn history_is_late(&self) -> bool {
        self.pipeline.clock() < self.made() + HISTORY
    }

    /// When the event was made, by its own word; at the latest when it was seen.
    pub(super) fn made(&self) -> DateTime<Utc> {
        let case = &self.case.value;
        let made = DateTime::parse_from_rfc3339(&case.event.time);
        made.map_or(case.opened, |made| made.to_utc().min(case.opened))
    }

    /// Has a step that only lacks the event history's word judged once more, as late
    /// as a message may come; whether it waits for that.
    async fn waits_for_history(&self, answer: &mut Answer) -> bool {
        if !self.unconfirmed || !self.history_is_late() {
            return false;
        }
        let sent = self.pipeline.judge_again(self.payload, LATE, true).await;
        if let Err(failure) = sent {
            answer.not_sent(&failure);
        }
        true
    }

    /// Whether a step of the case was written and proven, and not only in part.
    fn did(&self, plan: &Plan) -> bool {
        let mut steps = self.case.value.steps.iter();
        steps.any(|work| work.plan.is_about(plan) && work.done && !work.evidence_on)
    }

    /// Whether any step of the case had something to change.
    fn has_changed(&self) -> bool {
        let mut steps = self.case.value.steps.iter();
        steps.any(|work| work.to.is_some())
    }

    /// Whether there may be evidence to switch on behind a step that was stopped.
    pub(super) fn goes_on(&self, stop: &Stop) -> bool {
        let may = match stop {
            Stop::Waiting(_) | Stop::ByHand(_) | Stop::CannotTell(_) | Stop::Failed(_) => true,
            Stop::Would(_) => {
                let held = self.finding.held.as_ref();
                self.finding.mode == Mode::Enforce
                    && held.is_some_and(|held| matches!(held, Held::NoSettings | Held::Unconfirmed))
            }
            Stop::Held(_) | Stop::Excepted(_) => false,
        };
        may && self.pipeline.time_for(STEP)
    }
}
