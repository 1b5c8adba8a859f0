//! Who gets in: every Allow against every class of outsiders, net of Deny.

use std::ops::ControlFlow;

use crate::caller::{Account, Caller, Org, Source, Who, World};
use crate::classes::Classes;
use crate::cover::{Budget, Entry, enters, left_open};
use crate::document;
use crate::explain;
use crate::federation::Provider;
use crate::json::Tape;
use crate::policy::{Condition, Policy, Stmt};
use crate::principal::{Form, Principal};
use crate::val::{Level, Val};
use crate::verdict::{Admission, AdmissionKind, Analysis, Deputy, Foreign, Verdict};
use crate::{Document, Kind, ParseError, Zone};

/// Steps after which a document counts as too large to tell; real ones need
/// some hundreds.
const STEPS: u64 = 1_500_000;

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
    let admissions: Vec<Admission> = findings
        .iter()
        .map(|finding| explain::admission(&engine, finding))
        .collect();
    let notes = explain::notes(&engine, deputy);
    Analysis {
        foreign,
        deputy,
        admissions,
        notes,
    }
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
        Engine {
            policy,
            world: World {
                kind,
                zone,
                variables: policy.variables,
                partition: policy.partition,
            },
            classes: Classes::new(policy, kind, zone),
            denies: policy
                .statements
                .iter()
                .filter(|stmt| !stmt.allow)
                .collect(),
            budget: Budget::new(STEPS),
            garbled,
        }
    }

    /// The Allow statements that let outsiders in, in order.
    pub(crate) fn findings(&self) -> Vec<Finding<'t>> {
        let mut findings = Vec::new();
        for stmt in &self.policy.statements {
            if !stmt.allow {
                continue;
            }
            let grants = self.grants(stmt);
            if !grants.is_empty() {
                findings.push(Finding {
                    index: stmt.index,
                    grants,
                });
            }
            if self.budget.is_spent() {
                break;
            }
        }
        findings
    }

    pub(crate) fn foreign(&self, findings: &[Finding<'t>], deputy: Deputy) -> Foreign {
        if findings
            .iter()
            .any(|finding| finding.openness() == Openness::Open)
        {
            return Foreign::Yes;
        }
        if self.budget.is_spent() {
            return Foreign::CannotTell("the document is too large to be judged".to_owned());
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

    fn grants(&self, stmt: &'t Stmt<'t>) -> Vec<Grant<'t>> {
        let mut grants = Vec::new();
        let principals = self.policy.principals_of(stmt);
        if stmt.has_principal {
            for principal in principals {
                let named = Some(*principal);
                let mut judge = |caller: Caller<'t>| self.weigh(stmt, named, caller, &mut grants);
                // Where it stopped does not matter: the worst is recorded.
                let _ = self.classes.of(principal, &mut judge);
                if self.budget.is_spent() {
                    break;
                }
            }
        } else {
            let mut judge = |caller: Caller<'t>| self.weigh(stmt, None, caller, &mut grants);
            let _ = self.classes.everyone(&mut judge);
        }
        grants
    }

    /// Judges one class and keeps the worst result of its principal.
    fn weigh(
        &self,
        stmt: &'t Stmt<'t>,
        principal: Option<Principal<'t>>,
        caller: Caller<'t>,
        grants: &mut Vec<Grant<'t>>,
    ) -> ControlFlow<()> {
        if self.is_registered(stmt, &caller) || self.delivers_access_logs(stmt, principal) {
            return ControlFlow::Continue(());
        }
        let named = match principal {
            Some(_) => Val::ALWAYS,
            None => self.named(stmt, &caller),
        };
        let mut openness = self.judge(stmt, named, &caller);
        let hidden =
            caller.who == Who::Opaque && !principal.is_some_and(|one| one.form == Form::Canonical);
        // Whether `*` meets tokens at all is not documented.
        let token = caller.who == Who::ForeignToken
            && principal.is_none_or(|one| one.form == Form::Everyone);
        let unknown_provider = principal.is_some_and(|one| {
            one.form == Form::Federated
                && Provider::parse(one.text, self.world.zone) == Provider::Malformed
        });
        // A role of the same name under another path.
        let other_path = principal.is_some_and(|one| {
            matches!(one.form, Form::Identity { .. }) && caller.text != one.text
        });
        if (hidden || token || unknown_provider || other_path) && openness == Openness::Open {
            openness = Openness::Unsure;
        }
        if openness == Openness::Closed {
            return if self.budget.is_spent() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            };
        }
        let grant = Grant {
            principal,
            openness,
            kind: self.kind_of(principal, openness, &caller),
            caller,
        };
        match grants.last_mut() {
            Some(last) if last.principal == principal && last.openness >= openness => {}
            Some(last) if last.principal == principal => *last = grant,
            _ => grants.push(grant),
        }
        if openness == Openness::Open {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn kind_of(
        &self,
        principal: Option<Principal<'t>>,
        openness: Openness,
        caller: &Caller<'t>,
    ) -> AdmissionKind {
        let form = principal.map(|one| one.form);
        if form == Some(Form::UniqueId) {
            return AdmissionKind::DeletedPrincipal;
        }
        if openness == Openness::Unsure {
            return AdmissionKind::CannotTell;
        }
        if let Account::Known(account) = caller.account
            && caller.is_iam()
            && self.world.zone.partner(account).is_some()
        {
            return AdmissionKind::ThirdPartyWithoutExternalId;
        }
        match (form, caller.account, caller.org) {
            _ if caller.is_token() => AdmissionKind::Federated,
            (None | Some(Form::Everyone), _, Org::Known(_)) => AdmissionKind::ForeignOrganization,
            (None | Some(Form::Everyone), Account::Strange, _) => match caller.source {
                Source { bits: 0, .. } => AdmissionKind::Public,
                Source {
                    account: Account::Known(_),
                    ..
                } => AdmissionKind::ForeignAccount,
                Source {
                    org: Org::Known(_), ..
                } => AdmissionKind::ForeignOrganization,
                _ => AdmissionKind::Public,
            },
            _ => AdmissionKind::ForeignAccount,
        }
    }

    /// Whether a registered third party does no more than it may.
    fn is_registered(&self, stmt: &Stmt<'t>, caller: &Caller<'t>) -> bool {
        if self.world.kind == Kind::Trust || !caller.is_iam() {
            return false;
        }
        let Account::Known(account) = caller.account else {
            return false;
        };
        let Some(partner) = self.world.zone.partner(account) else {
            return false;
        };
        let read_only = |action: &str| {
            let name = action.split_once(':').map_or("", |(_, name)| name);
            let begins = |start: &str| {
                name.get(..start.len())
                    .is_some_and(|head| head.eq_ignore_ascii_case(start))
            };
            begins("Get") || begins("List")
        };
        !stmt.not_action
            && !stmt.not_resource
            && stmt.action.is_some()
            && stmt.actions().all(read_only)
            && stmt.resource.is_some()
            && !(self.world.variables && stmt.resources().any(|one| one.contains("${")))
            && stmt.resources().all(|one| {
                partner
                    .resources
                    .iter()
                    .any(|registered| crate::glob::covers(registered, one, false))
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
        self.budget.spend(1 + conditions.len());
        let mut allow = if self.garbled {
            Val::UNKNOWN
        } else {
            named.and(self.world.conditions(conditions, caller))
        };
        if self.is_doubtful(stmt) {
            allow = allow.and(Val::UNKNOWN);
        }
        if !allow.can_hold() {
            return Openness::Closed;
        }
        let entry = self.entry(caller);
        if !enters(self.world.kind, stmt, entry) {
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
            self.budget.spend(denies.len());
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
        self.budget.spend(1 + conditions.len());
        let mut fires = named.and(self.world.conditions(conditions, caller));
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
            Who::Token { .. } => Entry::Only("sts:assumerolewithwebidentity"),
            Who::ForeignToken if caller.text.contains(":saml-provider/") => {
                Entry::Only("sts:assumerolewithsaml")
            }
            Who::ForeignToken => Entry::Only("sts:assumerolewithwebidentity"),
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
