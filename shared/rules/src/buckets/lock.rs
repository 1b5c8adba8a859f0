//! Rules of object lock: of a bucket's default, and of single objects.

use super::{Bucket, HIDDEN, S3, owned, text, unreadable};
use crate::facet::Step;
use crate::facets::bucket::{BucketObjectLock, LifecycleWish, ObjectLock};
use crate::facets::kept::AsRecorded;
use crate::json::Json;
use crate::rule::{Call, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 46 of `events/TABLE.md`.
pub static OBJECT_LOCK_WEAKENED: Rule = Rule {
    id: "bucket.object-lock-weakened",
    title: "Default retention of a guarded bucket weakened",
    severity: Severity::High,
    why: "what is not locked when it is written can be deleted by whoever gets that far",
    controls: &["ATT&CK T1485", "ATT&CK T1562.008"],
    rows: &[46],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutBucketObjectLockConfiguration"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["bucket-object-lock"],
    proof: Proof::Moto,
    judge: weakened,
};

/// Row 47 of `events/TABLE.md`.
pub static RETENTION_BYPASSED: Rule = Rule {
    id: "object.retention-bypassed",
    title: "Lock of a log file shortened",
    severity: Severity::High,
    why: "a log file whose lock is shortened can be deleted",
    controls: &["ATT&CK T1485", "ATT&CK T1070"],
    rows: &[47],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutObjectRetention"],
    }],
    judge: |call| {
        let (bucket, key) = match log_file(call) {
            Ok(found) => found,
            Err(judged) => return judged,
        };
        let Some(request) = call.request() else {
            return Judged::CannotTell(unreadable(&bucket, "the lock of a file"));
        };
        // Without this S3 takes nothing but a longer lock.
        let bypass = text(request, "x-amz-bypass-governance-retention");
        if !bypass.is_some_and(|bypass| bypass.eq_ignore_ascii_case("true")) {
            return Judged::Clean;
        }
        let until = request.get("Retention").and_then(|retention| {
            let until = text(retention, "RetainUntilDate")?;
            Some(format!("now until {until}"))
        });
        let until = until.unwrap_or_else(|| "it has none now".into());
        let what = format!(
            "the lock of {key} in {} was bypassed: {until}",
            bucket.called()
        );
        bucket.draft(what).into()
    },
    ..Rule::TELLS
};

/// Row 48 of `events/TABLE.md`.
pub static LEGAL_HOLD_LIFTED: Rule = Rule {
    id: "object.hold-lifted",
    title: "Legal hold of a log file lifted",
    severity: Severity::High,
    why: "a log file without its legal hold can be deleted",
    controls: &["ATT&CK T1485", "ATT&CK T1070"],
    rows: &[48],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutObjectLegalHold"],
    }],
    judge: |call| {
        let (bucket, key) = match log_file(call) {
            Ok(found) => found,
            Err(judged) => return judged,
        };
        let hold = call.request().and_then(|request| request.get("LegalHold"));
        match hold.and_then(|hold| text(hold, "Status")).as_deref() {
            Some("ON") => Judged::Clean,
            Some(_) => {
                let what = format!("the legal hold of {key} in {} was lifted", bucket.called());
                bucket.draft(what).into()
            }
            None => Judged::CannotTell(unreadable(&bucket, "the legal hold of a file")),
        }
    },
    ..Rule::TELLS
};

fn weakened(call: &Call<'_>) -> Judged {
    let bucket = match Bucket::guarded(call) {
        Ok(bucket) => bucket,
        Err(judged) => return judged,
    };
    let step = |wish| Step::<BucketObjectLock>::new(bucket.at.clone(), wish);
    let lost = step(AsRecorded::Lost);
    let Some(lock) = call.request().and_then(written) else {
        return Judged::CannotTell(unreadable(&bucket, "object lock").step(lost));
    };
    let keep_days = call.settings.logs.keep_days;
    let name = bucket.called();
    let lost = lost.wrote(Some(lock.clone()));
    if lock.mode.is_none() {
        let what = format!("new objects of {name} are no longer locked");
        return bucket.draft(what).step(lost).if_live_agrees().into();
    }
    if !lock.is_long(keep_days) {
        let what = format!("new objects of {name} are locked for less than {keep_days} days");
        return bucket.draft(what).step(lost).if_live_agrees().into();
    }
    let what = format!("the default retention of {name} was replaced");
    if lock.keeps(keep_days) {
        let step = step(AsRecorded::Baseline).wrote(Some(lock));
        return call.only_the_baseline_tells(bucket.draft(what).step(step));
    }
    // It may have been COMPLIANCE before.
    Judged::CannotTell(bucket.draft(what).step(lost))
}

fn written(request: Json<'_>) -> Option<ObjectLock> {
    let asked = request
        .get("ObjectLockConfiguration")
        .filter(|asked| asked.is_object() && !asked.text().contains(HIDDEN))?;
    let Some(retention) = asked.path(&["Rule", "DefaultRetention"]) else {
        return Some(ObjectLock::default());
    };
    let number = |json: Json<'_>, name| {
        let number = json.get(name).and_then(Json::number)?;
        i32::try_from(number).ok()
    };
    let hold = retention.get("DefaultEventHold");
    Some(ObjectLock {
        mode: owned(retention, "Mode"),
        days: number(retention, "Days"),
        years: number(retention, "Years"),
        hold_days: hold.and_then(|hold| number(hold, "Days")),
        hold_years: hold.and_then(|hold| number(hold, "Years")),
    })
}

/// The guarded bucket and the key of a data event; `Err` is the verdict on
/// other objects. A key that the record does not tell may be a log's.
fn log_file(call: &Call<'_>) -> Result<(Bucket, String), Judged> {
    let bucket = Bucket::guarded(call)?;
    let key = call.request().and_then(|request| owned(request, "key"));
    let LifecycleWish { prefixes } = LifecycleWish::of(call.inventory, &bucket.name);
    let is_log = key.as_deref().is_none_or(|key| {
        prefixes.is_empty() || prefixes.iter().any(|prefix| key.starts_with(prefix))
    });
    if !is_log {
        return Err(Judged::Clean);
    }
    let key = key.unwrap_or_else(|| "an object".into());
    Ok((bucket, key))
}
