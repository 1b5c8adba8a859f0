//! The time in which a trail did not record, and who reads what happened then.

use super::*;

/// GIVEN a trail that somebody stopped and started again himself, THEN what
/// happened meanwhile is read, once.
#[tokio::test]
async fn what_happened_is_read_whoever_started_the_trail_again() {
    let world = guarding(trail(), Function::TrailGuard).await;
    set(&world, true);
    stopped(&world, 0).await;
    assert_eq!(world.alerts(), ["already-safe"]);
    let gaps = world.sent("close-gap");
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0]["from"].as_str().unwrap() < "2026-11-20T10:00:00");
    judged(&world, STOPPED, 61, Turn::Again { last: false }).await;
    look(&world, 120, "pulse").await;
    assert_eq!(world.sent("close-gap").len(), 1);
}

/// GIVEN mode `alert`, WHEN a person starts the trail again, THEN what happened
/// meanwhile is read; and while nobody does, what happened so far, each hour.
#[tokio::test]
async fn a_gap_stays_open_until_the_trail_records_and_is_read_meanwhile() {
    let alert = ENFORCE.replace("\"enforce\"", "\"alert\"");
    let world = guarding_under(&alert, trail(), Function::TrailGuard).await;
    stopped(&world, 0).await;
    look(&world, 60, "pulse").await;
    assert_eq!(world.sent("close-gap").len(), 0);
    set(&world, true);
    look(&world, 120, "pulse").await;
    look(&world, 180, "pulse").await;
    let gaps = world.sent("close-gap");
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(gaps[0]["from"].as_str().unwrap() < "2026-11-20T10:00:00");

    // Nobody told of it: it began when all was well for the last time.
    set(&world, false);
    for minute in 4..70 {
        look(&world, minute * 60, "pulse").await;
    }
    let gaps = world.sent("close-gap");
    assert_eq!(gaps.len(), 2, "{gaps:?}");
    set(&world, true);
    look(&world, 71 * 60, "pulse").await;
    let gaps = world.sent("close-gap");
    assert_eq!(gaps.len(), 3);
    assert!(
        gaps[2]["from"].as_str() < gaps[1]["to"].as_str(),
        "{gaps:?}"
    );
}

/// GIVEN queues that take nothing, THEN the gap is not forgotten.
#[tokio::test]
async fn what_could_not_be_asked_for_is_asked_for_by_the_next_pulse() {
    let world = guarding(trail(), Function::TrailGuard).await;
    world.full.store(true, Ordering::SeqCst);
    stopped(&world, 0).await;
    assert!(is_on(&world));
    look(&world, 30, "pulse").await;
    world.full.store(false, Ordering::SeqCst);
    look(&world, 60, "pulse").await;
    assert_eq!(world.sent("close-gap").len(), 1);
    look(&world, 120, "pulse").await;
    assert_eq!(world.sent("close-gap").len(), 1);
}

/// GIVEN a member account in which nothing is guarded, THEN its history is read as
/// well; and that it cannot be asked for is tried again.
#[tokio::test]
async fn the_history_of_every_place_is_read() {
    let ours = "accounts = [\"111111111111\", \"222222222222\"]\nregions = [\"eu-central-1\"]";
    let settings = ENFORCE.replace("accounts = [\"111111111111\"]", ours);
    let world = guarding_under(&settings, logs(), Function::BucketGuard).await;
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
    world.full.store(true, Ordering::SeqCst);
    let answer = pipeline.close_gap(at(0), at(60), None).await;
    assert!(answer.retry.is_some());
    world.full.store(false, Ordering::SeqCst);
    pipeline.close_gap(at(0), at(60), None).await;
    let asked = world.sent("read-missed");
    let mut places: Vec<_> = asked
        .iter()
        .map(|message| {
            let gap: Gap = serde_json::from_value(message["gap"].clone()).unwrap();
            gap.place
        })
        .collect();
    places.sort();
    let each = [
        place("111111111111", "eu-central-1"),
        place("111111111111", "eu-west-1"),
        place("222222222222", "eu-central-1"),
        place("222222222222", "eu-west-1"),
    ];
    assert_eq!(places, each);

    // What there is no time for is handed on.
    world.messages.lock().unwrap().clear();
    let late = Pipeline {
        deadline: at(905),
        started: Instant::now(),
        ..pipeline
    };
    late.close_gap(at(0), at(60), Some(&each[1])).await;
    assert_eq!(world.sent("read-missed").len(), 2);
}
