//! Services that act for strangers: the confused deputy.

use crate::analysis::{Engine, Openness};
use crate::caller::{Account, Caller, Org, Source, Who};
use crate::classes::subsets;
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
        for stmt in self.policy.statements.iter().filter(|stmt| stmt.allow) {
            self.watch(stmt, &mut seen);
            if seen.sure == Deputy::Open {
                return Deputy::Open;
            }
            if self.budget().is_spent() {
                return Deputy::CannotTell;
            }
        }
        seen.answer()
    }

    /// As [`Engine::deputy`], through one Allow alone.
    pub(crate) fn deputy_of(&self, stmt: &'t Stmt<'t>) -> Deputy {
        let mut seen = Seen::default();
        self.watch(stmt, &mut seen);
        if self.budget().is_spent() {
            return Deputy::CannotTell;
        }
        seen.answer()
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
        let mut weigh = |caller: &Caller<'t>, level: Deputy| {
            if rank(level) <= rank(seen.sure) {
                return;
            }
            let named = if stmt.has_principal {
                Val::ALWAYS
            } else {
                self.named(stmt, caller)
            };
            let openness = self.judge(stmt, named, caller);
            if openness != Openness::Closed && rank(level) > rank(seen.perhaps) {
                seen.perhaps = level;
            }
            if openness == Openness::Open {
                seen.sure = level;
            }
        };
        // Not every service sends source keys.
        weigh(&caller, Deputy::Open);
        let bits = self.policy.source_bits;
        if bits == 0 {
            return;
        }
        let mentions = self.classes.mentions();
        let own_org = self.world.zone.org_id.as_deref();
        let mut try_source = |account: Account<'t>, org: Org<'t>, level: Deputy| {
            for choice in subsets(bits) {
                caller.source = Source {
                    bits: choice,
                    account,
                    org,
                };
                weigh(&caller, level);
            }
        };
        try_source(Account::Strange, Org::Strange, Deputy::Open);
        for org in &mentions.orgs {
            try_source(Account::Strange, Org::Known(org), Deputy::Foreign);
        }
        for account in &mentions.accounts {
            try_source(Account::Known(account), Org::Strange, Deputy::Foreign);
            for org in &mentions.orgs {
                try_source(Account::Known(account), Org::Known(org), Deputy::Foreign);
            }
        }
        let own = mentions.own_accounts.iter().copied();
        for account in own.chain(self.world.zone.owner()) {
            let org = own_org.map_or(Org::None, Org::Known);
            try_source(Account::Known(account), org, Deputy::Closed);
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
