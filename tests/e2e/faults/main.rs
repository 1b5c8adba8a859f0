//! Faults at every call, and crashes before and after every call.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod story;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use auditward_tests::proxy::{Fault, Match, depth};
use auditward_tests::runtime_api::Outcome;
use auditward_tests::story::outcome_of;
use serde_json::json;
use tokio::sync::Semaphore;

use story::{Handed, Plot, Story, struck};

const STOP: Plot = Plot::fixed("trail-guard/trail.logging-stopped.violation.by-arn");
const OPENED: Plot = Plot::fixed("bucket-guard/bucket.policy-opened.violation.log-bucket");
const TRUSTED: Plot = Plot::fixed("role-guard/role.trust-opened.violation.own-and-foreign");

/// A change each of one step, with evidence and without.
const SHORT: [Plot; 3] = [STOP, OPENED, TRUSTED];

/// What takes several steps, what comes by another way than an event, what is only
/// told, and what is in another account.
const LONG: [Plot; 7] = [
    // The bucket's policy comes first, then the trail and all its sides.
    Plot::fixed("trail-guard/trail.deleted.violation.by-name")
        .after(&["bucket-guard/bucket.policy-deleted.violation.log-bucket"]),
    // Its trust is closed, and its live sessions end.
    Plot::fixed("role-guard/role.created-open.violation.foreign-account"),
    Plot::fixed("trail-guard/trail.logging-stopped.violation.member-trail"),
    TRUSTED.by(Handed::Undo).ends("undone"),
    OPENED.by(Handed::Again),
    OPENED.ends("would-fix"),
    Plot::fixed("trail-guard/trail.logging-stopped.attempt.denied").ends("attempt"),
];

/// What no event tells of.
const LOOKS: [Plot; 3] = [
    STOP.by(Handed::Take),
    STOP.by(Handed::Pulse),
    STOP.by(Handed::Place),
];

/// Faults that are told one after the other on one server, and into how many parts
/// that is divided which run side by side: a call that stays throttled is given up
/// after some seconds.
type Faults = &'static [(&'static [Fault], usize)];
/// Which calls are struck, by their numbers.
type Which = fn(&Story, Fault) -> Vec<usize>;

const SOME: Faults = &[
    (&[Fault::AccessDenied], 2),
    (&[Fault::Throttled], 6),
    (&[Fault::Reset], 2),
    (&[Fault::AnswerLost], 2),
];

/// Of lost connections the worst alone: what was asked is done, and nobody knows.
const FEW: Faults = &[
    (&[Fault::AccessDenied, Fault::AnswerLost], 1),
    (&[Fault::Throttled], 2),
];

/// GIVEN a fault at a call, with all its retries, THEN the invocation ends told
/// or as an error, and after the retry all is well.
async fn calls_may_fail(
    plot: Plot,
    which: Which,
    faults: &'static [Fault],
    (part, parts): (usize, usize),
) {
    let story = Story::of(plot).await;
    for fault in faults {
        for number in which(&story, *fault).into_iter().skip(part).step_by(parts) {
            a_call_fails(&story, *fault, number).await;
        }
    }
}

async fn a_call_fails(story: &Story, fault: Fault, number: usize) {
    let (mut guard, payload) = story.begin().await;
    guard.proxy.fail(Match::operation(number), fault);
    let never = std::future::pending();
    let outcome = guard
        .function
        .invoke_until(&payload, story.time(), never)
        .await;
    let failed = struck(&guard.proxy.calls(), number);
    let what = format!("{fault:?} at call {number}, \"{failed}\"");
    let told = story.stage.alerts().await.len();
    let is_error = matches!(outcome, Outcome::Error { .. });
    assert!(told > 0 || is_error, "{what}: silent: {outcome:?}");
    story.ends_well(&mut guard, &payload, told, &what).await;
}

/// GIVEN a crash before or after a call, THEN whoever comes after the lease
/// finishes the story.
async fn every_call_may_be_the_last(plot: Plot, crash: Fault) {
    let story = Story::of(plot).await;
    for number in story.every(crash) {
        let (mut crashed, payload) = story.begin().await;
        crashed.proxy.fail(Match::operation(number), crash);
        let proxy = &crashed.proxy;
        let outcome = crashed
            .function
            .invoke_until(&payload, story.time(), proxy.hit())
            .await;
        let failed = struck(&proxy.calls(), number);
        let what = format!("{crash:?} at call {number}, \"{failed}\"");
        assert_eq!(outcome, Outcome::Died, "{what}");
        let told = story.stage.alerts().await.len();
        let mut guard = story.stage.guard(story.function).await;
        story.ends_well(&mut guard, &payload, told, &what).await;
    }
}

type Telling = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Plots with faults at every call, each part with a name.
fn tellings(plots: &[Plot], which: Which, faults: Faults) -> Vec<(String, Telling)> {
    let mut all: Vec<(String, Telling)> = Vec::new();
    for &plot in plots {
        for &(faults, parts) in faults {
            for part in 0..parts {
                let telling = calls_may_fail(plot, which, faults, (part, parts));
                all.push((format!("{plot:?}, {faults:?}, {part}"), Box::pin(telling)));
            }
        }
    }
    all
}

