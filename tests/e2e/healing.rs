//! What a function cannot heal in itself another heals, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::time::Duration;

use auditward_tests::proxy::{Fault, Match};
use auditward_tests::runtime_api::Outcome;
use auditward_tests::scene::props::{of_self_guard, sample};
use auditward_tests::stage::{Alert, ENFORCE, OWN, Stage};
use auditward_tests::story::{self, outcome_of};
use serde_json::{Value, json};

const SELF: &str = "self-guard";
const HEALER: &str = "trail-guard";

/// How self-guard is cut off while it is there; by the samples of the same done
/// to trail-guard, with the call that heals it.
const CUTS: &[(&str, &str)] = &[
    (
        "guard-function.cut-off.violation.deployed-rule",
        "lambda:AddPermission",
    ),
    (
        "guard-function.throttled.violation.to-nothing",
        "lambda:PutFunctionConcurrency",
    ),
    (
        "guard-rule.disabled.violation.default-bus",
        "events:EnableRule",
    ),
    (
        "guard-rule.targets-removed.violation.cli",
        "events:PutTargets",
    ),
    (
        "guard-schedule.changed.violation.disabled",
        "scheduler:UpdateSchedule",
    ),
];
/// How its parts are taken away.
const DELETIONS: &[&str] = &[
    "guard-rule.deleted.violation.default-bus",
    "guard-schedule.deleted.violation.cli",
];

/// Settings under which no look waits for the event of what it sees first.
fn at_once() -> String {
    format!("{ENFORCE}\n[fuses]\nsettle_seconds = 0\n")
}

/// The event of a sample, about self-guard.
fn about_self_guard(stage: &Stage, name: &str) -> Value {
    let text = of_self_guard(&sample(&format!("{SELF}/{name}")).to_string());
    stage.scene.adapt(&serde_json::from_str(&text).unwrap())
}

/// A stage with what self-guard hangs on, and the events that cut it off.
async fn with_self_guard(settings: &str, samples: &[&str]) -> (Stage, Vec<Value>) {
    let stage = Stage::set(settings).await;
    let events: Vec<Value> = samples
        .iter()
        .map(|name| about_self_guard(&stage, name))
        .collect();
    for event in &events {
        stage.scene.prepare(&stage.moto, event).await;
    }
    (stage, events)
}

async fn live(stage: &Stage, events: &[Value]) -> Vec<Value> {
    let mut all = Vec::new();
    for event in events {
        all.push(stage.look(event).await);
    }
    all
}

async fn cut(stage: &Stage, events: &[Value]) {
    for event in events {
        stage.act(event).await;
    }
}

fn pulse() -> Value {
    json!({"auditward": "pulse"})
}

fn rules(alerts: &[Alert]) -> Vec<&str> {
    let mut rules: Vec<_> = alerts.iter().map(|alert| alert.attribute("rule")).collect();
    rules.sort_unstable();
    rules
}

/// The rule of a sample.
fn rule_of(name: &str) -> String {
    name.split('.').take(2).collect::<Vec<_>>().join(".")
}

#[tokio::test]
async fn what_self_guard_hangs_on_is_back_within_a_pulse_of_another() {
    cut_off_in_every_way_at_once().await;
    deleted().await;
    changed_in_part().await;
    without_a_baseline().await;
    story::complete_for(
        HEALER,
        &["events", "lambda", "scheduler"],
        &[],
        // No drift takes a target away: nobody knows who added it.
        &["events:RemoveTargets"],
    );
}

