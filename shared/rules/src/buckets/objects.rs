//! Rules of log files themselves. Their calls are data events: a trail records
//! them only where it is told to.

use std::borrow::Cow;

use auditward_policy::cloudtrail::may_deliver_to;

use super::{Bucket, S3, acl, text, unnamed};
use crate::actor::Actor;
use crate::arn::{Arn, glob};
use crate::rule::{Call, Draft, Function, Judged, Rule, Severity, Watch};

/// Where services deliver, behind the prefix that was chosen.
const FOLDER: &str = "AWSLogs/";

/// What the rules have in common.
const COMMON: Rule = Rule {
    severity: Severity::High,
    function: Function::BucketGuard,
    deployers_accepted: false,
    ..Rule::TELLS
};

/// Row 75 of `events/TABLE.md`.
pub static LOG_DELETED: Rule = Rule {
    id: "log-file.deleted",
    title: "Log file deleted",
    why: "a deleted log file is evidence that somebody wanted gone",
    controls: &["ATT&CK T1070", "ATT&CK T1485"],
    rows: &[75],
    watches: &[Watch {
        source: S3,
        names: &["DeleteObject"],
    }],
    judge: deleted,
    ..COMMON
};

/// Row 76 of `events/TABLE.md`.
pub static LOGS_DELETED: Rule = Rule {
    id: "log-files.deleted",
    title: "Objects of a guarded bucket deleted",
    why: "a thousand log files are gone with one call, and its record does not say which",
    controls: &["ATT&CK T1070", "ATT&CK T1485"],
    rows: &[76],
    watches: &[Watch {
        source: S3,
        names: &["DeleteObjects"],
    }],
    judge: |call| match Bucket::guarded(call) {
        Err(judged) => judged,
        Ok(_) if is_of_service(call) => Judged::Clean,
        Ok(bucket) => {
            let what = format!(
                "objects of {} were deleted; the record does not say which",
                bucket.called()
            );
            bucket.draft(what).into()
        }
    },
    ..COMMON
};

/// Row 77 of `events/TABLE.md`.
pub static LOG_FORGED: Rule = Rule {
    id: "log-file.forged",
    title: "Log file written by somebody else than CloudTrail",
    why: "whoever writes among the log files can replace one with a story of their own",
    controls: &["ATT&CK T1565.001", "ATT&CK T1070"],
    rows: &[77],
    watches: &[Watch {
        source: S3,
        names: &["PutObject"],
    }],
    judge: forged,
    ..COMMON
};

/// Row 78 of `events/TABLE.md`.
pub static LOG_ACL_OPENED: Rule = Rule {
    id: "log-file.acl-opened",
    title: "Log file opened by its ACL",
    why: "an object's ACL lets others read a log file past the bucket's policy",
    controls: &["ATT&CK T1530"],
    rows: &[78],
    watches: &[Watch {
        source: S3,
        names: &["PutObjectAcl"],
    }],
    judge: acl_opened,
    ..COMMON
};

/// The log file that a call is about. `Err` is the verdict where it is none.
fn log_file<'a>(call: &Call<'a>) -> Result<(Bucket, Cow<'a, str>), Judged> {
    let bucket = Bucket::guarded(call)?;
    let key = call.request().and_then(|request| text(request, "key"));
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        return Err(if is_of_service(call) {
            Judged::Clean
        } else {
            unnamed(call)
        });
    };
    let known: Vec<_> = call
        .inventory
        .delivering_to(&bucket.name)
        .map(crate::inventory::TrailUse::key_prefix)
        .collect();
    // What is guarded by name alone has its log files wherever `AWSLogs/` is.
    let is_log = if known.is_empty() {
        key.starts_with("AWSLogs/") || key.contains("/AWSLogs/")
    } else {
        known.iter().any(|prefix| key.starts_with(prefix.as_str()))
    };
    if is_log {
        Ok((bucket, key))
    } else {
        Err(Judged::Clean)
    }
}

/// Whether CloudTrail may have written a log file of that name. AWS Config writes
/// beside its own as a role, and older load balancers as an account of AWS's.
fn may_be_cloudtrails(call: &Call<'_>, bucket: &Bucket, key: &str) -> bool {
    let used: Vec<_> = call.inventory.delivering_to(&bucket.name).collect();
    if used.is_empty() {
        return key.match_indices(FOLDER).any(|(at, _)| {
            let (before, behind) = key.split_at(at);
            let begins = before.is_empty() || before.ends_with('/');
            begins && behind.strip_prefix(FOLDER).is_some_and(may_deliver_to)
        });
    }
    used.iter().any(|used| {
        key.strip_prefix(used.key_prefix().as_str())
            .is_some_and(may_deliver_to)
    })
}

/// Whether an AWS service itself made the call: log delivery, lifecycle rules.
/// Nobody else is ever logged as one.
fn is_of_service(call: &Call<'_>) -> bool {
    Actor::of(call.record).kind == "AWSService"
}

/// Whether a role that the settings know as log delivery's or replication's
/// made the call.
fn is_delivery(call: &Call<'_>) -> bool {
    let actor = Actor::of(call.record);
    let Some(role) = Arn::parse(&actor.issuer).filter(|arn| arn.resource.starts_with("role/"))
    else {
        return false;
    };
    let known = &call.settings.roles.delivery;
    call.inventory.others.contains(&actor.issuer)
        || (call.is_ours(role.account) == auditward_policy::Tri::Yes
            && known.iter().any(|pattern| glob(pattern, role.name())))
}

fn deleted(call: &Call<'_>) -> Judged {
    let (bucket, key) = match log_file(call) {
        Ok(found) => found,
        Err(judged) => return judged,
    };
    if is_of_service(call) {
        return Judged::Clean;
    }
    let version = call
        .request()
        .and_then(|request| text(request, "versionId"));
    let (how, severity) = match version.filter(|version| !version.is_empty()) {
        Some(version) => (format!(", version {version} for good"), Severity::Critical),
        None => (String::new(), Severity::High),
    };
    draft(
        &bucket,
        &key,
        format!("log file {key} of {} was deleted{how}", bucket.called()),
    )
    .severity(severity)
    .into()
}

fn forged(call: &Call<'_>) -> Judged {
    let (bucket, key) = match log_file(call) {
        Ok(found) => found,
        Err(judged) => return judged,
    };
    let own = may_be_cloudtrails(call, &bucket, &key);
    if !own || is_of_service(call) || is_delivery(call) {
        return Judged::Clean;
    }
    let who = Actor::of(call.record);
    let what = format!("{} wrote log file {key} of {}", who.name(), bucket.called());
    draft(&bucket, &key, what).into()
}

fn acl_opened(call: &Call<'_>) -> Judged {
    let (bucket, key) = match log_file(call) {
        Ok(found) => found,
        Err(judged) => return judged,
    };
    let Some(acl) = call.request().and_then(acl::written) else {
        let what = format!(
            "log file {key} of {} got an ACL that the record does not show",
            bucket.called()
        );
        return Judged::CannotTell(draft(&bucket, &key, what));
    };
    let zone = call.zone(&bucket.at.account);
    if acl.foreign(&zone).next().is_none() {
        return Judged::Clean;
    }
    let what = format!(
        "log file {key} of {} got {}",
        bucket.called(),
        acl::told(&acl)
    );
    draft(&bucket, &key, what).into()
}

fn draft(bucket: &Bucket, key: &str, what: String) -> Draft {
    Draft::new(format!("{}/{key}", bucket.at.resource), what)
}

#[cfg(test)]
mod tests;
