//! The rules of conduct, on a store in memory and a world of one trail.

mod counting;
mod drifting;
mod fixing;
mod gaps;
mod holding;
mod looking;
mod places;
mod remembering;
mod retiring;
mod telling;
mod unusable;
mod waiting;

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration as Pause;

use auditward_rules::facet::At;
use auditward_rules::inventory::{Learnt, TrailUse};
use auditward_rules::rule::Function;
use auditward_rules::settings::Settings;
use serde_json::json;

use super::*;
use crate::alert::Alert;
use crate::case::Case;
use crate::failure::FailureKind;
use crate::guard::{Confirming, Deployed, Discovered, Gap, Happened, Missing, Naming};
use crate::hand::Written;
use crate::known::Pushed;
use crate::store::{BoxFuture, Item, Memory, NotStored, Put};

/// A world of one switch, in which everything can go wrong at any call.
#[derive(Default)]
struct World {
    logging: Mutex<bool>,
    /// Whether it knows of deliveries, and the error of the trail's last one.
    delivers: bool,
    undelivered: Mutex<Option<&'static str>>,
    /// Facets that have a switch of their own.
    apart: Mutex<BTreeMap<&'static str, bool>>,
    /// Whether messages to its later self are refused.
    mute: AtomicBool,
    alerts: Mutex<Vec<Alert>>,
    messages: Mutex<Vec<String>>,
    delays: Mutex<Vec<u64>>,
    writes: AtomicUsize,
    /// Whether the event history confirms what happened.
    confirms: AtomicBool,
    calls: AtomicUsize,
    /// The call at which the process dies, and the one that is refused.
    dies_at: Option<usize>,
    refuses_at: Option<(usize, FailureKind)>,
    /// Whether a write is done, its answer lost, and its repetition refused.
    repeats: bool,
    /// The calls of one write that come through before the one that is refused.
    made: Vec<String>,
    store: Memory,
    store_down: bool,
    /// Whether nobody can be told, and whether no queue takes a message.
    unheard: AtomicBool,
    full: AtomicBool,
    /// Which function it is; trail-guard where nothing is said.
    function: Option<Function>,
    /// Facets with a state of their own instead of the switch.
    kept: Mutex<HashMap<&'static str, Value>>,
    /// The one facet it carries, where it carries but one.
    only: Option<&'static str>,
    /// What the event history has, one record a page.
    missed: Vec<String>,
    /// What discovery finds, each where it is.
    guarded: Vec<At>,
    /// What discovery learns about trails, in the places of their ARNs.
    trails: Vec<TrailUse>,
    /// The account that lets nobody in.
    closed: Option<&'static str>,
    /// The places in which was discovered.
    discovered: Mutex<Vec<Place>>,
}

