//! Why a call to AWS gave no answer.

use std::any::Any;

use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::hand::Written;

/// The call with which another account is entered.
pub const ASSUME_ROLE: &str = "sts:AssumeRole";

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{call} failed: {code}: {message}")]
pub struct Failure {
    /// The IAM action of the call, such as `cloudtrail:StartLogging`.
    pub call: String,
    /// AWS's error code, or `Connection` or `Timeout` where there was no answer.
    pub code: String,
    /// What AWS said.
    pub message: String,
    /// What it means for us.
    pub kind: FailureKind,
    /// The request IDs of the calls of one write that had come through when this
    /// one failed: they stand in the ledger like all others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<String>,
}

/// What a failure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// We may not: retrying does not help, a person must.
    Denied,
    /// Too many calls, no answer, or a fault of the service: retrying may help.
    Passing,
    /// Anything else.
    Other,
}

impl Failure {
    /// Takes an SDK error apart. `call` is the IAM action.
    pub fn of<E, R>(call: &str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let (code, kind) = match error {
            SdkError::TimeoutError(_) => ("Timeout".to_owned(), FailureKind::Passing),
            SdkError::DispatchFailure(_) => ("Connection".to_owned(), FailureKind::Passing),
            SdkError::ResponseError(_) => ("Response".to_owned(), FailureKind::Passing),
            SdkError::ConstructionFailure(_) => ("Request".to_owned(), FailureKind::Other),
            _ => {
                let code = error.code().unwrap_or("Unknown").to_owned();
                let kind = match kind_of(&code) {
                    // A service has more names for its own faults than anybody lists.
                    FailureKind::Other if is_passing(error) => FailureKind::Passing,
                    kind => kind,
                };
                (code, kind)
            }
        };
        let message = error
            .message()
            .map_or_else(|| describe(error), str::to_owned);
        Self {
            call: call.to_owned(),
            code,
            message,
            kind,
            made: Vec::new(),
        }
    }

    /// A failure that is not AWS's answer, such as an answer we cannot use.
    pub fn other(call: &str, message: impl Into<String>) -> Self {
        let (code, message) = ("Unusable".to_owned(), message.into());
        Self {
            call: call.to_owned(),
            code,
            message,
            kind: FailureKind::Other,
            made: Vec::new(),
        }
    }

    /// The same, after calls that had come through.
    #[must_use]
    pub fn after(mut self, written: &Written) -> Self {
        self.made.extend(written.request_ids.iter().cloned());
        self
    }

    /// Whether trying again may help.
    pub fn passes(&self) -> bool {
        self.kind == FailureKind::Passing
    }

    /// Whether the account lets nobody in: no other call there would do better.
    pub fn shut_out(&self) -> bool {
        self.call == ASSUME_ROLE && !self.passes()
    }

    /// Whether AWS answered. Without an answer the call may have taken effect.
    pub fn answered(&self) -> bool {
        !matches!(self.code.as_str(), "Timeout" | "Connection" | "Response")
    }

    /// Whether the call may have failed on what it had done already: where an answer
    /// is lost, the SDK calls again by itself, and is told that the trail exists.
    pub fn may_repeat(&self) -> bool {
        self.kind == FailureKind::Other && self.answered()
    }

    /// Whether we are not allowed to.
    pub fn denied(&self) -> bool {
        self.kind == FailureKind::Denied
    }

    /// Whether the words of a failure, as a case keeps them, say that we are not
    /// allowed to.
    pub fn tells_of_denial(words: &str) -> bool {
        let code = words.split_once(" failed: ").map(|(_, rest)| rest);
        let code = code.and_then(|rest| rest.split(':').next());
        code.is_some_and(|code| kind_of(code) == FailureKind::Denied)
    }
}

/// What AWS answered about something; `None` where it says that there is no such thing.
///
/// # Errors
/// Any other failure. `call` is the IAM action.
pub fn found<T, E, R>(
    call: &str,
    answer: Result<T, SdkError<E, R>>,
    is_gone: impl FnOnce(&E) -> bool,
) -> Result<Option<T>, Failure>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.as_service_error().is_some_and(is_gone) => Ok(None),
        Err(error) => Err(Failure::of(call, &error)),
    }
}

/// Whether an answer's status says that the service failed, or had too much to do.
fn is_passing<E, R: 'static>(error: &SdkError<E, R>) -> bool {
    let answer = error.raw_response().map(|answer| answer as &dyn Any);
    let answer = answer.and_then(|answer| answer.downcast_ref::<HttpResponse>());
    answer
        .is_some_and(|answer| answer.status().is_server_error() || answer.status().as_u16() == 429)
}

/// The innermost cause, which says more than the outer "dispatch failure".
fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

fn kind_of(code: &str) -> FailureKind {
    match code {
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "AuthorizationError"
        | "Forbidden"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "ExpiredToken" => FailureKind::Denied,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "SlowDown"
        | "RequestThrottled"
        | "PriorRequestNotComplete"
        | "ProvisionedThroughputExceededException"
        | "InternalError"
        | "InternalFailure"
        | "InternalServerError"
        | "InternalServiceError"
        | "InternalServerException"
        | "InternalServiceException"
        | "InternalException"
        | "ServiceException"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "ServiceFailure"
        | "KMSInternalException"
        | "DependencyTimeoutException"
        | "ConflictException"
        | "OperationAborted"
        | "OperationAbortedException"
        | "TransactionConflictException"
        | "TransactionInProgressException"
        | "ConcurrentModification"
        | "ConcurrentModificationException"
        | "EntityTemporarilyUnmodifiable"
        | "RequestTimeout"
        | "ResourceInUseException" => FailureKind::Passing,
        _ => FailureKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    fn error(status: u16, code: &str) -> SdkError<ErrorMetadata, HttpResponse> {
        let answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        SdkError::service_error(ErrorMetadata::builder().code(code).build(), answer)
    }

    #[test]
    fn what_is_gone_is_an_answer_too() {
        let asked = |answer| {
            found("cloudtrail:GetTrail", answer, |e: &ErrorMetadata| {
                e.code() == Some("TrailNotFoundException")
            })
        };
        assert_eq!(asked(Ok("trail")), Ok(Some("trail")));
        assert_eq!(asked(Err(error(400, "TrailNotFoundException"))), Ok(None));
        let failed = asked(Err(error(400, "AccessDeniedException"))).unwrap_err();
        assert!(failed.denied());
    }

    #[test]
    fn what_a_service_cannot_do_now_passes_whatever_it_calls_that() {
        let failure =
            |status: u16, code: &str| Failure::of("logs:PutMetricFilter", &error(status, code));
        assert!(failure(400, "OperationAbortedException").passes());
        assert!(failure(503, "SomethingOfItsOwn").passes());
        assert!(failure(429, "SomethingOfItsOwn").passes());
        assert!(!failure(400, "SomethingOfItsOwn").passes());
        assert!(failure(500, "AccessDenied").denied());
    }

    #[test]
    fn the_words_of_a_failure_say_whether_it_is_a_denial() {
        let failure = |code: &str| {
            Failure {
                call: "cloudtrail:StartLogging".into(),
                code: code.into(),
                message: "with an explicit deny in a service control policy".into(),
                kind: kind_of(code),
                made: Vec::new(),
            }
            .to_string()
        };
        assert!(Failure::tells_of_denial(&failure("AccessDeniedException")));
        assert!(!Failure::tells_of_denial(&failure("ThrottlingException")));
        assert!(!Failure::tells_of_denial("the change did not hold"));
    }
}