/// GIVEN baselines, WHEN self-guard is cut off in every way and no event is
/// delivered, THEN one pulse of trail-guard puts each back and tells each once.
async fn cut_off_in_every_way_at_once() {
    let names: Vec<&str> = CUTS.iter().map(|(name, _)| *name).collect();
    let (stage, events) = with_self_guard(&at_once(), &names).await;
    stage.take_baselines(SELF).await;
    let before = live(&stage, &events).await;
    let mut guard = stage.guard(HEALER).await;
    guard.play(&pulse()).await;
    assert_eq!(
        guard.writes(),
        [""; 0],
        "a healthy self-guard is left alone"
    );
    assert_eq!(stage.alerts().await, []);

    cut(&stage, &events).await;
    for (was, is) in before.iter().zip(live(&stage, &events).await) {
        assert_ne!(was, &is);
    }
    guard.play(&pulse()).await;
    assert_eq!(live(&stage, &events).await, before);
    let mut writes = guard.writes();
    writes.sort_unstable();
    let mut calls: Vec<_> = CUTS.iter().map(|(_, call)| *call).collect();
    calls.sort_unstable();
    assert_eq!(writes, calls);
    let alerts = stage.alerts().await;
    let told: Vec<String> = names.iter().map(|name| rule_of(name)).collect();
    assert_eq!(rules(&alerts), told);
    for alert in &alerts {
        assert_eq!(alert.attribute("outcome"), "fixed");
        assert_eq!(alert.attribute("severity"), "critical");
    }
    guard.clear();
    guard.play(&pulse()).await;
    assert_eq!(guard.writes(), [""; 0]);
    guard.done();

    // self-guard lives again: it finds nothing to do, and its sweep neither.
    let mut guard = stage.guard(SELF).await;
    guard.play(&pulse()).await;
    let place = json!({"auditward": "sweep-place", "account": "111111111111", "region": "eu-west-1", "from": 0});
    guard.ask(OWN, &place).await;
    assert_eq!(guard.writes(), [""; 0]);
    assert_eq!(stage.alerts().await, []);
    assert_eq!(stage.documents("case/").await.len(), CUTS.len());
    guard.done();
}

/// GIVEN a rule and a schedule of self-guard that are deleted, THEN they are made
/// again as they were; the rule before its targets.
async fn deleted() {
    let (stage, events) = with_self_guard(&at_once(), DELETIONS).await;
    stage.take_baselines(SELF).await;
    let before = live(&stage, &events).await;
    cut(&stage, &events).await;
    let mut guard = stage.guard(HEALER).await;
    guard.play(&pulse()).await;
    assert_eq!(live(&stage, &events).await, before);
    let mut writes = guard.writes();
    writes.sort_unstable();
    assert_eq!(
        writes,
        [
            "events:PutRule",
            "events:PutTargets",
            "scheduler:CreateSchedule"
        ]
    );
    // Targets go before their rule does: that is an act of its own.
    assert_eq!(
        rules(&stage.alerts().await),
        [
            "guard-rule.deleted",
            "guard-rule.targets-removed",
            "guard-schedule.changed"
        ]
    );
    guard.done();
}

/// GIVEN a statement of self-guard's policy that names another rule now, THEN the
/// recorded one is in its place.
async fn changed_in_part() {
    let (stage, events) = with_self_guard(&at_once(), &[CUTS[0].0]).await;
    stage.take_baselines(SELF).await;
    let before = live(&stage, &events).await;
    cut(&stage, &events).await;
    let api =
        auditward_tests::api::Api::of(&stage.moto, auditward_tests::moto::MANAGEMENT, "eu-west-1")
            .await;
    let asked = &events[0]["detail"]["requestParameters"];
    let statement = json!({"StatementId": asked["statementId"], "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": "arn:aws:events:eu-west-1:111111111111:rule/another"});
    let start = "POST /2015-03-31/functions/auditward-self-guard/policy";
    let (status, said) = api.rest("lambda", start, &statement).await;
    assert!(status < 300, "{said}");
    let mut guard = stage.guard(HEALER).await;
    guard.play(&pulse()).await;
    assert_eq!(
        guard.writes(),
        ["lambda:RemovePermission", "lambda:AddPermission"]
    );
    assert_eq!(live(&stage, &events).await, before);
    assert_eq!(rules(&stage.alerts().await), ["guard-function.cut-off"]);
    guard.done();
}

