//! Dead letters: what failed every time is tried again later, a few times.

use serde_json::{Value, json};

use auditward_rules::rule::Function;

use super::{Answer, Pipeline};
use crate::failure::Failure;

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
}

/// How often an event is driven again before it is left to a person.
const MOST: u64 = 3;

impl Pipeline<'_> {
    /// Sends what failed to the queue of the function that it was for, as an event
    /// to be judged again.
    pub(super) async fn drive_letters(&self, answer: &mut Answer) -> Result<(), Failure> {
        for letter in self.outside.letters().await? {
            let Some((function, message)) = addressed(&letter) else {
                answer.metrics.count("LettersLeft");
                continue;
            };
            self.outside.to(function, &message.to_string()).await?;
            self.outside.done(&letter).await?;
            answer.metrics.count("LettersDriven");
            answer
                .notes
                .push(format!("a dead letter was driven to {}", function.name()));
        }
        Ok(())
    }
}

/// To which function a letter goes, and as what; `None`: a person must look.
fn addressed(letter: &Letter) -> Option<(Function, Value)> {
    let body: Value = serde_json::from_str(&letter.body).ok()?;
    // What Lambda gave up names the function and has the event inside.
    let (meant_for, event) = match body.pointer("/requestContext/functionArn") {
        Some(arn) => (
            arn.as_str()?.to_owned(),
            body.get("requestPayload")?.clone(),
        ),
        None => (letter.meant_for.clone(), body),
    };
    let function = Function::ALL
        .into_iter()
        .find(|function| meant_for.contains(function.name()))?;
    // Only events are worth a second try: schedules come again by themselves, and
    // a person's wish may no longer be meant.
    let (event, driven) = match event.get("auditward").and_then(Value::as_str) {
        None => (event, 0),
        Some("judge-again") => {
            let driven = event.get("driven").and_then(Value::as_u64);
            (event.get("event")?.clone(), driven.unwrap_or_default())
        }
        Some(_) => return None,
    };
    let message = json!({
        "auditward": "judge-again",
        "last": true,
        "driven": driven + 1,
        "event": event,
    });
    (driven < MOST).then_some((function, message))
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
        }
    }

    #[test]
    fn what_lambda_gave_up_goes_to_its_function_again() {
        let body = json!({
            "requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:111111111111:function:auditward-trail-guard:$LATEST"},
            "requestPayload": {"detail": {"eventName": "StopLogging"}},
        });
        let (function, message) = addressed(&letter(&body, "")).unwrap();
        assert_eq!(function, Function::TrailGuard);
        assert_eq!(message["event"]["detail"]["eventName"], "StopLogging");
    }

    #[test]
    fn what_failed_a_few_times_is_left_to_a_person() {
        let queue = "arn:aws:sqs:eu-west-1:111111111111:auditward-role-guard";
        let mut body = json!({"auditward": "judge-again", "last": true, "event": {"detail": {}}});
        for driven in 0..MOST {
            let (function, message) = addressed(&letter(&body, queue)).unwrap();
            assert_eq!(
                (function, &message["driven"]),
                (Function::RoleGuard, &json!(driven + 1))
            );
            body = message;
        }
        assert_eq!(addressed(&letter(&body, queue)), None);
    }

    #[test]
    fn what_is_no_event_or_for_nobody_is_left_alone() {
        let queue = "arn:aws:sqs:eu-west-1:111111111111:auditward-role-guard";
        assert_eq!(
            addressed(&letter(&json!({"auditward": "undo"}), queue)),
            None
        );
        assert_eq!(
            addressed(&letter(&json!({"detail": {}}), "arn:aws:sqs:::other")),
            None
        );
    }
}
