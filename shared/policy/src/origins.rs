//! For whom the services may act through which a caller comes.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::Zone;
use crate::caller::{Account, Caller, Org, Source};
use crate::classes::Classes;
use crate::key::{SOURCE_ACCOUNTS, SOURCE_ORGS};
use crate::policy::Stmt;
use crate::principal::{arn_account, is_account};

/// Judges one class, and says whether it might get in if it acted for another
/// source.
type Verdict<'j, 't> = &'j mut dyn FnMut(Caller<'t>) -> ControlFlow<(), bool>;

/// Who judges, and for which sources services may act.
pub(crate) struct Judge<'j, 't> {
    pub(crate) of: Verdict<'j, 't>,
    pub(crate) sources: &'j Sources<'t>,
}

/// The source keys that a statement and the Deny statements ask for, and the
/// outside names that they compare them with.
#[derive(Debug, Default)]
pub(crate) struct Sources<'t> {
    pub(crate) bits: u8,
    accounts: BTreeSet<&'t str>,
    orgs: BTreeSet<&'t str>,
}

impl<'t> Sources<'t> {
    /// What one statement, beside the Deny statements, tells apart.
    pub(crate) fn of(classes: &Classes<'t>, stmt: &Stmt<'t>) -> Sources<'t> {
        let mut sources = Sources::default();
        if classes.policy.asks.source_bits != 0 {
            let denies = classes.policy.statements.iter().filter(|one| !one.allow);
            for one in denies.chain(std::iter::once(stmt)) {
                sources.note(classes, one);
            }
        }
        sources
    }

    fn note(&mut self, classes: &Classes<'t>, stmt: &Stmt<'t>) {
        let (policy, zone) = (classes.policy, classes.zone);
        for condition in policy.conditions_of(stmt) {
            let bit = condition.key.source_bit();
            let asks = |text: &str| policy.variables && text.contains("${");
            if condition.texts().any(asks) {
                // One key compared with another: any name may matter.
                self.bits = policy.asks.source_bits;
                self.accounts.extend(&classes.mentions().accounts);
                self.orgs.extend(&classes.mentions().orgs);
            }
            self.bits |= bit;
            for text in condition.texts() {
                if bit & SOURCE_ORGS != 0 {
                    self.orgs.extend(outside_org(text, zone));
                } else if bit != 0 {
                    each_account(text, &mut |account| {
                        if !zone.trusts_account(account) {
                            self.accounts.insert(account);
                        }
                    });
                }
            }
        }
    }

    /// Every source outside the zone that the names cannot tell apart.
    pub(crate) fn outside(&self) -> impl Iterator<Item = Source<'t>> {
        let accounts = self.accounts.iter().map(|one| Account::Known(one));
        let accounts = std::iter::once(Account::Strange).chain(accounts);
        accounts.flat_map(move |account| {
            let tells = move |bits: &u8| account == Account::Strange || bits & SOURCE_ACCOUNTS != 0;
            subsets(self.bits).filter(tells).flat_map(move |bits| {
                let known = self.orgs.iter().map(|one| Org::Known(one));
                let known = known.filter(move |_| bits & SOURCE_ORGS != 0);
                let orgs = std::iter::once(Org::Strange).chain(known);
                orgs.map(move |org| Source { bits, account, org })
            })
        })
    }

    /// The outside accounts that are named.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &'t str> {
        self.accounts.iter().copied()
    }
}

/// The organization that a value spells out, unless it is ours.
pub(crate) fn outside_org<'t>(text: &'t str, zone: &Zone) -> Option<&'t str> {
    let org = text.split('/').next().unwrap_or(text);
    let id = org.strip_prefix("o-").or_else(|| org.strip_prefix("O-"))?;
    let spelt = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric());
    let own = zone.org_id.as_deref();
    let own = own.is_some_and(|own| own.eq_ignore_ascii_case(org));
    (spelt && !own).then_some(org)
}

/// The account numbers that a value spells out.
pub(crate) fn each_account<'t>(text: &'t str, note: &mut dyn FnMut(&'t str)) {
    if is_account(text) {
        note(text);
    } else if let Some(own) = arn_account(text).filter(|own| is_account(own)) {
        note(own);
    } else {
        // `123456789012:name`, `123456789012*`, and ARNs that are cut short.
        let parts = text.split([':', '*', '?']);
        parts.filter(|part| is_account(part)).for_each(note);
    }
}

/// Every choice of some of these bits, but not of none.
pub(crate) fn subsets(bits: u8) -> impl Iterator<Item = u8> {
    (1..=bits).filter(move |choice| choice & !bits == 0)
}
