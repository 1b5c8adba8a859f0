//! Pulse and sweep: what is found without an event.

use super::*;

#[tokio::test]
async fn a_trail_that_nobody_reported_is_started_within_a_pulse() {
    let world = guarding(trail(), Function::TrailGuard).await;
    let answer = look(&world, 0, "pulse").await;
    assert!(is_on(&world));
    assert_eq!(world.alerts(), ["fixed"]);
    assert_eq!(answer.cases.len(), 1);
    let told = world.alerts.lock().unwrap()[0].clone();
    assert!(told.text.contains("by looking"), "{told:?}");
    assert!(told.next.starts_with("find out who changed it"), "{told:?}");
    // All is well: nothing is written, nobody told.
    look(&world, 60, "pulse").await;
    assert_eq!(world.alerts(), ["fixed"]);
    // The same thing once more is another case.
    set(&world, false);
    look(&world, 120, "pulse").await;
    assert!(is_on(&world));
    assert_eq!(world.alerts(), ["fixed", "fixed"]);
}

/// GIVEN a trail that was off, THEN every function reads what happened meanwhile.
#[tokio::test]
async fn what_happened_while_nothing_was_recorded_is_read_and_judged() {
    let mut world = guarding(trail(), Function::TrailGuard).await;
    look(&world, 0, "sweep").await;
    look(&world, 60, "pulse").await;
    let asked = world.messages.lock().unwrap().pop().unwrap();
    assert!(asked.contains("close-gap"), "{asked}");

    set(&world, false);
    world.missed = vec![
        STOPPED.replace("event-1", "event-8"),
        STOPPED.replace("event-1", "event-9"),
    ];
    let memo = Memo::new(Settings::default());
    let pipeline = Pipeline {
        guard: &world,
        store: &world,
        outside: &world,
        memo: &memo,
        now: at(900),
        started: Instant::now(),
        deadline: at(950),
    };
    pipeline.close_gap(at(0), at(60), None).await;
    let asked = world.messages.lock().unwrap().pop().unwrap();
    let gap: serde_json::Value = serde_json::from_str(&asked).unwrap();
    let gap: Gap = serde_json::from_value(gap["gap"].clone()).unwrap();
    let answer = pipeline.read_missed(&gap).await;
    assert_eq!(answer.cases.len(), 1, "{answer:?}");
    assert!(is_on(&world));
    let messages = world.messages.lock().unwrap();
    assert!(messages.iter().any(|one| one.contains("page-2")));
}

#[tokio::test]
async fn what_was_never_recorded_is_one_report_a_day_and_no_write() {
    let world = guarding(logs(), Function::BucketGuard).await;
    look(&world, 0, "sweep").await;
    assert_eq!(
        world.messages.lock().unwrap().len(),
        1,
        "one message a place"
    );
    look(&world, 1, "place").await;
    look(&world, 3600, "place").await;
    let alerts = world.alerts.lock().unwrap();
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(alerts[0].text.contains("baseline approve"));
    assert!(!is_on(&world));
}

#[tokio::test]
async fn the_first_state_seen_is_a_baseline_that_only_alerts() {
    let world = guarding(logs(), Function::BucketGuard).await;
    set(&world, true);
    look(&world, 0, "sweep").await;
    look(&world, 1, "place").await;
    assert_eq!(world.alerts(), [""; 0]);
    set(&world, false);
    look(&world, 3600, "place").await;
    look(&world, 7200, "place").await;
    assert!(!is_on(&world), "nobody confirmed what was recorded");
    assert_eq!(world.alerts(), ["would-fix"], "told once a day");
    // An operator's word puts it right; nobody else's does.
    look(&world, 7300, "AROASTRANGER").await;
    assert!(!is_on(&world));
    look(&world, 7400, "AROAEXAMPLEOPERATOR01").await;
    assert!(is_on(&world));
}

#[tokio::test]
async fn drift_from_a_confirmed_baseline_is_put_right() {
    let world = guarding(logs(), Function::BucketGuard).await;
    set(&world, true);
    look(&world, 0, "take").await;
    set(&world, false);
    look(&world, 3600, "place").await;
    assert!(!is_on(&world), "an event may still tell whose change it is");
    look(&world, 3725, "pulse").await;
    assert!(is_on(&world));
    assert_eq!(world.alerts().last().map(String::as_str), Some("fixed"));
}

#[tokio::test]
async fn a_look_that_fails_is_told_once_an_hour() {
    let mut world = guarding(logs(), Function::BucketGuard).await;
    world.store_down = true;
    let answer = look(&world, 0, "sweep").await;
    assert!(answer.notes[0].contains("down"), "{:?}", answer.notes);
    assert_eq!(world.alerts.lock().unwrap().len(), 1);
}

/// Somebody is told of an event, and nobody again of what it left.
#[tokio::test]
async fn what_an_event_left_is_not_told_again_by_looking() {
    let alert = ENFORCE.replace("\"enforce\"", "\"alert\"");
    let world = World {
        guarded: vec![trail()],
        ..world(&alert).await
    };
    stopped(&world, 0).await;
    assert_eq!(world.alerts(), ["would-fix"]);
    let answer = look(&world, 60, "pulse").await;
    assert_eq!(answer.cases.len(), 1, "{answer:?}");
    look(&world, 600, "pulse").await;
    assert_eq!(world.alerts(), ["would-fix"], "it joins the case");
    // What is still so on the next day is told once more.
    look(&world, 86_400, "pulse").await;
    look(&world, 86_460, "pulse").await;
    assert_eq!(world.alerts(), ["would-fix", "would-fix"]);
}

