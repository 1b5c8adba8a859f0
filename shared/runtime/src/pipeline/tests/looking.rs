//! Pulse and sweep: what is found without an event.

use super::*;

fn trail() -> At {
    At::new(
        "111111111111",
        "eu-west-1",
        "arn:aws:cloudtrail:eu-west-1:111111111111:trail/audit",
    )
}

fn logs() -> At {
    At::new("111111111111", "eu-west-1", "arn:aws:s3:::logs")
}

/// A world with this to guard.
async fn guarding(at: At, function: Function) -> World {
    World {
        guarded: vec![at],
        function: Some(function),
        only: (function == Function::BucketGuard).then_some("bucket-public-access"),
        ..world(ENFORCE).await
    }
}

async fn look(world: &World, seconds: i64, what: &str) -> Answer {
    let memo = Memo::new(Settings::default());
    let now = at(seconds);
    let pipeline = Pipeline {
        guard: world,
        store: world,
        outside: world,
        memo: &memo,
        now,
        started: Instant::now(),
        deadline: now + Duration::seconds(50),
    };
    match what {
        "pulse" => pipeline.pulse().await,
        "sweep" => pipeline.sweep(None).await,
        "place" => {
            let place = place("111111111111", "eu-west-1");
            pipeline.sweep_place(&place, 0).await
        }
        "take" => pipeline.take_baselines(None, "AROAOPERATOR").await,
        sender => pipeline.fix("arn:aws:s3:::logs", sender).await,
    }
}

fn set(world: &World, on: bool) {
    *world.logging.lock().unwrap() = on;
}

fn is_on(world: &World) -> bool {
    *world.logging.lock().unwrap()
}

#[tokio::test]
async fn a_trail_that_nobody_reported_is_started_within_a_pulse() {
    let world = guarding(trail(), Function::TrailGuard).await;
    let answer = look(&world, 0, "pulse").await;
    assert!(is_on(&world));
    assert_eq!(world.alerts(), ["fixed"]);
    assert_eq!(answer.cases.len(), 1);
    assert!(world.alerts.lock().unwrap()[0].text.contains("by looking"));
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
    pipeline.close_gap(at(0), at(60)).await;
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
    look(&world, 7400, "AROAOPERATOR").await;
    assert!(is_on(&world));
}

#[tokio::test]
async fn drift_from_a_confirmed_baseline_is_put_right() {
    let world = guarding(logs(), Function::BucketGuard).await;
    set(&world, true);
    look(&world, 0, "take").await;
    set(&world, false);
    look(&world, 3600, "place").await;
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
