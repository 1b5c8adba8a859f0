//! What is said of a case, and what is remembered of it.

use super::*;
use crate::limits::Resource;

const AGAIN: Turn = Turn::Again { last: false };
const SUSPENDED: &str = r#"{"eventSource":"s3.amazonaws.com","eventName":"PutBucketVersioning","awsRegion":"eu-west-1","recipientAccountId":"111111111111","eventID":"event-1","eventTime":"2026-11-20T10:00:00Z","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/mallory","accountId":"111111111111"},"requestParameters":{"bucketName":"logs","versioning":"","VersioningConfiguration":{"Status":"Suspended"}}}"#;

async fn undo(world: &World, seconds: i64) -> Answer {
    let memo = Memo::new(Settings::default());
    let undo = Undo {
        case: world.case().await.unwrap().id,
        reason: "planned work".into(),
    };
    pipeline(world, &memo, seconds)
        .undo(&undo, "AROAEXAMPLEOPERATOR01")
        .await
}

#[tokio::test]
async fn what_somebody_else_put_right_is_not_called_ours_and_never_undone() {
    let world = World {
        function: Some(Function::BucketGuard),
        ..world(&ENFORCE.replace("\"enforce\"", "\"alert\"")).await
    };
    judged(&world, SUSPENDED, 0, Turn::First).await;
    *world.logging.lock().unwrap() = true;
    judged(&world, SUSPENDED, 61, AGAIN).await;
    assert_eq!(world.alerts(), ["would-fix"], "that it is well is no news");
    assert_eq!(world.case().await.unwrap().outcome, Outcome::AlreadySafe);
    undo(&world, 200).await;
    assert!(
        *world.logging.lock().unwrap(),
        "what it would have written is not undone"
    );
}

#[tokio::test]
async fn a_deployment_that_settles_by_itself_was_safe_already() {
    let world = World {
        function: Some(Function::BucketGuard),
        ..world(ENFORCE).await
    };
    let through = SUSPENDED.replace(
        r#""type":"IAMUser""#,
        r#""type":"IAMUser","invokedBy":"cloudformation.amazonaws.com""#,
    );
    judged(&world, &through, 0, Turn::First).await;
    assert_eq!(world.alerts(), [""; 0], "it has time to settle");
    assert_eq!(*world.delays.lock().unwrap(), [115, 300], "and no longer");
    *world.logging.lock().unwrap() = true;
    judged(&world, &through, 61, AGAIN).await;
    assert_eq!(world.alerts(), ["already-safe"]);
    assert_eq!(world.writes.load(Ordering::SeqCst), 0);
}

/// Before its own event can arrive a write stands in the ledger, whatever comes then.
#[tokio::test(start_paused = true)]
async fn a_write_is_in_the_ledger_before_anybody_is_told() {
    let mut world = world(ENFORCE).await;
    // Settings, live state, intent, write, proof and ledger; then the alert.
    world.dies_at = Some(6);
    let died = tokio::time::timeout(Pause::from_secs(1), stopped(&world, 0)).await;
    assert!(died.is_err() && world.alerts().is_empty());
    let key = keys::ledger("request-1");
    assert!(
        world
            .store
            .get(std::slice::from_ref(&key))
            .await
            .unwrap()
            .contains_key(&key)
    );
}

const OWN: &str = r#"{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"eu-west-1","recipientAccountId":"111111111111","eventID":"own-1","requestID":"lost","eventTime":"2026-11-20T10:00:12Z","userIdentity":{"type":"AssumedRole","accountId":"111111111111","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111111111111:role/auditward-trail-guard"}}},"requestParameters":{"name":"audit"}}"#;

