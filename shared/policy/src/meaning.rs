//! What a document says, free of how it is spelt.

use std::collections::BTreeSet;

use crate::document::{Document, statement_views};
use crate::json::{Shape, Tape, View};
use crate::statement::Statement;

/// A value in a form in which equal meaning is equal text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meaning {
    Text(String),
    Set(Vec<Meaning>),
    Map(Vec<(String, Meaning)>),
}

pub(crate) fn of_document(document: &Document) -> Meaning {
    let text = document.as_json();
    let Ok(tape) = Tape::parse(text) else {
        return Meaning::Text(text.to_owned());
    };
    let root = tape.root();
    let mut entries = Vec::new();
    let mut version = String::from("2008-10-17");
    for (key, value) in root.entries() {
        match key.text() {
            "Statement" | "Id" => {}
            "Version" => value.text().clone_into(&mut version),
            other => entries.push((other.to_owned(), plain(value))),
        }
    }
    // Without variables both versions say the same.
    let known = version == "2008-10-17" || version == "2012-10-17";
    if !known || text.contains("${") {
        entries.push(("Version".to_owned(), Meaning::Text(version)));
    }
    let statements = statement_views(root).map(statement).collect();
    entries.push(("Statement".to_owned(), set(statements)));
    entries.sort();
    Meaning::Map(entries)
}

pub(crate) fn of_statement(one: &Statement) -> Meaning {
    let Ok(tape) = Tape::parse(one.to_json()) else {
        return Meaning::Text(one.to_json().to_owned());
    };
    let mut meaning = statement(tape.root());
    if let (true, Meaning::Map(elements)) = (one.is_literal(), &mut meaning) {
        // The same text with variables in it says something else.
        elements.push(("Version".to_owned(), Meaning::Set(Vec::new())));
    }
    meaning
}

/// What a statement says, whomever it names under `AWS`.
pub(crate) fn but_for_accounts(one: &Statement) -> Meaning {
    let mut meaning = of_statement(one);
    if let Meaning::Map(elements) = &mut meaning {
        for (name, value) in elements {
            let names = name == "Principal" || name == "NotPrincipal";
            if let (true, Meaning::Map(families)) = (names, value) {
                families.retain(|(family, _)| family != "AWS");
            }
        }
    }
    meaning
}

/// What a statement says of everybody but those whom it spares, and who they are:
/// nobody where it is about everybody. `None` where it is about some.
pub(crate) fn spared(one: &Statement) -> Option<(Meaning, BTreeSet<(String, Meaning)>)> {
    let Meaning::Map(mut elements) = of_statement(one) else {
        return None;
    };
    let about = elements.extract_if(.., |(name, _)| {
        name == "Principal" || name == "NotPrincipal"
    });
    let about: Vec<_> = about.collect();
    let [(name, Meaning::Map(families))] = about.as_slice() else {
        return None;
    };
    let named = families.iter().flat_map(|(family, members)| match members {
        Meaning::Set(all) => all
            .iter()
            .map(|one| (family.clone(), one.clone()))
            .collect(),
        other => vec![(family.clone(), other.clone())],
    });
    let named: BTreeSet<_> = named.collect();
    let everybody = ("AWS".to_owned(), Meaning::Text("*".to_owned()));
    match name.as_str() {
        "NotPrincipal" => Some((Meaning::Map(elements), named)),
        _ if named.contains(&everybody) => Some((Meaning::Map(elements), BTreeSet::new())),
        _ => None,
    }
}

fn set(mut items: Vec<Meaning>) -> Meaning {
    items.sort();
    items.dedup();
    Meaning::Set(items)
}

fn statement(view: View<'_, '_>) -> Meaning {
    let mut entries: Vec<(String, Meaning)> = Vec::new();
    for (key, value) in view.entries() {
        let meaning = match key.text() {
            "Sid" => continue,
            "Principal" | "NotPrincipal" => principal(value),
            "Action" | "NotAction" => texts(value, |text| text.to_ascii_lowercase()),
            "Resource" | "NotResource" => texts(value, str::to_owned),
            "Condition" => match condition(value) {
                Meaning::Map(entries) if entries.is_empty() => continue,
                meaning => meaning,
            },
            _ => plain(value),
        };
        entries.push((key.text().to_owned(), meaning));
    }
    entries.sort();
    Meaning::Map(entries)
}

fn texts(view: View<'_, '_>, spell: fn(&str) -> String) -> Meaning {
    set(view
        .items()
        .map(|item| match item.scalar() {
            Some(text) => Meaning::Text(spell(text)),
            None => plain(item),
        })
        .collect())
}

fn principal(view: View<'_, '_>) -> Meaning {
    if view.shape() != Shape::Object {
        return Meaning::Map(vec![("AWS".to_owned(), texts(view, principal_name))]);
    }
    let mut entries: Vec<(String, Meaning)> = view
        .entries()
        .map(|(key, value)| (key.text().to_owned(), texts(value, principal_name)))
        .collect();
    entries.sort();
    Meaning::Map(entries)
}

fn principal_name(text: &str) -> String {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{text}:root");
    }
    let mut fields = text.splitn(6, ':');
    if fields.next() == Some("arn") {
        let partition = fields.next();
        let service = fields.next();
        let account = fields.nth(1);
        let resource = fields.next();
        // A document names principals of its own partition only.
        let known = matches!(partition, Some("aws" | "aws-us-gov" | "aws-cn"));
        if let (true, Some("iam"), Some(account), Some("root")) =
            (known, service, account, resource)
        {
            return format!("{account}:root");
        }
    }
    text.to_owned()
}

fn condition(view: View<'_, '_>) -> Meaning {
    if view.shape() != Shape::Object {
        return plain(view);
    }
    let mut entries = Vec::new();
    for (operator, keys) in view.entries() {
        let operator = operator.text().to_ascii_lowercase();
        for (key, values) in keys.entries() {
            let name = format!("{operator} {}", key.text().to_ascii_lowercase());
            entries.push((name, texts(values, str::to_owned)));
        }
        if keys.shape() != Shape::Object {
            entries.push((operator, plain(keys)));
        }
    }
    entries.sort();
    Meaning::Map(entries)
}

/// Content that means nothing to this crate: exact, but for the order of names.
fn plain(view: View<'_, '_>) -> Meaning {
    match view.shape() {
        Shape::Array => Meaning::Map(
            view.items()
                .enumerate()
                .map(|(position, item)| (format!("{position:08}"), plain(item)))
                .collect(),
        ),
        Shape::Object => {
            let mut entries: Vec<(String, Meaning)> = view
                .entries()
                .map(|(key, value)| (key.text().to_owned(), plain(value)))
                .collect();
            entries.sort();
            Meaning::Map(entries)
        }
        _ => Meaning::Text(view.text().to_owned()),
    }
}
