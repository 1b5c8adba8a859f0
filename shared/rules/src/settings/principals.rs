//! Which principals patterns and names of the settings mean.

use auditward_policy::Tri;

use super::Settings;
use super::is_region;
use crate::arn::{Arn, glob, matches};
use crate::inventory::Inventory;
use crate::rule::Function;

/// Whether a pattern takes in an ARN. Events leave the paths of roles, users and
/// groups out, and a name is taken but once in an account: the same name is the same
/// principal. Where all that a pattern says stands in the path, it cannot be told.
pub fn fits(pattern: &str, arn: &str) -> Tri {
    if glob(pattern, arn) {
        return Tri::Yes;
    }
    let Some((wanted, found)) = Arn::parse(pattern).zip(Arn::parse(arn)) else {
        return Tri::No;
    };
    let plain = found
        .resource
        .split_once('/')
        .filter(|(_, name)| !name.contains('/'));
    let of_sort = |sort| matches!(sort, "role" | "user" | "group");
    if found.service != "iam" || !plain.is_some_and(|(sort, _)| of_sort(sort)) {
        return Tri::No;
    }
    let Some((sort, _)) = wanted.resource.split_once('/') else {
        return Tri::No;
    };
    let name = wanted.name();
    let resource = format!("{sort}/{name}");
    let without_path = Arn {
        resource: &resource,
        ..wanted
    };
    if !glob(&without_path.to_string(), arn) {
        return Tri::No;
    }
    if name.bytes().all(|b| matches!(b, b'*' | b'?')) {
        Tri::CannotTell
    } else {
        Tri::Yes
    }
}

/// The same for what is watched: IAM [tells no names apart by
/// case](https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html), and
/// events have a name as the caller wrote it. Nothing is excused by that.
pub(super) fn watches(pattern: &str, arn: &str) -> Tri {
    if Arn::parse(arn).is_some_and(|arn| arn.service == "iam") {
        fits(&pattern.to_ascii_lowercase(), &arn.to_ascii_lowercase())
    } else {
        fits(pattern, arn)
    }
}

/// Whether a pattern takes in an ARN for sure, so that what happens to it is meant:
/// only a name that is written out, in an account that is, is taken but once.
pub(super) fn excuses(pattern: &str, arn: &str) -> bool {
    let literal = |text: &str| !text.contains(['*', '?']);
    matches(pattern, arn)
        || fits(pattern, arn) == Tri::Yes
            && Arn::parse(pattern).is_some_and(|wanted| {
                let of = Arn::parse(arn).map(|found| found.account);
                literal(wanted.name()) && of == Some(wanted.account)
            })
}

/// What several answers come to, each of which is enough.
pub fn any(answers: impl Iterator<Item = Tri>) -> Tri {
    answers.fold(Tri::No, |all, one| match (all, one) {
        (Tri::Yes, _) | (_, Tri::Yes) => Tri::Yes,
        (Tri::CannotTell, _) | (_, Tri::CannotTell) => Tri::CannotTell,
        _ => Tri::No,
    })
}

impl Settings {
    /// Whether a principal or policy is guarded, or break glass, as far as its ARN
    /// tells. Without settings nothing says what is out of the ordinary.
    pub fn knows_principal(&self, arn: &str, inventory: &Inventory) -> Tri {
        if !self.given {
            return Tri::CannotTell;
        }
        if self.protects(arn, inventory) {
            return Tri::Yes;
        }
        let glass = self.break_glass.iter().map(|known| &known.principal);
        let patterns = self.protected.resources.iter().chain(glass);
        any(patterns.map(|pattern| watches(pattern, arn)))
    }

    /// Whether a principal is a deployer or an operator, as far as its ARN tells:
    /// whoever acts as one has its changes accepted, or undoes Auditward's.
    pub fn is_trusted(&self, arn: &str) -> Tri {
        let trusted = self.deployers.iter().chain(&self.operators);
        any(trusted.map(|known| watches(&known.principal, arn)))
    }

