//! What is gone for good.

use super::*;

const OPERATOR: &str = "AROAEXAMPLEOPERATOR01";

async fn retire(world: &World, seconds: i64, sender: &str) -> Answer {
    let memo = Memo::new(Settings::default());
    let retire = Retire {
        resource: trail().resource,
        reason: "it was moved".into(),
    };
    pipeline(world, &memo, seconds)
        .retire(&retire, sender)
        .await
}

async fn recorded(world: &World) -> Option<Baseline> {
    let key = keys::baseline("trail-logging", &trail());
    let items = world.store.get(std::slice::from_ref(&key)).await.unwrap();
    items.get(&key)?.read().ok()
}

/// A trail with a baseline that is on; then it is deleted: what AWS lists no longer,
/// and reads as off.
async fn deleted() -> World {
    let mut world = guarding(trail(), Function::TrailGuard).await;
    set(&world, true);
    look(&world, 0, "take").await;
    look(&world, 1, "pulse").await;
    world.guarded = Vec::new();
    set(&world, false);
    world.alerts.lock().unwrap().clear();
    world
}

#[tokio::test]
async fn what_is_deleted_is_missed_until_an_operator_says_that_it_is_gone() {
    let world = deleted().await;
    look(&world, 60, "pulse").await;
    assert!(is_on(&world), "it is missed");
    set(&world, false);
    let answer = retire(&world, 120, OPERATOR).await;
    assert_eq!(answer.retry, None, "{answer:?}");
    let told = world.alerts.lock().unwrap().pop().unwrap();
    assert!(told.subject.contains("guarding ended"), "{told:?}");
    assert!(told.text.contains("it was moved"), "{told:?}");
    for (minute, look_at) in [(3, "pulse"), (4, "place"), (5, "sweep")] {
        look(&world, minute * 60, look_at).await;
    }
    assert!(!is_on(&world), "nobody misses it");
    let baseline = recorded(&world).await.unwrap();
    assert!(baseline.retired && !baseline.confirmed, "{baseline:?}");
    assert_eq!(baseline.earlier.len(), 1, "what it was is known");
    // It is nobody's any more, and the second word says so.
    let answer = retire(&world, 400, OPERATOR).await;
    assert!(answer.notes[0].contains("not guarded"), "{answer:?}");
}

/// GIVEN another one of that name, THEN it is guarded as one that nobody has seen.
#[tokio::test]
async fn what_is_made_again_is_guarded_as_new() {
    let mut world = deleted().await;
    retire(&world, 60, OPERATOR).await;
    world.guarded = vec![trail()];
    set(&world, true);
    look(&world, 120, "sweep").await;
    look(&world, 121, "place").await;
    let baseline = recorded(&world).await.unwrap();
    assert!(!baseline.retired && !baseline.outdated, "{baseline:?}");
    assert!(!baseline.confirmed, "nobody vouched for this one");
    set(&world, false);
    look(&world, 180, "pulse").await;
    assert!(is_on(&world));
}

#[tokio::test]
async fn what_is_there_is_not_retired_and_nobody_but_operators_retires() {
    let mut world = deleted().await;
    retire(&world, 60, "AROASTRANGER").await;
    world.guarded = vec![trail()];
    retire(&world, 61, OPERATOR).await;
    let alerts = world.alerts.lock().unwrap().clone();
    assert!(alerts[0].text.contains("is no operator"), "{alerts:?}");
    assert!(
        alerts[1].text.contains("delete it there first"),
        "{alerts:?}"
    );
    look(&world, 120, "pulse").await;
    assert!(is_on(&world), "it is guarded as before");
    assert!(!recorded(&world).await.unwrap().retired);
}

/// GIVEN nobody who hears, THEN it is told when somebody does, before it is forgotten.
#[tokio::test]
async fn that_guarding_ended_is_told_first() {
    let world = deleted().await;
    world.unheard.store(true, Ordering::SeqCst);
    let answer = retire(&world, 60, OPERATOR).await;
    assert!(answer.retry.is_some(), "{answer:?}");
    world.unheard.store(false, Ordering::SeqCst);
    let answer = retire(&world, 120, OPERATOR).await;
    assert_eq!(answer.retry, None, "{answer:?}");
    let told = world.alerts.lock().unwrap().pop().unwrap();
    assert!(told.subject.contains("guarding ended"), "{told:?}");
}

/// GIVEN a crash or a refused call anywhere, THEN asking again comes to the end.
#[tokio::test]
async fn asking_again_ends_what_failed_before() {
    for nth in 1..40 {
        let mut world = deleted().await;
        world.calls.store(0, Ordering::SeqCst);
        world.refuses_at = Some((nth, FailureKind::Passing));
        let answer = retire(&world, 60, OPERATOR).await;
        world.refuses_at = None;
        if answer.retry.is_some() {
            retire(&world, 120, OPERATOR).await;
        }
        look(&world, 180, "pulse").await;
        assert!(!is_on(&world), "call {nth}: {answer:?}");
    }
}
