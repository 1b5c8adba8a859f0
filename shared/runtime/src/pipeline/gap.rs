//! The time in which a trail did not record in full: nothing that happened then
//! was delivered. AWS's own event history has it, some minutes late, and what it
//! has goes the way of every event.
//!
//! A gap is open from the act that made it, whoever ends it, and closed only once
//! every function is asked to read it.

use std::time::Duration as Pause;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;

use auditward_rules::facet::At;
use auditward_rules::judge::Verdict;
use auditward_rules::plan::Plan;
use auditward_rules::protected;
use auditward_rules::record::Record;
use auditward_rules::registry;

use super::job::Job;
use super::places::Place;
use super::sweep::{AT_ONCE, SPARE};
use super::{Answer, Pipeline, SECOND, Turn, known_now};
use crate::case::Outcome;
use crate::failure::Failure;
use crate::guard::Gap;
use crate::keys;
use crate::known::Known;

/// How late the event history may be. It is what a queue's message may wait, too.
pub(super) const LATE: Pause = Pause::from_secs(900);
/// The time before and after that is read as well: clocks differ, and delivery
/// stops and starts a little beside the calls.
const MARGIN: Duration = Duration::seconds(120);
/// The most that is read back: looks are a minute apart, and a stack that slept
/// for longer is told of by the alarm for silence.
const LONGEST: Duration = Duration::hours(24);
/// What happened so far is read so often while nobody ends the gap.
const PIECE: Duration = Duration::hours(1);

/// Facets without which events are lost.
const RECORDING: [&str; 3] = ["trail-config", "trail-logging", "trail-selectors"];

/// Whether events are lost while a facet is not as it must be.
pub(super) fn records(plan: &Plan) -> bool {
    RECORDING.contains(&plan.kind())
}

/// Gaps that are not closed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Gaps {
    open: Vec<Open>,
}

/// One of them: a side of a trail that does not record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Open {
    at: At,
    kind: String,
    /// What has to be read yet begins here.
    from: DateTime<Utc>,
    /// When it was last heard of.
    heard: DateTime<Utc>,
}

impl Open {
    fn is(&self, plan: &Plan) -> bool {
        self.kind == plan.kind() && self.at == *plan.at()
    }

    fn is_like(&self, other: &Self) -> bool {
        self.kind == other.kind && self.at == other.at
    }
}

impl Gaps {
    /// Opens gaps, or keeps them open.
    fn open(&mut self, all: &[Open]) {
        for one in all {
            match self.open.iter_mut().find(|known| known.is_like(one)) {
                None => self.open.push(one.clone()),
                Some(known) => {
                    known.from = known.from.min(one.from);
                    known.heard = known.heard.max(one.heard);
                }
            }
        }
    }

    /// What has to be looked at to know whether they are over.
    pub fn plans(&self, known: &Known) -> Vec<Plan> {
        let plans = self.open.iter().filter_map(|open| {
            let plans = protected::plans(&open.at, &known.settings, &known.inventory);
            plans.into_iter().find(|plan| open.is(plan))
        });
        plans.collect()
    }
}

