//! That people are told, also when telling fails, and when a look does.

use super::*;

/// GIVEN nobody who hears, THEN what could not be told is told later.
#[tokio::test]
async fn what_could_not_be_told_is_not_taken_for_told() {
    let world = guarding(logs(), Function::BucketGuard).await;
    look(&world, 0, "sweep").await;
    world.unheard.store(true, Ordering::SeqCst);
    look(&world, 1, "place").await;
    assert_eq!(world.alerts(), [""; 0]);
    world.unheard.store(false, Ordering::SeqCst);
    look(&world, 120, "place").await;
    let alerts = world.alerts.lock().unwrap().clone();
    assert!(alerts[0].text.contains("baseline approve"), "{alerts:?}");
    assert_eq!(alerts.len(), 1);
    look(&world, 180, "place").await;
    assert_eq!(world.alerts().len(), 1);
}

/// GIVEN a place that is closed, WHEN nobody can be told of it, THEN everything
/// else is looked at all the same, and it is told by the next sweep.
#[tokio::test]
async fn that_nobody_hears_of_a_closed_place_ends_no_sweep() {
    let ours = "accounts = [\"111111111111\", \"222222222222\"]";
    let settings = ENFORCE.replace("accounts = [\"111111111111\"]", ours);
    let mut world = guarding_under(&settings, trail(), Function::TrailGuard).await;
    world.closed = Some("222222222222");
    let memo = Memo::new(Settings::default());
    let at_second = |seconds: i64| Pipeline {
        guard: &world,
        store: &world,
        outside: &world,
        memo: &memo,
        now: at(seconds),
        started: Instant::now(),
        deadline: at(seconds + 50),
    };
    let member = place("222222222222", "eu-west-1");
    at_second(0).sweep_place(&member, 0).await;
    world.unheard.store(true, Ordering::SeqCst);
    at_second(60).sweep(None).await;
    assert_eq!(world.sent("sweep-place").len(), 2);
    world.unheard.store(false, Ordering::SeqCst);
    at_second(3660).sweep(None).await;
    let told = world.alerts.lock().unwrap().pop().unwrap();
    assert!(told.text.contains("222222222222"), "{told:?}");
}

/// GIVEN no store, THEN a pulse looks at what it remembers, and starts the trail.
#[tokio::test]
async fn without_a_store_a_pulse_looks_at_what_it_remembers() {
    for known in [true, false] {
        let mut world = guarding(trail(), Function::TrailGuard).await;
        let memo = Memo::new(Settings::default());
        set(&world, true);
        if known {
            look_with(&world, &memo, 0, "pulse").await;
        }
        world.store_down = true;
        set(&world, false);
        let answer = look_with(&world, &memo, 60, "pulse").await;
        assert!(is_on(&world), "{answer:?}");
        let told = world.alerts();
        assert!(told.contains(&"fixed".to_owned()), "{told:?}");
        // That the store is gone is told once, and not each minute.
        let before = world.alerts().len();
        look_with(&world, &memo, 120, "pulse").await;
        assert_eq!(world.alerts().len(), before);
        // And when it is back, nothing of that is taken for a baseline.
        world.store_down = false;
        look_with(&world, &memo, 180, "pulse").await;
        assert!(is_on(&world));
    }
}

/// GIVEN a sweep of a place that fails for a while, THEN it is tried again, and what
/// is told names the place.
#[tokio::test]
async fn a_sweep_of_a_place_that_fails_is_tried_again_and_told_by_its_name() {
    let mut again = 0;
    for nth in 1..8 {
        let mut world = guarding(logs(), Function::BucketGuard).await;
        set(&world, true);
        world.refuses_at = Some((nth, FailureKind::Passing));
        let answer = look(&world, 0, "place").await;
        again += usize::from(answer.retry.is_some());
        let heard = answer.retry.is_some() || !answer.notes.is_empty();
        assert!(
            heard || !world.alerts().is_empty(),
            "call {nth}: {answer:?}"
        );
    }
    assert!(again >= 5, "{again}");
    let mut world = guarding(logs(), Function::BucketGuard).await;
    world.store_down = true;
    look(&world, 7200, "place").await;
    let told = world.alerts.lock().unwrap().pop().unwrap();
    assert!(told.text.contains("111111111111 eu-west-1"), "{told:?}");
}

