//! What may come in: typed entries, and nothing else.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use aws_lambda_events::event::sqs::{SqsEvent, SqsMessage};

use auditward_rules::envelope::delivered;
use auditward_rules::json::Json;
use auditward_rules::record::Record;

use crate::guard::Gap;
use crate::pipeline::{Place, Retire, Turn, Undo};

/// What Lambda hands over.
#[derive(Debug)]
pub enum Payload {
    /// JSON of any kind.
    Json(Box<RawValue>),
    /// Something else, and what the reader said of it. It is a payload like any
    /// other, lest the runtime refuses it before anybody is told.
    Unreadable(String),
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer);
        Ok(json.map_or_else(|error| Self::Unreadable(error.to_string()), Self::Json))
    }
}

/// One thing to be done.
#[derive(Debug)]
pub enum Entry<'a> {
    /// A record that EventBridge delivered, now or a while ago.
    Event {
        /// The payload as it came, for judging it again.
        payload: Cow<'a, RawValue>,
        /// Which time it is judged.
        turn: Turn,
    },
    /// An operator's wish.
    Undo {
        /// The wish.
        undo: Undo,
        /// The sender's unique ID, as the queue vouches for it.
        sender: String,
    },
    /// A schedule wants the most important looked at.
    Pulse,
    /// A schedule wants everything looked at.
    Sweep {
        /// Behind which account and region to go on, where this function's earlier
        /// self did not come to the end.
        after: Option<Place>,
    },
    /// This function's earlier self wants one place looked at.
    SweepPlace {
        /// The account and region.
        place: Place,
        /// With which plan to begin.
        from: usize,
    },
    /// A trail records again: what happened meanwhile is to be read.
    CloseGap {
        /// From when.
        from: DateTime<Utc>,
        /// Until when.
        to: DateTime<Utc>,
        /// Behind which place to go on, where an earlier self did not come to the end.
        after: Option<Place>,
    },
    /// This function's earlier self wants one place's history read.
    ReadMissed(Gap),
    /// An operator wants a resource put right.
    Fix {
        /// The resource's ARN.
        resource: String,
        /// The sender's unique ID, as the queue vouches for it.
        sender: String,
    },
    /// An operator says that a resource is gone for good.
    Retire {
        /// What is gone, and why.
        retire: Retire,
        /// The sender's unique ID, as the queue vouches for it.
        sender: String,
    },
    /// An operator wants what is there recorded as baselines.
    TakeBaselines {
        /// Of this resource only, by its ARN.
        only: Option<String>,
        /// The sender's unique ID, as the queue vouches for it.
        sender: String,
    },
}

/// Sorts a payload. `functions` are the unique IDs of the roles as which Auditward's
/// functions run; empty where the environment does not say.
///
/// # Errors
/// A sentence saying what was expected.
pub fn sort<'a>(payload: &'a RawValue, functions: &[String]) -> Result<Vec<Entry<'a>>, String> {
    let [schedule, records] = Json::new(payload).pick(["auditward", "Records"]);
    match schedule.and_then(Json::scalar).as_deref() {
        Some("pulse") => return Ok(vec![Entry::Pulse]),
        Some("sweep") => return Ok(vec![Entry::Sweep { after: None }]),
        Some(other) => {
            return Err(format!(
                "expected `pulse` or `sweep` of a schedule, found `{other}`: everything else comes through the function's own queue"
            ));
        }
        None => {}
    }
    if records.is_none() {
        return Ok(vec![Entry::Event {
            payload: Cow::Borrowed(payload),
            turn: Turn::First,
        }]);
    }
    let batch: SqsEvent = serde_json::from_str(payload.get())
        .map_err(|e| format!("expected messages of the function's own queue: {e}"))?;
    let messages = batch.records.into_iter();
    messages
        .map(|message| from_queue(message, functions))
        .collect()
}

