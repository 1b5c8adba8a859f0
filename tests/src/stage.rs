//! A scene with functions on it: settings pushed, baselines taken, events
//! played, and what came of it.

mod alert;
mod guard;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::Api;
use crate::binaries::binary;
use crate::look;
use crate::moto::{Held, MANAGEMENT, Moto};
use crate::proxy::Proxy;
use crate::queue::Queue;
use crate::runtime_api::Function;
use crate::scene::place::{ELSEWHERE, HOME, Place};
use crate::scene::props::sample;
use crate::scene::{FUNCTIONS, LOG_BUCKET, REGION, Scene, TABLE, TRAIL, drain};

pub use alert::Alert;
pub use guard::{Guard, called, is_central, is_write};

/// Who may undo, as SQS names a sender: the role's unique ID and its session.
pub const OPERATOR: &str = "AROAEXAMPLEOPERATOR01:alice";
/// What a function says to its later self comes from.
pub const OWN: &str = "AROAEXAMPLEGUARD00001:auditward";
/// Somebody else who may send to the queue.
pub const NOBODY: &str = "AROAEXAMPLENOBODY0001:mallory";

/// The organization's accounts, as organization-guard lists them.
const OURS: [&str; 2] = ["111111111111", "222222222222"];

/// Settings that enforce everything everywhere.
pub const ENFORCE: &str = r#"
[ours]
organization = "o-exampleorg1"
accounts = ["111111111111", "222222222222"]

[[operators]]
principal = "arn:aws:iam::111111111111:role/security-operator"
unique_id = "AROAEXAMPLEOPERATOR01"
reason = "security team on call"

[[partners]]
account = "444444444444"
external_id = "7d0c6a52-acme"
may_read = ["arn:aws:s3:::acme-org-trail-logs/AWSLogs/222222222222/*"]
role = "arn:aws:iam::111111111111:role/partner-log-reader"
purpose = "security monitoring"

[protected]
resources = [
  "arn:aws:cloudtrail:*:111111111111:trail/*",
  "arn:aws:cloudtrail:*:222222222222:trail/*",
  "arn:aws:kms:eu-west-1:111111111111:key/*",
  "arn:aws:s3:::acme-org-trail-logs",
  "arn:aws:s3:::acme-website-*",
  "arn:aws:iam::111111111111:group/platform-admins",
  "arn:aws:iam::111111111111:group/sandbox-restricted",
  "arn:aws:iam::111111111111:policy/guardrail-trails",
  "arn:aws:iam::111111111111:role/archive-restore",
  "arn:aws:iam::111111111111:user/glass-onduty",
  "arn:aws:logs:eu-west-1:111111111111:log-group:/acme/*",
  "arn:aws:logs:eu-west-1:111111111111:destination:acme-*",
  "arn:aws:logs:eu-west-1:111111111111:delivery-destination:acme-*",
  "arn:aws:logs:eu-west-1:111111111111:delivery-destination:acme-vended",
  "arn:aws:logs:eu-west-1:111111111111:delivery-source:acme-*",
  "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:acme-*",
  "arn:aws:s3:eu-west-1:111111111111:accesspoint/acme-log-readers",
]

[organization]
guardrails = ["p-9f2kd81x"]
protective_tags = ["guardrail"]

[[organization.delegated_administrators]]
account = "222222222222"
service = "guardduty.amazonaws.com"

[mode]
default = "enforce"

[mode.reach]
"bucket.policy-opened" = "any"
"bucket.acl-opened" = "any"
"bucket.public-access-block-weakened" = "any"
"bucket.public-access-block-deleted" = "any"
"account.public-access-block-weakened" = "any"
"account.public-access-block-deleted" = "any"
"access-point.created-open" = "any"
"access-point.policy-opened" = "any"
"role.created-open" = "any"
"role.trust-opened" = "any"
"role.admin-attached" = "any"
"user.admin-attached" = "any"
"group.admin-attached" = "any"
"inline-policy.power-given" = "any"
"inline-policy.guardrail-deleted" = "any"
"attachment.guardrail-detached" = "any"
"policy.version-weakened" = "any"
"policy.deleted" = "any"
"boundary.weakened" = "any"
"boundary.deleted" = "any"
"group.member-added" = "any"
"user.key-created" = "any"
"oidc.audience-added" = "any"
"#;