impl World {
    async fn call(&self, name: &str) -> Result<(), Failure> {
        let nth = self.calls.fetch_add(1, Ordering::SeqCst);
        // As calls do: what else runs at the same time gets its turn.
        tokio::task::yield_now().await;
        if self.dies_at == Some(nth) {
            std::future::pending::<()>().await;
        }
        match self.refuses_at {
            Some((at, kind)) if at == nth => Err(Failure {
                call: name.into(),
                code: "Test".into(),
                message: "refused".into(),
                kind,
                made: self.made.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn enter(&self, account: &str) -> Result<(), Failure> {
        if self.closed != Some(account) {
            return Ok(());
        }
        Err(Failure {
            call: crate::failure::ASSUME_ROLE.into(),
            code: "AccessDenied".into(),
            message: "not authorized".into(),
            kind: FailureKind::Denied,
            made: Vec::new(),
        })
    }

    fn alerts(&self) -> Vec<String> {
        self.alerts
            .lock()
            .unwrap()
            .iter()
            .map(|alert| {
                alert
                    .attributes
                    .get("outcome")
                    .map_or("notice", String::as_str)
            })
            .map(str::to_owned)
            .collect()
    }

    /// The messages of a kind that were sent.
    fn sent(&self, kind: &str) -> Vec<Value> {
        let messages = self.messages.lock().unwrap();
        let messages = messages.iter().map(|text| serde_json::from_str(text));
        let messages = messages.map(|message: Result<Value, _>| message.unwrap());
        messages
            .filter(|message| message["auditward"] == kind)
            .collect()
    }

    async fn case(&self) -> Option<Case> {
        self.store
            .list("case", 9)
            .await
            .unwrap()
            .pop()
            .map(|(_, item)| item.read().unwrap())
    }
}

impl Guard for World {
    fn function(&self) -> Function {
        self.function.unwrap_or(Function::TrailGuard)
    }

    fn touch<'a>(
        &'a self,
        plan: &'a Plan,
        touch: Touch<'a>,
    ) -> Option<BoxFuture<'a, Result<Touched, Failure>>> {
        if self.kept.lock().unwrap().contains_key(plan.kind()) {
            return Some(Box::pin(async move {
                self.call("touch").await?;
                let mut kept = self.kept.lock().unwrap();
                let state = kept.get_mut(plan.kind()).unwrap();
                Ok(match touch {
                    Touch::Read => Touched::Live(state.clone()),
                    Touch::Write { to, .. } => {
                        *state = to.clone();
                        self.writes.fetch_add(1, Ordering::SeqCst);
                        Touched::Written(Written::default())
                    }
                })
            }));
        }
        if plan.kind() == "trail-delivery" && self.delivers {
            let errors = json!({"files": *self.undelivered.lock().unwrap()});
            return Some(Box::pin(async move { Ok(Touched::Live(errors)) }));
        }
        let state: fn(bool) -> Value = match plan.kind() {
            "trail-logging" | "rule-state" => |on| json!(on),
            "bucket-versioning" => {
                |on| json!({"status": if on { "enabled" } else { "suspended" }, "mfa-delete": false})
            }
            "bucket-public-access" => {
                |on| json!({"block-public-acls": on, "ignore-public-acls": on, "block-public-policy": on, "restrict-public-buckets": on})
            }
            _ => return None,
        };
        if self.only.is_some_and(|only| only != plan.kind()) {
            return None;
        }
        Some(Box::pin(async move {
            self.call("touch").await?;
            self.enter(&plan.at().account)?;
            let mut apart = self.apart.lock().unwrap();
            let mut together = self.logging.lock().unwrap();
            let switch = apart.get_mut(plan.kind()).unwrap_or(&mut together);
            Ok(match touch {
                Touch::Read => Touched::Live(state(*switch)),
                Touch::Write { to, .. } => {
                    *switch = *to == state(true);
                    self.writes.fetch_add(1, Ordering::SeqCst);
                    if self.repeats {
                        return Err(Failure::other("test:Create", "it is there already"));
                    }
                    Touched::Written(Written::default().and(Some("request-1")))
                }
            })
        }))
    }

    fn confirms<'a>(&'a self, _: &'a Happened) -> Confirming<'a> {
        Box::pin(async { Ok(self.confirms.load(Ordering::SeqCst)) })
    }

    fn stack<'a>(&'a self, _: &'a Deployed) -> Naming<'a> {
        Box::pin(async { Ok(None) })
    }

    fn missed<'a>(&'a self, gap: &'a Gap) -> Missing<'a> {
        Box::pin(async {
            let all = self.missed.clone();
            let next = (gap.next.is_none() && all.len() > 1).then(|| "page-2".to_owned());
            let page = if gap.next.is_some() {
                all.get(1..)
            } else {
                all.get(..1)
            };
            Ok((page.unwrap_or_default().to_vec(), next))
        })
    }

    fn home(&self) -> Place {
        place("111111111111", "eu-west-1")
    }

    fn discover<'a>(
        &'a self,
        _: &'a Settings,
        _: &'a Inventory,
        place: &'a Place,
    ) -> BoxFuture<'a, Result<Discovered, Failure>> {
        Box::pin(async move {
            self.discovered.lock().unwrap().push(place.clone());
            self.enter(&place.account)?;
            let here = |at: &At| (&at.account, &at.region) == (&place.account, &place.region);
            let of_here = format!(":{}:{}:", place.region, place.account);
            let trails = self.trails.iter();
            let trails = trails.filter(|used| used.trail.contains(&of_here));
            let resources = self.guarded.iter().filter(|at| here(at));
            let learnt = Learnt {
                trails: trails.cloned().collect(),
                ..Learnt::default()
            };
            Ok(Discovered {
                resources: resources.cloned().collect(),
                learnt,
                unread: Vec::new(),
            })
        })
    }
}

