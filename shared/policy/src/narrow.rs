//! The smallest change that shuts outsiders out.

use std::cell::Cell;

use serde::Serialize;

use crate::analysis::{Engine, Finding, Openness, STEPS, lets_nobody_in};
use crate::json::{Shape, Tape, View, write_string};
use crate::key::Key;
use crate::policy::Policy;
use crate::principal::{Form, Principal};
use crate::{Document, Kind, Statement, Zone};

/// A document without its outside grants.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Narrowed {
    /// What is left.
    pub document: Document,
    /// Whether anything was taken out.
    pub changed: bool,
    /// What was taken out.
    pub removed: Vec<Removal>,
    /// Whether no statement is left, so that the document should be deleted
    /// rather than written. A trust policy is never empty.
    pub empty: bool,
}

/// Something that was taken out of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removal {
    /// Position of the statement in the old document.
    pub index: usize,
    /// Its `Sid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The principals that were taken out of it.
    pub principals: Vec<String>,
    /// The condition values that were taken out of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Whether the whole statement went.
    pub whole: bool,
}

/// Longer lists of condition values are not thinned out one by one.
const MANY_VALUES: usize = 40;

/// Rounds after which a document is left as it is; none that fits into AWS's
/// size limits needs more than three.
const ROUNDS: usize = 16;

/// Takes every outside grant out of a document and leaves the rest as it is:
/// Deny statements, insiders, services, order and Sids. Doing it again changes
/// nothing.
#[must_use]
pub fn narrow(doc: &Document, kind: Kind, zone: &Zone) -> Narrowed {
    // Each statement with its position in the old document; none when dropped.
    let mut slots: Vec<Option<Statement>> = doc.statements().iter().cloned().map(Some).collect();
    let mut removed: Vec<Removal> = Vec::new();
    let mut current = doc.clone();
    let mut changed = false;
    // For all that is tried out.
    let steps = Cell::new(STEPS);
    // One round is enough for what AWS takes; each more drops statements.
    for round in 0..ROUNDS {
        let edits = edits(&current, kind, zone, round > 1, &steps);
        if edits.is_empty() {
            break;
        }
        changed = true;
        let live: Vec<usize> = slots
            .iter()
            .enumerate()
            .filter_map(|(index, slot)| slot.is_some().then_some(index))
            .collect();
        for edit in edits {
            let Some(&index) = live.get(edit.index) else {
                continue;
            };
            if let Some(slot) = slots.get_mut(index) {
                *slot = edit.statement;
            }
            let sid = doc
                .statements()
                .get(index)
                .and_then(Statement::sid)
                .map(str::to_owned);
            let whole = slots.get(index).is_some_and(Option::is_none);
            match removed.iter_mut().find(|removal| removal.index == index) {
                Some(removal) => {
                    removal.principals.extend(edit.principals);
                    removal.values.extend(edit.values);
                    removal.whole = whole;
                }
                None => removed.push(Removal {
                    index,
                    sid,
                    principals: edit.principals,
                    values: edit.values,
                    whole,
                }),
            }
        }
        let left: Vec<Statement> = slots.iter().flatten().cloned().collect();
        current = doc.with_statements(&left);
    }
    removed.sort_by_key(|removal| removal.index);
    let had_allow = doc.statements().iter().any(|stmt| !stmt.is_deny());
    let has_allow = current.statements().iter().any(|stmt| !stmt.is_deny());
    if kind == Kind::Trust && changed && had_allow && !has_allow {
        for statement in Document::deny_everyone(kind).statements() {
            current.statement_append(statement);
        }
    }
    let empty = current.statements().is_empty();
    Narrowed {
        document: if changed { current } else { doc.clone() },
        changed,
        removed,
        empty,
    }
}

/// What happens to one statement.
struct Edit {
    index: usize,
    /// Nothing when it goes.
    statement: Option<Statement>,
    principals: Vec<String>,
    values: Vec<String>,
}

