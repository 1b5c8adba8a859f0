//! What looks make of a state that somebody left, and of what they began
//! themselves.

use super::*;

const YVONNE: &str = "arn:aws:iam::111111111111:role/yvonne";

/// Somebody else than mallory stopped the trail.
fn stopped_by(role: &str, event: &str) -> String {
    let mallory = r#""type":"IAMUser","arn":"arn:aws:iam::111111111111:user/mallory","accountId":"111111111111""#;
    let other = format!(
        r#""type":"AssumedRole","arn":"{role}/s","accountId":"111111111111","sessionContext":{{"sessionIssuer":{{"arn":"{role}"}}}}"#
    );
    let text = STOPPED.replace(mallory, &other).replace("event-1", event);
    assert_ne!(text, STOPPED);
    text
}

const BLOCK_DELETED: &str = r#"{"eventSource":"s3.amazonaws.com","eventName":"DeleteBucketPublicAccessBlock","awsRegion":"eu-west-1","recipientAccountId":"111111111111","eventID":"event-1","eventTime":"2026-11-20T11:00:00Z","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/mallory","accountId":"111111111111"},"requestParameters":{"bucketName":"logs","publicAccessBlock":""}}"#;

/// A world of bucket-guard with a confirmed baseline, an hour ago.
async fn confirmed(settings: &str) -> World {
    let world = guarding_under(settings, logs(), Function::BucketGuard).await;
    set(&world, true);
    look(&world, 0, "take").await;
    world.alerts.lock().unwrap().clear();
    set(&world, false);
    world
}

/// GIVEN a trail that a break-glass principal stopped, THEN no look starts it:
/// neither a minute later nor on the days after, while it stays so.
#[tokio::test]
async fn what_a_break_glass_principal_left_no_look_writes_against() {
    let settings =
        format!("{ENFORCE}[[break_glass]]\nprincipal = \"{YVONNE}\"\nreason = \"fire brigade\"\n");
    let world = guarding_under(&settings, trail(), Function::TrailGuard).await;
    judged(&world, &stopped_by(YVONNE, "event-1"), 0, Turn::First).await;
    assert_eq!(world.alerts(), ["would-fix"]);
    let day = 86_400;
    for seconds in [60, 120, 600, day, day + 60, 2 * day, 3 * day, 4 * day] {
        look(&world, seconds, "pulse").await;
        assert!(!is_on(&world), "after {seconds} s");
    }
    assert_eq!(world.alerts(), ["would-fix"; 5], "once a day");
    let alerts = world.alerts.lock().unwrap().clone();
    assert!(alerts.iter().all(|one| one.text.contains("fire brigade")));
    // It was right again in between: what is off then is nobody's leave.
    set(&world, true);
    look(&world, 4 * day + 60, "pulse").await;
    set(&world, false);
    look(&world, 4 * day + 120, "pulse").await;
    assert!(is_on(&world));
}

/// GIVEN an exception for who stopped the trail, THEN looks accept it as long, and
/// nobody is told; and nobody else may.
#[tokio::test]
async fn what_an_exception_accepts_looks_accept_as_long() {
    let settings = format!(
        "{ENFORCE}[[exceptions]]\nrule = \"trail.logging-stopped\"\nresource = \"*audit\"\nactor = \"{YVONNE}\"\nreason = \"migration\"\nuntil = 2026-11-20T12:00:00Z\n"
    );
    let world = guarding_under(&settings, trail(), Function::TrailGuard).await;
    judged(&world, &stopped_by(YVONNE, "event-1"), 0, Turn::First).await;
    for seconds in [60, 120, 3600] {
        look(&world, seconds, "pulse").await;
    }
    assert!(!is_on(&world));
    assert_eq!(world.alerts(), [""; 0]);
    // It ends by itself.
    look(&world, 3 * 3600, "pulse").await;
    assert!(is_on(&world));
    assert_eq!(world.alerts(), ["fixed"]);

    let world = guarding_under(&settings, trail(), Function::TrailGuard).await;
    judged(&world, &stopped_by(YVONNE, "event-1"), 0, Turn::First).await;
    set(&world, true);
    look(&world, 60, "pulse").await;
    set(&world, false);
    look(&world, 120, "pulse").await;
    assert!(is_on(&world), "of nobody it is accepted");
}

/// GIVEN a change that no event told of, WHEN a rule by which it may have come only
/// tells, THEN it is only told.
#[tokio::test]
async fn a_change_of_unknown_origin_is_held_to_the_most_careful_of_its_rules() {
    let deleted = "[mode.rules]\n\"bucket.public-access-block-deleted\" = \"alert\"\n";
    let careful = ENFORCE.replace("[[operators]]", &format!("{deleted}[[operators]]"));
    let world = confirmed(&careful).await;
    for seconds in [3600, 3720, 7200] {
        look(&world, seconds, "place").await;
    }
    assert!(!is_on(&world));
    assert_eq!(world.alerts(), ["would-fix"]);

    // The event's own mode is that of its case, whatever a look would call it.
    let world = confirmed(&careful).await;
    judged(&world, BLOCK_DELETED, 3600, Turn::First).await;
    look(&world, 3720, "place").await;
    look(&world, 7200, "place").await;
    assert!(!is_on(&world));
    assert_eq!(world.alerts(), ["would-fix"]);
}

