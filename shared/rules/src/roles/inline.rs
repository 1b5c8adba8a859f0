//! Inline policies that give power, and inline guardrails that go.

use auditward_policy::Tri;
use auditward_policy::power::{Verdict, tampering};
use chrono::TimeDelta;

use super::guard::{is_guard, is_the_stacks};
use super::power::Gift;
use super::{IAM, Sort, is_near, named, principal, unnamed, whom};
use crate::facet::{At, PolicyState, Step};
use crate::facets::principal::{Inline, InlinePolicy, InlineWish, inline};
use crate::facets::role::{REVOKE_POLICY, Sessions};
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Rows 86 to 88 of `events/TABLE.md`.
pub static INLINE_POWER: Rule = Rule {
    id: "inline-policy.power-given",
    title: "Power over trails written into a principal",
    severity: Severity::High,
    why: "whoever may administer trails or identities can switch the evidence off, and an inline policy is in no list of policies",
    controls: &["CIS AWS Foundations 3.0: 1.16, 4.4", "ATT&CK T1098.003"],
    rows: &[86, 87, 88],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["PutRolePolicy", "PutUserPolicy", "PutGroupPolicy"],
    }],
    scope: Scope::Account,
    revert: Revert::Baseline,
    facets: &["inline-policy"],
    proof: Proof::Moto,
    judge: given,
    ..Rule::TELLS
};

/// Rows 89 to 91 of `events/TABLE.md`.
pub static INLINE_DELETED: Rule = Rule {
    id: "inline-policy.guardrail-deleted",
    title: "Inline guardrail deleted",
    severity: Severity::Medium,
    why: "a Deny that is deleted gives back all the power it kept away",
    controls: &["CIS AWS Foundations 3.0: 4.4", "ATT&CK T1098.003"],
    rows: &[89, 90, 91],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["DeleteRolePolicy", "DeleteUserPolicy", "DeleteGroupPolicy"],
    }],
    revert: Revert::Baseline,
    facets: &["inline-policy"],
    proof: Proof::Moto,
    judge: deleted,
    ..Rule::TELLS
};

fn given(call: &Call<'_>) -> Judged {
    let sort = Sort::of(call);
    let Some(to) = principal(call, sort) else {
        return unnamed(call, sort);
    };
    let name = call.shown("policyName");
    let document = call
        .shown("policyDocument")
        .map(|text| PolicyState::read(&text));
    let over = name.as_deref().is_some_and(|name| revokes(sort, name)) && !is_guard(call, &to);
    let still_revoked = if over {
        still_revoked(call, document.clone())
    } else {
        Tri::Yes
    };
    match (
        power(call, sort, &to, document, still_revoked),
        still_revoked,
    ) {
        (power, Tri::Yes) => power,
        (Judged::Clean, sure) => revived(&to, sure),
        // Whatever the live policy gives, those sessions surely live again.
        (Judged::CannotTell(draft), Tri::No) => draft.into(),
        (power, _) => power,
    }
}

/// What the policy gives, whatever its name.
fn power(
    call: &Call<'_>,
    sort: Sort,
    to: &At,
    document: Option<PolicyState>,
    still_revoked: Tri,
) -> Judged {
    let name = call.shown("policyName");
    let approved = call.settings.approval(&to.resource, None) == Tri::Yes;
    if approved || !is_near(call, to) || is_the_stacks(call, to) {
        return Judged::Clean;
    }
    let verdict = match &document {
        Some(PolicyState::Document(document)) => {
            tampering(document, &call.settings.measure(call.inventory))
        }
        Some(PolicyState::Unparsable { error, .. }) => {
            Verdict::CannotTell(format!("which cannot be parsed: {error}"))
        }
        Some(PolicyState::Absent) | None => {
            Verdict::CannotTell("whose text the record does not show".into())
        }
    };
    let rest = match still_revoked {
        Tri::Yes => "",
        Tri::No => ", so that any sessions that an earlier one had ended live again",
        Tri::CannotTell => ", so that any sessions that an earlier one had ended may live again",
    };
    let what = format!(
        "{} got the inline policy {}{rest}",
        whom(sort, to),
        name.as_deref().unwrap_or("?")
    );
    let step = name.map(|name| {
        let wish = InlineWish::Harmless { at: call.time() };
        let mut step = Step::<InlinePolicy>::new(inline(to, &name), wish);
        step.wrote = document.map(|policy| {
            Some(Inline {
                principal: to.resource.clone(),
                id: None,
                created: None,
                policy,
            })
        });
        step.into()
    });
    Gift {
        call,
        to,
        what,
        step,
    }
    .judge(&verdict)
}

/// Whether an inline policy of this name ends a role's sessions: a guardrail on any
/// role, as it may be what keeps an outsider's sessions from going on.
fn revokes(sort: Sort, name: &str) -> bool {
    sort == Sort::Role && name.eq_ignore_ascii_case(REVOKE_POLICY)
}

/// How much older than the event a revocation may be: it is written for the moment, and
/// each second less lets the youngest sessions live again.
const STALE: TimeDelta = TimeDelta::seconds(10);

/// Whether what is written under that name ends the sessions that any earlier such
/// policy had ended.
fn still_revoked(call: &Call<'_>, document: Option<PolicyState>) -> Tri {
    let Some(time) = call.time() else {
        return Tri::CannotTell;
    };
    match document.map(Sessions::read) {
        None => Tri::CannotTell,
        Some(Sessions::RevokedBefore(before)) if before + STALE >= time => Tri::Yes,
        Some(_) => Tri::No,
    }
}

/// A role's revocation of sessions was overwritten, or may have been.
fn revived(role: &At, still_revoked: Tri) -> Judged {
    let what = match still_revoked {
        Tri::No => {
            "which does not end the sessions given out so far: any that an earlier one had ended live again"
        }
        _ => {
            "of which the record does not tell whether it ends the sessions given out so far: if it does not, any that \
             an earlier one had ended live again"
        }
    };
    let summary = format!(
        "role {} got another inline policy {REVOKE_POLICY}, {what}",
        role.name()
    );
    let draft = Draft::new(&role.resource, summary)
        .from_deployers()
        .severity(Severity::Medium);
    match still_revoked {
        Tri::No => draft.into(),
        _ => Judged::CannotTell(draft),
    }
}

/// The document is not in the event: of a principal that nobody named it cannot
/// be told whether it lost a guardrail.
fn deleted(call: &Call<'_>) -> Judged {
    let sort = Sort::of(call);
    let Some(of) = principal(call, sort) else {
        return unnamed(call, sort);
    };
    let guarded = named(call, &of);
    let name = call.shown("policyName");
    let revoked = name.as_deref().is_some_and(|name| revokes(sort, name));
    if guarded == Tri::No && !revoked || is_guard(call, &of) {
        return Judged::Clean;
    }
    let rest = if revoked {
        "the sessions that it had ended live again, as far as they are not over"
    } else {
        "whose text the record does not show"
    };
    let summary = format!(
        "{} lost its inline policy {}, {rest}",
        whom(sort, &of),
        name.as_deref().unwrap_or("?")
    );
    let mut draft = Draft::new(&of.resource, summary).from_deployers();
    if let Some(name) = name {
        let at = inline(&of, &name);
        draft = draft.step(Step::<InlinePolicy>::new(at, InlineWish::Recorded));
    }
    if guarded == Tri::Yes {
        draft.into()
    } else {
        Judged::CannotTell(draft)
    }
}
