//! What failed every time, and what nobody saw: driven again and read back, end
//! to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::moto::{MANAGEMENT, MEMBER, STRANGER};
use auditward_tests::proxy::{Fault, Match};
use auditward_tests::queue::{Queue, given_up};
use auditward_tests::runtime_api::Outcome;
use auditward_tests::scene::FUNCTIONS;
use auditward_tests::stage::{ENFORCE, Guard, OWN, Stage, acted};
use auditward_tests::story::outcome_of;
use serde_json::{Value, json};

const STOP: &str = "trail-guard/trail.logging-stopped.violation.by-arn";
const OPENED_HERE: &str = "bucket-guard/bucket.policy-opened.violation.log-bucket";
const OPENED_THERE: &str = "bucket-guard/bucket.policy-opened.violation.foreign-account";
/// How often the tests' queues try.
const TRIES: u32 = 2;

/// An event that trail-guard failed on because AWS was busy.
fn throttled(event: &Value) -> Value {
    let error = json!({"errorType": "Retryable", "errorMessage": "throttled"});
    given_up("trail-guard", event, &error)
}

/// A stopped trail, a queue for what trail-guard fails on, and self-guard, who
/// looks after it.
struct Post {
    stage: Stage,
    guard: Guard,
    event: Value,
    queue: Queue,
    dead: Queue,
    keeper: Guard,
}

impl Post {
    async fn set() -> Self {
        let (stage, guard, event) = acted(ENFORCE, STOP).await;
        let dead = Queue::make(&stage.moto, "auditward-failed").await;
        dead.hides_nothing().await;
        let queue = stage.queue("trail-guard").await;
        queue.gives_up(TRIES, &dead).await;
        let urls = [("AUDITWARD_DEAD_LETTER_QUEUE_URLS", dead.url())];
        let keeper = stage.guard_with("self-guard", &urls).await;
        Self {
            stage,
            guard,
            event,
            queue,
            dead,
            keeper,
        }
    }

    /// The trail cannot be started from now on.
    fn breaks(&self) {
        let start = Match::action("cloudtrail", "StartLogging");
        self.guard.proxy.fail(start, Fault::Throttled);
    }

    async fn sweep(&mut self) -> Value {
        self.keeper.play(&json!({"auditward": "sweep"})).await
    }

    /// The message is given to the function until the queue gives it up.
    async fn fails(&mut self) {
        for _ in 0..TRIES {
            let outcome = self
                .queue
                .deliver(&mut self.guard)
                .await
                .expect("a message");
            assert!(matches!(outcome, Outcome::Error { .. }), "{outcome:?}");
        }
        let next = self.queue.deliver(&mut self.guard).await;
        assert_eq!(next, None, "it was given up");
    }

    async fn logs(&self) -> bool {
        self.stage.look(&self.event).await["logging"] == true
    }

    async fn told(&self) -> Vec<String> {
        let alerts = self.stage.alerts().await;
        let of = alerts
            .iter()
            .filter(|alert| alert.attribute("rule") != "auditward");
        of.map(|alert| alert.attribute("outcome").to_owned())
            .collect()
    }
}

/// GIVEN an event on which the function failed every time, THEN each sweep drives
/// it again, and as soon as AWS answers it is put right and told once.
#[tokio::test]
async fn what_failed_every_time_is_driven_again_until_it_is_put_right() {
    let mut post = Post::set().await;
    post.breaks();
    let event = post.event.clone();
    let failed = post.guard.attempt(&event).await.error();
    assert!(failed.contains("cloudtrail:StartLogging"), "{failed}");
    assert_eq!(post.told().await, ["failed"]);
    post.dead.send(&throttled(&event)).await;

    post.sweep().await;
    assert_eq!(post.dead.waiting().await, Vec::<Value>::new());
    post.fails().await;
    assert_eq!(post.dead.waiting().await[0]["driven"], 1);
    assert_eq!(post.told().await, [""; 0], "that it still fails is no news");

    post.sweep().await;
    post.guard.clear();
    let answers = post.queue.deliver_all(&mut post.guard).await;
    assert_eq!(outcome_of(&answers[0]), "fixed", "{answers:?}");
    assert!(post.logs().await);
    assert_eq!(post.told().await, ["fixed"]);
    assert_eq!(post.stage.documents("case/").await.len(), 1);
    assert_eq!(post.dead.waiting().await, Vec::<Value>::new());
    post.guard.done();
    post.keeper.done();
}

/// GIVEN an event that fails however often it is driven, THEN it stays, and that
/// it does is told once, with the event and without its record.
#[tokio::test]
async fn what_fails_for_good_stays_and_is_told_once() {
    let mut post = Post::set().await;
    post.breaks();
    post.dead.send(&throttled(&post.event)).await;
    for driven in 1..=3 {
        post.sweep().await;
        post.fails().await;
        assert_eq!(post.dead.waiting().await[0]["driven"], driven);
    }
    assert_eq!(post.told().await, ["failed"]);
    post.sweep().await;
    let alert = post.stage.alert().await;
    assert!(alert.subject.contains("dead letters are left"), "{alert:?}");
    let said = alert.finding.to_string();
    let id = post.event["detail"]["eventID"].as_str().unwrap();
    assert!(
        said.contains("StopLogging") && said.contains(id) && said.contains("trail-guard"),
        "{said}"
    );
    assert!(!said.contains("requestParameters"), "{said}");
    assert_eq!(post.queue.waiting().await, Vec::<Value>::new());
    post.sweep().await;
    assert_eq!(post.stage.alerts().await, []);
    assert_eq!(post.dead.waiting().await[0]["driven"], 3);
    assert!(!post.logs().await);
    post.guard.done();
    post.keeper.done();
}

