//! The rules of conduct, on a store in memory and a world of one trail.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration as Pause;

use auditward_rules::rule::Function;
use auditward_rules::settings::Settings;
use serde_json::json;

use super::*;
use crate::alert::Alert;
use crate::case::Case;
use crate::failure::FailureKind;
use crate::guard::Discovered;
use crate::hand::Written;
use crate::known::Pushed;
use crate::store::{BoxFuture, Memory, NotStored, Put};

/// A world in which everything can go wrong at any call.
#[derive(Default)]
struct World {
    logging: Mutex<bool>,
    alerts: Mutex<Vec<Alert>>,
    messages: Mutex<Vec<String>>,
    writes: AtomicUsize,
    calls: AtomicUsize,
    /// The call at which the process dies, and the one that is refused.
    dies_at: Option<usize>,
    refuses_at: Option<(usize, FailureKind)>,
    store: Memory,
    store_down: bool,
}

impl World {
    async fn call(&self, name: &str) -> Result<(), Failure> {
        let nth = self.calls.fetch_add(1, Ordering::SeqCst);
        if self.dies_at == Some(nth) {
            std::future::pending::<()>().await;
        }
        match self.refuses_at {
            Some((at, kind)) if at == nth => {
                Err(Failure { call: name.into(), code: "Test".into(), message: "refused".into(), kind })
            }
            _ => Ok(()),
        }
    }

    fn alerts(&self) -> Vec<String> {
        self.alerts.lock().unwrap().iter().map(|alert| alert.attributes["outcome"].clone()).collect()
    }

    async fn case(&self) -> Option<Case> {
        self.store.list("case", 9).await.unwrap().pop().map(|(_, item)| item.read().unwrap())
    }
}

impl Guard for World {
    fn function(&self) -> Function {
        Function::TrailGuard
    }

    fn touch<'a>(&'a self, plan: &'a Plan, touch: Touch<'a>) -> Option<BoxFuture<'a, Result<Touched, Failure>>> {
        (plan.kind() == "trail-logging").then_some(())?;
        Some(Box::pin(async move {
            self.call("touch").await?;
            Ok(match touch {
                Touch::Read => Touched::Live(json!(*self.logging.lock().unwrap())),
                Touch::Write { to, .. } => {
                    *self.logging.lock().unwrap() = to == &json!(true);
                    self.writes.fetch_add(1, Ordering::SeqCst);
                    Touched::Written(Written::default().and(Some("request-1")))
                }
            })
        }))
    }

    fn discover<'a>(&'a self, _: &'a Settings, inventory: Inventory) -> BoxFuture<'a, Result<Discovered, Failure>> {
        Box::pin(async move { Ok(Discovered { inventory, resources: Vec::new() }) })
    }
}

impl Outside for World {
    fn tell<'a>(&'a self, alert: &'a Alert) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            self.call("tell").await?;
            self.alerts.lock().unwrap().push(alert.clone());
            Ok(())
        })
    }

    fn later<'a>(&'a self, message: &'a str, _: Pause) -> BoxFuture<'a, Result<(), Failure>> {
        self.messages.lock().unwrap().push(message.to_owned());
        Box::pin(async { Ok(()) })
    }

    fn pause(&self, _: Pause) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

impl Store for World {
    fn get<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<HashMap<String, Item>, Failure>> {
        Box::pin(async move {
            self.call("get").await?;
            if self.store_down {
                return Err(Failure::other("get", "down"));
            }
            self.store.get(keys).await
        })
    }

    fn put<'a>(&'a self, puts: &'a [Put]) -> BoxFuture<'a, Result<(), NotStored>> {
        Box::pin(async move {
            self.call("put").await.map_err(NotStored::Failed)?;
            if self.store_down {
                return Err(NotStored::Failed(Failure::other("put", "down")));
            }
            self.store.put(puts).await
        })
    }

    fn list<'a>(&'a self, list: &'static str, most: usize) -> BoxFuture<'a, Result<Vec<(String, Item)>, Failure>> {
        self.store.list(list, most)
    }
}