/// GIVEN a change that came through CloudFormation, WHEN it still has time to
/// settle, THEN no look writes either, and one after that does.
#[tokio::test]
async fn what_settles_no_look_writes_against_before_it_has() {
    let through = BLOCK_DELETED.replace(
        r#""type":"IAMUser""#,
        r#""type":"IAMUser","invokedBy":"cloudformation.amazonaws.com""#,
    );
    let world = confirmed(ENFORCE).await;
    judged(&world, &through, 3600, Turn::First).await;
    assert_eq!(world.alerts(), [""; 0]);
    look(&world, 3660, "place").await;
    assert!(!is_on(&world), "it settles");
    assert_eq!(world.alerts(), [""; 0]);
    look(&world, 3730, "place").await;
    assert!(is_on(&world));
    assert_eq!(world.alerts(), ["fixed"]);
    assert_eq!(world.store.list("case", 9).await.unwrap().len(), 1);
}

/// GIVEN a change of which a look knows before the event, THEN it has time to
/// settle: a deployer's change that is told of meanwhile is never reverted; any
/// other is put right by the next pulses, and not only by the next sweep.
#[tokio::test]
async fn a_change_that_a_look_sees_first_has_time_to_be_told_of() {
    let world = confirmed(ENFORCE).await;
    look(&world, 3600, "place").await;
    look(&world, 3660, "pulse").await;
    assert!(!is_on(&world));
    assert_eq!(world.alerts(), [""; 0]);
    look(&world, 3725, "pulse").await;
    assert!(is_on(&world));
    assert_eq!(world.alerts(), ["fixed"]);
    look(&world, 3780, "pulse").await;
    assert_eq!(world.alerts(), ["fixed"]);

    // It was right again in time: nothing is done, and nobody told.
    let world = confirmed(ENFORCE).await;
    look(&world, 3600, "place").await;
    set(&world, true);
    look(&world, 3660, "pulse").await;
    set(&world, false);
    look(&world, 7200, "place").await;
    assert!(!is_on(&world), "the time begins anew");
    assert_eq!(world.alerts(), [""; 0]);
    assert_eq!(world.writes.load(Ordering::SeqCst), 0);
}

/// Whatever call the process of a pulse dies at, a later pulse ends safe and told,
/// and has what happened meanwhile read.
#[tokio::test(start_paused = true)]
async fn a_pulse_that_dies_between_any_two_steps_is_made_good_by_a_later_one() {
    let begun = async || {
        let world = guarding(trail(), Function::TrailGuard).await;
        set(&world, true);
        look(&world, -60, "sweep").await;
        look(&world, -59, "place").await;
        world.messages.lock().unwrap().clear();
        set(&world, false);
        world.calls.store(0, Ordering::SeqCst);
        world
    };
    let calls = {
        let world = begun().await;
        look(&world, 0, "pulse").await;
        world.calls.load(Ordering::SeqCst)
    };
    assert!(calls >= 8, "{calls}");
    for nth in 0..calls {
        let mut world = begun().await;
        world.dies_at = Some(nth);
        let died = tokio::time::timeout(Pause::from_secs(1), look(&world, 0, "pulse")).await;
        assert!(died.is_err(), "call {nth} was not reached");
        world.dies_at = None;
        let before = world.alerts().len();
        look(&world, 60, "pulse").await;
        look(&world, 120, "pulse").await;
        assert!(is_on(&world), "call {nth}");
        let alerts = world.alerts();
        assert!(!alerts.is_empty(), "call {nth}: somebody is told");
        let all_fixed = alerts.iter().all(|one| one == "fixed");
        assert!(
            all_fixed && alerts.len() <= 1 + before,
            "call {nth}: {alerts:?}"
        );
        let case = world.case().await.unwrap();
        assert_eq!(case.outcome, Outcome::Fixed, "call {nth}");
        assert!(case.told.is_some(), "call {nth}");
        assert_eq!(case.steps[0].before, Some(json!(false)), "call {nth}");
        assert!(!world.sent("close-gap").is_empty(), "call {nth}");
    }
}

/// GIVEN a pulse that started the trail while nobody could be told, THEN the next
/// one tells.
#[tokio::test]
async fn what_a_pulse_could_not_tell_the_next_one_tells() {
    let world = guarding(trail(), Function::TrailGuard).await;
    world.unheard.store(true, Ordering::SeqCst);
    let answer = look(&world, 0, "pulse").await;
    assert!(is_on(&world));
    assert!(answer.retry.is_some());
    world.unheard.store(false, Ordering::SeqCst);
    look(&world, 60, "pulse").await;
    assert_eq!(world.alerts(), ["fixed"]);
    look(&world, 120, "pulse").await;
    assert_eq!(world.alerts(), ["fixed"]);
    assert_eq!(world.store.list("case", 9).await.unwrap().len(), 1);
}

/// A trail that is stopped all day long is started each minute all the same, and
/// people hear of it at least once an hour.
#[tokio::test]
async fn flapping_buys_no_silence() {
    let world = guarding(trail(), Function::TrailGuard).await;
    for minute in 0..240 {
        set(&world, false);
        look(&world, minute * 60, "pulse").await;
        assert!(is_on(&world), "minute {minute}");
    }
    let before = world.alerts().len();
    for minute in 240..300 {
        set(&world, false);
        look(&world, minute * 60, "pulse").await;
        assert!(is_on(&world), "minute {minute}");
    }
    let hour = world.alerts().len() - before;
    assert!((1..=3).contains(&hour), "{hour} alerts in the fifth hour");
}
