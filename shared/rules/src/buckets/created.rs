//! The rule of buckets that are made.

use super::{Bucket, S3, text, unnamed};
use crate::arn::glob;
use crate::facet::Step;
use crate::facets::bucket::{BUCKET_OWNER_ENFORCED, BucketOwnership, BucketPublicAccess};
use crate::rule::{Call, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 50 of `events/TABLE.md`.
pub static CREATED_OPEN: Rule = Rule {
    id: "bucket.created-open",
    title: "Bucket created open, or under a guarded name",
    severity: Severity::Medium,
    why: "a bucket that is made with ACLs lets in whom its writers please, and one under a log bucket's name receives its logs",
    controls: &["ATT&CK T1530", "ATT&CK T1578"],
    rows: &[50],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["CreateBucket"],
    }],
    scope: Scope::Any,
    revert: Revert::Desired,
    deployers_accepted: true,
    facets: &["bucket-public-access", "bucket-ownership", "bucket-acl"],
    proof: Proof::Moto,
    judge: created,
};

fn created(call: &Call<'_>) -> Judged {
    let Some(bucket) = Bucket::of(call) else {
        return unnamed(call);
    };
    let name = &bucket.name;
    // Without settings every name is a guarded one, and none is taken again.
    let again = !bucket.deliveries.is_empty() || call.settings.given && is_named(call, &bucket);
    let mut told = Vec::new();
    if let Some(request) = call.request() {
        let acl = text(request, "x-amz-acl").filter(|acl| {
            matches!(
                &**acl,
                "public-read" | "public-read-write" | "authenticated-read"
            )
        });
        told.extend(acl.map(|acl| format!("with the ACL {acl}")));
        let ownership = text(request, "x-amz-object-ownership")
            .filter(|ownership| ownership != BUCKET_OWNER_ENFORCED);
        told.extend(ownership.map(|ownership| format!("with ACLs switched on ({ownership})")));
        let grants = request.members().into_iter();
        let granted = grants.filter(|(key, _)| key.starts_with("x-amz-grant-"));
        told.extend(granted.map(|(key, _)| format!("with the grant {key}")));
    } else if !again {
        let what = format!("bucket {name} was created, and the record does not say how");
        return Judged::CannotTell(bucket.draft(what));
    }
    if told.is_empty() && !again {
        return Judged::Clean;
    }
    let how = told.join(" and ");
    let what = if again {
        format!("a bucket was created under the guarded name {name} {how}")
    } else {
        format!("bucket {name} was created {how}")
    };
    let draft = bucket.draft(what.trim_end());
    if !bucket.protected || !call.settings.given {
        return draft.into();
    }
    let draft = if again && !bucket.deliveries.is_empty() {
        draft.severity(Severity::Critical)
    } else {
        draft
    };
    draft
        .step(Step::<BucketPublicAccess>::new(
            bucket.at.clone(),
            bucket.wish(),
        ))
        .step(Step::<BucketOwnership>::new(
            bucket.at.clone(),
            bucket.wish(),
        ))
        .into()
}

/// Whether the settings name this very bucket. A pattern stands for many, of
/// which new ones may be made.
fn is_named(call: &Call<'_>, bucket: &Bucket) -> bool {
    let patterns = &call.settings.protected.resources;
    let name = &bucket.at.resource;
    patterns
        .iter()
        .any(|pattern| !pattern.contains(['*', '?']) && glob(pattern, name))
}
