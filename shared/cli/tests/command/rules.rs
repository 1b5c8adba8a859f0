//! Rules: listed, explained, and the table of their events.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{auditward, stderr, stdout};

#[test]
fn rules_are_listed_and_explained() {
    let rules: Vec<Value> =
        serde_json::from_str(&stdout(&mut auditward(&["rules", "--format", "json"]))).unwrap();
    for field in [
        "id", "title", "severity", "why", "controls", "watches", "scope", "revert", "function",
        "facets",
    ] {
        assert!(rules.iter().all(|rule| !rule[field].is_null()), "{field}");
    }
    assert!(
        rules[0]["watches"][0]["source"].is_string() && rules[0]["watches"][0]["names"].is_array()
    );
    let table = stdout(&mut auditward(&["rules"]));
    insta::assert_snapshot!(table.lines().take(4).collect::<Vec<_>>().join("\n"));
    insta::assert_snapshot!(stdout(&mut auditward(&["rules", "trail.logging-stopped"])));
    assert!(
        stderr(&mut auditward(&["rules", "trail.logging-stoped"]))
            .contains("did you mean `trail.logging-stopped`?")
    );
}

#[test]
fn a_rule_that_only_tells_is_not_said_to_write() {
    for rule in ["trail.delivery-failing", "guard-role.unexplained"] {
        let said = stdout(&mut auditward(&["rules", rule]));
        assert!(said.contains("writes nothing in any mode"), "{said}");
        assert!(!said.contains("enforce"), "{said}");
        let empty = said
            .lines()
            .find(|line| line.ends_with("through ") || line.trim_end() == "Watches");
        assert_eq!(empty, None, "{said}");
    }
}

#[test]
fn every_rule_that_watches_something_stands_in_the_table_of_events() {
    let rules: Vec<Value> =
        serde_json::from_str(&stdout(&mut auditward(&["rules", "--format", "json"]))).unwrap();
    let table = stdout(&mut auditward(&["rules", "--format", "markdown"]));
    let missing: Vec<_> = rules
        .iter()
        .filter(|rule| !rule["watches"].as_array().unwrap().is_empty())
        .map(|rule| rule["id"].as_str().unwrap())
        .filter(|id| !table.contains(&format!("| `{id}` |")))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn the_table_of_events_is_what_the_rules_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/TABLE.md");
    let said = stdout(&mut auditward(&["rules", "--format", "markdown"]));
    assert!(
        std::fs::read_to_string(path).unwrap_or_default() == said,
        "write it anew: cargo run -p auditward -- rules --format markdown > events/TABLE.md"
    );
}

#[test]
fn the_table_of_one_rule_has_its_rows_alone() {
    let mut command = auditward(&["rules", "trail.logging-stopped", "--format", "markdown"]);
    let said = stdout(&mut command);
    let rows: Vec<_> = said.lines().filter(|line| line.contains("| `")).collect();
    assert!(!rows.is_empty(), "{said}");
    for row in &rows {
        assert!(row.contains("| `trail.logging-stopped` |"), "{row}");
    }
    assert!(!said.contains("never a violation"), "{said}");
    command.assert().code(0);
    auditward(&["rules", "trail.loging-stopped", "--format", "markdown"])
        .assert()
        .code(2);
}

/// Each number of the table is there, or several times where several rules are about it;
/// each rule has one row.
#[test]
fn the_table_of_events_has_no_gaps() {
    let said = stdout(&mut auditward(&["rules", "--format", "markdown"]));
    let cells = |line: &str| -> Option<[String; 2]> {
        let mut cells = line.strip_prefix("| ")?.split('|').map(str::trim);
        Some([cells.next()?.to_owned(), cells.next()?.to_owned()])
    };
    let rows: Vec<_> = said.lines().filter_map(cells).collect();
    let mut seen = BTreeSet::new();
    for [numbers, rule] in &rows {
        for run in numbers.split(", ") {
            let (first, last) = run.split_once('–').unwrap_or((run, run));
            let (first, last) = (first.parse::<u16>(), last.parse::<u16>());
            seen.extend(
                first
                    .iter()
                    .zip(&last)
                    .flat_map(|(first, last)| *first..=*last),
            );
        }
        let same = rows.iter().filter(|[_, other]| other == rule).count();
        assert!(rule.is_empty() || same == 1, "{rule} has {same} rows");
    }
    let missing: Vec<u16> = (1..=276).filter(|row| !seen.contains(row)).collect();
    assert_eq!(missing, Vec::<u16>::new());
}

/// What is only told puts nothing back that could be proven.
#[test]
fn only_what_is_put_back_is_said_to_be_proven() {
    let said = stdout(&mut auditward(&["rules", "--format", "markdown"]));
    let told: Vec<_> = said
        .lines()
        .filter(|row| row.contains("| told |"))
        .collect();
    assert!(!told.is_empty());
    for row in told {
        assert!(row.contains("| told |  |"), "{row}");
    }
}