    /// A role's, user's or group's ARN in the spelling of its name that is known:
    /// baselines are kept by that one, however an event has it.
    pub fn spelt(&self, arn: String, inventory: &Inventory) -> String {
        let Some(asked) = Arn::parse(&arn) else {
            return arn;
        };
        fn sort<'a>(arn: &Arn<'a>) -> Option<&'a str> {
            arn.resource.split('/').next()
        }
        let partners = self.partners.iter().filter_map(|one| one.role.as_ref());
        let in_full = self.protected.resources.iter().chain(partners);
        let in_full = in_full.filter_map(|known| Arn::parse(known));
        let in_full = inventory.roles().chain(in_full).filter(|known| {
            known.service == "iam"
                && sort(known) == sort(&asked)
                && glob(known.account, asked.account)
        });
        let names = self.roles.guard.iter().chain(&self.roles.delivery);
        let of_stack = asked.name().to_ascii_lowercase();
        let names = names
            .map(String::as_str)
            .chain(self.member_role())
            .chain(is_of_stack(&of_stack).then_some(of_stack.as_str()))
            .filter(|_| asked.is_role());
        let mut known = in_full.map(|known| known.name()).chain(names);
        let Some(name) = known.find(|name| name.eq_ignore_ascii_case(asked.name())) else {
            return arn;
        };
        let path = asked.resource.strip_suffix(asked.name());
        let resource = format!("{}{name}", path.unwrap_or_default());
        let spelt = Arn {
            resource: &resource,
            ..asked
        };
        spelt.to_string()
    }

    /// Whether the settings approve of a principal that has this name, under some path
    /// or with some unique ID: events have neither.
    pub fn may_approve(&self, principal: &str) -> bool {
        let mut known = self.approved.iter().chain(&self.break_glass);
        known.any(|known| fits(&known.principal, principal) != Tri::No)
    }

    /// Whether a role with the name of one of Auditward's own can be one: the stack
    /// has a few names in one account, the settings say others in full, and discovery
    /// found those of log delivery. Whoever makes a role may choose a name like them.
    pub fn is_stack_role(&self, role_arn: &str, inventory: &Inventory) -> bool {
        let Some(role) = Arn::parse(role_arn).filter(Arn::is_role) else {
            return false;
        };
        let home = self.home.as_ref().map(|home| home.account.as_str());
        let mut said = self.roles.guard.iter().chain(&self.roles.delivery);
        let delivers = || self.roles.delivery.iter().any(|one| glob(one, role.name()));
        said.any(|name| name == role.name())
            || delivers()
            || inventory.uses_role(role_arn)
            || self.is_member_role(role_arn)
            || (home.is_none_or(|home| home == role.account) && is_of_stack(role.name()))
    }

    /// Whether it is the role through which Auditward works in a member account.
    pub fn is_member_role(&self, role_arn: &str) -> bool {
        let home = self.home.as_ref().map(|home| home.account.as_str());
        Arn::parse(role_arn)
            .filter(Arn::is_role)
            .is_some_and(|role| {
                Some(role.account) != home && Some(role.name()) == self.member_role()
            })
    }

    /// The name of the role through which Auditward works in member accounts.
    fn member_role(&self) -> Option<&str> {
        let home = self.home.as_ref();
        let path = home.map_or(MEMBER_ROLE, |home| home.member_role.as_str());
        path.rsplit('/').next()
    }
}

/// How the template calls the role in member accounts, unless it is told otherwise.
const MEMBER_ROLE: &str = "auditward-member";

