//! Rules of trails and the keys they use.

use crate::arn::Arn;
use crate::facet::{At, Step};
use crate::facets::trail::TrailLogging;
use crate::rule::{Call, Draft, Function, Judged, Revert, Rule, Scope, Severity, Watch};

/// Catalogue row 1.
pub static LOGGING_STOPPED: Rule = Rule {
    id: "trail.logging-stopped",
    title: "Trail stopped",
    severity: Severity::Critical,
    why: "a stopped trail records nothing, and stopping the only one blinds every guard that lives on its events",
    controls: &["CIS AWS Foundations 3.0: 3.1", "ATT&CK T1562.008"],
    function: Function::TrailGuard,
    watches: &[Watch { source: "cloudtrail.amazonaws.com", names: &["StopLogging"] }],
    scope: Scope::Protected,
    revert: Revert::Event,
    deployers_accepted: false,
    facets: &["trail-logging"],
    judge: |call| {
        let Some(trail) = trail(call, "name") else { return unnamed(call) };
        if !call.settings.protects(&trail.resource, call.inventory) {
            return Judged::Clean;
        }
        let summary = format!("logging of trail {} was stopped", trail.name());
        let step = Step::<TrailLogging>::new(trail.clone(), true).wrote(Some(false));
        Draft::new(trail.resource, summary).step(step).into()
    },
};

/// The trail that a parameter names: by name, in the record's account and
/// region, or by ARN, which also gives the owner and the home region.
fn trail(call: &Call<'_>, parameter: &str) -> Option<At> {
    let named = call.parameter(parameter)?;
    if let Some(arn) = Arn::parse(&named) {
        return Some(At::new(arn.account, arn.region, named.as_ref()));
    }
    let (partition, region, account) = (call.partition(), &call.record.region, call.account());
    Some(call.here(format!("arn:{partition}:cloudtrail:{region}:{account}:trail/{named}")))
}

/// The record does not say which trail: failed calls mostly.
fn unnamed(call: &Call<'_>) -> Judged {
    let what = format!("{} on a trail that the record does not name", call.record.event_name);
    Judged::CannotTell(Draft::new("", what))
}
