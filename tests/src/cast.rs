//! Several functions on one stage: each act is heard by those whose rules watch
//! it, as EventBridge delivers it.

use std::collections::BTreeMap;

use auditward_rules::record::plain_name;
use auditward_rules::registry;
use serde_json::{Value, json};

use crate::stage::{Alert, Guard, OPERATOR, Stage};
use crate::story::{case_of, outcome_of};

/// Settings for acts of months that a story tells in one minute: neither breaker
/// nor fuse has anything to say.
pub const AT_LEISURE: &str = "
[breaker]
changes = 1000
minutes = 1

[fuses]
per_rule = 1000
overall = 1000
minutes = 1
settle_seconds = 0
";

/// A stage and the functions on it.
#[derive(Debug)]
pub struct Cast {
    /// The stage.
    pub stage: Stage,
    guards: BTreeMap<&'static str, Guard>,
}

impl Cast {
    /// Nobody is there yet: each function comes with the first act it hears of.
    pub fn on(stage: Stage) -> Self {
        Self {
            stage,
            guards: BTreeMap::new(),
        }
    }

    async fn guard(&mut self, name: &'static str) -> &mut Guard {
        if !self.guards.contains_key(name) {
            let guard = self.stage.guard(name).await;
            self.guards.insert(name, guard);
        }
        self.guards.get_mut(name).expect("it is there now")
    }

    /// Takes baselines with these functions, in this order. The functions start
    /// anew afterwards: what they kept in mind is from before.
    pub async fn take_baselines(&mut self, names: &[&'static str]) {
        for name in names {
            let asked = json!({"auditward": "take-baselines"});
            let answer = self.guard(name).await.ask(OPERATOR, &asked).await;
            let told = answer["notes"].to_string();
            assert!(!told.contains("Not recorded"), "{name}: {told}");
        }
        self.stage.alerts().await;
        for (_, guard) in std::mem::take(&mut self.guards) {
            guard.done();
        }
    }

    /// A sample with these request parameters in the place of its own.
    pub fn asked(&self, sample: &str, parameters: Value) -> Value {
        let mut event = self.stage.event(sample);
        event["detail"]["requestParameters"] = parameters;
        event
    }

    /// Hands an event to every function that hears of it, and gives their
    /// answers and how often something guarded was written.
    async fn play(&mut self, event: &Value) -> (Vec<Value>, usize) {
        let detail = &event["detail"];
        let text = |name: &str| detail[name].as_str().unwrap_or_default();
        let watching = registry::watching(text("eventSource"), plain_name(text("eventName")));
        let mut names: Vec<_> = watching.map(|rule| rule.function.name()).collect();
        names.sort_unstable();
        names.dedup();
        let (mut answers, mut writes) = (Vec::new(), 0);
        for name in names {
            let guard = self.guard(name).await;
            guard.clear();
            answers.push(guard.play(event).await);
            writes += guard.writes().len();
        }
        (answers, writes)
    }

    /// Plays an event whose act was done: one case by this rule with this
    /// outcome, one alert, and a second copy that changes nothing and tells nobody.
    pub async fn hears(&mut self, event: &Value, rule: &str, outcome: &str) -> Alert {
        let (answers, writes) = self.play(event).await;
        let of_cases = answers.iter().filter(|answer| !case_of(answer).is_empty());
        let cases: Vec<_> = of_cases.collect();
        let [answer] = cases.as_slice() else {
            panic!("{rule}: one case, not {answers:#?}");
        };
        let case = self.stage.case(&case_of(answer)).await;
        assert_eq!(
            (&case["rule"], &case["outcome"]),
            (&json!(rule), &json!(outcome)),
            "{case:#}"
        );
        assert_eq!(outcome_of(answer), outcome);
        assert_eq!(writes > 0, outcome == "fixed", "{rule}: {case:#}");
        let mut alerts = self.stage.alerts().await;
        assert_eq!(alerts.len(), 1, "{rule}: {alerts:#?}");
        let alert = alerts.remove(0);
        assert_eq!(
            (alert.attribute("rule"), alert.attribute("outcome")),
            (rule, outcome)
        );
        let (_, writes) = self.play(event).await;
        assert_eq!((writes, self.stage.alerts().await), (0, vec![]), "{rule}");
        alert
    }

    /// Does what an event says, and then as [`Self::hears`].
    pub async fn handles(&mut self, event: &Value, rule: &str, outcome: &str) -> Alert {
        let event = self.stage.act(event).await;
        self.hears(&event, rule, outcome).await
    }

    /// Does what an event says: nobody writes, keeps a case, or tells anybody.
    pub async fn leaves(&mut self, event: &Value) {
        let event = self.stage.act(event).await;
        self.ignores(&event).await;
    }

    /// Plays an event that is nobody's concern.
    pub async fn ignores(&mut self, event: &Value) {
        let cases = self.stage.documents("case/").await.len();
        let (answers, writes) = self.play(event).await;
        let call = &event["detail"]["eventName"];
        for answer in &answers {
            assert_eq!(answer["verdict"], "clean", "{call}: {answer}");
        }
        assert_eq!((writes, self.stage.alerts().await), (0, vec![]), "{call}");
        assert_eq!(self.stage.documents("case/").await.len(), cases, "{call}");
    }

    /// Ends all functions; each may have called only what it is permitted to.
    pub fn done(self) -> Stage {
        for (_, guard) in self.guards {
            guard.done();
        }
        self.stage
    }
}
