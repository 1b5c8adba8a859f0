//! `auditward status`: the real command, on what real functions left in the table.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::process::Command;

use auditward_tests::binaries::binary;
use auditward_tests::moto::MANAGEMENT;
use auditward_tests::proxy::{Fault, Match};
use auditward_tests::scene::{REGION, TABLE};
use auditward_tests::stage::{ENFORCE, acted};
use auditward_tests::story::case_of;
use serde_json::{Value, json};

const STOP: &str = "trail-guard/trail.logging-stopped.violation.by-arn";

/// WHEN AWS lets a function neither read one thing nor write another, THEN
/// `auditward status` says which rules are blind and whose write was refused.
#[tokio::test]
async fn the_command_says_what_is_blind_and_what_was_refused() {
    let (stage, mut guard, event) = acted(ENFORCE, STOP).await;
    let refuse = |service: &'static str, action: &'static str| {
        guard
            .proxy
            .fail(Match::action(service, action), Fault::AccessDenied);
    };
    refuse("cloudtrail", "StartLogging");
    refuse("cloudtrail", "GetEventSelectors");
    let id = case_of(&guard.play(&event).await);
    assert_eq!(stage.case(&id).await["outcome"], "failed");
    guard.play(&json!({"auditward": "pulse"})).await;
    guard.done();
    let environment = stage
        .moto
        .environment(&stage.moto.url(), MANAGEMENT, REGION)
        .await;
    let run = |more: &[&str]| {
        let done = Command::new(binary("auditward"))
            .args(["status", "--table", TABLE, "--region", REGION])
            .args(more)
            .env("COLUMNS", "180")
            .envs(environment.iter().cloned())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert_eq!(done.status.code(), Some(1), "{said}");
        said
    };
    let said: Value = serde_json::from_str(&run(&["--format", "json"])).unwrap();
    let line: Value = serde_json::from_str(run(&["--format", "jsonl"]).trim_end()).unwrap();
    assert_eq!(line, said);
    let refused = said["refused"].as_array().unwrap();
    assert!(
        refused
            .iter()
            .any(|one| one["rule"] == "trail.logging-stopped"
                && one["account"] == MANAGEMENT.id
                && one["why"].to_string().contains("cloudtrail:StartLogging")),
        "{said:#}"
    );
    let blind = said["blind"].as_array().unwrap();
    assert!(
        blind
            .iter()
            .any(|one| one["rule"] == "trail.selectors-weakened"
                && one["resource"].to_string().contains("org-trail")),
        "{said:#}"
    );
    // Functions that never ran are not silently absent.
    let never = blind.iter().filter(|one| one["rule"].is_null());
    assert_eq!(never.count(), 5, "{said:#}");
    // Of those that a stack does without, that is said.
    let said = run(&["--without-role-guard", "--format", "json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    let blind = said["blind"].as_array().unwrap();
    let never = blind.iter().filter(|one| one["rule"].is_null());
    assert_eq!(never.count(), 3, "{said:#}");
    let table = run(&[]);
    for words in [
        "trail.selectors-weakened",
        "all rules of role-guard",
        "refused write",
    ] {
        assert!(table.contains(words), "{words}: {table}");
    }
}
