//! What comes in, once and again, and how far Auditward goes, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::time::Duration;

use auditward_tests::moto::MANAGEMENT;
use auditward_tests::proxy::{Fault, Match};
use auditward_tests::runtime_api::Outcome;
use auditward_tests::scene::{drain, topic};
use auditward_tests::stage::{ENFORCE, OPERATOR, OWN, Stage, acted, message};
use auditward_tests::story::{case_of, outcome_of, own_identity};
use serde_json::{Value, json};

const STOP: &str = "trail-guard/trail.logging-stopped.violation.by-arn";
const OPENED: &str = "bucket-guard/bucket.policy-opened.violation.own-and-foreign";

#[tokio::test]
async fn what_nobody_vouches_for_is_refused_and_told() {
    let stage = Stage::set(ENFORCE).await;
    let event = stage.event(STOP);
    stage.act(&event).await;
    let mut forged = event.clone();
    forged["source"] = json!("my.cloudtrail");
    let mut other = event.clone();
    other["detail-type"] = json!("AWS API Call");
    // Of one payload that is refused twice people are told once.
    let mut later = forged.clone();
    later["id"] = json!("another");
    let again = json!({"auditward": "judge-again", "event": later});
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
        message(OWN, &again),
        // Whoever may ask for an undo may not say what happened.
        message(
            OPERATOR,
            &json!({"auditward": "judge-again", "event": event}),
        ),
    ] {
        guard.clear();
        match guard.attempt(&payload).await {
            Outcome::Error { kind, .. } => assert_eq!(kind, "Unreadable", "{payload}"),
            other => panic!("{payload}: {other:?}"),
        }
        let alerts = stage.alerts().await;
        let [alert] = alerts.as_slice() else {
            panic!("{payload}: {alerts:?}\n{}", guard.function.stdout());
        };
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
        outcome_of(&guard.play(&event).await),
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
        assert_eq!(outcome_of(&answer.response()), "fixed");
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
    assert_eq!(outcome_of(&answer), "fixed");
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
            assert_eq!(outcome_of(&guard.play(&event).await), "fixed");
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
        assert_eq!(outcome_of(&answer), expected);
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
    assert_eq!(outcome_of(&guard.play(&event).await), "fixed");
    stage.alert().await;
    let text = event
        .to_string()
        .replace("acme-payments-exports", "acme-other-exports");
    let other = stage.scene.adapt(&serde_json::from_str(&text).unwrap());
    stage.scene.prepare(&stage.moto, &other).await;
    stage.act(&other).await;
    let answer = guard.play(&other).await;
    assert_eq!(outcome_of(&answer), "waiting", "{answer}");
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

/// GIVEN a topic for chat clients, THEN it gets each alert in the form that they
/// show, and a topic that is gone keeps nobody else from being told.
#[tokio::test]
async fn chat_clients_are_told_in_their_own_form() {
    let (stage, mut other, event) = acted(ENFORCE, STOP).await;
    let (chat, queue) = topic(&stage.moto, "auditward-chat").await;
    let mut guard = stage
        .guard_with("trail-guard", &[("AUDITWARD_CHAT_TOPIC_ARN", &chat)])
        .await;
    let case = case_of(&guard.play(&event).await);
    let alert = stage.alert().await;
    let told = drain(&stage.moto, &queue).await;
    let [message] = told.as_slice() else {
        panic!("one message: {told:#?}")
    };
    let shown: Value = serde_json::from_str(message["Message"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&shown["version"], &shown["source"]),
        (&json!("1.0"), &json!("custom"))
    );
    assert_eq!(shown["content"]["textType"], "client-markdown");
    assert_eq!(shown["content"]["title"], alert.subject.as_str());
    let story = shown["content"]["description"].as_str().unwrap();
    assert!(story.contains("org-trail"), "{story}");
    assert!(shown.to_string().contains(&case), "{shown:#}");
    assert!(!story.contains("requestParameters"), "{story}");
    assert!(shown["content"]["nextSteps"][0].is_string(), "{shown:#}");
    assert_eq!(shown["metadata"]["eventType"], "trail.logging-stopped");
    guard.done();

    // Without one, nobody writes to it.
    stage.act(&event).await;
    other.play(&stage.scene.adapt(&event)).await;
    stage.alert().await;
    assert_eq!(drain(&stage.moto, &queue).await, Vec::<Value>::new());
    other.done();

    let gone = format!("{chat}-gone");
    let mut guard = stage
        .guard_with("trail-guard", &[("AUDITWARD_CHAT_TOPIC_ARN", &gone)])
        .await;
    stage.act(&event).await;
    let answer = guard.play(&stage.scene.adapt(&event)).await;
    assert_eq!(outcome_of(&answer), "fixed", "{answer}");
    stage.alert().await;
    guard.done();
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
