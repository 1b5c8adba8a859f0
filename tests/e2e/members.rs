//! Other accounts and regions: what is found there, and members that do not answer. How
//! things are put back there is each suite's story `elsewhere`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::api::Api;
use auditward_tests::moto::{MANAGEMENT, MEMBER};
use auditward_tests::scene::{REGION, TRAIL};
use auditward_tests::stage::{ENFORCE, OPERATOR, Stage};
use serde_json::{Value, json};

#[tokio::test]
async fn a_member_that_lets_nobody_in_is_told_about() {
    use auditward_tests::proxy::{Fault, Match};
    let stage = Stage::set(ENFORCE).await;
    let event = stage.event("trail-guard/trail.logging-stopped.violation.member-trail");
    stage.scene.prepare(&stage.moto, &event).await;
    stage.act(&event).await;
    let mut guard = stage.guard("trail-guard").await;
    guard
        .proxy
        .fail(Match::action("sts", "AssumeRole"), Fault::AccessDenied);
    let answer = guard.play(&event).await;
    assert_eq!(answer["cases"][0]["outcome"], "failed", "{answer}");
    let alert = stage.alert().await;
    assert_eq!(alert.attribute("outcome"), "failed");
    assert!(
        alert.finding["unmapped"]["because"]
            .to_string()
            .contains("sts:AssumeRole")
    );
    guard.done();
}

/// Another region, and settings that look there, too.
const ELSEWHERE: &str = "ap-southeast-2";

fn looking() -> String {
    ENFORCE
        .replace("[ours]\n", &format!("[ours]\nregions = [\"{ELSEWHERE}\"]\n"))
        .replace(
            "[protected]\nresources = [\n",
            &format!(
                "[protected]\nresources = [\n\"arn:aws:logs:{ELSEWHERE}:{}:log-group:/member/*\",\n",
                MEMBER.id
            ),
        )
}

/// A trail, a log group and a role of the guard in the member account, of which no
/// event ever told; gives the event that would tell that the trail was stopped.
async fn unheard_of(stage: &Stage) -> Value {
    let event = stage.event("trail-guard/trail.logging-stopped.violation.member-trail");
    let event = event.to_string().replace(REGION, ELSEWHERE);
    let event: Value = serde_json::from_str(&event).unwrap();
    stage.scene.prepare(&stage.moto, &event).await;
    // The trail at home is the organization's: the member sees its shadow.
    let home = Api::of(&stage.moto, MANAGEMENT, REGION).await;
    let ours = json!({"Name": TRAIL, "IsOrganizationTrail": true});
    let (status, said) = home.json("cloudtrail", "UpdateTrail", &ours).await;
    assert!(status < 300, "{said}");
    let there = Api::of(&stage.moto, MEMBER, ELSEWHERE).await;
    let group = json!({"logGroupName": "/member/app"});
    let (status, said) = there.json("logs", "CreateLogGroup", &group).await;
    assert!(status < 300, "{said}");
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{}:root", MANAGEMENT.id)},
        "Action": "sts:AssumeRole"}]});
    let role =
        json!({"RoleName": "auditward-member", "AssumeRolePolicyDocument": trust.to_string()});
    let (status, said) = there.iam("CreateRole", &role).await;
    assert!(status < 300, "{said}");
    event
}

