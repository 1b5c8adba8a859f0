//! From an event to a safe state, whatever happens in between.

use super::*;

#[tokio::test]
async fn a_stopped_trail_is_started_proven_stored_and_told_once() {
    let world = world(ENFORCE).await;
    let answer = stopped(&world, 0).await;
    assert_eq!(answer.retry, None);
    assert!(*world.logging.lock().unwrap());
    assert_eq!(world.alerts(), ["fixed"]);
    assert_eq!(world.messages.lock().unwrap().len(), 3);
    let case = world.case().await.unwrap();
    assert_eq!((case.outcome, case.steps[0].done), (Outcome::Fixed, true));
    assert_eq!(case.steps[0].before, Some(json!(false)));

    *world.logging.lock().unwrap() = false;
    let again = stopped(&world, 60).await;
    assert_eq!(again.retry, None);
    let messages = world.messages.lock().unwrap().len();
    assert_eq!(messages, 3, "a copy asks for nothing more");
    assert_eq!(
        world.writes.load(Ordering::SeqCst),
        1,
        "a duplicate writes nothing"
    );
    assert_eq!(world.alerts(), ["fixed"], "a duplicate tells nobody");
}

#[tokio::test]
async fn a_change_that_did_not_last_is_put_back_when_it_is_judged_again() {
    let world = world(ENFORCE).await;
    stopped(&world, 0).await;
    *world.logging.lock().unwrap() = false;
    judged(&world, STOPPED, 61, Turn::Again { last: false }).await;
    assert!(*world.logging.lock().unwrap());
    judged(&world, STOPPED, 301, Turn::Again { last: true }).await;
    assert!(world.case().await.unwrap().closed.is_some());
}

#[tokio::test]
async fn mode_alert_writes_nothing_and_says_what_it_would_do() {
    let world = world(&ENFORCE.replace("enforce", "alert")).await;
    stopped(&world, 0).await;
    assert_eq!(world.writes.load(Ordering::SeqCst), 0);
    assert_eq!(world.alerts(), ["would-fix"]);
    let case = world.case().await.unwrap();
    assert_eq!(case.steps[0].to, Some(json!(true)));
    assert!(!case.steps[0].done);
    stopped(&world, 60).await;
    assert_eq!(world.alerts(), ["would-fix"]);
}

#[tokio::test]
async fn out_of_the_box_nothing_is_written() {
    let world = World::default();
    stopped(&world, 0).await;
    assert_eq!(world.writes.load(Ordering::SeqCst), 0);
    assert_eq!(world.alerts(), ["would-fix"]);
}

#[tokio::test]
async fn a_failed_call_is_told_and_never_written_about() {
    let world = world(ENFORCE).await;
    let failed = STOPPED.replace("\"eventID\"", "\"errorCode\":\"AccessDenied\",\"eventID\"");
    judged(&world, &failed, 0, Turn::First).await;
    judged(
        &world,
        &failed.replace("event-1", "event-2"),
        5,
        Turn::First,
    )
    .await;
    assert_eq!(world.writes.load(Ordering::SeqCst), 0);
    assert_eq!(
        world.alerts(),
        ["attempt"],
        "attempts of an hour fold into one"
    );
}

/// Whatever call the process dies at, a retry after the lease ends safe and told.
#[tokio::test(start_paused = true)]
async fn a_crash_between_any_two_steps_is_taken_up_by_the_retry() {
    let calls = {
        let world = world(ENFORCE).await;
        stopped(&world, 0).await;
        world.calls.load(Ordering::SeqCst)
    };
    assert!(calls >= 6);
    for nth in 0..calls {
        let mut world = world(ENFORCE).await;
        world.dies_at = Some(nth);
        let died = tokio::time::timeout(Pause::from_secs(1), stopped(&world, 0)).await;
        assert!(died.is_err(), "call {nth} was not reached");
        world.dies_at = None;
        // Between the alert and its note in the case nobody can know of it.
        let noted = world.case().await.is_some_and(|case| case.told.is_some());
        let untold = world.alerts().is_empty() || noted;
        let answer = stopped(&world, 60).await;
        assert_eq!(answer.retry, None, "call {nth}");
        assert!(*world.logging.lock().unwrap(), "call {nth}");
        let alerts = world.alerts();
        assert!(
            alerts == ["fixed"] || !untold && alerts.iter().all(|a| a == "fixed"),
            "call {nth}: {alerts:?}"
        );
        let case = world.case().await.unwrap();
        assert_eq!(case.outcome, Outcome::Fixed, "call {nth}");
        assert_eq!(
            case.steps[0].before,
            Some(json!(false)),
            "call {nth}: the way back is kept"
        );
    }
}

