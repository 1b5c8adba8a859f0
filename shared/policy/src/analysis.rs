//! Who gets in: every Allow against every class of outsiders, net of Deny.

use std::cell::Cell;

use crate::caller::{Caller, Who, World};
use crate::classes::Classes;
use crate::cover::{Budget, Entry, enters, left_open};
use crate::document;
use crate::explain;
use crate::json::Tape;
use crate::policy::{Condition, Policy, Stmt};
use crate::principal::{Form, Principal};
use crate::val::{Level, Val};
use crate::verdict::{Admission, AdmissionKind, Analysis, Deputy, Foreign, Verdict};
use crate::{Document, Kind, ParseError, Zone};

/// Steps after which what is left of a document counts as too large to tell;
/// real ones need some thousands. They take a tenth of a second.
pub(crate) const STEPS: u64 = 6_000_000;

/// Says who is let in by a document, through which statements, and why.
#[must_use]
pub fn analyze(doc: &Document, kind: Kind, zone: &Zone) -> Analysis {
    match Tape::parse(doc.as_json()) {
        Ok(tape) => full(&tape, kind, zone),
        Err(error) => Analysis {
            foreign: Foreign::CannotTell(format!("the document is broken: {}", error.expected)),
            deputy: Deputy::CannotTell,
            admissions: Vec::new(),
            notes: Vec::new(),
            is_refused: true,
        },
    }
}

/// As [`analyze`], straight from the text and without building a document.
///
/// # Errors
///
/// When the text is not a policy document.
pub fn analyze_text(text: &str, kind: Kind, zone: &Zone) -> Result<Analysis, ParseError> {
    let tape = document::read(text)?;
    Ok(full(&tape, kind, zone))
}

/// Only the verdict, straight from the text: no sentences and no witnesses.
///
/// # Errors
///
/// When the text is not a policy document.
pub fn verdict_text(text: &str, kind: Kind, zone: &Zone) -> Result<Verdict, ParseError> {
    let tape = document::read(text)?;
    let policy = Policy::of(&tape);
    let engine = Engine::new(&policy, kind, zone, tape.garbled);
    let findings = engine.findings();
    let deputy = engine.deputy();
    Ok(Verdict {
        foreign: engine.foreign(&findings, deputy),
        deputy,
        statements: findings.iter().map(|finding| finding.index).collect(),
    })
}

fn full(tape: &Tape<'_>, kind: Kind, zone: &Zone) -> Analysis {
    let policy = Policy::of(tape);
    let engine = Engine::new(&policy, kind, zone, tape.garbled);
    let findings = engine.findings();
    let deputy = engine.deputy();
    let foreign = engine.foreign(&findings, deputy);
    engine.budget.fill(STEPS);
    let left = (1..=findings.len()).rev();
    let admissions: Vec<Admission> = left
        .zip(&findings)
        .map(|(left, finding)| {
            engine.budget.begin(left);
            explain::admission(&engine, finding)
        })
        .collect();
    let notes = explain::notes(&engine, deputy);
    Analysis {
        foreign,
        deputy,
        admissions,
        notes,
        is_refused: tape.garbled || engine.issue().is_some(),
    }
}

/// Whether surely no outsider is let in. Takes what it costs from `steps`;
/// where they do not suffice, the answer is no.
pub(crate) fn lets_nobody_in(doc: &Document, kind: Kind, zone: &Zone, steps: &Cell<u64>) -> bool {
    let Ok(tape) = Tape::parse(doc.as_json()) else {
        return false;
    };
    let policy = Policy::of(&tape);
    let engine = Engine::within(&policy, kind, zone, tape.garbled, steps.get());
    let closed = engine.findings().is_empty();
    steps.set(engine.budget.rest());
    closed
}

/// Whether a class of callers gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Openness {
    Closed,
    /// In one reading of what is undocumented, but not in another.
    Unsure,
    Open,
}

/// One principal through which outsiders come.
#[derive(Debug, Clone)]
pub(crate) struct Grant<'t> {
    /// Nothing for `NotPrincipal`.
    pub(crate) principal: Option<Principal<'t>>,
    pub(crate) openness: Openness,
    pub(crate) kind: AdmissionKind,
    pub(crate) caller: Caller<'t>,
}

