//! Accounts, organizations and unique ids against a pattern.

use crate::caller::{Account, Caller, STRANGE_ORG, Who, is_strange};
use crate::glob::{has_wildcard, is_star, literal_prefix, matches, meets, meets_strange_account};
use crate::principal::IdentityKind;
use crate::val::Val;

pub(super) fn strange_account(pattern: &str, wild: bool) -> Val {
    if wild {
        meets_strange_account(pattern)
    } else {
        Val::of(is_strange(pattern) && pattern.len() == 12)
    }
}

pub(super) fn strange_org(pattern: &str, wild: bool) -> Val {
    if !wild {
        return Val::of(pattern == STRANGE_ORG);
    }
    if is_star(pattern) || (pattern.starts_with("o-") && pattern.get(2..).is_some_and(is_star)) {
        return Val::ALWAYS;
    }
    let fixed = literal_prefix(pattern);
    if fixed.starts_with(STRANGE_ORG) || fixed.starts_with("o-") || "o-".starts_with(fixed) {
        Val::SOMETIMES
    } else {
        Val::NEVER
    }
}

/// Paths look like `o-…/r-…/ou-…/`. Identifiers of roots and units repeat in
/// other organizations, so only the first segment tells who it is.
pub(super) fn org_path(org: &str, pattern: &str, wild: bool, fold: bool) -> Val {
    let (first, rest) = match pattern.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (pattern, None),
    };
    let begins = if org == STRANGE_ORG {
        let first_wild = wild && has_wildcard(first);
        strange_org(first, first_wild)
    } else if wild {
        matches(first, org, fold)
    } else {
        Val::of(first == org || (fold && first.eq_ignore_ascii_case(org)))
    };
    match rest {
        Some(rest) if wild && is_star(rest) => {
            if is_star(first) {
                Val::ALWAYS
            } else {
                begins
            }
        }
        Some(_) if wild && has_wildcard(first) => {
            // The wildcard may reach beyond the first slash.
            if begins.can_hold() || first.ends_with('*') {
                Val::SOMETIMES
            } else {
                Val::NEVER
            }
        }
        Some(_) => begins.capped(),
        None if wild && first.ends_with('*') => {
            if is_star(first) {
                return Val::ALWAYS;
            }
            let fixed = literal_prefix(first);
            if org == STRANGE_ORG {
                return strange_org(first, true);
            }
            if fixed.len() + 1 == first.len() && org.starts_with(fixed) {
                Val::ALWAYS
            } else if org.starts_with(fixed) || fixed.starts_with(org) {
                Val::SOMETIMES
            } else {
                Val::NEVER
            }
        }
        None => Val::NEVER,
    }
}

/// `AIDA…` of users, `AROA…:session` of roles, the account number of a root
/// user, `account:name` of federated users.
pub(super) fn user_id(pattern: &str, wild: bool, caller: &Caller<'_>) -> Val {
    let fixed = if wild {
        literal_prefix(pattern)
    } else {
        pattern
    };
    let by_account = |pattern: &str| match caller.account {
        Account::Known(account) if wild => matches(pattern, account, false),
        Account::Known(account) => Val::of(pattern == account),
        Account::Strange => strange_account(pattern, wild),
        Account::Hidden => Val::SOMETIMES,
    };
    let by_unique_id = |start: &str| {
        let id = fixed.split(':').next().unwrap_or_default();
        let whole = !wild || fixed.contains(':') || id.len() >= start.len() + 10;
        if id.starts_with(start) && id.len() > start.len() && whole {
            // Whose it is cannot be seen.
            return Val::UNKNOWN;
        }
        if !wild {
            return Val::NEVER;
        }
        meets(pattern, start.as_bytes(), true)
    };
    match caller.who {
        Who::Role
        | Who::Session { .. }
        | Who::Named {
            kind: IdentityKind::Role,
            ..
        } => {
            if !wild && !pattern.contains(':') {
                return Val::NEVER;
            }
            by_unique_id("AROA")
        }
        Who::User
        | Who::Named {
            kind: IdentityKind::User,
            ..
        } => {
            if pattern.contains(':') {
                return Val::NEVER;
            }
            by_unique_id("AIDA")
        }
        Who::Root => by_account(pattern),
        Who::FederatedUser | Who::NamedFederatedUser { .. } => match pattern.split_once(':') {
            Some((account, _)) => by_account(account).capped(),
            None if !wild => Val::NEVER,
            None => match caller.account.text() {
                Some(account) => meets(pattern, format!("{account}:").as_bytes(), true),
                None => Val::SOMETIMES,
            },
        },
        _ => Val::SOMETIMES,
    }
}