/// Waits for the next hour where this one is about to end. Functions go by the
/// real clock, and what they tell once an hour or a day they tell again after it:
/// no story may have its first half before that and its second half after it.
async fn within_an_hour() {
    const HOUR: u64 = 60 * 60;
    const LONGEST_STORY: u64 = 90;
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
    let left = HOUR - now.expect("a clock that is set").as_secs() % HOUR;
    if left <= LONGEST_STORY {
        tokio::time::sleep(Duration::from_secs(left)).await;
    }
}

/// A moto server for a test, its scene, and settings in force.
pub struct Stage<M = Held> {
    /// The server.
    pub moto: M,
    /// What was made there.
    pub scene: Scene,
}

impl<M> std::fmt::Debug for Stage<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage")
            .field("scene", &self.scene)
            .finish_non_exhaustive()
    }
}

impl Stage {
    /// A fresh scene in this process's server, with these settings pushed.
    pub async fn set(settings: &str) -> Self {
        Self::on(Moto::shared().await, settings).await
    }

    /// The same with everything that is guarded in a member account and another
    /// region; the settings name it there.
    pub async fn elsewhere(settings: &str) -> Self {
        let settings = ELSEWHERE.settings(settings);
        Self::at(Moto::shared().await, ELSEWHERE, &settings).await
    }
}

impl<M: std::ops::Deref<Target = Moto>> Stage<M> {
    /// A scene on a server of one's own.
    pub async fn on(moto: M, settings: &str) -> Self {
        Self::at(moto, HOME, settings).await
    }

    async fn at(moto: M, place: Place, settings: &str) -> Self {
        within_an_hour().await;
        let scene = Scene::set_in(&moto, place).await;
        let stage = Self { moto, scene };
        stage.push(settings).await;
        stage.put("inventory", &json!({ "accounts": OURS })).await;
        stage
    }

    /// Puts settings in force, as `auditward settings push` does.
    pub async fn push(&self, settings: &str) {
        let pushed =
            json!({"number": 1, "text": settings, "by": "tests", "at": "2026-01-01T00:00:00Z"});
        self.put("settings", &pushed).await;
    }

    /// Lets the functions know what the trail uses, without any baseline.
    pub async fn know_the_trail(&self) {
        let Place { account, region } = self.scene.place;
        let account = account.id;
        let trail = json!({
            "trail": format!("arn:aws:cloudtrail:{region}:{account}:trail/{TRAIL}"),
            "bucket": LOG_BUCKET,
            "bucket_owner": account,
            "key": format!("arn:aws:kms:{region}:{account}:key/{}", self.scene.key),
        });
        let known = json!({ "trails": [trail], "accounts": OURS });
        self.put("inventory", &known).await;
    }

    /// Stores a document.
    pub async fn put(&self, key: &str, body: &Value) {
        let item = json!({"key": {"S": key}, "v": {"N": "1"}, "body": {"S": body.to_string()}});
        let asked = json!({"TableName": TABLE, "Item": item});
        let (status, said) = self.table("PutItem", &asked).await;
        assert!(status < 300, "{said}");
    }

    async fn table(&self, action: &str, asked: &Value) -> (u16, Value) {
        let api = Api::of(&self.moto, MANAGEMENT, REGION).await;
        api.json("dynamodb", action, asked).await
    }

    /// All documents whose keys begin so.
    pub async fn documents(&self, prefix: &str) -> BTreeMap<String, Value> {
        let (mut items, mut asked) = (BTreeMap::new(), json!({ "TableName": TABLE }));
        loop {
            let (_, found) = self.table("Scan", &asked).await;
            for item in found["Items"].as_array().into_iter().flatten() {
                let key = item["key"]["S"].as_str().unwrap_or_default();
                items.insert(key.to_owned(), item.clone());
            }
            match &found["LastEvaluatedKey"] {
                Value::Null => break,
                next => asked["ExclusiveStartKey"] = next.clone(),
            }
        }
        let text = |item: &Value| item["body"]["S"].as_str().unwrap_or_default().to_owned();
        let read = items.iter().filter(|(key, _)| key.starts_with(prefix));
        let read = read.filter_map(|(key, item)| {
            // What is too long for an item goes on in others.
            let parts = item["parts"]["N"].as_str().unwrap_or("0").parse().ok()?;
            let more = (1..=parts).map(|nth: usize| text(&items[&format!("{key}#{nth}")]));
            let body = text(item) + &more.collect::<String>();
            Some((key.clone(), serde_json::from_str(&body).ok()?))
        });
        read.collect()
    }

