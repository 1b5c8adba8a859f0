//! How each facet of a protected resource is read and written: one module and
//! one feature an AWS service. A hand reads, and moves a resource from one state
//! to another; it decides nothing.

/// The request ID of a call that writes. Should it fail after others of the same
/// write, the failure tells of those.
#[cfg(any(feature = "iam", feature = "logs", feature = "organizations"))]
macro_rules! done {
    ($call:expr, $request:expr) => {
        done!(
            $call,
            $request,
            ::auditward_runtime::hand::Written::default()
        )
    };
    ($call:expr, $request:expr, $before:expr) => {
        $request
            .send()
            .await
            .map_err(|error| {
                ::auditward_runtime::failure::Failure::of($call, &error).after(&$before)
            })?
            .request_id()
            .map(str::to_owned)
    };
}

/// Declares a service's hand, and the client with which it talks to the account and
/// region of a resource.
#[allow(
    unused_macros,
    reason = "a function that is built with buckets alone declares its hand itself"
)]
macro_rules! hand {
    ($(#[$doc:meta])* $hand:ident with $client:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $hand<'a> {
            /// Who to talk as.
            pub sessions: &'a ::auditward_runtime::sessions::Sessions,
        }

        impl $hand<'_> {
            async fn client(
                &self,
                at: &::auditward_rules::facet::At,
            ) -> Result<$client, ::auditward_runtime::failure::Failure> {
                let config = self.sessions.of(&at.account, &at.region).await?;
                Ok($client::new(&config))
            }
        }
    };
}

/// Tags that AWS itself keeps, and that nobody else can write, begin with this.
#[cfg(any(feature = "cloudtrail", feature = "iam"))]
const AWS_TAGS: &str = "aws:";

mod function;
#[cfg(any(feature = "anywhere", feature = "iam", feature = "ram", feature = "s3"))]
mod time;

#[cfg(feature = "alarms")]
pub mod alarms;
#[cfg(feature = "anywhere")]
pub mod anywhere;
#[cfg(feature = "cloudformation")]
pub mod cloudformation;
#[cfg(feature = "cloudtrail")]
pub mod cloudtrail;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "events")]
pub mod events;
#[cfg(feature = "history")]
pub mod history;
#[cfg(feature = "iam")]
pub mod iam;
#[cfg(feature = "kms")]
pub mod kms;
#[cfg(feature = "lambda")]
pub mod lambda;
#[cfg(feature = "logs")]
pub mod logs;
#[cfg(feature = "organizations")]
pub mod organizations;
#[cfg(feature = "ram")]
pub mod ram;
#[cfg(feature = "s3")]
pub mod s3;
#[cfg(feature = "scheduler")]
pub mod scheduler;
#[cfg(feature = "logs")]
pub mod sinks;
#[cfg(feature = "sns")]
pub mod sns;
#[cfg(feature = "sqs")]
pub mod sqs;
#[cfg(feature = "stack")]
pub mod stack;
