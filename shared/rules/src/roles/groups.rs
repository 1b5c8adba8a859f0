//! Who comes into a privileged group, and who gets out of a guarded one.

use auditward_policy::Tri;

use super::guard::is_guard;
use super::power::maybe_approved;
use super::{IAM, Sort, named, principal, unnamed};
use crate::facet::{At, Step};
use crate::facets::principal::{Member, Membership, MembershipWish};
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 107 of `events/TABLE.md`.
pub static MEMBER_ADDED: Rule = Rule {
    id: "group.member-added",
    title: "User added to a privileged group",
    severity: Severity::High,
    why: "a member has all the power of the group",
    controls: &["CIS AWS Foundations 3.0: 1.16", "ATT&CK T1098.007"],
    rows: &[107],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["AddUserToGroup"],
    }],
    scope: Scope::Any,
    revert: Revert::Event,
    facets: &["group-membership"],
    proof: Proof::Moto,
    judge: added,
    ..Rule::TELLS
};

/// Row 108 of `events/TABLE.md`.
pub static MEMBER_REMOVED: Rule = Rule {
    id: "group.member-removed",
    title: "User removed from a guarded group",
    severity: Severity::Medium,
    why: "what a group denies it denies to its members only",
    controls: &["ATT&CK T1098.007"],
    rows: &[108],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["RemoveUserFromGroup"],
    }],
    scope: Scope::Any,
    judge: removed,
    ..Rule::TELLS
};

/// Row 109 of `events/TABLE.md`.
pub static PROFILE_GIVEN: Rule = Rule {
    id: "role.profile-added",
    title: "Privileged role given to instances",
    severity: Severity::Medium,
    why: "whoever gets into an instance has the role of its profile",
    controls: &["ATT&CK T1098.003"],
    rows: &[109],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["AddRoleToInstanceProfile"],
    }],
    scope: Scope::Any,
    judge: |call| {
        let Some(role) = principal(call, Sort::Role) else {
            return unnamed(call, Sort::Role);
        };
        let known = named(call, &role);
        let which = if is_guard(call, &role) {
            Some("on which Auditward or log delivery depends")
        } else if call.settings.is_approved(&role.resource, None) {
            Some("which may change trails by `[[approved]]` or `[[break_glass]]`")
        } else if known == Tri::Yes {
            Some("which `[protected]` or `[[break_glass]]` names")
        } else if call.settings.is_trusted(&role.resource) == Tri::Yes {
            // Whoever has its session is taken for the deployer or operator. Of a path
            // that no event tells, all roles could have it.
            Some("which `[[deployers]]` or `[[operators]]` names")
        } else {
            None
        };
        let privileged = which.is_some();
        let maybe = known == Tri::CannotTell && call.settings.given;
        if !privileged && !maybe && !maybe_approved(call, &role) {
            return Judged::Clean;
        }
        let profile = call.shown("instanceProfileName").unwrap_or("?".into());
        let which = which.unwrap_or(
            "which is privileged if its path is one that `[protected]`, `[[approved]]` or `[[break_glass]]` names",
        );
        let summary = format!(
            "role {}, {which}, came into the instance profile {profile}",
            role.name()
        );
        let draft = Draft::new(role.resource, summary).from_deployers();
        if privileged {
            draft.into()
        } else {
            Judged::CannotTell(draft.severity(Severity::Low))
        }
    },
    ..Rule::TELLS
};

/// The group, and the user's name in words.
fn membership(call: &Call<'_>) -> Option<(At, String)> {
    let user = call.shown("userName").map(|name| name.into_owned());
    Some((
        principal(call, Sort::Group)?,
        user.unwrap_or_else(|| "?".into()),
    ))
}

fn added(call: &Call<'_>) -> Judged {
    let Some((group, user)) = membership(call) else {
        return unnamed(call, Sort::Group);
    };
    let member = super::at(call, Sort::User, &user);
    if call.settings.approval(&member.resource, None) == Tri::Yes {
        return Judged::Clean;
    }
    let maybe = maybe_approved(call, &member);
    let privileged = named(call, &group) == Tri::Yes;
    let what = if privileged {
        "which is guarded"
    } else {
        "whose power the record does not show"
    };
    let summary = format!("user {user} came into the group {}, {what}", group.name());
    let mut draft = Draft::new(&group.resource, summary).from_deployers();
    if user != "?" {
        let wish = MembershipWish {
            privileged,
            at: call.time(),
        };
        let step = Step::<Membership>::new(group.item(user), wish);
        draft = draft.step(step.wrote(Some(Member {
            user: member.resource,
            id: None,
            created: None,
            power: None.into(),
        })));
    }
    match (privileged, maybe) {
        (true, false) => draft.into(),
        (true, true) => Judged::CannotTell(draft),
        (false, _) => Judged::CannotTell(draft.severity(Severity::Medium)),
    }
}

fn removed(call: &Call<'_>) -> Judged {
    let Some((group, user)) = membership(call) else {
        return unnamed(call, Sort::Group);
    };
    let summary = format!("user {user} got out of the group {}", group.name());
    match named(call, &group) {
        Tri::No => Judged::Clean,
        Tri::Yes => Draft::new(group.resource, summary).into(),
        Tri::CannotTell => {
            let summary =
                format!("{summary}; whether it denies anything, the record does not show");
            let draft = Draft::new(group.resource, summary).from_deployers();
            Judged::CannotTell(draft.severity(Severity::Low))
        }
    }
}