#[tokio::test]
async fn what_a_case_meant_to_do_needs_no_ledger_entry_to_be_ours() {
    let trail = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/audit";
    for (held, told) in [(true, false), (false, true)] {
        let world = world(ENFORCE).await;
        *world.logging.lock().unwrap() = true;
        if held {
            let mut resource = Resource::default();
            resource.hold("other", at(0), at(1));
            let key = keys::resource(&At::new("111111111111", "eu-west-1", trail));
            let put = Put::new(key, crate::store::Expect::Absent, &resource).unwrap();
            world.store.put(&[put]).await.unwrap();
        }
        let refused = OWN.replace("\"eventID\"", "\"errorCode\":\"AccessDenied\",\"eventID\"");
        judged(&world, &refused, 20, Turn::First).await;
        let alerts = world.alerts();
        assert_eq!(
            alerts.iter().any(|one| one == "attempt"),
            told,
            "{held} {alerts:?}"
        );
        // What violates a rule is nobody's putting back, whatever is being worked on.
        judged(&world, OWN, 20, Turn::First).await;
        assert!(world.alerts().contains(&"by-hand".to_owned()), "{held}");
    }
}

#[tokio::test]
async fn an_event_that_could_not_be_sent_to_be_judged_again_is_sent_by_the_retry() {
    let world = world(ENFORCE).await;
    world.mute.store(true, Ordering::SeqCst);
    assert!(stopped(&world, 0).await.retry.is_some());
    assert!(!world.case().await.unwrap().again_asked);
    world.mute.store(false, Ordering::SeqCst);
    for seconds in [60, 120] {
        assert_eq!(stopped(&world, seconds).await.retry, None);
        assert_eq!(world.messages.lock().unwrap().len(), 2);
    }
    assert!(world.case().await.unwrap().again_asked);
    assert_eq!(world.alerts(), ["fixed"]);
}

#[tokio::test]
async fn a_retry_and_a_later_turn_at_one_time_tell_once() {
    let mut world = world(ENFORCE).await;
    world.refuses_at = Some((3, FailureKind::Denied));
    stopped(&world, 0).await;
    assert_eq!(world.alerts(), ["failed"]);
    world.refuses_at = None;
    // Somebody stopped it from being written at all: both find the same.
    let held = Pushed {
        number: 2,
        text: ENFORCE.replace("\"enforce\"", "\"alert\""),
        by: "test".into(),
        at: at(30),
    };
    let put = Put::new(keys::SETTINGS, crate::store::Expect::Anything, &held).unwrap();
    world.store.put(&[put]).await.unwrap();
    let (retry, again) =
        futures_util::future::join(stopped(&world, 60), judged(&world, STOPPED, 60, AGAIN)).await;
    assert_eq!(world.alerts(), ["failed", "would-fix"]);
    assert!(
        retry.retry.is_some() != again.retry.is_some(),
        "the other comes back"
    );
}

#[tokio::test]
async fn attempts_fold_whatever_the_session_is_called_and_whenever_they_are_heard_of() {
    let world = world(ENFORCE).await;
    let session = r#"{"type":"AssumedRole","arn":"arn:aws:sts::111111111111:assumed-role/dev/NAME","principalId":"AROADEV:NAME","accountId":"111111111111","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111111111111:role/dev"}}}"#;
    let user = r#"{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/mallory","accountId":"111111111111"}"#;
    let failed = STOPPED.replace("\"eventID\"", "\"errorCode\":\"AccessDenied\",\"eventID\"");
    for (nth, seconds) in [(1, 0), (2, 5), (3, 7200)] {
        let session = session.replace("NAME", &format!("s{nth}"));
        let text = failed
            .replace(user, &session)
            .replace("event-1", &format!("event-{nth}"));
        judged(&world, &text, seconds, Turn::First).await;
    }
    assert_eq!(world.alerts(), ["attempt"]);
    let another = failed
        .replace("10:00:00Z", "11:00:00Z")
        .replace(user, session);
    judged(&world, &another, 7200, Turn::First).await;
    assert_eq!(
        world.alerts(),
        ["attempt", "attempt"],
        "another hour is told"
    );
}

