//! A function on the stage, and what it called.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use auditward_rules::arn::is_account;
use serde_json::{Value, json};

use super::{OWN, message};
use crate::proxy::{Call, Proxy};
use crate::runtime_api::{Function, Outcome};

/// A function behind its proxy.
#[derive(Debug)]
pub struct Guard {
    /// Its name.
    pub name: &'static str,
    /// The process.
    pub function: Function,
    /// What it says to AWS.
    pub proxy: Proxy,
}

impl Guard {
    /// Hands it an event; panics if it fails.
    pub async fn play(&mut self, event: &Value) -> Value {
        match self.function.invoke(event).await {
            Outcome::Response(answer) => answer,
            other => panic!(
                "{} failed: {other:?}\n{}",
                self.name,
                self.function.stdout()
            ),
        }
    }

    /// Hands it a message of its queue.
    pub async fn ask(&mut self, sender: &str, body: &Value) -> Value {
        self.play(&message(sender, body)).await
    }

    /// Asks it to undo a case.
    pub async fn undo(&mut self, sender: &str, case: &str) -> Value {
        let wish = json!({"auditward": "undo", "case": case, "reason": "it was meant"});
        self.ask(sender, &wish).await
    }

    /// Hands it an event with this much time, and with any outcome.
    pub async fn attempt(&mut self, event: &Value) -> Outcome {
        let payload = event.to_string().into_bytes();
        self.function
            .invoke_raw(payload, Duration::from_secs(30))
            .await
    }

    /// Plays one hour's sweep with every message that it sends itself; gives the
    /// names of the calls that were made for each account and region, those to the
    /// guard's own table, topic and queues left out.
    pub async fn sweep(&mut self) -> BTreeMap<(String, String), Vec<String>> {
        let mut seen = self.proxy.calls().len();
        self.play(&json!({"auditward": "sweep"})).await;
        let mut queue = VecDeque::from(self.wanted_since(&mut seen).0);
        let mut made: BTreeMap<_, Vec<String>> = BTreeMap::new();
        while let Some(body) = queue.pop_front() {
            self.ask(OWN, &body).await;
            let (more, calls) = self.wanted_since(&mut seen);
            let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
            let place = (text("account"), text("region"));
            made.entry(place).or_default().extend(calls);
            queue.extend(more);
        }
        made
    }

    /// The places that it asked itself to look at, and what it called beside its
    /// own means, since so many calls.
    fn wanted_since(&self, seen: &mut usize) -> (Vec<Value>, Vec<String>) {
        let calls = self.proxy.calls();
        let new = calls.get(*seen..).unwrap_or_default();
        *seen = calls.len();
        let sent = new.iter().filter(|call| call.name() == "sqs:SendMessage");
        let bodies = sent.filter_map(|call| {
            let body = call.json()["MessageBody"].as_str()?.to_owned();
            serde_json::from_str(&body).ok()
        });
        let asked = bodies.filter(|body: &Value| {
            let kind = body["auditward"].as_str().unwrap_or_default();
            matches!(kind, "sweep-place" | "sweep")
        });
        let others = new
            .iter()
            .filter(|call| !matches!(&*call.service, "dynamodb" | "sns" | "sqs"));
        (asked.collect(), others.map(Call::name).collect())
    }

    /// The events that it sent to its own queue to be judged again, as the queue
    /// hands them back.
    pub fn later(&self) -> Vec<Value> {
        let asked = self.asked("judge-again").into_iter();
        asked.map(|(_, body)| message(OWN, &body)).collect()
    }

    /// The messages of a kind that it sent, each with its queue's name.
    pub fn asked(&self, what: &str) -> Vec<(String, Value)> {
        let calls = self.proxy.calls();
        let sent = calls.iter().filter(|call| call.name() == "sqs:SendMessage");
        let read = sent.map(|call| {
            let asked = call.json();
            let text = |name: &str| asked[name].as_str().unwrap_or_default();
            let queue = text("QueueUrl").rsplit('/').next().unwrap_or_default();
            let body: Value = serde_json::from_str(text("MessageBody")).expect("JSON");
            (queue.to_owned(), body)
        });
        read.filter(|(_, body)| body["auditward"] == what).collect()
    }

    /// The calls that changed something guarded.
    pub fn writes(&self) -> Vec<String> {
        let calls = self.proxy.calls();
        calls
            .iter()
            .filter(|call| is_write(call))
            .map(Call::name)
            .collect()
    }

    /// Forgets calls and faults; what was called is kept for the permissions, and
    /// no bucket may be touched without saying whose it must be.
    pub fn clear(&self) {
        for call in self.proxy.calls() {
            let owner = call.expected_owner();
            let named = owner.is_some_and(is_account);
            assert!(
                named || !call.names_a_bucket(),
                "{}: {owner:?}",
                call.name()
            );
        }
        let mut called = CALLED
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let names = called.entry(self.name).or_default();
        names.extend(self.proxy.calls().iter().map(crate::permissions::of));
        self.proxy.clear();
    }

    /// Ends it; it may have called only what it is permitted to.
    pub fn done(self) {
        self.clear();
        let allowed = crate::permissions::declared(self.name);
        let beyond: Vec<_> = called(self.name).difference(&allowed).cloned().collect();
        assert!(
            beyond.is_empty(),
            "{} called what it may not: {beyond:?}",
            self.name
        );
    }
}

/// Whether a call is remembering, telling, coming back, being somebody elsewhere.
pub fn is_central(call: &Call) -> bool {
    call.service == "sts"
        || matches!(
            call.name().as_str(),
            "dynamodb:BatchGetItem"
                | "dynamodb:PutItem"
                | "dynamodb:TransactWriteItems"
                | "sns:Publish"
                | "sqs:SendMessage"
                | "sqs:DeleteMessage"
        )
}

/// Whether a call changed something guarded.
pub fn is_write(call: &Call) -> bool {
    let reads = [
        "Get",
        "List",
        "Describe",
        "Head",
        "LookupEvents",
        "ReceiveMessage",
    ];
    !is_central(call) && !reads.iter().any(|verb| call.action.starts_with(verb))
}

static CALLED: Mutex<BTreeMap<&'static str, BTreeSet<String>>> = Mutex::new(BTreeMap::new());

/// The permissions that a function has used so far in this process.
pub fn called(function: &str) -> BTreeSet<String> {
    let called = CALLED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    called.get(function).cloned().unwrap_or_default()
}
