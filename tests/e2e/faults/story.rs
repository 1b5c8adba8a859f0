//! Stories that are told over and over, each time with another fault.

use std::collections::BTreeMap;
use std::time::Duration;

use auditward_tests::api::{Api, elements};
use auditward_tests::moto::{MANAGEMENT, Moto};
use auditward_tests::proxy::{Call, Fault};
use auditward_tests::runtime_api::Outcome;
use auditward_tests::scene::{REGION, account_named};
use auditward_tests::stage::{ENFORCE, Guard, OPERATOR, OWN, Stage, message};
use auditward_tests::story::case_of;
use serde_json::{Value, json};

/// What happens, and what the function is told of it.
#[derive(Debug, Clone, Copy)]
pub struct Plot {
    /// The sample of what somebody does, or tries.
    pub sample: &'static str,
    /// What somebody did before.
    pub after: &'static [&'static str],
    /// What the function is handed.
    pub handed: Handed,
    /// How its case ends.
    pub outcome: &'static str,
}

/// What a function is handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handed {
    /// The event.
    Event,
    /// The event, to be judged once more, where it never came at first.
    Again,
    /// An operator's wish to undo what was put back.
    Undo,
    /// An operator's wish that what is there be recorded.
    Take,
    /// The minute's schedule, and no event.
    Pulse,
    /// The hour's look at its own place, and no event.
    Place,
}

impl Plot {
    /// A violation that is put back.
    pub const fn fixed(sample: &'static str) -> Self {
        Self {
            sample,
            after: &[],
            handed: Handed::Event,
            outcome: "fixed",
        }
    }

    /// The function is handed something else than the event.
    #[must_use]
    pub const fn by(mut self, handed: Handed) -> Self {
        self.handed = handed;
        self
    }

    /// It ends like that.
    #[must_use]
    pub const fn ends(mut self, outcome: &'static str) -> Self {
        self.outcome = outcome;
        self
    }

    /// After these acts.
    #[must_use]
    pub const fn after(mut self, acts: &'static [&'static str]) -> Self {
        self.after = acts;
        self
    }

    fn settings(self) -> String {
        let patient = "\n[breaker]\nchanges = 10000\n[fuses]\nper_rule = 10000\noverall = 10000\n";
        let settings = format!("{ENFORCE}{patient}");
        match self.outcome {
            "would-fix" => settings.replace("default = \"enforce\"", "default = \"alert\""),
            _ => settings,
        }
    }

    fn is_attempt(self) -> bool {
        self.outcome == "attempt"
    }
}

/// A plot on a server of its own.
pub struct Story {
    pub stage: Stage<Box<Moto>>,
    pub function: &'static str,
    pub event: Value,
    plot: Plot,
    others: Vec<Value>,
    /// What is remembered in the beginning: with what is remembered of earlier
    /// tellings, the next one would be another.
    known: BTreeMap<String, Value>,
    /// What is live in the end.
    pub end: Value,
    /// The names of the calls that it takes.
    pub calls: Vec<String>,
}

impl Story {
    /// Tells it once, without a fault.
    pub async fn of(plot: Plot) -> Self {
        let stage = Stage::on(Box::new(Moto::start().await), &plot.settings()).await;
        let function = plot.sample.split('/').next().unwrap();
        let event = stage.event(plot.sample);
        let others: Vec<_> = plot.after.iter().map(|name| stage.event(name)).collect();
        if !plot.is_attempt() {
            stage.scene.prepare(&stage.moto, &event).await;
        }
        if plot.handed != Handed::Take {
            stage.take_baselines(function).await;
        }
        let known = stage.documents("").await;
        let mut story = Self {
            stage,
            function,
            event,
            plot,
            others,
            known,
            end: Value::Null,
            calls: Vec::new(),
        };
        let (mut guard, payload) = story.begin().await;
        guard.play(&payload).await;
        assert_eq!(story.stage.alerts().await.len(), 1, "{plot:?}");
        let calls = guard.proxy.calls();
        let most = calls.iter().map(|call| call.operation).max().unwrap();
        story.calls = (1..=most).map(|number| struck(&calls, number)).collect();
        story.end = story.live().await;
        story
    }

    /// The numbers of all calls.
    pub fn every(&self, _: Fault) -> Vec<usize> {
        (1..=self.calls.len()).collect()
    }

    /// The numbers of the first and the last call of each name: what is called again
    /// and again fails alike. Where the answer is lost, of what changes something.
    pub fn telling(&self, fault: Fault) -> Vec<usize> {
        let of_name = |number: &usize| {
            let name = &self.calls[number - 1];
            let first = !self.calls[..number - 1].contains(name);
            let last = !self.calls[*number..].contains(name);
            (first || last) && !(fault == Fault::AnswerLost && is_read(name))
        };
        self.every(fault).into_iter().filter(of_name).collect()
    }

