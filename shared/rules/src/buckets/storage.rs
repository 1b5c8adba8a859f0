//! Rules of how a bucket keeps what is put into it: ownership and versions.

use super::{Bucket, S3, text, unreadable};
use crate::actor::Actor;
use crate::facet::Step;
use crate::facets::bucket::{
    BUCKET_OWNER_ENFORCED, BucketOwnership, BucketVersioning, Versioning, VersioningStatus,
    VersioningWish,
};
use crate::json::Json;
use crate::rule::{Call, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 39 of `events/TABLE.md`.
pub static OWNERSHIP_WEAKENED: Rule = Rule {
    id: "bucket.ownership-weakened",
    title: "ACLs of a bucket switched on",
    severity: Severity::Medium,
    why: "with ACLs on, whoever writes an object decides who reads it, past the bucket's policy",
    controls: &["ATT&CK T1530"],
    rows: &[39],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutBucketOwnershipControls"],
    }],
    scope: Scope::Any,
    revert: Revert::Desired,
    deployers_accepted: true,
    facets: &["bucket-ownership", "bucket-acl"],
    proof: Proof::Moto,
    judge: |call| {
        let bucket = match Bucket::named(call) {
            Ok(bucket) => bucket,
            Err(judged) => return judged,
        };
        let step = Step::<BucketOwnership>::new(bucket.at.clone(), bucket.wish());
        match ownership(call) {
            None => Judged::CannotTell(unreadable(&bucket, "the ownership").step(step)),
            Some(ownership) if ownership == BUCKET_OWNER_ENFORCED => Judged::Clean,
            Some(ownership) => {
                let what = format!("ACLs of {} were switched on ({ownership})", bucket.called());
                bucket
                    .draft_here(what)
                    .step(step.wrote(Some(ownership)))
                    .into()
            }
        }
    },
};

/// Row 40 of `events/TABLE.md`.
pub static OWNERSHIP_DELETED: Rule = Rule {
    id: "bucket.ownership-deleted",
    title: "Ownership controls of a bucket deleted",
    severity: Severity::Medium,
    why: "without ownership controls ACLs are on: whoever writes an object decides who reads it",
    controls: &["ATT&CK T1530"],
    rows: &[40],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["DeleteBucketOwnershipControls"],
    }],
    scope: Scope::Any,
    revert: Revert::Desired,
    deployers_accepted: true,
    facets: &["bucket-ownership", "bucket-acl"],
    proof: Proof::Moto,
    judge: |call| match Bucket::named(call) {
        Err(judged) => judged,
        Ok(bucket) => {
            let step = Step::<BucketOwnership>::new(bucket.at.clone(), bucket.wish()).wrote(None);
            let what = format!("the ownership controls of {} were deleted", bucket.called());
            bucket.draft_here(what).step(step).into()
        }
    },
};

/// Row 41 of `events/TABLE.md`.
pub static VERSIONING_SUSPENDED: Rule = Rule {
    id: "bucket.versioning-suspended",
    title: "Versioning of a bucket suspended",
    severity: Severity::High,
    why: "without versions a log file that is overwritten or deleted is gone",
    controls: &[
        "CIS AWS Foundations 3.0: 2.1.2",
        "ATT&CK T1490",
        "ATT&CK T1485",
    ],
    rows: &[41],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutBucketVersioning"],
    }],
    scope: Scope::Any,
    revert: Revert::Desired,
    deployers_accepted: true,
    facets: &["bucket-versioning"],
    proof: Proof::Moto,
    judge: versioning,
};

fn versioning(call: &Call<'_>) -> Judged {
    let bucket = match Bucket::named(call) {
        Ok(bucket) => bucket,
        Err(judged) => return judged,
    };
    let wish = |mfa_delete| VersioningWish {
        protected: bucket.protected,
        mfa_delete,
    };
    let step = |mfa_delete| Step::<BucketVersioning>::new(bucket.at.clone(), wish(mfa_delete));
    let asked = call
        .request()
        .and_then(|request| request.get("VersioningConfiguration"));
    let status = asked.and_then(|asked| text(asked, "Status"));
    // Tools send `MfaDelete=Disabled` to every bucket, and S3 refuses it from all
    // but the root user where it would change anything.
    let disabled = asked
        .and_then(|asked| text(asked, "MfaDelete"))
        .is_some_and(|mfa| mfa == "Disabled");
    let lost_mfa = disabled && Actor::of(call.record).kind == "Root";
    match status.as_deref() {
        Some("Suspended") => {
            let wrote = Versioning {
                status: VersioningStatus::Suspended,
                mfa_delete: false,
            };
            let what = format!("versioning of {} was suspended", bucket.called());
            let draft = bucket.draft_here(what).step(step(false).wrote(wrote));
            if lost_mfa {
                draft.step(step(true))
            } else {
                draft
            }
            .into()
        }
        Some("Enabled") if lost_mfa => {
            let what = format!("MFA delete of {} was switched off", bucket.called());
            bucket
                .draft_here(what)
                .step(step(true))
                .if_live_agrees()
                .into()
        }
        Some("Enabled") => Judged::Clean,
        _ => Judged::CannotTell(unreadable(&bucket, "versioning").step(step(false))),
    }
}

fn ownership(call: &Call<'_>) -> Option<String> {
    let rule = call.request()?.path(&["OwnershipControls", "Rule"])?;
    let rule = rule
        .items()
        .into_iter()
        .find(|rule: &Json<'_>| rule.is_object())?;
    text(rule, "ObjectOwnership").map(std::borrow::Cow::into_owned)
}
