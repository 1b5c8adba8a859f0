//! The table for many events: one line a rule, with the gravest example.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::{Attribute, Cell, Table};

use auditward_rules::judge::Verdict;
use auditward_rules::registry;
use auditward_rules::rule::Severity;

use crate::output::{self, count};
use crate::rules;

use super::row::{Row, Told};
use super::table;

/// More rows than this are gathered by rule.
pub const MANY: usize = 40;
/// So many rules are shown, the gravest; the rest is counted.
const MOST: usize = 20;

/// What the events say about one rule.
struct Group<'a> {
    row: &'a Row,
    told: &'a Told,
    violations: u64,
    attempts: u64,
    cannot_tell: u64,
}

impl Group<'_> {
    fn count(&mut self, verdict: Option<Verdict>) {
        match verdict {
            Some(Verdict::Violation) => self.violations += 1,
            Some(Verdict::Attempt) => self.attempts += 1,
            _ => self.cannot_tell += 1,
        }
    }

    fn seen(&self) -> String {
        let parts = [
            (
                self.violations,
                count(self.violations, "violation", "violations"),
            ),
            (
                self.attempts,
                count(self.attempts, "failed attempt", "failed attempts"),
            ),
            (
                self.cannot_tell,
                format!("{} cannot tell", self.cannot_tell),
            ),
        ];
        let parts = parts
            .into_iter()
            .filter(|(many, _)| *many > 0)
            .map(|(_, text)| text);
        parts.collect::<Vec<_>>().join("\n")
    }
}

/// The rows gathered by rule, the gravest first; input that could not be read
/// keeps a line of its own.
pub fn table(rows: &[Row]) -> Table {
    let mut groups: BTreeMap<&str, Group<'_>> = BTreeMap::new();
    for row in rows {
        for told in &row.findings {
            let group = groups.entry(told.rule).or_insert_with(|| Group {
                row,
                told,
                violations: 0,
                attempts: 0,
                cannot_tell: 0,
            });
            if row.verdict > group.row.verdict {
                (group.row, group.told) = (row, told);
            }
            group.count(row.verdict);
        }
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse((severity(group), group.violations)));
    let mut table = output::table();
    table.set_header([
        "What was found",
        "How often",
        "Such as",
        "What Auditward would write",
    ]);
    let (shown, rest) = groups.split_at(groups.len().min(MOST));
    for group in shown {
        table.add_row([
            found(group),
            Cell::new(group.seen()),
            such_as(group),
            table::written(group.row, false),
        ]);
    }
    if !rest.is_empty() {
        let violations = rest.iter().map(|group| group.violations).sum();
        table.add_row([
            Cell::new(format!("… and {} more rules", rest.len())).add_attribute(Attribute::Bold),
            Cell::new(count(violations, "violation", "violations")),
            Cell::new("--each lists every event"),
            Cell::new(""),
        ]);
    }
    for row in rows.iter().filter(|row| row.verdict.is_none()) {
        table.add_row([
            table::verdict(row),
            Cell::new(""),
            Cell::new(&row.call),
            Cell::new("nothing"),
        ]);
    }
    table
}

fn severity(group: &Group<'_>) -> Severity {
    group.told.severity
}

fn found(group: &Group<'_>) -> Cell {
    let title = registry::rule(group.told.rule).map_or(group.told.rule, |rule| rule.title);
    let text = format!(
        "{title}\n{} [{}]",
        group.told.severity.name(),
        group.told.rule
    );
    Cell::new(text)
        .fg(rules::colour(group.told.severity))
        .add_attribute(Attribute::Bold)
}

fn such_as(group: &Group<'_>) -> Cell {
    let mut text = group.told.summary.clone();
    if let Some(who) = group
        .row
        .actor
        .split('\n')
        .next()
        .filter(|who| !who.is_empty())
    {
        let _ = write!(text, "\nby {who}");
    }
    Cell::new(text)
}
