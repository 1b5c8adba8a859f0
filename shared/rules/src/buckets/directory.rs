//! Rules of directory buckets, which log under a name of their own.

use super::policy::outsiders;
use super::{document, in_words_of_s3, text};
use crate::arn::Arn;
use crate::facet::At;
use crate::rule::{Call, Draft, Function, Judged, Rule, Severity, Watch};

const EXPRESS: &str = "s3express.amazonaws.com";

/// What the rules have in common.
const COMMON: Rule = Rule {
    severity: Severity::Low,
    controls: &["CIS AWS Foundations 3.0: 2.1.4", "ATT&CK T1530"],
    function: Function::BucketGuard,
    deployers_accepted: false,
    ..Rule::TELLS
};

/// Row 79 of `events/TABLE.md`.
pub static DIRECTORY_OPENED: Rule = Rule {
    id: "directory-bucket.policy-opened",
    title: "Directory bucket opened to outsiders",
    why: "a policy that lets outsiders in hands them what the bucket holds",
    rows: &[79],
    watches: &[Watch {
        source: EXPRESS,
        names: &["PutBucketPolicy"],
    }],
    judge: |call| {
        let bucket = match call.guarded(bucket(call)) {
            Ok(bucket) => bucket,
            Err(judged) => return judged,
        };
        let name = bucket.name();
        let written = call
            .request()
            .and_then(|request| document(request.get("bucketPolicy")?));
        let Some(written) = written.and_then(|written| in_words_of_s3(&written, "s3express:"))
        else {
            let what =
                format!("directory bucket {name} got a policy that the record does not show");
            return Judged::CannotTell(Draft::new(&bucket.resource, what));
        };
        match outsiders(call, &bucket.account, &written) {
            None => Judged::Clean,
            Some((who, certain)) => {
                let what = format!("the policy of directory bucket {name} {who}");
                let draft = Draft::new(&bucket.resource, what);
                if certain {
                    draft.into()
                } else {
                    Judged::CannotTell(draft)
                }
            }
        }
    },
    ..COMMON
};

/// Row 80 of `events/TABLE.md`.
pub static DIRECTORY_DELETED: Rule = Rule {
    id: "directory-bucket.policy-deleted",
    title: "Policy of a guarded directory bucket deleted",
    why: "what the policy denied is no longer denied",
    rows: &[80],
    watches: &[Watch {
        source: EXPRESS,
        names: &["DeleteBucketPolicy"],
    }],
    judge: |call| match call.guarded(bucket(call)) {
        Err(judged) => judged,
        Ok(bucket) => {
            let what = format!(
                "the policy of directory bucket {} was deleted",
                bucket.name()
            );
            Draft::new(bucket.resource, what).into()
        }
    },
    ..COMMON
};

/// The bucket that the request or the list of resources names.
fn bucket(call: &Call<'_>) -> Option<At> {
    let name = call
        .request()
        .and_then(|request| text(request, "bucketName"));
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        return Some(call.here(call.arn("s3express", &format!("bucket/{name}"))));
    }
    let listed = call.record.resources();
    listed.into_iter().find_map(|(arn, _)| {
        let arn = arn?;
        let parsed = Arn::parse(&arn).filter(|arn| arn.service == "s3express")?;
        Some(At::new(parsed.account, parsed.region, arn.as_ref()))
    })
}
