//! What counts as a change, and what a stopped step means for the others.

use super::*;
use crate::limits::Fuse;

const LOGS: &str = "arn:aws:s3:::logs";
const VERSIONING: &str = "bucket.versioning-suspended";
const ACCESS: &str = "bucket.public-access-block-weakened";

/// A world in which two facets of a bucket are off, each by itself.
async fn two(settings: &str) -> World {
    let world = world(&format!("{ENFORCE}{settings}")).await;
    *world.apart.lock().unwrap() = [
        ("bucket-versioning", false),
        ("bucket-public-access", false),
    ]
    .into();
    world
}

fn off(world: &World) {
    world
        .apart
        .lock()
        .unwrap()
        .values_mut()
        .for_each(|on| *on = false);
    *world.logging.lock().unwrap() = false;
}

fn outcome(answer: &Answer) -> Outcome {
    answer.cases[0].1
}

#[tokio::test]
async fn evidence_that_was_switched_on_thrice_keeps_no_change_from_being_put_right() {
    let world = world(ENFORCE).await;
    *world.apart.lock().unwrap() = [("bucket-versioning", false)].into();
    for time in 0..3 {
        found(&world, VERSIONING, LOGS, &["trail-logging"], time * 180).await;
        off(&world);
    }
    let answer = found(&world, VERSIONING, LOGS, &["bucket-versioning"], 500).await;
    assert_eq!(outcome(&answer), Outcome::Fixed);
}

