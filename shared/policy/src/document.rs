//! The owned document: read, edit, print.

use std::fmt;

use crate::embed;
use crate::error::ParseError;
use crate::json::{Shape, Tape, View, write_string};
use crate::kind::Kind;
use crate::meaning;

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
    /// Anything else; AWS would refuse the document.
    Invalid,
}

/// One statement of a [`Document`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    text: String,
    sid: Option<String>,
    effect: Effect,
}

impl Statement {
    /// Reads one statement.
    ///
    /// # Errors
    ///
    /// When the text is not JSON, or not an object.
    pub fn parse(text: &str) -> Result<Statement, ParseError> {
        let tape = Tape::parse(text).map_err(|error| ParseError::syntax(text, &error))?;
        let root = tape.root();
        if root.shape() != Shape::Object {
            let path = "the statement".to_owned();
            return Err(ParseError::new(
                text,
                root.offset(),
                path,
                "a statement object",
            ));
        }
        Ok(Statement::of(root))
    }

    pub(crate) fn of(view: View<'_, '_>) -> Statement {
        let mut text = String::new();
        view.write(&mut text);
        Statement::with_text(view, text)
    }

    fn with_text(view: View<'_, '_>, text: String) -> Statement {
        let effect = match view.get("Effect").and_then(View::scalar) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => Effect::Invalid,
        };
        let sid = view.get("Sid").and_then(View::scalar).map(str::to_owned);
        Statement { text, sid, effect }
    }

    /// The `Sid`, when there is one.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Whether it allows or denies.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Whether it is an Allow.
    #[must_use]
    pub fn is_allow(&self) -> bool {
        self.effect == Effect::Allow
    }

    /// Whether it is a Deny.
    #[must_use]
    pub fn is_deny(&self) -> bool {
        self.effect == Effect::Deny
    }

    /// The statement as compact JSON.
    #[must_use]
    pub fn to_json(&self) -> &str {
        &self.text
    }

    /// The JSON text of one element, for example `Principal`.
    #[must_use]
    pub fn element(&self, name: &str) -> Option<String> {
        let tape = Tape::parse(&self.text).ok()?;
        let value = tape.root().get(name)?;
        let mut text = String::new();
        value.write(&mut text);
        Some(text)
    }

    /// The texts of an element that is a string or a list of strings, for
    /// example `Action`.
    #[must_use]
    pub fn texts(&self, name: &str) -> Vec<String> {
        let Ok(tape) = Tape::parse(&self.text) else {
            return Vec::new();
        };
        let Some(value) = tape.root().get(name) else {
            return Vec::new();
        };
        value
            .items()
            .filter_map(View::scalar)
            .map(str::to_owned)
            .collect()
    }

    /// The principals of one sort, for example `Service`, as written.
    #[must_use]
    pub fn principals(&self, sort: &str) -> Vec<String> {
        let Ok(tape) = Tape::parse(&self.text) else {
            return Vec::new();
        };
        let principal = tape.root().get("Principal");
        let named = principal.and_then(|principal| principal.get(sort));
        let texts = named.into_iter().flat_map(View::items);
        texts.filter_map(View::scalar).map(str::to_owned).collect()
    }

    /// Whether both say the same, whatever their Sids and spelling.
    #[must_use]
    pub fn means_the_same(&self, other: &Statement) -> bool {
        self.text == other.text || meaning::of_statement(self) == meaning::of_statement(other)
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A policy document: its whole content, in order, with Sids, duplicate keys
/// and elements that mean nothing to this crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    text: String,
    statements: Vec<Statement>,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// When the text is not JSON, not an object, or its statements are not
    /// objects. What is only senseless (an unknown operator, a misspelt
    /// effect) is read and left to [`crate::analyze`].
    pub fn parse(text: &str) -> Result<Document, ParseError> {
        let tape = Tape::parse(text).map_err(|error| ParseError::syntax(text, &error))?;
        check_frame(text, &tape)?;
        Ok(Document::of(tape.root()))
    }

    /// Reads a document that may be percent-encoded, as IAM returns it.
    ///
    /// # Errors
    ///
    /// As [`Document::parse`], with places in the decoded text.
    pub fn parse_encoded(text: &str) -> Result<Document, ParseError> {
        match percent_decode(text) {
            Some(decoded) => Document::parse(&decoded),
            None => Document::parse(text),
        }
    }

    fn of(root: View<'_, '_>) -> Document {
        let mut text = String::new();
        root.write(&mut text);
        let statements = statement_views(root).map(Statement::of).collect();
        Document { text, statements }
    }

    // INVARIANT: `text` was printed by this crate from readable parts.
    pub(crate) fn from_own_text(text: String) -> Document {
        let statements = match Tape::parse(&text) {
            Ok(tape) => statement_views(tape.root()).map(Statement::of).collect(),
            Err(_) => Vec::new(),
        };
        Document { text, statements }
    }

    /// The document as compact JSON, order and Sids kept.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.text.clone()
    }

    /// The same text without a copy.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.text
    }

    /// The document as indented JSON.
    #[must_use]
    pub fn to_json_pretty(&self) -> String {
        let mut out = String::new();
        if let Ok(tape) = Tape::parse(&self.text) {
            tape.root().write_pretty(0, &mut out);
        }
        out
    }

    /// The statements in order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Whether both documents mean the same: a scalar is a list of one, the
    /// order of lists and statements, Sids and repetitions do not count, an
    /// absent `Version` is the old one, an account number is its `:root`.
    #[must_use]
    pub fn means_the_same(&self, other: &Document) -> bool {
        self.text == other.text || meaning::of_document(self) == meaning::of_document(other)
    }

    /// Whether a statement with that meaning is in the document.
    #[must_use]
    pub fn contains_statement(&self, other: &Statement) -> bool {
        let wanted = meaning::of_statement(other);
        self.statements
            .iter()
            .any(|statement| meaning::of_statement(statement) == wanted)
    }

    /// The document with one more statement at its head.
    ///
    /// # Errors
    ///
    /// When `statement_json` is not a statement.
    pub fn with_statement_first(&self, statement_json: &str) -> Result<Document, ParseError> {
        let statement = Statement::parse(statement_json)?;
        let mut all = vec![statement];
        all.extend(self.statements.iter().cloned());
        Ok(self.with_statements(&all))
    }

    /// The document with one more statement at its end.
    ///
    /// # Errors
    ///
    /// When `statement_json` is not a statement.
    pub fn with_statement_appended(&self, statement_json: &str) -> Result<Document, ParseError> {
        let statement = Statement::parse(statement_json)?;
        let mut all = self.statements.clone();
        all.push(statement);
        Ok(self.with_statements(&all))
    }

    /// Puts a statement at the end, unless one with the same meaning is there.
    /// Says whether the document changed. A Sid that is already taken by
    /// another statement gets a number behind it.
    pub fn statement_append(&mut self, statement: &Statement) -> bool {
        if self.contains_statement(statement) {
            return false;
        }
        let mut all = self.statements.clone();
        all.push(self.with_free_sid(statement));
        *self = self.with_statements(&all);
        true
    }

    fn with_free_sid(&self, statement: &Statement) -> Statement {
        let taken = |sid: &str| self.statements.iter().any(|one| one.sid() == Some(sid));
        let Some(sid) = statement.sid().filter(|sid| taken(sid)) else {
            return statement.clone();
        };
        let free = (2..)
            .map(|number: u32| format!("{sid}{number}"))
            .find(|candidate| !taken(candidate))
            .unwrap_or_default();
        let Ok(tape) = Tape::parse(&statement.text) else {
            return statement.clone();
        };
        let mut text = String::from("{");
        for (position, (key, value)) in tape.root().entries().enumerate() {
            if position > 0 {
                text.push(',');
            }
            write_string(key.text(), &mut text);
            text.push(':');
            if key.text() == "Sid" {
                write_string(&free, &mut text);
            } else {
                value.write(&mut text);
            }
        }
        text.push('}');
        Statement::parse(&text).unwrap_or_else(|_| statement.clone())
    }

    /// The document with these statements in place of its own; everything
    /// around them stays.
    #[must_use]
    pub fn with_statements(&self, statements: &[Statement]) -> Document {
        let mut list = String::from("[");
        for (position, statement) in statements.iter().enumerate() {
            if position > 0 {
                list.push(',');
            }
            list.push_str(statement.to_json());
        }
        list.push(']');
        let mut out = String::from("{");
        let mut written = false;
        if let Ok(tape) = Tape::parse(&self.text) {
            for (key, value) in tape.root().entries() {
                if key.text() == "Statement" && written {
                    continue;
                }
                if out.len() > 1 {
                    out.push(',');
                }
                write_string(key.text(), &mut out);
                out.push(':');
                if key.text() == "Statement" {
                    out.push_str(&list);
                    written = true;
                } else {
                    value.write(&mut out);
                }
            }
        }
        if !written {
            if out.len() > 1 {
                out.push(',');
            }
            out.push_str("\"Statement\":");
            out.push_str(&list);
        }
        out.push('}');
        Document {
            text: out,
            statements: statements.to_vec(),
        }
    }

    /// A document that lets nobody in. Where AWS demands a statement (trust
    /// policies) it is [`Document::deny_everyone`].
    #[must_use]
    pub fn empty_of(kind: Kind) -> Document {
        if kind == Kind::Trust {
            return Document::deny_everyone(kind);
        }
        Document::from_own_text(r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned())
    }

    /// A valid document that denies everything to everybody.
    #[must_use]
    pub fn deny_everyone(kind: Kind) -> Document {
        let statement = if kind == Kind::Trust {
            // The three entries to a role; `sts:AssumeRole*` is not accepted
            // by every tool that lints trust policies.
            r#"{"Sid":"AuditwardDenyEveryone","Effect":"Deny","Principal":{"AWS":"*"},"Action":["sts:AssumeRole","sts:AssumeRoleWithSAML","sts:AssumeRoleWithWebIdentity"]}"#.to_owned()
        } else {
            format!(
                r#"{{"Sid":"AuditwardDenyEveryone","Effect":"Deny","Principal":{{"AWS":"*"}},"Action":"{}:*","Resource":"*"}}"#,
                kind.service()
            )
        };
        Document::from_own_text(format!(
            r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#
        ))
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Document {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Document::parse(text)
    }
}

