//! The rules of conduct, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::time::Duration;

use auditward_tests::binaries::binary;
use auditward_tests::moto::MANAGEMENT;
use auditward_tests::proxy::{Fault, Match};
use auditward_tests::runtime_api::Outcome;
use auditward_tests::scene::{REGION, TABLE};
use auditward_tests::stage::{ENFORCE, Guard, OPERATOR, Stage, message};
use auditward_tests::story::{case_of, own_identity};
use serde_json::{Value, json};

const STOP: &str = "trail-guard/trail.logging-stopped.violation.by-arn";
const OPENED: &str = "bucket-guard/bucket.policy-opened.violation.own-and-foreign";
const ROLE: &str = "arn:aws:iam::111111111111:role/deploy/pipeline";

/// A caller's role and its unique ID put into an event.
fn by(mut event: Value, role: &str, id: &str) -> Value {
    event["detail"]["userIdentity"] = json!({
        "type": "AssumedRole",
        "principalId": format!("{id}:session"),
        "arn": "arn:aws:sts::111111111111:assumed-role/somebody/session",
        "accountId": "111111111111",
        "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": id, "arn": role}},
    });
    event
}

fn outcome(answer: &Value) -> &str {
    answer["cases"][0]["outcome"].as_str().unwrap_or_default()
}

/// A stage on which a sample's act was done, and its function.
async fn acted(settings: &str, sample: &str) -> (Stage, Guard, Value) {
    let stage = Stage::set(settings).await;
    let event = stage.event(sample);
    stage.scene.prepare(&stage.moto, &event).await;
    stage.act(&event).await;
    let function = match sample.split('/').next() {
        Some("trail-guard") => "trail-guard",
        Some("bucket-guard") => "bucket-guard",
        _ => "role-guard",
    };
    let guard = stage.guard(function).await;
    (stage, guard, event)
}

#[tokio::test]
async fn what_nobody_vouches_for_is_refused_and_told() {
    let stage = Stage::set(ENFORCE).await;
    let event = stage.event(STOP);
    stage.act(&event).await;
    let mut forged = event.clone();
    forged["source"] = json!("my.cloudtrail");
    let mut other = event.clone();
    other["detail-type"] = json!("AWS API Call");
    let again = json!({"auditward": "judge-again", "event": forged});
    let mut guard = stage.guard("trail-guard").await;
    for payload in [
        forged,
        other,
        event["detail"].clone(),
        json!({"Records": [event["detail"]]}),
        json!({}),
        json!(null),
        json!("StopLogging"),
        json!({"Records": [{"eventSource": "aws:s3"}]}),
        message(OPERATOR, &json!({"auditward": "dance"})),
        message(OPERATOR, &json!("not an object")),
        message(OPERATOR, &again),
    ] {
        guard.clear();
        match guard.attempt(&payload).await {
            Outcome::Error { kind, .. } => assert_eq!(kind, "Unreadable", "{payload}"),
            other => panic!("{payload}: {other:?}"),
        }
        let alert = stage.alert().await;
        assert!(alert.subject.contains("unreadable"), "{payload}: {alert:?}");
        assert_eq!(guard.writes(), [""; 0], "{payload}");
    }
    assert_eq!(stage.look(&event).await["logging"], false);
    assert!(stage.documents("case/").await.is_empty());
    // What is no JSON at all never comes through EventBridge; it is an error.
    let broken = guard
        .function
        .invoke_raw(b"{\"detail\":".to_vec(), Duration::from_secs(5))
        .await;
    assert!(matches!(broken, Outcome::Error { .. }), "{broken:?}");
    assert_eq!(
        outcome(&guard.play(&event).await),
        "fixed",
        "and the next event is judged"
    );
    guard.done();
}

