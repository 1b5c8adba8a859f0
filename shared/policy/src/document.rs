//! The owned document: read, edit, print.

use std::fmt;

use crate::embed;
use crate::error::ParseError;
use crate::json::{Shape, Tape, View, write_string};
use crate::kind::Kind;
use crate::meaning;
use crate::statement::Statement;

/// A policy document: its whole content, in order, with Sids, duplicate keys
/// and elements that mean nothing to this crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    text: String,
    statements: Vec<Statement>,
    /// Whether its `Version` knows variables.
    variables: bool,
}

/// The `Version` that knows variables; a document without any has the old one.
const VERSION: &str = "2012-10-17";
const OLD_VERSION: &str = "2008-10-17";

fn knows_variables(root: View<'_, '_>) -> bool {
    root.entries()
        .any(|(key, value)| key.text() == "Version" && value.text() == VERSION)
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

    fn of(root: View<'_, '_>) -> Document {
        let mut text = String::new();
        root.write(&mut text);
        let variables = knows_variables(root);
        let statements = statement_views(root).map(|view| Statement::of(view).under(variables));
        Document {
            text,
            statements: statements.collect(),
            variables,
        }
    }

    // INVARIANT: `text` was printed by this crate from readable parts.
    pub(crate) fn from_own_text(text: String) -> Document {
        match Tape::parse(&text) {
            Ok(tape) => Document::of(tape.root()),
            Err(_) => Document {
                text,
                statements: Vec::new(),
                variables: false,
            },
        }
    }

    /// A document of these statements, in which they mean what they mean where
    /// they come from.
    #[must_use]
    pub fn of_statements(statements: &[Statement]) -> Document {
        let literal = statements.iter().any(Statement::is_literal);
        let version = if literal { OLD_VERSION } else { VERSION };
        Document::from_own_text(format!(r#"{{"Version":"{version}","Statement":[]}}"#))
            .with_statements(statements)
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

    /// Puts a statement at the end, unless one with the same meaning is there or
    /// the document cannot take it. Says whether the document changed. A Sid that
    /// is already taken by another statement gets a number behind it.
    pub fn statement_append(&mut self, statement: &Statement) -> bool {
        if self.contains_statement(statement) || !self.takes(statement) {
            return false;
        }
        let mut all = self.statements.clone();
        all.push(self.with_free_sid(statement));
        let variables = statement.has_variables() && !statement.is_literal();
        *self = self.rebuilt(&all, variables);
        true
    }

    /// Whether a statement can mean in the document what it means where it comes
    /// from. What holds variables needs the new `Version`, and that must not make
    /// variables of what is text so far.
    #[must_use]
    pub fn takes(&self, statement: &Statement) -> bool {
        if !statement.has_variables() || statement.is_literal() != self.variables {
            return true;
        }
        !self.variables && !self.statements.iter().any(Statement::is_literal)
    }

    /// The document with the new `Version`, where that gives the variables of
    /// `known` statements their meaning back and makes none of anything else.
    #[must_use]
    pub fn with_variables_of(&self, known: &Document) -> Option<Document> {
        let mut literal = self.statements.iter().filter(|one| one.is_literal());
        let all_known = literal.all(|one| known.contains_statement(&one.clone().under(true)));
        let some = self.statements.iter().any(Statement::is_literal);
        (some && all_known).then(|| self.rebuilt(&self.statements, true))
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
        statement.with_sid(&free)
    }

    /// The document with these statements in place of its own; everything
    /// around them stays.
    #[must_use]
    pub fn with_statements(&self, statements: &[Statement]) -> Document {
        self.rebuilt(statements, false)
    }

    /// The document with these statements, and the new `Version` where they need
    /// it for their variables.
    fn rebuilt(&self, statements: &[Statement], variables: bool) -> Document {
        let mut list = String::from("[");
        for (position, statement) in statements.iter().enumerate() {
            if position > 0 {
                list.push(',');
            }
            list.push_str(statement.to_json());
        }
        list.push(']');
        let raised = variables && !self.variables;
        let mut out = String::from("{");
        if raised {
            out.push_str(&format!(r#""Version":"{VERSION}""#));
        }
        let mut written = false;
        if let Ok(tape) = Tape::parse(&self.text) {
            for (key, value) in tape.root().entries() {
                let done =
                    (key.text() == "Statement" && written) || (key.text() == "Version" && raised);
                if done {
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
        let variables = self.variables || raised;
        let statements = statements.iter().map(|one| one.clone().under(variables));
        Document {
            text: out,
            statements: statements.collect(),
            variables,
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