/// The store fails for the one moment of the intent: evidence is switched on, and
/// what was there before is kept all the same.
#[tokio::test]
async fn an_intent_that_could_not_be_stored_is_made_good_in_the_end() {
    let mut world = world(ENFORCE).await;
    world.refuses_at = Some((2, FailureKind::Passing));
    stopped(&world, 0).await;
    let case = world.case().await.unwrap();
    assert_eq!(case.outcome, Outcome::Fixed);
    assert_eq!(case.steps[0].before, Some(json!(false)));
    stopped(&world, 60).await;
    assert_eq!(world.alerts(), ["fixed"]);
}

const DEPLOY: &str = "arn:aws:iam::111111111111:role/deploy";

/// A deployer's event, which wrote a state, as it is heard of at a time.
async fn deployed(world: &World, id: &str, time: &str, on: bool, seconds: i64) {
    let text = json!({
        "eventSource": "s3.amazonaws.com", "eventName": "PutBucketVersioning", "eventID": id,
        "eventTime": time, "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"arn": DEPLOY}}},
    })
    .to_string();
    let status = if on { "enabled" } else { "suspended" };
    let plan = json!({
        "kind": "bucket-versioning",
        "at": {"account": "111111111111", "region": "eu-west-1", "resource": "arn:aws:s3:::logs"},
        "wish": {"protected": true},
        "wrote": {"status": status, "mfa-delete": false},
    });
    let judgement = Judgement {
        accepted: vec![serde_json::from_value(plan).unwrap()],
        ..Judgement::default()
    };
    let memo = Memo::new(Settings::default());
    let mut answer = Answer::default();
    pipeline(world, &memo, seconds)
        .learn_accepted(&judgement, &Record::read(&text).unwrap(), &mut answer)
        .await;
    assert_eq!(answer.retry, None, "{answer:?}");
}

#[tokio::test]
async fn a_deployers_older_event_and_a_copy_leave_the_newer_baseline() {
    let world = world(ENFORCE).await;
    let known = async || -> Baseline {
        let list = world.store.list("baseline", 1).await.unwrap();
        list[0].1.read().unwrap()
    };
    let on = |baseline: &Baseline| baseline.state["status"] == "enabled";
    deployed(&world, "b", "2026-11-20T10:00:02Z", true, 0).await;
    assert!(on(&known().await) && known().await.confirmed);
    // Older, and heard of later.
    deployed(&world, "a", "2026-11-20T10:00:01Z", false, 5).await;
    assert!(on(&known().await));
    // A copy of what was replaced in the same second.
    deployed(&world, "c", "2026-11-20T10:00:02Z", false, 6).await;
    assert!(!on(&known().await));
    deployed(&world, "b", "2026-11-20T10:00:02Z", true, 7).await;
    assert!(!on(&known().await));
    deployed(&world, "d", "2026-11-20T10:00:03Z", true, 8).await;
    assert!(on(&known().await));
}

#[tokio::test]
async fn two_deployers_events_at_one_time_are_both_recorded() {
    let world = world(ENFORCE).await;
    futures_util::future::join(
        deployed(&world, "a", "2026-11-20T10:00:01Z", false, 0),
        deployed(&world, "b", "2026-11-20T10:00:02Z", true, 0),
    )
    .await;
    let list = world.store.list("baseline", 1).await.unwrap();
    let known: Baseline = list[0].1.read().unwrap();
    assert_eq!(
        (known.state["status"].as_str(), &*known.event),
        (Some("enabled"), "b")
    );
}