fn edits(doc: &Document, kind: Kind, zone: &Zone, drop: bool, steps: &Cell<u64>) -> Vec<Edit> {
    let Ok(tape) = Tape::parse(doc.as_json()) else {
        return Vec::new();
    };
    let policy = Policy::of(&tape);
    let engine = Engine::new(&policy, kind, zone, tape.garbled);
    let findings = engine.findings();
    let outsider = |openness: Openness| {
        openness == Openness::Open || (openness == Openness::Unsure && zone.cannot_tell_is_foreign)
    };
    let mut edits = Vec::new();
    for finding in &findings {
        if !outsider(finding.openness()) {
            continue;
        }
        let Some(statement) = doc.statements().get(finding.index) else {
            continue;
        };
        if drop {
            edits.push(Edit::whole(finding));
            continue;
        }
        edits.push(edit(doc, kind, zone, finding, statement, &outsider, steps));
    }
    if edits.is_empty() && zone.cannot_tell_is_foreign {
        // A statement that AWS would refuse, and that is no Deny.
        if let Some((index, _)) = engine.issue()
            && let Some(stmt) = policy.statements.get(index)
            && stmt.allow
            && (stmt.doubt || stmt.not_principal)
        {
            edits.push(Edit {
                index,
                statement: None,
                principals: Vec::new(),
                values: Vec::new(),
            });
        }
    }
    edits
}

impl Edit {
    fn whole(finding: &Finding<'_>) -> Edit {
        Edit {
            index: finding.index,
            statement: None,
            principals: names(finding),
            values: Vec::new(),
        }
    }
}

fn names(finding: &Finding<'_>) -> Vec<String> {
    finding
        .grants
        .iter()
        .filter_map(|grant| grant.principal)
        .map(|principal| principal.text.to_owned())
        .collect()
}

fn edit(
    doc: &Document,
    kind: Kind,
    zone: &Zone,
    finding: &Finding<'_>,
    statement: &Statement,
    outsider: &dyn Fn(Openness) -> bool,
    steps: &Cell<u64>,
) -> Edit {
    let gone: Vec<Principal<'_>> = finding
        .grants
        .iter()
        .filter(|grant| outsider(grant.openness))
        .filter_map(|grant| grant.principal)
        .collect();
    let by_not_principal = finding.grants.iter().any(|grant| grant.principal.is_none());
    // Whoever is named by account or ARN is taken out by name. Everybody, and
    // shared identity providers, may be a matter of one value too many.
    let broad = by_not_principal
        || gone
            .iter()
            .all(|one| matches!(one.form, Form::Everyone | Form::Federated));
    let closed = |statement: &Statement| {
        steps.get() > 0 && lets_nobody_in(&beside_denies(doc, statement), kind, zone, steps)
    };
    if broad && let Some((thinner, values)) = thin(statement, &closed) {
        return Edit {
            index: finding.index,
            statement: Some(thinner),
            principals: Vec::new(),
            values,
        };
    }
    if by_not_principal {
        return Edit::whole(finding);
    }
    Edit {
        index: finding.index,
        statement: without_principals(statement, &gone),
        principals: gone.iter().map(|one| one.text.to_owned()).collect(),
        values: Vec::new(),
    }
}

