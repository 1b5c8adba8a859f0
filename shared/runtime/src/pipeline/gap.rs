//! The time in which a trail did not record in full: nothing that happened then
//! was delivered. AWS's own event history has it, some minutes late, and what it
//! has goes the way of every event.

use std::time::Duration as Pause;

use chrono::{DateTime, Duration, Utc};
use serde_json::json;

use auditward_rules::record::Record;
use auditward_rules::registry;

use super::job::Job;
use super::places::Places;
use super::{Answer, Pipeline, Turn};
use crate::case::Outcome;
use crate::failure::Failure;
use crate::guard::Gap;
use crate::keys;

/// How late the event history may be. It is what a queue's message may wait, too.
const LATE: Pause = Pause::from_secs(900);
/// The time before and after that is read as well: clocks differ, and delivery
/// stops and starts a little beside the calls.
const MARGIN: Duration = Duration::seconds(120);
/// The most that is read back: looks are a minute apart, and a stack that slept
/// for longer is told of by the alarm for silence.
const LONGEST: Duration = Duration::hours(24);

/// Facets without which events are lost.
const RECORDING: [&str; 3] = ["trail-config", "trail-logging", "trail-selectors"];

impl Job<'_> {
    /// Where this case brought a trail's recording back, every function is asked
    /// to read what happened meanwhile.
    pub(super) async fn close_gap(&self, answer: &mut Answer) {
        let case = &self.case.value;
        let back = case
            .steps
            .iter()
            .any(|work| work.done && RECORDING.contains(&work.plan.kind()));
        if !back || case.outcome != Outcome::Fixed || !self.wrote {
            return;
        }
        let to = self.pipeline.clock();
        let from = match self.turn {
            Turn::Drift | Turn::Asked => self.pipeline.last_well().await,
            Turn::First | Turn::Again { .. } => DateTime::parse_from_rfc3339(&case.event.time)
                .ok()
                .map(|time| time.to_utc()),
        };
        let from = from.unwrap_or(to - Duration::hours(1)).max(to - LONGEST);
        let message = json!({
            "auditward": "close-gap",
            "from": from - MARGIN,
            "to": to + MARGIN,
        });
        if let Err(failure) = self
            .pipeline
            .outside
            .to_all(&message.to_string(), LATE)
            .await
        {
            answer.notes.push(format!(
                "what happened while nothing was recorded is not read: {failure}"
            ));
            answer.metrics.count("Failures");
        }
    }
}

impl Pipeline<'_> {
    /// When a look last found everything recording.
    async fn last_well(&self) -> Option<DateTime<Utc>> {
        let key = keys::well(self.guard.function());
        self.document(&key).await.ok().flatten()
    }

    /// Asks this function's later selves to read the history of each place.
    pub async fn close_gap(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Answer {
        let mut answer = Answer::default();
        let work = async {
            let places: Places = self
                .document(&keys::places(self.guard.function()))
                .await?
                .unwrap_or_default();
            for place in places.places {
                let gap = Gap {
                    place,
                    from,
                    to,
                    next: None,
                };
                self.go_on(&gap).await?;
            }
            Ok(())
        };
        if let Err(failure) = work.await {
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
            let one = Box::pin(self.record(&record, &delivered(text, &record), Turn::First)).await;
            answer.verdict = answer.verdict.max(one.verdict);
            answer.cases.extend(one.cases);
            answer.notes.extend(one.notes);
            if let Some(why) = one.retry {
                answer.again(why);
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