#[tokio::test]
async fn a_baseline_that_cannot_be_recorded_is_asked_for_again() {
    let mut world = world(&format!(
        "{ENFORCE}[[deployers]]\nprincipal = \"{DEPLOY}\"\nreason = \"test\"\n"
    ))
    .await;
    world.function = Some(Function::BucketGuard);
    let user = r#"{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/mallory","accountId":"111111111111"}"#;
    let role = json!({"type": "AssumedRole", "accountId": "111111111111", "sessionContext": {"sessionIssuer": {"arn": DEPLOY}}});
    let text = SUSPENDED.replace(user, &role.to_string());
    // Settings, live state, the baseline is read; then it is put.
    world.refuses_at = Some((3, FailureKind::Passing));
    let answer = judged(&world, &text, 0, Turn::First).await;
    assert!(answer.retry.is_some(), "{answer:?}");
    world.refuses_at = None;
    judged(&world, &text, 60, Turn::First).await;
    assert_eq!(world.store.list("baseline", 9).await.unwrap().len(), 1);
}

const VERSIONING: &str = "bucket.versioning-suspended";
const LOGS: &str = "arn:aws:s3:::logs";

/// A case of two steps that were done, each of a facet of its own.
async fn done_twice(settings: &str) -> World {
    let world = world(&format!("{ENFORCE}{settings}")).await;
    *world.apart.lock().unwrap() = [
        ("bucket-versioning", false),
        ("bucket-public-access", false),
    ]
    .into();
    let both = ["bucket-versioning", "bucket-public-access"];
    let answer = found(&world, VERSIONING, LOGS, &both, 0).await;
    assert_eq!(answer.cases[0].1, Outcome::Fixed);
    world
}

#[tokio::test]
async fn nothing_is_half_undone() {
    let world = done_twice("").await;
    let both_on = || {
        world
            .apart
            .lock()
            .unwrap()
            .values()
            .filter(|on| **on)
            .count()
    };
    // What was done first was changed since: the way back ends there.
    let case = world.case().await.unwrap();
    let mut changed = case.clone();
    changed.steps[0].to = Some(json!({"status": "never", "mfa-delete": false}));
    let key = keys::case(&case.id);
    let put = Put::new(&key, crate::store::Expect::Anything, &changed).unwrap();
    world
        .store
        .put(&[put.listed("case", case.opened.to_rfc3339())])
        .await
        .unwrap();
    assert!(undo(&world, 100).await.cases.is_empty());
    assert_eq!(both_on(), 2, "nor was the other put back");

    let put = Put::new(&key, crate::store::Expect::Anything, &case).unwrap();
    world
        .store
        .put(&[put.listed("case", case.opened.to_rfc3339())])
        .await
        .unwrap();
    let answer = undo(&world, 200).await;
    assert_eq!(answer.cases[0].1, Outcome::Undone, "{answer:?}");
    assert_eq!(both_on(), 0);
}

/// GIVEN two steps, WHEN any one call of an undo is refused, THEN both are undone or
/// none is.
#[tokio::test]
async fn an_undo_that_fails_half_way_turns_round() {
    for kind in [FailureKind::Denied, FailureKind::Other] {
        for nth in 0..30 {
            let mut world = done_twice("").await;
            world.refuses_at = Some((world.calls.load(Ordering::SeqCst) + nth, kind));
            undo(&world, 100).await;
            let apart = world.apart.lock().unwrap();
            let on = apart.values().filter(|on| **on).count();
            assert_ne!(on, 1, "{kind:?} at call {nth}");
        }
    }
}

/// GIVEN an undo that AWS had no time for, WHEN it is tried again, THEN all that it put
/// back is accepted as long as if it had been put back at once.
#[tokio::test]
async fn what_an_undo_put_back_in_two_tries_is_accepted() {
    for nth in 0..20 {
        let mut world = done_twice("").await;
        let call = world.calls.load(Ordering::SeqCst) + nth;
        world.refuses_at = Some((call, FailureKind::Passing));
        undo(&world, 100).await;
        undo(&world, 200).await;
        if world.case().await.unwrap().outcome != Outcome::Undone {
            continue;
        }
        for kind in ["bucket-versioning", "bucket-public-access"] {
            let at = At::new("111111111111", "eu-west-1", LOGS);
            let key = keys::restored(kind, &at);
            let items = world.store.get(std::slice::from_ref(&key)).await.unwrap();
            let restored: Value = items[&key].read().unwrap();
            let until: DateTime<Utc> = serde_json::from_value(restored["until"].clone()).unwrap();
            assert!(until > super::at(80_000), "{kind}, {nth}: {until}");
        }
    }
}