impl Job<'_> {
    /// Keeps that a trail does not record, before the case is settled: whatever
    /// comes of it, what happened meanwhile must be read. Gives what is open.
    pub(super) async fn open_gap(&self, answer: &mut Answer) -> Vec<Open> {
        let case = &self.case.value;
        let lost = matches!(
            self.finding.verdict,
            Verdict::Violation | Verdict::CannotTell
        );
        let told = case
            .told
            .is_some_and(|(_, outcome)| outcome == case.outcome);
        if !lost || told && !self.wrote {
            return Vec::new();
        }
        let plans = self.finding.plan.iter().filter(|plan| records(plan));
        let plans: Vec<&Plan> = plans.collect();
        if plans.is_empty() {
            return Vec::new();
        }
        let now = self.pipeline.clock();
        let drift = case.event.source == super::DRIFT;
        let from = match drift {
            true => self.pipeline.last_well().await,
            false => DateTime::parse_from_rfc3339(&case.event.time)
                .ok()
                .map(|time| time.to_utc()),
        };
        let from = from
            .unwrap_or(now - Duration::hours(1))
            .clamp(now - LONGEST, now);
        let open = plans.into_iter().map(|plan| Open {
            at: plan.at().clone(),
            kind: plan.kind().to_owned(),
            from,
            heard: now,
        });
        let open: Vec<Open> = open.collect();
        if self.stored
            && let Err(failure) = self.pipeline.open_gaps(&open).await
        {
            answer
                .notes
                .push(format!("that nothing is recorded is not kept: {failure}"));
        }
        open
    }

    /// Where the trail records again, every function is asked to read what happened
    /// meanwhile; otherwise a pulse asks, as soon as it does.
    pub(super) async fn close_gap(&self, open: &[Open], answer: &mut Answer) {
        if matches!(
            self.case.value.outcome,
            Outcome::Fixed | Outcome::AlreadySafe
        ) {
            let to = self.pipeline.clock();
            self.pipeline.read_gaps(open, to, None, answer).await;
        }
    }
}

