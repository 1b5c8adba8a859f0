//! What a document's `Version` does to its variables.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

use auditward_policy::{Document, Statement};

fn parse(text: &str) -> Document {
    Document::parse(text).expect("a policy")
}

/// A statement with a variable, and one without.
const OWN_FOLDER: &str = r#"{"Sid":"own","Effect":"Deny","Principal":"*","Action":"s3:*","NotResource":"arn:aws:s3:::b/${aws:PrincipalAccount}/*"}"#;
const PLAIN: &str =
    r#"{"Sid":"plain","Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}"#;

fn of_version(version: &str, statements: &[&str]) -> Document {
    parse(&format!(
        r#"{{{version}"Statement":[{}]}}"#,
        statements.join(",")
    ))
}

#[test]
fn variables_have_a_meaning_by_the_version_alone() {
    let (new, old) = (r#""Version":"2012-10-17","#, r#""Version":"2008-10-17","#);
    let known = of_version(new, &[OWN_FOLDER, PLAIN]);
    for version in [old, ""] {
        let lowered = of_version(version, &[OWN_FOLDER, PLAIN]);
        assert!(!lowered.contains_statement(&known.statements()[0]));
        assert!(lowered.contains_statement(&known.statements()[1]));
        assert!(!lowered.statements()[0].means_the_same(&known.statements()[0]));
        let raised = lowered.with_variables_of(&known).expect("all are known");
        assert_eq!(raised.as_json().matches("Version").count(), 1);
        assert!(raised.means_the_same(&known), "{raised}");
        let same = Document::parse(raised.as_json()).expect("a policy");
        assert_eq!(same, raised);
    }
    // A statement by itself is of the new version.
    let alone = parse_statement(OWN_FOLDER);
    assert!(known.contains_statement(&alone));
    assert_eq!(known.with_variables_of(&known), None);
}

#[test]
fn a_variable_comes_only_where_it_is_one() {
    let (new, old) = (r#""Version":"2012-10-17","#, r#""Version":"2008-10-17","#);
    let own = parse_statement(OWN_FOLDER);
    for version in [old, ""] {
        let mut document = of_version(version, &[PLAIN]);
        assert!(document.statement_append(&own));
        let whole = of_version(new, &[PLAIN, OWN_FOLDER]);
        assert!(document.means_the_same(&whole), "{document}");
    }
    // What is text there must not become a variable, nor the other way round.
    let other = OWN_FOLDER.replace("Account", "Arn");
    let mut document = of_version(old, &[PLAIN, &other]);
    assert!(!document.takes(&own) && !document.statement_append(&own));
    let known = of_version(new, &[OWN_FOLDER]);
    assert_eq!(document.with_variables_of(&known), None);
    assert!(document.takes(&parse_statement(PLAIN)));
    let text = document.statements()[1].clone();
    let mut new = of_version(new, &[PLAIN]);
    assert!(!new.statement_append(&text));
    let alone = Document::of_statements(std::slice::from_ref(&text));
    assert!(alone.contains_statement(&text));
}

fn parse_statement(text: &str) -> Statement {
    Statement::parse(text).expect("a statement")
}
