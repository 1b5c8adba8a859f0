//! Rules of a bucket's own access logs and of whom it tells of its objects.

use super::{Bucket, HIDDEN, S3, never_accepted, owned, text, unreadable};
use crate::arn::Arn;
use crate::facet::{Facet, Step};
use crate::facets::bucket::{
    BucketLogging, BucketNotification, LogTarget, Notification, Notifications, TargetsWish, Whose,
};
use crate::facets::kept::AsRecorded;
use crate::json::Json;
use crate::rule::{Call, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 51 of `events/TABLE.md`.
pub static LOGGING_CHANGED: Rule = Rule {
    id: "bucket.logging-changed",
    title: "Access logging of a guarded bucket switched off or moved",
    severity: Severity::Medium,
    why: "without access logs nobody can tell who read or deleted the evidence",
    controls: &["CIS AWS Foundations 3.0: 3.4", "ATT&CK T1562.008"],
    rows: &[51],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutBucketLogging"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["bucket-logging"],
    proof: Proof::Moto,
    judge: |call| {
        let bucket = match Bucket::guarded(call) {
            Ok(bucket) => bucket,
            Err(judged) => return judged,
        };
        let step = |wish| Step::<BucketLogging>::new(bucket.at.clone(), wish);
        let lost = step(AsRecorded::Lost);
        // `logging` is only the name of the call's subject; this is what was asked.
        let status = call
            .request()
            .and_then(|request| request.get("BucketLoggingStatus"));
        let Some(status) = status.filter(|status| !status.text().contains(HIDDEN)) else {
            return Judged::CannotTell(unreadable(&bucket, "access logging").step(lost));
        };
        let Some(enabled) = status.get("LoggingEnabled").filter(|on| on.is_object()) else {
            let what = format!("access logging of {} was switched off", bucket.called());
            return bucket
                .draft(what)
                .step(lost.wrote(None))
                .if_live_agrees()
                .into();
        };
        let to = LogTarget {
            bucket: owned(enabled, "TargetBucket").unwrap_or_default(),
            prefix: owned(enabled, "TargetPrefix").unwrap_or_default(),
            ..LogTarget::default()
        };
        let what = format!(
            "access logs of {} go to {}/{}",
            bucket.called(),
            to.bucket,
            to.prefix
        );
        // Where the record tells of more than fits here, it is not learnt from.
        let whole = ["TargetGrants", "TargetObjectKeyFormat"]
            .iter()
            .all(|name| enabled.get(name).is_none());
        let mut step = step(AsRecorded::Baseline);
        if whole {
            step = step.wrote(Some(to));
        }
        call.only_the_baseline_tells(bucket.draft(what).step(step))
    },
};

/// Row 54 of `events/TABLE.md`.
pub static NOTIFICATION_CHANGED: Rule = Rule {
    id: "bucket.notification-changed",
    title: "A stranger is told of new logs, or those who read them no longer are",
    severity: Severity::Medium,
    why: "whoever is told of a new log file can have it copied at once, and what is not told no longer looks into it",
    controls: &["ATT&CK T1562.008", "ATT&CK T1537"],
    rows: &[54],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutBucketNotification"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["bucket-notification"],
    proof: Proof::Moto,
    judge: notified,
};

fn notified(call: &Call<'_>) -> Judged {
    let bucket = match Bucket::guarded(call) {
        Ok(bucket) => bucket,
        Err(judged) => return judged,
    };
    let wish = TargetsWish::of(call.inventory);
    let step = |wish| Step::<BucketNotification>::new(bucket.at.clone(), wish);
    let Some(written) = call.request().and_then(written) else {
        return Judged::CannotTell(unreadable(&bucket, "notification").step(step(wish)));
    };
    let name = bucket.called();
    if written == Notifications::default() {
        let what = format!("nobody is told of new objects of {name} any longer");
        let step = step(wish.some()).wrote(written);
        return bucket.draft(what).step(step).if_live_agrees().into();
    }
    let whose: Vec<_> = written
        .targets
        .iter()
        .map(|target| {
            let account = Arn::parse(&target.arn).map(|arn| arn.account);
            wish.whose(&target.arn, account, call.settings, &bucket.at.account)
        })
        .collect();
    let what = format!("{name}: {}", BucketNotification::tell(&written));
    let draft = bucket.draft(what).step(step(wish).wrote(written));
    if whose.contains(&Whose::Foreign) {
        never_accepted(call, draft)
    } else if whose.contains(&Whose::Unnamed) {
        Judged::CannotTell(draft)
    } else {
        call.only_the_baseline_tells(draft)
    }
}

fn written(request: Json<'_>) -> Option<Notifications> {
    let asked = request.get("NotificationConfiguration")?;
    if asked.text().contains(HIDDEN) {
        return None;
    }
    let mut all = Notifications {
        targets: Vec::new(),
        event_bridge: asked
            .members()
            .iter()
            .any(|(name, _)| name == "EventBridgeConfiguration"),
    };
    for (list, parameter) in [
        ("TopicConfiguration", "Topic"),
        ("QueueConfiguration", "Queue"),
        ("CloudFunctionConfiguration", "CloudFunction"),
    ] {
        for json in asked.get(list).map(Json::items).unwrap_or_default() {
            all.targets.push(target(json, parameter)?);
        }
    }
    Some(all)
}

fn target(json: Json<'_>, parameter: &str) -> Option<Notification> {
    let events = json.get("Event").map(Json::items).unwrap_or_default();
    let mut events: Vec<_> = events
        .into_iter()
        .filter_map(|event| Some(event.scalar()?.into_owned()))
        .collect();
    events.sort_unstable();
    let rules = json.path(&["Filter", "S3Key", "FilterRule"]);
    let rules = rules.map(Json::items).unwrap_or_default();
    let filtered = |wanted: &str| {
        let named = |rule: &&Json<'_>| {
            text(**rule, "Name").is_some_and(|name| name.eq_ignore_ascii_case(wanted))
        };
        owned(*rules.iter().find(named)?, "Value")
    };
    Some(Notification {
        id: owned(json, "Id"),
        arn: owned(json, parameter)?,
        events,
        prefix: filtered("prefix"),
        suffix: filtered("suffix"),
    })
}
