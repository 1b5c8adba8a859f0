//! The rule of when S3 deletes logs by itself.

use super::{Bucket, HIDDEN, S3, text, unreadable};
use crate::facet::{Facet, Step};
use crate::facets::bucket::{
    BucketLifecycle, Expiration, Filter, Lifecycle, LifecycleRule, LifecycleWish,
    NoncurrentExpiration, NoncurrentTransition, Tag, Transition,
};
use crate::json::Json;
use crate::rule::{Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 44 of `events/TABLE.md`.
pub static LIFECYCLE_SHORTENED: Rule = Rule {
    id: "bucket.lifecycle-shortened",
    title: "Logs expire too early",
    severity: Severity::High,
    why: "a lifecycle rule deletes the evidence quietly, a day at a time, in the name of S3",
    controls: &["ATT&CK T1485.001", "ATT&CK T1070"],
    rows: &[44],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutBucketLifecycle"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["bucket-lifecycle"],
    proof: Proof::Moto,
    judge: |call| {
        let bucket = match Bucket::guarded(call) {
            Ok(bucket) => bucket,
            Err(judged) => return judged,
        };
        let wish = LifecycleWish::of(call.inventory, &bucket.name);
        let step = Step::<BucketLifecycle>::new(bucket.at.clone(), wish.clone());
        let Some(lifecycle) = call.request().and_then(written) else {
            return Judged::CannotTell(unreadable(&bucket, "the lifecycle").step(step));
        };
        let keep_days = call.settings.logs.keep_days;
        let offends = |rule: &&LifecycleRule| rule.offends(&wish, keep_days);
        let rules: Vec<_> = lifecycle.rules.iter().filter(offends).cloned().collect();
        if rules.is_empty() {
            return Judged::Clean;
        }
        let told = BucketLifecycle::tell(&Lifecycle {
            rules,
            minimum_size: None,
        });
        let what = format!(
            "{} keeps logs for less than {keep_days} days: {told}",
            bucket.called()
        );
        bucket.draft(what).step(step.wrote(lifecycle)).into()
    },
};

/// Row 45 of `events/TABLE.md`.
pub static LIFECYCLE_DELETED: Rule = Rule {
    id: "bucket.lifecycle-deleted",
    title: "Lifecycle of a guarded bucket deleted",
    severity: Severity::Low,
    why: "logs are kept longer, not lost; where the law says how long they may be kept, the rules must come back",
    rows: &[45],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["DeleteBucketLifecycle"],
    }],
    judge: |call| match Bucket::guarded(call) {
        Err(judged) => judged,
        Ok(bucket) => {
            let what = format!(
                "the lifecycle of {} was deleted: its objects are kept for good",
                bucket.called()
            );
            bucket.draft(what).into()
        }
    },
    ..Rule::TELLS
};

/// The rules that were written; `None` where they cannot be read in full.
fn written(request: Json<'_>) -> Option<Lifecycle> {
    let asked = request
        .get("LifecycleConfiguration")
        .filter(|asked| asked.is_object())?;
    if asked.text().contains(HIDDEN) {
        return None;
    }
    let rules: Option<Vec<_>> = asked.get("Rule")?.items().into_iter().map(rule).collect();
    let minimum_size = text(request, "x-amz-transition-default-minimum-object-size");
    Some(Lifecycle {
        rules: rules?,
        minimum_size: minimum_size.map(std::borrow::Cow::into_owned),
    })
}

fn rule(json: Json<'_>) -> Option<LifecycleRule> {
    let own = |json: Json<'_>, name| text(json, name).map(std::borrow::Cow::into_owned);
    let list = |name| json.get(name).map(Json::items).unwrap_or_default();
    let expiration = json.get("Expiration").map(|json| {
        let json = the_one(json)?;
        let delete_markers = json
            .get("ExpiredObjectDeleteMarker")
            .and_then(Json::boolean);
        Some(Expiration {
            days: days(json, "Days")?,
            date: own(json, "Date"),
            delete_markers,
        })
    });
    let noncurrent_expiration = json.get("NoncurrentVersionExpiration").map(|json| {
        let json = the_one(json)?;
        let keep_newer = days(json, "NewerNoncurrentVersions")?;
        Some(NoncurrentExpiration {
            days: days(json, "NoncurrentDays")?,
            keep_newer,
        })
    });
    let transitions = list("Transition").into_iter().map(|json| {
        let class = own(json, "StorageClass").unwrap_or_default();
        Some(Transition {
            days: days(json, "Days")?,
            date: own(json, "Date"),
            class,
        })
    });
    let noncurrent_transitions = list("NoncurrentVersionTransition").into_iter().map(|json| {
        let class = own(json, "StorageClass").unwrap_or_default();
        let keep_newer = days(json, "NewerNoncurrentVersions")?;
        Some(NoncurrentTransition {
            days: days(json, "NoncurrentDays")?,
            keep_newer,
            class,
        })
    });
    let abort = json
        .get("AbortIncompleteMultipartUpload")
        .map(|json| days(the_one(json)?, "DaysAfterInitiation"));
    Some(LifecycleRule {
        id: own(json, "ID"),
        enabled: own(json, "Status")? == "Enabled",
        prefix: own(json, "Prefix"),
        filter: json.get("Filter").map(filter),
        expiration: expiration.map_or(Some(None), |found| found.map(Some))?,
        noncurrent_expiration: noncurrent_expiration.map_or(Some(None), |found| found.map(Some))?,
        transitions: transitions.collect::<Option<_>>()?,
        noncurrent_transitions: noncurrent_transitions.collect::<Option<_>>()?,
        abort_uploads_after: abort.unwrap_or(Some(None))?,
    })
}

/// An element that stands there once: as it is, or in a list of one, as older
/// events have it. Else it cannot be read.
fn the_one(json: Json<'_>) -> Option<Json<'_>> {
    match *json.items() {
        [one] if one.is_object() => Some(one),
        _ => None,
    }
}

/// A number that may be left out, but is no number then.
#[expect(
    clippy::option_option,
    reason = "left out and unreadable are two things"
)]
fn days(json: Json<'_>, name: &str) -> Option<Option<i32>> {
    match json.get(name) {
        None => Some(None),
        Some(number) => Some(Some(i32::try_from(number.number()?).ok()?)),
    }
}

fn filter(json: Json<'_>) -> Filter {
    let inner = json.get("And").unwrap_or(json);
    let tags = ["Tag", "Tags"]
        .into_iter()
        .filter_map(|name| inner.get(name))
        .flat_map(Json::items);
    let of = |tag: Json<'_>, name| text(tag, name).unwrap_or_default().into_owned();
    Filter {
        prefix: text(inner, "Prefix").map(std::borrow::Cow::into_owned),
        tags: tags
            .map(|tag| Tag {
                key: of(tag, "Key"),
                value: of(tag, "Value"),
            })
            .collect(),
        larger_than: inner.get("ObjectSizeGreaterThan").and_then(Json::number),
        smaller_than: inner.get("ObjectSizeLessThan").and_then(Json::number),
    }
}
