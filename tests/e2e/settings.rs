//! What the settings hold back, accept and excuse, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::api::Api;
use auditward_tests::scene::{REGION, account_named};
use auditward_tests::stage::{ENFORCE, Stage, acted};
use auditward_tests::story::{by, outcome_of};
use serde_json::json;

const STOP: &str = "trail-guard/trail.logging-stopped.violation.by-arn";
const OPENED: &str = "bucket-guard/bucket.policy-opened.violation.own-and-foreign";
const ROLE: &str = "arn:aws:iam::111111111111:role/deploy/pipeline";

/// What people are told, and nothing is written.
async fn held_back(settings: &str, because: &str) {
    let (stage, mut guard, event) = acted(&format!("{ENFORCE}\n{settings}"), OPENED).await;
    let event = by(
        event,
        "arn:aws:iam::222222222222:role/emergency",
        "AROAEXAMPLEEMERGENCY1",
    );
    let answer = guard.play(&event).await;
    assert_eq!(outcome_of(&answer), "would-fix", "{because}: {answer}");
    assert_eq!(guard.writes(), [""; 0], "{because}");
    let alerts = stage.alerts().await;
    let told = alerts
        .iter()
        .find(|alert| alert.attribute("rule") == "bucket.policy-opened")
        .unwrap();
    assert!(
        told.finding["unmapped"]["because"]
            .to_string()
            .contains(because),
        "{told:?}"
    );
    let critical = alerts
        .iter()
        .any(|alert| alert.attribute("severity") == "critical");
    assert_eq!(critical, because != "a pause is on", "{because}");
    assert_eq!(
        alerts.len(),
        1 + usize::from(because == "the kill switch is on")
    );
    guard.done();
}

#[tokio::test]
async fn a_pause_the_kill_switch_and_break_glass_hold_writes_back() {
    let now = chrono::Utc::now();
    let (from, until) = (
        now - chrono::Duration::minutes(5),
        now + chrono::Duration::hours(1),
    );
    let (from, until) = (
        from.format("%Y-%m-%dT%H:%M:%SZ"),
        until.format("%Y-%m-%dT%H:%M:%SZ"),
    );
    held_back(
        &format!("[[pauses]]\naccount = \"222222222222\"\nfrom = {from}\nuntil = {until}\nreason = \"move\"\n"),
        "a pause is on",
    )
    .await;
    held_back(
        &format!("[kill_switch]\nby = \"alice\"\nreason = \"it runs wild\"\nuntil = {until}\n"),
        "the kill switch is on",
    )
    .await;
    held_back(
        "[[break_glass]]\nprincipal = \"arn:aws:iam::222222222222:role/emergency\"\nunique_id = \"AROAEXAMPLEEMERGENCY1\"\nreason = \"sealed\"\n",
        "break-glass",
    )
    .await;
}

#[tokio::test]
async fn settings_that_cannot_be_read_switch_evidence_on_and_nothing_else() {
    for (sample, expected) in [(STOP, "fixed"), (OPENED, "would-fix")] {
        let (stage, mut guard, event) = acted("[mode", sample).await;
        assert_eq!(outcome_of(&guard.play(&event).await), expected);
        assert_eq!(guard.writes().is_empty(), expected == "would-fix");
        let alerts = stage.alerts().await;
        let of = |rule: &str| {
            let mut alerts = alerts.iter();
            alerts
                .find(|alert| alert.attribute("rule") == rule)
                .cloned()
        };
        assert_eq!(alerts.len(), 2, "{alerts:?}");
        let about = sample.split('/').nth(1).unwrap();
        let about = about.split(".violation").next().unwrap();
        assert_eq!(of(about).unwrap().attribute("outcome"), expected);
        let unusable = of("auditward").unwrap();
        assert!(
            unusable.subject.contains("settings cannot be used"),
            "{unusable:?}"
        );
        guard.done();
    }
}

#[tokio::test]
async fn an_exception_is_kept_to() {
    let exception = "\n[[exceptions]]\nrule = \"bucket.policy-opened\"\nresource = \"arn:aws:s3:::acme-payments-*\"\n\
        actor = \"arn:aws:iam::111111111111:role/deploy/*\"\nreason = \"a partner\"\nuntil = 2099-01-01\n";
    let (stage, mut guard, event) = acted(&format!("{ENFORCE}{exception}"), OPENED).await;
    let answer = guard
        .play(&by(event.clone(), ROLE, "AROAEXAMPLEDEPLOYER01"))
        .await;
    assert_eq!(answer["verdict"], "clean", "{answer}");
    assert_eq!((guard.writes(), stage.alerts().await), (vec![], vec![]));
    // Somebody else is not excepted.
    let answer = guard.play(&stage.scene.adapt(&event)).await;
    assert_eq!(outcome_of(&answer), "fixed");
    guard.done();
}