const ENFORCE: &str = "[ours]\naccounts = [\"111111111111\"]\n[protected]\nresources = [\"arn:aws:cloudtrail:*\"]\n[mode]\ndefault = \"enforce\"\n[[operators]]\nprincipal = \"arn:aws:iam::111111111111:role/operator\"\nunique_id = \"AROAOPERATOR\"\nreason = \"test\"\n";

const STOPPED: &str = r#"{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"eu-west-1","recipientAccountId":"111111111111","eventID":"event-1","eventTime":"2026-11-20T10:00:00Z","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/mallory","accountId":"111111111111"},"requestParameters":{"name":"audit"}}"#;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-20T10:00:10Z").unwrap().to_utc() + Duration::seconds(seconds)
}

/// A world whose table holds these settings.
async fn world(settings: &str) -> World {
    let world = World::default();
    let pushed = Pushed { number: 1, text: settings.into(), by: "test".into(), at: at(0) };
    world.store.put(&[Put::new(keys::SETTINGS, crate::store::Expect::Absent, &pushed).unwrap()]).await.unwrap();
    world
}

async fn judged(world: &World, text: &str, seconds: i64, turn: Turn) -> Answer {
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
    let record = Record::read(text).unwrap();
    pipeline.record(&record, text, turn).await
}

async fn stopped(world: &World, seconds: i64) -> Answer {
    judged(world, STOPPED, seconds, Turn::First).await
}

#[tokio::test]
async fn a_stopped_trail_is_started_proven_stored_and_told_once() {
    let world = world(ENFORCE).await;
    let answer = stopped(&world, 0).await;
    assert_eq!(answer.retry, None);
    assert!(*world.logging.lock().unwrap());
    assert_eq!(world.alerts(), ["fixed"]);
    assert_eq!(world.messages.lock().unwrap().len(), 2);
    let case = world.case().await.unwrap();
    assert_eq!((case.outcome, case.steps[0].done), (Outcome::Fixed, true));
    assert_eq!(case.steps[0].before, Some(json!(false)));

    *world.logging.lock().unwrap() = false;
    let again = stopped(&world, 60).await;
    assert_eq!(again.retry, None);
    assert_eq!(world.writes.load(Ordering::SeqCst), 1, "a duplicate writes nothing");
    assert_eq!(world.alerts(), ["fixed"], "a duplicate tells nobody");
}

#[tokio::test]
async fn a_change_that_did_not_last_is_put_back_when_it_is_judged_again() {
    let world = world(ENFORCE).await;
    stopped(&world, 0).await;
    *world.logging.lock().unwrap() = false;
    judged(&world, STOPPED, 61, Turn::Again { last: false }).await;
    assert!(*world.logging.lock().unwrap());
    judged(&world, STOPPED, 301, Turn::Again { last: true }).await;
    assert!(world.case().await.unwrap().closed.is_some());
}

#[tokio::test]
async fn mode_alert_writes_nothing_and_says_what_it_would_do() {
    let world = world(&ENFORCE.replace("enforce", "alert")).await;
    stopped(&world, 0).await;
    assert_eq!(world.writes.load(Ordering::SeqCst), 0);
    assert_eq!(world.alerts(), ["would-fix"]);
    let case = world.case().await.unwrap();
    assert_eq!(case.steps[0].to, Some(json!(true)));
    assert!(!case.steps[0].done);
    stopped(&world, 60).await;
    assert_eq!(world.alerts(), ["would-fix"]);
}

#[tokio::test]
async fn out_of_the_box_nothing_is_written() {
    let world = World::default();
    stopped(&world, 0).await;
    assert_eq!(world.writes.load(Ordering::SeqCst), 0);
    assert_eq!(world.alerts(), ["would-fix"]);
}

#[tokio::test]
async fn a_failed_call_is_told_and_never_written_about() {
    let world = world(ENFORCE).await;
    let failed = STOPPED.replace("\"eventID\"", "\"errorCode\":\"AccessDenied\",\"eventID\"");
    judged(&world, &failed, 0, Turn::First).await;
    judged(&world, &failed.replace("event-1", "event-2"), 5, Turn::First).await;
    assert_eq!(world.writes.load(Ordering::SeqCst), 0);
    assert_eq!(world.alerts(), ["attempt"], "attempts of an hour fold into one");
}