#[tokio::test]
async fn an_undo_waits_for_who_works_on_the_resource() {
    let world = done_twice("").await;
    let key = keys::resource(&At::new("111111111111", "eu-west-1", LOGS));
    let mut resource = Resource::default();
    resource.hold("other", at(90), at(140));
    let put = Put::new(&key, crate::store::Expect::Anything, &resource).unwrap();
    world.store.put(&[put]).await.unwrap();
    let answer = undo(&world, 100).await;
    assert!(
        answer.cases.is_empty() && answer.notes[0].contains("works on"),
        "{answer:?}"
    );
    assert_eq!(undo(&world, 150).await.cases.len(), 1);
}

#[tokio::test]
async fn nobody_has_auditward_write_under_the_kill_switch_or_without_settings() {
    let switch =
        "[kill_switch]\nby = \"alice\"\nreason = \"migration\"\nuntil = 2026-11-20T12:00:00Z\n";
    let world = done_twice("").await;
    let push = async |text: String| {
        let pushed = Pushed {
            number: 2,
            text,
            by: "test".into(),
            at: at(30),
        };
        let put = Put::new(keys::SETTINGS, crate::store::Expect::Anything, &pushed).unwrap();
        world.store.put(&[put]).await.unwrap();
    };
    push(format!("{ENFORCE}{switch}")).await;
    let answer = undo(&world, 100).await;
    assert!(answer.notes[0].contains("kill switch"), "{answer:?}");
    let memo = Memo::new(Settings::default());
    let answer = pipeline(&world, &memo, 110)
        .fix(LOGS, "AROAEXAMPLEOPERATOR01")
        .await;
    assert!(answer.notes[0].contains("kill switch"), "{answer:?}");
    // A pause keeps Auditward from acting by itself, not a person.
    let pause = "[[pauses]]\nreason = \"work\"\nfrom = 2026-11-20T10:00:00Z\nuntil = 2026-11-20T12:00:00Z\n";
    push(format!("{ENFORCE}{pause}")).await;
    let answer = undo(&world, 200).await;
    assert_eq!(answer.cases.len(), 1, "{answer:?}");
}

/// Without settings nobody knows whose things are: only what is evidence by itself,
/// and Auditward's own, is switched on again.
#[test]
fn without_settings_only_what_is_surely_guarded_is_touched() {
    let surely = |kind: &str, resource: &str| {
        let at = json!({"account": "111111111111", "region": "eu-west-1", "resource": resource});
        let plan = json!({"kind": kind, "at": at, "wish": true});
        let plan = serde_json::from_value(plan).unwrap();
        crate::pipeline::own::surely(&plan, &Settings::default())
    };
    assert!(surely(
        "trail-logging",
        "arn:aws:cloudtrail:eu-west-1:111111111111:trail/any"
    ));
    let rule = "arn:aws:events:eu-west-1:111111111111:rule/";
    assert!(surely(
        "rule-state",
        &format!("{rule}auditward-TrailGuard-1")
    ));
    assert!(!surely("rule-state", &format!("{rule}any")));
}

#[tokio::test]
async fn a_case_that_is_judged_again_is_counted_once() {
    let world = world(ENFORCE).await;
    let counts = |answer: &Answer| {
        let line = answer.metrics.line("test", at(0)).unwrap_or_default();
        ["Findings", "Fixes"].map(|name| line.contains(&format!("\"{name}\":1")))
    };
    assert_eq!(counts(&stopped(&world, 0).await), [true, true]);
    let again = judged(&world, STOPPED, 61, AGAIN).await;
    assert_eq!(counts(&again), [false, false], "{again:?}");
}
