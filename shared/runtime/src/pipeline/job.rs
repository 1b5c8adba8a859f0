//! One finding: claimed, worked on, told, closed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use auditward_rules::actor::Actor;
use auditward_rules::judge::{Finding, Verdict};
use auditward_rules::plan::Plan;
use auditward_rules::record::Record;
use auditward_rules::registry;
use auditward_rules::rule::Severity;

use super::work::Stop;
use super::{Ahead, Answer, Pipeline, Turn};
use crate::alert::Alert;
use crate::case::{Case, Outcome, attempt_id, case_id};
use crate::failure::Failure;
use crate::keys;
use crate::known::Known;
use crate::limits::{Fuse, Resource};
use crate::store::{Expect, Item, NotStored, Put};

/// How long cases and the ledger are kept.
const KEPT: Duration = Duration::days(400);

/// A document that is changed by compare-and-swap.
#[derive(Debug, Default)]
pub(super) struct Kept<T> {
    pub value: T,
    pub version: Option<u64>,
}

impl<T> Kept<T> {
    fn expect(&self) -> Expect {
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
    /// Resources whose change is on their breaker's count: once for all steps.
    pub counted: BTreeSet<String>,
    /// Request IDs of our writes that are not in the ledger yet.
    pub ledger: Vec<String>,
    /// Whether the store answers.
    pub stored: bool,
    /// Whether anything was written in this invocation.
    pub wrote: bool,
    /// Live states that were found or made safe, for the baselines.
    pub safe: Vec<(Plan, Value)>,
    /// Live states that were found unsafe and not made safe.
    pub left: Vec<(Plan, Value)>,
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
            return attempt_id(
                finding.rule.id,
                &finding.resource,
                Actor::of(record),
                self.now,
            );
        }
        case_id(&record.identifier(), finding.rule.id, &finding.resource)
    }

    /// The clock, as far as it has run since this invocation began.
    pub(super) fn clock(&self) -> DateTime<Utc> {
        self.now + Duration::from_std(self.started.elapsed()).unwrap_or_default()
    }

    /// Works on one finding; false where it is settled already, or is being
    /// worked on.
    pub(super) async fn finding(
        &self,
        record: &Record<'_>,
        finding: &Finding,
        ahead: &mut Ahead,
        turn: Turn,
        answer: &mut Answer,
    ) -> bool {
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
                    return false;
                }
                Standing::Held => {
                    answer.again(format!("case {id} is being worked on"));
                    return false;
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
            wrote: false,
            safe: Vec::new(),
            left: Vec::new(),
        };
        job.run(answer).await;
        true
    }
}