#[tokio::test]
async fn what_a_deployer_changes_is_accepted_and_learnt_from_the_event() {
    let deployer = format!("\n[[deployers]]\nprincipal = \"{ROLE}\"\nreason = \"the pipeline\"\n");
    let stage = Stage::set(&format!("{ENFORCE}{deployer}")).await;
    stage.take_baselines("trail-guard").await;
    let event = stage.event("trail-guard/trail.weakened.violation.one-region");
    stage.act(&event).await;
    let mut guard = stage.guard("trail-guard").await;
    let answer = guard
        .play(&by(event.clone(), ROLE, "AROAEXAMPLEDEPLOYER01"))
        .await;
    assert_eq!(answer["verdict"], "clean", "{answer}");
    assert_eq!((guard.writes(), stage.alerts().await), (vec![], vec![]));
    let baselines = stage.documents("baseline/trail-config/").await;
    let baseline = baselines.values().next().unwrap();
    assert_eq!(
        baseline["state"]["multi_region"]
            .as_bool()
            .or(baseline["state"]["multi-region"].as_bool()),
        Some(false),
        "{baseline:#}"
    );
    assert_eq!(baseline["by"], ROLE);
    // A grant to a stranger is not accepted from a deployer either.
    let (opened, mut buckets) = (stage.event(OPENED), stage.guard("bucket-guard").await);
    stage.scene.prepare(&stage.moto, &opened).await;
    stage.act(&opened).await;
    let answer = buckets
        .play(&by(opened, ROLE, "AROAEXAMPLEDEPLOYER01"))
        .await;
    assert_eq!(
        outcome_of(&answer),
        "waiting",
        "a deployment has time to settle: {answer}"
    );
    guard.done();
}

#[tokio::test]
async fn a_deployment_has_time_to_settle() {
    let (stage, mut guard, mut event) = acted(ENFORCE, OPENED).await;
    event["detail"]["userIdentity"]["invokedBy"] = json!("cloudformation.amazonaws.com");
    let answer = guard.play(&event).await;
    assert_eq!(outcome_of(&answer), "waiting", "{answer}");
    assert_eq!((guard.writes(), stage.alerts().await), (vec![], vec![]));
    let later = guard.later();
    assert_eq!(later.len(), 2);
    // When it has settled and is still open, it is closed.
    stage
        .push(&format!("{ENFORCE}\n[fuses]\nsettle_seconds = 0\n"))
        .await;
    let mut settled = stage.guard("bucket-guard").await;
    assert_eq!(outcome_of(&settled.play(&later[0]).await), "fixed");
    assert_eq!(stage.alert().await.attribute("outcome"), "fixed");
    settled.done();
}

#[tokio::test]
async fn the_alert_names_the_stack_that_did_it() {
    let stage = Stage::set(&ENFORCE.replace("enforce", "alert")).await;
    let trusting = "role-guard/role.trust-opened.violation.own-and-foreign";
    let mut event = stage.event(trusting);
    let role = event["detail"]["requestParameters"]["roleName"].clone();
    // IAM's events come from its one region, wherever the stack is.
    let account = account_named(event["detail"]["recipientAccountId"].as_str());
    let api = Api::of(&stage.moto, account, REGION).await;
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let template = json!({"Resources": {"Reader": {
        "Type": "AWS::IAM::Role",
        "Properties": {"RoleName": role, "AssumeRolePolicyDocument": trust}}}});
    let asked = json!({"StackName": "log-readers", "TemplateBody": template.to_string()});
    let (status, said) = api.cloudformation("CreateStack", &asked).await;
    assert_eq!(status, 200, "{said}");
    stage.act(&event).await;
    event["detail"]["userIdentity"]["invokedBy"] = json!("cloudformation.amazonaws.com");
    let mut guard = stage.guard("role-guard").await;
    assert_eq!(outcome_of(&guard.play(&event).await), "would-fix");
    let alert = stage.alert().await;
    assert_eq!(
        alert.finding["unmapped"]["stack"], "log-readers",
        "{alert:?}"
    );
    guard.done();
}
