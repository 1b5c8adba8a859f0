//! Rules of alarms that tell people.

use super::listed;
use crate::facet::{At, Step};
use crate::facets::alarm::AlarmActions;
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Severity, Watch};

/// CloudWatch's name in CloudTrail.
const MONITORING: &str = "monitoring.amazonaws.com";

/// Row 201 of `events/TABLE.md`.
pub static ALARM_DELETED: Rule = Rule {
    id: "alarm.deleted",
    title: "Guarded alarm deleted",
    severity: Severity::High,
    why: "nobody is told any more of what a deleted alarm watched",
    controls: &["CIS AWS Foundations 3.0: 4.1 to 4.15", "ATT&CK T1562.006"],
    rows: &[201],
    function: Function::LogGuard,
    watches: &[Watch {
        source: MONITORING,
        names: &["DeleteAlarms"],
    }],
    deployers_accepted: true,
    judge: |call| {
        each(call, |at| {
            let summary = format!("alarm {} was deleted", name(&at));
            Draft::new(at.resource, summary)
        })
    },
    ..Rule::TELLS
};

/// Row 202 of `events/TABLE.md`.
pub static ALARM_MUTED: Rule = Rule {
    id: "alarm.muted",
    title: "Actions of a guarded alarm disabled",
    severity: Severity::High,
    why: "an alarm without its actions goes off and tells nobody",
    controls: &["CIS AWS Foundations 3.0: 4.1 to 4.15", "ATT&CK T1562.006"],
    rows: &[202],
    function: Function::LogGuard,
    watches: &[Watch {
        source: MONITORING,
        names: &["DisableAlarmActions"],
    }],
    revert: Revert::Event,
    facets: &["alarm-actions"],
    proof: Proof::Recorded,
    judge: |call| {
        each(call, |at| {
            let summary = format!("the actions of alarm {} were disabled", name(&at));
            let step = Step::<AlarmActions>::new(at.clone(), true).wrote(Some(false));
            Draft::new(at.resource, summary).step(step)
        })
    },
    ..Rule::TELLS
};

/// Row 203 of `events/TABLE.md`. The record holds the whole new alarm, and nothing of the old one.
pub static ALARM_CHANGED: Rule = Rule {
    id: "alarm.changed",
    title: "Guarded alarm changed",
    severity: Severity::Medium,
    why: "a threshold out of reach or another addressee silences an alarm that still looks whole",
    controls: &["CIS AWS Foundations 3.0: 4.1 to 4.15", "ATT&CK T1562.006"],
    rows: &[203],
    function: Function::LogGuard,
    watches: &[Watch {
        source: MONITORING,
        names: &["PutMetricAlarm"],
    }],
    judge: changed,
    ..Rule::TELLS
};

/// Row 204 of `events/TABLE.md`. The next evaluation sets the state right.
pub static ALARM_FORCED: Rule = Rule {
    id: "alarm.state-forced",
    title: "State of a guarded alarm forced",
    severity: Severity::Low,
    why: "an alarm that is set back by hand hides until its next evaluation what set it off",
    controls: &["ATT&CK T1562.006"],
    rows: &[204],
    function: Function::LogGuard,
    watches: &[Watch {
        source: MONITORING,
        names: &["SetAlarmState"],
    }],
    judge: |call| {
        let at = match call.guarded(named(call)) {
            Ok(at) => at,
            Err(judged) => return judged,
        };
        let state = call.shown("stateValue");
        if state.as_deref() == Some("ALARM") {
            return Judged::Clean;
        }
        let state = state.unwrap_or("an unknown state".into());
        let summary = format!("alarm {} was set to {state} by hand", name(&at));
        Draft::new(at.resource, summary).into()
    },
    ..Rule::TELLS
};

/// An alarm of the record's account and region.
fn alarm(call: &Call<'_>, name: &str) -> At {
    call.here(call.arn("cloudwatch", &format!("alarm:{name}")))
}

/// The alarm that the request or the refusal names.
fn named(call: &Call<'_>) -> Option<At> {
    call.named("alarmName", "cloudwatch", "alarm:")
        .or_else(|| call.refused("cloudwatch").map(|arn| call.here(arn)))
}

/// What stands behind `alarm:`; slashes are part of a name.
fn name(at: &At) -> &str {
    super::name(at)
}

/// A draft for each guarded alarm of those that a call names.
fn each(call: &Call<'_>, draft: impl Fn(At) -> Draft) -> Judged {
    let names = listed(call, "alarmNames");
    if names.is_empty() {
        return match call.guarded(call.refused("cloudwatch").map(|arn| call.here(arn))) {
            Ok(at) => draft(at).into(),
            Err(judged) => judged,
        };
    }
    let drafts: Vec<Draft> = names
        .iter()
        .map(|name| alarm(call, name))
        .filter(|at| call.settings.protects(&at.resource, call.inventory))
        .map(draft)
        .collect();
    if drafts.is_empty() {
        Judged::Clean
    } else {
        Judged::Violation(drafts)
    }
}

fn changed(call: &Call<'_>) -> Judged {
    let at = match call.guarded(named(call)) {
        Ok(at) => at,
        Err(judged) => return judged,
    };
    let request = call.request();
    let enabled = request.and_then(|request| request.get("actionsEnabled")?.boolean());
    let told = listed(call, "alarmActions");
    let name = name(&at);
    if request.is_some() && (enabled == Some(false) || told.is_empty()) {
        let summary = format!("alarm {name} was replaced by one that tells nobody");
        return Draft::new(&at.resource, summary)
            .severity(Severity::High)
            .into();
    }
    let summary = format!("alarm {name} was put, perhaps as another one");
    Judged::CannotTell(Draft::new(&at.resource, summary))
}
