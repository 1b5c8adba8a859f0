//! Through which principals of one Allow outsiders come.

use std::ops::ControlFlow;

use crate::Kind;
use crate::analysis::{Engine, Grant, Openness};
use crate::caller::{Account, Caller, Org, Source, Who};
use crate::federation::Provider;
use crate::origins::{Judge, Sources};
use crate::policy::Stmt;
use crate::principal::{Form, Principal};
use crate::val::Val;
use crate::verdict::AdmissionKind;

impl<'t> Engine<'t> {
    /// The principals through which outsiders come, each with its worst class.
    pub(crate) fn grants(&self, stmt: &'t Stmt<'t>) -> Vec<Grant<'t>> {
        let mut grants = Vec::new();
        let principals = self.policy.principals_of(stmt);
        let sources = &Sources::of(&self.classes, stmt);
        if stmt.has_principal {
            for principal in principals {
                let named = Some(*principal);
                let of = &mut |caller| self.weigh(stmt, named, caller, sources, &mut grants);
                // Where it stopped does not matter: the worst is recorded.
                let _ = self.classes.of(principal, &mut Judge { of, sources });
            }
        } else {
            let of = &mut |caller| self.weigh(stmt, None, caller, sources, &mut grants);
            let _ = self.classes.everyone(&mut Judge { of, sources });
        }
        grants
    }

    /// Judges one class and keeps the worst result of its principal. Of a class
    /// that gets in through nothing says whether another source may change that.
    fn weigh(
        &self,
        stmt: &'t Stmt<'t>,
        principal: Option<Principal<'t>>,
        caller: Caller<'t>,
        sources: &Sources<'t>,
        grants: &mut Vec<Grant<'t>>,
    ) -> ControlFlow<(), bool> {
        if self.is_registered(stmt, &caller) || self.delivers_access_logs(stmt, principal) {
            return ControlFlow::Continue(false);
        }
        let (mut named, mut openness) = (Val::ALWAYS, Openness::Unsure);
        // Of what is left of a statement that took too much nothing is known.
        if !self.budget().is_spent() {
            if principal.is_none() {
                named = self.named(stmt, &caller);
            }
            openness = self.judge(stmt, named, &caller);
        }
        let hidden =
            caller.who == Who::Opaque && !principal.is_some_and(|one| one.form == Form::Canonical);
        // Whether `*` meets tokens at all is not documented.
        let token = matches!(caller.who, Who::ForeignToken { .. })
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
        let is_spent = self.budget().is_spent();
        if is_spent {
            openness = Openness::Unsure;
        }
        if openness == Openness::Closed {
            let first = sources.bits != 0 && caller.source.bits == 0;
            let worth = first && self.may_enter(stmt, named, &caller);
            return ControlFlow::Continue(worth);
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
        if openness == Openness::Open || is_spent {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(sources.bits != 0)
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
}
