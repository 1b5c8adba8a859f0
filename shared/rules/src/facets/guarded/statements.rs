//! What single statements of a policy are for.

use auditward_policy::{Document, Removal, Statement};

use crate::facet::PolicyState;
use crate::json::Json;

/// Whether losing a statement makes a bucket less safe: a Deny, or what log
/// delivery needs, by a service or by another account's replication.
pub(super) fn keeps_safe(statement: &Statement) -> bool {
    statement.is_deny()
        || (statement.is_allow() && is_for_services(statement))
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
/// returning statement names is gone: all but those. `None`: nothing would change.
pub fn without_returning(from: &PolicyState, to: &PolicyState) -> Option<PolicyState> {
    let document = to.document()?;
    let returning = missing(to, from);
    let names_somebody = |statement: &Statement| {
        let principal = statement.element("Principal").unwrap_or_default();
        principal.contains(":role/") || principal.contains(":user/")
    };
    let all = document.statements().iter();
    let left = all.filter(|one| !(returning.contains(one) && names_somebody(one)));
    let left: Vec<Statement> = left.cloned().collect();
    let less = PolicyState::Document(document.with_statements(&left));
    let fewer = left.len() < document.statements().len();
    (fewer && !left.is_empty() && !less.same(from)).then_some(less)
}

/// Whether a document has a statement, perhaps with the unique ids of users and
/// roles that were deleted since.
pub(super) fn has(document: &Document, known: &Statement) -> bool {
    document.contains_statement(known) || is_after_deletions_in(document, known)
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
    let which = named(
        removal.sid.as_deref(),
        &format!("statement {}", removal.index + 1),
    );
    if !removal.whole && !removal.values.is_empty() {
        return format!("take {} out of {which}", removal.values.join(", "));
    }
    if removal.whole || removal.principals.is_empty() {
        return format!("take {which} out, which lets outsiders in");
    }
    format!("take {} out of {which}", removal.principals.join(", "))
}
