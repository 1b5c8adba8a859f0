//! The command as people and programs meet it: what it prints, and how it ends.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should say so"
)]

mod inputs;
mod rules;
mod settings;
mod wrapped;

use std::io::Write;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

/// The command, run from the top of the repository, as wide as told and without colour.
fn auditward(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auditward"));
    let top = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap();
    command
        .current_dir(top)
        .env("COLUMNS", "120")
        .env("NO_COLOR", "1")
        .args(args);
    command
}

fn stdout(command: &mut Command) -> String {
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

fn stderr(command: &mut Command) -> String {
    String::from_utf8(command.output().unwrap().stderr).unwrap()
}

fn objects(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A folder of its own for a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn zipped(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

const STOPPED: &str = "events/trail-guard/trail.logging-stopped.violation.by-name.json";
const DENIED: &str = "events/trail-guard/trail.logging-stopped.attempt.denied.json";
const STARTED: &str = "events/trail-guard/trail.logging-stopped.out-of-scope.start-logging.json";
const QUIET: &str = r#"{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/a","accountId":"111111111111"},"eventTime":"2026-11-14T09:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"RunInstances","awsRegion":"eu-west-1","eventID":"quiet","recipientAccountId":"111111111111"}"#;

#[test]
fn the_table_says_what_happened_and_what_would_be_written() {
    insta::assert_snapshot!(stdout(&mut auditward(&[
        "replay", STOPPED, DENIED, STARTED
    ])));
}

#[test]
fn a_narrow_table_still_says_it_all() {
    insta::assert_snapshot!(stdout(auditward(&["replay", STOPPED]).env("COLUMNS", "72")));
}

#[test]
fn an_event_has_the_promised_fields() {
    let told = objects(&stdout(&mut auditward(&[
        "replay", "--format", "jsonl", STOPPED, "-",
    ])));
    let event = &told[0];
    for field in [
        "event_id",
        "event_source",
        "event_name",
        "account",
        "region",
        "time",
        "actor",
    ] {
        assert!(
            event[field].as_str().is_some_and(|text| !text.is_empty()),
            "{field} in {event}"
        );
    }
    assert_eq!(event["event_name"], "StopLogging");
    assert_eq!(event["verdict"], "violation");
    let finding = &event["findings"][0];
    assert_eq!(finding["rule"], "trail.logging-stopped");
    assert_eq!(finding["severity"], "critical");
    assert_eq!(finding["mode"], "alert");
    assert!(
        finding["resource"]
            .as_str()
            .unwrap()
            .starts_with("arn:aws:cloudtrail:")
    );
    assert!(finding["summary"].as_str().unwrap().contains("stopped"));
    assert_eq!(finding["plan"][0]["kind"], "trail-logging");
    assert_eq!(finding["plan"][0]["wish"], true);
    assert_eq!(finding["plan"][0]["at"]["resource"], finding["resource"]);
}

#[test]
fn a_call_that_no_rule_watches_has_the_same_fields_whichever_way_it_is_read() {
    // An escaped character keeps the second from being copied as it stands.
    let escaped = QUIET.replace("user/a\"", "user\\/a\"");
    let input = format!("{QUIET}\n{escaped}\n");
    let told = objects(&stdout(
        auditward(&["replay", "--format", "jsonl", "-"]).write_stdin(input),
    ));
    assert_eq!(told.len(), 2);
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0]["verdict"], "out-of-scope");
    assert_eq!(told[0]["actor"], "arn:aws:iam::111111111111:user/a");
    assert_eq!(told[0]["findings"], Value::Array(Vec::new()));
}

#[test]
fn the_exit_status_tells_what_ci_asks() {
    auditward(&["replay", STOPPED]).assert().code(0);
    auditward(&["replay", "--fail-on", "violation", STOPPED])
        .assert()
        .code(1);
    auditward(&["replay", "--fail-on", "violation", DENIED])
        .assert()
        .code(0);
    auditward(&["replay", "--fail-on", "attempt", DENIED])
        .assert()
        .code(1);
    auditward(&["replay", "--fail-on", "attempt", STARTED])
        .assert()
        .code(0);
    auditward(&["replay", "--fail-on", "violation", STOPPED, "-"])
        .write_stdin("nonsense")
        .assert()
        .code(2);
    auditward(&["replay", "no/such/file.json"]).assert().code(2);
    auditward(&["replay"]).assert().code(2);
}

#[test]
fn an_unreadable_line_names_file_and_line_and_the_run_goes_on() {
    let folder = folder("unreadable");
    let file = folder.join("some.jsonl");
    std::fs::write(&file, format!("{QUIET}\n{{\"eventName\":\n\n{QUIET}\n")).unwrap();
    let file = file.to_str().unwrap();
    let mut command = auditward(&["replay", "--format", "jsonl", file, STOPPED]);
    let told = objects(&stdout(&mut command));
    let verdicts: Vec<_> = told
        .iter()
        .map(|event| event["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(
        verdicts,
        ["out-of-scope", "unreadable", "out-of-scope", "violation"]
    );
    let error = told[1]["error"].as_str().unwrap();
    assert!(error.starts_with(&format!("{file}, line 2: ")), "{error}");
    assert_eq!(told[1]["line"], 2);
    command.assert().code(2);
}

#[test]
fn a_compressed_file_that_breaks_off_says_that_alone() {
    let folder = folder("broken-off");
    let file = folder.join("a.json.gz");
    let records: Vec<_> = (0..50)
        .map(|nth| {
            QUIET
                .replace("quiet", &format!("{nth}"))
                .replace(",\"", ",\n\"")
        })
        .collect();
    let whole = zipped(&format!("{{\"Records\":[\n{}\n]}}", records.join(",\n")));
    std::fs::write(&file, &whole[..whole.len() - 30]).unwrap();
    let mut command = auditward(&["replay", "--format", "jsonl", file.to_str().unwrap()]);
    let told = objects(&stdout(&mut command));
    let errors: Vec<_> = told
        .iter()
        .filter_map(|event| event["error"].as_str())
        .collect();
    assert!(
        errors.len() == 1 && errors[0].contains("breaks off"),
        "{errors:?}"
    );
    command.assert().code(2);
}

#[test]
fn compressed_files_folders_and_standard_input_are_read_in_order() {
    let folder = folder("order");
    let event = |id: &str| QUIET.replace("quiet", id);
    std::fs::create_dir(folder.join("b")).unwrap();
    std::fs::create_dir_all(folder.join("CloudTrail-Digest/eu-west-1")).unwrap();
    std::fs::write(folder.join("a.json"), event("1")).unwrap();
    std::fs::write(
        folder.join("b/c.json.gz"),
        zipped(&format!("{{\"Records\":[{},{}]}}", event("2"), event("3"))),
    )
    .unwrap();
    std::fs::write(folder.join("b/notes.txt"), "no events").unwrap();
    std::fs::write(
        folder.join("c.jsonl"),
        format!("{}\n{}", event("4"), event("5")),
    )
    .unwrap();
    std::fs::write(
        folder.join("CloudTrail-Digest/eu-west-1/d.json.gz"),
        zipped("{}"),
    )
    .unwrap();
    let mut command = auditward(&["replay", "--format", "jsonl", folder.to_str().unwrap(), "-"]);
    let told = objects(&stdout(command.write_stdin(zipped(&event("6")))));
    let ids: Vec<_> = told
        .iter()
        .map(|event| event["event_id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5", "6"]);
    command.assert().code(0);
}

#[test]
fn many_events_come_out_in_the_order_of_their_files() {
    let folder = folder("many");
    for file in 0..200 {
        let lines: Vec<_> = (0..40)
            .map(|event| QUIET.replace("quiet", &format!("{file}-{event}")))
            .collect();
        std::fs::write(folder.join(format!("{file:03}.jsonl")), lines.join("\n")).unwrap();
    }
    let told = objects(&stdout(&mut auditward(&[
        "replay",
        "--format",
        "jsonl",
        folder.to_str().unwrap(),
    ])));
    let expected = (0..200).flat_map(|file| (0..40).map(move |event| format!("{file}-{event}")));
    let ids = told.iter().map(|event| event["event_id"].as_str().unwrap());
    assert!(ids.eq(expected));
}

#[test]
fn a_list_is_one_list() {
    let text = stdout(&mut auditward(&[
        "replay", "--format", "json", STOPPED, STARTED,
    ]));
    assert_eq!(serde_json::from_str::<Vec<Value>>(&text).unwrap().len(), 2);
    let text = stdout(&mut auditward(&[
        "replay",
        "--format",
        "json",
        "events/quirks/records-empty.json",
    ]));
    assert_eq!(text, "[]\n");
}

#[test]
fn a_forged_envelope_is_out_of_scope_and_says_so() {
    let told = objects(&stdout(&mut auditward(&[
        "replay",
        "--format",
        "jsonl",
        "events/quirks/source-forged.json",
    ])));
    assert_eq!(told[0]["verdict"], "out-of-scope");
    assert!(
        told[0]["notes"][0]
            .as_str()
            .unwrap()
            .starts_with("forged or misrouted")
    );
}

#[test]
fn a_copy_is_marked_in_the_table_and_kept_in_lines() {
    assert!(stdout(&mut auditward(&["replay", STOPPED, STOPPED])).contains("nothing: a copy"));
    assert_eq!(
        objects(&stdout(&mut auditward(&[
            "replay", "--format", "jsonl", STOPPED, STOPPED
        ])))
        .len(),
        2
    );
}

const OPEN: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Ours","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-logs/*"},{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111111111111:root","arn:aws:iam::333333333333:root"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-logs/*"}]}"#;

#[test]
fn a_policy_is_explained_in_words() {
    insta::assert_snapshot!(stdout(
        auditward(&["explain", "--account", "111111111111", "-"]).write_stdin(OPEN)
    ));
}

#[test]
fn an_explanation_for_machines_has_the_fields_of_the_batch() {
    let mut command = auditward(&[
        "explain",
        "--format",
        "json",
        "--account",
        "111111111111",
        "-",
    ]);
    let told = objects(&stdout(command.write_stdin(OPEN)));
    assert_eq!(told[0]["foreign"], true);
    assert_eq!(told[0]["statements"][0]["index"], 1);
    assert_eq!(told[0]["narrowed"]["Statement"][0]["Sid"], "Ours");
    command.assert().code(0);
    auditward(&["explain", "--fail-on", "foreign", "-"])
        .write_stdin(OPEN)
        .assert()
        .code(1);
    auditward(&["explain", "-"])
        .write_stdin("{\"Statement\":7}")
        .assert()
        .code(2);
}

#[test]
fn a_batch_with_an_unreadable_line_fails() {
    let batch = |input: &str, code: i32| {
        let mut command = auditward(&["explain", "--batch"]);
        command.write_stdin(input).assert().code(code);
    };
    batch(&format!("{{\"policy\":{OPEN}}}\n"), 0);
    batch(&format!("{{\"policy\":{OPEN}}}\nnonsense\n"), 2);
    batch("{\"policy\":{\"Statement\":7}}\n", 2);
}

#[test]
fn what_cannot_be_written_is_an_error() {
    for args in [
        &["settings", "example"][..],
        &["settings", "schema"],
        &["rules"],
        &["rules", "trail.logging-stopped"],
        &["rules", "--format", "markdown"],
        &["replay", STOPPED],
        &[
            "share",
            "--account",
            "444444444444",
            "--bucket",
            "acme-logs",
        ],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_auditward"))
            .current_dir(
                Path::new(env!("CARGO_MANIFEST_DIR"))
                    .ancestors()
                    .nth(2)
                    .unwrap(),
            )
            .args(args)
            .stdout(full.unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{args:?}: {said}");
        assert!(
            said.starts_with("error: ") && said.contains("No space left"),
            "{args:?}: {said}"
        );
    }
}

#[test]
fn sharing_prints_both_policies() {
    let share = |prefix: &str| {
        let args = [
            "share",
            "--account",
            "444444444444",
            "--external-id",
            "7d0c6a52-acme",
            "--bucket",
            "acme-logs",
        ];
        let mut command = auditward(&args);
        command.args(["--prefix", prefix, "--format", "json"]);
        serde_json::from_str::<Value>(&stdout(&mut command)).unwrap()
    };
    let told = share("org");
    let trust = &told["trust_policy"]["Statement"][0];
    assert_eq!(
        trust["Condition"]["StringEquals"]["sts:ExternalId"],
        "7d0c6a52-acme"
    );
    for (prefix, shared) in [
        ("", "arn:aws:s3:::acme-logs/AWSLogs/444444444444/*"),
        ("/org/", "arn:aws:s3:::acme-logs/org/AWSLogs/444444444444/*"),
        (
            "org/AWSLogs/111111111111",
            "arn:aws:s3:::acme-logs/org/AWSLogs/111111111111/*",
        ),
    ] {
        assert_eq!(
            share(prefix)["access_policy"]["Statement"][0]["Resource"],
            shared,
            "{prefix}"
        );
    }
    for bad in [
        ["44", "acme-logs", "org"],
        ["444444444444", "Acme", "org"],
        ["444444444444", "acme-logs", "*"],
    ] {
        let [account, bucket, prefix] = bad;
        let args = [
            "share",
            "--account",
            account,
            "--bucket",
            bucket,
            "--prefix",
            prefix,
        ];
        auditward(&args).assert().code(2);
    }
}
