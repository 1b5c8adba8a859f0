//! Holding a registered third party to its external id, instead of shutting
//! it out.

use crate::analysis::{Engine, analyze};
use crate::json::{Shape, Tape, View, write_string};
use crate::narrow::{rewrite, without_principals};
use crate::policy::Policy;
use crate::principal::Principal;
use crate::verdict::AdmissionKind;
use crate::{Document, Kind, Statement, Zone};

/// The trust policy with the registered external id demanded of the third
/// parties that get in without it. Nothing when the document has other
/// outsiders, when a third party has no registered id, or when the demand
/// would not close it.
#[must_use]
pub fn hold_to_external_id(doc: &Document, zone: &Zone) -> Option<Document> {
    let tape = Tape::parse(doc.as_json()).ok()?;
    let policy = Policy::of(&tape);
    let engine = Engine::new(&policy, Kind::Trust, zone, tape.garbled);
    let findings = engine.findings();
    if findings.is_empty() {
        return None;
    }
    let mut statements = Vec::new();
    for (index, statement) in doc.statements().iter().enumerate() {
        let Some(finding) = findings.iter().find(|finding| finding.index == index) else {
            statements.push(statement.clone());
            continue;
        };
        let mut parties: Vec<Principal<'_>> = Vec::new();
        for grant in &finding.grants {
            if grant.kind != AdmissionKind::ThirdPartyWithoutExternalId {
                return None;
            }
            parties.push(grant.principal?);
        }
        let named: Vec<Principal<'_>> = policy
            .statements
            .get(index)
            .map(|stmt| policy.principals_of(stmt).to_vec())?;
        let others: Vec<Principal<'_>> = named
            .iter()
            .filter(|one| !parties.contains(one))
            .copied()
            .collect();
        if let Some(rest) = without_principals(statement, &parties) {
            statements.push(rest);
        }
        // Each party has an id of its own, so each gets its own statement,
        // but for the first one's when nobody else stays.
        let mut accounts: Vec<&str> = parties.iter().filter_map(Principal::account).collect();
        accounts.dedup();
        for (position, account) in accounts.iter().enumerate() {
            let id = zone.partner(account)?.external_id.as_deref()?;
            let gone: Vec<Principal<'_>> = others
                .iter()
                .chain(parties.iter().filter(|one| one.account() != Some(account)))
                .copied()
                .collect();
            let own = without_principals(statement, &gone)?;
            let keeps_sid = others.is_empty() && position == 0;
            statements.push(demanding(&own, id, keeps_sid)?);
        }
    }
    let held = doc.with_statements(&statements);
    let closed = analyze(&held, Kind::Trust, zone).admissions.is_empty();
    closed.then_some(held)
}

/// The statement with the external id among its conditions.
fn demanding(statement: &Statement, id: &str, keeps_sid: bool) -> Option<Statement> {
    let tape = Tape::parse(statement.to_json()).ok()?;
    let mut quoted = String::new();
    write_string(id, &mut quoted);
    let demand = format!(r#""sts:ExternalId":{quoted}"#);
    let mut done = false;
    let mut out = rewrite(tape.root(), &mut |name, value, out| {
        if name == "Sid" && !keeps_sid {
            // Sids are unique in a document.
            let sid = format!("{}ExternalId", value.text());
            write_string(&sid, out);
            return true;
        }
        if name != "Condition" || value.shape() != Shape::Object {
            return false;
        }
        done = true;
        let mut joined = false;
        let inner = rewrite(value, &mut |operator, keys, out| {
            if operator != "StringEquals" {
                return false;
            }
            joined = true;
            out.push('{');
            out.push_str(&demand);
            write_others(keys, out);
            out.push('}');
            true
        });
        if joined {
            out.push_str(&inner);
        } else {
            let rest = inner.strip_prefix('{').unwrap_or(&inner);
            let comma = if rest == "}" { "" } else { "," };
            out.push_str(&format!(r#"{{"StringEquals":{{{demand}}}{comma}{rest}"#));
        }
        true
    });
    if !done {
        out.pop();
        out.push_str(&format!(
            r#","Condition":{{"StringEquals":{{{demand}}}}}}}"#
        ));
    }
    Statement::parse(&out).ok()
}

fn write_others(keys: View<'_, '_>, out: &mut String) {
    for (key, values) in keys.entries() {
        if key.text().eq_ignore_ascii_case("sts:ExternalId") {
            continue;
        }
        out.push(',');
        write_string(key.text(), out);
        out.push(':');
        values.write(out);
    }
}
