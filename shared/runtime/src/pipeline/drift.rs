//! Drift: a live state that is not what must hold, found without an event. It
//! goes the way of an event from here: a finding, a case, an alert.

use std::collections::HashMap;

use chrono::Duration;
use serde_json::{Value, json};

use auditward_rules::facet::{Change, Decision, Scene};
use auditward_rules::judge::{Finding, Judgement, Verdict};
use auditward_rules::plan::Plan;
use auditward_rules::record::Record;
use auditward_rules::registry;
use auditward_rules::rule::{Revert, Rule, Severity};
use auditward_rules::settings::{Held, Mode};

use super::belongs::{Belongs, Cause};
use super::learn::Baseline;
use super::own::surely;
use super::unfinished::{Begun, Unfinished, goes_on};
use super::{Ahead, Answer, Pipeline};
use crate::case::{Case, case_id};
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

/// What is remembered of that which is looked at, read before any of it is.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    /// Baselines, and what events left.
    pub items: HashMap<String, Item>,
    /// What earlier looks began.
    pub unfinished: Unfinished,
    /// Whether the store answers.
    pub stored: bool,
}

/// What a look at one facet found.
#[derive(Debug)]
pub(super) enum Checked {
    /// It is as it must be, or nothing says otherwise.
    Safe,
    /// It is not.
    Drift,
    /// Nothing was recorded yet: words for a report.
    Unrecorded(String),
}

