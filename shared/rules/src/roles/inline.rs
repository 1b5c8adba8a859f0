//! Inline policies that give power, and inline guardrails that go.

use auditward_policy::Tri;
use auditward_policy::power::{Verdict, tampering};

use super::guard::{is_guard, is_the_stacks};
use super::power::Gift;
use super::{IAM, Sort, is_near, named, principal, unnamed, whom};
use crate::facet::{PolicyState, Step};
use crate::facets::principal::{Inline, InlinePolicy, InlineWish, inline};
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Catalogue rows 86 to 88.
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

/// Catalogue rows 89 to 91.
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
    let approved = call.settings.approval(&to.resource, None) == Tri::Yes;
    if approved || !is_near(call, &to) || is_the_stacks(call, &to) {
        return Judged::Clean;
    }
    let name = call.shown("policyName");
    let document = call
        .shown("policyDocument")
        .map(|text| PolicyState::read(&text));
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
    let what = format!(
        "{} got the inline policy {}",
        whom(sort, &to),
        name.as_deref().unwrap_or("?")
    );
    let step = name.map(|name| {
        let wish = InlineWish::Harmless { at: call.time() };
        let mut step = Step::<InlinePolicy>::new(inline(&to, &name), wish);
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
        to: &to,
        what,
        step,
    }
    .judge(&verdict)
}

/// The document is not in the event: of a principal that nobody named it cannot
/// be told whether it lost a guardrail.
fn deleted(call: &Call<'_>) -> Judged {
    let sort = Sort::of(call);
    let Some(of) = principal(call, sort) else {
        return unnamed(call, sort);
    };
    let guarded = named(call, &of);
    if guarded == Tri::No || is_guard(call, &of) {
        return Judged::Clean;
    }
    let name = call.shown("policyName");
    let summary = format!(
        "{} lost its inline policy {}, whose text the record does not show",
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
