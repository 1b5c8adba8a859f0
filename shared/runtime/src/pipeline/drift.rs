//! Drift: a live state that is not what must hold, found without an event. It
//! goes the way of an event from here: a finding, a case, an alert.

use std::collections::HashMap;

use serde_json::{Value, json};

use auditward_rules::actor::Actor;
use auditward_rules::facet::{Change, Decision, Scene};
use auditward_rules::judge::{Finding, Judgement, Verdict};
use auditward_rules::plan::Plan;
use auditward_rules::record::Record;
use auditward_rules::registry;
use auditward_rules::rule::Rule;
use auditward_rules::settings::{Held, Mode};

use super::learn::Baseline;
use super::left::fingerprint;
use super::own::surely;
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

/// A facet that is not as it must be.
struct Found {
    live: Value,
    verdict: Verdict,
    why: String,
    /// Whether it can be put right, and whether that only brings evidence back.
    change: Option<bool>,
}

/// The case that a drift belongs to.
struct Belongs {
    rule: &'static Rule,
    event: String,
    resource: String,
    /// Whether nothing was put right in it yet.
    first: bool,
}

/// How many cases one drift may have in a day, each after the one before was put right.
const MOST: u32 = 48;

impl Pipeline<'_> {
    /// The rule under which drift of a facet is told: this function's own, or that
    /// of the function it heals, so that both mean the same case.
    pub(super) fn rule_about(&self, plan: &Plan) -> Option<&'static Rule> {
        let own = self.guard.function();
        let healed = || registry::about(own.heals()?, plan.kind());
        registry::about(own, plan.kind()).or_else(healed)
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
        let (verdict, why, change) = match decision {
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
            }) => (Verdict::Violation, why, Some(evidence_on)),
            Decision::ByHand(why) => (Verdict::Violation, why, None),
            Decision::CannotTell(why) => (Verdict::CannotTell, why, None),
        };
        let evidence_on = change == Some(true);
        let by_word = word == Word::Operator;
        if baseline.is_none() && !evidence_on && !by_word {
            return Ok(Some(why));
        }
        let confirmed = by_word || good.is_some_and(|baseline| baseline.confirmed);
        let held = (!confirmed).then_some(Held::Unconfirmed);
        let found = Found {
            live,
            verdict,
            why,
            change,
        };
        self.drifted(plan, found, known, held, word, answer).await;
        Ok(None)
    }

    /// Drift goes the way of an event from here.
    async fn drifted(
        &self,
        plan: &Plan,
        found: Found,
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
            if !known.remembered && surely(plan, &known.settings) {
                mode = Mode::Enforce;
            }
        }
        let writes = mode == Mode::Enforce
            && found.change.is_some_and(|evidence_on| match &held {
                None => true,
                Some(Held::NoSettings | Held::Unconfirmed) => evidence_on,
                Some(_) => false,
            });
        let Found {
            live, verdict, why, ..
        } = found;
        let belongs = match self.belonging(rule, plan, &live, writes, word).await {
            Ok(Some(belongs)) => belongs,
            Ok(None) => return,
            Err(failure) => return answer.again(failure.to_string()),
        };
        let rule = belongs.rule;
        let severity = known.settings.severity.get(rule.id).copied();
        let finding = Finding {
            rule,
            severity: severity.unwrap_or(rule.severity),
            resource: belongs.resource,
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
            "eventID": belongs.event,
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
            // What was put right a moment ago may have been read before that.
            live: belongs.first.then(|| (plan.clone(), Ok(live))),
            judgement: Judgement::default(),
            stored: true,
        };
        let turn = match word {
            Word::Nobody => Turn::Drift,
            Word::Operator => Turn::Asked,
        };
        Box::pin(self.finding(&record, &finding, &mut ahead, turn, &mut None, answer)).await;
    }

    /// Which case a drift belongs to: that of the event which left this state;
    /// else the same for the same state on one day, until it was put right, and
    /// then another one. `None`: there were too many.
    async fn belonging(
        &self,
        rule: &'static Rule,
        plan: &Plan,
        live: &Value,
        writes: bool,
        word: Word,
    ) -> Result<Option<Belongs>, Failure> {
        let resource = &plan.at().resource;
        let belongs = |event: String, first: bool| Belongs {
            rule,
            event,
            resource: resource.clone(),
            first,
        };
        if word == Word::Operator {
            // What an operator asks for is a case of its own.
            let event = format!("fix-{}", self.now.to_rfc3339());
            return Ok(Some(belongs(event, true)));
        }
        if let Some(left) = self.left_by(plan, live, writes).await?
            && let Some(rule) = registry::rule(&left.rule)
        {
            return Ok(Some(Belongs {
                rule,
                event: left.event,
                resource: left.resource,
                first: true,
            }));
        }
        let state = fingerprint(plan, live);
        let day = self.now.format("%Y-%m-%d");
        for nth in 0..MOST {
            let id = format!("drift-{state}-{day}-{nth}");
            let key = keys::case(&case_id(&id, rule.id, resource));
            let items = self.store.get(std::slice::from_ref(&key)).await?;
            let case = items.get(&key).map(Item::read::<Case>).transpose()?;
            let over = case
                .is_some_and(|case| matches!(case.outcome, Outcome::Fixed | Outcome::AlreadySafe));
            if !over {
                return Ok(Some(belongs(id, nth == 0)));
            }
        }
        Ok(None)
    }
}
