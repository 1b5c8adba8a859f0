//! May one given request get through?

use std::collections::BTreeMap;

use crate::{Document, Kind, Tri};

/// A request that an AWS service makes, for example CloudTrail's delivery.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceRequest {
    /// The service principal, for example `cloudtrail.amazonaws.com`.
    pub service: String,
    /// The action, for example `s3:PutObject`.
    pub action: String,
    /// The ARN that is acted on.
    pub resource: String,
    /// `aws:SourceArn`.
    pub source_arn: Option<String>,
    /// `aws:SourceAccount`.
    pub source_account: Option<String>,
    /// `aws:SourceOrgID`.
    pub source_org_id: Option<String>,
    /// Other condition keys.
    pub context: BTreeMap<String, Vec<String>>,
}

/// Whether the document lets this service request through.
#[must_use]
pub fn service_allowed(_doc: &Document, _kind: Kind, _request: &ServiceRequest) -> Tri {
    Tri::CannotTell
}

/// Whether the document by itself lets an IAM principal (an account number or
/// an ARN) do `action` on `resource`.
#[must_use]
pub fn principal_allowed(
    _doc: &Document,
    _kind: Kind,
    _principal_arn: &str,
    _action: &str,
    _resource: &str,
) -> Tri {
    Tri::CannotTell
}
