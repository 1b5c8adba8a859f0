//! What a hand is: the one thing that knows how an AWS service reads and
//! writes a facet.

use std::future::Future;

use auditward_rules::facet::{At, Facet};

use crate::failure::Failure;

/// Reads and writes one facet of a resource. Nothing else: deciding is the
/// facet's, the order of things is the pipeline's.
pub trait Hand<F: Facet>: Sync {
    /// The live state. Absence is a state; what cannot be read is a failure.
    fn read(&self, at: &At) -> impl Future<Output = Result<F::State, Failure>> + Send;

    /// Moves the resource from `from`, as just read, to `to`, with the fewest and
    /// smallest calls that do it.
    fn write(
        &self,
        at: &At,
        from: &F::State,
        to: &F::State,
    ) -> impl Future<Output = Result<Written, Failure>> + Send;
}

/// What a write leaves for the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The request IDs under which CloudTrail will report the calls.
    pub request_ids: Vec<String>,
}

impl Written {
    /// A call's request ID, where the answer had one.
    #[must_use]
    pub fn and(mut self, request_id: Option<&str>) -> Self {
        self.request_ids.extend(request_id.map(str::to_owned));
        self
    }

    /// The same with what one call more wrote. Should that have failed, the failure
    /// carries the calls before it along.
    ///
    /// # Errors
    /// The call's.
    pub fn then(mut self, more: Result<Self, Failure>) -> Result<Self, Failure> {
        match more {
            Ok(more) => {
                self.request_ids.extend(more.request_ids);
                Ok(self)
            }
            Err(failure) => Err(failure.after(&self)),
        }
    }
}

/// In the place of a facet's kind: a call that finds resources.
pub const DISCOVERY: &str = "discovery";

/// In the place of a facet's kind: a call that asks AWS's own event history.
pub const HISTORY: &str = "history";

/// In the place of a facet's kind: a call that asks which stack a resource is of.
pub const STACK: &str = "stack";

/// One API call of a hand, and the IAM permissions it takes. The stack's
/// policies are checked against these, in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The facet's kind.
    pub facet: &'static str,
    /// The IAM action, such as `cloudtrail:StartLogging`.
    pub action: &'static str,
    /// Whether it changes anything.
    pub writes: bool,
    /// Permissions that the call needs besides: `iam:PassRole` and its like.
    pub also: &'static [&'static str],
}

impl Permission {
    /// A call that reads.
    pub const fn read(facet: &'static str, action: &'static str) -> Self {
        Self {
            facet,
            action,
            writes: false,
            also: &[],
        }
    }

    /// A call that writes.
    pub const fn write(facet: &'static str, action: &'static str) -> Self {
        Self {
            facet,
            action,
            writes: true,
            also: &[],
        }
    }

    /// The same call with the permissions it needs besides.
    #[must_use]
    pub const fn with(mut self, also: &'static [&'static str]) -> Self {
        self.also = also;
        self
    }
}