    /// Forgets the documents whose keys are such.
    pub async fn forget(&self, which: impl Fn(&str) -> bool) {
        for key in self
            .documents("")
            .await
            .into_keys()
            .filter(|key| which(key))
        {
            let asked = json!({"TableName": TABLE, "Key": {"key": {"S": key}}});
            let (status, said) = self.table("DeleteItem", &asked).await;
            assert!(status < 300, "{said}");
        }
    }

    /// Remembers these documents, and nothing else.
    pub async fn remember(&self, known: &BTreeMap<String, Value>) {
        self.forget(|key| !known.contains_key(key)).await;
        let there = self.documents("").await;
        let changed = known
            .iter()
            .filter(|(key, body)| there.get(*key) != Some(body));
        for (key, body) in changed {
            self.put(key, body).await;
        }
    }

    /// A case.
    pub async fn case(&self, id: &str) -> Value {
        let key = format!("case/{id}");
        self.documents(&key).await.remove(&key).unwrap_or_default()
    }

    /// A sample as an event of now.
    pub fn event(&self, name: &str) -> Value {
        self.scene.adapt(&self.scene.place.event(&sample(name)))
    }

    /// Does what an event says, and gives the event as it then is; panics where
    /// AWS refuses it.
    pub async fn act(&self, event: &Value) -> Value {
        let done = self.scene.act_only(&self.moto, event).await;
        done.unwrap_or_else(|why| panic!("AWS refuses the act: {why}"))
    }

    /// What is live of the resource that an event is about.
    pub async fn look(&self, event: &Value) -> Value {
        look::at(&self.moto, event).await
    }

    /// A function's own queue.
    pub async fn queue(&self, function: &str) -> Queue {
        Queue::at(&self.moto, &self.scene.queues[function]).await
    }

    /// Starts a function, behind a proxy of its own.
    pub async fn guard(&self, name: &'static str) -> Guard {
        self.guard_with(name, &[]).await
    }

    /// Starts a function with more in its environment.
    pub async fn guard_with(&self, name: &'static str, more: &[(&str, &str)]) -> Guard {
        let proxy = Proxy::before(&self.moto.address()).await;
        let mut environment = self.scene.environment(&self.moto, &proxy.url(), name).await;
        let more = more
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        environment.extend(more);
        let function = Function::spawn(&binary(name), environment).await;
        Guard {
            name,
            function,
            proxy,
        }
    }

    /// Takes baselines with trail-guard, which finds the log buckets, and then
    /// with this function.
    pub async fn take_baselines(&self, name: &'static str) {
        for name in ["trail-guard", name]
            .iter()
            .take(1 + usize::from(name != "trail-guard"))
        {
            let mut guard = self.guard(name).await;
            let answer = guard
                .ask(OPERATOR, &json!({"auditward": "take-baselines"}))
                .await;
            let told = answer["notes"].to_string();
            assert!(
                told.contains("recorded") && !told.contains("Not recorded"),
                "{name}: {told}"
            );
            guard.done();
        }
        self.alerts().await;
    }

    /// The alerts that were sent since one last looked.
    pub async fn alerts(&self) -> Vec<Alert> {
        let messages = drain(&self.moto, &self.scene.alerts_url).await;
        messages.iter().map(Alert::of).collect()
    }

    /// The one alert that was sent since one last looked.
    #[track_caller]
    pub fn alert(&self) -> impl Future<Output = Alert> {
        let place = std::panic::Location::caller();
        async move {
            let mut alerts = self.alerts().await;
            assert_eq!(alerts.len(), 1, "one alert at {place}: {alerts:#?}");
            alerts.remove(0)
        }
    }
}

/// A stage on which a sample's act was done, and its function.
pub async fn acted(settings: &str, sample: &str) -> (Stage, Guard, Value) {
    let stage = Stage::set(settings).await;
    let event = stage.event(sample);
    stage.scene.prepare(&stage.moto, &event).await;
    let event = stage.act(&event).await;
    let of = |name: &&&str| sample.starts_with(**name);
    let function = FUNCTIONS.iter().find(of).expect("a sample of a function");
    let guard = stage.guard(function).await;
    (stage, guard, event)
}

/// A message of a function's queue.
pub fn message(sender: &str, body: &Value) -> Value {
    json!({"Records": [{
        "eventSource": "aws:sqs",
        "attributes": {"SenderId": sender},
        "body": body.to_string(),
    }]})
}