/// Whatever call is refused: safe in the end, or somebody was told, or it is retried.
#[tokio::test]
async fn a_refusal_of_any_call_ends_safe_or_told_never_silent() {
    for kind in [
        FailureKind::Denied,
        FailureKind::Passing,
        FailureKind::Other,
    ] {
        for nth in 0..9 {
            let mut world = world(ENFORCE).await;
            world.refuses_at = Some((nth, kind));
            let answer = stopped(&world, 0).await;
            let told = !world.alerts.lock().unwrap().is_empty();
            assert!(told || answer.retry.is_some(), "{kind:?} at call {nth}");
            if answer.retry.is_some() {
                stopped(&world, 60).await;
                assert!(
                    *world.logging.lock().unwrap(),
                    "{kind:?} at call {nth}: the retry puts it right"
                );
            }
        }
    }
}

/// GIVEN a write of several calls of which a later one fails, THEN those before it
/// are ours: their events must not be told as somebody else's use of the role.
#[tokio::test]
async fn what_came_through_before_a_call_that_failed_stands_in_the_ledger() {
    let mut world = world(ENFORCE).await;
    // Settings and case are got, the trail read, the intent put; then it is written.
    world.refuses_at = Some((3, FailureKind::Denied));
    world.made = vec!["request-0".into()];
    stopped(&world, 0).await;
    assert_eq!(world.alerts(), ["failed"]);
    let key = keys::ledger("request-0");
    let items = world.store.get(std::slice::from_ref(&key)).await.unwrap();
    assert!(items.contains_key(&key));
}

/// What fails in the last turn is tried again by the queue, and must find its case open.
#[tokio::test]
async fn a_passing_refusal_in_the_last_turn_is_made_good_by_the_retry() {
    let last = Turn::Again { last: true };
    for nth in 0..9 {
        let mut world = world(ENFORCE).await;
        world.refuses_at = Some((nth, FailureKind::Passing));
        if judged(&world, STOPPED, 0, last).await.retry.is_none() {
            continue;
        }
        world.refuses_at = None;
        judged(&world, STOPPED, 120, last).await;
        let case = world.case().await.unwrap();
        assert!(*world.logging.lock().unwrap(), "at call {nth}");
        assert!(case.closed.is_some(), "at call {nth}");
        let safe = matches!(case.outcome, Outcome::Fixed | Outcome::AlreadySafe);
        assert!(safe, "at call {nth}: {:?}", case.outcome);
        assert!(!world.alerts().is_empty(), "at call {nth}");
    }
}

/// A dead letter may be the first that is heard of its event.
#[tokio::test]
async fn what_is_heard_of_late_and_is_safe_by_then_is_told_so() {
    let world = world(ENFORCE).await;
    *world.logging.lock().unwrap() = true;
    judged(&world, STOPPED, 0, Turn::Again { last: true }).await;
    assert_eq!(world.alerts(), ["already-safe"]);
    assert!(world.case().await.unwrap().closed.is_some());
}

/// The event does not name the stack; the alert says how to ask for it.
#[tokio::test]
async fn a_change_through_cloudformation_is_told_with_the_way_to_its_stack() {
    let through = STOPPED.replace(
        r#""type":"IAMUser""#,
        r#""type":"IAMUser","invokedBy":"cloudformation.amazonaws.com""#,
    );
    for (text, ways) in [(through.as_str(), 1), (STOPPED, 0)] {
        let world = world(ENFORCE).await;
        judged(&world, text, 0, Turn::First).await;
        let told = world.alerts.lock().unwrap().pop().unwrap().text;
        let way = "describe-stack-resources --region eu-west-1 --physical-resource-id 'audit'";
        assert_eq!(told.matches(way).count(), ways, "{told}");
    }
}

