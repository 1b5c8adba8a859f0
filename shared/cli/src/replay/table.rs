//! The table that people read, and what stands below it.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write as _;

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, Table, Width};

use auditward_rules::judge::Verdict;
use auditward_rules::rule::Severity;
use auditward_rules::settings::Mode;

use crate::output::{self, BAD, FAINT, GOOD, STRONG, count, styled};
use crate::rules;

use super::digest;
use super::inputs::Input;
use super::row::{Row, Told};
use super::work::{Job, Tally};

/// Prints the table, its sum, and what to do next.
pub fn print(rows: Vec<Row>, tally: &Tally, job: &Job) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    let seen = Seen::of(&rows);
    let gathered = rows.len() > digest::MANY && !job.each && !job.all;
    if gathered {
        writeln!(out, "{}", digest::table(&rows))?;
    } else if !rows.is_empty() {
        writeln!(out, "{}", table(rows))?;
    }
    writeln!(out, "{}", sum(tally, job))?;
    if gathered {
        let hint = "· Gathered by rule; --each lists every event.";
        writeln!(out, "{}", styled(FAINT, hint))?;
    }
    for hint in hints(tally, &seen, job) {
        writeln!(out, "{}", styled(FAINT, &format!("· {hint}")))?;
    }
    Ok(())
}

/// What the hints depend on.
#[derive(Default)]
struct Seen {
    rule: Option<&'static str>,
    only_told: bool,
    written: bool,
}

impl Seen {
    fn of(rows: &[Row]) -> Self {
        let found = || rows.iter().flat_map(|row| &row.findings);
        let worst = found()
            .filter(|told| !told.steps.is_empty())
            .max_by_key(|told| told.severity);
        let planned = |mode| found().any(|told| told.mode == mode && !told.steps.is_empty());
        Self {
            rule: worst.or_else(|| found().next()).map(|told| told.rule),
            only_told: planned(Mode::Alert),
            written: planned(Mode::Enforce),
        }
    }
}

/// Narrower than this, who and where stand below what happened.
const ROOMY: u16 = 100;

fn table(rows: Vec<Row>) -> Table {
    let mut table = output::table();
    let roomy = table.width().is_none_or(|width| width >= ROOMY);
    let part = |percent| ColumnConstraint::LowerBoundary(Width::Percentage(percent));
    let verdict_part = ColumnConstraint::ContentWidth;
    if roomy {
        table.set_header([
            "Verdict",
            "What happened",
            "By whom, where",
            "What Auditward would write",
        ]);
        let whom_part = ColumnConstraint::UpperBoundary(Width::Fixed(32));
        table.set_constraints([verdict_part, part(34), whom_part, part(28)]);
    } else {
        table.set_header(["Verdict", "What happened", "What Auditward would write"]);
        table.set_constraints([verdict_part, part(42), part(28)]);
    }
    let mut known = HashSet::new();
    for row in rows {
        let keys: Vec<_> = row.keys().collect();
        let copy = !keys.is_empty() && keys.iter().all(|key| known.contains(key));
        known.extend(keys);
        let verdict = verdict(&row);
        let written = written(&row, copy);
        if roomy {
            table.add_row([
                verdict,
                happened(&row, ""),
                Cell::new(whom(&row)).fg(Color::DarkGrey),
                written,
            ]);
        } else {
            table.add_row([verdict, happened(&row, &whom(&row)), written]);
        }
    }
    table
}

pub fn verdict(row: &Row) -> Cell {
    let Some(verdict) = row.verdict else {
        return Cell::new("unreadable")
            .fg(Color::Red)
            .add_attribute(Attribute::Bold);
    };
    let worst = row.findings.iter().map(|told| told.severity).max();
    let text = match worst {
        Some(severity) => format!("{}\n{}", verdict.name(), severity.name()),
        None => verdict.name().to_owned(),
    };
    let cell = Cell::new(text);
    match verdict {
        Verdict::Violation => cell
            .fg(rules::colour(worst.unwrap_or(Severity::High)))
            .add_attribute(Attribute::Bold),
        Verdict::CannotTell => cell.fg(Color::Magenta),
        Verdict::Attempt => cell.fg(Color::Yellow),
        Verdict::Clean => cell.fg(Color::Green),
        Verdict::OutOfScope => cell.fg(Color::DarkGrey),
    }
}

fn happened(row: &Row, below: &str) -> Cell {
    let mut text = row.call.clone();
    for told in &row.findings {
        let _ = write!(text, "\n{}\n[{}]", told.summary, told.rule);
    }
    let below = Some(below).filter(|below| !below.is_empty());
    for line in row.notes.iter().map(String::as_str).chain(below) {
        let _ = write!(text, "\n{line}");
    }
    let cell = Cell::new(text);
    match row.verdict {
        Some(Verdict::OutOfScope | Verdict::Clean) => cell.fg(Color::DarkGrey),
        _ => cell,
    }
}

