//! Dead letters: what failed every time is tried again later, a few times; what
//! then is still there is told.

use std::borrow::Cow;

use chrono::Duration;
use serde_json::{Map, Value, json};

use auditward_rules::json::Json;
use auditward_rules::rule::{Function, Severity};

use super::{Answer, Pipeline};
use crate::case::case_id;
use crate::failure::Failure;
use crate::keys;

/// A message that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What it takes to delete it.
    pub receipt: String,
    /// The queue it was taken from.
    pub queue: String,
    /// The message.
    pub body: String,
    /// The ARN of the queue, or of the function, for which it was meant; as the
    /// queue or EventBridge says.
    pub meant_for: String,
    /// Whether a function of ours sent it, or AWS on behalf of one: what somebody else
    /// put into a queue is not driven on in our name.
    pub by_function: bool,
}

/// How often an event is driven again before it is left to a person.
const MOST: i64 = 3;
/// How often a sweep takes some letters: those that are left must not hide others.
const TAKES: usize = 10;
/// Longer than a queue keeps anything.
const KEPT: Duration = Duration::days(15);

impl Pipeline<'_> {
    /// Sends what failed to the queue of the function that it was for, as an event
    /// to be judged again. That it cannot keeps nothing from being looked at.
    pub(super) async fn drive_letters(&self, answer: &mut Answer) {
        if let Err(failure) = self.try_drive(answer).await {
            self.unwell("driving of dead letters", &failure, answer)
                .await;
        }
    }

    async fn try_drive(&self, answer: &mut Answer) -> Result<(), Failure> {
        let mut left = Vec::new();
        for _ in 0..TAKES {
            let letters = self.outside.letters().await?;
            if letters.is_empty() {
                break;
            }
            for letter in letters {
                if comes_again(&letter) {
                    // For a fortnight it would hide others from the sweeps.
                    self.outside.done(&letter).await?;
                    answer.metrics.count("LettersDropped");
                    continue;
                }
                let Some((function, message)) = addressed(&letter) else {
                    answer.metrics.count("LettersLeft");
                    left.push(letter);
                    continue;
                };
                self.outside.to(function, &message).await?;
                self.outside.done(&letter).await?;
                answer.metrics.count("LettersDriven");
                answer
                    .notes
                    .push(format!("a dead letter was driven to {}", function.name()));
            }
        }
        self.tell_of_left(&left).await
    }

    /// Tells once of each letter that stays where it is.
    async fn tell_of_left(&self, left: &[Letter]) -> Result<(), Failure> {
        let (mut untold, mut lines) = (Vec::new(), Vec::new());
        for letter in left {
            let key = keys::told(&format!(
                "letter/{}",
                case_id(&letter.body, &letter.meant_for, "")
            ));
            let told: Option<Value> = self.document(&key).await?;
            if told.is_none() && !untold.contains(&key) {
                lines.push(told_as(letter));
                untold.push(key);
            }
        }
        if untold.is_empty() {
            return Ok(());
        }
        let text = format!(
            "These messages failed every time, and are not driven again:\n  - {}",
            lines.join("\n  - ")
        );
        let next = "look at the resources that they are about, and at the functions' logs; put right what is wrong, then delete the messages.";
        let alert = self.notice(Severity::High, "dead letters are left", text, next);
        self.outside.tell(&alert).await?;
        for key in untold {
            self.first_time(&key, KEPT).await;
        }
        Ok(())
    }
}

/// A letter in a line: where it lies, and which event it is about.
fn told_as(letter: &Letter) -> String {
    let (meant_for, event) = opened(letter);
    let says = |path: &[&str]| event.and_then(|event| event.path(path)?.scalar());
    let within = |name: &str| says(&["event", "detail", name]).or_else(|| says(&["detail", name]));
    let what = match (within("eventName"), within("eventID")) {
        (Some(name), Some(id)) => format!("{name} (event {id})"),
        _ => says(&["auditward"])
            .unwrap_or("no event".into())
            .into_owned(),
    };
    let queue = letter.queue.rsplit('/').next().unwrap_or_default();
    format!("in {queue}: {what}, for {meant_for}")
}

/// For whom a letter was meant, and what; no event where it is no JSON. What Lambda
/// gave up names the function and has the event inside. It is never taken apart
/// further: texts may be in it that JSON allows and few readers take.
fn opened(letter: &Letter) -> (Cow<'_, str>, Option<Json<'_>>) {
    let body = Json::parse(&letter.body);
    let inside = body.and_then(|body| {
        let arn = body.path(&["requestContext", "functionArn"])?.scalar()?;
        Some((arn, body.get("requestPayload")))
    });
    match inside {
        Some((arn, Some(event))) => (arn, Some(event)),
        _ => (Cow::Borrowed(&letter.meant_for), body),
    }
}

/// Whether a letter is a look that failed: the next one is made anyway, and that
/// one failed was told then.
fn comes_again(letter: &Letter) -> bool {
    let kind = opened(letter).1.and_then(|event| event.string("auditward"));
    matches!(kind.as_deref(), Some("pulse" | "sweep" | "sweep-place"))
}

