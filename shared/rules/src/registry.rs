//! All rules, in one place. Everything else is derived from here: what is
//! watched, EventBridge's patterns, permissions, the replay, the docs.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::rule::{Function, Revert, Rule};
use crate::{buckets, guard, logs, organization, roles, trails};

/// The rules of a system, where this build carries it: a function is built for
/// its own system, so that it stays small, and everything else for all.
macro_rules! systems {
    ($($name:literal => $system:ident,)+) => {
        static SYSTEMS: &[&[&Rule]] = &[
            $(if cfg!(feature = $name) { $system::RULES } else { &[] },)+
            if LIFELINES_ONLY { guard::LIFELINES } else { &[] },
        ];

        /// Whether this build carries every rule.
        pub const COMPLETE: bool = cfg!(all($(feature = $name),+));
    };
}

systems! {
    "trails" => trails,
    "buckets" => buckets,
    "roles" => roles,
    "organization" => organization,
    "logs" => logs,
    "guard" => guard,
}

/// Whether this build carries of the guard's own system what heals it, and no more.
const LIFELINES_ONLY: bool = cfg!(all(feature = "lifelines", not(feature = "guard")));

/// The rule about Auditward's own roles that every function can break.
pub static UNEXPLAINED: &Rule = &roles::GUARD_UNEXPLAINED;

/// Events that look as if they were in scope and are never a violation: their
/// rows in the table of events, the calls, and why.
pub static NEVER: [(u16, &str, &str); 5] = [
    (7, "cloudtrail: StartLogging", "it brings evidence back"),
    (
        85,
        "iam: CreateServiceLinkedRole",
        "AWS fixes whom such a role trusts",
    ),
    (
        158,
        "organizations: EnablePolicyType",
        "it only adds guardrails",
    ),
    (
        162,
        "organizations: CreateOrganizationalUnit",
        "an empty unit changes nothing",
    ),
    (
        165,
        "organizations: EnableAllFeatures",
        "it only adds what can be guarded",
    ),
];

/// By service and call, which rules watch it.
static WATCHING: LazyLock<HashMap<(&str, &str), Vec<&'static Rule>>> = LazyLock::new(|| {
    let mut index: HashMap<_, Vec<&'static Rule>> = HashMap::new();
    for rule in rules() {
        for watch in rule.watches {
            for name in watch.names {
                index.entry((watch.source, *name)).or_default().push(rule);
            }
        }
    }
    index
});

/// Every rule that this build carries, by system.
pub fn rules() -> impl Iterator<Item = &'static Rule> + Clone {
    SYSTEMS.iter().flat_map(|rules| rules.iter().copied())
}

/// The rule of that id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.id == id)
}

/// The rules that watch a call.
pub fn watching<'a>(source: &'a str, name: &'a str) -> impl Iterator<Item = &'static Rule> + 'a {
    let found = WATCHING.get(&(source, name)).map(Vec::as_slice);
    found.unwrap_or_default().iter().copied()
}

/// The rules whose plans a function carries.
pub fn of(function: Function) -> impl Iterator<Item = &'static Rule> {
    rules().filter(move |rule| rule.function == function)
}

/// The rule of a function under which it is told that a facet is not as it must
/// be, where no event says how that came. Of several it is, in this order: one that
/// puts it back; the one with the fewest facets; one whose first facet it is; the
/// first.
pub fn about(function: Function, kind: &str) -> Option<&'static Rule> {
    of(function)
        .filter(|rule| rule.facets.contains(&kind))
        .min_by_key(|rule| {
            let besides = rule.facets.first() != Some(&kind);
            (rule.revert == Revert::None, rule.facets.len(), besides)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drift_is_told_by_what_it_is_about() {
        let told = |function, kind| about(function, kind).map(|rule| rule.id);
        for (function, kind, id) in [
            (
                Function::TrailGuard,
                "trail-selectors",
                "trail.selectors-weakened",
            ),
            (Function::TrailGuard, "trail-config", "trail.weakened"),
            (
                Function::LogGuard,
                "log-group-retention",
                "log-group.retention-shortened",
            ),
            (
                Function::LogGuard,
                "metric-filters",
                "metric-filter.changed",
            ),
            (
                Function::SelfGuard,
                "rule-targets",
                "guard-rule.targets-removed",
            ),
            (Function::SelfGuard, "rule-definition", "guard-rule.deleted"),
            (
                Function::SelfGuard,
                "schedule-definition",
                "guard-schedule.changed",
            ),
        ] {
            assert_eq!(told(function, kind), Some(id));
        }
        assert_ne!(
            told(Function::RoleGuard, "role-trust"),
            Some("guard-role.deleted")
        );
        assert_eq!(told(Function::SelfGuard, "bucket-policy"), None);
    }

    #[test]
    fn whoever_heals_tells_of_a_cut_lifeline_under_the_same_rule() {
        for kind in crate::protected::LIFELINES {
            let rule = about(Function::SelfGuard, kind).unwrap();
            let carried = guard::LIFELINES.iter().any(|one| one.id == rule.id);
            assert!(carried, "{kind}: {}", rule.id);
        }
    }
}
