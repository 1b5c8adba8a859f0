//! Services that act for strangers: the confused deputy.

use crate::analysis::{Engine, Openness, STEPS};
use crate::caller::{Account, Caller, Org, Source, Who};
use crate::key::SOURCE_ORGS;
use crate::origins::{Sources, subsets};
use crate::policy::Stmt;
use crate::principal::Form;
use crate::val::Val;
use crate::verdict::Deputy;

/// The widest that services surely do, and perhaps.
struct Seen {
    sure: Deputy,
    perhaps: Deputy,
}

impl Default for Seen {
    fn default() -> Seen {
        Seen {
            sure: Deputy::None,
            perhaps: Deputy::None,
        }
    }
}

impl Seen {
    fn answer(&self) -> Deputy {
        let Seen { sure, perhaps } = *self;
        if rank(perhaps) == rank(sure) || rank(perhaps) <= rank(Deputy::Closed) {
            perhaps
        } else {
            Deputy::CannotTell
        }
    }
}

impl<'t> Engine<'t> {
    /// Whether services act for strangers.
    pub(crate) fn deputy(&self) -> Deputy {
        let mut seen = Seen::default();
        self.budget().fill(STEPS);
        for (left, stmt) in self.allows() {
            self.budget().begin(left);
            self.watch(stmt, &mut seen);
            if seen.sure == Deputy::Open {
                break;
            }
        }
        seen.answer()
    }

    /// As [`Engine::deputy`], through each Allow alone, by its position.
    pub(crate) fn deputies(&self) -> Vec<(usize, Deputy)> {
        self.allows()
            .map(|(left, stmt)| {
                let mut seen = Seen::default();
                self.budget().begin(left);
                self.watch(stmt, &mut seen);
                (stmt.index, seen.answer())
            })
            .collect()
    }

    fn watch(&self, stmt: &'t Stmt<'t>, seen: &mut Seen) {
        if !stmt.has_principal {
            if stmt.not_principal {
                self.drive(stmt, Who::Service(None), seen);
            }
            return;
        }
        for principal in self.policy.principals_of(stmt) {
            let name = match principal.form {
                Form::Service if principal.text == "*" => None,
                Form::Service => Some(principal.text),
                Form::Everyone => None,
                _ => continue,
            };
            self.drive(stmt, Who::Service(name), seen);
            if seen.sure == Deputy::Open {
                return;
            }
        }
    }

    /// For whom a service may act through one statement.
    fn drive(&self, stmt: &'t Stmt<'t>, who: Who<'t>, seen: &mut Seen) {
        let mut caller = Caller::new(who, Account::Strange, Org::None);
        let named = if stmt.has_principal {
            Val::ALWAYS
        } else {
            self.named(stmt, &caller)
        };
        // Not every service sends source keys.
        self.note(stmt, named, &caller, Deputy::Open, seen);
        let sources = Sources::of(&self.classes, stmt);
        if sources.bits == 0 || !self.may_enter(stmt, named, &caller) {
            return;
        }
        let mentions = self.classes.mentions();
        let own_org = self.world.zone.org_id.as_deref();
        let org = own_org.map_or(Org::None, Org::Known);
        let outside = sources
            .outside()
            .map(|source| match (source.account, source.org) {
                (Account::Strange, Org::Strange) => (source, Deputy::Open),
                _ => (source, Deputy::Foreign),
            });
        let own = mentions.own_accounts.iter().copied();
        let own = own.chain(self.world.zone.owner());
        // Whoever is in our organization is ours, listed or not.
        let members = sources.accounts().filter(|_| own_org.is_some());
        let trusted = own
            .map(|account| (account, u8::MAX))
            .chain(members.map(|account| (account, SOURCE_ORGS)))
            .flat_map(|(account, needs)| {
                let account = Account::Known(account);
                let bits = subsets(sources.bits).filter(move |bits| bits & needs != 0);
                bits.map(move |bits| (Source { bits, account, org }, Deputy::Closed))
            });
        for (source, level) in outside.chain(trusted) {
            caller.source = source;
            self.note(stmt, named, &caller, level, seen);
            if self.budget().is_spent() {
                seen.perhaps = Deputy::Open;
                return;
            }
        }
    }

    /// Judges one service, for a source of one sort.
    fn note(
        &self,
        stmt: &'t Stmt<'t>,
        named: Val,
        caller: &Caller<'t>,
        level: Deputy,
        seen: &mut Seen,
    ) {
        self.budget().spend(1);
        if rank(level) <= rank(seen.sure) {
            return;
        }
        let openness = self.judge(stmt, named, caller);
        if openness != Openness::Closed && rank(level) > rank(seen.perhaps) {
            seen.perhaps = level;
        }
        // With nothing left to spend, what was judged last is not sure.
        if openness == Openness::Open && !self.budget().is_spent() {
            seen.sure = level;
        }
    }
}

fn rank(deputy: Deputy) -> u8 {
    match deputy {
        Deputy::None => 0,
        Deputy::Closed => 1,
        Deputy::Foreign => 2,
        Deputy::Open => 3,
        Deputy::CannotTell => 4,
    }
}