impl serde::Serialize for Document {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        embed::serialize(&self.text, serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Document {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = embed::deserialize(deserializer)?;
        Document::parse(&text).map_err(serde::de::Error::custom)
    }
}

impl serde::Serialize for Statement {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        embed::serialize(&self.text, serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Statement {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = embed::deserialize(deserializer)?;
        Statement::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Every statement, also when the element is repeated.
pub(crate) fn statement_views<'t, 'a>(
    root: View<'t, 'a>,
) -> impl Iterator<Item = View<'t, 'a>> + use<'t, 'a> {
    root.entries()
        .filter(|(key, _)| key.text() == "Statement")
        .flat_map(|(_, value)| value.items())
}

/// Checks what must hold before anything else can be said about a document.
pub(crate) fn check_frame(text: &str, tape: &Tape<'_>) -> Result<(), ParseError> {
    let root = tape.root();
    let wrong = |view: View<'_, '_>, path: String, expected: &str| {
        Err(ParseError::new(text, view.offset(), path, expected))
    };
    if root.shape() != Shape::Object {
        return wrong(root, "the document".to_owned(), "a policy object");
    }
    for (key, value) in root.entries() {
        match key.text() {
            "Statement" => match value.shape() {
                Shape::Object => {}
                Shape::Array => {
                    for (position, item) in value.items().enumerate() {
                        if item.shape() != Shape::Object {
                            let path = format!("`Statement[{position}]`");
                            return wrong(item, path, "a statement object");
                        }
                    }
                }
                _ => {
                    let expected = "a statement object or a list of them";
                    return wrong(value, "`Statement`".to_owned(), expected);
                }
            },
            "Version" | "Id" if !value.is_scalar() => {
                return wrong(value, format!("`{}`", key.text()), "a string");
            }
            _ => {}
        }
    }
    Ok(())
}

pub(crate) fn read<'a>(text: &'a str) -> Result<Tape<'a>, ParseError> {
    let tape = Tape::parse(text).map_err(|error| ParseError::syntax(text, &error))?;
    check_frame(text, &tape)?;
    Ok(tape)
}

fn percent_decode(text: &str) -> Option<String> {
    let start = text.trim_start();
    if !start.starts_with('%') {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = start.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}
