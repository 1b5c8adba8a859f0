//! Guardrails that are detached.

use auditward_policy::Tri;

use super::guard::is_guard;
use super::{IAM, Sort, named, policy, principal, unnamed, whom};
use crate::arn::{Arn, glob};
use crate::facet::Step;
use crate::facets::principal::{Guardrail, GuardrailWish, Hold};
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Severity, Watch};

/// Rows 95 to 97 of `events/TABLE.md`.
pub static GUARDRAIL_DETACHED: Rule = Rule {
    id: "attachment.guardrail-detached",
    title: "Guardrail policy detached",
    severity: Severity::High,
    why: "a Deny that is detached gives back all the power it kept away",
    controls: &["CIS AWS Foundations 3.0: 4.4", "ATT&CK T1098.003"],
    rows: &[95, 96, 97],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["DetachRolePolicy", "DetachUserPolicy", "DetachGroupPolicy"],
    }],
    revert: Revert::Event,
    facets: &["guardrail-attachment"],
    proof: Proof::Moto,
    judge: detached,
    ..Rule::TELLS
};

/// AWS's own policies that only take power away.
const DENIES: &[&str] = &["AWSDenyAll", "AWSCompromisedKeyQuarantine*"];

fn detached(call: &Call<'_>) -> Judged {
    let sort = Sort::of(call);
    let Some(of) = principal(call, sort) else {
        return unnamed(call, sort);
    };
    if is_guard(call, &of) {
        return Judged::Clean;
    }
    let whom = whom(sort, &of);
    let Some(policy) = policy(call) else {
        return match named(call, &of) {
            Tri::No => Judged::Clean,
            _ => {
                let what = format!("{whom} lost a policy that the record does not name");
                Judged::CannotTell(Draft::new(of.resource, what).from_deployers())
            }
        };
    };
    let required = match (named(call, &of), named(call, &policy)) {
        (Tri::No, Tri::No) => return Judged::Clean,
        (Tri::Yes, _) | (_, Tri::Yes) => true,
        _ => false,
    };
    let name = policy.name();
    let by_aws = Arn::parse(&policy.resource).is_some_and(|arn| arn.account == "aws");
    let denies = by_aws && DENIES.iter().any(|known| glob(known, name));
    let step = Step::<Guardrail>::new(
        of.clone().item(&policy.resource),
        GuardrailWish { required },
    )
    .wrote(Some(Hold {
        attached: false,
        denies: None,
        power: None.into(),
    }));
    let draft = |what: &str| {
        let what = format!("{whom} lost {name}{what}");
        Draft::new(&of.resource, what).from_deployers().step(step)
    };
    match (required, denies, by_aws) {
        (true, ..) => draft(", which it is required to have").into(),
        (false, true, _) => draft(", which only takes power away").into(),
        (false, false, true) => Judged::Clean,
        // Whether it was a guardrail, its live text tells.
        (false, false, false) => Judged::CannotTell(draft(", whose text the record does not show")),
    }
}