#[tokio::test]
async fn all_steps_of_a_change_are_one_on_the_breakers_count() {
    let world = two("[breaker]\nchanges = 1\n").await;
    let both = ["bucket-versioning", "bucket-public-access"];
    let answer = found(&world, VERSIONING, LOGS, &both, 0).await;
    assert_eq!(outcome(&answer), Outcome::Fixed, "{answer:?}");
    assert_eq!(world.writes.load(Ordering::SeqCst), 2);
    off(&world);
    let answer = found(&world, VERSIONING, LOGS, &both, 90).await;
    assert_eq!(outcome(&answer), Outcome::Waiting);
    assert_eq!(world.writes.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_is_refused_because_it_was_done_already_is_done() {
    let mut world = two("").await;
    world.repeats = true;
    let answer = found(&world, VERSIONING, LOGS, &["bucket-versioning"], 0).await;
    assert_eq!(outcome(&answer), Outcome::Fixed, "{answer:?}");
    assert_eq!(world.writes.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_aws_refused_is_no_change_on_a_fuse() {
    let mut world = two("[fuses]\noverall = 1\n").await;
    // Settings, what the case is about, the live state and the intent; then the write.
    world.refuses_at = Some((4, FailureKind::Denied));
    let one = found(
        &world,
        VERSIONING,
        "arn:aws:s3:::one",
        &["bucket-versioning"],
        0,
    )
    .await;
    assert_eq!(outcome(&one), Outcome::Failed, "{one:?}");
    let fuse = world.store.get(&[keys::FUSE.to_owned()]).await.unwrap();
    assert_eq!(fuse[keys::FUSE].read::<Fuse>().unwrap(), Fuse::default());
    let two = found(
        &world,
        VERSIONING,
        "arn:aws:s3:::two",
        &["bucket-versioning"],
        5,
    )
    .await;
    assert_eq!(outcome(&two), Outcome::Fixed, "{two:?}");
}

#[tokio::test]
async fn what_waits_for_one_fuse_does_not_burn_the_other() {
    let world = two("[fuses]\nper_rule = 1\noverall = 2\n").await;
    let change = async |rule: &str, resource: &str, seconds: i64| {
        off(&world);
        outcome(&found(&world, rule, resource, &["bucket-versioning"], seconds).await)
    };
    assert_eq!(
        change(VERSIONING, "arn:aws:s3:::one", 0).await,
        Outcome::Fixed
    );
    assert_eq!(
        change(VERSIONING, "arn:aws:s3:::two", 5).await,
        Outcome::Waiting
    );
    assert_eq!(
        change(ACCESS, "arn:aws:s3:::three", 10).await,
        Outcome::Fixed
    );
    assert_eq!(
        change(ACCESS, "arn:aws:s3:::four", 15).await,
        Outcome::Waiting
    );
}

/// A state of a facet that an operator put back, accepted for a day.
async fn accept(world: &World, kind: &str, state: Value) {
    let restored = json!({"state": state, "by": "operator", "until": at(80_000)});
    let key = keys::restored(kind, &At::new("111111111111", "eu-west-1", LOGS));
    let put = Put::new(key, crate::store::Expect::Absent, &restored).unwrap();
    world.store.put(&[put]).await.unwrap();
}

#[tokio::test]
async fn what_a_person_put_back_keeps_no_other_step_from_being_done_and_told() {
    let world = two("").await;
    let suspended = json!({"status": "suspended", "mfa-delete": false});
    accept(&world, "bucket-versioning", suspended).await;
    let both = ["bucket-versioning", "bucket-public-access"];
    let answer = found(&world, VERSIONING, LOGS, &both, 0).await;
    assert_eq!(outcome(&answer), Outcome::Fixed, "{answer:?}");
    assert_eq!(world.alerts(), ["fixed"]);
    assert!(!world.apart.lock().unwrap()["bucket-versioning"]);
    assert!(world.apart.lock().unwrap()["bucket-public-access"]);
    // Alone, it is nothing to tell.
    let answer = found(&world, VERSIONING, LOGS, &both[..1], 5).await;
    assert!(answer.cases.is_empty(), "{answer:?}");
}

#[tokio::test]
async fn evidence_behind_a_step_that_waits_is_switched_on_all_the_same() {
    let world = two("[breaker]\nchanges = 1\n").await;
    found(&world, VERSIONING, LOGS, &["bucket-versioning"], 0).await;
    off(&world);
    let steps = ["bucket-versioning", "trail-logging", "bucket-public-access"];
    let answer = found(&world, VERSIONING, LOGS, &steps, 90).await;
    assert_eq!(outcome(&answer), Outcome::Waiting, "{answer:?}");
    assert!(*world.logging.lock().unwrap());
    assert_eq!(world.writes.load(Ordering::SeqCst), 2, "and nothing else");
    assert_eq!(world.alerts(), ["fixed", "waiting"]);
}

#[tokio::test]
async fn evidence_behind_a_refused_step_is_switched_on_all_the_same() {
    let mut world = two("").await;
    world.refuses_at = Some((4, FailureKind::Denied));
    let steps = ["bucket-versioning", "trail-logging"];
    let answer = found(&world, VERSIONING, LOGS, &steps, 0).await;
    assert_eq!(outcome(&answer), Outcome::Failed, "{answer:?}");
    assert!(*world.logging.lock().unwrap());
    let case = world.case().await.unwrap();
    let done: Vec<bool> = case.steps.iter().map(|work| work.done).collect();
    assert_eq!(done, [false, true]);
    assert_eq!(case.steps[0].intended, None, "nothing was written there");
}

#[tokio::test]
async fn what_an_operator_asks_for_passes_breaker_and_fuse() {
    let world = World {
        guarded: vec![At::new("111111111111", "eu-west-1", LOGS)],
        function: Some(Function::BucketGuard),
        only: Some("bucket-public-access"),
        ..world(&format!(
            "{ENFORCE}[breaker]\nchanges = 1\n[fuses]\noverall = 1\n"
        ))
        .await
    };
    *world.logging.lock().unwrap() = true;
    let memo = Memo::new(Settings::default());
    pipeline(&world, &memo, 0)
        .take_baselines(None, "AROAEXAMPLEOPERATOR01")
        .await;
    let others = json!({"changes": [["arn:aws:s3:::other", at(50)]]});
    let put = Put::new(keys::FUSE, crate::store::Expect::Absent, &others).unwrap();
    world.store.put(&[put]).await.unwrap();
    for seconds in [60, 120] {
        *world.logging.lock().unwrap() = false;
        pipeline(&world, &memo, seconds)
            .fix(LOGS, "AROAEXAMPLEOPERATOR01")
            .await;
        assert!(*world.logging.lock().unwrap(), "at {seconds}");
    }
}