/// A message of this function's own queue.
fn from_queue<'a>(message: SqsMessage, functions: &[String]) -> Result<Entry<'a>, String> {
    if message.event_source.as_deref() != Some("aws:sqs") {
        return Err(
            "expected an event of EventBridge or a message of the function's own queue".into(),
        );
    }
    let body = message.body.unwrap_or_default();
    let Some(json) = Json::parse(&body) else {
        return Err("the queue's message is no JSON".into());
    };
    let sender = message.attributes.get("SenderId");
    let sender = sender.map(|id| principal_of(id)).unwrap_or_default();
    let sender = sender.to_owned();
    let kind = json.string("auditward");
    // Operators may send too, and nobody vouches for an event but EventBridge, whose
    // word a function passes on.
    let for_operators = matches!(
        kind.as_deref(),
        Some("undo" | "take-baselines" | "fix" | "retire") | None
    );
    if !for_operators && !functions.is_empty() && !functions.contains(&sender) {
        return Err(format!(
            "its sender (`{sender}`) is none of Auditward's functions, which alone may send a message of this kind"
        ));
    }
    match kind.as_deref() {
        Some("judge-again") => {
            let event = json.get("event").ok_or("judge-again: expected `event`")?;
            let last = json.get("last").and_then(Json::boolean).unwrap_or(true);
            let event = RawValue::from_string(event.text().to_owned());
            Ok(Entry::Event {
                payload: Cow::Owned(event.map_err(|e| format!("judge-again: {e}"))?),
                turn: Turn::Again { last },
            })
        }
        Some("undo") => {
            let undo = serde_json::from_str(json.text()).map_err(|e| format!("undo: {e}"))?;
            Ok(Entry::Undo { undo, sender })
        }
        Some("take-baselines") => Ok(Entry::TakeBaselines {
            only: json.string("resource").map(Cow::into_owned),
            sender,
        }),
        Some("fix") => {
            let resource = json.string("resource").ok_or("fix: expected `resource`")?;
            let resource = resource.into_owned();
            Ok(Entry::Fix { resource, sender })
        }
        Some("retire") => {
            let retire = serde_json::from_str(json.text()).map_err(|e| format!("retire: {e}"))?;
            Ok(Entry::Retire { retire, sender })
        }
        Some("close-gap") => {
            let time = |name: &str| {
                let text = json.string(name).unwrap_or_default();
                let time = DateTime::parse_from_rfc3339(&text);
                time.map_err(|e| format!("close-gap: `{name}`: {e}"))
            };
            let (from, to) = (time("from")?.to_utc(), time("to")?.to_utc());
            let after = json
                .get("after")
                .map(|place| serde_json::from_str(place.text()));
            let after = after.transpose().map_err(|e| format!("close-gap: {e}"))?;
            Ok(Entry::CloseGap { from, to, after })
        }
        Some("read-missed") => {
            let gap = json.get("gap").ok_or("read-missed: expected `gap`")?;
            let gap = serde_json::from_str(gap.text()).map_err(|e| format!("read-missed: {e}"))?;
            Ok(Entry::ReadMissed(gap))
        }
        Some("sweep") => {
            let after = serde_json::from_str(json.text()).map_err(|e| format!("sweep: {e}"))?;
            Ok(Entry::Sweep { after: Some(after) })
        }
        Some("sweep-place") => {
            let place =
                serde_json::from_str(json.text()).map_err(|e| format!("sweep-place: {e}"))?;
            let from = json.get("from").and_then(Json::number).unwrap_or_default();
            let from = usize::try_from(from).unwrap_or_default();
            Ok(Entry::SweepPlace { place, from })
        }
        other => Err(format!(
            "the queue's message is of an unknown kind: {other:?}"
        )),
    }
}

/// Whom SQS names as a sender: `AROA…:session` for a role, of which only the role's
/// own ID is AWS's word.
pub fn principal_of(sender_id: &str) -> &str {
    sender_id.split_once(':').map_or(sender_id, |(id, _)| id)
}