/// Retries of a throttled write are no flapping: the breaker counts changes.
#[tokio::test]
async fn what_aws_refuses_to_write_is_tried_again_however_often() {
    let mut world = world(ENFORCE).await;
    for time in 0..5 {
        // Settings and case are got, the trail read, the intent put; then it is written.
        let write = world.calls.load(Ordering::SeqCst) + 3;
        world.refuses_at = Some((write, FailureKind::Passing));
        let answer = stopped(&world, time * 20).await;
        assert!(answer.retry.is_some(), "time {time}: {answer:?}");
    }
    world.refuses_at = None;
    stopped(&world, 100).await;
    assert!(*world.logging.lock().unwrap());
    assert_eq!(world.alerts(), ["failed", "fixed"]);
}

const OWN_ROLE: &str = "arn:aws:iam::111111111111:root";

/// A role that was created with a trust policy that its record does not show.
async fn hidden(trusted: &str) -> World {
    let settings = "[mode.reach]\n\"role.created-open\" = \"any\"\n";
    let mut world = world(&format!("{ENFORCE}{settings}")).await;
    world.function = Some(Function::RoleGuard);
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": OWN_ROLE}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": "sts:AssumeRole"},
    ]});
    let trust = auditward_rules::facet::PolicyState::read(&trust.to_string());
    let kept = HashMap::from([
        ("role-trust", serde_json::to_value(trust).unwrap()),
        ("role-sessions", json!("live")),
    ]);
    world.kept = Mutex::new(kept);
    world
}

const CREATED: &str = r#"{"eventSource":"iam.amazonaws.com","eventName":"CreateRole","awsRegion":"us-east-1","recipientAccountId":"111111111111","eventID":"event-1","eventTime":"2026-11-20T10:00:00Z","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/mallory","accountId":"111111111111"},"requestParameters":{"roleName":"door","assumeRolePolicyDocument":"HIDDEN_DUE_TO_SECURITY_REASONS"}}"#;

fn sessions(world: &World) -> Value {
    world.kept.lock().unwrap()["role-sessions"].clone()
}

#[tokio::test]
async fn sessions_of_a_role_that_turns_out_safe_go_on() {
    let world = hidden(OWN_ROLE).await;
    let answer = judged(&world, CREATED, 0, Turn::First).await;
    assert_eq!(answer.verdict, Some(Verdict::Clean));
    assert_eq!(sessions(&world), json!("live"));
    assert_eq!(world.writes.load(Ordering::SeqCst), 0);
    assert!(world.case().await.is_none() && world.alerts().is_empty());
}

#[tokio::test]
async fn sessions_of_a_role_that_turns_out_open_end_also_after_a_crash() {
    let stranger = "arn:aws:iam::333333333333:root";
    let world = hidden(stranger).await;
    judged(&world, CREATED, 0, Turn::First).await;
    assert_ne!(sessions(&world), json!("live"));
    assert_eq!(world.alerts(), ["fixed"]);

    // It dies once the role is closed: the retry finds it safe, and goes on.
    let mut world = hidden(stranger).await;
    let calls = 40;
    for dies_at in 0..calls {
        world = hidden(stranger).await;
        world.dies_at = Some(dies_at);
        let dying = judged(&world, CREATED, 0, Turn::First);
        let _ = tokio::time::timeout(Pause::from_millis(20), dying).await;
        if world.writes.load(Ordering::SeqCst) == 1 && sessions(&world) == json!("live") {
            break;
        }
    }
    assert_eq!(sessions(&world), json!("live"));
    world.dies_at = None;
    judged(&world, CREATED, 120, Turn::First).await;
    assert_ne!(sessions(&world), json!("live"));
}
