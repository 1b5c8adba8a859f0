//! What has to wait, and what does not wait with it.

use auditward_rules::facet::PolicyState;

use super::*;

const LOGS: &str = "arn:aws:s3:::logs";
const LAST: Turn = Turn::Again { last: true };

fn outcome(answer: &Answer) -> Outcome {
    answer.cases[0].1
}

fn keep(world: &World, kind: &'static str, state: Value) {
    world.kept.lock().unwrap().insert(kind, state);
}

/// GIVEN a breaker that is open, WHEN a log bucket's policy is replaced by one that
/// lets a stranger in and CloudTrail not, THEN delivery comes back all the same.
#[tokio::test]
async fn delivery_does_not_wait_for_the_rest_of_a_policy() {
    let world = World {
        function: Some(Function::BucketGuard),
        ..world(&format!("{ENFORCE}[breaker]\nchanges = 1\n")).await
    };
    let opened = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*"}]}"#;
    let opened = serde_json::to_value(PolicyState::read(opened)).unwrap();
    let policy = async |seconds: i64| {
        keep(&world, "bucket-policy", opened.clone());
        let answer = found(
            &world,
            "bucket.policy-opened",
            LOGS,
            &["bucket-policy"],
            seconds,
        )
        .await;
        let left = world.kept.lock().unwrap()["bucket-policy"].to_string();
        let has = |text: &str| left.contains(text);
        (
            outcome(&answer),
            has("cloudtrail.amazonaws.com"),
            has("999999999999"),
        )
    };
    assert_eq!(policy(0).await, (Outcome::Fixed, true, false));
    assert_eq!(policy(90).await, (Outcome::Waiting, true, true));
    let told = world.alerts.lock().unwrap().pop().unwrap().text;
    assert!(told.contains("could not do all of it"), "{told}");
    assert!(told.contains("let CloudTrail deliver"), "{told}");
}

