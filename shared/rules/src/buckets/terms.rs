//! Rules of the terms on which a bucket is used: who pays, its tags, its speed.
//! For the record: nobody gains access by any of these.

use super::{Bucket, S3, text, unnamed, unreadable};
use crate::rule::{Function, Judged, Rule, Scope, Severity, Watch};

/// Row 59 of `events/TABLE.md`.
pub static REQUESTER_PAYS: Rule = Rule {
    id: "bucket.requester-pays",
    title: "Readers of a guarded bucket have to pay",
    severity: Severity::Low,
    why: "whoever reads logs without saying that they pay for it is refused: readers of ours stop working",
    controls: &["ATT&CK T1562.008"],
    rows: &[59],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutBucketRequestPayment"],
    }],
    judge: |call| {
        let bucket = match Bucket::guarded(call) {
            Ok(bucket) => bucket,
            Err(judged) => return judged,
        };
        let asked = call
            .request()
            .and_then(|request| request.get("RequestPaymentConfiguration"));
        match asked.and_then(|asked| text(asked, "Payer")).as_deref() {
            Some("BucketOwner") => Judged::Clean,
            Some(_) => {
                let what = format!("readers of {} have to pay", bucket.called());
                bucket.draft(what).into()
            }
            None => Judged::CannotTell(unreadable(&bucket, "who pays for reading")),
        }
    },
    ..Rule::TELLS
};

/// Rows 60 and 61 of `events/TABLE.md`.
pub static TAGS_CHANGED: Rule = Rule {
    id: "bucket.tags-changed",
    title: "Tags of a guarded bucket changed",
    severity: Severity::Low,
    why: "policies may let in by tag, and what guards by tag no longer sees a bucket that lost its own",
    controls: &["ATT&CK T1562.001"],
    rows: &[60, 61],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["DeleteBucketTagging", "PutBucketTagging"],
    }],
    judge: |call| match Bucket::guarded(call) {
        Err(judged) => judged,
        Ok(bucket) => {
            let done = match call.record.plain_name() {
                "PutBucketTagging" => "replaced",
                _ => "removed",
            };
            let what = format!("the tags of {} were {done}", bucket.called());
            bucket.draft(what).into()
        }
    },
    ..Rule::TELLS
};

/// Row 64 of `events/TABLE.md`.
pub static ACCELERATED: Rule = Rule {
    id: "bucket.acceleration-enabled",
    title: "Transfer acceleration of a bucket switched on",
    severity: Severity::Low,
    why: "what is copied out of an accelerated bucket leaves faster, by an endpoint that network rules may not know",
    controls: &["ATT&CK T1537"],
    rows: &[64],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutAccelerateConfiguration"],
    }],
    scope: Scope::Any,
    judge: |call| {
        let Some(bucket) = Bucket::of(call) else {
            return unnamed(call);
        };
        let asked = call
            .request()
            .and_then(|request| request.get("AccelerateConfiguration"));
        match asked.and_then(|asked| text(asked, "Status")).as_deref() {
            Some("Suspended") => Judged::Clean,
            Some(_) => {
                let what = format!(
                    "transfer acceleration of {} was switched on",
                    bucket.called()
                );
                bucket.draft(what).into()
            }
            None => Judged::CannotTell(unreadable(&bucket, "transfer acceleration")),
        }
    },
    ..Rule::TELLS
};
