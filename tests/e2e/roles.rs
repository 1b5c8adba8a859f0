//! Roles, users and groups, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::api::Api;
use auditward_tests::moto::MEMBER;
use auditward_tests::stage::{ENFORCE, Stage};
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
    assert!(
        trust.contains("ecs-tasks") && !trust.contains("333333333333"),
        "{trust}"
    );
}

#[tokio::test]
async fn every_violation_is_put_back_told_once_and_undone() {
    story::all(ROWS, |row| story::put_back(FUNCTION, row)).await;
    a_policy_of_ones_own_is_read_before_it_is_judged().await;
    story::complete(FUNCTION, ROWS, &[]);
}

/// GIVEN policies whose text no event shows, THEN the live text decides.
async fn a_policy_of_ones_own_is_read_before_it_is_judged() {
    for sample in story::samples(FUNCTION, "cannot-tell") {
        for effect in ["Deny", "Allow"] {
            let stage = Stage::set(ENFORCE).await;
            let event = stage.event(&sample);
            stage.scene.prepare(&stage.moto, &event).await;
            let statement = json!([{"Effect": effect, "Action": "*", "Resource": "*"}]);
            let version = json!({
                "PolicyArn": event["detail"]["requestParameters"]["policyArn"],
                "PolicyDocument": json!({"Version": "2012-10-17", "Statement": statement}).to_string(),
                "SetAsDefault": true,
            });
            let api = Api::of(&stage.moto, MEMBER, "us-east-1").await;
            let (status, said) = api.iam("CreatePolicyVersion", &version).await;
            assert!(status < 300, "{said}");
            let before = stage.look(&event).await;
            stage.act(&event).await;
            let mut guard = stage.guard(FUNCTION).await;
            let answer = guard.play(&event).await;
            if effect == "Allow" {
                assert_eq!(answer["cases"][0]["outcome"], "fixed", "{sample}: {answer}");
                assert_eq!(stage.look(&event).await, before);
            } else {
                assert_eq!(answer["verdict"], "clean", "{sample}: {answer}");
                assert_eq!((guard.writes(), stage.alerts().await), (vec![], vec![]));
            }
            guard.done();
        }
    }
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
