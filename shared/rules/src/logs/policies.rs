//! Rules of the resource policies of log delivery.

use auditward_policy::{Foreign, Kind, analyze};

use super::{LOGS, either, group, guarded};
use crate::actor::Actor;
use crate::buckets::tell_admitted;
use crate::facet::{At, Facet, PolicyState, Step};
use crate::facets::logs::{
    DeliveryDestinationPolicy, DestinationPolicy, LogResourcePolicy, PolicyWish, SinkPolicy,
    resource_policy_wish,
};
use crate::json::Json;
use crate::plan::Plan;
use crate::rule::{
    Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch, is_shown,
};

/// Row 174 of `events/TABLE.md`.
pub static DESTINATION_OPENED: Rule = Rule {
    id: "log-destination.opened",
    title: "Log destination opened",
    severity: Severity::High,
    why: "outsiders that may send to the central destination can flood it and forge what it holds",
    controls: &["ATT&CK T1565.001"],
    rows: &[174],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["PutDestinationPolicy"],
    }],
    revert: Revert::Live,
    deployers_accepted: false,
    facets: &["destination-policy"],
    proof: Proof::Moto,
    judge: |call| match guarded(call, "destinationName", "logs", "destination:") {
        Ok(at) => put::<DestinationPolicy>(call, &at, &["accessPolicy"], Kind::Destination),
        Err(judged) => judged,
    },
    ..Rule::TELLS
};

/// Row 176 of `events/TABLE.md`.
pub static POLICY_OPENED: Rule = Rule {
    id: "log-policy.opened",
    title: "Resource policy of CloudWatch Logs opened",
    severity: Severity::High,
    why: "outsiders that may write log events can forge evidence, and those that may subscribe get a copy",
    controls: &["ATT&CK T1565.001", "ATT&CK T1530"],
    rows: &[176],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["PutResourcePolicy"],
    }],
    revert: Revert::Live,
    deployers_accepted: false,
    facets: &["log-resource-policy"],
    proof: Proof::Moto,
    judge: |call| match call.guarded(resource_policy(call)) {
        Ok(at) => put::<LogResourcePolicy>(call, &at, &["policyDocument"], Kind::Logs),
        Err(judged) => judged,
    },
    ..Rule::TELLS
};

/// Row 177 of `events/TABLE.md`. The record does not say what the policy was: the live
/// state and the baseline tell whether anything is missing.
pub static POLICY_DELETED: Rule = Rule {
    id: "log-policy.deleted",
    title: "Resource policy of CloudWatch Logs deleted",
    severity: Severity::High,
    why: "services such as Route 53 and EventBridge write logs by a resource policy, and stop without it",
    controls: &["ATT&CK T1562.008"],
    rows: &[177],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["DeleteResourcePolicy"],
    }],
    revert: Revert::Baseline,
    facets: &["log-resource-policy"],
    proof: Proof::Moto,
    judge: |call| match call.guarded(resource_policy(call)) {
        Ok(at) => {
            let summary = format!("the resource policy {} was deleted", super::name(&at));
            // Not "as safe as none": what is gone is missed, whatever it was.
            let wish = PolicyWish {
                outsiders: false,
                ..PolicyWish::whole()
            };
            let step = Step::<LogResourcePolicy>::new(at.clone(), wish).wrote(PolicyState::Absent);
            Draft::new(&at.resource, summary)
                .step(step)
                .if_live_agrees()
                .into()
        }
        Err(judged) => judged,
    },
    ..Rule::TELLS
};

/// Row 194 of `events/TABLE.md`.
pub static DELIVERY_DESTINATION_OPENED: Rule = Rule {
    id: "delivery-destination.opened",
    title: "Delivery destination opened",
    severity: Severity::High,
    why: "outsiders that may deliver vended logs to ours can flood and forge what it holds",
    controls: &["ATT&CK T1565.001"],
    rows: &[194],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["PutDeliveryDestinationPolicy"],
    }],
    revert: Revert::Live,
    deployers_accepted: false,
    facets: &["delivery-destination-policy"],
    proof: Proof::Moto,
    judge: |call| match guarded(
        call,
        "deliveryDestinationName",
        "logs",
        "delivery-destination:",
    ) {
        Ok(at) => put::<DeliveryDestinationPolicy>(
            call,
            &at,
            &["deliveryDestinationPolicy"],
            Kind::Destination,
        ),
        Err(judged) => judged,
    },
    ..Rule::TELLS
};

