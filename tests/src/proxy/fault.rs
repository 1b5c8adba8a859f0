//! Which calls go wrong, and how that looks on the wire.

use std::time::Duration;

use super::call::Call;
use crate::wire::Message;

/// What happens to a call instead of, or beside, its being answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// AWS refuses it, in the service's own words. It has no effect.
    AccessDenied,
    /// AWS is busy, in the service's own words. It has no effect, and SDKs retry.
    Throttled,
    /// The connection is cut before the call reaches AWS.
    Reset,
    /// The call takes effect, and the connection is cut before the answer.
    AnswerLost,
    /// The call reaches AWS this much later.
    Delay(Duration),
    /// The call never reaches AWS and is never answered: kill the function
    /// [here](super::Proxy::hit) to see what a crash before the call leaves.
    Hang,
    /// The call takes effect and is never answered: a crash after the call.
    HangAfter,
}

/// Which calls a fault is for.
#[derive(Debug, Clone)]
pub struct Match {
    which: Which,
    times: Option<usize>,
}

#[derive(Debug, Clone)]
enum Which {
    Any,
    Number(usize),
    Operation(usize),
    Service(String),
    Action(String, String),
}

impl Match {
    fn new(which: Which) -> Self {
        Self { which, times: None }
    }

    /// Every call.
    pub fn any() -> Self {
        Self::new(Which::Any)
    }

    /// The n-th call since the last clear, from 1. An SDK's retry of it passes.
    pub fn nth(number: usize) -> Self {
        Self::new(Which::Number(number))
    }

    /// The n-th operation since the last clear, from 1, with all its retries.
    pub fn operation(number: usize) -> Self {
        Self::new(Which::Operation(number))
    }

    /// Every call of a service.
    pub fn service(service: &str) -> Self {
        Self::new(Which::Service(service.into()))
    }

    /// Every call of an action: `Match::action("cloudtrail", "StartLogging")`.
    pub fn action(service: &str, action: &str) -> Self {
        Self::new(Which::Action(service.into(), action.into()))
    }

    /// Only the first so many of those calls.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// Whether this call is one of those; counts it if it is.
    pub(super) fn takes(&mut self, call: &Call) -> bool {
        let hit = match &self.which {
            Which::Any => true,
            Which::Number(number) => *number == call.number,
            Which::Operation(number) => *number == call.operation,
            Which::Service(service) => *service == call.service,
            Which::Action(service, action) => *service == call.service && *action == call.action,
        };
        if !hit || self.times == Some(0) {
            return false;
        }
        self.times = self.times.map(|times| times - 1);
        true
    }
}

/// AWS's refusal of a call, in the wire form of its service.
pub(super) fn denied(call: &Call) -> Message {
    let code = match &*call.service {
        "sns" => "AuthorizationError",
        "s3" | "s3control" | "iam" | "sts" => "AccessDenied",
        _ => "AccessDeniedException",
    };
    let status = if call.request.header("x-amz-target").is_some() {
        400
    } else {
        403
    };
    error(
        call,
        status,
        code,
        &format!("not authorized to perform: {}", call.name()),
    )
}

/// AWS's plea to come back later, in the wire form of its service.
pub(super) fn throttled(call: &Call) -> Message {
    let (status, code) = match &*call.service {
        "s3" | "s3control" => (503, "SlowDown"),
        "iam" | "sts" | "sns" => (400, "Throttling"),
        _ => (400, "ThrottlingException"),
    };
    error(call, status, code, "Rate exceeded")
}

fn error(call: &Call, status: u16, code: &str, message: &str) -> Message {
    const REQUEST: &str = "00000000-0000-0000-0000-000000000000";
    if call.request.header("x-amz-target").is_some() {
        let kind = call
            .request
            .header("content-type")
            .unwrap_or("application/x-amz-json-1.1");
        let namespace = match &*call.service {
            "dynamodb" => "com.amazon.coral.service#",
            _ => "",
        };
        let body = serde_json::json!({"__type": format!("{namespace}{code}"), "message": message});
        return Message::response(status, kind, body.to_string()).with("x-amzn-RequestId", REQUEST);
    }
    let inner = format!("<Code>{code}</Code><Message>{message}</Message>");
    let body = match &*call.service {
        "s3" => format!("<Error>{inner}<RequestId>{REQUEST}</RequestId></Error>"),
        _ => format!(
            "<ErrorResponse><Error><Type>Sender</Type>{inner}</Error>\
             <RequestId>{REQUEST}</RequestId></ErrorResponse>"
        ),
    };
    Message::response(status, "text/xml", body).with("x-amz-request-id", REQUEST)
}
