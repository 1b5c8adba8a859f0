//! Drift: a live state that is not what must hold, found without an event. It
//! goes the way of an event from here: a finding, a case, an alert.

use std::collections::HashMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use auditward_rules::actor::Actor;
use auditward_rules::facet::{Change, Decision, Scene};
use auditward_rules::judge::{Finding, Judgement, Verdict};
use auditward_rules::plan::Plan;
use auditward_rules::record::Record;
use auditward_rules::registry;
use auditward_rules::rule::Rule;
use auditward_rules::settings::{Held, Mode};

use super::learn::Baseline;
use super::{Ahead, Answer, Pipeline, Turn};
use crate::case::{Case, Outcome, case_id};
use crate::failure::Failure;
use crate::keys;
use crate::known::Known;
use crate::store::Item;

/// The service that a drift's record names: none of AWS's.
pub const DRIFT: &str = "auditward";

/// By whose word a state is put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Nobody's: the settings and the baseline decide.
    Nobody,
    /// A named operator's.
    Operator,
}

/// How many cases one drift may have in a day, each after the one before was put right.
const MOST: u32 = 48;

impl Pipeline<'_> {
    /// The rule under which drift of a facet is told.
    pub(super) fn rule_about(&self, plan: &Plan) -> Option<&'static Rule> {
        registry::about(self.guard.function(), plan.kind())
    }

    /// Holds one facet against what must hold. What is safe is learnt; what is
    /// not becomes a case, or, where nothing was recorded yet, words for a report.
    pub(super) async fn check(
        &self,
        plan: &Plan,
        known: &Known,
        items: &HashMap<String, Item>,
        word: Word,
        answer: &mut Answer,
    ) -> Result<Option<String>, Failure> {
        let (at, key) = (plan.at(), keys::baseline(plan.kind(), plan.at()));
        let live = self.read(plan).await?;
        let item = items.get(&key);
        let baseline = item.map(Item::read::<Baseline>).transpose()?;
        let good = baseline.as_ref().filter(|baseline| !baseline.outdated);
        let zone = known.settings.zone(&at.account);
        let scene = Scene {
            now: self.now,
            settings: &known.settings,
            zone: &zone,
            at,
        };
        let decision = plan
            .decide(&live, good.map(|baseline| &baseline.state), scene)
            .map_err(|error| Failure::other(plan.kind(), error.to_string()))?;
        let (verdict, why, evidence_on) = match decision {
            Decision::Safe => {
                self.learn(plan, live, item, answer).await;
                return Ok(None);
            }
            // What only lacks a record is recorded as it is seen for the first time.
            Decision::ByHand(_) | Decision::CannotTell(_)
                if baseline.is_none()
                    && matches!(plan.decide(&live, Some(&live), scene), Ok(Decision::Safe)) =>
            {
                self.learn(plan, live, item, answer).await;
                return Ok(None);
            }
            Decision::Change(Change {
                why, evidence_on, ..
            }) => (Verdict::Violation, why, evidence_on),
            Decision::ByHand(why) => (Verdict::Violation, why, false),
            Decision::CannotTell(why) => (Verdict::CannotTell, why, false),
        };
        let by_word = word == Word::Operator;
        if baseline.is_none() && !evidence_on && !by_word {
            return Ok(Some(why));
        }
        let confirmed = by_word || good.is_some_and(|baseline| baseline.confirmed);
        let held = (!confirmed).then_some(Held::Unconfirmed);
        self.drifted(plan, live, (verdict, why), known, held, word, answer)
            .await;
        Ok(None)
    }

    /// Drift goes the way of an event from here.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one thing that was found"
    )]
    async fn drifted(
        &self,
        plan: &Plan,
        live: Value,
        (verdict, why): (Verdict, String),
        known: &Known,
        held: Option<Held>,
        word: Word,
        answer: &mut Answer,
    ) {
        let Some(rule) = self.rule_about(plan) else {
            return;
        };
        let at = plan.at();
        let mut mode = known.settings.mode_of(rule.id, &at.account, &at.resource);
        if word == Word::Operator {
            mode = Mode::Enforce;
        }
        if mode == Mode::Off {
            return;
        }
        let nobody = Actor::default();
        let settled = match word {
            Word::Operator => None,
            Word::Nobody => known.settings.held(
                rule.id,
                &at.account,
                &at.resource,
                &nobody,
                &known.inventory,
                self.now,
            ),
        };
        let mut held = settled.or(held);
        if known.fallback.is_some() {
            held = known.held();
            if !known.remembered {
                mode = Mode::Enforce;
            }
        }
        let id = match self.drift_id(rule, plan, &live, word).await {
            Ok(Some(id)) => id,
            Ok(None) => return,
            Err(failure) => return answer.again(failure.to_string()),
        };
        let severity = known.settings.severity.get(rule.id).copied();
        let finding = Finding {
            rule,
            severity: severity.unwrap_or(rule.severity),
            resource: at.resource.clone(),
            summary: format!("{} is {}: {why}", at.name(), plan.tell(&live)),
            mode,
            plan: vec![plan.clone()],
            verdict,
            held: held.filter(|_| mode == Mode::Enforce),
            // A second look that finds it safe makes it no finding.
            certain: false,
            settles: false,
        };
        let text = json!({
            "eventSource": DRIFT,
            "eventName": "Drift",
            "eventID": id,
            "eventTime": self.now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            "awsRegion": at.region,
            "recipientAccountId": at.account,
        })
        .to_string();
        let Ok(record) = Record::read(&text) else {
            return;
        };
        answer.metrics.count("Drifts");
        answer.verdict = answer.verdict.max(Some(verdict));
        let mut ahead = Ahead {
            known: known.clone(),
            items: HashMap::new(),
            asked: Vec::new(),
            live: Some((plan.clone(), Ok(live))),
            judgement: Judgement::default(),
            stored: true,
        };
        Box::pin(self.finding(&record, &finding, &mut ahead, Turn::Drift, answer)).await;
    }

    /// What the case of a drift is called: the same for the same state on one day,
    /// until it was put right; then it is another one. `None`: there were too many.
    async fn drift_id(
        &self,
        rule: &Rule,
        plan: &Plan,
        live: &Value,
        word: Word,
    ) -> Result<Option<String>, Failure> {
        if word == Word::Operator {
            // What an operator asks for is a case of its own.
            return Ok(Some(format!("fix-{}", self.now.to_rfc3339())));
        }
        let mut hash = Sha256::new();
        hash.update(plan.kind());
        hash.update(live.to_string());
        let state: String = hash
            .finalize()
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let day = self.now.format("%Y-%m-%d");
        for nth in 0..MOST {
            let id = format!("drift-{state}-{day}-{nth}");
            let key = keys::case(&case_id(&id, rule.id, &plan.at().resource));
            let items = self.store.get(std::slice::from_ref(&key)).await?;
            let case = items.get(&key).map(Item::read::<Case>).transpose()?;
            let over = case
                .is_some_and(|case| matches!(case.outcome, Outcome::Fixed | Outcome::AlreadySafe));
            if !over {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }
}
