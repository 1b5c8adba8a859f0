//! One statement of a document: read, ask, print.

use std::fmt;

use crate::embed;
use crate::error::ParseError;
use crate::json::{Shape, Tape, View, write_string};
use crate::meaning;
use crate::narrow::rewrite;

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

/// One statement of a [`Document`](crate::Document).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    text: String,
    sid: Option<String>,
    effect: Effect,
    literal: bool,
}

/// How a variable begins.
const VARIABLE: &str = "${";

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
        let effect = match view.get("Effect").and_then(View::scalar) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => Effect::Invalid,
        };
        let sid = view.get("Sid").and_then(View::scalar).map(str::to_owned);
        Statement {
            text,
            sid,
            effect,
            literal: false,
        }
    }

    /// The same text in a document whose `Version` knows variables, or does not.
    pub(crate) fn under(mut self, variables: bool) -> Statement {
        self.literal = !variables && self.text.contains(VARIABLE);
        self
    }

    /// Whether what looks like a variable in it is mere text, as in documents of
    /// the old `Version`.
    pub(crate) fn is_literal(&self) -> bool {
        self.literal
    }

    /// Whether the `Version` of its document matters.
    pub(crate) fn has_variables(&self) -> bool {
        self.text.contains(VARIABLE)
    }

    /// The same statement under another `Sid`.
    pub(crate) fn with_sid(&self, sid: &str) -> Statement {
        let Ok(tape) = Tape::parse(&self.text) else {
            return self.clone();
        };
        let text = rewrite(tape.root(), &mut |name, _, out| {
            if name == "Sid" {
                write_string(sid, out);
            }
            name == "Sid"
        });
        Statement::parse(&text).unwrap_or_else(|_| self.clone())
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
        self.named_in("Principal", sort)
    }

    /// All principals of one sort that it names: those it is about, and those it
    /// spares by `NotPrincipal`.
    #[must_use]
    pub fn names(&self, sort: &str) -> Vec<String> {
        let mut all = self.principals(sort);
        all.extend(self.named_in("NotPrincipal", sort));
        all
    }

    fn named_in(&self, element: &str, sort: &str) -> Vec<String> {
        let Ok(tape) = Tape::parse(&self.text) else {
            return Vec::new();
        };
        let principal = tape.root().get(element);
        let named = principal.and_then(|principal| principal.get(sort));
        let texts = named.into_iter().flat_map(View::items);
        texts.filter_map(View::scalar).map(str::to_owned).collect()
    }

    /// Whether both say the same, whatever their Sids and spelling.
    #[must_use]
    pub fn means_the_same(&self, other: &Statement) -> bool {
        self == other || meaning::of_statement(self) == meaning::of_statement(other)
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
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
