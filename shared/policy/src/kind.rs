//! What a policy document is attached to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a policy document is attached to. It decides which actions count,
/// whether unsigned requests exist, and which elements are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The trust policy of an IAM role.
    Trust,
    /// An S3 bucket policy.
    Bucket,
    /// A KMS key policy.
    Key,
    /// An SNS topic policy.
    Topic,
    /// An SQS queue policy.
    Queue,
    /// The access policy of a CloudWatch Logs destination.
    Destination,
    /// A CloudWatch Logs resource policy.
    Logs,
    /// The resource policy of an EventBridge bus.
    Bus,
    /// The resource policy of a Lambda function.
    Function,
    /// The resource policy of a CloudTrail event data store, channel or dashboard.
    Store,
    /// The resource policy of a DynamoDB table or stream.
    Table,
    /// The policy of a CloudWatch observability sink.
    Sink,
    /// The resource policy of an organization, which delegates its management.
    Organization,
}

impl Kind {
    /// Every kind, in the order in which they are documented.
    pub const ALL: [Kind; 13] = [
        Kind::Trust,
        Kind::Bucket,
        Kind::Key,
        Kind::Topic,
        Kind::Queue,
        Kind::Destination,
        Kind::Logs,
        Kind::Bus,
        Kind::Function,
        Kind::Store,
        Kind::Table,
        Kind::Sink,
        Kind::Organization,
    ];

    /// The lower-case name, as in settings and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Trust => "trust",
            Kind::Bucket => "bucket",
            Kind::Key => "key",
            Kind::Topic => "topic",
            Kind::Queue => "queue",
            Kind::Destination => "destination",
            Kind::Logs => "logs",
            Kind::Bus => "bus",
            Kind::Function => "function",
            Kind::Store => "store",
            Kind::Table => "table",
            Kind::Sink => "sink",
            Kind::Organization => "organization",
        }
    }

    /// The prefix of the actions that this kind of document speaks about.
    #[must_use]
    pub fn service(self) -> &'static str {
        match self {
            Kind::Trust => "sts",
            Kind::Bucket => "s3",
            Kind::Key => "kms",
            Kind::Topic => "sns",
            Kind::Queue => "sqs",
            Kind::Destination | Kind::Logs => "logs",
            Kind::Bus => "events",
            Kind::Function => "lambda",
            Kind::Store => "cloudtrail",
            Kind::Table => "dynamodb",
            Kind::Sink => "oam",
            Kind::Organization => "organizations",
        }
    }

    /// Whether requests without any signature exist for this kind.
    pub(crate) fn has_anonymous(self) -> bool {
        matches!(
            self,
            Kind::Bucket | Kind::Topic | Kind::Queue | Kind::Function
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no [`Kind`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown kind of policy `{0}`, expected one of trust, bucket, key, topic, queue, destination, logs, bus, function, store, table, sink, organization"
)]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownKind(text.to_owned()))
    }
}
