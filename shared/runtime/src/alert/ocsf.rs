//! What machines read: [Detection Findings](https://schema.ocsf.io/1.4.0/classes/detection_finding)
//! of OCSF 1.4.

use serde_json::{Value, json};

use auditward_rules::rule::{Rule, Severity};

use super::Notice;
use super::words::{capital, done};
use crate::case::{Case, Outcome, case_id};

/// What every finding has.
fn base(severity: Severity, time: i64) -> Value {
    let severity_id = match severity {
        Severity::Informational => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    };
    json!({
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "category_uid": 2,
        "activity_id": 1,
        "type_uid": 200_401,
        "time": time,
        "severity_id": severity_id,
        "severity": capital(severity.name()),
        "metadata": {
            "version": "1.4.0",
            "product": {"name": "Auditward", "vendor_name": "Auditward", "version": env!("CARGO_PKG_VERSION")},
        },
    })
}

fn with(mut base: Value, more: Value) -> Value {
    if let (Value::Object(base), Value::Object(more)) = (&mut base, more) {
        base.extend(more);
    }
    base
}

/// The finding of a notice, which is new: nothing closes it.
pub(super) fn noticed(notice: &Notice<'_>) -> Value {
    let time = notice.now.timestamp_millis();
    let told = json!({
        "status_id": 1,
        "status": "New",
        "message": notice.text,
        "cloud": {"provider": "AWS", "region": notice.region, "account": {"uid": notice.account}},
        "finding_info": {
            "uid": case_id(notice.about, &notice.text, ""),
            "title": notice.about,
            "types": [super::ITSELF],
            "created_time": time,
        },
        "remediation": {"desc": notice.next},
    });
    with(base(notice.severity, time), told)
}

/// The finding of a case.
pub(super) fn finding(case: &Case, rule: Option<&Rule>) -> Value {
    // New, or resolved; an attempt that failed is neither open nor fixed.
    let (status_id, status) = match case.outcome {
        Outcome::Fixed | Outcome::AlreadySafe => (4, "Resolved"),
        _ => (1, "New"),
    };
    let time = chrono::DateTime::parse_from_rfc3339(&case.event.time).map_or_else(
        |_| case.opened.timestamp_millis(),
        |time| time.timestamp_millis(),
    );
    let told = json!({
        "status_id": status_id,
        "status": status,
        "message": case.summary,
        "cloud": {"provider": "AWS", "region": case.region, "account": {"uid": case.account}},
        "finding_info": {
            "uid": case.id,
            "title": rule.map_or(case.rule.as_str(), |rule| rule.title),
            "desc": rule.map_or("", |rule| rule.why),
            "types": [case.rule],
            "created_time": case.opened.timestamp_millis(),
        },
        "resources": [{"uid": case.resource, "region": case.region, "cloud_partition": partition(&case.resource)}],
        "actor": {"user": {"uid": case.actor.unique_id, "name": case.actor.name(), "account": {"uid": case.actor.account}}},
        "api": {"operation": case.event.name, "service": {"name": case.event.source}, "response": {"error": case.event.error}},
        "src_endpoint": {"ip": case.actor.source},
        "remediation": {"desc": done(case)},
        "unmapped": {
            "case": case.id, "rule": case.rule, "outcome": case.outcome, "mode": case.mode,
            "because": case.because, "stack": case.stack, "steps": case.steps, "event_id": case.event.id,
        },
    });
    with(base(case.severity, time), told)
}

fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or("aws")
}