/// GIVEN a policy of which only the delivery is sure to be right, THEN it is not what
/// is known good from now on.
#[tokio::test]
async fn that_a_part_is_safe_is_not_learnt() {
    let bucket = async || World {
        function: Some(Function::BucketGuard),
        ..world(ENFORCE).await
    };
    // The delivery's own statements, as Auditward writes them.
    let delivers = bucket().await;
    let absent = serde_json::to_value(PolicyState::Absent).unwrap();
    keep(&delivers, "bucket-policy", absent);
    found(
        &delivers,
        "bucket.policy-deleted",
        LOGS,
        &["bucket-policy"],
        0,
    )
    .await;
    let kept = delivers.kept.lock().unwrap()["bucket-policy"].clone();
    let kept: PolicyState = serde_json::from_value(kept).unwrap();
    let mut policy: Value = serde_json::from_str(&kept.text().unwrap()).unwrap();
    let unsure = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::logs/*", "Condition": {"StringLike": {"aws:userid": "AROAEXAMPLE:*"}}});
    policy["Statement"].as_array_mut().unwrap().push(unsure);
    let world = bucket().await;
    let policy = serde_json::to_value(PolicyState::read(&policy.to_string())).unwrap();
    keep(&world, "bucket-policy", policy);
    for (seconds, turn) in [(0, Turn::First), (60, Turn::Again { last: false })] {
        let what = ("bucket.policy-opened", LOGS, ["bucket-policy"].as_slice());
        let answer = found_in(&world, STOPPED, what, seconds, turn).await;
        assert_eq!(outcome(&answer), Outcome::CannotTell, "{answer:?}");
    }
    let key = keys::baseline("bucket-policy", &logs());
    assert!(world.store.get(&[key]).await.unwrap().is_empty());
}

/// GIVEN a step of which only the evidence was written, WHEN it waits still, THEN undo
/// goes by what was written.
#[tokio::test]
async fn what_a_part_wrote_can_be_undone_while_the_rest_waits() {
    let settings = format!("{ENFORCE}[breaker]\nchanges = 1\n");
    let world = World {
        function: Some(Function::BucketGuard),
        ..world(&settings).await
    };
    let opened = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::logs/*"}]}"#;
    let opened = serde_json::to_value(PolicyState::read(opened)).unwrap();
    let what = ("bucket.policy-opened", LOGS, ["bucket-policy"].as_slice());
    let ask = async |event: &str, seconds: i64, turn: Turn| {
        let text = STOPPED.replace("event-1", event);
        found_in(&world, &text, what, seconds, turn).await
    };
    keep(&world, "bucket-policy", opened.clone());
    ask("event-1", 0, Turn::First).await;
    keep(&world, "bucket-policy", opened.clone());
    let waiting = ask("event-2", 90, Turn::First).await;
    let again = ask("event-2", 150, Turn::Again { last: false }).await;
    assert_eq!(
        (outcome(&waiting), outcome(&again)),
        (Outcome::Waiting, Outcome::Waiting)
    );
    let undo = Undo {
        case: waiting.cases[0].0.clone(),
        reason: "meant".into(),
    };
    let memo = Memo::new(Settings::default());
    let answer = pipeline(&world, &memo, 300)
        .undo(&undo, "AROAEXAMPLEOPERATOR01")
        .await;
    assert_eq!(outcome(&answer), Outcome::Undone, "{answer:?}");
    assert_eq!(world.kept.lock().unwrap()["bucket-policy"], opened);
}

/// GIVEN a change by a deployment of which nobody heard in time, WHEN it is judged for
/// the last time, THEN nothing waits for it to settle.
#[tokio::test]
async fn the_last_turn_does_not_wait_for_what_settles() {
    let world = World {
        function: Some(Function::BucketGuard),
        ..world(ENFORCE).await
    };
    let through = r#"{"eventSource":"s3.amazonaws.com","eventName":"PutBucketVersioning","awsRegion":"eu-west-1","recipientAccountId":"111111111111","eventID":"event-1","eventTime":"2026-11-20T10:00:00Z","userIdentity":{"type":"IAMUser","invokedBy":"cloudformation.amazonaws.com","arn":"arn:aws:iam::111111111111:user/mallory","accountId":"111111111111"},"requestParameters":{"bucketName":"logs","versioning":"","VersioningConfiguration":{"Status":"Suspended"}}}"#;
    judged(&world, through, 0, Turn::First).await;
    assert_eq!(world.alerts(), [""; 0], "it settles");
    judged(&world, through, 20, LAST).await;
    assert_eq!(world.alerts(), ["fixed"]);
}

/// GIVEN an event history that does not show the event, THEN it is asked again until
/// it must have come, and then people are told that nobody does it for them.
#[tokio::test]
async fn the_event_history_is_asked_for_as_long_as_it_may_be_late() {
    let world = World {
        function: Some(Function::BucketGuard),
        ..world(ENFORCE).await
    };
    let sent = || world.messages.lock().unwrap().len();
    let ask = async |seconds: i64, turn: Turn| {
        keep(
            &world,
            "bucket-inventory",
            json!({"bucket": "arn:aws:s3:::theirs"}),
        );
        let what = (
            "bucket.inventory-exported",
            LOGS,
            ["bucket-inventory"].as_slice(),
        );
        let answer = found_in(&world, STOPPED, what, seconds, turn).await;
        assert_eq!(outcome(&answer), Outcome::CannotTell, "{answer:?}");
    };
    ask(0, Turn::First).await;
    assert!(world.alerts.lock().unwrap()[0].text.contains("asked again"));
    ask(300, LAST).await;
    assert_eq!((sent(), world.alerts().len()), (1, 1), "it is asked again");
    assert!(world.case().await.unwrap().closed.is_none());
    ask(1200, LAST).await;
    assert_eq!((sent(), world.alerts().len()), (1, 2), "and then no more");
    let last = world.alerts.lock().unwrap().pop().unwrap().text;
    assert!(
        last.contains("by hand") && !last.contains("asked again"),
        "{last}"
    );
    assert!(world.case().await.unwrap().closed.is_some());
    // Had the history shown it in time, it would be gone.
    world.confirms.store(true, Ordering::SeqCst);
    let what = (
        "bucket.inventory-exported",
        LOGS,
        ["bucket-inventory"].as_slice(),
    );
    let text = STOPPED.replace("event-1", "event-2");
    let answer = found_in(&world, &text, what, 0, Turn::First).await;
    assert_eq!(outcome(&answer), Outcome::Fixed, "{answer:?}");
}

/// GIVEN a role that could not be assumed because AWS had no time, THEN the account is
/// not taken for one that lets nobody in.
#[test]
fn an_account_is_not_closed_because_aws_has_no_time() {
    let failure = |kind| Failure {
        call: crate::failure::ASSUME_ROLE.into(),
        kind,
        ..Failure::other("", "")
    };
    assert!(failure(FailureKind::Denied).shut_out());
    assert!(!failure(FailureKind::Passing).shut_out());
}
