//! Roles that Auditward and log delivery depend on.

use auditward_policy::{Document, Foreign, Kind, Statement, Tri, analyze, principal_allowed};

use super::{HIDDEN, IAM, Sort, principal, unnamed};
use crate::actor::Actor;
use crate::arn::{Arn, glob};
use crate::facet::{At, PolicyState, Step};
use crate::facets::kept::AsRecorded;
use crate::facets::principal::{Attachments, AttachmentsWish};
use crate::facets::role::{
    RECOVERY, RoleBoundary, RoleConfiguration, RoleInlinePolicies, RoleSettings, RoleTags,
    RoleTrust, TrustWish,
};
use crate::plan::Plan;
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 274 of `events/TABLE.md`.
pub static GUARD_CHANGED: Rule = Rule {
    id: "guard-role.changed",
    title: "Role of the guard changed",
    severity: Severity::Critical,
    why: "a guard whose role is changed, also by a stronger boundary or a Deny, can no longer put anything back",
    controls: &[
        "CIS AWS Foundations 3.0: 4.4",
        "ATT&CK T1562.001",
        "ATT&CK T1098.003",
    ],
    rows: &[274],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &[
            "UpdateAssumeRolePolicy",
            "PutRolePolicy",
            "DeleteRolePolicy",
            "AttachRolePolicy",
            "DetachRolePolicy",
            "PutRolePermissionsBoundary",
            "DeleteRolePermissionsBoundary",
            "TagRole",
            "UntagRole",
            "UpdateRole",
        ],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &[
        "role-trust",
        "role-inline-policies",
        "attachments",
        "role-boundary",
        "role-tags",
        "role-settings",
    ],
    proof: Proof::Moto,
    judge: changed,
};

/// Row 275 of `events/TABLE.md`. What is deleted is gone: nobody but the deployer can make
/// the role as it was, so that a person is told how.
pub static GUARD_DELETED: Rule = Rule {
    id: "guard-role.deleted",
    title: "Role of the guard deleted",
    severity: Severity::Critical,
    why: "a guard without its role is locked out: nothing that it guards is put back any more",
    controls: &[
        "CIS AWS Foundations 3.0: 4.4",
        "ATT&CK T1562.001",
        "ATT&CK T1531",
    ],
    rows: &[275],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["DeleteRole"],
    }],
    scope: Scope::Protected,
    revert: Revert::None,
    deployers_accepted: false,
    facets: &["role-trust"],
    proof: Proof::Moto,
    judge: |call| {
        let Some(role) = principal(call, Sort::Role) else {
            return unnamed(call, Sort::Role);
        };
        if !is_guard(call, &role) {
            return Judged::Clean;
        }
        let summary = format!(
            "role {} was deleted, and what depends on it is locked out: {RECOVERY}",
            role.name()
        );
        let step =
            Step::<RoleTrust>::new(role.clone(), TrustWish::Baseline).wrote(PolicyState::Absent);
        Draft::new(role.resource, summary).step(step).into()
    },
};

/// One of Auditward's own roles made a watched call that stands in no case's
/// ledger. It watches nothing by itself: the pipeline, which has the ledger,
/// raises it.
pub static GUARD_UNEXPLAINED: Rule = Rule {
    id: "guard-role.unexplained",
    title: "Role of the guard used by somebody else",
    severity: Severity::Critical,
    why: "a change under the guard's own name that it does not know of was made by somebody who holds its credentials",
    controls: &["ATT&CK T1078.004"],
    rows: &[],
    function: Function::RoleGuard,
    watches: &[],
    scope: Scope::Protected,
    revert: Revert::None,
    deployers_accepted: false,
    facets: &[],
    proof: Proof::None,
    judge: |_| Judged::Clean,
};

/// Whether Auditward or log delivery depends on a role: all that happens to it
/// is judged here, and no other rule may plan for it as well.
pub(super) fn is_guard(call: &Call<'_>, role: &At) -> bool {
    call.settings.is_guard_role(&role.resource, call.inventory)
}

/// Whether what a role is given is judged here alone. A role that merely has such a
/// name is given nothing that its rules could put back.
pub(super) fn is_the_stacks(call: &Call<'_>, role: &At) -> bool {
    let (settings, inventory) = (call.settings, call.inventory);
    is_guard(call, role) && settings.is_stack_role(&role.resource, inventory)
}

