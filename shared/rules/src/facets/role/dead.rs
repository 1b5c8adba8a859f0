//! Principals that are gone.

use auditward_policy::{Document, Statement};
use serde_json::{Map, Value};

/// The document without the unique IDs that AWS shows in the place of users and roles
/// that are gone. They let nobody in, and AWS refuses to save them.
/// [AWS JSON policy elements: Principal](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
pub(super) fn without_dead(document: &Document) -> (Document, Vec<String>) {
    let mut gone = Vec::new();
    let statements = document.statements().iter();
    let left: Vec<Statement> = statements
        .filter_map(|statement| living(statement, &mut gone))
        .collect();
    (document.with_statements(&left), gone)
}

/// The statement without them; nothing where it names nobody else.
fn living(statement: &Statement, gone: &mut Vec<String>) -> Option<Statement> {
    let unchanged = || Some(statement.clone());
    let Some(principal) = statement.element("Principal") else {
        return unchanged();
    };
    let Ok(mut of) = serde_json::from_str::<Map<String, Value>>(&principal) else {
        return unchanged();
    };
    let names = match of.get("AWS") {
        Some(Value::Array(names)) => names.clone(),
        Some(name) => vec![name.clone()],
        None => return unchanged(),
    };
    let (dead, alive): (Vec<Value>, Vec<Value>) = names.into_iter().partition(is_unique_id);
    if dead.is_empty() {
        return unchanged();
    }
    gone.extend(dead.iter().filter_map(Value::as_str).map(str::to_owned));
    if alive.is_empty() {
        of.remove("AWS");
    } else {
        of.insert("AWS".to_owned(), Value::Array(alive));
    }
    if of.is_empty() {
        return None;
    }
    let text = statement.to_json().replacen(
        &format!(r#""Principal":{principal}"#),
        &format!(r#""Principal":{}"#, Value::Object(of)),
        1,
    );
    Statement::parse(&text).ok()
}

fn is_unique_id(name: &Value) -> bool {
    let is_id = |text: &str| {
        text.len() >= 16
            && (text.starts_with("AIDA") || text.starts_with("AROA"))
            && text
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    name.as_str().is_some_and(is_id)
}