/// The one record of an EventBridge payload.
///
/// # Errors
/// It is something else, or EventBridge does not vouch for the record.
pub fn record(payload: &RawValue) -> Result<Record<'_>, String> {
    let opened = delivered(Json::new(payload));
    let (delivered, record) =
        opened.ok_or("expected one event of EventBridge, with a record under `detail`")?;
    let record = record?;
    if delivered
        .as_ref()
        .is_some_and(|one| one.vouches_for(&record))
    {
        return Ok(record);
    }
    let source = delivered.map_or_else(|| "nobody".into(), |delivered| delivered.source);
    Err(format!(
        "`{source}` does not vouch for a record of `{}`: it is forged, or a rule of the event bus sends what it should not",
        record.event_source
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"detail-type":"AWS API Call via CloudTrail","source":"aws.s3","detail":{"eventSource":"s3.amazonaws.com","eventName":"PutBucketPolicy"}}"#;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn only_what_eventbridge_vouches_for_is_a_record() {
        assert!(record(&raw(EVENT)).is_ok());
        assert!(
            record(&raw(&EVENT.replace("aws.s3", "my.s3")))
                .unwrap_err()
                .contains("forged")
        );
        assert!(
            record(&raw(
                r#"{"eventSource":"s3.amazonaws.com","eventName":"PutBucketPolicy"}"#
            ))
            .is_err()
        );
        assert!(record(&raw("{}")).is_err());
    }

    #[test]
    fn a_wish_to_undo_carries_the_sender_that_the_queue_vouches_for() {
        let message = raw(
            r#"{"Records":[{"eventSource":"aws:sqs","attributes":{"SenderId":"AROAX:alice"},"body":"{\"auditward\":\"undo\",\"case\":\"c1\",\"reason\":\"meant\"}"}]}"#,
        );
        let entries = sort(&message, &["AROAFUNCTION".into()]).unwrap();
        let [Entry::Undo { undo, sender }] = entries.as_slice() else {
            panic!("{entries:?}")
        };
        assert_eq!((undo.case.as_str(), sender.as_str()), ("c1", "AROAX"));
        assert!(sort(&raw(r#"{"Records":[{"eventSource":"aws:s3"}]}"#), &[]).is_err());
    }

    #[test]
    fn a_word_that_something_is_gone_needs_a_reason() {
        let word = |body: &str| {
            let message = serde_json::json!({"Records": [{"eventSource": "aws:sqs",
                "attributes": {"SenderId": "AROAX:alice"}, "body": body}]});
            let message = raw(&message.to_string());
            sort(&message, &["AROAFUNCTION".into()]).map(|entries| format!("{entries:?}"))
        };
        let given = word(r#"{"auditward":"retire","resource":"arn","reason":"moved"}"#).unwrap();
        assert!(
            given.contains("moved") && given.contains("AROAX"),
            "{given}"
        );
        let missing = word(r#"{"auditward":"retire","resource":"arn"}"#).unwrap_err();
        assert!(missing.contains("`reason`"), "{missing}");
    }

    /// GIVEN somebody who may send to the queue, THEN events are taken from him as
    /// little as from anybody but EventBridge.
    #[test]
    fn only_functions_have_an_event_judged_again() {
        let functions = ["AROAFUNCTION".to_owned()];
        for (sender, taken) in [
            ("AROAFUNCTION:auditward-trail-guard", true),
            ("AROAX:alice", false),
        ] {
            for body in [
                format!(r#"{{"auditward":"judge-again","event":{EVENT}}}"#),
                r#"{"auditward":"sweep","account":"1","region":"eu-west-1"}"#.into(),
            ] {
                let message = serde_json::json!({"Records": [{"eventSource": "aws:sqs",
                    "attributes": {"SenderId": sender}, "body": body}]});
                let message = raw(&message.to_string());
                assert_eq!(sort(&message, &functions).is_ok(), taken, "{body}");
                assert!(sort(&message, &[]).is_ok());
            }
        }
    }
}
