//! The organization, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::stage::{ENFORCE, Stage, acted};
use auditward_tests::story::{self, Ends, Row};
use serde_json::{Value, json};

const FUNCTION: &str = "organization-guard";

static ROWS: &[Row] = &[
    Row::back("trusted-access.disabled.violation.cloudtrail").for_good(),
    Row::back("trusted-access.disabled.violation.config").for_good(),
    Row::back("trusted-access.disabled.violation.guardduty").for_good(),
    Row::back("delegated-admin.deregistered.violation.guardduty"),
    Row::back("guardrail.detached.violation.unit"),
    Row::back("guardrail.detached.violation.account"),
    Row::back("guardrail.detached.violation.root"),
    Row::back("guardrail.attached.cannot-tell.unit"),
    Row::back("guardrail.weakened.violation.emptied").unknown(Ends::Untouched("by-hand")),
    Row::back("guardrail.weakened.cannot-tell.statement-lost").unknown(Ends::Untouched("by-hand")),
    Row::back("guardrail.weakened.cannot-tell.account-spared")
        .known(Ends::Safe(denies_as_much))
        .unknown(Ends::Untouched("by-hand")),
    Row::back("policy-type.disabled.violation.service-control")
        .unknown(Ends::Safe(is_enabled))
        .for_good(),
    Row::back("policy-type.disabled.violation.resource-control")
        .unknown(Ends::Safe(is_enabled))
        .for_good(),
    Row::back("account.moved.cannot-tell.to-sandbox"),
    Row::back("account.moved.cannot-tell.to-root"),
];

/// What only recorded exchanges prove (`recorded/organizations.rs`).
const RECORDED: &[&str] = &[
    "cloudtrail:DeregisterOrganizationDelegatedAdmin",
    "cloudtrail:RegisterOrganizationDelegatedAdmin",
    "organizations:CancelHandshake",
    "organizations:DeleteResourcePolicy",
    "organizations:DescribeHandshake",
    "organizations:PutResourcePolicy",
];

/// Clean calls that moto does not know, or that are another service's.
const UNACTED: &[&str] = &[
    "handshake.accepted.clean.all-features",
    "handshake.accepted.clean.organization",
    "organization.policy-opened.clean.own-account",
    "organizational-unit.renamed.clean.same-name",
    "security-contact.deleted.clean.billing",
    "security-contact.replaced.clean.operations",
];

/// Every known statement is there again; the later one may stay.
fn denies_as_much(before: &Value, after: &Value) {
    let statements = |state: &Value| -> Vec<Value> {
        let says = &state["says"]["\"p-9f2kd81x\""]["Statement"];
        says.as_array().unwrap().clone()
    };
    let now: Vec<_> = statements(after)
        .iter()
        .map(|one| one["Condition"].clone())
        .collect();
    for known in statements(before) {
        assert!(now.contains(&known["Condition"]), "{known} not in {now:?}");
    }
}

fn is_enabled(before: &Value, after: &Value) {
    assert_eq!(before["types"], after["types"]);
}

/// Who is no administrator on the stage.
const UNGUARDED: &[&str] = &["delegated-admin.deregistered.attempt.not-registered"];

auditward_tests::stories! {
    function: FUNCTION,
    services: &[],
    rows: [ROWS],
    unguarded: UNGUARDED,
    unacted: UNACTED,
}

#[tokio::test]
async fn every_violation_is_put_back_told_once_and_undone() {
    story::all(ROWS, |row| story::put_back(FUNCTION, row)).await;
    story::complete(FUNCTION, ROWS, RECORDED);
}

/// GIVEN an account that is moved to where more is denied, THEN that is clean.
#[tokio::test]
async fn an_account_may_be_moved_into_quarantine() {
    let sample = format!("{FUNCTION}/account.moved.cannot-tell.to-quarantine");
    let (stage, mut guard, event) = acted(ENFORCE, &sample).await;
    let answer = guard.play(&event).await;
    assert_eq!(answer["verdict"], "clean", "{answer}");
    assert_eq!((guard.writes(), stage.alerts().await), (vec![], vec![]));
    guard.done();
}

/// GIVEN a policy that AWS's event history does not know to be attached by the
/// event, THEN nobody detaches it.
#[tokio::test]
async fn what_the_event_history_does_not_confirm_is_not_detached() {
    let stage = Stage::set(ENFORCE).await;
    let event = stage.event(&format!("{FUNCTION}/guardrail.attached.cannot-tell.unit"));
    stage.act(&event).await;
    let other = stage.scene.adapt(&event);
    let mut guard = stage.guard(FUNCTION).await;
    guard.attempt(&other).await;
    assert_eq!(guard.writes(), [""; 0]);
    guard.done();
}

/// GIVEN baselines were taken, THEN all functions know whose accounts are ours
/// and which policies guard.
#[tokio::test]
async fn accounts_and_guardrails_are_found() {
    let stage = Stage::set(ENFORCE).await;
    stage.take_baselines(FUNCTION).await;
    let inventory = stage
        .documents("inventory")
        .await
        .remove("inventory")
        .unwrap();
    assert_eq!(
        inventory["accounts"],
        json!(["111111111111", "222222222222"])
    );
    let others = inventory["others"].to_string();
    assert!(
        others.contains("service_control_policy/p-9f2kd81x"),
        "{others}"
    );
    assert!(!others.contains("p-z7w40qme"), "{others}");
}
