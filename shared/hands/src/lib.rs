//! How each facet of a protected resource is read and written: one module and
//! one feature an AWS service. A hand reads, and moves a resource from one state
//! to another; it decides nothing.

#[cfg(feature = "cloudtrail")]
pub mod cloudtrail;
#[cfg(feature = "iam")]
pub mod iam;
#[cfg(feature = "kms")]
pub mod kms;
#[cfg(feature = "s3")]
pub mod s3;