/// Whatever call the process dies at, a retry after the lease ends safe and told.
#[tokio::test(start_paused = true)]
async fn a_crash_between_any_two_steps_is_taken_up_by_the_retry() {
    let calls = {
        let world = world(ENFORCE).await;
        stopped(&world, 0).await;
        world.calls.load(Ordering::SeqCst)
    };
    assert!(calls >= 6);
    for nth in 0..calls {
        let mut world = world(ENFORCE).await;
        world.dies_at = Some(nth);
        let died = tokio::time::timeout(Pause::from_secs(1), stopped(&world, 0)).await;
        assert!(died.is_err(), "call {nth} was not reached");
        world.dies_at = None;
        let answer = stopped(&world, 60).await;
        assert_eq!(answer.retry, None, "call {nth}");
        assert!(*world.logging.lock().unwrap(), "call {nth}");
        let alerts = world.alerts();
        assert!(alerts == ["fixed"] || nth + 2 >= calls && alerts.iter().all(|a| a == "fixed"), "call {nth}: {alerts:?}");
        let case = world.case().await.unwrap();
        assert_eq!(case.outcome, Outcome::Fixed, "call {nth}");
        assert_eq!(case.steps[0].before, Some(json!(false)), "call {nth}: the way back is kept");
    }
}

/// Whatever call is refused: safe in the end, or somebody was told, or it is retried.
#[tokio::test]
async fn a_refusal_of_any_call_ends_safe_or_told_never_silent() {
    for kind in [FailureKind::Denied, FailureKind::Passing, FailureKind::Other] {
        for nth in 0..9 {
            let mut world = world(ENFORCE).await;
            world.refuses_at = Some((nth, kind));
            let answer = stopped(&world, 0).await;
            let told = !world.alerts.lock().unwrap().is_empty();
            assert!(told || answer.retry.is_some(), "{kind:?} at call {nth}");
            if answer.retry.is_some() {
                stopped(&world, 60).await;
                assert!(*world.logging.lock().unwrap(), "{kind:?} at call {nth}: the retry puts it right");
            }
        }
    }
}

#[tokio::test]
async fn without_a_store_evidence_is_switched_on_all_the_same() {
    let mut world = World::default();
    world.store_down = true;
    let answer = stopped(&world, 0).await;
    assert!(*world.logging.lock().unwrap());
    assert_eq!(world.alerts(), ["fixed"]);
    assert!(answer.retry.is_some(), "the case is stored when the store is back");
}

#[tokio::test]
async fn what_another_invocation_works_on_is_left_to_it() {
    let mut world = world(ENFORCE).await;
    world.refuses_at = Some((4, FailureKind::Denied));
    stopped(&world, 0).await;
    let mut case = world.case().await.unwrap();
    case.lease = at(100);
    case.outcome = Outcome::Open;
    let item = world.store.get(&[keys::case(&case.id)]).await.unwrap().remove(&keys::case(&case.id)).unwrap();
    let put = Put::new(keys::case(&case.id), crate::store::Expect::Version(item.version), &case).unwrap();
    world.store.put(&[put]).await.unwrap();
    let writes = world.writes.load(Ordering::SeqCst);
    assert!(stopped(&world, 20).await.retry.is_some());
    assert_eq!(world.writes.load(Ordering::SeqCst), writes);
}

#[tokio::test]
async fn an_operator_undoes_with_a_reason_and_the_restored_state_is_accepted() {
    let world = world(ENFORCE).await;
    stopped(&world, 0).await;
    let id = world.case().await.unwrap().id;
    let memo = Memo::new(Settings::default());
    let pipeline = Pipeline {
        guard: &world,
        store: &world,
        outside: &world,
        memo: &memo,
        now: at(400),
        started: Instant::now(),
        deadline: at(450),
    };
    let undo = |reason: &str| Undo { case: id.clone(), reason: reason.into() };
    pipeline.undo(&undo("meant"), "AROASTRANGER").await;
    pipeline.undo(&undo(" "), "AROAOPERATOR").await;
    assert!(*world.logging.lock().unwrap(), "neither a stranger nor an operator without a reason");
    let answer = pipeline.undo(&undo("planned work"), "AROAOPERATOR").await;
    assert_eq!(answer.cases, [(id, Outcome::Undone)]);
    assert!(!*world.logging.lock().unwrap());

    let same_again = STOPPED.replace("event-1", "event-2");
    judged(&world, &same_again, 500, Turn::First).await;
    assert!(!*world.logging.lock().unwrap(), "accepted for a day");
    judged(&world, &STOPPED.replace("event-1", "event-3"), 400 + 90_000, Turn::First).await;
    assert!(*world.logging.lock().unwrap(), "and not longer");
}

