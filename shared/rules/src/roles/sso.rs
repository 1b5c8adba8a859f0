//! Rules of IAM Identity Center: who gets the power to tamper with the
//! evidence in many accounts at once. People are told.

use auditward_policy::Document;
use auditward_policy::power::{Verdict, managed_policy, tampering};

use crate::actor::Actor;
use crate::rule::{Call, Draft, Function, Judged, Rule, Scope, Severity, Watch};

const SSO: &str = "sso.amazonaws.com";

/// What the rules have in common.
const COMMON: Rule = Rule {
    severity: Severity::High,
    why: "whoever may administer trails or identities can switch the evidence off, and a permission set says so for every account it is assigned in",
    controls: &["CIS AWS Foundations 3.0: 1.16", "ATT&CK T1098.003"],
    function: Function::RoleGuard,
    scope: Scope::Account,
    ..Rule::TELLS
};

/// Row 134 of `events/TABLE.md`.
pub static ASSIGNED: Rule = Rule {
    id: "permission-set.assigned",
    title: "Permission set assigned in a guarded account",
    severity: Severity::Medium,
    rows: &[134],
    watches: &[Watch {
        source: SSO,
        names: &["CreateAccountAssignment"],
    }],
    judge: assigned,
    ..COMMON
};

/// Row 135 of `events/TABLE.md`.
pub static INLINE: Rule = Rule {
    id: "permission-set.inline-power",
    title: "Permission set with power over trails",
    rows: &[135],
    watches: &[Watch {
        source: SSO,
        names: &["PutInlinePolicyToPermissionSet"],
    }],
    judge: inline,
    ..COMMON
};

/// Row 136 of `events/TABLE.md`.
pub static ATTACHED: Rule = Rule {
    id: "permission-set.admin-attached",
    title: "Permission set with an administrator's policy",
    rows: &[136],
    watches: &[Watch {
        source: SSO,
        names: &["AttachManagedPolicyToPermissionSet"],
    }],
    judge: attached,
    ..COMMON
};

/// The permission set of the request.
fn set(call: &Call<'_>) -> Option<String> {
    call.shown("permissionSetArn").map(|arn| arn.into_owned())
}

fn name(set: &str) -> &str {
    set.rsplit('/').next().unwrap_or(set)
}

fn assigned(call: &Call<'_>) -> Judged {
    let Some(account) = call.shown("targetId") else {
        return call.unnamed();
    };
    if !call.settings.holds_protected(&account, call.inventory) || is_by_approved(call) {
        return Judged::Clean;
    }
    let set = set(call).unwrap_or_default();
    let whom = match (call.shown("principalType"), call.shown("principalId")) {
        (Some(sort), Some(id)) => format!("{} {id}", sort.to_ascii_lowercase()),
        _ => "somebody".into(),
    };
    let what = format!(
        "{whom} got permission set {} in account {account}; what it allows the record does not show",
        name(&set)
    );
    Judged::CannotTell(Draft::new(set, what))
}

fn inline(call: &Call<'_>) -> Judged {
    let Some(set) = set(call) else {
        return call.unnamed();
    };
    let (document, name) = (call.shown("inlinePolicy"), name(&set));
    let Some(document) = document.and_then(|text| Document::parse(&text).ok()) else {
        let what =
            format!("permission set {name} got an inline policy that the record does not show");
        return Judged::CannotTell(Draft::new(&set, what));
    };
    match tampering(&document, &call.settings.measure(call.inventory)) {
        Verdict::No => Judged::Clean,
        _ if is_by_approved(call) => Judged::Clean,
        Verdict::Yes(power) => {
            let what = format!("permission set {name} got an inline policy: {}", power.why);
            Draft::new(&set, what).into()
        }
        Verdict::CannotTell(why) => {
            let what = format!(
                "permission set {name} got an inline policy of which it cannot be told whether it gives power over trails: {why}"
            );
            Judged::CannotTell(Draft::new(&set, what))
        }
    }
}

fn attached(call: &Call<'_>) -> Judged {
    let Some(set) = set(call) else {
        return call.unnamed();
    };
    let name = name(&set);
    let Some(policy) = call.shown("managedPolicyArn") else {
        let what = format!("permission set {name} got a policy that the record does not name");
        return Judged::CannotTell(Draft::new(&set, what));
    };
    let short = policy.rsplit('/').next().unwrap_or(&policy);
    match managed_policy(&policy) {
        Some(Verdict::No) => Judged::Clean,
        _ if is_by_approved(call) => Judged::Clean,
        Some(Verdict::Yes(power)) => {
            let what = format!("permission set {name} got {short}: {}", power.why);
            Draft::new(&set, what).into()
        }
        Some(Verdict::CannotTell(_)) | None => {
            let what =
                format!("permission set {name} got {short}, whose text the record does not show");
            Judged::CannotTell(Draft::new(&set, what).severity(Severity::Low))
        }
    }
}

/// Whether somebody did it who may hold the power over trails anyway.
fn is_by_approved(call: &Call<'_>) -> bool {
    let actor = Actor::of(call.record);
    let approved = &call.settings.approved;
    approved.iter().any(|known| known.is(actor))
}
