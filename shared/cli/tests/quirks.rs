//! The odd but real forms of records and files that `events/quirks` keeps: the
//! command says of each what the table of `events/README.md` says.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

/// The top of the repository.
fn top() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap().to_owned()
}

/// The table: a file's name and its verdicts, one a record.
fn table() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(top().join("events/README.md")).unwrap();
    let (_, quirks) = text.split_once("## Quirks").unwrap();
    let mut rows = BTreeMap::new();
    for line in quirks.lines() {
        let Some(line) = line.strip_prefix("| `") else {
            continue;
        };
        let mut cells = line.split('|').map(str::trim);
        let name = cells.next().unwrap().trim_end_matches('`').to_owned();
        let verdicts = cells.next().unwrap();
        let verdicts = verdicts.strip_prefix("one each:").unwrap_or(verdicts);
        let verdicts = verdicts.split(',').map(str::trim);
        let verdicts = verdicts.filter(|verdict| *verdict != "none");
        let before = rows.insert(name, verdicts.map(str::to_owned).collect());
        assert_eq!(before, None, "a row that stands twice");
    }
    rows
}

/// What the command says, one object an event.
fn replay(path: &str) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auditward"));
    command.current_dir(top());
    let told = command.args(["replay", "--format", "jsonl", path]);
    let told = told.output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let objects = told.lines().map(|line| serde_json::from_str(line).unwrap());
    objects.collect()
}

#[test]
fn every_quirk_stands_in_the_table_and_every_row_has_its_file() {
    let files = std::fs::read_dir(top().join("events/quirks")).unwrap();
    let files: BTreeSet<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let rows: BTreeSet<String> = table().into_keys().collect();
    assert_eq!(files, rows);
}

#[test]
fn every_quirk_is_judged_as_the_table_says() {
    let mut wrong = Vec::new();
    for (name, expected) in table() {
        let events = replay(&format!("events/quirks/{name}"));
        let verdicts: Vec<&str> = events
            .iter()
            .map(|event| event["verdict"].as_str().unwrap())
            .collect();
        if verdicts != expected {
            wrong.push(format!("{name}: {verdicts:?} and not {expected:?}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// What is odd must not cost what people need to know: whose account it was, and
/// who did it.
#[test]
fn every_quirk_tells_account_and_caller() {
    let nameless = ["user-identity-null.json"];
    let mut wrong = Vec::new();
    for name in table().into_keys() {
        for event in replay(&format!("events/quirks/{name}")) {
            let ours = ["111111111111", "222222222222"].map(Value::from);
            if !ours.contains(&event["account"]) {
                wrong.push(format!("{name}: account {}", event["account"]));
            }
            let known = event["actor"] != "unknown";
            if known == nameless.contains(&name.as_str()) {
                wrong.push(format!("{name}: caller {}", event["actor"]));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Two records of one event: the second is no second finding.
#[test]
fn what_belongs_together_is_told_once() {
    for [first, second] in [
        ["shared-event-id.caller.json", "shared-event-id.owner.json"],
        ["addendum.original.json", "addendum.updated.json"],
    ] {
        let [first, second] = [first, second].map(|name| format!("events/quirks/{name}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_auditward"));
        command.current_dir(top()).env("COLUMNS", "120");
        let told = command.args(["replay", &first, &second]).output().unwrap();
        let told = String::from_utf8(told.stdout).unwrap();
        assert_eq!(told.matches("nothing: a copy").count(), 1, "{told}");
    }
}
