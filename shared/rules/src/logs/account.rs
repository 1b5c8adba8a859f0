//! The rule of policies that hold for all log groups of an account.

use super::{LOGS, outsider};
use crate::facet::{At, Step};
use crate::facets::logs::{AccountLogPolicy, AccountPolicy, AccountPolicyWish, Outsider};
use crate::json::Json;
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Severity, Watch};

/// Rows 178 and 179 of `events/TABLE.md`.
pub static ACCOUNT_POLICY_CHANGED: Rule = Rule {
    id: "account-log-policy.changed",
    title: "Account-wide log policy changed",
    severity: Severity::High,
    why: "one account policy sends every log group's events elsewhere, or unmasks what all of them mask",
    controls: &["ATT&CK T1562.008", "ATT&CK T1537"],
    rows: &[178, 179],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["DeleteAccountPolicy", "PutAccountPolicy"],
    }],
    revert: Revert::Baseline,
    facets: &["account-log-policy"],
    proof: Proof::Recorded,
    judge: |call| match call.guarded(policy(call)) {
        Err(judged) => judged,
        Ok(at) if call.record.event_name == "DeleteAccountPolicy" => deleted(at),
        Ok(at) => put(call, at),
    },
    ..Rule::TELLS
};

/// The policy, by type and name; where AWS refused before reading, any of the account.
fn policy(call: &Call<'_>) -> Option<At> {
    let at = |sort: &str, name: &str| {
        call.here(call.arn("logs", &format!("account-policy:{sort}:{name}")))
    };
    match (call.shown("policyType"), call.shown("policyName")) {
        (Some(sort), Some(name)) => Some(at(&sort, &name)),
        _ if call.record.failed() && call.request().is_none() => Some(at("*", "*")),
        _ => None,
    }
}

fn deleted(at: At) -> Judged {
    let summary = format!("the account-wide log policy {} was deleted", called(&at));
    let step = Step::<AccountLogPolicy>::new(at.clone(), AccountPolicyWish::default()).wrote(None);
    Draft::new(at.resource, summary).step(step).into()
}

fn put(call: &Call<'_>, at: At) -> Judged {
    let wish = |outsider| AccountPolicyWish {
        outsider,
        if_known: true,
    };
    let called = called(&at);
    let Some(document) = call.shown("policyDocument") else {
        let summary = format!(
            "the account-wide log policy {called} was put, and the record does not say how"
        );
        let step = Step::<AccountLogPolicy>::new(at.clone(), AccountPolicyWish::default());
        return Judged::CannotTell(Draft::new(at.resource, summary).step(step));
    };
    let destination = Json::parse(&document)
        .and_then(|json| json.string("DestinationArn"))
        .map(std::borrow::Cow::into_owned);
    let wrote = AccountPolicy {
        document: document.into_owned(),
        criteria: call
            .shown("selectionCriteria")
            .map(std::borrow::Cow::into_owned),
    };
    let whose = destination
        .as_deref()
        .map_or(Outsider::No, |arn| outsider(call, arn));
    let summary = match &destination {
        Some(to) => format!("the account-wide log policy {called} sends logs to {to}"),
        None => format!("the account-wide log policy {called} was put"),
    };
    let step = Step::<AccountLogPolicy>::new(at.clone(), wish(whose)).wrote(Some(wrote));
    let draft = Draft::new(at.resource, summary).step(step);
    match whose {
        Outsider::Yes => draft.severity(Severity::Critical).into(),
        Outsider::CannotTell => Judged::CannotTell(draft),
        Outsider::No => call.only_the_baseline_tells(draft),
    }
}

/// The policy's type and name.
fn called(at: &At) -> &str {
    at.resource
        .split_once("account-policy:")
        .map_or(at.resource.as_str(), |(_, called)| called)
}
