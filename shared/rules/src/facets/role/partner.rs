//! The terms on which a partner may take its role.

use auditward_policy::{Document, Kind, Removal, Statement, Zone, narrow};
use serde_json::{Map, Value, json};

use crate::arn::Arn;
use crate::settings::Partner;

/// A trust policy that lets its partner in on the agreed terms alone.
pub(super) struct Held {
    pub document: Document,
    /// Who had to go.
    pub removed: Vec<Removal>,
    /// What was done about the partner.
    pub done: Option<String>,
}

/// Takes out all outsiders but the partner, and holds the partner to its
/// external ID: who forgets the ID does not mean to end what was agreed.
pub(super) fn held(document: &Document, partner: &Partner, zone: &Zone) -> Held {
    let mut with_partner = zone.clone();
    with_partner.accounts.push(partner.account.clone());
    let narrowed = narrow(document, Kind::Trust, &with_partner);
    let before = narrowed.document.statements();
    let after: Vec<Statement> = before
        .iter()
        .map(|statement| on_terms(statement, partner).unwrap_or_else(|| statement.clone()))
        .collect();
    let account = &partner.account;
    let done = (after != before).then(|| format!("hold partner {account} to its external ID"));
    Held {
        document: narrowed.document.with_statements(&after),
        removed: narrowed.removed,
        done,
    }
}

/// The statement with the external ID, where it lets in the partner and nobody
/// else, and asks for nothing or for another ID.
fn on_terms(statement: &Statement, partner: &Partner) -> Option<Statement> {
    if !statement.is_allow() || !is_partners(statement, &partner.account) {
        return None;
    }
    let terms = json!({"StringEquals": {"sts:ExternalId": partner.external_id}});
    let text = statement.to_json();
    let text = match statement.element("Condition") {
        None => format!(r#"{},"Condition":{terms}}}"#, text.strip_suffix('}')?),
        Some(asks) if asks_for_an_id(&asks) => text.replacen(
            &format!(r#""Condition":{asks}"#),
            &format!(r#""Condition":{terms}"#),
            1,
        ),
        Some(_) => return None,
    };
    Statement::parse(&text).ok()
}

fn is_partners(statement: &Statement, account: &str) -> bool {
    let principal = statement.element("Principal").unwrap_or_default();
    let Ok(of) = serde_json::from_str::<Map<String, Value>>(&principal) else {
        return false;
    };
    let named = match of.get("AWS") {
        Some(Value::Array(names)) if of.len() == 1 => names.as_slice(),
        Some(name) if of.len() == 1 => std::slice::from_ref(name),
        _ => return false,
    };
    let is_theirs = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        name == account || Arn::parse(name).is_some_and(|arn| arn.account == account)
    };
    !named.is_empty() && named.iter().all(is_theirs)
}

/// Whether an external ID is all that a condition asks for.
fn asks_for_an_id(condition: &str) -> bool {
    let asked: Map<String, Value> = serde_json::from_str(condition).unwrap_or_default();
    let keys = asked.get("StringEquals").and_then(Value::as_object);
    asked.len() == 1
        && keys.is_some_and(|keys| {
            keys.len() == 1
                && keys
                    .keys()
                    .all(|key| key.eq_ignore_ascii_case("sts:ExternalId"))
        })
}