impl Outside for World {
    fn tell<'a>(&'a self, alert: &'a Alert) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            self.call("tell").await?;
            if self.unheard.load(Ordering::SeqCst) {
                return Err(Failure::other("tell", "nobody hears"));
            }
            self.alerts.lock().unwrap().push(alert.clone());
            Ok(())
        })
    }

    fn later<'a>(&'a self, message: &'a str, delay: Pause) -> BoxFuture<'a, Result<(), Failure>> {
        if self.full.load(Ordering::SeqCst) || self.mute.load(Ordering::SeqCst) {
            return Box::pin(async { Err(Failure::other("sqs:SendMessage", "the queue is full")) });
        }
        self.messages.lock().unwrap().push(message.to_owned());
        self.delays.lock().unwrap().push(delay.as_secs());
        Box::pin(async { Ok(()) })
    }

    fn to_all<'a>(&'a self, message: &'a str, _: Pause) -> BoxFuture<'a, Result<(), Failure>> {
        self.later(message, Pause::ZERO)
    }

    fn to<'a>(&'a self, _: Function, message: &'a str) -> BoxFuture<'a, Result<(), Failure>> {
        self.later(message, Pause::ZERO)
    }

    fn letters(&self) -> BoxFuture<'_, Result<Vec<Letter>, Failure>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn done<'a>(&'a self, _: &'a Letter) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { Ok(()) })
    }

    fn pause(&self, _: Pause) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

impl Store for World {
    fn get<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<HashMap<String, Item>, Failure>> {
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

    fn list<'a>(
        &'a self,
        list: &'static str,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<(String, Item)>, Failure>> {
        self.store.list(list, most)
    }
}

const ENFORCE: &str = "[ours]\naccounts = [\"111111111111\"]\n[protected]\nresources = [\"arn:aws:cloudtrail:*\", \"arn:aws:s3:::logs\"]\n[mode]\ndefault = \"enforce\"\n[[operators]]\nprincipal = \"arn:aws:iam::111111111111:role/operator\"\nunique_id = \"AROAEXAMPLEOPERATOR01\"\nreason = \"test\"\n";

const STOPPED: &str = r#"{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"eu-west-1","recipientAccountId":"111111111111","eventID":"event-1","eventTime":"2026-11-20T10:00:00Z","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/mallory","accountId":"111111111111"},"requestParameters":{"name":"audit"}}"#;