fn changed(call: &Call<'_>) -> Judged {
    let Some(role) = principal(call, Sort::Role) else {
        return unnamed(call, Sort::Role);
    };
    if !is_guard(call, &role) {
        return Judged::Clean;
    }
    let name = role.name();
    let policy = call.shown("policyName").unwrap_or("?".into());
    let arn = call.shown("policyArn").unwrap_or("?".into());
    let event = call.record.plain_name();
    let what = match event {
        "UpdateAssumeRolePolicy" => format!("role {name} got another trust policy"),
        "PutRolePolicy" => format!("role {name} got the inline policy {policy}"),
        "DeleteRolePolicy" => format!("role {name} lost its inline policy {policy}"),
        "AttachRolePolicy" => format!("role {name} got the policy {arn}"),
        "DetachRolePolicy" => format!("role {name} lost the policy {arn}"),
        "PutRolePermissionsBoundary" => format!("role {name} got another permissions boundary"),
        "DeleteRolePermissionsBoundary" => format!("role {name} lost its permissions boundary"),
        "TagRole" => format!("role {name} got other tags"),
        "UntagRole" => format!("role {name} lost tags"),
        _ => format!("role {name} got another description or session length"),
    };
    // Outsiders are accepted from nobody, not even from a deployer. The rule of opened
    // trust policies puts the recorded one back, which must stay recorded for that.
    let by_deployer = call.settings.is_deployer(Actor::of(call.record));
    if by_deployer && event == "UpdateAssumeRolePolicy" && lets_in(call, &role) == Foreign::Yes {
        return Judged::Clean;
    }
    let summary = format!("{what}; Auditward or log delivery depends on it");
    let mut draft = Draft::new(&role.resource, summary);
    draft.by_stack = is_upgrade(call, event, &role);
    draft.step(touched(call, event, role, by_deployer)).into()
}

/// Whether Auditward's own stack set changes its role in a member account. Whoever
/// may act as the stack set's role there, or makes one of such a name, is accepted
/// nothing that keeps Auditward out or takes its hands away.
fn is_upgrade(call: &Call<'_>, event: &str, role: &At) -> bool {
    let actor = Actor::of(call.record);
    let by_stack_set = actor.invoked_by == "cloudformation.amazonaws.com"
        && Arn::parse(&actor.issuer).is_some_and(|issuer| {
            issuer.service == "iam"
                && issuer.account == role.account
                && issuer.resource.starts_with("role/stacksets-exec-")
        });
    by_stack_set
        && call.settings.is_member_role(&role.resource)
        && match event {
            "UpdateRole" => true,
            "PutRolePolicy" => gives_hands(call, role),
            "UpdateAssumeRolePolicy" => {
                lets_in(call, role) == Foreign::No && lets_home_in(call, role)
            }
            _ => false,
        }
}

/// What the role in a member account cannot do without, and on what the template gives
/// it that (behind the service, in its own account).
pub(super) const NEEDED: &[(&str, &str)] = &[
    (
        "cloudtrail:PutEventSelectors",
        "cloudtrail:*:{account}:trail/*",
    ),
    ("cloudtrail:StartLogging", "cloudtrail:*:{account}:trail/*"),
    ("cloudtrail:UpdateTrail", "cloudtrail:*:{account}:trail/*"),
    ("kms:CancelKeyDeletion", "kms:*:{account}:key/*"),
    ("kms:PutKeyPolicy", "kms:*:{account}:key/*"),
    ("s3:PutBucketAcl", "s3:::*"),
    ("s3:PutBucketPolicy", "s3:::*"),
    ("s3:PutBucketPublicAccessBlock", "s3:::*"),
    ("iam:DetachRolePolicy", "iam::{account}:role/*"),
    ("iam:PutRolePolicy", "iam::{account}:role/*"),
    ("iam:UpdateAssumeRolePolicy", "iam::{account}:role/*"),
    ("logs:PutSubscriptionFilter", "logs:*:{account}:*"),
];

