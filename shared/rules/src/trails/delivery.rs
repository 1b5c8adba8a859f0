//! Trails that record and deliver nothing.

use crate::rule::{Function, Judged, Proof, Revert, Rule, Scope, Severity};

/// A trail that logs and does not deliver. It watches nothing: what makes
/// deliveries fail is done to a bucket, a key or a topic, by whatever call, and a
/// pulse sees what CloudTrail itself says of it.
pub static DELIVERY_FAILING: Rule = Rule {
    id: "trail.delivery-failing",
    title: "Trail delivers nothing",
    severity: Severity::High,
    why: "what a trail records and cannot deliver is lost, while it looks as if it logged",
    controls: &["CIS AWS Foundations 3.0: 3.1", "ATT&CK T1562.008"],
    rows: &[],
    function: Function::TrailGuard,
    watches: &[],
    scope: Scope::Protected,
    revert: Revert::None,
    deployers_accepted: false,
    facets: &["trail-delivery"],
    proof: Proof::None,
    judge: |_| Judged::Clean,
};