/// GIVEN what no event ever mentioned in another account and region, WHEN a sweep
/// finds it, THEN it has a baseline that nobody confirmed, and a trail that is
/// stopped there later is logging again with the next sweep.
#[tokio::test]
async fn what_no_event_mentioned_is_found_in_every_account_and_region() {
    let stage = Stage::set(&looking()).await;
    let event = unheard_of(&stage).await;
    let mut found = Vec::new();
    for (function, kind, resource) in [
        ("trail-guard", "trail-logging", "trail/"),
        ("log-guard", "log-group", "log-group:/member/app"),
        ("role-guard", "role-trust", "role/auditward-member"),
    ] {
        let mut guard = stage.guard(function).await;
        guard.sweep().await;
        guard.done();
        let prefix = format!("baseline/{kind}/{}/", MEMBER.id);
        let taken = stage.documents(&prefix).await;
        let (key, baseline) = taken
            .iter()
            .find(|(key, _)| key.contains(resource))
            .unwrap_or_else(|| panic!("{function} found no {resource}: {taken:?}"));
        assert_eq!(baseline["confirmed"], false, "{key}");
        found.push(key.clone());
    }
    // The organization's trail is at home in one region of its owner's account, and
    // seen as a shadow in all others.
    let inventory = stage.documents("inventory").await;
    let trails = inventory["inventory"]["trails"].as_array().unwrap().len();
    assert_eq!(trails, 2, "{inventory:?}");
    let guarded = stage.documents("guarded/trail-guard/").await;
    let places: Vec<_> = guarded.keys().map(String::as_str).collect();
    assert_eq!(
        places,
        [
            "guarded/trail-guard/111111111111/eu-west-1",
            "guarded/trail-guard/222222222222/ap-southeast-2",
        ]
    );

    stage.alerts().await;
    let before = stage.look(&event).await;
    stage.act(&event).await;
    assert_ne!(stage.look(&event).await, before);
    let mut guard = stage.guard("trail-guard").await;
    guard.sweep().await;
    assert_eq!(stage.look(&event).await, before);
    let alert = stage.alert().await;
    let told = ["rule", "account", "region", "outcome"].map(|name| alert.attribute(name));
    assert_eq!(
        told,
        ["trail.logging-stopped", MEMBER.id, ELSEWHERE, "fixed"]
    );
    guard.done();
}

/// GIVEN a member that lets nobody in, THEN everything else is swept, and one
/// report tells of it, whichever function comes to tell it first.
#[tokio::test]
async fn a_member_that_lets_nobody_in_hinders_no_sweep_and_is_told_once() {
    use auditward_tests::proxy::{Fault, Match};
    let stage = Stage::set(&looking()).await;
    unheard_of(&stage).await;
    let mut alerts = Vec::new();
    for _ in 0..2 {
        for function in ["trail-guard", "log-guard", "role-guard"] {
            let mut guard = stage.guard(function).await;
            guard
                .proxy
                .fail(Match::action("sts", "AssumeRole"), Fault::AccessDenied);
            let made = guard.sweep().await;
            assert!(made.values().flatten().any(|call| !call.starts_with("sts")));
            guard.done();
        }
        alerts.extend(stage.alerts().await);
    }
    let closed: Vec<_> = alerts
        .iter()
        .filter(|alert| alert.finding.to_string().contains("not let in"))
        .collect();
    assert_eq!(closed.len(), 1, "{alerts:#?}");
    assert!(closed[0].finding.to_string().contains(MEMBER.id));
    assert_eq!(stage.documents("guarded/trail-guard/1").await.len(), 1);
}

/// A function, an account, a region, and how many calls one sweep of the scene
/// takes there, once all is known: what that account's log has of it.
const CALLS: [(&str, &str, &str, usize); 13] = [
    ("trail-guard", "111111111111", "ap-southeast-2", 1),
    ("trail-guard", "111111111111", "eu-west-1", 12),
    ("trail-guard", "222222222222", "ap-southeast-2", 8),
    ("trail-guard", "222222222222", "eu-west-1", 1),
    ("bucket-guard", "111111111111", "eu-west-1", 18),
    ("bucket-guard", "222222222222", "ap-southeast-2", 14),
    ("bucket-guard", "222222222222", "eu-west-1", 3),
    ("role-guard", "111111111111", "us-east-1", 8),
    ("role-guard", "222222222222", "us-east-1", 8),
    ("log-guard", "111111111111", "ap-southeast-2", 3),
    ("log-guard", "111111111111", "eu-west-1", 8),
    ("log-guard", "222222222222", "ap-southeast-2", 10),
    ("log-guard", "222222222222", "eu-west-1", 3),
];

/// GIVEN the scene, THEN a sweep takes no more calls than the README says.
#[tokio::test]
async fn a_sweep_takes_few_calls() {
    let stage = Stage::set(&looking()).await;
    unheard_of(&stage).await;
    let mut made = Vec::new();
    for function in ["trail-guard", "bucket-guard", "role-guard", "log-guard"] {
        let mut guard = stage.guard(function).await;
        let wish = json!({"auditward": "take-baselines"});
        guard.ask(OPERATOR, &wish).await;
        guard.sweep().await;
        for ((account, region), calls) in guard.sweep().await {
            eprintln!("{function} {account} {region}: {calls:?}");
            made.push((function, account, region, calls.len()));
        }
        guard.done();
    }
    let made: Vec<_> = made
        .iter()
        .map(|(function, account, region, count)| (*function, &**account, &**region, *count))
        .collect();
    assert_eq!(made, CALLS);
}