/// Whether a call writes the one policy that the template gives the role in a member
/// account: with what that cannot do without, on all that it is there for, and nothing
/// that denies.
fn gives_hands(call: &Call<'_>, role: &At) -> bool {
    let wrote = written(call);
    let document = wrote.as_ref().and_then(PolicyState::document);
    let all = document.map(Document::statements).unwrap_or_default();
    let partition = Arn::parse(&role.resource).map_or("aws", |arn| arn.partition);
    let allows = |(action, on): &(&str, &str)| {
        let on = format!("arn:{partition}:{}", on.replace("{account}", &role.account));
        // `on` has a `*` in the place of all names. Only a `*` of the policy takes all of
        // them in; a `?`, which matches that one character as well, does not.
        let whole = |one: &String| !one.contains('?') && glob(one, &on);
        all.iter().any(|statement| {
            statement.element("Condition").is_none()
                && statement.texts("Action").iter().any(|one| one == action)
                && statement.texts("Resource").iter().any(whole)
        })
    };
    call.shown("policyName").is_some_and(|name| name == "hands")
        && all.iter().all(Statement::is_allow)
        && NEEDED.iter().all(allows)
}

/// Whether the trust policy that a call wrote still lets Auditward's functions in.
fn lets_home_in(call: &Call<'_>, role: &At) -> bool {
    let Some(home) = &call.settings.home else {
        return false;
    };
    let partition = Arn::parse(&role.resource).map_or("aws", |arn| arn.partition);
    let functions = format!(
        "arn:{partition}:iam::{}:role/auditward-trail-guard-us-east-1",
        home.account
    );
    let wrote = written(call);
    let document = wrote.as_ref().and_then(PolicyState::document);
    document.is_some_and(|document| {
        let assume = "sts:AssumeRole";
        principal_allowed(document, Kind::Trust, &functions, assume, &role.resource) == Tri::Yes
    })
}

/// The policy that a call wrote.
fn written(call: &Call<'_>) -> Option<PolicyState> {
    let text = call.shown("policyDocument")?;
    Some(PolicyState::read(&text))
}

/// Whether the trust policy that a call wrote lets outsiders in.
fn lets_in(call: &Call<'_>, role: &At) -> Foreign {
    let wrote = written(call);
    let document = wrote.as_ref().and_then(PolicyState::document);
    let unread = || Foreign::CannotTell("the record does not show it".into());
    document.map_or_else(unread, |document| {
        analyze(document, Kind::Trust, &call.zone(&role.account)).foreign
    })
}

/// The facet that a call touched, with what it wrote where the call writes the
/// whole of it.
fn touched(call: &Call<'_>, event: &str, role: At, by_deployer: bool) -> Plan {
    match event {
        "UpdateAssumeRolePolicy" => {
            let safe = lets_in(call, &role) == Foreign::No;
            let wish = if safe {
                TrustWish::Baseline
            } else {
                TrustWish::BaselineOrClosed
            };
            let mut step = Step::<RoleTrust>::new(role, wish);
            // Of a deployer it would be learnt, and it may let outsiders in.
            step.wrote = written(call).filter(|_| safe || !by_deployer);
            step.into()
        }
        "PutRolePolicy" | "DeleteRolePolicy" => {
            Step::<RoleInlinePolicies>::new(role, AsRecorded::Baseline).into()
        }
        "AttachRolePolicy" | "DetachRolePolicy" => {
            let given = call
                .shown("policyArn")
                .filter(|_| event == "AttachRolePolicy");
            let wish = match given {
                Some(policy) => AttachmentsWish::BaselineOrWithout {
                    policy: policy.into_owned(),
                    at: call.time(),
                },
                None => AttachmentsWish::Baseline,
            };
            Step::<Attachments>::new(role, wish).into()
        }
        "PutRolePermissionsBoundary" => {
            let mut step = Step::<RoleBoundary>::new(role, AsRecorded::Baseline);
            step.wrote = call
                .shown("permissionsBoundary")
                .map(|arn| Some(arn.into_owned()));
            step.into()
        }
        "DeleteRolePermissionsBoundary" => Step::<RoleBoundary>::new(role, AsRecorded::Baseline)
            .wrote(None)
            .into(),
        "TagRole" | "UntagRole" => Step::<RoleTags>::new(role, AsRecorded::Baseline).into(),
        _ => {
            let mut step = Step::<RoleSettings>::new(role, AsRecorded::Baseline);
            step.wrote = configuration(call);
            step.into()
        }
    }
}

/// What `UpdateRole` wrote, where the request says both.
fn configuration(call: &Call<'_>) -> Option<RoleConfiguration> {
    let request = call.request()?;
    let description = request
        .string("description")
        .filter(|text| text != HIDDEN)?
        .into_owned();
    let max_session = i32::try_from(request.get("maxSessionDuration")?.number()?).ok()?;
    Some(RoleConfiguration {
        description,
        max_session,
    })
}