/// To which function a letter goes, and as what; `None`: a person must look.
fn addressed(letter: &Letter) -> Option<(Function, String)> {
    if !letter.by_function {
        return None;
    }
    let (meant_for, event) = opened(letter);
    let event = event.filter(|event| event.is_object())?;
    let function = Function::ALL
        .into_iter()
        .find(|function| meant_for.contains(function.name()))?;
    let driven = event.get("driven").and_then(Json::number);
    let driven = driven.unwrap_or_default() + 1;
    let again = |event: Json<'_>| {
        let event = event.text();
        format!(r#"{{"auditward":"judge-again","last":true,"driven":{driven},"event":{event}}}"#)
    };
    let message = match event.string("auditward").as_deref() {
        None => again(event),
        Some("judge-again") => again(event.get("event")?),
        // Nobody would ask for what was missed once more.
        Some("close-gap" | "read-missed") => {
            let mut message: Map<String, Value> = serde_json::from_str(event.text()).ok()?;
            message.insert("driven".into(), json!(driven));
            Value::from(message).to_string()
        }
        // A person's wish may no longer be meant.
        Some(_) => return None,
    };
    (driven <= MOST).then_some((function, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(body: &Value, meant_for: &str) -> Letter {
        Letter {
            receipt: "r".into(),
            queue: "q".into(),
            body: body.to_string(),
            meant_for: meant_for.into(),
            by_function: true,
        }
    }

    fn sent(letter: &Letter) -> Option<(Function, Value)> {
        let (function, message) = addressed(letter)?;
        Some((function, serde_json::from_str(&message).unwrap()))
    }

    #[test]
    fn what_lambda_gave_up_goes_to_its_function_again() {
        let body = json!({
            "requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:111111111111:function:auditward-trail-guard:$LATEST"},
            "requestPayload": {"detail": {"eventName": "StopLogging"}},
        });
        let (function, message) = sent(&letter(&body, "")).unwrap();
        assert_eq!(function, Function::TrailGuard);
        assert_eq!(message["event"]["detail"]["eventName"], "StopLogging");
    }

    #[test]
    fn what_failed_a_few_times_is_left_to_a_person() {
        let queue = "arn:aws:sqs:eu-west-1:111111111111:auditward-role-guard";
        let mut body = json!({"auditward": "judge-again", "last": true, "event": {"detail": {}}});
        for driven in 0..MOST {
            let (function, message) = sent(&letter(&body, queue)).unwrap();
            assert_eq!(
                (function, &message["driven"]),
                (Function::RoleGuard, &json!(driven + 1))
            );
            body = message;
        }
        assert_eq!(sent(&letter(&body, queue)), None);
    }

    #[test]
    fn what_was_missed_is_asked_for_again_a_few_times() {
        let queue = "arn:aws:sqs:eu-west-1:111111111111:auditward-log-guard";
        let mut body = json!({"auditward": "read-missed", "gap": {"account": "1"}});
        for driven in 1..=MOST {
            let (function, message) = sent(&letter(&body, queue)).unwrap();
            assert_eq!(function, Function::LogGuard);
            assert_eq!(message["gap"], body["gap"]);
            assert_eq!(message["driven"], driven);
            body = message;
        }
        assert_eq!(sent(&letter(&body, queue)), None);
    }

    #[test]
    fn what_is_left_is_told_by_its_event_and_never_with_its_record() {
        let event = json!({"detail": {"eventName": "StopLogging", "eventID": "e1", "requestParameters": {"name": "t"}}});
        let body = json!({"auditward": "judge-again", "driven": 3, "event": event});
        assert_eq!(
            told_as(&letter(&body, "arn:aws:sqs:::s-trail-guard")),
            "in q: StopLogging (event e1), for arn:aws:sqs:::s-trail-guard"
        );
        let wish = json!({"auditward": "undo", "case": "c1"});
        assert_eq!(told_as(&letter(&wish, "n")), "in q: undo, for n");
    }

    #[test]
    fn a_look_that_failed_comes_again_by_itself() {
        let arn = "arn:aws:lambda:eu-west-1:111111111111:function:auditward-trail-guard:$LATEST";
        let pulse = json!({"requestContext": {"functionArn": arn}, "requestPayload": {"auditward": "pulse"}});
        assert!(comes_again(&letter(&pulse, "")));
        let place = json!({"auditward": "sweep-place", "account": "1", "region": "eu-west-1"});
        assert!(comes_again(&letter(&place, "arn:aws:sqs:::s-trail-guard")));
        for kept in [
            json!({"auditward": "undo", "case": "c1"}),
            json!({"auditward": "judge-again", "event": {"auditward": "pulse"}}),
            json!({"detail": {"auditward": "pulse"}}),
            json!("no event"),
        ] {
            assert!(!comes_again(&letter(&kept, "")), "{kept}");
        }
    }

    /// GIVEN half a surrogate in an event, which JSON allows and many readers refuse,
    /// THEN the event is driven again as it is.
    #[test]
    fn whoever_makes_a_call_does_not_choose_that_it_is_left_alone() {
        let event =
            r#"{"detail":{"eventName":"StopLogging","eventID":"e1","userAgent":"cli \ud83d"}}"#;
        let queue = "arn:aws:sqs:eu-west-1:111111111111:auditward-trail-guard";
        let letter = Letter {
            body: event.into(),
            ..letter(&Value::Null, queue)
        };
        let (function, message) = addressed(&letter).unwrap();
        assert_eq!(function, Function::TrailGuard);
        assert!(message.contains(event), "{message}");
        assert!(told_as(&letter).contains("StopLogging (event e1)"));
        let strange = Letter {
            by_function: false,
            ..letter
        };
        assert_eq!(addressed(&strange), None, "somebody put it there");
    }

    #[test]
    fn what_is_no_event_or_for_nobody_is_left_alone() {
        let queue = "arn:aws:sqs:eu-west-1:111111111111:auditward-role-guard";
        assert_eq!(sent(&letter(&json!({"auditward": "undo"}), queue)), None);
        assert_eq!(
            sent(&letter(&json!({"detail": {}}), "arn:aws:sqs:::other")),
            None
        );
    }
}
