//! Keys of the store's documents.

use auditward_rules::facet::At;
use auditward_rules::rule::Function;

/// The settings in force.
pub const SETTINGS: &str = "settings";
/// What protected trails use.
pub const INVENTORY: &str = "inventory";
/// Distinct resources changed of late, by all rules.
pub const FUSE: &str = "fuse";

/// A case.
pub fn case(id: &str) -> String {
    format!("case/{id}")
}

/// The last good state of a facet.
pub fn baseline(kind: &str, at: &At) -> String {
    let item = at.item.as_deref().unwrap_or_default();
    format!("baseline/{kind}/{}/{}/{item}", at.account, at.resource)
}

/// The lease and the breaker of a resource.
pub fn resource(at: &At) -> String {
    format!("resource/{}/{}", at.account, at.resource)
}

/// Distinct resources changed of late, by one rule.
pub fn fuse(rule: &str) -> String {
    format!("{FUSE}/{rule}")
}

/// One write of ours, by its request ID.
pub fn ledger(request_id: &str) -> String {
    format!("write/{request_id}")
}

/// Alerts sent about an account in an hour.
pub fn alerts(account: &str, hour: &str) -> String {
    format!("alerts/{account}/{hour}")
}

/// A state that a person put back through undo.
pub fn restored(kind: &str, at: &At) -> String {
    baseline(kind, at).replacen("baseline", "restored", 1)
}

/// A state of a facet that the case of an event left as it was.
pub fn left(kind: &str, at: &At) -> String {
    baseline(kind, at).replacen("baseline", "left", 1)
}

/// What looks of a function began and did not end.
pub fn unfinished(function: Function) -> String {
    format!("unfinished/{}", function.name())
}

/// Since when trails do not record that a function looks after.
pub fn gaps(function: Function) -> String {
    format!("gaps/{}", function.name())
}

/// Where a function guards anything.
pub fn places(function: Function) -> String {
    format!("guarded/{}", function.name())
}

/// What a function guards in one account and region.
pub fn guarded(function: Function, account: &str, region: &str) -> String {
    format!("guarded/{}/{account}/{region}", function.name())
}

/// Where a function is not let in.
pub fn closed(function: Function) -> String {
    format!("closed/{}", function.name())
}

/// What a function looks at every minute.
pub fn pulse(function: Function) -> String {
    format!("pulse/{}", function.name())
}

/// What a function could not read when it last looked.
pub fn unread(function: Function, look: &str) -> String {
    format!("unread/{}/{look}", function.name())
}

/// When a function last found all well that it looks at every minute.
pub fn well(function: Function) -> String {
    format!("well/{}", function.name())
}

/// That something was told, so that it is not told again.
pub fn told(what: &str) -> String {
    format!("told/{what}")
}

/// That people were told in an hour that the kill switch is on.
pub fn kill_switch(hour: &str) -> String {
    format!("kill-switch/{hour}")
}