    /// The act again, a fresh function, and what it is handed.
    pub async fn begin(&self) -> (Guard, Value) {
        self.stage.remember(&self.known).await;
        for other in &self.others {
            self.stage.act(&self.stage.scene.adapt(other)).await;
        }
        let mut event = self.stage.scene.adapt(&self.event);
        if !self.plot.is_attempt() {
            self.unmake(&event).await;
            event = self.stage.act(&event).await;
        }
        let function = self.function;
        let payload = match self.plot.handed {
            Handed::Event => event,
            Handed::Again => {
                let again = json!({"auditward": "judge-again", "last": false, "event": event});
                message(OWN, &again)
            }
            Handed::Undo => {
                let mut guard = self.stage.guard(function).await;
                let case = case_of(&guard.play(&event).await);
                self.stage.alert().await;
                let undo = json!({"auditward": "undo", "case": case, "reason": "it was meant"});
                message(OPERATOR, &undo)
            }
            Handed::Take => message(OPERATOR, &json!({"auditward": "take-baselines"})),
            Handed::Pulse => json!({"auditward": "pulse"}),
            Handed::Place => {
                let account = MANAGEMENT.id;
                let place = json!({"auditward": "sweep-place", "account": account, "region": REGION, "from": 0});
                message(OWN, &place)
            }
        };
        let stays = self.plot.is_attempt() || self.plot.outcome == "would-fix";
        assert!(stays || self.live().await != self.end, "{payload}");
        (self.stage.guard(function).await, payload)
    }

    /// How long a function is told that it has. Its leases last as long: where it is
    /// nothing, Lambda's retry comes after them.
    pub fn time(&self) -> Duration {
        match self.plot.handed {
            Handed::Event | Handed::Again | Handed::Undo => Duration::ZERO,
            // Looking takes time, or is left to the next look.
            Handed::Take | Handed::Pulse | Handed::Place => Duration::from_secs(60),
        }
    }

    /// The leases of an invocation that was given time end before the retry.
    async fn leases_end(&self) {
        if self.time().is_zero() {
            return;
        }
        self.stage.forget(|key| key.starts_with("resource/")).await;
        for (key, mut case) in self.stage.documents("case/").await {
            case["lease"] = json!("2026-01-01T00:00:00Z");
            self.stage.put(&key, &case).await;
        }
    }

    /// A role that is there cannot be created.
    async fn unmake(&self, event: &Value) {
        let detail = &event["detail"];
        if detail["eventName"] != "CreateRole" {
            return;
        }
        let account = account_named(detail["recipientAccountId"].as_str());
        let api = Api::of(&self.stage.moto, account, REGION).await;
        let role = json!({ "RoleName": detail["requestParameters"]["roleName"] });
        let (_, listed) = api.iam("ListRolePolicies", &role).await;
        for policy in elements(&listed, "member") {
            let mut inline = role.clone();
            inline["PolicyName"] = json!(policy);
            api.iam("DeleteRolePolicy", &inline).await;
        }
        api.iam("DeleteRole", &role).await;
    }

    /// What the story is about, as it is now.
    pub async fn live(&self) -> Value {
        if self.plot.handed == Handed::Take {
            let recorded = self.stage.documents("baseline/").await;
            let states = recorded.into_iter();
            return states
                .map(|(key, one)| (key, one["state"].clone()))
                .collect();
        }
        let mut all = vec![self.stage.look(&self.event).await];
        for other in &self.others {
            all.push(self.stage.look(other).await);
        }
        timeless(&json!(all))
    }

    /// After Lambda's retry, without the fault, all is safe, stored and told.
    /// Where the store did not answer, evidence was switched on without it, and
    /// the retry stores that it found it safe.
    pub async fn ends_well(&self, guard: &mut Guard, payload: &Value, told: usize, what: &str) {
        guard.clear();
        self.leases_end().await;
        let answer = match guard.attempt(payload).await {
            Outcome::Response(answer) => answer,
            other => panic!("{what}: the retry failed: {other:?}"),
        };
        assert_eq!(self.live().await, self.end, "{what}: {answer}");
        if self.plot.handed != Handed::Take {
            self.is_stored(what).await;
        }
        let told = told + self.stage.alerts().await.len();
        assert!(told > 0, "{what}: nobody was told");
    }

    async fn is_stored(&self, what: &str) {
        let cases = self.stage.documents("case/").await;
        let unstored = what.contains("\"dynamodb:") && !what.starts_with("Hang");
        // Whoever looks again at what is safe has nothing to store; what was begun
        // must have been ended and told.
        let looks = matches!(self.plot.handed, Handed::Pulse | Handed::Place);
        assert!(!cases.is_empty() || unstored && looks, "{what}: no case");
        for case in cases.values() {
            let ended = case["outcome"].as_str().unwrap_or_default();
            let told = looks && ended != "open" && case["told"].is_array();
            assert!(
                ended == self.plot.outcome || unstored && ended == "already-safe" || told,
                "{what}: {case:#}"
            );
        }
    }
}

/// The name of the call that a fault struck; panics where it struck none.
pub fn struck(calls: &[Call], number: usize) -> String {
    let call = calls.iter().find(|call| call.operation == number);
    let names: Vec<_> = calls.iter().map(Call::name).collect();
    let call = call.unwrap_or_else(|| panic!("there is no call {number}: {names:?}"));
    call.name()
}

fn is_read(name: &str) -> bool {
    let (_, action) = name.split_once(':').unwrap();
    let reads = ["BatchGet", "Describe", "Get", "List", "LookupEvents"];
    reads.iter().any(|verb| action.starts_with(verb))
}

/// With the same time in the place of each: sessions are ended by the time.
fn timeless(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let words = text.split('"').map(|word| {
                let time = chrono::DateTime::parse_from_rfc3339(word);
                time.map_or(word, |_| "a time")
            });
            json!(words.collect::<Vec<_>>().join("\""))
        }
        Value::Array(all) => all.iter().map(timeless).collect(),
        Value::Object(all) => {
            let all = all.iter();
            all.map(|(name, one)| (name.clone(), timeless(one)))
                .collect()
        }
        other => other.clone(),
    }
}
