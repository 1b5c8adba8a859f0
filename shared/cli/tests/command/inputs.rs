//! What is read as events, and what is said where there are none.

use std::fs;

use serde_json::{Value, json};

use super::{QUIET, STOPPED, auditward, folder, objects, stdout};

#[test]
fn a_folder_without_events_fails_and_names_what_is_taken() {
    let folder = folder("no-events");
    fs::create_dir_all(folder.join("CloudTrail-Digest")).unwrap();
    fs::write(folder.join("CloudTrail-Digest/a.json.gz"), "{}").unwrap();
    fs::write(folder.join("events.csv"), "eventName\nStopLogging\n").unwrap();
    let path = folder.to_str().unwrap();
    for (format, says) in [
        ("table", "1 unreadable"),
        ("json", "no events in it"),
        ("jsonl", "no events in it"),
    ] {
        let mut command = auditward(&["replay", "--format", format, "--each", path]);
        let said = stdout(&mut command);
        assert!(said.contains(says), "{said}");
        command.assert().code(2);
    }
    let told = objects(&stdout(&mut auditward(&[
        "replay", "--format", "jsonl", path, STOPPED,
    ])));
    let error = told[0]["error"].as_str().unwrap();
    assert!(error.starts_with(path), "{error}");
    for taken in [".json", ".jsonl", ".gz"] {
        assert!(error.contains(taken), "{error}");
    }
    // What else was named is judged all the same.
    assert_eq!(told[1]["verdict"], "violation");
    auditward(&["replay", path, STOPPED]).assert().code(2);
}

#[test]
fn a_file_without_a_record_is_told() {
    let folder = folder("no-record");
    let file = |name: &str, text: &str| {
        let file = folder.join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (empty, none) = (file("a.json", ""), file("b.json", "{\"Records\":[]}"));
    let said = |paths: &[&str]| stdout(auditward(&["replay"]).args(paths));
    assert!(said(&[&empty]).contains(&format!("no CloudTrail record in {empty}.")));
    let both = said(&[STOPPED, &none, &empty]);
    assert!(
        both.contains(&format!("no CloudTrail record in 2 files, such as {none}.")),
        "{both}"
    );
    assert!(!said(&[STOPPED]).contains("no CloudTrail record"));
}

/// `aws cloudtrail lookup-events` keeps each record as a string beside a summary.
#[test]
fn what_lookup_events_prints_is_read() {
    let folder = folder("lookup-events");
    let stopped: Value = serde_json::from_str(
        &fs::read_to_string(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../events/trail-guard/trail.logging-stopped.violation.by-name.json"
        ))
        .unwrap(),
    )
    .unwrap();
    let event = |record: &str| json!({"EventId": "x", "Username": "a", "CloudTrailEvent": record});
    let stopped = event(&stopped["detail"].to_string());
    let found = json!({"Events": [event(QUIET), stopped, {"EventId": "y"}], "NextToken": "z"});
    let pretty = serde_json::to_string_pretty(&found).unwrap();
    let line = |what: &str| 1 + pretty.split_once(what).unwrap().0.matches('\n').count();
    let file = folder.join("found.json");
    for text in [pretty.clone(), found.to_string()] {
        fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap();
        let mut command = auditward(&["replay", "--format", "jsonl", file]);
        let told = objects(&stdout(&mut command));
        let verdicts: Vec<_> = told.iter().map(|event| &event["verdict"]).collect();
        assert_eq!(
            verdicts,
            ["out-of-scope", "violation", "unreadable"],
            "{told:?}"
        );
        command.assert().code(2);
    }
    fs::write(&file, &pretty).unwrap();
    let told = objects(&stdout(&mut auditward(&[
        "replay",
        "--format",
        "jsonl",
        file.to_str().unwrap(),
    ])));
    assert_eq!(told[1]["line"], line("StopLogging"));
    assert_eq!(told[2]["line"], line("\"y\"") - 1);
}

/// Settings that lie with the events are told of, and used where somebody names them.
#[test]
fn settings_at_the_top_of_a_folder_are_told_of() {
    let folder = folder("own-settings");
    let settings = folder.join("auditward.toml");
    let sample = "/../../events/trail-guard/trail.logging-stopped.violation.by-name.json";
    let sample = format!("{}{sample}", env!("CARGO_MANIFEST_DIR"));
    fs::copy(sample, folder.join("a.json")).unwrap();
    fs::write(&settings, "[ours]\naccounts = [\"555555555555\"]\n").unwrap();
    let (path, settings) = (folder.to_str().unwrap(), settings.to_str().unwrap());
    let verdict = |args: &[&str]| {
        let mut command = auditward(&["replay", "--format", "jsonl"]);
        objects(&stdout(command.args(args)))[0]["verdict"].clone()
    };
    assert_eq!(verdict(&[path]), "violation");
    assert_eq!(verdict(&["--settings", settings, path]), "clean");
    let table = stdout(&mut auditward(&["replay", path]));
    let hint = format!("Add --settings {settings}, which lies with the events.");
    assert!(table.contains(&hint), "{table}");
    let table = stdout(&mut auditward(&["replay", "--settings", settings, path]));
    assert!(!table.contains("Judged without settings"), "{table}");
}
