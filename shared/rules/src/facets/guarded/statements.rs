//! What single statements of a policy are for.

use std::collections::BTreeSet;

use auditward_policy::cloudtrail::Delivery;
use auditward_policy::{Document, Removal, Statement, place};

use crate::facet::PolicyState;
use crate::json::Json;

/// Whether losing a statement makes a bucket less safe: a Deny, or what log
/// delivery needs, by a service, by load balancers of older regions or by another
/// account's replication.
pub(super) fn keeps_safe(statement: &Statement) -> bool {
    statement.is_deny()
        || (statement.is_allow() && is_for_services(statement))
        || statement.delivers_logs()
        || lets_replicas_in(statement)
}

/// Whether a statement allows writing replicas, and nothing else.
pub(super) fn lets_replicas_in(statement: &Statement) -> bool {
    let actions = statement.texts("Action");
    let replicates = |action: &String| {
        let action = action.to_ascii_lowercase();
        action.starts_with("s3:replicate") || action == "s3:objectowneroverridetobucketowner"
    };
    statement.is_allow() && !actions.is_empty() && actions.iter().all(replicates)
}

fn is_for_services(statement: &Statement) -> bool {
    let principal = statement.element("Principal").unwrap_or_default();
    let members = Json::parse(&principal)
        .map(Json::members)
        .unwrap_or_default();
    !members.is_empty() && members.iter().all(|(kind, _)| kind == "Service")
}

/// The statements of one state that the other does not have.
pub(super) fn missing(of: &PolicyState, other: &PolicyState) -> Vec<Statement> {
    let all = of.document().map(Document::statements).unwrap_or_default();
    let there = |statement: &&Statement| {
        !other
            .document()
            .is_some_and(|d| d.contains_statement(statement))
    };
    all.iter().filter(there).cloned().collect()
}

/// What can be written of a policy that the service refuses, as somebody whom a
/// returning statement names is gone: all but those. Whom the live policy names is
/// there. `None`: nothing would change.
pub fn without_returning(from: &PolicyState, to: &PolicyState) -> Option<PolicyState> {
    let document = to.document()?;
    let returning = missing(to, from);
    let there = from
        .document()
        .map(Document::statements)
        .unwrap_or_default();
    let there: BTreeSet<String> = there.iter().flat_map(somebody).collect();
    let may_be_gone = |one: &Statement| {
        returning.contains(one) && somebody(one).iter().any(|who| !there.contains(who))
    };
    let all = document.statements().iter();
    let left: Vec<Statement> = all.filter(|one| !may_be_gone(one)).cloned().collect();
    let less = PolicyState::Document(document.with_statements(&left));
    let fewer = left.len() < document.statements().len();
    (fewer && !left.is_empty() && !less.same(from)).then_some(less)
}

/// Everybody whom a statement names who can be gone: users, roles and accounts.
fn somebody(statement: &Statement) -> Vec<String> {
    let mut all = statement.names("AWS");
    all.retain(|who| who != "*");
    all.extend(statement.names("CanonicalUser"));
    all
}

/// Whether a document has a statement, perhaps with the unique ids of users and
/// roles that were deleted since, or without those that a Deny spared.
pub(super) fn has(document: &Document, known: &Statement) -> bool {
    let mut all = document.statements().iter();
    document.contains_statement(known)
        || is_after_deletions_in(document, known)
        || all.any(|one| one.spares_no_more_than(known))
}

pub(super) fn is_after_deletions_in(document: &Document, known: &Statement) -> bool {
    let mut all = document.statements().iter();
    all.any(|one| one.is_after_deletions(known))
}

pub(super) fn named(sid: Option<&str>, otherwise: &str) -> String {
    sid.filter(|sid| !sid.is_empty())
        .map_or_else(|| otherwise.to_owned(), |sid| format!("statement `{sid}`"))
}

/// What is taken out, for people.
pub fn tell_removal(removal: &Removal) -> String {
    let which = named(removal.sid.as_deref(), &place(removal.index));
    if !removal.whole && !removal.values.is_empty() {
        return format!("take {} out of {which}", removal.values.join(", "));
    }
    if removal.whole || removal.principals.is_empty() {
        return format!("take {which} out, which lets outsiders in");
    }
    format!("take {} out of {which}", removal.principals.join(", "))
}

pub(super) fn tell_delivery(delivery: &Delivery) -> String {
    format!("let CloudTrail deliver for {} again", delivery.trail_arn)
}

pub(super) fn tell_return(statement: &Statement) -> String {
    format!("put {} back", named(statement.sid(), "a lost statement"))
}