/// The count of an account's alerts in this hour.
fn alerts_of(account: &str, now: DateTime<Utc>) -> String {
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
    if matches!(turn, Turn::First | Turn::Drift) && told && !unfinished {
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
        let worked = self.work().await;
        if let Err(Stop::Held(why)) = worked {
            return answer.again(why);
        }
        if let Err(Stop::Excepted(why)) = worked {
            return answer.notes.push(why);
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
            return self.learn_safe(answer).await;
        }
        let before = self.case.value.outcome;
        let retried = matches!(&worked, Err(Stop::Failed(failure)) if failure.passes());
        self.settle(worked, answer);
        // That a fix held is no news, nor that a later look finds all well; a
        // dead letter may be the first that is heard of its event.
        let repeats = self.case.value.outcome == Outcome::AlreadySafe
            && before != Outcome::Open
            && (before == Outcome::Fixed || self.turn != Turn::First);
        if repeats {
            self.case.value.outcome = before;
        }
        let over = match self.turn {
            // What is tried again must find the case open.
            Turn::Again { last } => last && !retried,
            Turn::Drift => self.case.value.outcome == Outcome::Fixed,
            Turn::First => false,
        };
        if over {
            self.case.value.closed = Some(self.pipeline.clock());
        }
        if self.case.version.is_none() {
            // Two copies of one event are told once: whoever claims it tells.
            match self.claim().await {
                Ok(()) => {}
                Err(Stop::Failed(failure)) => {
                    self.stored = false;
                    answer.again(failure.to_string());
                }
                Err(_) => return answer.again("somebody else tells about it"),
            }
        }
        let gap = self.open_gap(answer).await;
        self.tell_and_close(answer).await;
        self.close_gap(&gap, answer).await;
        self.learn_safe(answer).await;
    }

    /// Does the steps of the plan in their order.
    async fn work(&mut self) -> Result<(), Stop> {
        let finding = self.finding;
        if finding.verdict == Verdict::Attempt {
            return Ok(());
        }
        if finding.plan.is_empty() {
            return Err(match finding.verdict {
                Verdict::CannotTell => {
                    Stop::CannotTell("the record does not say which resource".into())
                }
                _ => Stop::ByHand("there is no safe automatic way back".into()),
            });
        }
        for plan in &finding.plan {
            self.ensure(plan).await?;
        }
        Ok(())
    }

    /// Puts what came of the work into words and numbers.
    fn settle(&mut self, worked: Result<(), Stop>, answer: &mut Answer) {
        let steps_written = self
            .case
            .value
            .steps
            .iter()
            .any(|work| work.to.is_some() && work.done);
        let (outcome, because) = match worked {
            Ok(()) if self.finding.verdict == Verdict::Attempt => (Outcome::Attempt, String::new()),
            Ok(()) if steps_written => (Outcome::Fixed, String::new()),
            Ok(()) => (Outcome::AlreadySafe, String::new()),
            Err(Stop::Would(why)) => (Outcome::WouldFix, why),
            Err(Stop::Waiting(why)) => (Outcome::Waiting, why),
            Err(Stop::ByHand(why)) => (Outcome::ByHand, why),
            Err(Stop::CannotTell(why)) => (Outcome::CannotTell, why),
            Err(Stop::Failed(failure)) => {
                if failure.passes() {
                    answer.again(failure.to_string());
                }
                (Outcome::Failed, failure.to_string())
            }
            Err(Stop::Held(why) | Stop::Excepted(why)) => (Outcome::Waiting, why),
        };
        let metric = match outcome {
            Outcome::Fixed => "Fixes",
            Outcome::Failed => "Failures",
            Outcome::Waiting | Outcome::ByHand => "Refused",
            _ => "Findings",
        };
        answer.metrics.count(metric);
        if metric != "Findings" {
            answer.metrics.count("Findings");
        }
        if outcome == Outcome::Fixed
            && self.wrote
            && let Ok(time) = DateTime::parse_from_rfc3339(&self.case.value.event.time)
        {
            let took = self.pipeline.clock() - time.with_timezone(&Utc);
            answer
                .metrics
                .milliseconds("EventToSafeMs", took.num_milliseconds());
        }
        self.case.value.outcome = outcome;
        self.case.value.because = because;
    }

    /// Tells people, then stores how it stands and lets go of what was held.
    async fn tell_and_close(&mut self, answer: &mut Answer) {
        let case = &self.case.value;
        let told = case
            .told
            .is_some_and(|(_, outcome)| outcome == case.outcome);
        let settling = case.outcome == Outcome::Waiting && self.is_settling();
        if !told && !settling {
            match self.tell().await {
                Ok(()) => {
                    self.case.value.told = Some((self.pipeline.clock(), self.case.value.outcome))
                }
                Err(failure) => {
                    self.case.value.closed = None;
                    answer.metrics.count("AlertFailures");
                    answer.notes.push(format!("nobody was told: {failure}"));
                    answer.again(failure.to_string());
                }
            }
        }
        self.case.value.lease = self.pipeline.now;
        for resource in self.resources.values_mut() {
            resource.value.lease = self.pipeline.now;
        }
        if let Err(error) = self.commit().await {
            let why = match error {
                NotStored::Conflict => "somebody else works on it".to_owned(),
                NotStored::Failed(failure) => failure.to_string(),
            };
            answer
                .notes
                .push(format!("the case could not be stored: {why}"));
            answer.again(why);
        }
        self.note_left().await;
        answer.verdict = answer.verdict.max(Some(self.finding.verdict));
        answer
            .cases
            .push((self.case.value.id.clone(), self.case.value.outcome));
    }

    /// Tells people, unless the severity is below what they want to hear of, or
    /// the account has had its share of this hour: then one digest says so, and
    /// only critical findings still go out.
    async fn tell(&self) -> Result<(), Failure> {
        let case = &self.case.value;
        let alerts = &self.known.settings.alerts;
        if case.severity < alerts.at_least {
            return Ok(());
        }
        let alert = Alert::of(case, registry::rule(&case.rule));
        if case.severity == Severity::Critical || !self.stored {
            return self.pipeline.outside.tell(&alert).await;
        }
        let key = alerts_of(&case.account, self.pipeline.now);
        let told = self
            .items
            .get(&key)
            .and_then(|item| item.read::<u32>().ok())
            .unwrap_or_default();
        let share = alerts.per_account_and_hour;
        if told < share {
            self.pipeline.outside.tell(&alert).await?;
        } else if told == share {
            let text = format!(
                "Account {} has had {share} alerts in this hour. Further ones are kept as cases and not sent, critical ones excepted.\n\nNext: auditward cases",
                case.account
            );
            let digest = Alert::plain(
                Severity::High,
                &format!("many findings in {}", case.account),
                text,
            );
            self.pipeline.outside.tell(&digest).await?;
        }
        let expires = (self.pipeline.now + Duration::hours(2)).timestamp();
        let put = Put::new(key, Expect::Anything, &(told + 1))?.until(expires);
        match self.pipeline.store.put(&[put]).await {
            // Counting is no reason to tell people twice.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Stores the case, the resources and fuses in hand and the ledger: all or
    /// nothing. Without a store nothing is stored.
    pub(super) async fn commit(&mut self) -> Result<(), NotStored> {
        if !self.stored {
            return Ok(());
        }
        let expires = (self.pipeline.now + KEPT).timestamp();
        let case = &self.case;
        let opened = case.value.opened.to_rfc3339();
        let put = Put::new(keys::case(&case.value.id), case.expect(), &case.value);
        let mut puts = vec![
            put.map_err(NotStored::Failed)?
                .until(expires)
                .listed("case", opened),
        ];
        for (key, resource) in &self.resources {
            let put =
                Put::new(key, resource.expect(), &resource.value).map_err(NotStored::Failed)?;
            puts.push(put.until(expires));
        }
        for (key, fuse) in &self.fuses {
            puts.push(
                Put::new(key, fuse.expect(), &fuse.value)
                    .map_err(NotStored::Failed)?
                    .until(expires),
            );
        }
        for request in &self.ledger {
            let put = Put::new(keys::ledger(request), Expect::Anything, &case.value.id);
            puts.push(put.map_err(NotStored::Failed)?.until(expires));
        }
        self.pipeline.store.put(&puts).await?;
        let next = |version: &mut Option<u64>| *version = Some(version.unwrap_or_default() + 1);
        next(&mut self.case.version);
        self.resources
            .values_mut()
            .for_each(|resource| next(&mut resource.version));
        // A fuse is checked and changed once a step; others may change it meanwhile.
        self.fuses.clear();
        self.ledger.clear();
        Ok(())
    }
}
