//! Rules of destinations that other accounts send their logs to.

use super::{LOGS, guarded, name, outsider};
use crate::facet::Step;
use crate::facets::kept::AsRecorded;
use crate::facets::logs::{Destination, DestinationPolicy, LogDestination, Outsider, PolicyWish};
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Severity, Watch};

/// Row 173 of `events/TABLE.md`.
pub static DESTINATION_CHANGED: Rule = Rule {
    id: "log-destination.changed",
    title: "Log destination changed",
    severity: Severity::High,
    why: "a destination that delivers elsewhere hands every sender's logs to somebody else",
    controls: &["ATT&CK T1562.008", "ATT&CK T1537"],
    rows: &[173],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["PutDestination"],
    }],
    revert: Revert::Baseline,
    facets: &["log-destination"],
    proof: Proof::Moto,
    judge: changed,
    ..Rule::TELLS
};

/// Row 175 of `events/TABLE.md`.
pub static DESTINATION_DELETED: Rule = Rule {
    id: "log-destination.deleted",
    title: "Log destination deleted",
    severity: Severity::Critical,
    why: "the senders of a deleted destination keep their filters, and nothing arrives any more",
    controls: &["ATT&CK T1562.008"],
    rows: &[175],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["DeleteDestination"],
    }],
    revert: Revert::Baseline,
    deployers_accepted: false,
    facets: &["log-destination", "destination-policy"],
    proof: Proof::Moto,
    judge: |call| {
        let at = match guarded(call, "destinationName", "logs", "destination:") {
            Ok(at) => at,
            Err(judged) => return judged,
        };
        let summary = format!("log destination {} was deleted", name(&at));
        Draft::new(&at.resource, summary)
            .step(Step::<LogDestination>::new(at.clone(), AsRecorded::Baseline).wrote(None))
            .step(Step::<DestinationPolicy>::new(at, PolicyWish::whole()))
            .into()
    },
    ..Rule::TELLS
};

fn changed(call: &Call<'_>) -> Judged {
    let at = match guarded(call, "destinationName", "logs", "destination:") {
        Ok(at) => at,
        Err(judged) => return judged,
    };
    let step = |wish| Step::<LogDestination>::new(at.clone(), wish);
    let called = name(&at);
    let (Some(target), Some(role)) = (call.shown("targetArn"), call.shown("roleArn")) else {
        let summary = format!("log destination {called} was put, and the record does not say how");
        let step = step(AsRecorded::Baseline);
        return Judged::CannotTell(Draft::new(&at.resource, summary).step(step));
    };
    let summary = format!("log destination {called} now delivers to {target}");
    let wrote = Some(Destination {
        target: target.clone().into_owned(),
        role: role.into_owned(),
    });
    let draft = |wish| Draft::new(&at.resource, summary).step(step(wish).wrote(wrote));
    match outsider(call, &target) {
        Outsider::Yes => draft(AsRecorded::Baseline)
            .severity(Severity::Critical)
            .into(),
        Outsider::CannotTell => Judged::CannotTell(draft(AsRecorded::Baseline)),
        Outsider::No => call.only_the_baseline_tells(draft(AsRecorded::IfKnown)),
    }
}
