//! Users and roles that were deleted: AWS shows their unique ids in place of
//! their ARNs, never gives an id twice, and refuses to save a document that
//! names one.

use std::collections::BTreeSet;

use crate::json::{Tape, write_string};
use crate::narrow::without_named;
use crate::principal::{Form, Principal};
use crate::{Document, Statement, meaning};

/// The document without the principals that were deleted since it was written,
/// and their ids. A statement that is about nobody else goes; one that spares
/// nobody else goes on being about everybody.
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
        left.extend(without(statement, &ids));
        gone.extend(ids);
    }
    if gone.is_empty() {
        return (doc.clone(), gone);
    }
    gone.sort();
    gone.dedup();
    (doc.with_statements(&left), gone)
}

fn without(statement: &Statement, ids: &[String]) -> Option<Statement> {
    let gone: Vec<_> = ids.iter().map(|id| Principal::parse("AWS", id)).collect();
    if statement.element("NotPrincipal").is_none() {
        return without_named(statement, "Principal", &gone);
    }
    without_named(statement, "NotPrincipal", &gone).or_else(|| of_everybody(statement))
}

/// The statement with everybody in the place of all but nobody, which means the
/// same. Were it dropped instead, whom a Deny keeps out would come in, and whom an
/// Allow lets in would be kept out.
fn of_everybody(statement: &Statement) -> Option<Statement> {
    let tape = Tape::parse(statement.to_json()).ok()?;
    let mut out = String::from("{");
    for (position, (name, value)) in tape.root().entries().enumerate() {
        if position > 0 {
            out.push(',');
        }
        if name.text() == "NotPrincipal" {
            out.push_str(r#""Principal":"*""#);
            continue;
        }
        write_string(name.text(), &mut out);
        out.push(':');
        value.write(&mut out);
    }
    out.push('}');
    Statement::parse(&out).ok()
}

impl Statement {
    /// The unique ids that it names, as those it is about or spares.
    #[must_use]
    pub fn deleted(&self) -> Vec<String> {
        let named = self.names("AWS").into_iter();
        named
            .filter(|text| Principal::parse("AWS", text).form == Form::UniqueId)
            .collect()
    }

    /// Whether both deny the same to all but some, and it spares nobody whom `known`
    /// does not: what is left once users and roles that `known` spares were deleted.
    #[must_use]
    pub fn spares_no_more_than(&self, known: &Statement) -> bool {
        if !self.is_deny() || !known.is_deny() || known.element("NotPrincipal").is_none() {
            return false;
        }
        let both = meaning::spared(self).zip(meaning::spared(known));
        both.is_some_and(|((what, spared), (before, known))| {
            what == before && spared.is_subset(&known)
        })
    }

    /// Whether it is `known`, of whose users and roles some were deleted since:
    /// it says the same, with a unique id in the place of each.
    #[must_use]
    pub fn is_after_deletions(&self, known: &Statement) -> bool {
        let ids: BTreeSet<_> = self.deleted().into_iter().collect();
        if ids.is_empty() || self.sid() != known.sid() {
            return false;
        }
        let of = |one: &Statement| BTreeSet::from_iter(one.names("AWS"));
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
