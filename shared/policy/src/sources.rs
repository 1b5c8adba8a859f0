//! Statements by which services act for strangers, one by one, and the way to
//! take the strangers out.

use std::cell::Cell;

use crate::analysis::{Engine, STEPS};
use crate::json::Tape;
use crate::narrow::{beside_denies, thin, without_principals};
use crate::policy::Policy;
use crate::principal::Principal;
use crate::{Deputy, Document, Kind, Narrowed, Removal, Statement, Zone};

/// For whom services act through each Allow, by its position. Registered third
/// parties are sources of ours here.
#[must_use]
pub fn deputies(doc: &Document, kind: Kind, zone: &Zone) -> Vec<(usize, Deputy)> {
    judged(doc, kind, zone, &Cell::new(STEPS))
}

/// Takes what it costs from `steps`.
fn judged(doc: &Document, kind: Kind, zone: &Zone, steps: &Cell<u64>) -> Vec<(usize, Deputy)> {
    let mut zone = zone.clone();
    let partners = zone.partners.iter().map(|partner| partner.account.clone());
    zone.accounts.extend(partners.collect::<Vec<_>>());
    let Ok(tape) = Tape::parse(doc.as_json()) else {
        return Vec::new();
    };
    let policy = Policy::of(&tape);
    let engine = Engine::within(&policy, kind, &zone, tape.garbled, steps.get());
    let found = engine.deputies();
    steps.set(engine.budget().rest());
    found
}

/// Takes out of a document what services may do for sources outside the zone
/// that it spells out: the sources where others stand beside them, else the
/// services. What any customer of AWS can make a service do stays: policies
/// written before services named their sources are like that.
#[must_use]
pub fn narrow_sources(doc: &Document, kind: Kind, zone: &Zone) -> Narrowed {
    let found = deputies(doc, kind, zone);
    let steps = Cell::new(STEPS);
    let mut left = Vec::new();
    let mut removed = Vec::new();
    for (index, statement) in doc.statements().iter().enumerate() {
        if !found.contains(&(index, Deputy::Foreign)) {
            left.push(statement.clone());
            continue;
        }
        let closed = |statement: &Statement| {
            if steps.get() == 0 {
                return false;
            }
            let alone = judged(&beside_denies(doc, statement), kind, zone, &steps);
            let first = alone.first().map(|(_, deputy)| *deputy);
            steps.get() > 0 && !matches!(first, Some(Deputy::Foreign | Deputy::Open))
        };
        let services = statement.principals("Service");
        let (rest, principals, values) = match thin(statement, &closed) {
            Some((thinner, values)) => (Some(thinner), Vec::new(), values),
            None => {
                let gone: Vec<_> = services
                    .iter()
                    .map(|name| Principal::parse("Service", name))
                    .collect();
                let rest = without_principals(statement, &gone).filter(closed);
                (rest, services, Vec::new())
            }
        };
        removed.push(Removal {
            index,
            sid: statement.sid().map(str::to_owned),
            principals,
            values,
            whole: rest.is_none(),
        });
        left.extend(rest);
    }
    let changed = !removed.is_empty();
    let document = if changed {
        doc.with_statements(&left)
    } else {
        doc.clone()
    };
    Narrowed {
        empty: document.statements().is_empty(),
        document,
        changed,
        removed,
    }
}
