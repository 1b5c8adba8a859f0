//! The rule of links to observability sinks.

use super::{either, outsider};
use crate::facets::logs::Outsider;
use crate::rule::{Draft, Function, Judged, Rule, Scope, Severity, Watch};

/// Observability Access Manager.
pub(super) const OAM: &str = "oam.amazonaws.com";

/// Row 206 of `events/TABLE.md`.
pub static LINKED: Rule = Rule {
    id: "link.created",
    title: "Telemetry linked to an outsider",
    severity: Severity::Low,
    why: "a link to an outsider's sink shows the account's metrics, logs and traces there",
    controls: &["ATT&CK T1537"],
    rows: &[206],
    function: Function::LogGuard,
    watches: &[Watch {
        source: OAM,
        names: &["CreateLink"],
    }],
    scope: Scope::Any,
    judge: |call| {
        let Some(sink) = either(call, "sinkIdentifier", "SinkIdentifier")
            .or_else(|| call.refused("oam").map(Into::into))
        else {
            return call.unnamed();
        };
        let link = call
            .record
            .response()
            .and_then(|response| response.string("arn").or_else(|| response.string("Arn")));
        let resource = link.unwrap_or_else(|| sink.clone());
        let draft = Draft::new(resource, format!("telemetry is linked to the sink {sink}"));
        match outsider(call, &sink) {
            Outsider::No => Judged::Clean,
            Outsider::Yes => draft.into(),
            Outsider::CannotTell => Judged::CannotTell(draft),
        }
    },
    ..Rule::TELLS
};