/// Tells so many at the same time, each on a server of its own, as most of the time
/// SDKs wait; says which went wrong.
async fn tell(tellings: Vec<(String, Telling)>, at_once: usize) {
    let turns = Arc::new(Semaphore::new(at_once));
    let tellings = tellings.into_iter().map(|(what, telling)| {
        let turns = Arc::clone(&turns);
        let told = tokio::spawn(async move {
            let _turn = turns.acquire_owned().await;
            telling.await;
        });
        (what, told)
    });
    let told: Vec<_> = tellings.collect();
    let mut failed = Vec::new();
    for (what, told) in told {
        if told.await.is_err() {
            failed.push(what);
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_and_whenever_it_crashes_it_ends_well() {
    let mut all = tellings(&SHORT, Story::every, SOME);
    for plot in SHORT {
        for crash in [Fault::Hang, Fault::HangAfter] {
            let telling = every_call_may_be_the_last(plot, crash);
            all.push((format!("{plot:?}, {crash:?}"), Box::pin(telling)));
        }
    }
    tell(all, 42).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_stories_end_well_whatever_fails() {
    tell(tellings(&LONG, Story::telling, FEW), 16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looks_end_well_whatever_fails() {
    tell(tellings(&LOOKS, Story::telling, FEW), 16).await;
}

/// GIVEN a call of the store whose answer is lost once, THEN the SDK's second try of it
/// is not taken for somebody else's, and all ends well without Lambda's retry.
#[tokio::test]
async fn what_was_stored_before_an_answer_was_lost_is_stored() {
    for plot in [STOP, TRUSTED.by(Handed::Undo).ends("undone")] {
        let story = Story::of(plot).await;
        for number in story.every(Fault::AnswerLost) {
            if !story.calls[number - 1].starts_with("dynamodb:") {
                continue;
            }
            let (mut guard, payload) = story.begin().await;
            let once = Match::operation(number).times(1);
            guard.proxy.fail(once, Fault::AnswerLost);
            let answer = guard.play(&payload).await;
            let what = format!("{plot:?}, {}", struck(&guard.proxy.calls(), number));
            assert_eq!(outcome_of(&answer), plot.outcome, "{what}: {answer}");
            assert_eq!(answer["notes"], json!([]), "{what}: {answer}");
            assert_eq!(story.live().await, story.end, "{what}");
            assert_eq!(story.stage.alerts().await.len(), 1, "{what}");
        }
    }
}

/// GIVEN a call that AWS throttles a few times, THEN the same invocation waits and
/// puts it right.
#[tokio::test]
async fn a_call_that_is_throttled_for_a_while_is_waited_for() {
    let story = Story::of(STOP).await;
    let (mut guard, event) = story.begin().await;
    let start = Match::action("cloudtrail", "StartLogging");
    guard.proxy.fail(start.times(3), Fault::Throttled);
    let answer = guard.play(&event).await;
    assert_eq!(outcome_of(&answer), "fixed", "{answer}");
    assert_eq!(story.live().await, story.end);
    assert_eq!(story.stage.alert().await.attribute("outcome"), "fixed");
    guard.done();
}

/// GIVEN a call that stays throttled, THEN the invocation ends told and as an error,
/// with AWS's own word for it, and the retry puts it right when AWS has time again.
#[tokio::test]
async fn a_call_that_stays_throttled_is_told_and_left_to_the_retry() {
    let story = Story::of(STOP).await;
    let (mut guard, event) = story.begin().await;
    let start = Match::action("cloudtrail", "StartLogging");
    guard.proxy.fail(start, Fault::Throttled);
    let never = std::future::pending();
    let outcome = guard
        .function
        .invoke_until(&event, story.time(), never)
        .await;
    let said = outcome.error();
    assert!(said.contains("ThrottlingException"), "{said}");
    let alert = story.stage.alert().await;
    assert_eq!(alert.attribute("outcome"), "failed");
    let because = &alert.finding["unmapped"]["because"];
    assert!(
        because.to_string().contains("ThrottlingException"),
        "{alert:?}"
    );
    story
        .ends_well(&mut guard, &event, 0, "once it is not throttled")
        .await;
}

/// A stopped trail logs again after three round trips in sequence, warm or cold.
#[tokio::test]
async fn a_stopped_trail_is_back_after_three_round_trips() {
    let story = Story::of(STOP).await;
    let (mut guard, first) = story.begin().await;
    for (how, event) in [
        ("cold", first),
        ("warm", story.stage.scene.adapt(&story.event)),
    ] {
        story.stage.act(&event).await;
        guard.clear();
        guard
            .proxy
            .fail(Match::any(), Fault::Delay(Duration::from_millis(200)));
        guard.play(&event).await;
        let calls = guard.proxy.calls();
        let write = calls
            .iter()
            .position(|call| call.action == "StartLogging")
            .unwrap();
        let names: Vec<_> = calls[..=write].iter().map(|call| call.name()).collect();
        assert_eq!(depth(&calls[..=write]), 3, "{how}: {names:?}");
    }
    guard.done();
}