/// Who it was, and for what matters, where and when.
fn whom(row: &Row) -> String {
    let quiet = matches!(row.verdict, Some(Verdict::Clean | Verdict::OutOfScope));
    match (row.actor.split('\n').next(), quiet) {
        (Some(actor), true) => actor.to_owned(),
        _ => {
            let parts = [row.actor.as_str(), row.place.as_str()];
            parts
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("\n")
        }
    }
}

pub fn written(row: &Row, copy: bool) -> Cell {
    let nothing = |text: &str| Cell::new(text).fg(Color::DarkGrey);
    if copy {
        return nothing("nothing: a copy of an event above, handled once");
    }
    match row.verdict {
        None => nothing("nothing"),
        Some(Verdict::Clean | Verdict::OutOfScope) => nothing("nothing"),
        Some(Verdict::Attempt) => nothing("nothing: the call failed; an alert"),
        Some(Verdict::CannotTell) if row.findings.iter().all(|told| told.steps.is_empty()) => {
            nothing("nothing: the record does not tell enough; an alert")
        }
        Some(_) => Cell::new(row.findings.iter().map(plan).collect::<Vec<_>>().join("\n")),
    }
}

fn plan(told: &Told) -> String {
    if told.steps.is_empty() {
        return "nothing by itself: a person must look; an alert".into();
    }
    let many = told.steps.len() > 1;
    let steps = told.steps.iter().enumerate();
    let steps = steps.map(|(at, step)| {
        if many {
            format!("{}. {step}", at + 1)
        } else {
            step.clone()
        }
    });
    let mut text = steps.collect::<Vec<_>>().join("\n");
    if let Some(held) = &told.held {
        let _ = write!(text, "\n(held back: {held})");
    } else if told.mode == Mode::Enforce {
        text.push_str("\n(mode enforce: written at once)");
    }
    text
}

/// The sum of it all, in a line.
fn sum(tally: &Tally, job: &Job) -> String {
    let files = job.inputs.len() as u64;
    let events = count(tally.events(), "event", "events");
    let mut text = format!(
        "{}: ",
        styled(
            STRONG,
            &format!("{events} in {}", count(files, "file", "files"))
        )
    );
    let mut parts = Vec::new();
    for (verdict, many) in tally.verdicts().filter(|(_, many)| *many > 0) {
        parts.push(match verdict {
            Verdict::Violation => styled(BAD, &count(many, "violation", "violations")),
            Verdict::Attempt => count(many, "failed attempt", "failed attempts"),
            Verdict::CannotTell => format!("{many} cannot tell"),
            Verdict::Clean => styled(GOOD, &format!("{many} clean")),
            Verdict::OutOfScope => format!("{many} out of scope"),
        });
    }
    if tally.unreadable > 0 {
        parts.push(styled(BAD, &format!("{} unreadable", tally.unreadable)));
    }
    text.push_str(if parts.is_empty() {
        "nothing to judge"
    } else {
        ""
    });
    text.push_str(&parts.join(", "));
    text
}

/// What to do next.
fn hints(tally: &Tally, seen: &Seen, job: &Job) -> Vec<String> {
    let mut hints = Vec::new();
    let empty = tally.first_empty.and_then(|first| job.inputs.get(first));
    if let Some(name) = empty.map(Input::name) {
        hints.push(match tally.empty {
            1 => format!("There is no CloudTrail record in {name}."),
            many => format!("There is no CloudTrail record in {many} files, such as {name}."),
        });
    }
    if tally.out_of_scope > 0 && !job.all {
        hints.push("Out of scope are calls that no rule watches; --all lists them.".into());
    }
    if tally.cannot_tell > 0 {
        hints.push("Cannot tell: the record does not say enough; deployed, Auditward looks at the live resource.".into());
    }
    if seen.only_told {
        let mode = if seen.written {
            "Where `enforce` is not said, the mode is `alert`"
        } else {
            "The mode is `alert`"
        };
        hints.push(format!(
            "{mode}: Auditward would tell, and write nothing until a rule is set to `enforce`."
        ));
    }
    if !job.settings.given && tally.events() > 0 {
        let next = match &job.beside {
            Some(file) => format!("Add --settings {file}, which lies with the events."),
            None => {
                "`auditward settings example > auditward.toml`, then add --settings auditward.toml."
                    .into()
            }
        };
        hints.push(format!("Judged without settings: each record's own account is ours, and every resource counts as protected. {next}"));
    }
    if let Some(rule) = seen.rule {
        hints.push(format!(
            "`auditward rules {rule}` says why it matters; --format jsonl gives every detail."
        ));
    }
    hints
}
