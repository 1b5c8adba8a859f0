//! What CloudTrail needs on a log bucket and on a trail's key.

use crate::{Document, Statement, Tri};

/// Where a trail delivers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivery {
    /// The log bucket's name.
    pub bucket: String,
    /// The key prefix in front of `AWSLogs/`, without slashes at its ends.
    pub prefix: Option<String>,
    /// The trail.
    pub trail_arn: String,
    /// The account that owns the trail.
    pub owner_account: String,
    /// The organization, for an organization trail.
    pub org_id: Option<String>,
}

/// The statements that a log bucket needs.
#[must_use]
pub fn bucket_statements(_delivery: &Delivery) -> Vec<Statement> {
    Vec::new()
}

/// Whether CloudTrail's delivery gets through.
#[must_use]
pub fn bucket_delivers(_doc: &Document, _delivery: &Delivery) -> Tri {
    Tri::CannotTell
}

/// Adds only what is missing for the delivery.
#[must_use]
pub fn add_missing(doc: Option<&Document>, _delivery: &Delivery) -> Document {
    doc.cloned()
        .unwrap_or_else(|| Document::empty_of(crate::Kind::Bucket))
}

/// The statements that a trail's key needs.
#[must_use]
pub fn key_statements(_delivery: &Delivery) -> Vec<Statement> {
    Vec::new()
}

/// Whether CloudTrail may encrypt with the key.
#[must_use]
pub fn key_delivers(_doc: &Document, _delivery: &Delivery) -> Tri {
    Tri::CannotTell
}

/// Adds only what is missing for the trail's key.
#[must_use]
pub fn add_missing_key(doc: &Document, _delivery: &Delivery) -> Document {
    doc.clone()
}
