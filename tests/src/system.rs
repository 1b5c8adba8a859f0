//! The story of a whole system: one act after another on one stage, each put
//! back or told, and in the end everything is as it was.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::scene::FUNCTIONS;
use crate::stage::{Alert, Guard, OPERATOR, OWN, Stage};
use crate::story::{case_of, outcome_of};

/// Something that somebody does to the system.
#[derive(Debug, Clone)]
pub struct Act {
    /// The function that is told of it.
    pub function: &'static str,
    /// The rule under which it is told.
    pub rule: String,
    /// The event.
    pub event: Value,
    /// The fields of the live state that it changes, see [`differences`].
    pub changes: Vec<String>,
    /// What becomes of it.
    pub ends: Ends,
}

/// What becomes of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// What was there before is there again.
    Back,
    /// Nothing is written; people are told, with this outcome.
    Told(&'static str),
}

impl Act {
    /// What a sample says, by folder and name; its rule is the name's beginning.
    pub fn sample(stage: &Stage, name: &str, changes: &[&str]) -> Self {
        let (function, file) = name.split_once('/').expect("a folder and a name");
        let rule = file.split('.').take(2).collect::<Vec<_>>().join(".");
        Self::of(function, &rule, stage.event(name), changes)
    }

    /// An act of one's own.
    pub fn of(function: &str, rule: &str, event: Value, changes: &[&str]) -> Self {
        let known = FUNCTIONS.into_iter().find(|known| *known == function);
        Self {
            function: known.expect("a function"),
            rule: rule.into(),
            event,
            changes: changes.iter().map(|path| (*path).to_owned()).collect(),
            ends: Ends::Back,
        }
    }

    /// It is only told.
    #[must_use]
    pub fn told(mut self, outcome: &'static str) -> Self {
        self.ends = Ends::Told(outcome);
        self
    }
}

/// A stage with all functions that a system takes.
#[derive(Debug)]
pub struct System {
    /// The stage.
    pub stage: Stage,
    guards: BTreeMap<&'static str, Guard>,
}

impl System {
    /// Starts these functions.
    pub async fn of(stage: Stage, functions: &[&'static str]) -> Self {
        let mut guards = BTreeMap::new();
        for name in functions {
            guards.insert(*name, stage.guard(name).await);
        }
        Self { stage, guards }
    }

    /// A function.
    pub fn guard(&mut self, name: &str) -> &mut Guard {
        self.guards.get_mut(name).expect("a function of the system")
    }

    /// Starts a function anew: what runs knows its settings for a minute.
    pub async fn anew(&mut self, name: &'static str) {
        let fresh = self.stage.guard(name).await;
        if let Some(old) = self.guards.insert(name, fresh) {
            old.done();
        }
    }

    /// An operator records what is there.
    pub async fn record(&mut self) {
        let wish = serde_json::json!({"auditward": "take-baselines"});
        for guard in self.guards.values_mut() {
            let answer = guard.ask(OPERATOR, &wish).await;
            let told = answer["notes"].to_string();
            let whole = told.contains("recorded") && !told.contains("Not recorded");
            assert!(whole, "{}: {told}", guard.name);
        }
        self.stage.alerts().await;
    }

    /// WHEN somebody does it, THEN just that is changed; WHEN its event comes,
    /// THEN it is put back or told, with one alert. Gives the alert.
    pub async fn suffers(&mut self, act: &Act) -> Alert {
        let Act { function, rule, .. } = act;
        let before = self.stage.look(&act.event).await;
        let event = self.stage.act(&act.event).await;
        let bad = self.stage.look(&act.event).await;
        assert_eq!(differences(&before, &bad), act.changes, "{rule}: the act");

        let guard = self.guards.get_mut(function).expect("its function");
        guard.clear();
        let answer = guard.play(&event).await;
        let writes = guard.writes();
        let after = self.stage.look(&act.event).await;
        let case = self.stage.case(&case_of(&answer)).await;
        let (outcome, stays) = match act.ends {
            Ends::Back => ("fixed", &before),
            Ends::Told(outcome) => (outcome, &bad),
        };
        assert_eq!(outcome_of(&answer), outcome, "{rule}: {answer}\n{case:#}");
        assert_eq!(case["outcome"], outcome, "{rule}");
        assert_eq!(case["rule"], rule.as_str());
        assert_eq!(differences(stays, &after), [""; 0], "{rule}: {case:#}");
        assert_eq!(
            writes.is_empty(),
            act.ends != Ends::Back,
            "{rule}: {writes:?}"
        );
        let alert = self.stage.alert().await;
        assert_eq!(alert.attribute("rule"), rule);
        assert_eq!(alert.attribute("outcome"), outcome, "{rule}");
        alert
    }

    /// WHEN all of it is done and no event tells, THEN a look puts it back, with
    /// one alert each, and the next look finds nothing to do.
    pub async fn heals_by_looking(&mut self, function: &str, look: &Value, acts: &[Act]) {
        let before = self.live(acts).await;
        for act in acts {
            let good = self.stage.look(&act.event).await;
            self.stage.act(&act.event).await;
            let bad = self.stage.look(&act.event).await;
            assert_eq!(differences(&good, &bad), act.changes, "{}", act.rule);
        }
        self.look_once(function, look).await;
        for (act, before) in acts.iter().zip(&before) {
            let after = self.stage.look(&act.event).await;
            assert_eq!(differences(before, &after), [""; 0], "{}", act.rule);
        }
        let alerts = self.stage.alerts().await;
        let told = |name| {
            let mut all: Vec<_> = alerts.iter().map(|alert| alert.attribute(name)).collect();
            all.sort_unstable();
            all
        };
        let mut rules: Vec<_> = acts.iter().map(|act| act.rule.as_str()).collect();
        rules.sort_unstable();
        assert_eq!(told("rule"), rules, "{alerts:#?}");
        assert_eq!(told("outcome"), vec!["fixed"; acts.len()]);

        let writes = self.look_once(function, look).await;
        assert_eq!(writes, [""; 0], "the next look");
        assert_eq!(self.stage.alerts().await, []);
    }

    async fn look_once(&mut self, function: &str, look: &Value) -> Vec<String> {
        let guard = self.guard(function);
        guard.clear();
        if look["auditward"] == "pulse" {
            guard.play(look).await;
        } else {
            guard.ask(OWN, look).await;
        }
        guard.writes()
    }

    /// What is live of everything that these acts are about.
    pub async fn live(&self, acts: &[Act]) -> Vec<Value> {
        let mut all = Vec::new();
        for act in acts {
            all.push(self.stage.look(&act.event).await);
        }
        all
    }

    /// Ends all functions; they may have called only what they are permitted to.
    pub fn done(self) {
        for guard in self.guards.into_values() {
            guard.done();
        }
    }
}

/// Where two states differ: the names on the way to each field, from the outside
/// inwards. Lists and texts differ as a whole.
pub fn differences(one: &Value, other: &Value) -> Vec<String> {
    let (Value::Object(left), Value::Object(right)) = (one, other) else {
        return if one == other {
            vec![]
        } else {
            vec!["all".into()]
        };
    };
    let mut names: Vec<_> = left.keys().chain(right.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let mut found = Vec::new();
    for name in names {
        let side = |all: &serde_json::Map<String, Value>| all.get(name).cloned();
        let (left, right) = (
            side(left).unwrap_or_default(),
            side(right).unwrap_or_default(),
        );
        let within = differences(&left, &right).into_iter();
        found.extend(within.map(|path| match path.as_str() {
            "all" => name.clone(),
            path => format!("{name} > {path}"),
        }));
    }
    found
}
