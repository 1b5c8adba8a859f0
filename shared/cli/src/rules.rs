//! `auditward rules`.

use std::process::ExitCode;

use anyhow::bail;
use clap::ValueEnum;
use comfy_table::{Attribute, Cell, Color};

use auditward_rules::registry::{self, NEVER, rules};
use auditward_rules::rule::{Proof, Revert, Rule, Scope, Severity};
use auditward_rules::settings::nearest_rule;

use crate::output::{self, FAINT, STRONG, styled};

/// List the rules, or explain one.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Explain only this rule.
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// For people, or for machines.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Table,
    Json,
    /// The table of all events, as events/TABLE.md has it; of one rule, its rows.
    Markdown,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match (&args.id, args.format) {
        (None, Format::Json) => output::print_json(&rules().collect::<Vec<_>>())?,
        (None, Format::Table) => list()?,
        (None, Format::Markdown) => output::print(markdown(None))?,
        (Some(id), format) => {
            let Some(rule) = registry::rule(id) else {
                bail!("{}", unknown(id))
            };
            match format {
                Format::Json => output::print_json(rule)?,
                Format::Table => output::print(explain(rule))?,
                Format::Markdown => output::print(markdown(Some(rule)))?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What to say about an id that no rule has.
fn unknown(id: &str) -> String {
    let hint = nearest_rule(id).map(|near| format!("; did you mean `{near}`?"));
    let hint = hint.unwrap_or_default();
    format!("there is no rule `{id}`{hint} (`auditward rules` lists them all)")
}

/// The colour of a severity in every table.
pub fn colour(severity: Severity) -> Color {
    match severity {
        Severity::Critical | Severity::High => Color::Red,
        Severity::Medium => Color::Yellow,
        Severity::Low => Color::Blue,
        Severity::Informational => Color::DarkGrey,
    }
}

fn list() -> anyhow::Result<()> {
    let mut table = output::table();
    table.set_header(["Rule", "Severity", "What", "Watches"]);
    for rule in rules() {
        table.add_row([
            Cell::new(rule.id).add_attribute(Attribute::Bold),
            Cell::new(rule.severity.name()).fg(colour(rule.severity)),
            Cell::new(rule.title),
            Cell::new(calls(rule, ", ")).fg(Color::DarkGrey),
        ]);
    }
    let many = rules().count() as u64;
    output::line(format_args!(
        "{table}\n{}. `auditward rules ID` explains one.",
        output::count(many, "rule", "rules")
    ))
}

/// Every event in scope with what is done about it, in the order of the table; those
/// of one rule alone, where one is named.
fn markdown(only: Option<&Rule>) -> String {
    let mut lines: Vec<(u16, String)> = Vec::new();
    for rule in rules().filter(|rule| only.is_none_or(|only| only.id == rule.id)) {
        let calls = calls(rule, ", ").replace('\n', "; ");
        let back = match rule.revert {
            Revert::None => "told",
            _ if only_tells(rule) => "told",
            Revert::Event => "undone from the event",
            Revert::Desired => "the constant safe state",
            Revert::Baseline => "the recorded state",
            Revert::Live => "the live document, mended",
        };
        // What only tells puts nothing back, so that there is nothing to prove.
        let proof = match rule.proof {
            _ if only_tells(rule) => "",
            Proof::Moto => "end to end",
            Proof::Recorded => "recorded exchanges",
            Proof::None => "",
        };
        // What has no row of its own stands behind all that have one.
        let first = rule.rows.iter().min().copied().unwrap_or(u16::MAX);
        if !rule.rows.is_empty() || !rule.watches.is_empty() {
            let line = format!(
                "| {} | `{}` | {} | {} | {} | {} | {back} | {proof} | {} |",
                numbers(rule.rows),
                rule.id,
                rule.title,
                calls,
                scope(rule.scope),
                rule.severity.name(),
                rule.function.name()
            );
            lines.push((first, line));
        }
    }
    let never = NEVER.iter().filter(|_| only.is_none());
    lines.extend(never.map(|(row, call, why)| {
        (
            *row,
            format!("| {row} | | never a violation: {why} | {call} | | | | | |"),
        )
    }));
    lines.sort();
    let mut table = String::from(
        "# Events in scope\n\nWritten by `auditward rules --format markdown`; a test compares. Put back only in mode `enforce`; `told` are those that write nothing in any mode.\n\n| # | Rule | What | Events | Looks at | Severity | Put back to | Proven | Function |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for (_, line) in lines {
        table.push_str(&line);
        table.push('\n');
    }
    table
}

/// The numbers of rows, three or more in a row as `267–269`; `–` where there are none.
fn numbers(rows: &[u16]) -> String {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    let follow = |one: &u16, next: &u16| one + 1 == *next;
    let told = rows.chunk_by(follow).flat_map(|run| match run {
        [first, _, .., last] => vec![format!("{first}–{last}")],
        _ => run.iter().map(u16::to_string).collect(),
    });
    let told = told.collect::<Vec<_>>().join(", ");
    if told.is_empty() { "–".into() } else { told }
}

/// Whether a rule writes nothing in any mode.
pub fn only_tells(rule: &Rule) -> bool {
    rule.revert == Revert::None || rule.proof == Proof::None
}

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Protected => "protected",
        Scope::Account => "account",
        Scope::Any => "any",
    }
}

/// The calls a rule watches, such as `cloudtrail: StopLogging`.
fn calls(rule: &Rule, between: &str) -> String {
    let watch = rule.watches.iter().map(|watch| {
        let service = watch.source.trim_end_matches(".amazonaws.com");
        format!("{service}: {}", watch.names.join(between))
    });
    watch.collect::<Vec<_>>().join("\n")
}

fn explain(rule: &Rule) -> String {
    let scope = match rule.scope {
        Scope::Protected => {
            "resources that are protected: named in the settings, or used by a protected trail"
        }
        Scope::Account => "every resource of an account that holds protected ones",
        Scope::Any => "every resource",
    };
    let revert = match rule.revert {
        Revert::Event => "what the event says was changed is undone",
        Revert::Desired => "a constant safe state is put back",
        Revert::Baseline => "the last state known to be good is put back",
        Revert::Live => "exactly the grants to outsiders are taken out of what is there",
        Revert::None => "nothing is changed by itself; a person is told what to do",
    };
    let deployers = if rule.deployers_accepted {
        "accepted when a deployer named in the settings made it"
    } else {
        "judged whoever made it, deployers too"
    };
    let mut text = format!(
        "{} {}\n{}\n\nWhy it matters: {}.\n\n",
        styled(STRONG, rule.id),
        styled(FAINT, &format!("({})", rule.severity.name())),
        rule.title,
        rule.why.trim_end_matches('.'),
    );
    let mut carried = rule.function.name().to_owned();
    if !rule.facets.is_empty() {
        carried.push_str(&format!(", through {}", rule.facets.join(", ")));
    }
    let rows = [
        ("Watches", calls(rule, ", ").replace('\n', "\n            ")),
        ("Looks at", scope.to_owned()),
        ("Remedy", revert.to_owned()),
        ("A change is", deployers.to_owned()),
        ("Carried by", carried),
        ("Serves", rule.controls.join("; ")),
    ];
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(&format!("{name:<12}{value}\n"));
    }
    if only_tells(rule) {
        text.push_str("\nIt alerts, and writes nothing in any mode.\n");
        return text;
    }
    text.push_str(&format!(
        "\nIt alerts by default. To let it write, in auditward.toml:\n\n    [mode.rules]\n    \"{}\" = \"enforce\"\n",
        rule.id,
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_follow_each_other_are_told_as_one() {
        for (rows, told) in [
            (&[][..], "–"),
            (&[7], "7"),
            (&[9, 8], "8, 9"),
            (&[267, 269, 268], "267–269"),
            (&[1, 3, 4, 6, 7, 8, 9, 20], "1, 3, 4, 6–9, 20"),
        ] {
            assert_eq!(numbers(rows), told);
        }
    }
}
