//! Services that act for strangers: the confused deputy.

use crate::analysis::{Engine, Openness};
use crate::caller::{Account, Caller, Org, Source, Who};
use crate::classes::subsets;
use crate::policy::Stmt;
use crate::principal::Form;
use crate::val::Val;
use crate::verdict::Deputy;

impl<'t> Engine<'t> {
    /// Whether services act for strangers.
    pub(crate) fn deputy(&self) -> Deputy {
        let (mut sure, mut perhaps) = (Deputy::None, Deputy::None);
        for stmt in &self.policy.statements {
            if !stmt.allow {
                continue;
            }
            let principals = self.policy.principals_of(stmt);
            if stmt.has_principal {
                for principal in principals {
                    let name = match principal.form {
                        Form::Service if principal.text == "*" => None,
                        Form::Service => Some(principal.text),
                        Form::Everyone => None,
                        _ => continue,
                    };
                    self.drive(stmt, Who::Service(name), &mut sure, &mut perhaps);
                    if sure == Deputy::Open {
                        return sure;
                    }
                }
            } else if stmt.not_principal {
                self.drive(stmt, Who::Service(None), &mut sure, &mut perhaps);
            }
            if sure == Deputy::Open {
                return sure;
            }
            if self.budget().is_spent() {
                return Deputy::CannotTell;
            }
        }
        if rank(perhaps) == rank(sure) || rank(perhaps) <= rank(Deputy::Closed) {
            perhaps
        } else {
            Deputy::CannotTell
        }
    }

    /// For whom a service may act through one statement.
    fn drive(&self, stmt: &'t Stmt<'t>, who: Who<'t>, sure: &mut Deputy, perhaps: &mut Deputy) {
        let mut caller = Caller::new(who, Account::Strange, Org::None);
        let mut weigh = |caller: &Caller<'t>, level: Deputy| {
            if rank(level) <= rank(*sure) {
                return;
            }
            let named = if stmt.has_principal {
                Val::ALWAYS
            } else {
                self.named(stmt, caller)
            };
            let openness = self.judge(stmt, named, caller);
            if openness != Openness::Closed && rank(level) > rank(*perhaps) {
                *perhaps = level;
            }
            if openness == Openness::Open {
                *sure = level;
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
