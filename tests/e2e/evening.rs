//! Whole stories: an evening of an attacker, and what no event ever told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::stage::{ENFORCE, OPERATOR, OWN, Stage};
use serde_json::{Value, json};

/// What somebody does in one evening, each with its function's sample.
const EVENING: [&str; 7] = [
    "trail-guard/trail.deleted.violation.by-name",
    "bucket-guard/bucket.replication-deleted.violation.log-bucket",
    "bucket-guard/bucket.policy-deleted.violation.log-bucket",
    "role-guard/role.trust-opened.violation.own-and-foreign",
    "log-guard/subscription.deleted.violation.cli",
    "organization-guard/trusted-access.disabled.violation.cloudtrail",
    "self-guard/guard-rule.disabled.violation.default-bus",
];
/// And what AWS denies at the end of it.
const LEAVES: &str = "organization-guard/organization.left.attempt.denied";

fn function_of(sample: &str) -> &'static str {
    let name = sample.split('/').next().unwrap();
    auditward_tests::scene::FUNCTIONS
        .into_iter()
        .find(|function| *function == name)
        .unwrap()
}

async fn baselines(stage: &Stage) {
    for function in auditward_tests::scene::FUNCTIONS {
        let mut guard = stage.guard(function).await;
        guard
            .ask(OPERATOR, &json!({"auditward": "take-baselines"}))
            .await;
        guard.done();
    }
    stage.alerts().await;
}

/// What is live of everything that the evening was about, without what an
/// opened trust policy may keep: only its strangers must go.
async fn live(stage: &Stage, events: &[(String, Value)]) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (sample, event) in events {
        all.push((sample.clone(), stage.look(event).await));
    }
    all
}

/// GIVEN an evening of bad acts, WHEN their events come late, twice and in the
/// wrong order, THEN all is safe at the end, with one case and one alert an act.
#[tokio::test]
async fn an_evening_of_bad_acts_ends_safe_with_one_alert_each() {
    let stage = Stage::set(ENFORCE).await;
    let mut events: Vec<(String, Value)> = Vec::new();
    for sample in EVENING {
        let event = stage.event(sample);
        stage.scene.prepare(&stage.moto, &event).await;
        events.push((sample.to_owned(), event));
    }
    baselines(&stage).await;
    let before = live(&stage, &events).await;
    for (_, event) in &events {
        stage.act(event).await;
    }
    events.push((LEAVES.to_owned(), stage.event(LEAVES)));

    let mut alerts = Vec::new();
    for _ in 0..2 {
        for (sample, event) in events.iter().rev() {
            let mut guard = stage.guard(function_of(sample)).await;
            guard.play(event).await;
            guard.done();
            alerts.extend(stage.alerts().await);
        }
    }
    events.pop();
    for ((sample, was), (_, is)) in before.iter().zip(live(&stage, &events).await) {
        if sample.contains("trust-opened") {
            assert!(!is["trust"].to_string().contains("333333333333"), "{is}");
        } else {
            assert_eq!(was, &is, "{sample}");
        }
    }
    let mut told: Vec<&str> = alerts.iter().map(|alert| alert.attribute("rule")).collect();
    told.sort_unstable();
    let mut expected: Vec<String> = EVENING
        .iter()
        .chain([&LEAVES])
        .map(|sample| {
            let name = sample.split_once('/').unwrap().1;
            name.split('.').take(2).collect::<Vec<_>>().join(".")
        })
        .collect();
    expected.sort_unstable();
    assert_eq!(told, expected, "one alert an act");
    assert_eq!(stage.documents("case/").await.len(), expected.len());
}

/// GIVEN a trail that is stopped and selects nothing, WHEN no event tells of it,
/// THEN one pulse brings it back, and the sweep finds nothing more to do.
#[tokio::test]
async fn what_no_event_told_is_found_within_a_pulse() {
    let stage = Stage::set(ENFORCE).await;
    baselines(&stage).await;
    let event = stage.event("trail-guard/trail.logging-stopped.violation.by-arn");
    let before = stage.look(&event).await;
    stage.act(&event).await;
    let mut guard = stage.guard("trail-guard").await;
    guard.play(&json!({"auditward": "pulse"})).await;
    assert_eq!(stage.look(&event).await, before);
    let alert = stage.alert().await;
    assert_eq!(alert.attribute("rule"), "trail.logging-stopped");
    guard.clear();
    guard.play(&json!({"auditward": "pulse"})).await;
    guard.sweep().await;
    assert_eq!(guard.writes(), [""; 0]);
    assert_eq!(stage.alerts().await, []);
    guard.done();
}

/// GIVEN a guarded bucket that lost its public access block unseen, THEN the
/// sweep puts the confirmed baseline back; what nobody confirmed it only tells.
#[tokio::test]
async fn a_sweep_puts_back_only_what_somebody_confirmed() {
    // No look waits for the event of what it sees first.
    let at_once = format!("{ENFORCE}\n[fuses]\nsettle_seconds = 0\n");
    for confirmed in [true, false] {
        let stage = Stage::set(&at_once).await;
        let event =
            stage.event("bucket-guard/bucket.public-access-block-deleted.violation.log-bucket");
        stage.scene.prepare(&stage.moto, &event).await;
        let mut trails = stage.guard("trail-guard").await;
        trails.sweep().await;
        trails.done();
        let mut guard = stage.guard("bucket-guard").await;
        let place = json!({"auditward": "sweep-place", "account": "111111111111", "region": "eu-west-1", "from": 0});
        if confirmed {
            guard
                .ask(OPERATOR, &json!({"auditward": "take-baselines"}))
                .await;
        } else {
            guard.sweep().await;
        }
        stage.alerts().await;
        let before = stage.look(&event).await;
        stage.act(&event).await;
        let bad = stage.look(&event).await;
        assert_ne!(before, bad);
        guard.ask(OWN, &place).await;
        let alert = stage.alert().await;
        let after = stage.look(&event).await;
        if confirmed {
            assert_eq!((alert.attribute("outcome"), after), ("fixed", before));
        } else {
            assert_eq!((alert.attribute("outcome"), &after), ("would-fix", &bad));
            let resource = "arn:aws:s3:::acme-org-trail-logs";
            let wish = json!({"auditward": "fix", "resource": resource});
            guard.ask(OPERATOR, &wish).await;
            assert_eq!(stage.look(&event).await, before, "an operator's word");
        }
        guard.done();
    }
}