#[tokio::test]
async fn a_flood_of_findings_folds_but_critical_ones_are_always_told() {
    let quiet = format!("{ENFORCE}[alerts]\nper_account_and_hour = 1\n[severity]\n\"trail.logging-stopped\" = \"medium\"\n");
    let flood = async |settings: &str| {
        let world = world(&settings.replace("\"enforce\"", "\"alert\"")).await;
        for nth in 0..4 {
            let event = STOPPED.replace("event-1", &format!("event-{nth}"));
            judged(&world, &event, nth, Turn::First).await;
        }
        world.alerts().len()
    };
    assert_eq!(flood(&quiet).await, 2, "one alert and one digest");
    assert_eq!(flood(&quiet.replace("medium", "critical")).await, 4);
}

#[tokio::test]
async fn the_kill_switch_stops_writes_and_is_told_once_an_hour() {
    let settings = format!("{ENFORCE}[kill_switch]\nby = \"alice\"\nreason = \"migration\"\nuntil = 2026-11-20T12:00:00Z\n");
    let world = world(&settings).await;
    stopped(&world, 0).await;
    judged(&world, &STOPPED.replace("event-1", "event-2"), 5, Turn::First).await;
    assert_eq!(world.writes.load(Ordering::SeqCst), 0);
    assert_eq!(world.alerts(), ["failed", "would-fix", "would-fix"]);
    judged(&world, &STOPPED.replace("event-1", "event-3"), 8_000, Turn::First).await;
    assert!(*world.logging.lock().unwrap(), "it ends by itself");
}

const STARTED_BY_DEPLOYER: &str = "[[deployers]]\nprincipal = \"arn:aws:iam::111111111111:role/deploy\"\nreason = \"pipeline\"\n";

/// A deployer's change that the event does not tell in full: the old baseline
/// must not be put back over it.
#[tokio::test]
async fn a_deployers_change_that_the_event_does_not_tell_outdates_the_baseline() {
    let world = world(&format!("{ENFORCE}{STARTED_BY_DEPLOYER}")).await;
    let role = "arn:aws:iam::111111111111:role/auditward-trail-guard";
    let tagged = format!(
        r#"{{"eventSource":"iam.amazonaws.com","eventName":"TagRole","awsRegion":"us-east-1","recipientAccountId":"111111111111","eventID":"tagged","eventTime":"2026-11-20T10:00:00Z","userIdentity":{{"type":"AssumedRole","accountId":"111111111111","sessionContext":{{"sessionIssuer":{{"arn":"arn:aws:iam::111111111111:role/deploy"}}}}}},"requestParameters":{{"roleName":"auditward-trail-guard","tags":[{{"key":"team","value":"x"}}]}}}}"#
    );
    let record = Record::read(&tagged).unwrap();
    let settings = Settings::parse(&format!("{ENFORCE}{STARTED_BY_DEPLOYER}")).unwrap();
    let accepted = judge(&record, &settings, &Inventory::default(), at(0)).accepted;
    let plan = accepted.iter().find(|plan| plan.at().resource == role).expect("the deployer's change is accepted");
    assert_eq!(plan.wrote(), None, "or this tests nothing");
    let baseline = Baseline::after(None, plan.clone(), json!({}), true, "test", at(0));
    let key = keys::baseline(plan.kind(), plan.at());
    world.store.put(&[Put::new(key.clone(), crate::store::Expect::Absent, &baseline).unwrap()]).await.unwrap();

    judged(&world, &tagged, 0, Turn::First).await;

    let items = world.store.get(std::slice::from_ref(&key)).await.unwrap();
    assert!(items[&key].read::<Baseline>().unwrap().outdated);
}
