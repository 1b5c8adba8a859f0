//! Settings that cannot be used, and what still holds without them.

use super::*;

/// The stopped trail, judged with what is remembered; a new event each time.
async fn stopped_with(world: &World, memo: &Memo, seconds: i64) -> Answer {
    let pipeline = pipeline(world, memo, seconds);
    *world.logging.lock().unwrap() = false;
    let text = STOPPED.replace("event-1", &format!("event-{seconds}"));
    let record = Record::read(&text).unwrap();
    pipeline.record(&record, &text, Turn::First).await
}

/// What people were told that is about no case.
fn reminded(world: &World) -> usize {
    let alerts = world.alerts.lock().unwrap();
    let about = |alert: &&Alert| alert.subject.contains("settings cannot be used");
    alerts.iter().filter(about).count()
}

/// GIVEN settings that cannot be read, THEN people are told so, once an hour.
#[tokio::test]
async fn that_settings_cannot_be_read_is_told_once_an_hour() {
    let world = world("[mode\n").await;
    for (seconds, told) in [(0, 1), (70, 1), (3_700, 2)] {
        stopped_with(&world, &Memo::new(Settings::default()), seconds).await;
        assert_eq!(reminded(&world), told, "after {seconds} s");
    }
}

/// GIVEN settings that were in force, WHEN they are gone from the table or an older
/// push stands there, THEN they hold on as far as they only switch evidence on.
#[tokio::test]
async fn settings_that_vanish_are_not_forgotten() {
    let older = "[mode]\ndefault = \"off\"\n";
    for later in [World::default(), world(older).await] {
        let before = world(ENFORCE).await;
        push(&before, 2, ENFORCE).await;
        let memo = Memo::new(Settings::default());
        stopped_with(&before, &memo, 0).await;
        assert_eq!(before.alerts(), ["fixed"]);
        let answer = stopped_with(&later, &memo, 90).await;
        assert_eq!(answer.cases[0].1, Outcome::Fixed, "{answer:?}");
        assert_eq!(reminded(&later), 1);
    }
}

/// GIVEN a kill switch that was in force, WHEN the table does not answer, THEN it
/// holds all the same.
#[tokio::test]
async fn the_kill_switch_holds_without_the_table_too() {
    let switched_off = format!(
        "{ENFORCE}\n[kill_switch]\nby = \"test\"\nreason = \"test\"\nuntil = 2026-11-20T23:00:00Z\n"
    );
    let mut world = world(&switched_off).await;
    let memo = Memo::new(Settings::default());
    stopped_with(&world, &memo, 0).await;
    assert!(!*world.logging.lock().unwrap());
    world.store_down = true;
    stopped_with(&world, &memo, 90).await;
    assert!(!*world.logging.lock().unwrap(), "the switch is still on");
}