/// The kill switch is told of while it is on, also where nothing happens.
#[tokio::test]
async fn a_pulse_reminds_of_the_kill_switch() {
    let settings = format!(
        "{ENFORCE}[kill_switch]\nby = \"alice\"\nreason = \"migration\"\nuntil = 2026-11-20T12:00:00Z\n"
    );
    let world = guarding_under(&settings, trail(), Function::TrailGuard).await;
    set(&world, true);
    for minute in 0..70 {
        look(&world, minute * 60, "pulse").await;
    }
    let alerts = world.alerts.lock().unwrap().clone();
    assert_eq!(alerts.len(), 2, "{alerts:?}");
    assert!(alerts.iter().all(|one| one.text.contains("kill switch")));
}

/// Each refused wish is told, and an operator's word does not beat the kill switch.
#[tokio::test]
async fn a_wish_that_is_refused_is_told_each_time() {
    let world = guarding(logs(), Function::BucketGuard).await;
    look(&world, 0, "sweep").await;
    look(&world, 1, "place").await;
    world.alerts.lock().unwrap().clear();
    look(&world, 60, "AROASTRANGER").await;
    look(&world, 120, "AROASTRANGER").await;
    assert_eq!(world.alerts().len(), 2);
    let switched = format!(
        "{ENFORCE}[kill_switch]\nby = \"alice\"\nreason = \"migration\"\nuntil = 2026-11-20T12:00:00Z\n"
    );
    push(&world, 2, &switched).await;
    look(&world, 180, "AROAEXAMPLEOPERATOR01").await;
    assert!(!is_on(&world));
    push(&world, 3, ENFORCE).await;
    look(&world, 240, "AROAEXAMPLEOPERATOR01").await;
    assert!(is_on(&world));
}

/// GIVEN a trail whose log files do not arrive, THEN it is told once a day by the
/// error, with what to do, and whether or not it ever delivered.
#[tokio::test]
async fn that_a_trail_delivers_nothing_is_told_once_a_day() {
    for ever in [true, false] {
        let mut world = guarding(trail(), Function::TrailGuard).await;
        world.delivers = true;
        set(&world, true);
        if ever {
            look(&world, -60, "pulse").await;
        }
        *world.undelivered.lock().unwrap() = Some("AccessDenied");
        for minute in 0..3 {
            look(&world, minute * 60, "pulse").await;
        }
        let told = world.alerts.lock().unwrap().clone();
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].attributes["rule"], "trail.delivery-failing");
        assert!(told[0].text.contains("AccessDenied") && told[0].text.contains("bucket"));
        *world.undelivered.lock().unwrap() = Some("NoSuchBucket");
        look(&world, 240, "pulse").await;
        assert_eq!(world.alerts().len(), 2, "another error");
        look(&world, 86_400, "pulse").await;
        assert_eq!(world.alerts().len(), 3);
        *world.undelivered.lock().unwrap() = None;
        look(&world, 86_460, "pulse").await;
        assert_eq!(world.alerts().len(), 3);
    }
}

/// GIVEN a sandbox that was warm before the settings were pushed, WHEN an operator
/// of theirs asks for baselines at once, THEN they are taken.
#[tokio::test]
async fn an_operator_is_known_as_soon_as_the_settings_are() {
    let nobody = "[ours]\naccounts = [\"111111111111\"]\n";
    let world = guarding_under(nobody, trail(), Function::TrailGuard).await;
    set(&world, true);
    let memo = Memo::new(Settings::default());
    look_with(&world, &memo, 0, "pulse").await;
    push(&world, 2, ENFORCE).await;
    let pipeline = pipeline(&world, &memo, 5);
    let operator = "AROAEXAMPLEOPERATOR01";
    let answer = pipeline.take_baselines(None, operator).await;
    assert!(answer.notes[0].contains("recorded"), "{answer:?}");
    // And no longer once they do not name them.
    push(&world, 3, nobody).await;
    let answer = pipeline.take_baselines(None, operator).await;
    assert!(answer.notes[0].contains("is no operator"), "{answer:?}");
    let refused = world.alerts.lock().unwrap().pop().unwrap();
    assert_eq!(refused.attributes["severity"], "high");
    assert!(refused.next.contains("again"), "{refused:?}");
}

/// GIVEN what only switched evidence on, THEN no undo is offered, which would refuse.
#[tokio::test]
async fn undo_is_offered_only_where_evidence_stays_on() {
    for (kind, offered) in [("bucket-public-access", true), ("trail-logging", false)] {
        let world = world(ENFORCE).await;
        found(
            &world,
            "bucket.policy-opened",
            "arn:aws:s3:::logs",
            &[kind],
            0,
        )
        .await;
        let told = world.alerts.lock().unwrap().pop().unwrap();
        assert_eq!(told.attributes["outcome"], "fixed", "{told:?}");
        assert_eq!(told.next.contains("auditward undo"), offered, "{told:?}");
        assert_eq!(told.next.contains("exception"), !offered, "{told:?}");
    }
}