/// GIVEN what nobody vouches for, or what is no JSON at all, WHEN Lambda tries it
/// each time, THEN it is one dead letter and one alert, and nothing is written.
#[tokio::test]
async fn what_is_refused_each_time_is_one_dead_letter_and_one_alert() {
    let mut post = Post::set().await;
    let mut forged = post.event.clone();
    forged["source"] = json!("my.cloudtrail");
    for (name, payload) in [
        ("forged", forged.to_string()),
        ("no-json", "{\"detail\":".to_owned()),
    ] {
        let dead = Queue::make(&post.stage.moto, name).await;
        let ended = dead.fails(&mut post.guard, &payload).await;
        assert_eq!(ended.len(), 3, "{ended:?}");
        for outcome in &ended {
            assert!(
                matches!(outcome, Outcome::Error { kind, .. } if kind == "Unreadable"),
                "{payload}: {outcome:?}"
            );
        }
        let letters = dead.waiting().await;
        assert_eq!(letters.len(), 1, "{letters:?}");
        assert_eq!(letters[0]["responsePayload"]["errorType"], "Unreadable");
        let alert = post.stage.alert().await;
        assert!(alert.subject.contains("unreadable"), "{payload}: {alert:?}");
    }

    // The same through the function's own queue.
    let mut other = post.stage.scene.adapt(&post.event);
    other["source"] = json!("aws.s3");
    let again = json!({"auditward": "judge-again", "event": other});
    post.queue.send(&again).await;
    post.fails().await;
    assert_eq!(post.dead.waiting().await, [again]);
    let alert = post.stage.alert().await;
    assert!(alert.subject.contains("unreadable"), "{alert:?}");

    assert_eq!(post.guard.writes(), [""; 0]);
    assert!(!post.logs().await);
    assert!(post.stage.documents("case/").await.is_empty());
    post.guard.done();
}

/// GIVEN a trail that was found stopped, and buckets opened in two accounts and
/// regions meanwhile, THEN every function is asked to read what happened, and
/// place by place it is put right and told once.
#[tokio::test]
async fn what_happened_in_several_places_while_a_trail_was_off_is_put_right() {
    let stage = Stage::set(ENFORCE).await;
    stage.take_baselines("bucket-guard").await;
    let far = stage.event(OPENED_THERE).to_string();
    let far: Value = serde_json::from_str(&far.replace("eu-west-1", "eu-central-1")).unwrap();
    let acts = [stage.event(OPENED_HERE), far];
    let mut buckets = stage.guard("bucket-guard").await;
    for act in &acts {
        stage.scene.prepare(&stage.moto, act).await;
        // What was once seen through an event is a place from then on.
        stage.act(act).await;
        buckets.play(act).await;
    }
    let mut trails = stage.guard("trail-guard").await;
    trails.play(&json!({"auditward": "pulse"})).await;
    stage.alerts().await;

    stage.act(&stage.event(STOP)).await;
    let acts = acts.map(|act| stage.scene.adapt(&act));
    for act in &acts {
        stage.act(act).await;
        assert!(opened(&stage, act).await);
    }
    trails.clear();
    trails.play(&json!({"auditward": "pulse"})).await;
    stage.alert().await;
    let asked = trails.asked("close-gap");
    let mut whom: Vec<&str> = asked.iter().map(|(queue, _)| queue.as_str()).collect();
    whom.sort_unstable();
    let mut all = FUNCTIONS.map(|name| format!("auditward-{name}"));
    all.sort_unstable();
    assert_eq!(whom, all);
    trails.done();

    buckets.clear();
    buckets.ask(OWN, &asked[0].1).await;
    let gaps = buckets.asked("read-missed");
    for (account, region) in [(MANAGEMENT, "eu-west-1"), (MEMBER, "eu-central-1")] {
        let there = |gap: &Value| gap["account"] == account.id && gap["region"] == region;
        let here = gaps.iter().filter(|(_, message)| there(&message["gap"]));
        assert_eq!(here.count(), 1, "{gaps:?}");
    }
    for (_, gap) in &gaps {
        buckets.ask(OWN, gap).await;
    }
    for act in &acts {
        assert!(!opened(&stage, act).await, "{act:#}");
    }
    let told = stage.alerts().await;
    assert_eq!(told.len(), acts.len(), "{told:?}");
    assert!(
        told.iter()
            .all(|alert| alert.attribute("outcome") == "fixed")
    );
    // What was read once is settled.
    buckets.clear();
    for (_, gap) in &gaps {
        buckets.ask(OWN, gap).await;
    }
    assert_eq!(buckets.writes(), [""; 0]);
    assert_eq!(stage.alerts().await, []);
    buckets.done();
}

/// Whether the bucket of an event lets the stranger in.
async fn opened(stage: &Stage, event: &Value) -> bool {
    let live = stage.look(event).await;
    live["policy"].to_string().contains(STRANGER.id)
}
