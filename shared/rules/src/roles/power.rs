//! Who gets the power to tamper with the evidence.

use auditward_policy::power::{Verdict, managed_policy};

use super::{IAM, Sort, principal, unnamed};
use crate::arn::{Arn, glob};
use crate::facet::{At, Step};
use crate::facets::principal::{Attachments, AttachmentsWish};
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

const WHY: &str = "whoever may administer trails or identities can switch the evidence off";
const CONTROLS: &[&str] = &["CIS AWS Foundations 3.0: 1.16, 4.4", "ATT&CK T1098.003"];

/// What the three rules have in common.
const COMMON: Rule = Rule {
    id: "",
    title: "",
    severity: Severity::High,
    why: WHY,
    controls: CONTROLS,
    rows: &[],
    function: Function::RoleGuard,
    watches: &[],
    scope: Scope::Account,
    revert: Revert::Event,
    deployers_accepted: true,
    facets: &["attachments"],
    proof: Proof::Moto,
    judge: |_| Judged::Clean,
};

/// Catalogue row 92.
pub static ROLE_ADMIN: Rule = Rule {
    id: "role.admin-attached",
    title: "Power over trails given to a role",
    rows: &[92],
    watches: &[Watch {
        source: IAM,
        names: &["AttachRolePolicy"],
    }],
    judge: |call| judge(call, Sort::Role),
    ..COMMON
};

/// Catalogue row 93.
pub static USER_ADMIN: Rule = Rule {
    id: "user.admin-attached",
    title: "Power over trails given to a user",
    rows: &[93],
    watches: &[Watch {
        source: IAM,
        names: &["AttachUserPolicy"],
    }],
    judge: |call| judge(call, Sort::User),
    ..COMMON
};

/// Catalogue row 94.
pub static GROUP_ADMIN: Rule = Rule {
    id: "group.admin-attached",
    title: "Power over trails given to a group",
    rows: &[94],
    watches: &[Watch {
        source: IAM,
        names: &["AttachGroupPolicy"],
    }],
    judge: |call| judge(call, Sort::Group),
    ..COMMON
};

fn judge(call: &Call<'_>, sort: Sort) -> Judged {
    let Some(to) = principal(call, sort) else {
        return unnamed(call, sort);
    };
    if call.settings.is_approved(&to.resource) {
        return Judged::Clean;
    }
    let whom = format!("{} {}", sort.word(), to.name());
    let Some(policy) = call.shown("policyArn") else {
        return Judged::CannotTell(Draft::new(
            to.resource,
            format!("{whom} got a policy that the record does not name"),
        ));
    };
    let name = policy.rsplit('/').next().unwrap_or(&policy);
    let near = call.settings.holds_protected(&to.account, call.inventory);
    let wish = AttachmentsWish::Without {
        policy: policy.clone().into_owned(),
        at: call.time(),
    };
    let step = Step::<Attachments>::new(to.clone(), wish);
    match managed_policy(&policy) {
        Some(Verdict::No) => Judged::Clean,
        Some(Verdict::Yes(power)) => {
            let draft = Draft::new(&to.resource, format!("{whom} got {name}: {}", power.why));
            let draft = if near {
                draft
            } else {
                draft.severity(Severity::Medium)
            };
            match (maybe_approved(call, &to), near) {
                (true, _) => Judged::CannotTell(draft.step(step)),
                (false, true) => draft.step(step).into(),
                (false, false) => draft.into(),
            }
        }
        // The policy's text is not in the event: its live default version decides.
        Some(Verdict::CannotTell(_)) | None => {
            let draft = Draft::new(
                &to.resource,
                format!("{whom} got {name}, whose text the record does not show"),
            );
            let draft = if near {
                draft
            } else {
                draft.severity(Severity::Low)
            };
            Judged::CannotTell(draft.step(step))
        }
    }
}

/// Whether the settings approve of a principal that has this name under some
/// path: events leave paths out, and the live principal has the true one.
fn maybe_approved(call: &Call<'_>, to: &At) -> bool {
    let (known, glass) = (&call.settings.approved, &call.settings.break_glass);
    known.iter().chain(glass).any(|known| {
        let Some(arn) = Arn::parse(&known.principal) else {
            return false;
        };
        let Some((sort, _)) = arn.resource.split_once('/') else {
            return false;
        };
        let plain = format!("{sort}/{}", arn.name());
        glob(
            &Arn {
                resource: &plain,
                ..arn
            }
            .to_string(),
            &to.resource,
        )
    })
}
