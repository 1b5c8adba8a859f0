//! All rules, in one place. Everything else is derived from here: what is
//! watched, EventBridge's patterns, permissions, the replay, the docs.

use crate::rule::{Function, Rule};
use crate::{buckets, roles, trails};

/// Every rule, by system.
pub static RULES: &[&Rule] = &[
    &trails::LOGGING_STOPPED,
    &trails::DELETED,
    &trails::WEAKENED,
    &trails::SELECTORS_WEAKENED,
    &trails::INSIGHTS_WEAKENED,
    &trails::KEY_DISABLED,
    &trails::KEY_DELETION,
    &trails::KEY_LOCKOUT,
    &buckets::POLICY_OPENED,
    &buckets::POLICY_DELETED,
    &buckets::BLOCK_WEAKENED,
    &buckets::BLOCK_DELETED,
    &buckets::ACCOUNT_WEAKENED,
    &buckets::ACCOUNT_DELETED,
    &buckets::ACL_OPENED,
    &buckets::OWNERSHIP_WEAKENED,
    &buckets::OWNERSHIP_DELETED,
    &buckets::VERSIONING_SUSPENDED,
    &buckets::LIFECYCLE_SHORTENED,
    &buckets::DELETED,
    &roles::CREATED_OPEN,
    &roles::TRUST_OPENED,
    &roles::ROLE_ADMIN,
    &roles::USER_ADMIN,
    &roles::GROUP_ADMIN,
    &roles::GUARD_CHANGED,
    &roles::GUARD_DELETED,
    &roles::GUARD_UNEXPLAINED,
];

/// The rule of that id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

/// The rules that watch a call.
pub fn watching<'a>(source: &'a str, name: &'a str) -> impl Iterator<Item = &'static Rule> + 'a {
    RULES.iter().copied().filter(move |rule| {
        rule.watches
            .iter()
            .any(|watch| watch.source == source && watch.names.contains(&name))
    })
}

/// The rules whose plans a function carries.
pub fn of(function: Function) -> impl Iterator<Item = &'static Rule> {
    RULES
        .iter()
        .copied()
        .filter(move |rule| rule.function == function)
}
