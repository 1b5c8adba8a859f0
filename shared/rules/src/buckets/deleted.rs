//! The rule of a bucket that is gone.

use super::{Bucket, S3};
use crate::facet::Step;
use crate::facets::bucket::{
    BucketEncryption, BucketExistence, BucketOwnership, BucketPolicy, BucketPublicAccess,
    BucketVersioning, PolicyWish, VersioningWish,
};
use crate::rule::{Function, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 49 of `events/TABLE.md`.
pub static DELETED: Rule = Rule {
    id: "bucket.deleted",
    title: "Guarded bucket deleted",
    severity: Severity::Critical,
    why: "the logs are lost, new ones have nowhere to go, and whoever takes the name receives them",
    controls: &["ATT&CK T1485", "ATT&CK T1562.008"],
    rows: &[49],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["DeleteBucket"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: false,
    facets: &[
        "bucket-existence",
        "bucket-public-access",
        "bucket-ownership",
        "bucket-acl",
        "bucket-policy",
        "bucket-versioning",
        "bucket-encryption",
    ],
    proof: Proof::Moto,
    judge: |call| {
        let bucket = match Bucket::guarded(call) {
            Ok(bucket) => bucket,
            Err(judged) => return judged,
        };
        let at = || bucket.at.clone();
        let policy = PolicyWish {
            outsiders: true,
            deliveries: bucket.deliveries.clone(),
            restore: true,
        };
        let versioning = VersioningWish {
            protected: true,
            mfa_delete: false,
        };
        let what = format!(
            "{} was deleted: what it held is lost, and its name is free for anybody",
            bucket.called()
        );
        // Closed before it is opened for delivery.
        bucket
            .draft(what)
            .step(Step::<BucketExistence>::new(at(), true).wrote(None))
            .step(Step::<BucketPublicAccess>::new(at(), bucket.wish()))
            .step(Step::<BucketOwnership>::new(at(), bucket.wish()))
            .step(Step::<BucketPolicy>::new(at(), policy))
            .step(Step::<BucketVersioning>::new(at(), versioning))
            .step(Step::<BucketEncryption>::new(at(), bucket.wish()))
            .into()
    },
};
