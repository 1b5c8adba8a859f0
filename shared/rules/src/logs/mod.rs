//! Rules of log delivery: CloudWatch Logs, alarms, observability.

mod account;
mod alarms;
mod deliveries;
mod destinations;
mod filters;
mod groups;
mod policies;
mod removed;
mod sinks;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use auditward_policy::Tri;

use crate::arn::{Arn, is_account};
use crate::facet::At;
use crate::facets::logs::Outsider;
use crate::rule::{Call, Judged, Rule, is_shown};

pub use account::ACCOUNT_POLICY_CHANGED;
pub use alarms::{ALARM_CHANGED, ALARM_DELETED, ALARM_FORCED, ALARM_MUTED};
pub use deliveries::{DELIVERY_REMOVED, EXPORTED, TAGS_REMOVED, TRANSFORMED};
pub use destinations::{DESTINATION_CHANGED, DESTINATION_DELETED};
pub use filters::{METRICS_CHANGED, SUBSCRIBED, SUBSCRIPTION_DELETED, UNMASKED};
pub use groups::{KEY_CHANGED, RECREATED, RETENTION_SHORTENED};
pub use policies::{
    DELIVERY_DESTINATION_OPENED, DESTINATION_OPENED, POLICY_DELETED, POLICY_OPENED, SINK_OPENED,
};
pub use removed::{GROUP_DELETED, STREAM_DELETED};
pub use sinks::LINKED;

/// All rules of this system.
pub static RULES: &[&Rule] = &[
    &DESTINATION_CHANGED,
    &DESTINATION_OPENED,
    &DESTINATION_DELETED,
    &POLICY_OPENED,
    &POLICY_DELETED,
    &ACCOUNT_POLICY_CHANGED,
    &SUBSCRIBED,
    &SUBSCRIPTION_DELETED,
    &RECREATED,
    &GROUP_DELETED,
    &STREAM_DELETED,
    &RETENTION_SHORTENED,
    &KEY_CHANGED,
    &METRICS_CHANGED,
    &UNMASKED,
    &EXPORTED,
    &DELIVERY_DESTINATION_OPENED,
    &DELIVERY_REMOVED,
    &TRANSFORMED,
    &TAGS_REMOVED,
    &ALARM_DELETED,
    &ALARM_MUTED,
    &ALARM_CHANGED,
    &ALARM_FORCED,
    &SINK_OPENED,
    &LINKED,
];

const LOGS: &str = "logs.amazonaws.com";

/// The log group that a call is about: by its name or its ARN, which comes with
/// and without `:*`; else as the refusal has it.
fn group(call: &Call<'_>, parameters: &[&str]) -> Option<At> {
    let asked = parameters.iter().find_map(|name| call.shown(name));
    let named = asked.or_else(|| call.refused("logs").map(Cow::Borrowed))?;
    let Some(arn) = Arn::parse(&named) else {
        return Some(call.here(call.arn("logs", &format!("log-group:{named}"))));
    };
    let mut parts = arn.resource.split(':');
    let (kind, name) = (parts.next()?, parts.next()?);
    if kind != "log-group" || name.is_empty() {
        return None;
    }
    let resource = format!("log-group:{name}");
    let plain = Arn {
        resource: &resource,
        ..arn
    };
    Some(At::new(arn.account, arn.region, plain.to_string()))
}

/// The guarded log group that a call names by name or ARN.
fn guarded_group(call: &Call<'_>, parameters: &[&str]) -> Result<At, Judged> {
    call.guarded(group(call, parameters))
}

/// The guarded resource that a parameter or the refusal names.
fn guarded(call: &Call<'_>, parameter: &str, service: &str, kind: &str) -> Result<At, Judged> {
    let refused = || {
        let arn = call.refused(service)?;
        let parsed = Arn::parse(arn).filter(|parsed| parsed.resource.starts_with(kind))?;
        Some(At::new(parsed.account, parsed.region, arn))
    };
    call.guarded(call.named(parameter, service, kind).or_else(refused))
}

/// The name behind `log-group:`, `destination:` and their like; slashes are part of it.
fn name(at: &At) -> &str {
    at.resource.rsplit(':').next().unwrap_or(&at.resource)
}

/// Whether what an ARN names belongs to an outsider. Partners are none.
fn outsider(call: &Call<'_>, arn: &str) -> Outsider {
    let Some(account) = Arn::parse(arn)
        .map(|arn| arn.account)
        .filter(|account| is_account(account))
    else {
        return Outsider::CannotTell;
    };
    let partners = &call.settings.partners;
    if partners.iter().any(|partner| partner.account == account) {
        return Outsider::No;
    }
    match call.is_ours(account) {
        Tri::Yes => Outsider::No,
        Tri::No => Outsider::Yes,
        Tri::CannotTell => Outsider::CannotTell,
    }
}

/// A scalar of the request whose name begins with a small or a capital letter:
/// services that speak REST differ in this.
fn either<'a>(call: &Call<'a>, small: &str, capital: &str) -> Option<Cow<'a, str>> {
    call.shown(small).or_else(|| call.shown(capital))
}

/// The texts in a list of the request; hidden ones are left out.
fn listed(call: &Call<'_>, parameter: &str) -> Vec<String> {
    let list = call.request().and_then(|request| request.get(parameter));
    let items = list.map(crate::json::Json::items).unwrap_or_default();
    let texts = items.into_iter().filter_map(crate::json::Json::scalar);
    texts
        .filter(|text| is_shown(text))
        .map(Cow::into_owned)
        .collect()
}
