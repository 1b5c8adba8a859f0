//! System 5, log delivery: destinations, policies, groups with their filters, and
//! the alarms on what is counted.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::api::Api;
use auditward_tests::moto::{MANAGEMENT, MEMBER};
use auditward_tests::scene::REGION;
use auditward_tests::stage::{ENFORCE, Stage};
use auditward_tests::system::{Act, System};
use serde_json::{Value, json};

/// As many changes of one resource as one story takes.
const PATIENCE: &str =
    "[breaker]\nchanges = 50\n[fuses]\nper_rule = 50\noverall = 50\nsettle_seconds = 0\n";
/// A pattern of the stage's settings, and the alarms it stands for: what is named
/// in full is looked at without an event, too.
const ALARMS: [&str; 2] = [
    "\"arn:aws:cloudwatch:eu-west-1:111111111111:alarm:acme-*\"",
    "\"arn:aws:cloudwatch:eu-west-1:111111111111:alarm:acme-cis-root-use\",\n  \
     \"arn:aws:cloudwatch:eu-west-1:111111111111:alarm:acme-cis-trail-changed\"",
];

/// What somebody does, and which fields of what is live that changes.
const ACTS: [(&str, &[&str]); 13] = [
    (
        "log-destination.opened.violation.foreign-account",
        &["destinations > acme-central > accessPolicy > Statement"],
    ),
    (
        "log-destination.changed.violation.foreign-stream",
        &["destinations > acme-central > targetArn"],
    ),
    (
        "log-destination.deleted.violation.cli",
        &["destinations > acme-central"],
    ),
    (
        "log-policy.opened.violation.foreign-account",
        &["policies > acme-dns-queries > policyDocument > Statement"],
    ),
    (
        "log-policy.deleted.violation.dns",
        &["policies > acme-dns-queries"],
    ),
    (
        "subscription.changed.violation.foreign-destination",
        &["groups > /acme/org-trail > subscriptions > metrics-export"],
    ),
    (
        "subscription.changed.violation.central-overwritten",
        &["groups > /acme/org-trail > subscriptions > to-central > destinationArn"],
    ),
    (
        "subscription.deleted.violation.cli",
        &["groups > /acme/org-trail > subscriptions > to-central"],
    ),
    (
        "log-group.retention-shortened.violation.one-day",
        &["groups > /acme/org-trail > retentionInDays"],
    ),
    (
        "log-group.key-changed.violation.foreign-key",
        &["groups > /acme/org-trail > kmsKeyId"],
    ),
    (
        "log-group.key-changed.violation.disassociated",
        &["groups > /acme/org-trail > kmsKeyId"],
    ),
    (
        "metric-filter.changed.violation.deleted",
        &["groups > /acme/org-trail > metrics > root-use"],
    ),
    (
        "alarm.muted.violation.one",
        &["acme-cis-root-use > ActionsEnabled"],
    ),
];

/// What the sweep sees to, with the rule under which it tells of it.
const EACH_HOUR: [(usize, &str); 7] = [
    (1, "log-destination.changed"),
    (4, "log-policy.opened"),
    (7, "subscription.changed"),
    (8, "log-group.retention-shortened"),
    (10, "log-group.key-changed"),
    (11, "metric-filter.changed"),
    (12, "alarm.muted"),
];