/// Row 205 of `events/TABLE.md`.
pub static SINK_OPENED: Rule = Rule {
    id: "sink.opened",
    title: "Observability sink opened",
    severity: Severity::Medium,
    why: "outsiders that may link to a sink put their own telemetry beside ours, where people look for the truth",
    controls: &["ATT&CK T1565.001"],
    rows: &[205],
    function: Function::LogGuard,
    watches: &[Watch {
        source: super::sinks::OAM,
        names: &["PutSinkPolicy"],
    }],
    scope: Scope::Any,
    revert: Revert::Live,
    deployers_accepted: false,
    facets: &["sink-policy"],
    proof: Proof::Recorded,
    judge: |call| {
        let Some(sink) = either(call, "sinkIdentifier", "SinkIdentifier")
            .or_else(|| call.refused("oam").map(Into::into))
        else {
            return call.unnamed();
        };
        let at = match crate::arn::Arn::parse(&sink) {
            Some(arn) => At::new(arn.account, arn.region, sink.as_ref()),
            None => call.here(call.arn("oam", &format!("sink/{sink}"))),
        };
        put::<SinkPolicy>(call, &at, &["policy", "Policy"], Kind::Sink)
    },
};

/// A resource policy: of a log group where the request names one, else of the
/// account, by its name.
fn resource_policy(call: &Call<'_>) -> Option<At> {
    if call.shown("resourceArn").is_some() {
        return group(call, &["resourceArn"]);
    }
    let named = call.named("policyName", "logs", "resource-policy:");
    // AWS refuses with no resource at all: the account's policies are meant.
    named.or_else(|| {
        let refused = call.record.failed() && call.request().is_none();
        refused.then(|| call.here(call.arn("logs", "resource-policy:*")))
    })
}

/// A policy that was put, as a string of JSON or as an object.
fn document(call: &Call<'_>, parameters: &[&str]) -> Option<PolicyState> {
    let request = call.request()?;
    let policy: Json<'_> = parameters.iter().find_map(|name| request.get(name))?;
    let state = if policy.is_object() {
        PolicyState::read(policy.text())
    } else {
        PolicyState::read(&policy.scalar().filter(|text| is_shown(text))?)
    };
    matches!(state, PolicyState::Document(_)).then_some(state)
}

/// Whether a policy that was put lets outsiders in.
fn put<F>(call: &Call<'_>, at: &At, parameters: &[&str], kind: Kind) -> Judged
where
    F: Facet<State = PolicyState, Wish = PolicyWish>,
    Plan: From<Step<F>>,
{
    let guarded = call.settings.protects(&at.resource, call.inventory);
    let mut wish = resource_policy_wish(super::name(at));
    wish.restore &= guarded;
    let restore = wish.restore;
    let step = Step::<F>::new(at.clone(), wish);
    let what = format!("the policy of {}", at.resource);
    let Some(state) = document(call, parameters) else {
        let summary = format!("{what} was put, and the record does not say which");
        return Judged::CannotTell(Draft::new(&at.resource, summary).step(step));
    };
    let zone = call.zone(&at.account);
    let analysis = state
        .document()
        .map(|document| analyze(document, kind, &zone));
    let draft = |says: &str| {
        Draft::new(&at.resource, format!("{what} {says}")).step(step.wrote(state.clone()))
    };
    match analysis {
        Some(analysis) if analysis.foreign == Foreign::Yes => {
            draft(&tell_admitted(&analysis)).into()
        }
        Some(analysis) => match &analysis.foreign {
            Foreign::CannotTell(why) if zone.cannot_tell_is_foreign => {
                draft(&format!("may let outsiders in: {why}"))
                    .if_live_agrees()
                    .into()
            }
            // What a deployer takes out of a policy is his to take out.
            _ if !restore || call.settings.is_deployer(Actor::of(call.record)) => Judged::Clean,
            _ => call.only_the_baseline_tells(draft(
                "was replaced; whether what services need was lost, only the known policy tells",
            )),
        },
        None => Judged::Clean,
    }
}