/// GIVEN an event whose case was only told, WHEN writing is allowed the same
/// day, THEN the next look puts it right.
#[tokio::test]
async fn what_an_event_left_is_put_right_as_soon_as_it_may_be() {
    let alert = ENFORCE.replace("\"enforce\"", "\"alert\"");
    let world = World {
        guarded: vec![trail()],
        ..world(&alert).await
    };
    stopped(&world, 0).await;
    let pushed = Pushed {
        number: 2,
        text: ENFORCE.into(),
        by: "test".into(),
        at: at(30),
    };
    let put = Put::new(keys::SETTINGS, crate::store::Expect::Anything, &pushed).unwrap();
    world.store.put(&[put]).await.unwrap();
    look(&world, 60, "pulse").await;
    assert!(is_on(&world));
    assert_eq!(world.alerts(), ["would-fix", "fixed"]);
}

/// A case that failed is taken up by the look that finds the same state.
#[tokio::test]
async fn what_an_event_failed_at_is_finished_by_looking() {
    let mut world = World {
        guarded: vec![trail()],
        ..world(ENFORCE).await
    };
    // Settings, live state, intent, and then the write is refused.
    world.refuses_at = Some((3, FailureKind::Denied));
    stopped(&world, 0).await;
    assert_eq!(world.alerts(), ["failed"]);
    world.refuses_at = None;
    look(&world, 60, "pulse").await;
    assert!(is_on(&world));
    assert_eq!(world.alerts(), ["failed", "fixed"]);
    assert_eq!(world.store.list("case", 9).await.unwrap().len(), 1);
}

const RULE: &str =
    "arn:aws:events:eu-west-1:111111111111:rule/auditward-SelfGuardRules-9VK2XQ0B7LMD";

/// A world in which self-guard has found its own rule, and is another function.
async fn beside_self_guard(function: Function) -> World {
    let world = World {
        function: Some(function),
        ..world(ENFORCE).await
    };
    let listed = json!({"resources": [
        {"account": "111111111111", "region": "eu-west-1", "resource": RULE},
        {"account": "111111111111", "region": "eu-west-1",
         "resource": RULE.replace("SelfGuardRules", "LogGuardLogs")},
    ]});
    let key = keys::pulse(Function::SelfGuard);
    let put = Put::new(key, crate::store::Expect::Absent, &listed).unwrap();
    world.store.put(&[put]).await.unwrap();
    world
}

#[tokio::test]
async fn what_self_guard_hangs_on_another_puts_back() {
    let mut world = beside_self_guard(Function::TrailGuard).await;
    let answer = look(&world, 0, "pulse").await;
    assert!(is_on(&world));
    assert_eq!(
        world.alerts(),
        ["fixed"],
        "of the other function's rule nothing"
    );
    assert_eq!(answer.cases.len(), 1);
    let case = world.case().await.unwrap();
    assert_eq!(
        (&*case.rule, &*case.resource),
        ("guard-rule.disabled", RULE)
    );
    look(&world, 60, "pulse").await;
    assert_eq!(world.alerts(), ["fixed"]);
    assert_eq!(world.writes.load(Ordering::SeqCst), 1);
    // self-guard means the same case by the same drift, whoever is faster.
    set(&world, false);
    let list = [keys::pulse(Function::TrailGuard)];
    let listed = world.store.get(&list).await.unwrap();
    assert!(listed.is_empty(), "it does not take over what is another's");
    world.function = Some(Function::SelfGuard);
    look(&world, 120, "pulse").await;
    assert!(is_on(&world));
    assert_eq!(world.store.list("case", 9).await.unwrap().len(), 2);

    let others = beside_self_guard(Function::BucketGuard).await;
    look(&others, 0, "pulse").await;
    assert!(!is_on(&others), "one function heals, not all");
}

/// In mode `alert` both see it each minute, and people are told once.
#[tokio::test]
async fn two_functions_that_see_one_drift_tell_once() {
    let mut world = beside_self_guard(Function::TrailGuard).await;
    let pushed = Pushed {
        number: 2,
        text: ENFORCE.replace("\"enforce\"", "\"alert\""),
        by: "test".into(),
        at: at(0),
    };
    let put = Put::new(keys::SETTINGS, crate::store::Expect::Anything, &pushed).unwrap();
    world.store.put(&[put]).await.unwrap();
    for function in [
        Function::TrailGuard,
        Function::SelfGuard,
        Function::TrailGuard,
    ] {
        world.function = Some(function);
        look(&world, 0, "pulse").await;
    }
    let told: Vec<_> = world.alerts();
    // self-guard sees the other function's rule as well.
    assert_eq!(told, ["would-fix", "would-fix"]);
    let cases = world.store.list("case", 9).await.unwrap();
    assert_eq!(cases.len(), 2);
}
