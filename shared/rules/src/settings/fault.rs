//! What is wrong in settings, and where it stands.

use std::fmt;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// A place in the settings, by the way to it.
#[derive(Clone, Debug)]
pub(super) struct Spot(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    /// A field that settings have.
    Field(&'static str),
    /// A key that whoever wrote them chose, such as a rule's; it is itself at fault.
    Name(String),
    /// One of a list.
    Nth(usize),
}

impl Spot {
    /// A field, with the tables it is in: `ours.accounts`.
    pub(super) fn of(fields: &'static str) -> Self {
        Self(fields.split('.').map(Step::Field).collect())
    }

    /// The one of this number in the list.
    pub(super) fn nth(mut self, nth: usize) -> Self {
        self.0.push(Step::Nth(nth));
        self
    }

    /// A field of it.
    pub(super) fn field(mut self, field: &'static str) -> Self {
        self.0.push(Step::Field(field));
        self
    }

    /// The key of this name in it.
    pub(super) fn name(mut self, name: &str) -> Self {
        self.0.push(Step::Name(name.to_owned()));
        self
    }

    /// Where it stands, or else the nearest around it that is there.
    fn range(&self, settings: &DeTable<'_>) -> Option<Range<usize>> {
        let mut found = None;
        let mut around: Option<&DeValue<'_>> = None;
        for step in &self.0 {
            let table = around.map_or(Some(settings), DeValue::as_table);
            let named = |name: &str| table?.iter().find(|(key, _)| key.get_ref() == name);
            let next = match step {
                Step::Nth(nth) => {
                    let list = around.and_then(DeValue::as_array);
                    list.and_then(|list| list.get(*nth))
                        .map(|one| (one.span(), one))
                }
                Step::Field(name) => named(name).map(|(_, one)| (one.span(), one)),
                Step::Name(name) => named(name).map(|(key, one)| (key.span(), one)),
            };
            let Some((span, one)) = next else { break };
            found = Some(span);
            around = Some(one.get_ref());
        }
        found
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for step in &self.0 {
            if let Step::Field(field) = step {
                write!(f, "{between}{field}")?;
                between = ".";
            }
        }
        Ok(())
    }
}

/// Something wrong.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    spot: Spot,
    what: String,
}

impl Fault {
    /// What is wrong there, in a sentence that says what was expected.
    pub(super) fn at(spot: Spot, what: impl Into<String>) -> Self {
        let what = what.into();
        Self { spot, what }
    }

    /// A sentence that begins with line and column, where the text has it, and the
    /// field's name.
    pub(super) fn tell(&self, text: &str, settings: Option<&DeTable<'_>>) -> String {
        let Self { spot, what } = self;
        let range = settings.and_then(|settings| spot.range(settings));
        let Some(before) = range.and_then(|range| text.get(..range.start)) else {
            return format!("{spot}: {what}");
        };
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        format!("line {line}, column {column}: {spot}: {what}")
    }
}
