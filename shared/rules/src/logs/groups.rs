//! Rules of log groups: how they are made, how long they keep, with what key.

use super::{LOGS, guarded_group, name, outsider};
use crate::arn::Arn;
use crate::facet::{At, Step};
use crate::facets::kept::AsRecorded;
use crate::facets::logs::{
    DataProtection, FiltersWish, LogGroupKey, LogGroupRetention, MetricFilters, Outsider,
    Retention, RetentionWish, SubscriptionFilters,
};
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Severity, Watch};

/// Row 182 of `events/TABLE.md`.
pub static RECREATED: Rule = Rule {
    id: "log-group.recreated",
    title: "Guarded log group created",
    severity: Severity::Medium,
    why: "a guarded log group that was deleted and comes back bare keeps, encrypts and forwards nothing as it did",
    controls: &["ATT&CK T1562.008"],
    rows: &[182],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["CreateLogGroup"],
    }],
    revert: Revert::Desired,
    facets: &[
        "log-group-retention",
        "log-group-key",
        "data-protection",
        "subscription-filters",
        "metric-filters",
    ],
    proof: Proof::Moto,
    judge: recreated,
    ..Rule::TELLS
};

/// Rows 185 and 186 of `events/TABLE.md`: without a retention events never expire, which is
/// longer than any settings ask for.
pub static RETENTION_SHORTENED: Rule = Rule {
    id: "log-group.retention-shortened",
    title: "Retention of a log group shortened",
    severity: Severity::High,
    why: "events that are older than the new retention are deleted for good, all at once",
    controls: &["ATT&CK T1070", "ATT&CK T1485"],
    rows: &[185, 186],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["DeleteRetentionPolicy", "PutRetentionPolicy"],
    }],
    revert: Revert::Desired,
    facets: &["log-group-retention"],
    proof: Proof::Moto,
    judge: shortened,
    ..Rule::TELLS
};

/// Rows 187 and 188 of `events/TABLE.md`.
pub static KEY_CHANGED: Rule = Rule {
    id: "log-group.key-changed",
    title: "Key of a log group changed",
    severity: Severity::High,
    why: "whoever owns the key of a log group decides who reads it, and can make it unreadable for everybody",
    controls: &["ATT&CK T1486", "ATT&CK T1562.008"],
    rows: &[187, 188],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["AssociateKmsKey", "DisassociateKmsKey"],
    }],
    revert: Revert::Baseline,
    facets: &["log-group-key"],
    proof: Proof::Recorded,
    judge: key,
    ..Rule::TELLS
};

/// Puts everything that was set on a group back on the new one; what nothing is
/// recorded of stays as it is.
pub(super) fn furnish(draft: Draft, at: &At) -> Draft {
    let filters = FiltersWish {
        if_known: true,
        ..FiltersWish::default()
    };
    let known = AsRecorded::IfKnown;
    draft
        .step(Step::<LogGroupRetention>::new(
            at.clone(),
            RetentionWish::Recorded,
        ))
        .step(Step::<LogGroupKey>::new(at.clone(), known))
        .step(Step::<DataProtection>::new(at.clone(), known))
        .step(Step::<SubscriptionFilters>::new(at.clone(), filters))
        .step(Step::<MetricFilters>::new(at.clone(), known))
}

fn recreated(call: &Call<'_>) -> Judged {
    let at = match guarded_group(call, &["logGroupName"]) {
        Ok(at) => at,
        Err(judged) => return judged,
    };
    let key = call.shown("kmsKeyId");
    let how = match &key {
        None => "without a key".into(),
        Some(key) => format!("with the key {key}"),
    };
    let summary = format!(
        "log group {} was created {how}; what was set on the one before is to be on it",
        name(&at)
    );
    let draft = furnish(Draft::new(&at.resource, summary), &at);
    match key.map_or(Outsider::No, |key| owner(call, &key)) {
        Outsider::No if call.shown("kmsKeyId").is_some() => call.only_the_baseline_tells(draft),
        Outsider::No => draft.if_live_agrees().into(),
        Outsider::Yes => draft.severity(Severity::High).into(),
        Outsider::CannotTell => Judged::CannotTell(draft),
    }
}

fn shortened(call: &Call<'_>) -> Judged {
    let at = match guarded_group(call, &["logGroupName"]) {
        Ok(at) => at,
        Err(judged) => return judged,
    };
    if call.record.event_name == "DeleteRetentionPolicy" {
        return Judged::Clean;
    }
    let step = Step::<LogGroupRetention>::new(at.clone(), RetentionWish::Least);
    let days = call
        .request()
        .and_then(|request| request.get("retentionInDays")?.number())
        .and_then(|days| u32::try_from(days).ok());
    let Some(days) = days else {
        let summary = format!(
            "the retention of log group {} was put, and the record does not say how long",
            name(&at)
        );
        return Judged::CannotTell(Draft::new(&at.resource, summary).step(step));
    };
    if days >= call.settings.logs.keep_days {
        return Judged::Clean;
    }
    let summary = format!("log group {} now keeps events for {days} days", name(&at));
    Draft::new(&at.resource, summary)
        .step(step.wrote(Retention::Days(days)))
        .if_live_agrees()
        .into()
}

fn key(call: &Call<'_>) -> Judged {
    // A key for query results is about no log group.
    let results = call
        .shown("resourceIdentifier")
        .is_some_and(|arn| arn.contains(":query-result:"));
    if results {
        return Judged::Clean;
    }
    let at = match guarded_group(call, &["logGroupName", "resourceIdentifier"]) {
        Ok(at) => at,
        Err(judged) => return judged,
    };
    let group = name(&at);
    let step = |wish| Step::<LogGroupKey>::new(at.clone(), wish);
    if call.record.event_name == "DisassociateKmsKey" {
        let summary = format!("log group {group} no longer encrypts with a key of ours");
        let step = step(AsRecorded::Baseline).wrote(None);
        return Draft::new(&at.resource, summary)
            .step(step)
            .if_live_agrees()
            .into();
    }
    let Some(key) = call.shown("kmsKeyId") else {
        let summary =
            format!("log group {group} got another key, and the record does not say which");
        return Judged::CannotTell(
            Draft::new(&at.resource, summary).step(step(AsRecorded::Baseline)),
        );
    };
    let summary = format!("log group {group} now encrypts with {key}");
    let wrote = Some(key.clone().into_owned());
    let draft = |wish| Draft::new(&at.resource, summary).step(step(wish).wrote(wrote));
    match owner(call, &key) {
        Outsider::Yes => draft(AsRecorded::Baseline)
            .severity(Severity::Critical)
            .into(),
        Outsider::CannotTell => Judged::CannotTell(draft(AsRecorded::Baseline)),
        Outsider::No => call.only_the_baseline_tells(draft(AsRecorded::IfKnown)),
    }
}

/// Whose key it is. A key's mere ID is one of the group's own account.
fn owner(call: &Call<'_>, key: &str) -> Outsider {
    match Arn::parse(key) {
        Some(_) => outsider(call, key),
        None => Outsider::No,
    }
}