/// One Allow statement that lets outsiders in.
#[derive(Debug, Clone)]
pub(crate) struct Finding<'t> {
    pub(crate) index: usize,
    /// Position in `Policy::statements`; the same as `index`.
    pub(crate) grants: Vec<Grant<'t>>,
    /// It was not judged to its end.
    pub(crate) is_too_large: bool,
}

impl<'t> Finding<'t> {
    pub(crate) fn openness(&self) -> Openness {
        self.grants
            .iter()
            .map(|grant| grant.openness)
            .max()
            .unwrap_or(Openness::Closed)
    }

    /// The grant that says most.
    pub(crate) fn worst(&self) -> Option<&Grant<'t>> {
        self.grants
            .iter()
            .min_by_key(|grant| (grant.openness != Openness::Open, grant.kind))
    }
}

pub(crate) struct Engine<'t> {
    pub(crate) policy: &'t Policy<'t>,
    pub(crate) world: World<'t>,
    pub(crate) classes: Classes<'t>,
    denies: Vec<&'t Stmt<'t>>,
    budget: Budget,
    /// Strings hold characters that this crate uses as marks.
    garbled: bool,
}

impl<'t> Engine<'t> {
    pub(crate) fn new(
        policy: &'t Policy<'t>,
        kind: Kind,
        zone: &'t Zone,
        garbled: bool,
    ) -> Engine<'t> {
        Engine::within(policy, kind, zone, garbled, STEPS)
    }

    /// As [`Engine::new`], with no more than so many steps.
    pub(crate) fn within(
        policy: &'t Policy<'t>,
        kind: Kind,
        zone: &'t Zone,
        garbled: bool,
        steps: u64,
    ) -> Engine<'t> {
        Engine {
            policy,
            world: World {
                kind,
                zone,
                variables: policy.variables,
            },
            classes: Classes::new(policy, kind, zone),
            denies: policy
                .statements
                .iter()
                .filter(|stmt| !stmt.allow)
                .collect(),
            budget: Budget::new(steps),
            garbled,
        }
    }

    /// The Allow statements that let outsiders in, in order.
    pub(crate) fn findings(&self) -> Vec<Finding<'t>> {
        let mut findings = Vec::new();
        for (left, stmt) in self.allows() {
            self.budget.begin(left);
            let grants = self.grants(stmt);
            if !grants.is_empty() {
                findings.push(Finding {
                    index: stmt.index,
                    grants,
                    is_too_large: self.budget.is_spent(),
                });
            }
        }
        findings
    }

    /// Each Allow, and how many there are from it on.
    pub(crate) fn allows(&self) -> impl Iterator<Item = (usize, &'t Stmt<'t>)> {
        let count = self.policy.statements.len() - self.denies.len();
        let allows = self.policy.statements.iter().filter(|stmt| stmt.allow);
        (1..=count).rev().zip(allows)
    }

    pub(crate) fn foreign(&self, findings: &[Finding<'t>], deputy: Deputy) -> Foreign {
        if findings
            .iter()
            .any(|finding| finding.openness() == Openness::Open)
        {
            return Foreign::Yes;
        }
        if let Some(finding) = findings.first() {
            return Foreign::CannotTell(explain::doubt(self, finding));
        }
        if let Some((index, why)) = self.issue() {
            return Foreign::CannotTell(format!(
                "AWS would refuse {}: {why}",
                explain::place(index)
            ));
        }
        if self.garbled {
            return Foreign::CannotTell("it holds control characters".to_owned());
        }
        if deputy == Deputy::CannotTell {
            return Foreign::CannotTell(
                "it cannot be told for whom a service acts here".to_owned(),
            );
        }
        Foreign::No
    }

    /// Whether a caller may get in through an Allow if it acts for the right
    /// source.
    pub(crate) fn may_enter(&self, stmt: &Stmt<'t>, named: Val, caller: &Caller<'t>) -> bool {
        let depends = |condition: &Condition<'t>| {
            condition.key.source_bit() != 0
                || condition.repeated
                || (self.world.variables && condition.texts().any(|text| text.contains("${")))
        };
        let mut others = self.policy.conditions_of(stmt).iter();
        named.can_hold()
            && others.all(|one| {
                self.budget.spend(one.weight);
                depends(one) || self.world.condition(one, caller).can_hold()
            })
    }

    /// Whether the principals of a statement name a caller.
    pub(crate) fn named(&self, stmt: &Stmt<'t>, caller: &Caller<'t>) -> Val {
        let principals = self.policy.principals_of(stmt);
        self.budget.spend(principals.len());
        let zone = self.world.zone;
        let named = principals.iter().fold(Val::NEVER, |any, principal| {
            any.or(caller.named_by(principal, zone))
        });
        if stmt.has_principal {
            return named;
        }
        if !stmt.not_principal || principals.iter().any(|one| one.form == Form::Everyone) {
            return Val::UNKNOWN;
        }
        named.not()
    }

    /// Whether a caller of this class gets in through an Allow.
    pub(crate) fn judge(&self, stmt: &Stmt<'t>, named: Val, caller: &Caller<'t>) -> Openness {
        let conditions = self.policy.conditions_of(stmt);
        self.budget.spend(1);
        let mut allow = if self.garbled {
            Val::UNKNOWN
        } else {
            named.and(self.world.conditions(conditions, caller, &self.budget))
        };
        if self.is_doubtful(stmt) {
            allow = allow.and(Val::UNKNOWN);
        }
        if !allow.can_hold() {
            return Openness::Closed;
        }
        let entry = self.entry(caller);
        if !enters(self.world.kind, self.world.variables, stmt, entry) {
            return Openness::Closed;
        }
        let mut sure: Vec<&Stmt<'t>> = Vec::new();
        let mut likely: Vec<&Stmt<'t>> = Vec::new();
        for deny in &self.denies {
            let fires = self.fires(deny, caller);
            if fires.hi == Level::Always {
                likely.push(deny);
                if fires.lo == Level::Always {
                    sure.push(deny);
                }
            }
        }
        let open = |denies: &[&Stmt<'t>]| {
            denies.is_empty()
                || left_open(
                    self.world.kind,
                    self.world.variables,
                    stmt,
                    entry,
                    denies,
                    &self.budget,
                )
                .is_some()
        };
        if !open(&sure) {
            return Openness::Closed;
        }
        if allow.surely_can_hold() && (likely.len() == sure.len() || open(&likely)) {
            Openness::Open
        } else {
            Openness::Unsure
        }
    }

    /// Whether AWS would refuse the statement. Trust policies take no
    /// `NotPrincipal`.
    fn is_doubtful(&self, stmt: &Stmt<'t>) -> bool {
        stmt.doubt || (stmt.not_principal && self.world.kind == Kind::Trust)
    }

    /// The first statement that AWS would refuse, and why.
    pub(crate) fn issue(&self) -> Option<(usize, &'static str)> {
        self.policy.issue.or_else(|| {
            let refused = self
                .policy
                .statements
                .iter()
                .find(|one| self.is_doubtful(one))?;
            Some((refused.index, "a trust policy takes no `NotPrincipal`"))
        })
    }

    /// Whether a Deny hits all requests of a class.
    pub(crate) fn fires(&self, deny: &Stmt<'t>, caller: &Caller<'t>) -> Val {
        let named = self.named(deny, caller);
        if named.hi != Level::Always {
            return named;
        }
        let conditions = self.policy.conditions_of(deny);
        let conditions = self.world.conditions(conditions, caller, &self.budget);
        let mut fires = named.and(conditions);
        if self.is_doubtful(deny) || self.garbled {
            fires = fires.and(Val::UNKNOWN);
        }
        fires
    }

    pub(crate) fn entry(&self, caller: &Caller<'t>) -> Entry {
        if self.world.kind != Kind::Trust {
            return Entry::Any;
        }
        match caller.who {
            Who::ForeignToken { saml: true } => Entry::Only("sts:assumerolewithsaml"),
            Who::Token { .. } | Who::ForeignToken { saml: false } => {
                Entry::Only("sts:assumerolewithwebidentity")
            }
            _ => Entry::Only("sts:assumerole"),
        }
    }

    /// The denies that may play a part, for explanations.
    pub(crate) fn denies(&self) -> &[&'t Stmt<'t>] {
        &self.denies
    }

    pub(crate) fn condition(&self, condition: &Condition<'t>, caller: &Caller<'t>) -> Val {
        self.world.condition(condition, caller)
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }
}
