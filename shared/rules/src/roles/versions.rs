//! Managed policies: their versions, and that they are there.

use std::collections::BTreeMap;

use auditward_policy::Tri;
use auditward_policy::power::{Verdict, tampering};

use super::power::Gift;
use super::{IAM, is_near, named, policy};
use crate::facet::{PolicyState, Step};
use crate::facets::kept::AsRecorded;
use crate::facets::policy::{ManagedPolicy, PolicyVersion, VersionWish, Versions};
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

const CONTROLS: &[&str] = &["CIS AWS Foundations 3.0: 1.16, 4.4", "ATT&CK T1098.003"];

/// Row 98 of `events/TABLE.md`. It gives nobody anything until it is attached, and that is
/// judged then.
pub static POLICY_POWER: Rule = Rule {
    id: "policy.power-written",
    title: "Policy with power over trails created",
    severity: Severity::Medium,
    why: "whoever it is attached to can switch the evidence off",
    controls: CONTROLS,
    rows: &[98],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["CreatePolicy"],
    }],
    scope: Scope::Account,
    judge: created,
    ..Rule::TELLS
};

/// Rows 99 and 100 of `events/TABLE.md`.
pub static VERSION_WEAKENED: Rule = Rule {
    id: "policy.version-weakened",
    title: "Policy changed to give power over trails",
    severity: Severity::High,
    why: "a new default version reaches everybody to whom the policy is attached, at once",
    controls: CONTROLS,
    rows: &[99, 100],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["CreatePolicyVersion", "SetDefaultPolicyVersion"],
    }],
    scope: Scope::Account,
    revert: Revert::Baseline,
    facets: &["policy-version"],
    proof: Proof::Moto,
    judge: defaulted,
    ..Rule::TELLS
};

/// Row 101 of `events/TABLE.md`.
pub static POLICY_DELETED: Rule = Rule {
    id: "policy.deleted",
    title: "Guardrail policy deleted",
    severity: Severity::High,
    why: "a guardrail or boundary that is gone keeps nobody from anything",
    controls: CONTROLS,
    rows: &[101],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["DeletePolicy"],
    }],
    revert: Revert::Baseline,
    facets: &["managed-policy"],
    proof: Proof::Moto,
    judge: |call| {
        gone(call, |draft, at| {
            let step = Step::<ManagedPolicy>::new(at, AsRecorded::Baseline);
            draft.step(step.wrote(None))
        })
    },
    ..Rule::TELLS
};

/// Row 102 of `events/TABLE.md`.
pub static VERSION_DELETED: Rule = Rule {
    id: "policy.version-deleted",
    title: "Version of a guardrail policy deleted",
    severity: Severity::Low,
    why: "a version that is gone is no way back",
    controls: CONTROLS,
    rows: &[102],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["DeletePolicyVersion"],
    }],
    judge: |call| gone(call, |draft, _| draft),
    ..Rule::TELLS
};

fn unnamed(call: &Call<'_>) -> Judged {
    let what = format!(
        "{} on a policy that the record does not name",
        call.record.event_name
    );
    Judged::CannotTell(Draft::new("", what))
}

/// What the request's document gives.
fn written(call: &Call<'_>) -> Verdict {
    let document = call
        .shown("policyDocument")
        .map(|text| PolicyState::read(&text));
    match document {
        Some(PolicyState::Document(document)) => {
            tampering(&document, &call.settings.measure(call.inventory))
        }
        Some(PolicyState::Unparsable { error, .. }) => {
            Verdict::CannotTell(format!("which cannot be parsed: {error}"))
        }
        Some(PolicyState::Absent) | None => {
            Verdict::CannotTell("whose text the record does not show".into())
        }
    }
}

fn created(call: &Call<'_>) -> Judged {
    let answer = call
        .record
        .response()
        .and_then(|answer| answer.get("policy"));
    let arn = answer.and_then(|policy| policy.string("arn"));
    let to = match (arn, call.shown("policyName")) {
        (Some(arn), _) => call.global(arn),
        (None, Some(name)) => {
            let path = call.shown("path").unwrap_or("/".into());
            let (partition, account) = (call.partition(), call.account());
            call.global(format!("arn:{partition}:iam::{account}:policy{path}{name}"))
        }
        (None, None) => return unnamed(call),
    };
    if !is_near(call, &to) {
        return Judged::Clean;
    }
    let what = format!("policy {} was created, attached to nobody yet", to.name());
    Gift {
        call,
        to: &to,
        what,
        step: None,
    }
    .judge(&written(call))
}

fn defaulted(call: &Call<'_>) -> Judged {
    let Some(to) = policy(call) else {
        return unnamed(call);
    };
    if !is_near(call, &to) {
        return Judged::Clean;
    }
    let name = to.name().to_owned();
    let creates = call.record.plain_name() == "CreatePolicyVersion";
    let (what, verdict, set, made) = if creates {
        let sets = call.request().and_then(|asked| asked.get("setAsDefault"));
        if sets.and_then(|sets| sets.scalar()).as_deref() != Some("true") {
            return Judged::Clean;
        }
        let mut verdict = written(call);
        if verdict == Verdict::No && named(call, &to) == Tri::Yes {
            // What it denied before is not in the event.
            let why = "and whether it still denies what it did, the record does not show";
            verdict = Verdict::CannotTell(why.into());
        }
        let answer = call.record.response();
        let version = answer.and_then(|answer| answer.path(&["policyVersion", "versionId"]));
        let made = version.and_then(|version| version.scalar());
        let made = made.map(|made| made.into_owned());
        (
            format!("policy {name} got a new default version"),
            verdict,
            made.clone(),
            made,
        )
    } else {
        let set = call.shown("versionId").map(|version| version.into_owned());
        let version = set.as_deref().unwrap_or("?");
        (
            format!("policy {name} got version {version} as its default"),
            Verdict::CannotTell("whose text the record does not show".into()),
            set,
            None,
        )
    };
    let mut step = Step::<PolicyVersion>::new(to.clone(), VersionWish { made });
    step.wrote = set.map(|default| {
        Some(Versions {
            default,
            versions: BTreeMap::new(),
        })
    });
    Gift {
        call,
        to: &to,
        what,
        step: Some(step.into()),
    }
    .judge(&verdict)
}

fn gone(call: &Call<'_>, plan: impl FnOnce(Draft, crate::facet::At) -> Draft) -> Judged {
    let Some(of) = policy(call) else {
        return unnamed(call);
    };
    let guarded = named(call, &of);
    if guarded == Tri::No {
        return Judged::Clean;
    }
    let name = of.name();
    let what = match call.shown("versionId") {
        Some(version) => format!("version {version} of policy {name} was deleted"),
        None => format!("policy {name} was deleted"),
    };
    let summary = match guarded {
        Tri::Yes => what,
        _ => format!("{what}; whether it was a guardrail, no settings say"),
    };
    let draft = Draft::new(&of.resource, summary).from_deployers();
    let draft = plan(draft, of.clone());
    if guarded == Tri::Yes {
        draft.into()
    } else {
        Judged::CannotTell(draft.severity(Severity::Low))
    }
}
