//! Roles, users and groups, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::story::{self, Ends, Row};
use serde_json::{Value, json};

const FUNCTION: &str = "role-guard";

static ROWS: &[Row] = &[
    Row::back("role.created-open.violation.foreign-account").ends(Ends::Safe(denies_everyone)),
    Row::back("role.trust-opened.violation.foreign-account").ends(Ends::Safe(denies_everyone)),
    Row::back("role.trust-opened.violation.own-and-foreign").ends(Ends::Safe(strangers_are_out)),
    Row::back("role.admin-attached.violation.administrator"),
    Row::back("user.admin-attached.violation.administrator"),
    Row::back("group.admin-attached.violation.administrator"),
    guard("guard-role.changed.violation.boundary-deleted"),
    guard("guard-role.changed.violation.boundary-put"),
    guard("guard-role.changed.violation.deny-all-attached"),
    guard("guard-role.changed.violation.inline-deleted"),
    guard("guard-role.changed.violation.inline-deny"),
    guard("guard-role.changed.violation.policy-detached"),
    guard("guard-role.changed.violation.tagged"),
    guard("guard-role.changed.violation.trust-replaced"),
    guard("guard-role.changed.violation.untagged"),
    guard("guard-role.changed.violation.updated"),
    Row::back("guard-role.deleted.violation.cli").ends(Ends::Untouched("by-hand")),
];

/// A change of one of Auditward's own roles: known only by its baseline.
const fn guard(sample: &'static str) -> Row {
    Row::back(sample).unknown(Ends::Untouched("by-hand"))
}

fn denies_everyone(_: &Value, after: &Value) {
    let statement = &after["trust"]["Statement"][0];
    assert_eq!(statement["Effect"], "Deny");
    assert_eq!(statement["Principal"], json!({"AWS": "*"}));
}

fn strangers_are_out(_: &Value, after: &Value) {
    let trust = after["trust"].to_string();
    assert!(trust.contains("ecs-tasks") && !trust.contains("333333333333"), "{trust}");
}

#[tokio::test]
async fn every_violation_is_put_back_told_once_and_undone() {
    story::all(ROWS, |row| story::put_back(FUNCTION, row)).await;
    story::complete(FUNCTION, ROWS, &[]);
}

#[tokio::test]
async fn without_a_baseline_the_constant_state_is_written_or_a_person_told() {
    story::all(ROWS, |row| story::without_baseline(FUNCTION, row)).await;
}

#[tokio::test]
async fn in_mode_alert_nothing_is_written() {
    story::all(ROWS, |row| story::only_told(FUNCTION, row)).await;
}

#[tokio::test]
async fn failed_calls_are_attempts_and_fold() {
    story::attempts(FUNCTION, &[]).await;
}

#[tokio::test]
async fn harmless_calls_are_left_alone() {
    story::clean(FUNCTION, &[]).await;
}