/// GIVEN logs on their way to the central account, counted and watched, WHEN
/// somebody cuts, bends or opens the way at any place, THEN it is whole again, or
/// people know.
#[tokio::test]
async fn logs_arrive_whatever_somebody_does_to_their_way() {
    // GIVEN a log group with all that is set on it, a destination, policies and
    // alarms, recorded.
    let settings = ENFORCE.replace(ALARMS[0], ALARMS[1]);
    let stage = Stage::set(&format!("{settings}\n{PATIENCE}")).await;
    let mut acts = Vec::new();
    for (name, changes) in ACTS {
        acts.push(Act::sample(&stage, &format!("log-guard/{name}"), changes));
    }
    acts.push(vended_logs_opened(&stage).await);
    acts.push(filter_counts_less(&stage));
    for act in &acts {
        stage.scene.prepare(&stage.moto, &act.event).await;
    }
    let mut system = System::of(stage, &["trail-guard", "log-guard"]).await;
    system.record().await;
    let whole = system.live(&acts).await;

    // WHEN somebody does each of it, THEN its event has it put back.
    for act in &acts {
        system.suffers(act).await;
    }

    // WHEN the group is deleted, or made again with nothing on it, THEN all that
    // was set on it is set again.
    for (name, changes) in [
        (
            "log-group.deleted.violation.cli",
            &["groups > /acme/org-trail"][..],
        ),
        (
            "log-group.recreated.violation.bare",
            &[
                "groups > /acme/org-trail > kmsKeyId",
                "groups > /acme/org-trail > metrics > root-use",
                "groups > /acme/org-trail > retentionInDays",
                "groups > /acme/org-trail > subscriptions > to-central",
            ],
        ),
    ] {
        let act = Act::sample(&system.stage, &format!("log-guard/{name}"), changes);
        system.suffers(&act).await;
    }

    // WHEN it is done so that no event tells, THEN the sweep has it put back.
    let again = EACH_HOUR.iter().map(|(nth, rule)| Act {
        rule: (*rule).to_owned(),
        ..acts[*nth].clone()
    });
    let again: Vec<_> = again.collect();
    let place =
        json!({"auditward": "sweep-place", "account": MANAGEMENT.id, "region": REGION, "from": 0});
    system.heals_by_looking("log-guard", &place, &again).await;

    // THEN everything is as it was.
    assert_eq!(system.live(&acts).await, whole);

    alarms_that_no_longer_tell_are_told_about(&mut system).await;
    assert_eq!(system.live(&acts).await, whole);
    system.done();
}

/// Vended logs that a member may deliver, and then a stranger, too.
async fn vended_logs_opened(stage: &Stage) -> Act {
    const SAMPLE: &str = "log-guard/delivery-destination.opened.violation.foreign-account";
    let mut opened = Act::sample(stage, SAMPLE, &["vended > Statement"]);
    stage.scene.prepare(&stage.moto, &opened.event).await;
    let asked = &mut opened.event["detail"]["requestParameters"];
    let stranger = asked["deliveryDestinationPolicy"]
        .as_str()
        .unwrap()
        .to_owned();
    let with = |accounts: Value| {
        let mut policy: Value = serde_json::from_str(&stranger).unwrap();
        policy["Statement"][0]["Principal"]["AWS"] = accounts;
        json!(policy.to_string())
    };
    asked["deliveryDestinationPolicy"] = with(json!([MEMBER.id]));
    let api = Api::of(&stage.moto, MANAGEMENT, REGION).await;
    let (status, said) = api
        .json("logs", "PutDeliveryDestinationPolicy", asked)
        .await;
    assert!(status < 300, "{said}");
    asked["deliveryDestinationPolicy"] = with(json!([MEMBER.id, "333333333333"]));
    opened
}

/// A metric filter that counts less than the recorded one.
fn filter_counts_less(stage: &Stage) -> Act {
    let event = stage.event("log-guard/metric-filter.changed.clean.put");
    let changes = ["groups > /acme/org-trail > metrics > root-use > filterPattern"];
    Act::of("log-guard", "metric-filter.changed", event, &changes)
}

/// WHEN an alarm is replaced by one that tells nobody, or deleted, THEN people are
/// told: the record holds nothing of the old one.
async fn alarms_that_no_longer_tell_are_told_about(system: &mut System) {
    const ALARM: &str = "acme-cis-root-use";
    let stage = &system.stage;
    let changed = "log-guard/alarm.changed.violation.actions-off";
    let changed = Act::sample(stage, changed, &["acme-cis-root-use > ActionsEnabled"]);
    let deleted = "log-guard/alarm.deleted.violation.two";
    let mut deleted = Act::sample(stage, deleted, &[ALARM]);
    deleted.event["detail"]["requestParameters"]["alarmNames"] = json!([ALARM]);
    for (act, severity) in [(changed, "high"), (deleted, "high")] {
        let alert = system.suffers(&act.clone().told("by-hand")).await;
        assert_eq!(alert.attribute("severity"), severity);
        assert!(alert.finding.to_string().contains(ALARM), "{alert:?}");
        // A person puts the alarm back.
        system
            .stage
            .scene
            .prepare(&system.stage.moto, &act.event)
            .await;
    }
}