/// The statement without some principals; nothing when none is left.
pub(crate) fn without_principals(
    statement: &Statement,
    gone: &[Principal<'_>],
) -> Option<Statement> {
    without_named(statement, "Principal", gone)
}

/// The same in one of `Principal` and `NotPrincipal`.
pub(crate) fn without_named(
    statement: &Statement,
    element: &str,
    gone: &[Principal<'_>],
) -> Option<Statement> {
    let tape = Tape::parse(statement.to_json()).ok()?;
    let mut left = 0;
    let out = rewrite(tape.root(), &mut |name, value, out| {
        if name != element {
            return false;
        }
        if value.shape() != Shape::Object {
            left += keep_values(value, out, &|text| {
                !gone.contains(&Principal::parse("AWS", text))
            });
            return true;
        }
        out.push('{');
        let mut first = true;
        for (family, values) in value.entries() {
            let mut list = String::new();
            let kept = keep_values(values, &mut list, &|text| {
                !gone.contains(&Principal::parse(family.text(), text))
            });
            if kept == 0 {
                continue;
            }
            left += kept;
            if !first {
                out.push(',');
            }
            first = false;
            write_string(family.text(), out);
            out.push(':');
            out.push_str(&list);
        }
        out.push('}');
        true
    });
    if left == 0 {
        return None;
    }
    Statement::parse(&out).ok()
}

/// Prints an object anew; `with` may print a value in its own way.
pub(crate) fn rewrite(
    root: View<'_, '_>,
    with: &mut dyn FnMut(&str, View<'_, '_>, &mut String) -> bool,
) -> String {
    let mut out = String::from("{");
    for (position, (name, value)) in root.entries().enumerate() {
        if position > 0 {
            out.push(',');
        }
        write_string(name.text(), &mut out);
        out.push(':');
        if !with(name.text(), value, &mut out) {
            value.write(&mut out);
        }
    }
    out.push('}');
    out
}

/// Prints the values that stay, a list as a list, and counts them.
fn keep_values(value: View<'_, '_>, out: &mut String, keep: &dyn Fn(&str) -> bool) -> usize {
    let list = value.shape() == Shape::Array;
    if list {
        out.push('[');
    }
    let mut kept = 0;
    for item in value.items() {
        if item.scalar().is_some_and(|text| !keep(text)) {
            continue;
        }
        if kept > 0 {
            out.push(',');
        }
        item.write(out);
        kept += 1;
    }
    if list {
        out.push(']');
    }
    kept
}

/// One statement of a document beside all its Deny statements.
pub(crate) fn beside_denies(doc: &Document, statement: &Statement) -> Document {
    let mut all = vec![statement.clone()];
    all.extend(doc.statements().iter().filter(|one| one.is_deny()).cloned());
    doc.with_statements(&all)
}

/// Takes values out of conditions, if that alone closes the statement: those
/// that would let outsiders in even if they stood alone.
pub(crate) fn thin(
    statement: &Statement,
    closed: &dyn Fn(&Statement) -> bool,
) -> Option<(Statement, Vec<String>)> {
    let tape = Tape::parse(statement.to_json()).ok()?;
    let condition = tape.root().get("Condition")?;
    let mut lists = Vec::new();
    for (operator, keys) in condition.entries() {
        let parsed = crate::operator::Operator::parse(operator.text());
        for (key, values) in keys.entries() {
            let count = values.items().count();
            let tells = tells_outsiders(Key::parse(key.text()));
            if tells && !parsed.negated && (2..=MANY_VALUES).contains(&count) {
                lists.push((operator.text(), key.text(), values));
            }
        }
    }
    for (operator, key, values) in lists {
        let mut gone = Vec::new();
        let texts: Vec<&str> = values.items().filter_map(View::scalar).collect();
        for text in &texts {
            let alone = with_values(&tape, operator, key, &|other| other == *text)?;
            if !closed(&alone) {
                gone.push((*text).to_owned());
            }
        }
        if gone.is_empty() || gone.len() == texts.len() {
            continue;
        }
        let thinner = with_values(&tape, operator, key, &|text| {
            !gone.iter().any(|one| one == text)
        })?;
        if closed(&thinner) {
            return Some((thinner, gone));
        }
    }
    None
}

/// Whether single values of a key may be a matter of one outsider.
fn tells_outsiders(key: Key<'_>) -> bool {
    matches!(
        key,
        Key::PrincipalOrgId
            | Key::PrincipalOrgPaths
            | Key::PrincipalAccount
            | Key::PrincipalArn
            | Key::CallerAccount
            | Key::SourceAccount
            | Key::SourceOwner
            | Key::SourceArn
            | Key::SourceOrgId
            | Key::SourceOrgPaths
            | Key::AccessPointAccount
            | Key::AccessPointArn
            | Key::Claim(..)
    )
}

fn with_values(
    tape: &Tape<'_>,
    operator: &str,
    key: &str,
    keep: &dyn Fn(&str) -> bool,
) -> Option<Statement> {
    let out = rewrite(tape.root(), &mut |name, value, out| {
        if name != "Condition" {
            return false;
        }
        let condition = rewrite(value, &mut |this_operator, keys, out| {
            if this_operator != operator {
                return false;
            }
            let keys = rewrite(keys, &mut |this_key, values, out| {
                if this_key != key {
                    return false;
                }
                keep_values(values, out, keep);
                true
            });
            out.push_str(&keys);
            true
        });
        out.push_str(&condition);
        true
    });
    Statement::parse(&out).ok()
}