/// GIVEN nothing but the list of what self-guard found, THEN what is off is
/// switched on.
async fn without_a_baseline() {
    let names = [CUTS[1].0, CUTS[2].0, CUTS[4].0];
    let (stage, events) = with_self_guard(&at_once(), &names).await;
    let arn = |rest: &str| json!({"account": "111111111111", "region": "eu-west-1", "resource": format!("arn:aws:{rest}")});
    let rule = &events[1]["detail"]["requestParameters"]["name"];
    let listed = json!({"resources": [
        arn("lambda:eu-west-1:111111111111:function:auditward-self-guard"),
        arn(&format!("events:eu-west-1:111111111111:rule/{}", rule.as_str().unwrap())),
        arn("scheduler:eu-west-1:111111111111:schedule/default/auditward-self-guard-pulse"),
    ]});
    stage.put("pulse/self-guard", &listed).await;
    let before = live(&stage, &events).await;
    cut(&stage, &events).await;
    let mut guard = stage.guard(HEALER).await;
    guard.play(&pulse()).await;
    let after = live(&stage, &events).await;
    assert_eq!(
        after[0]["reserved"],
        Value::Null,
        "a reserve that nobody knows"
    );
    assert_eq!(after[1..], before[1..]);
    let mut writes = guard.writes();
    writes.sort_unstable();
    assert_eq!(
        writes,
        [
            "events:EnableRule",
            "lambda:DeleteFunctionConcurrency",
            "scheduler:UpdateSchedule"
        ]
    );
    guard.done();
}

/// WHEN both see it in the same moment, THEN it is one write and one alert.
#[tokio::test]
async fn self_guard_and_its_healer_do_not_fight() {
    let (stage, events) = with_self_guard(ENFORCE, &[CUTS[2].0]).await;
    stage.take_baselines(SELF).await;
    let before = live(&stage, &events).await;
    cut(&stage, &events).await;
    let mut one = stage.guard(SELF).await;
    let mut other = stage.guard(HEALER).await;
    for guard in [&one, &other] {
        let slow = Fault::Delay(Duration::from_millis(20));
        guard.proxy.fail(Match::any(), slow);
    }
    let pulse = pulse();
    let (first, second) = tokio::join!(one.attempt(&pulse), other.attempt(&pulse));
    let writes = [one.writes(), other.writes()].concat();
    assert_eq!(writes, ["events:EnableRule"], "{first:?} {second:?}");
    stage.alert().await;
    // Whoever failed is tried again by Lambda, and finds all done.
    for guard in [&mut one, &mut other] {
        guard.clear();
        assert!(matches!(guard.attempt(&pulse).await, Outcome::Response(_)));
        assert_eq!(guard.writes(), [""; 0]);
    }
    assert_eq!(stage.alerts().await, []);
    assert_eq!(live(&stage, &events).await, before);
    assert_eq!(stage.documents("case/").await.len(), 1);
    one.done();
    other.done();
}

/// WHEN the event reaches self-guard, which may only tell, THEN the looks of both
/// join its case, until they may write.
#[tokio::test]
async fn what_an_event_told_no_look_tells_again() {
    let settings = ENFORCE.replace("default = \"enforce\"", "default = \"alert\"");
    let (stage, events) = with_self_guard(&settings, &[CUTS[2].0]).await;
    stage.take_baselines(SELF).await;
    let before = live(&stage, &events).await;
    cut(&stage, &events).await;
    let mut own = stage.guard(SELF).await;
    assert_eq!(outcome_of(&own.play(&events[0]).await), "would-fix");
    assert_eq!(stage.alert().await.attribute("outcome"), "would-fix");
    let mut healer = stage.guard(HEALER).await;
    for guard in [&mut healer, &mut own] {
        guard.play(&pulse()).await;
        assert_eq!(guard.writes(), [""; 0]);
    }
    assert_eq!(stage.alerts().await, []);
    assert_eq!(stage.documents("case/").await.len(), 1);
    healer.done();
    own.done();

    stage.push(ENFORCE).await;
    let mut healer = stage.guard(HEALER).await;
    healer.play(&pulse()).await;
    assert_eq!(live(&stage, &events).await, before);
    assert_eq!(stage.alert().await.attribute("outcome"), "fixed");
    healer.done();
}