#[tokio::test]
async fn odd_payloads_are_judged_all_the_same() {
    let (stage, mut guard, event) = acted(ENFORCE, STOP).await;
    let text = event.to_string();
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    for (nth, odd) in [
        text.replacen("Boto3/1.40.61", "\\ud800", 1),
        text.replacen(
            "\"responseElements\":null",
            &format!("\"responseElements\":{deep}"),
            1,
        ),
        text.replacen("\"awsRegion\"", "\"more\":1,\"more\":2,\"awsRegion\"", 1),
        text.replacen(
            "\"sourceIPAddress\":\"203.0.113.77\"",
            "\"sourceIPAddress\":7",
            1,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        assert_ne!(odd, text);
        let odd = odd.replace(
            event["detail"]["eventID"].as_str().unwrap(),
            &format!("odd-{nth}"),
        );
        stage.act(&event).await;
        stage
            .put(
                &format!(
                    "resource/{}/{}",
                    MANAGEMENT.id, "arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail"
                ),
                &json!({}),
            )
            .await;
        let answer = guard
            .function
            .invoke_raw(odd.into_bytes(), Duration::from_secs(30))
            .await;
        assert_eq!(outcome(&answer.response()), "fixed");
        assert_eq!(stage.look(&event).await["logging"], true);
    }
    guard.done();
}

#[tokio::test]
async fn an_event_is_judged_again_until_its_case_closes() {
    let (stage, mut guard, event) = acted(ENFORCE, STOP).await;
    let id = case_of(&guard.play(&event).await);
    let later = guard.later();
    assert_eq!(later.len(), 2);
    stage.alert().await;
    // Stopped again, and this time no event ever comes.
    stage.act(&event).await;
    let answer = guard.play(&later[0]).await;
    assert_eq!(outcome(&answer), "fixed");
    assert_eq!(stage.look(&event).await["logging"], true);
    assert_eq!(stage.case(&id).await["closed"], Value::Null);
    guard.play(&later[1]).await;
    assert_ne!(stage.case(&id).await["closed"], Value::Null);
    assert_eq!(stage.case(&id).await["outcome"], "fixed");
    guard.done();
}

#[tokio::test]
async fn two_copies_at_once_are_one_write_and_one_alert() {
    for sample in [STOP, OPENED] {
        let (stage, mut one, event) = acted(ENFORCE, sample).await;
        let mut other = stage.guard(one.name).await;
        for guard in [&one, &other] {
            guard
                .proxy
                .fail(Match::any(), Fault::Delay(Duration::from_millis(20)));
        }
        let (first, second) = tokio::join!(one.attempt(&event), other.attempt(&event));
        assert_eq!(
            one.writes().len() + other.writes().len(),
            1,
            "{first:?} {second:?}"
        );
        stage.alert().await;
        // Whoever failed is tried again by Lambda, and finds all done.
        for guard in [&mut one, &mut other] {
            assert_eq!(outcome(&guard.play(&event).await), "fixed");
        }
        assert_eq!(stage.alerts().await, []);
        assert_eq!(stage.documents("case/").await.len(), 1);
    }
}

#[tokio::test]
async fn a_held_case_is_an_error_until_its_lease_ends() {
    let (stage, mut guard, event) = acted(ENFORCE, STOP).await;
    guard
        .proxy
        .fail(Match::action("cloudtrail", "StartLogging"), Fault::Hang);
    let proxy = &guard.proxy;
    guard
        .function
        .invoke_until(&event, Duration::from_secs(600), proxy.hit())
        .await;
    let mut next = stage.guard("trail-guard").await;
    let refused = next.attempt(&event).await.error();
    assert!(refused.contains("worked on"), "{refused}");
    assert_eq!(next.writes(), [""; 0]);
}

#[tokio::test]
async fn a_resource_that_flaps_is_left_to_a_person() {
    let settings = format!("{ENFORCE}\n[breaker]\nchanges = 2\nminutes = 10\n");
    let (stage, mut guard, event) = acted(&settings, OPENED).await;
    for expected in ["fixed", "fixed", "waiting"] {
        stage.act(&event).await;
        let answer = guard.play(&stage.scene.adapt(&event)).await;
        assert_eq!(outcome(&answer), expected);
        assert_eq!(stage.alert().await.attribute("outcome"), expected);
    }
    assert!(
        stage.look(&event).await["policy"]
            .to_string()
            .contains("333333333333")
    );
    guard.done();
}

#[tokio::test]
async fn many_changes_at_once_wait_for_a_person() {
    let settings = format!("{ENFORCE}\n[fuses]\nper_rule = 1\n");
    let (stage, mut guard, event) = acted(&settings, OPENED).await;
    assert_eq!(outcome(&guard.play(&event).await), "fixed");
    stage.alert().await;
    let text = event
        .to_string()
        .replace("acme-payments-exports", "acme-other-exports");
    let other = stage.scene.adapt(&serde_json::from_str(&text).unwrap());
    stage.scene.prepare(&stage.moto, &other).await;
    stage.act(&other).await;
    let answer = guard.play(&other).await;
    assert_eq!(outcome(&answer), "waiting", "{answer}");
    let alert = stage.alert().await;
    assert!(
        alert.finding["unmapped"]["because"]
            .to_string()
            .contains("fuse"),
        "{alert:?}"
    );
    assert!(
        stage.look(&other).await["policy"]
            .to_string()
            .contains("333333333333")
    );
    guard.done();
}

/// What people are told, and nothing is written.
async fn held_back(settings: &str, because: &str) {
    let (stage, mut guard, event) = acted(&format!("{ENFORCE}\n{settings}"), OPENED).await;
    let event = by(
        event,
        "arn:aws:iam::222222222222:role/emergency",
        "AROAEXAMPLEEMERGENCY1",
    );
    let answer = guard.play(&event).await;
    assert_eq!(outcome(&answer), "would-fix", "{because}: {answer}");
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
        assert_eq!(outcome(&guard.play(&event).await), expected);
        assert_eq!(guard.writes().is_empty(), expected == "would-fix");
        assert_eq!(stage.alert().await.attribute("outcome"), expected);
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
    assert_eq!(outcome(&answer), "fixed");
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
        outcome(&answer),
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
    assert_eq!(outcome(&answer), "waiting", "{answer}");
    assert_eq!((guard.writes(), stage.alerts().await), (vec![], vec![]));
    let later = guard.later();
    assert_eq!(later.len(), 2);
    // When it has settled and is still open, it is closed.
    stage
        .push(&format!("{ENFORCE}\n[fuses]\nsettle_seconds = 0\n"))
        .await;
    let mut settled = stage.guard("bucket-guard").await;
    assert_eq!(outcome(&settled.play(&later[0]).await), "fixed");
    assert_eq!(stage.alert().await.attribute("outcome"), "fixed");
    settled.done();
}

#[tokio::test]
async fn our_own_role_needs_a_case_that_says_why() {
    let (stage, mut guard, event) = acted(ENFORCE, STOP).await;
    guard.play(&event).await;
    stage.alert().await;
    let mut own = stage.scene.adapt(&event);
    own["detail"]["userIdentity"] = own_identity("trail-guard");
    stage.act(&own).await;
    guard.play(&own).await;
    let alerts = stage.alerts().await;
    let unexplained = alerts
        .iter()
        .find(|alert| alert.attribute("rule") == "guard-role.unexplained");
    let unexplained = unexplained.expect("an alert about the role");
    assert_eq!(unexplained.attribute("severity"), "critical");
    assert_eq!(
        stage.look(&event).await["logging"],
        true,
        "and it is put back as anybody's"
    );
    guard.done();
}

#[tokio::test]
async fn the_command_pushes_settings_asks_for_baselines_and_lists_cases() {
    let careful = ENFORCE.replace("default = \"enforce\"", "default = \"alert\"");
    let (stage, mut guard, event) = acted(&careful, STOP).await;
    assert_eq!(outcome(&guard.play(&event).await), "would-fix");
    stage.alert().await;
    let file = std::env::temp_dir().join(format!("auditward-{}.toml", std::process::id()));
    std::fs::write(&file, ENFORCE).unwrap();
    let environment = stage
        .moto
        .environment(&stage.moto.url(), MANAGEMENT, REGION)
        .await;
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(binary("auditward"));
        let tail = ["--table", TABLE, "--region", REGION];
        command
            .args(arguments)
            .args(tail)
            .envs(environment.iter().cloned());
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        assert!(
            done.status.success(),
            "{said}{}",
            String::from_utf8_lossy(&done.stderr)
        );
        said
    };
    run(&["settings", "push", file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    run(&["baseline", "take"]);
    let asked =
        auditward_tests::scene::drain(&stage.moto, &stage.scene.queues["trail-guard"]).await;
    assert!(
        asked.contains(&json!({"auditward": "take-baselines"})),
        "{asked:?}"
    );
    let mut fresh = stage.guard("trail-guard").await;
    let id = case_of(&fresh.play(&stage.scene.adapt(&event)).await);
    assert_eq!(stage.case(&id).await["outcome"], "fixed");
    assert!(run(&["cases"]).contains(&id));
    assert!(run(&["cases", &id]).contains("put the safe state back"));
    fresh.done();
}
