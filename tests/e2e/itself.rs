//! System 6, Auditward itself: whatever somebody takes away of it comes back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::api::Api;
use auditward_tests::look::messages::subscribers;
use auditward_tests::moto::MANAGEMENT;
use auditward_tests::scene::REGION;
use auditward_tests::stage::{ENFORCE, Stage};
use auditward_tests::system::{Act, System};
use serde_json::json;

/// As many changes of one resource as one story takes.
const PATIENCE: &str =
    "[breaker]\nchanges = 50\n[fuses]\nper_rule = 50\noverall = 50\nsettle_seconds = 0\n";

/// What somebody does, and which fields of what is live that changes.
const ACTS: [(&str, &[&str]); 15] = [
    ("guard-rule.disabled.violation.default-bus", &["state"]),
    ("guard-rule.targets-removed.violation.cli", &["targets"]),
    (
        "guard-rule.changed.violation.narrowed",
        &["pattern > detail > eventName"],
    ),
    (
        "guard-rule.deleted.violation.default-bus",
        &["pattern", "state", "targets"],
    ),
    (
        "guard-function.throttled.violation.to-nothing",
        &["reserved"],
    ),
    (
        "guard-function.cut-off.violation.deployed-rule",
        &["policy > auditward-TrailGuardTrailsPermission-3HM8WZ5RT1YE"],
    ),
    (
        "topic.policy-opened.violation.alert-topic",
        &["policy > Statement"],
    ),
    (
        "topic.policy-weakened.violation.silenced",
        &["policy > Statement"],
    ),
    (
        "subscription.filtered.violation.nothing-passes",
        &["attributes > FilterPolicy"],
    ),
    (
        "queue.settings-changed.violation.retention",
        &["attributes > MessageRetentionPeriod"],
    ),
    (
        "queue.policy-opened.violation.dead-letters",
        &["policy > Statement"],
    ),
    ("table.unprotected.violation.cli", &["protected"]),
    ("table.recovery-off.violation.cli", &["recovery"]),
    ("guard-schedule.changed.violation.disabled", &["State"]),
    ("guard-schedule.deleted.violation.cli", &["all"]),
];

/// What the pulse sees to, with the rule under which it tells of it.
const EACH_MINUTE: [(usize, &str); 3] = [
    (0, "guard-rule.disabled"),
    (1, "guard-rule.targets-removed"),
    (4, "guard-function.throttled"),
];
/// What the sweep sees to.
const EACH_HOUR: [(usize, &str); 7] = [
    (5, "guard-function.cut-off"),
    (6, "topic.policy-opened"),
    (8, "subscription.filtered"),
    (9, "queue.settings-changed"),
    (11, "table.unprotected"),
    (12, "table.recovery-off"),
    (13, "guard-schedule.changed"),
];

/// GIVEN Auditward as it is deployed, WHEN somebody takes it apart piece by piece,
/// THEN self-guard puts each piece back: by the event, by its pulse or by its
/// sweep; what nobody can put back it tells.
#[tokio::test]
async fn auditward_keeps_itself_whole() {
    // GIVEN its rules, functions, topic, queues, table and schedules, recorded.
    let stage = Stage::set(&format!("{ENFORCE}\n{PATIENCE}")).await;
    let mut acts = Vec::new();
    for (name, changes) in ACTS {
        let act = Act::sample(&stage, &format!("self-guard/{name}"), changes);
        stage.scene.prepare(&stage.moto, &act.event).await;
        acts.push(act);
    }
    let mut system = System::of(stage, &["trail-guard", "self-guard"]).await;
    system.record().await;
    let whole = system.live(&acts).await;

    // WHEN somebody does each of it, THEN its event has it put back.
    for act in &acts {
        system.suffers(act).await;
    }

    // WHEN it is done so that no event tells, THEN the pulse or the sweep has it
    // put back.
    let unseen = |which: &[(usize, &str)]| -> Vec<Act> {
        let again = which.iter().map(|(nth, rule)| Act {
            rule: (*rule).to_owned(),
            ..acts[*nth].clone()
        });
        again.collect()
    };
    let pulse = json!({"auditward": "pulse"});
    let place =
        json!({"auditward": "sweep-place", "account": MANAGEMENT.id, "region": REGION, "from": 0});
    for act in unseen(&EACH_MINUTE) {
        system.heals_by_looking("self-guard", &pulse, &[act]).await;
    }
    system
        .heals_by_looking("self-guard", &place, &unseen(&EACH_HOUR))
        .await;

    // THEN everything is as it was.
    assert_eq!(system.live(&acts).await, whole);

    dead_letters_that_are_gone_are_told(&mut system).await;
    whoever_is_no_longer_told_is_told_about(&mut system).await;
    system.done();
}

/// WHEN the dead letters are purged, THEN nobody can bring them back, and people
/// know.
async fn dead_letters_that_are_gone_are_told(system: &mut System) {
    let purged = Act::sample(
        &system.stage,
        "self-guard/queue.purged.violation.dead-letters",
        &[],
    );
    let api = Api::of(&system.stage.moto, MANAGEMENT, REGION).await;
    let url = purged.event["detail"]["requestParameters"]["queueUrl"].clone();
    let letter = json!({"QueueUrl": url, "MessageBody": "what a function failed on"});
    let (status, said) = api.json("sqs", "SendMessage", &letter).await;
    assert!(status < 300, "{said}");
    let waiting = async || {
        let asked = json!({"QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages"]});
        let (_, found) = api.json("sqs", "GetQueueAttributes", &asked).await;
        found["Attributes"]["ApproximateNumberOfMessages"].clone()
    };
    assert_eq!(waiting().await, "1");
    let alert = system.suffers(&purged.told("by-hand")).await;
    assert_eq!(waiting().await, "0");
    assert_eq!(alert.attribute("severity"), "high");
}

/// WHEN whoever is on call is unsubscribed, THEN those who are left are told, and
/// nobody minds that a person subscribes the same queue again.
async fn whoever_is_no_longer_told_is_told_about(system: &mut System) {
    let stage = &system.stage;
    let api = Api::of(&stage.moto, MANAGEMENT, REGION).await;
    let topic = stage.scene.topic_arn.clone();
    let endpoints = async || {
        let all = subscribers(&api, &topic).await.into_iter();
        let mut all: Vec<_> = all.map(|(_, endpoint)| endpoint).collect();
        all.sort();
        all
    };
    let before = endpoints().await;
    let removed = Act::sample(
        stage,
        "self-guard/subscription.removed.violation.on-call",
        &["attributes > RawMessageDelivery", "there"],
    );
    system.suffers(&removed.told("by-hand")).await;
    assert_eq!(endpoints().await.len() + 1, before.len());

    let mut again = system
        .stage
        .event("self-guard/subscription.made.clean.own-queue");
    let on_call = format!("arn:aws:sqs:{REGION}:{}:on-call", MANAGEMENT.id);
    again["detail"]["requestParameters"]["endpoint"] = json!(on_call);
    again["detail"]["requestParameters"]["topicArn"] = json!(topic);
    system.stage.act(&again).await;
    let answer = system.guard("self-guard").play(&again).await;
    assert_eq!(answer["verdict"], "clean", "{answer}");
    assert_eq!(endpoints().await, before);
    assert_eq!(system.stage.alerts().await, []);
}
