//! What a guardrail policy says.

use std::fmt::Debug;

use auditward_policy::Document;

use super::needs::denies;
use crate::facet::{PolicyState, Standing};
use crate::facets::kept::{Keep, Kept};

/// The document of a service or resource control policy.
pub type GuardrailContent = Kept<Content>;

/// Keeps [`GuardrailContent`].
#[derive(Debug)]
pub struct Content;

impl Keep for Content {
    const KIND: &'static str = "guardrail-content";
    const WHAT: &'static str = "content of the guardrail";
    const OTHERWISE: &'static str =
        "compare it with what it is meant to deny, and put that back by hand";
    type State = PolicyState;

    /// Every known Deny must be there, and no Allow that was not: a further
    /// Deny only makes it stronger.
    fn compare(live: &PolicyState, known: &PolicyState) -> Standing {
        if live.same(known) {
            return Standing::Equal;
        }
        let (Some(live), Some(known)) = (live.document(), known.document()) else {
            return Standing::Incomparable;
        };
        match (holds(live, known), holds(known, live)) {
            (true, true) => Standing::Equal,
            (true, false) => Standing::Stronger,
            (false, true) => Standing::Weaker,
            (false, false) => Standing::Incomparable,
        }
    }

    /// Later Deny statements stay; lost ones come back, new Allows go.
    fn mend(live: &PolicyState, known: &PolicyState) -> PolicyState {
        let (Some(live), Some(good)) = (live.document(), known.document()) else {
            return known.clone();
        };
        let keep = live
            .statements()
            .iter()
            .filter(|one| one.is_deny() || good.contains_statement(one));
        let mut mended = live.with_statements(&keep.cloned().collect::<Vec<_>>());
        for statement in good.statements().iter().filter(|one| one.is_deny()) {
            if !denies(&mended, statement) && !mended.statement_append(statement) {
                return known.clone();
            }
        }
        let mended = PolicyState::Document(mended);
        // A policy must have a statement.
        match mended.document() {
            Some(document) if !document.statements().is_empty() => mended,
            _ => known.clone(),
        }
    }

    fn writable(state: &PolicyState) -> bool {
        matches!(state, PolicyState::Document(_))
    }

    fn tell(state: &PolicyState) -> String {
        state.tell()
    }
}

/// Whether one document denies all that the other does and allows no more.
fn holds(one: &Document, other: &Document) -> bool {
    let denied = other.statements().iter().filter(|one| one.is_deny());
    let allowed = one.statements().iter().filter(|one| !one.is_deny());
    denied.into_iter().all(|statement| denies(one, statement))
        && allowed
            .into_iter()
            .all(|statement| other.contains_statement(statement))
}
