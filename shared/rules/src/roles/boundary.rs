//! Permissions boundaries that are weakened or gone.

use auditward_policy::Tri;
use auditward_policy::power::{Verdict, managed_policy};

use super::guard::is_guard;
use super::power::maybe_approved;
use super::{IAM, Sort, is_near, principal, unnamed, whom};
use crate::arn::matches;
use crate::facet::{At, Step};
use crate::facets::kept::AsRecorded;
use crate::facets::principal::{Bounded, PrincipalBoundary, boundary};
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// What the two rules have in common.
const COMMON: Rule = Rule {
    severity: Severity::High,
    why: "a principal beyond its boundary has all that its policies give, or that it gives itself",
    controls: &["CIS AWS Foundations 3.0: 4.4", "ATT&CK T1098.003"],
    function: Function::RoleGuard,
    scope: Scope::Account,
    revert: Revert::Baseline,
    facets: &["principal-boundary"],
    proof: Proof::Moto,
    ..Rule::TELLS
};

/// Rows 103 and 104 of `events/TABLE.md`.
pub static BOUNDARY_WEAKENED: Rule = Rule {
    id: "boundary.weakened",
    title: "Permissions boundary weakened",
    rows: &[103, 104],
    watches: &[Watch {
        source: IAM,
        names: &["PutRolePermissionsBoundary", "PutUserPermissionsBoundary"],
    }],
    judge: weakened,
    ..COMMON
};

/// Rows 105 and 106 of `events/TABLE.md`.
pub static BOUNDARY_DELETED: Rule = Rule {
    id: "boundary.deleted",
    title: "Permissions boundary deleted",
    rows: &[105, 106],
    watches: &[Watch {
        source: IAM,
        names: &[
            "DeleteRolePermissionsBoundary",
            "DeleteUserPermissionsBoundary",
        ],
    }],
    judge: |call| {
        let (sort, of) = match bounded(call) {
            Ok(found) => found,
            Err(judged) => return judged,
        };
        let summary = format!("{} lost its permissions boundary", whom(sort, &of));
        let maybe = maybe_approved(call, &of);
        let draft = Draft::new(&of.resource, summary)
            .from_deployers()
            .step(step(of, None, Some(true)));
        if maybe {
            Judged::CannotTell(draft)
        } else {
            draft.into()
        }
    },
    ..COMMON
};

/// The principal, where its boundary is to be kept.
fn bounded(call: &Call<'_>) -> Result<(Sort, At), Judged> {
    let sort = Sort::of(call);
    let Some(of) = principal(call, sort) else {
        return Err(unnamed(call, sort));
    };
    let approved = call.settings.approval(&of.resource, None) == Tri::Yes;
    if approved || !is_near(call, &of) || is_guard(call, &of) {
        return Err(Judged::Clean);
    }
    Ok((sort, of))
}

/// The recorded boundary holds; the event wrote this one.
fn step(of: At, wrote: Option<String>, power: Option<bool>) -> Step<PrincipalBoundary> {
    let principal = of.resource.clone();
    Step::new(boundary(of), AsRecorded::Baseline).wrote(Some(Bounded {
        principal,
        id: None,
        boundary: wrote,
        power: power.into(),
    }))
}

/// AWS's policy that bounds nothing.
const ADMINISTRATOR: &str = "arn:aws*:iam::aws:policy/AdministratorAccess";

/// A boundary that gives power may be tighter than what was there, or the first
/// one: only the recorded one tells. One that bounds nothing at all is put there
/// for one reason.
fn weakened(call: &Call<'_>) -> Judged {
    let (sort, of) = match bounded(call) {
        Ok(found) => found,
        Err(judged) => return judged,
    };
    let given = call.shown("permissionsBoundary");
    let known = given.as_deref().and_then(managed_policy);
    if known == Some(Verdict::No) {
        return Judged::Clean;
    }
    let nothing = given
        .as_deref()
        .is_some_and(|policy| matches(ADMINISTRATOR, policy));
    let name = given.as_deref().unwrap_or("?");
    let name = name.rsplit('/').next().unwrap_or(name);
    let what = match (nothing, &known) {
        (true, _) => "which bounds nothing",
        (_, Some(_)) => "which leaves power over trails",
        (_, None) => "whose text the record does not show",
    };
    let wrote = given.as_deref().map(str::to_owned);
    let step = match known {
        _ if wrote.is_none() => Step::new(boundary(of.clone()), AsRecorded::Baseline),
        Some(Verdict::Yes(_)) => step(of.clone(), wrote, Some(true)),
        _ => step(of.clone(), wrote, None),
    };
    let summary = format!(
        "{} got {name} as its permissions boundary, {what}",
        whom(sort, &of)
    );
    let draft = Draft::new(&of.resource, summary)
        .from_deployers()
        .step(step)
        .if_live_agrees();
    if nothing {
        draft.into()
    } else {
        Judged::CannotTell(draft)
    }
}