impl Pipeline<'_> {
    /// When a look last found everything recording.
    async fn last_well(&self) -> Option<DateTime<Utc>> {
        let key = keys::well(self.guard.function());
        self.document(&key).await.ok().flatten()
    }

    async fn open_gaps(&self, open: &[Open]) -> Result<(), Failure> {
        let key = keys::gaps(self.guard.function());
        self.change(&key, |gaps: &mut Gaps| {
            gaps.open(open);
            true
        })
        .await
    }

    /// What a pulse makes of gaps: those that are over are read and closed, the
    /// others read as far as they are.
    pub(super) async fn keep_gaps(&self, gaps: &Gaps, safe: &[Plan], answer: &mut Answer) {
        let is_safe = |open: &&Open| safe.iter().any(|plan| open.is(plan));
        let (over, on): (Vec<Open>, Vec<Open>) =
            gaps.open.iter().cloned().partition(|open| is_safe(&open));
        let now = self.clock();
        self.read_gaps(&over, now, None, answer).await;
        let mut long = on;
        long.retain(|open| now - open.from > PIECE);
        self.read_gaps(&long, now, Some(now), answer).await;
    }

    /// Asks every function to read gaps; then they are closed, or begin anew.
    async fn read_gaps(
        &self,
        open: &[Open],
        to: DateTime<Utc>,
        anew: Option<DateTime<Utc>>,
        answer: &mut Answer,
    ) {
        let Some(from) = open.iter().map(|open| open.from).min() else {
            return;
        };
        let message = json!({
            "auditward": "close-gap",
            "from": from.max(to - LONGEST) - MARGIN,
            "to": to + MARGIN,
        });
        if let Err(failure) = self.outside.to_all(&message.to_string(), LATE).await {
            answer.notes.push(format!(
                "what happened while nothing was recorded is not read yet: {failure}"
            ));
            answer.metrics.count("Failures");
            return;
        }
        let key = keys::gaps(self.guard.function());
        let read = self.change(&key, |gaps: &mut Gaps| {
            let before = gaps.open.clone();
            // What was opened once more meanwhile stays open.
            let met = |one: &Open| {
                let read = |open: &Open| open.is_like(one) && one.heard <= open.heard;
                open.iter().any(read)
            };
            match anew {
                None => gaps.open.retain(|one| !met(one)),
                Some(from) => gaps
                    .open
                    .iter_mut()
                    .filter(|one| met(one))
                    .for_each(|one| one.from = from),
            }
            gaps.open != before
        });
        // Else it is read once more, which harms nobody.
        let _ = read.await;
    }

    /// Asks this function's later selves to read the history of each place: also of
    /// those in which nothing is guarded, as far as anybody knew.
    pub async fn close_gap(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        after: Option<&Place>,
    ) -> Answer {
        let mut answer = Answer::default();
        let work = async {
            let known = known_now(self).await;
            let places = self.happening_places(&known).await?;
            let rest = places
                .iter()
                .filter(|place| after.is_none_or(|after| *place > after));
            let rest: Vec<&Place> = rest.collect();
            for some in rest.chunks(AT_ONCE) {
                let sent = some.iter().map(|place| async {
                    let gap = Gap {
                        place: (*place).clone(),
                        from,
                        to,
                        next: None,
                    };
                    self.go_on(&gap).await
                });
                futures_util::future::try_join_all(sent).await?;
                if let Some(last) = some.last()
                    && Some(last) != rest.last()
                    && self.clock() + SPARE > self.deadline
                {
                    let message = json!({
                        "auditward": "close-gap", "from": from, "to": to, "after": last,
                    });
                    return self.outside.later(&message.to_string(), Pause::ZERO).await;
                }
            }
            Ok(())
        };
        if let Err(failure) = work.await {
            // Nobody else asks for it: the queue brings it again.
            answer.again(failure.to_string());
            self.unwell("reading of missed events", &failure, &mut answer)
                .await;
        }
        answer
    }

    /// Reads the history of one place and judges what this function's rules watch.
    pub async fn read_missed(&self, gap: &Gap) -> Answer {
        let mut answer = Answer::default();
        match self.try_missed(gap, &mut answer).await {
            Ok(0) => {}
            Ok(count) => answer
                .notes
                .push(format!("{count} missed events were judged")),
            // A place that lets nobody in is told of by the sweeps.
            Err(failure) if failure.shut_out() => {
                answer.notes.push(failure.to_string());
                if let Err(failure) = self.closed(&gap.place, &failure).await {
                    answer.again(failure.to_string());
                }
            }
            Err(failure) => {
                if failure.passes() {
                    answer.again(failure.to_string());
                }
                self.unwell("reading of missed events", &failure, &mut answer)
                    .await;
            }
        }
        answer
    }

    async fn try_missed(&self, gap: &Gap, answer: &mut Answer) -> Result<usize, Failure> {
        let (records, next) = self.guard.missed(gap).await?;
        let function = self.guard.function();
        let mut judged = 0;
        // The oldest first, as it happened.
        for text in records.iter().rev() {
            let Ok(record) = Record::read(text) else {
                answer.metrics.count("Unreadable");
                continue;
            };
            let mut rules = registry::watching(&record.event_source, record.plain_name());
            if !rules.any(|rule| rule.function == function) {
                continue;
            }
            judged += 1;
            answer.metrics.count("Missed");
            let event = delivered(text, &record);
            let one = Box::pin(self.record(&record, &event, Turn::First)).await;
            answer.verdict = answer.verdict.max(one.verdict);
            answer.cases.extend(one.cases);
            answer.notes.extend(one.notes);
            // By itself: tried again as a whole, all that follows would be asked for
            // once more.
            if one.retry.is_some() {
                self.judge_again_later(&event, SECOND).await?;
            }
        }
        if next.is_some() {
            self.go_on(&Gap {
                next,
                ..gap.clone()
            })
            .await?;
        }
        Ok(judged)
    }

    async fn go_on(&self, gap: &Gap) -> Result<(), Failure> {
        let message = json!({"auditward": "read-missed", "gap": gap});
        self.outside.later(&message.to_string(), Pause::ZERO).await
    }
}

/// The record as EventBridge would have delivered it, to be judged again later.
fn delivered(text: &str, record: &Record<'_>) -> String {
    let service = record.event_source.trim_end_matches(".amazonaws.com");
    format!(
        r#"{{"source":"aws.{service}","detail-type":"AWS API Call via CloudTrail","detail":{text}}}"#
    )
}
