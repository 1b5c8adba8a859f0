//! Users and roles that were deleted: AWS shows their unique ids in place of
//! their ARNs, never gives an id twice, and refuses to save a document that
//! names one.

use std::collections::BTreeSet;

use crate::narrow::without_principals;
use crate::principal::{Form, Principal};
use crate::{Document, Statement, meaning};

/// The document without the principals that were deleted since it was written,
/// and their ids. A statement that is about nobody else goes.
#[must_use]
pub fn without_deleted(doc: &Document) -> (Document, Vec<String>) {
    let mut gone = Vec::new();
    let mut left = Vec::new();
    for statement in doc.statements() {
        let ids = statement.deleted();
        if ids.is_empty() {
            left.push(statement.clone());
            continue;
        }
        let parsed: Vec<_> = ids.iter().map(|id| Principal::parse("AWS", id)).collect();
        left.extend(without_principals(statement, &parsed));
        gone.extend(ids);
    }
    if gone.is_empty() {
        return (doc.clone(), gone);
    }
    gone.sort();
    gone.dedup();
    (doc.with_statements(&left), gone)
}

impl Statement {
    /// The unique ids that it names as principals.
    #[must_use]
    pub fn deleted(&self) -> Vec<String> {
        let named = self.principals("AWS").into_iter();
        named
            .filter(|text| Principal::parse("AWS", text).form == Form::UniqueId)
            .collect()
    }

    /// Whether it is `known`, of whose users and roles some were deleted since:
    /// it says the same, with a unique id in the place of each.
    #[must_use]
    pub fn is_after_deletions(&self, known: &Statement) -> bool {
        let ids: BTreeSet<_> = self.deleted().into_iter().collect();
        if ids.is_empty() || self.sid() != known.sid() {
            return false;
        }
        let of = |one: &Statement| BTreeSet::from_iter(one.principals("AWS"));
        let (now, before) = (of(self), of(known));
        let lost: BTreeSet<_> = before.difference(&now).cloned().collect();
        let kept = now.difference(&ids).all(|one| before.contains(one));
        let named = |text: &String| {
            let form = Principal::parse("AWS", text).form;
            matches!(form, Form::Identity { .. })
        };
        kept && ids.is_disjoint(&before)
            && lost.len() == ids.len()
            && lost.iter().all(named)
            && meaning::but_for_accounts(self) == meaning::but_for_accounts(known)
    }
}
