//! Faults at every call, and crashes before and after every call.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::time::Duration;

use auditward_tests::moto::Moto;
use auditward_tests::proxy::{Fault, Match, depth};
use auditward_tests::runtime_api::Outcome;
use auditward_tests::stage::{ENFORCE, Guard, Stage};
use auditward_tests::story::{case_of, outcome_of};
use serde_json::Value;

const STOP: &str = "trail-guard/trail.logging-stopped.violation.by-arn";
const OPENED: &str = "bucket-guard/bucket.policy-opened.violation.log-bucket";
const TRUSTED: &str = "role-guard/role.trust-opened.violation.own-and-foreign";

/// A story that is told over and over, each time with another fault.
struct Story {
    stage: Stage<Box<Moto>>,
    function: &'static str,
    event: Value,
    safe: Value,
    /// How many calls it takes.
    calls: usize,
}

impl Story {
    /// Tells it once, without a fault, on a server of its own.
    async fn of(sample: &'static str) -> Self {
        let patient = "\n[breaker]\nchanges = 10000\n[fuses]\nper_rule = 10000\noverall = 10000\n";
        let stage = Stage::on(Box::new(Moto::start()), &format!("{ENFORCE}{patient}")).await;
        let function = sample.split('/').next().unwrap();
        let event = stage.event(sample);
        stage.scene.prepare(&stage.moto, &event).await;
        stage.take_baselines(function).await;
        stage.act(&event).await;
        let mut guard = stage.guard(function).await;
        guard.play(&event).await;
        assert_eq!(stage.alerts().await.len(), 1);
        let calls = guard
            .proxy
            .calls()
            .iter()
            .map(|call| call.operation)
            .max()
            .unwrap();
        let safe = stage.look(&event).await;
        Self {
            stage,
            function,
            event,
            safe,
            calls,
        }
    }

    /// The act again, and a fresh function to answer it.
    async fn begin(&self) -> (Guard, Value) {
        let event = self.stage.scene.adapt(&self.event);
        self.stage.act(&event).await;
        assert_ne!(self.stage.look(&event).await, self.safe);
        (self.stage.guard(self.function).await, event)
    }

    /// After Lambda's retry, without the fault, all is safe, stored and told.
    /// Where the store did not answer, evidence was switched on without it, and
    /// the retry stores that it found it safe.
    async fn ends_well(&self, guard: &mut Guard, event: &Value, told: usize, what: &str) {
        guard.clear();
        let answer = match guard.attempt(event).await {
            Outcome::Response(answer) => answer,
            other => panic!("{what}: the retry failed: {other:?}"),
        };
        assert_eq!(self.stage.look(event).await, self.safe, "{what}: {answer}");
        let case = self.stage.case(&case_of(&answer)).await;
        let ended = case["outcome"].as_str().unwrap_or_default();
        let unstored = what.contains("\"dynamodb:") && !what.starts_with("Hang");
        assert!(
            ended == "fixed" || unstored && ended == "already-safe",
            "{what}: {case:#}"
        );
        let told = told + self.stage.alerts().await.len();
        assert!(told > 0, "{what}: nobody was told");
    }
}

/// The faults, and into how many parts each is divided that run side by side: a
/// call that stays throttled is given up after some seconds.
const FAULTS: [(Fault, usize); 4] = [
    (Fault::AccessDenied, 2),
    (Fault::Throttled, 6),
    (Fault::Reset, 2),
    (Fault::AnswerLost, 2),
];

/// GIVEN a fault at a call, with all its retries, THEN the invocation ends told
/// or as an error, and after the retry all is well.
async fn every_call_may_fail(sample: &'static str, fault: Fault, part: usize, parts: usize) {
    let story = Story::of(sample).await;
    for number in (1..=story.calls).skip(part).step_by(parts) {
        let (mut guard, event) = story.begin().await;
        guard.proxy.fail(Match::operation(number), fault);
        // A deadline that has come is a lease that has ended: Lambda's retry
        // comes after it.
        let never = std::future::pending();
        let outcome = guard
            .function
            .invoke_until(&event, Duration::ZERO, never)
            .await;
        let failed = guard
            .proxy
            .calls()
            .iter()
            .find(|call| call.operation == number)
            .map(|call| call.name());
        let what = format!("{fault:?} at call {number}, {failed:?}");
        let told = story.stage.alerts().await.len();
        let is_error = matches!(outcome, Outcome::Error { .. });
        assert!(told > 0 || is_error, "{what}: silent: {outcome:?}");
        story.ends_well(&mut guard, &event, told, &what).await;
    }
}

/// GIVEN a crash before or after a call, THEN whoever comes after the lease
/// finishes the story.
async fn every_call_may_be_the_last(sample: &'static str, crash: Fault) {
    let story = Story::of(sample).await;
    for number in 1..=story.calls {
        let (mut crashed, event) = story.begin().await;
        crashed.proxy.fail(Match::operation(number), crash);
        let proxy = &crashed.proxy;
        let outcome = crashed
            .function
            .invoke_until(&event, Duration::ZERO, proxy.hit())
            .await;
        let failed = proxy.calls().last().map(|call| call.name());
        let what = format!("{crash:?} at call {number}, {failed:?}: {outcome:?}");
        let told = story.stage.alerts().await.len();
        let mut guard = story.stage.guard(story.function).await;
        story.ends_well(&mut guard, &event, told, &what).await;
    }
}

/// All at once, each on a server of its own: most of the time SDKs wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_and_whenever_it_crashes_it_ends_well() {
    let mut told = Vec::new();
    for sample in [STOP, OPENED, TRUSTED] {
        for (fault, parts) in FAULTS {
            for part in 0..parts {
                let story = tokio::spawn(every_call_may_fail(sample, fault, part, parts));
                told.push((format!("{sample}, {fault:?}, {part}"), story));
            }
        }
        for crash in [Fault::Hang, Fault::HangAfter] {
            let story = tokio::spawn(every_call_may_be_the_last(sample, crash));
            told.push((format!("{sample}, {crash:?}"), story));
        }
    }
    let mut failed = Vec::new();
    for (what, story) in told {
        if story.await.is_err() {
            failed.push(what);
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
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
    assert_eq!(story.stage.look(&event).await, story.safe);
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
        .invoke_until(&event, Duration::ZERO, never)
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
