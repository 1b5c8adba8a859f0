//! Guarded roles that are deleted or changed without a rule of their own, and
//! root access that is centralized.

use auditward_policy::Tri;

use super::guard::is_guard;
use super::{IAM, Sort, named, principal, unnamed};
use crate::rule::{Call, Draft, Function, Judged, Rule, Scope, Severity, Watch};

/// What the rules of roles have in common.
const COMMON: Rule = Rule {
    severity: Severity::Low,
    controls: &["CIS AWS Foundations 3.0: 4.4"],
    function: Function::RoleGuard,
    ..Rule::TELLS
};

/// Row 83 of `events/TABLE.md`.
pub static ROLE_DELETED: Rule = Rule {
    id: "role.deleted",
    title: "Guarded role deleted",
    severity: Severity::High,
    why: "a way in for emergencies that is gone is missed when it is too late; made again, it is another role to policies that name it",
    controls: &["CIS AWS Foundations 3.0: 4.4", "ATT&CK T1531"],
    rows: &[83],
    watches: &[Watch {
        source: IAM,
        names: &["DeleteRole"],
    }],
    judge: |call| guarded(call, |_, name| Some(format!("role {name} was deleted"))),
    ..COMMON
};

/// Row 84 of `events/TABLE.md`.
pub static ROLE_UPDATED: Rule = Rule {
    id: "role.sessions-lengthened",
    title: "Sessions of a guarded role lengthened",
    why: "whoever steals a session has it for longer",
    rows: &[84],
    watches: &[Watch {
        source: IAM,
        names: &["UpdateRole"],
    }],
    judge: |call| {
        guarded(call, |call, name| {
            let seconds = call.request()?.get("maxSessionDuration")?.number()?;
            // An hour is what IAM gives by itself.
            (seconds > 3600)
                .then(|| format!("sessions of role {name} may last {seconds} seconds now"))
        })
    },
    ..COMMON
};

/// Rows 121 and 122 of `events/TABLE.md`.
pub static ROLE_TAGGED: Rule = Rule {
    id: "role.tags-changed",
    title: "Tags of a guarded role changed",
    why: "where tags decide who may do what, a tag is a permission",
    rows: &[121, 122],
    watches: &[Watch {
        source: IAM,
        names: &["TagRole", "UntagRole"],
    }],
    judge: |call| {
        guarded(call, |call, name| {
            let lost = call.record.plain_name() == "UntagRole";
            let what = if lost { "lost tags" } else { "got other tags" };
            Some(format!("role {name} {what}"))
        })
    },
    ..COMMON
};

/// Rows 123 to 125 of `events/TABLE.md`.
pub static ROOT_CENTRALIZED: Rule = Rule {
    id: "root.access-changed",
    title: "Central root access switched",
    why: "whoever may use central root access is root in every member account",
    controls: &["ATT&CK T1078.004", "ATT&CK T1098"],
    rows: &[123, 124, 125],
    watches: &[Watch {
        source: IAM,
        names: &[
            "EnableOrganizationsRootSessions",
            "EnableOrganizationsRootCredentialsManagement",
            "DisableOrganizationsRootCredentialsManagement",
        ],
    }],
    judge: |call| {
        let (partition, account) = (call.partition(), call.account());
        let root = call.global(format!("arn:{partition}:iam::{account}:root"));
        let root = match call.guarded(Some(root)) {
            Ok(root) => root,
            Err(judged) => return judged,
        };
        let what = match call.record.plain_name() {
            "EnableOrganizationsRootSessions" => {
                "central sessions as root of member accounts were switched on"
            }
            "EnableOrganizationsRootCredentialsManagement" => {
                "central management of root's credentials was switched on"
            }
            _ => "central management of root's credentials was switched off",
        };
        Draft::new(root.resource, what).into()
    },
    ..COMMON
};

/// CloudTrail's roles in every account of an organization: for its trails, and
/// for what enriches events.
/// [Using service-linked roles for CloudTrail](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/using-service-linked-roles.html).
const SERVICE_ROLES: &[&str] = &[
    "AWSServiceRoleForCloudTrail",
    "AWSServiceRoleForCloudTrailEventContext",
];

/// No row of the table: it has but the role's creation. AWS deletes the role
/// later, and refuses to while an organization's trail needs it; enabling trusted
/// access makes it again.
pub static SERVICE_ROLE_DELETED: Rule = Rule {
    id: "service-role.deleted",
    title: "CloudTrail's service-linked role deleted",
    severity: Severity::High,
    why: "through its service-linked role CloudTrail knows the organization: without it no trail is the organization's",
    controls: &["CIS AWS Foundations 3.0: 3.1", "ATT&CK T1562.008"],
    watches: &[Watch {
        source: IAM,
        names: &["DeleteServiceLinkedRole"],
    }],
    scope: Scope::Any,
    deployers_accepted: false,
    judge: |call| {
        let Some(role) = principal(call, Sort::Role) else {
            return unnamed(call, Sort::Role);
        };
        let is = |name: &&str| role.name().eq_ignore_ascii_case(name);
        if !SERVICE_ROLES.iter().any(is) {
            return Judged::Clean;
        }
        let what = format!(
            "the deletion of {} was asked for; where it went through, trusted access that is switched on again makes \
             it anew",
            role.name()
        );
        Draft::new(role.resource, what).into()
    },
    ..COMMON
};

/// Judges a call on a role that the settings name, and that none of the rules
/// of Auditward's own roles is about.
fn guarded(call: &Call<'_>, what: impl FnOnce(&Call<'_>, &str) -> Option<String>) -> Judged {
    let Some(role) = principal(call, Sort::Role) else {
        return unnamed(call, Sort::Role);
    };
    let known = named(call, &role);
    if is_guard(call, &role) || known == Tri::No || !call.settings.given {
        return Judged::Clean;
    }
    match (what(call, role.name()), known) {
        (None, _) => Judged::Clean,
        (Some(summary), Tri::Yes) => Draft::new(role.resource, summary).into(),
        // Should it be a guarded one, nobody else tells that it is gone.
        (Some(summary), _) => {
            let summary = format!("{summary}; it is guarded if its path is a guarded one");
            let draft = Draft::new(role.resource, summary).from_deployers();
            Judged::CannotTell(draft.severity(Severity::Low))
        }
    }
}
