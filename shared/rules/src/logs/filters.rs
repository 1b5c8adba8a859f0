//! Rules of what is set on a log group: subscriptions, metrics, masking.

use super::{LOGS, guarded_group, name, outsider};
use crate::facet::{At, Step};
use crate::facets::kept::AsRecorded;
use crate::facets::logs::{
    DataProtection, FiltersWish, MetricFilters, Outsider, SubscriptionFilters,
};
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Severity, Watch};

/// Row 180 of `events/TABLE.md`.
pub static SUBSCRIBED: Rule = Rule {
    id: "subscription.changed",
    title: "Log group subscribed",
    severity: Severity::High,
    why: "a subscription filter to an outsider hands out every event as it is written; one that replaces the central filter cuts delivery",
    controls: &["ATT&CK T1537", "ATT&CK T1562.008"],
    rows: &[180],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["PutSubscriptionFilter"],
    }],
    revert: Revert::Baseline,
    facets: &["subscription-filters"],
    proof: Proof::Moto,
    judge: subscribed,
    ..Rule::TELLS
};

/// Row 181 of `events/TABLE.md`.
pub static SUBSCRIPTION_DELETED: Rule = Rule {
    id: "subscription.deleted",
    title: "Subscription of a log group deleted",
    severity: Severity::High,
    why: "without its subscription filter a log group's events no longer reach the central place",
    controls: &["ATT&CK T1562.008"],
    rows: &[181],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["DeleteSubscriptionFilter"],
    }],
    revert: Revert::Baseline,
    facets: &["subscription-filters"],
    proof: Proof::Moto,
    judge: |call| match guarded_group(call, &["logGroupName"]) {
        Err(judged) => judged,
        Ok(at) => {
            let summary = format!(
                "log group {} lost the subscription filter {}",
                name(&at),
                filter(call)
            );
            let step = Step::<SubscriptionFilters>::new(at.clone(), FiltersWish::default());
            Draft::new(at.resource, summary)
                .step(step)
                .if_live_agrees()
                .into()
        }
    },
    ..Rule::TELLS
};

/// Rows 189 and 190 of `events/TABLE.md`.
pub static METRICS_CHANGED: Rule = Rule {
    id: "metric-filter.changed",
    title: "Metric filter of a log group changed",
    severity: Severity::High,
    why: "an alarm is silent for good when the filter that counts for it is gone or matches nothing",
    controls: &["CIS AWS Foundations 3.0: 4.1 to 4.15", "ATT&CK T1562.008"],
    rows: &[189, 190],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["DeleteMetricFilter", "PutMetricFilter"],
    }],
    revert: Revert::Baseline,
    facets: &["metric-filters"],
    proof: Proof::Moto,
    judge: |call| {
        kept(call, &["logGroupName"], |at, deleted| {
            let (group, filter) = (name(&at), filter(call));
            let summary = if deleted {
                format!("log group {group} lost the metric filter {filter}")
            } else {
                format!("metric filter {filter} of log group {group} was put")
            };
            let step = Step::<MetricFilters>::new(at.clone(), wish(deleted));
            Draft::new(&at.resource, summary).step(step)
        })
    },
    ..Rule::TELLS
};

/// Rows 191 and 192 of `events/TABLE.md`.
pub static UNMASKED: Rule = Rule {
    id: "data-protection.changed",
    title: "Masking of a log group changed",
    severity: Severity::Medium,
    why: "without its data protection policy a log group shows what it masked, and its findings go nowhere",
    controls: &["ATT&CK T1552"],
    rows: &[191, 192],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["DeleteDataProtectionPolicy", "PutDataProtectionPolicy"],
    }],
    revert: Revert::Baseline,
    facets: &["data-protection"],
    proof: Proof::Recorded,
    judge: |call| {
        kept(
            call,
            &["logGroupIdentifier", "logGroupName"],
            |at, deleted| {
                let what = if deleted { "deleted" } else { "replaced" };
                let summary = format!(
                    "the data protection policy of log group {} was {what}",
                    name(&at)
                );
                let mut step = Step::<DataProtection>::new(at.clone(), wish(deleted));
                step.wrote = match call.shown("policyDocument") {
                    _ if deleted => Some(None),
                    text => text.map(|text| Some(text.into_owned())),
                };
                Draft::new(&at.resource, summary).step(step)
            },
        )
    },
    ..Rule::TELLS
};

/// What was deleted was recorded or must be looked for by a person; what was put
/// may well be the first of its kind.
fn wish(deleted: bool) -> AsRecorded {
    if deleted {
        AsRecorded::Baseline
    } else {
        AsRecorded::IfKnown
    }
}

/// A call that deletes or puts what only the baseline knows.
fn kept(call: &Call<'_>, parameters: &[&str], draft: impl FnOnce(At, bool) -> Draft) -> Judged {
    let deleted = call.record.event_name.starts_with("Delete");
    match guarded_group(call, parameters) {
        Err(judged) => judged,
        Ok(at) if deleted => draft(at, true).if_live_agrees().into(),
        Ok(at) => call.only_the_baseline_tells(draft(at, false)),
    }
}

/// The filter's name, for people.
fn filter(call: &Call<'_>) -> String {
    call.shown("filterName")
        .map_or_else(|| "of unknown name".into(), |name| format!("`{name}`"))
}

fn subscribed(call: &Call<'_>) -> Judged {
    let at = match guarded_group(call, &["logGroupName"]) {
        Ok(at) => at,
        Err(judged) => return judged,
    };
    let group = name(&at);
    let Some(destination) = call.shown("destinationArn") else {
        let summary =
            format!("log group {group} was subscribed, and the record does not say to whom");
        let step = Step::<SubscriptionFilters>::new(at.clone(), FiltersWish::default());
        return Judged::CannotTell(Draft::new(&at.resource, summary).step(step));
    };
    let whose = outsider(call, &destination);
    let summary = format!(
        "filter {} sends events of log group {group} to {destination}",
        filter(call)
    );
    let wish = FiltersWish {
        destination: Some(destination.into_owned()),
        outsider: whose,
        if_known: true,
    };
    let step = Step::<SubscriptionFilters>::new(at.clone(), wish);
    let draft = Draft::new(&at.resource, summary).step(step);
    match whose {
        Outsider::Yes => draft.severity(Severity::Critical).into(),
        Outsider::CannotTell => Judged::CannotTell(draft),
        Outsider::No => call.only_the_baseline_tells(draft),
    }
}
