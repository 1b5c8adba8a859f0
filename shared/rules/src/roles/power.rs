//! Who gets the power to tamper with the evidence.

use auditward_policy::Tri;
use auditward_policy::power::{Verdict, managed_policy};

use super::guard::is_guard;
use super::{IAM, Sort, is_near, principal, unnamed, whom};
use crate::facet::{At, Step};
use crate::facets::principal::{Attachments, AttachmentsWish};
use crate::plan::Plan;
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

/// Row 92 of `events/TABLE.md`.
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

/// Row 93 of `events/TABLE.md`.
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

/// Row 94 of `events/TABLE.md`.
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
    let guard = sort == Sort::Role && is_guard(call, &to);
    if guard || call.settings.approval(&to.resource, None) == Tri::Yes {
        return Judged::Clean;
    }
    let whom = whom(sort, &to);
    let Some(policy) = call.shown("policyArn") else {
        let what = format!("{whom} got a policy that the record does not name");
        return Judged::CannotTell(Draft::new(to.resource, what).from_deployers());
    };
    let name = policy.rsplit('/').next().unwrap_or(&policy);
    let wish = AttachmentsWish::Without {
        policy: policy.clone().into_owned(),
        at: call.time(),
    };
    let step = Step::<Attachments>::new(to.clone(), wish);
    // The policy's text is not in the event: its live default version decides.
    let verdict = managed_policy(&policy)
        .unwrap_or_else(|| Verdict::CannotTell("whose text the record does not show".into()));
    Gift {
        call,
        to: &to,
        what: format!("{whom} got {name}"),
        step: Some(step.into()),
    }
    .judge(&verdict)
}

/// Something that may give the power to tamper.
pub(super) struct Gift<'a, 'r> {
    pub call: &'a Call<'r>,
    /// To whom, or the policy that is written.
    pub to: &'a At,
    /// What happened, in words.
    pub what: String,
    /// What must hold afterwards.
    pub step: Option<Plan>,
}

impl Gift<'_, '_> {
    /// Power near what is protected is a violation; far from it, it is told and
    /// not touched.
    pub fn judge(self, verdict: &Verdict) -> Judged {
        let near = is_near(self.call, self.to);
        let (summary, far, sure) = match verdict {
            Verdict::No => return Judged::Clean,
            Verdict::Yes(power) => (
                format!("{}: {}", self.what, power.why),
                Severity::Medium,
                !maybe_approved(self.call, self.to),
            ),
            Verdict::CannotTell(why) => (format!("{}, {why}", self.what), Severity::Low, false),
        };
        let mut draft = Draft::new(&self.to.resource, summary).from_deployers();
        draft.severity = (!near).then_some(far);
        draft.plan = self.step.filter(|_| near || !sure).into_iter().collect();
        if sure {
            draft.into()
        } else {
            Judged::CannotTell(draft)
        }
    }
}

/// Whether the settings approve of a principal that has this name, under some path or
/// with some unique ID: events have neither.
pub(super) fn maybe_approved(call: &Call<'_>, to: &At) -> bool {
    call.settings.may_approve(&to.resource)
}