/// A facet that is not as it must be; or one that is again, in a case that goes on.
struct Found {
    live: Value,
    verdict: Verdict,
    why: String,
    /// Whether it can be put right, and whether that only brings evidence back.
    change: Option<bool>,
    safe: bool,
}

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
        recorded: &Recorded,
        word: Word,
        answer: &mut Answer,
    ) -> Result<Checked, Failure> {
        let (at, key) = (plan.at(), keys::baseline(plan.kind(), plan.at()));
        let live = self.read(plan).await?;
        let item = recorded.items.get(&key);
        let baseline = Baseline::kept(item)?;
        let good = baseline.as_ref().filter(|baseline| !baseline.outdated);
        let zone = known.settings.zone(&at.account, &known.inventory);
        let scene = Scene {
            now: self.now,
            recorded: good.map(|baseline| baseline.at),
            settings: &known.settings,
            inventory: &known.inventory,
            zone: &zone,
            at,
        };
        let decision = plan
            .decide(&live, good.map(|baseline| &baseline.state), scene)
            .map_err(|error| Failure::other(plan.kind(), error.to_string()))?;
        let (verdict, why, change) = match decision {
            Decision::Safe => {
                self.is_safe(plan, &live, known, recorded, answer).await;
                if recorded.stored {
                    self.learn(plan, live, item, answer).await;
                }
                return Ok(Checked::Safe);
            }
            // What only lacks a record is recorded as it is seen for the first time.
            Decision::ByHand(_) | Decision::CannotTell(_)
                if recorded.stored
                    && baseline.is_none()
                    && matches!(plan.decide(&live, Some(&live), scene), Ok(Decision::Safe)) =>
            {
                self.learn(plan, live, item, answer).await;
                return Ok(Checked::Safe);
            }
            Decision::Change(Change {
                why, evidence_on, ..
            }) => (Verdict::Violation, why, Some(evidence_on)),
            Decision::ByHand(why) => (Verdict::Violation, why, None),
            Decision::CannotTell(why) => (Verdict::CannotTell, why, None),
        };
        let evidence = plan.evidence().map(|part| {
            let good = good.map(|baseline| &baseline.state);
            part.decide(&live, good, scene)
        });
        let is_evidence = |decision| {
            matches!(
                decision,
                Ok(Decision::Change(Change {
                    evidence_on: true,
                    ..
                }))
            )
        };
        let evidence_on = change == Some(true) || evidence.is_some_and(is_evidence);
        let by_word = word == Word::Operator;
        if !recorded.stored && !evidence_on {
            // Without what was recorded nobody knows whether that is drift.
            return Ok(Checked::Drift);
        }
        // What is only ever told needs no record to be told against.
        let only_told = || {
            self.rule_about(plan)
                .is_some_and(|rule| rule.revert == Revert::None)
        };
        if baseline.is_none() && !evidence_on && !by_word && !only_told() {
            return Ok(Checked::Unrecorded(why));
        }
        let confirmed = by_word || good.is_some_and(|baseline| baseline.confirmed);
        let held = (!confirmed).then_some(Held::Unconfirmed);
        let found = Found {
            live,
            verdict,
            why,
            change,
            safe: false,
        };
        if let Err(failure) = self
            .drifted(plan, found, known, recorded, held, word, answer)
            .await
        {
            answer.again(failure.to_string());
        }
        Ok(Checked::Drift)
    }

    /// What is safe again ends what was begun with it; people are told, where they
    /// were not.
    async fn is_safe(
        &self,
        plan: &Plan,
        live: &Value,
        known: &Known,
        recorded: &Recorded,
        answer: &mut Answer,
    ) {
        if !recorded.stored {
            return;
        }
        if recorded.unfinished.begun(plan).is_some() {
            let found = Found {
                live: live.clone(),
                verdict: Verdict::Violation,
                why: String::new(),
                change: None,
                safe: true,
            };
            let told = self.drifted(plan, found, known, recorded, None, Word::Nobody, answer);
            if let Err(failure) = told.await {
                answer.again(failure.to_string());
            }
        } else if recorded.unfinished.has(plan) {
            self.end(plan).await;
        }
        self.forget_left(plan, recorded).await;
    }

    /// Drift goes the way of an event from here.
    #[expect(clippy::too_many_arguments, reason = "what one look knows")]
    async fn drifted(
        &self,
        plan: &Plan,
        found: Found,
        known: &Known,
        recorded: &Recorded,
        held: Option<Held>,
        word: Word,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let Found {
            live,
            verdict,
            why,
            change,
            safe,
        } = found;
        let begun = self.begun(plan, recorded).await?;
        if safe && begun.is_none() {
            // The case that was begun is told already.
            self.end(plan).await;
            return Ok(());
        }
        let cause = match word {
            Word::Operator => self.rule_about(plan).map(Cause::nobody),
            Word::Nobody => self.cause(plan, &live, recorded).await?,
        };
        let Some(cause) = cause else {
            return Ok(());
        };
        let (at, settings) = (plan.at(), &known.settings);
        let resource = cause.resource(plan);
        let id = cause.rule.id;
        let excepted = settings.excepted(id, resource, &cause.actor, self.now);
        if let Some(exception) = excepted.filter(|_| word == Word::Nobody) {
            answer.notes.push(format!(
                "{id}: accepted until {}: {}",
                exception.until.0, exception.reason
            ));
            return Ok(());
        }
        let mut mode = settings.mode_of(id, &at.account, resource);
        if word == Word::Operator {
            mode = Mode::Enforce;
        } else if cause.left.is_none() && change == Some(false) {
            mode = mode.min(self.most_careful(plan, known));
        }
        if mode == Mode::Off {
            return Ok(());
        }
        let holds = settings.held(
            id,
            &at.account,
            resource,
            &cause.actor,
            &known.inventory,
            self.now,
        );
        // An operator's word reaches further than `enforce` does by itself.
        let holds = holds.filter(|held| {
            word == Word::Nobody || matches!(held, Held::KillSwitch { .. } | Held::Pause { .. })
        });
        let mut held = holds.or(held);
        // What people asked for holds as long as it is remembered.
        let by_people = |held: &Held| {
            matches!(
                held,
                Held::KillSwitch { .. } | Held::Pause { .. } | Held::BreakGlass { .. }
            )
        };
        if known.fallback.is_some() && !held.as_ref().is_some_and(by_people) {
            held = known.held();
            if !known.remembered && surely(plan, &known.settings) {
                mode = Mode::Enforce;
            }
        }
        let writes = mode == Mode::Enforce
            && change.is_some_and(|evidence_on| match &held {
                None => true,
                Some(Held::NoSettings | Held::Unconfirmed) => evidence_on,
                Some(_) => false,
            });
        let mut belongs = match begun {
            Some(begun) => begun,
            None if !recorded.stored => self.unstored(&cause, plan, &live),
            None => self.belonging(&cause, plan, &live, writes, word).await?,
        };
        let unknown = word == Word::Nobody && cause.left.is_none() && !belongs.known;
        if writes && change == Some(false) && unknown {
            let settle = Duration::seconds(settings.fuses.settle().into());
            let seen = recorded.unfinished.since(plan);
            if settle > Duration::zero() && seen.is_none_or(|since| self.now < since + settle) {
                answer.notes.push(format!(
                    "{id}: an event may tell yet who changed {}; it has {} seconds to",
                    at.resource,
                    settle.num_seconds()
                ));
                // If it cannot be noted that this waits, it does not wait.
                if seen.is_some() || self.begin(plan, None, answer).await {
                    return Ok(());
                }
            }
        }
        // That it is written about is news, whatever was told before.
        belongs.told &= !writes;
        let rule = belongs.rule;
        let mut severity = settings.severity.get(rule.id).copied();
        if matches!(held, Some(Held::BreakGlass { .. })) {
            severity = Some(Severity::Critical);
        }
        let finding = Finding {
            rule,
            severity: severity.unwrap_or(rule.severity),
            resource: belongs.resource.clone(),
            summary: format!("{} is {}: {why}", at.name(), plan.tell(&live)),
            mode,
            plan: vec![plan.clone()],
            verdict,
            held: held.filter(|_| mode == Mode::Enforce),
            // A second look that finds it safe makes it no finding.
            certain: false,
            settles: cause.left.as_ref().is_some_and(|(left, _)| left.settles),
        };
        self.go_on_with(plan, live, &finding, belongs, known, recorded, answer)
            .await;
        Ok(())
    }

    /// Works on the case that a drift belongs to, with a note for later looks until
    /// it is ended.
    #[expect(clippy::too_many_arguments, reason = "what one look knows")]
    async fn go_on_with(
        &self,
        plan: &Plan,
        live: Value,
        finding: &Finding,
        belongs: Belongs,
        known: &Known,
        recorded: &Recorded,
        answer: &mut Answer,
    ) {
        let text = json!({
            "eventSource": DRIFT,
            "eventName": "Drift",
            "eventID": belongs.event,
            "eventTime": self.now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
            "awsRegion": plan.at().region,
            "recipientAccountId": plan.at().account,
        })
        .to_string();
        let Ok(record) = Record::read(&text) else {
            return;
        };
        let begun = Begun {
            event: belongs.event,
            rule: belongs.rule.id.to_owned(),
            resource: belongs.resource,
        };
        if recorded.stored && !belongs.told {
            self.begin(plan, Some(&begun), answer).await;
        }
        answer.metrics.count("Drifts");
        answer.verdict = answer.verdict.max(Some(finding.verdict));
        let mut ahead = Ahead {
            payload: "",
            known: known.clone(),
            items: HashMap::new(),
            asked: Vec::new(),
            // What was put right a moment ago may have been read before that.
            live: belongs.first.then(|| (plan.clone(), Ok(live))),
            judgement: Judgement::default(),
            stored: recorded.stored,
        };
        let turn = belongs.turn;
        Box::pin(self.finding(&record, finding, &mut ahead, turn, &mut None, answer)).await;
        if !recorded.stored || belongs.told && !recorded.unfinished.has(plan) {
            return;
        }
        let case = keys::case(&case_id(&begun.event, &begun.rule, &begun.resource));
        match self.document::<Case>(&case).await {
            Ok(Some(case)) if goes_on(&case) => {}
            // A later look goes on with what cannot be asked for now.
            Err(_) => {}
            Ok(_) => self.end(plan).await,
        }
    }

    /// The most careful mode of the rules by which a facet may have become what it
    /// is, where none is known to have.
    fn most_careful(&self, plan: &Plan, known: &Known) -> Mode {
        let at = plan.at();
        let function = self.rule_about(plan).map(|rule| rule.function);
        let about = registry::rules().filter(|rule| {
            Some(rule.function) == function
                && rule.revert != Revert::None
                && rule.facets.first() == Some(&plan.kind())
        });
        let modes = about.map(|rule| known.settings.mode_of(rule.id, &at.account, &at.resource));
        // That one of them is switched off is no reason not to tell of another.
        modes.min().unwrap_or(Mode::Enforce).max(Mode::Alert)
    }
}