/// Whether the template makes a role of this name: `auditward-<function>-<region>`.
fn is_of_stack(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("auditward-") else {
        return false;
    };
    let functions = Function::ALL.iter().map(|function| function.name());
    functions
        .chain(["schedules"])
        .filter_map(|part| rest.strip_prefix(part))
        .any(|tail| tail.is_empty() || tail.strip_prefix('-').is_some_and(is_region))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_held_against_patterns_only_where_it_is_known() {
        let role = |rest: &str| format!("arn:aws:iam::111111111111:role/{rest}");
        for (pattern, arn, expected) in [
            ("security/log-reader", "log-reader", Tri::Yes),
            ("security/log-reader", "security/log-reader", Tri::Yes),
            ("security/log-reader", "other/log-reader", Tri::No),
            ("security/log-reader", "log-writer", Tri::No),
            ("security/log-*", "log-reader", Tri::Yes),
            ("security/*", "log-reader", Tri::CannotTell),
            ("security/*", "security/log-reader", Tri::Yes),
            ("security/*", "web/log-reader", Tri::No),
            ("*", "log-reader", Tri::Yes),
        ] {
            assert_eq!(
                fits(&role(pattern), &role(arn)),
                expected,
                "{pattern} {arn}"
            );
        }
        let plain = role("log-reader");
        for (pattern, expected) in [
            (
                "arn:aws:iam::222222222222:role/security/log-reader",
                Tri::No,
            ),
            (
                "arn:aws:iam::111111111111:user/security/log-reader",
                Tri::No,
            ),
            ("arn:aws:iam::*:role/security/log-reader", Tri::Yes),
            ("log-reader", Tri::No),
        ] {
            assert_eq!(fits(pattern, &plain), expected, "{pattern}");
        }
        // Events name policies in full.
        assert_eq!(
            fits(
                "arn:aws:iam::111111111111:policy/team/limits",
                "arn:aws:iam::111111111111:policy/limits"
            ),
            Tri::No
        );
    }

    /// Whoever makes a role chooses its name, and its path or none.
    #[test]
    fn only_a_name_that_is_written_out_excuses_without_its_path() {
        let excused = |pattern: &str, arn: &str| {
            excuses(
                &format!("arn:aws:iam::{pattern}"),
                &format!("arn:aws:iam::{arn}"),
            )
        };
        let (ours, plain) = ("111111111111:role/vendor", "111111111111:role");
        assert!(excused(
            &format!("{ours}/datadog"),
            &format!("{plain}/datadog")
        ));
        assert!(excused(
            &format!("{ours}/datadog-*"),
            &format!("{ours}/datadog-x")
        ));
        assert!(!excused(
            &format!("{ours}/datadog-*"),
            &format!("{plain}/datadog-x")
        ));
        assert!(!excused(
            "*:role/vendor/datadog",
            &format!("{plain}/datadog")
        ));
        assert!(excused("*:role/datadog", &format!("{plain}/datadog")));
    }

    #[test]
    fn a_name_like_the_stacks_is_not_the_stacks() {
        let mut settings = Settings::default();
        let none = Inventory::default();
        let is = |settings: &Settings, account: &str, name: &str| {
            settings.is_stack_role(&format!("arn:aws:iam::{account}:role/{name}"), &none)
        };
        settings.home = Some(super::super::Home {
            account: "111111111111".into(),
            member_role: "security/auditward-hands".into(),
        });
        for (account, name, expected) in [
            ("111111111111", "auditward-trail-guard-eu-west-1", true),
            ("111111111111", "auditward-schedules-us-gov-west-1", true),
            ("111111111111", "auditward-tools", false),
            ("111111111111", "auditward-trail-guard-tools", false),
            ("222222222222", "auditward-trail-guard-eu-west-1", false),
            ("222222222222", "auditward-hands", true),
            ("111111111111", "auditward-hands", false),
            ("222222222222", "auditward-member", false),
        ] {
            assert_eq!(is(&settings, account, name), expected, "{account} {name}");
        }
        settings.roles.guard.push("auditward-tools".into());
        assert!(is(&settings, "111111111111", "auditward-tools"));
        let unknown = Settings::default();
        assert!(is(&unknown, "222222222222", "auditward-member"));
    }
}