fn place(account: &str, region: &str) -> Place {
    Place {
        account: account.into(),
        region: region.into(),
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-20T10:00:10Z")
        .unwrap()
        .to_utc()
        + Duration::seconds(seconds)
}

/// A world whose table holds these settings.
async fn world(settings: &str) -> World {
    let world = World::default();
    let pushed = Pushed {
        number: 1,
        text: settings.into(),
        by: "test".into(),
        at: at(0),
    };
    world
        .store
        .put(&[Put::new(keys::SETTINGS, crate::store::Expect::Absent, &pushed).unwrap()])
        .await
        .unwrap();
    world
}

/// A pipeline in a world, at a time.
fn pipeline<'a>(world: &'a World, memo: &'a Memo, seconds: i64) -> Pipeline<'a> {
    let now = at(seconds);
    Pipeline {
        guard: world,
        store: world,
        outside: world,
        memo,
        now,
        started: Instant::now(),
        deadline: now + Duration::seconds(50),
    }
}

/// A finding of steps on these facets of one resource, at a time, under the
/// settings in the table.
async fn found(world: &World, rule: &str, resource: &str, kinds: &[&str], seconds: i64) -> Answer {
    let text = STOPPED.replace("event-1", &format!("event-{seconds}"));
    found_by(world, &text, rule, resource, kinds, seconds).await
}

async fn found_by(
    world: &World,
    text: &str,
    rule: &str,
    resource: &str,
    kinds: &[&str],
    seconds: i64,
) -> Answer {
    found_in(world, text, (rule, resource, kinds), seconds, Turn::First).await
}

async fn found_in(
    world: &World,
    text: &str,
    (rule, resource, kinds): (&str, &str, &[&str]),
    seconds: i64,
    turn: Turn,
) -> Answer {
    let memo = Memo::new(Settings::default());
    let pipeline = pipeline(world, &memo, seconds);
    let record = Record::read(text).unwrap();
    let plan = |kind: &&str| -> Plan {
        let wish = match *kind {
            "trail-logging" => json!(true),
            "bucket-policy" => json!({"outsiders": true, "restore": true, "deliveries": [
                {"bucket": "logs", "trail-arn": trail().resource, "owner-account": "111111111111"},
            ]}),
            "bucket-inventory" => json!({"bucket": "arn:aws:s3:::theirs"}),
            _ => json!({"protected": true}),
        };
        let at = json!({"account": "111111111111", "region": "eu-west-1", "resource": resource});
        serde_json::from_value(json!({"kind": kind, "at": at, "wish": wish})).unwrap()
    };
    let rule = registry::rule(rule).unwrap();
    let finding = Finding {
        rule,
        severity: rule.severity,
        resource: resource.into(),
        summary: "it is unsafe".into(),
        mode: Mode::Enforce,
        plan: kinds.iter().map(plan).collect(),
        verdict: Verdict::Violation,
        held: None,
        certain: true,
        settles: false,
    };
    let mut ahead = Ahead {
        payload: text,
        known: known_now(&pipeline).await,
        items: HashMap::new(),
        asked: Vec::new(),
        live: None,
        judgement: Judgement::default(),
        stored: true,
    };
    let mut answer = Answer::default();
    pipeline
        .finding(&record, &finding, &mut ahead, turn, &mut None, &mut answer)
        .await;
    answer
}

async fn judged(world: &World, text: &str, seconds: i64, turn: Turn) -> Answer {
    let memo = Memo::new(Settings::default());
    let pipeline = pipeline(world, &memo, seconds);
    let record = Record::read(text).unwrap();
    pipeline.record(&record, text, turn).await
}

async fn stopped(world: &World, seconds: i64) -> Answer {
    judged(world, STOPPED, seconds, Turn::First).await
}

fn trail() -> At {
    At::new(
        "111111111111",
        "eu-west-1",
        "arn:aws:cloudtrail:eu-west-1:111111111111:trail/audit",
    )
}

fn logs() -> At {
    At::new("111111111111", "eu-west-1", "arn:aws:s3:::logs")
}

/// A world under these settings, with this to guard.
async fn guarding_under(settings: &str, at: At, function: Function) -> World {
    World {
        guarded: vec![at],
        function: Some(function),
        only: (function == Function::BucketGuard).then_some("bucket-public-access"),
        ..world(settings).await
    }
}

/// A world with this to guard.
async fn guarding(at: At, function: Function) -> World {
    guarding_under(ENFORCE, at, function).await
}

async fn push(world: &World, number: u64, settings: &str) {
    let pushed = Pushed {
        number,
        text: settings.into(),
        by: "test".into(),
        at: at(0),
    };
    let put = Put::new(keys::SETTINGS, crate::store::Expect::Anything, &pushed).unwrap();
    world.store.put(&[put]).await.unwrap();
}

async fn look(world: &World, seconds: i64, what: &str) -> Answer {
    look_with(world, &Memo::new(Settings::default()), seconds, what).await
}

async fn look_with(world: &World, memo: &Memo, seconds: i64, what: &str) -> Answer {
    let pipeline = pipeline(world, memo, seconds);
    match what {
        "pulse" => pipeline.pulse().await,
        "sweep" => pipeline.sweep(None).await,
        "place" => {
            let place = place("111111111111", "eu-west-1");
            pipeline.sweep_place(&place, 0).await
        }
        "take" => pipeline.take_baselines(None, "AROAEXAMPLEOPERATOR01").await,
        sender => pipeline.fix("arn:aws:s3:::logs", sender).await,
    }
}

fn set(world: &World, on: bool) {
    *world.logging.lock().unwrap() = on;
}

fn is_on(world: &World) -> bool {
    *world.logging.lock().unwrap()
}
