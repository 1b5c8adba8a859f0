//! Rules of service and resource control policies.

use auditward_policy::Document;

use super::{ORGANIZATIONS, TELLS, is_guarded, of_organization, organization, target};
use crate::arn::Arn;
use crate::facet::{At, PolicyState, Step};
use crate::facets::kept::AsRecorded;
use crate::facets::organization::{
    Attached, AttachedTo, AttachmentWish, GUARDRAIL_TYPES, GuardrailContent, InTheWay,
    OrganizationAttachment, PolicyType, obstacle,
};
use crate::rule::{Call, Draft, Judged, Proof, Revert, Rule, Severity, Watch, is_shown};

const WHY: &str =
    "guardrails keep even administrators of member accounts from switching the evidence off";
const CONTROLS: &[&str] = &["ATT&CK T1562.001", "ATT&CK T1666"];

/// Row 153 of `events/TABLE.md`.
pub static ATTACHED: Rule = Rule {
    id: "guardrail.attached",
    title: "Policy against the guard attached",
    severity: Severity::High,
    why: "a policy that denies Auditward or CloudTrail what they need blinds them in every account below it",
    controls: &["ATT&CK T1562.008", "ATT&CK T1666"],
    rows: &[153],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["AttachPolicy", "UpdatePolicy"],
    }],
    revert: Revert::Event,
    facets: &["organization-attachment"],
    proof: Proof::Moto,
    judge: |call| match call.record.plain_name() {
        "UpdatePolicy" => rewritten(call),
        _ => attached(call),
    },
    ..TELLS
};

/// Row 154 of `events/TABLE.md`.
pub static DETACHED: Rule = Rule {
    id: "guardrail.detached",
    title: "Guardrail detached",
    severity: Severity::Critical,
    why: WHY,
    controls: CONTROLS,
    rows: &[154],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["DetachPolicy"],
    }],
    revert: Revert::Event,
    facets: &["organization-attachment"],
    proof: Proof::Moto,
    judge: detached,
    ..TELLS
};

/// Row 155 of `events/TABLE.md`.
pub static CREATED: Rule = Rule {
    id: "guardrail.created",
    title: "Control policy created",
    severity: Severity::Low,
    why: "a policy does nothing until it is attached; who makes one is worth knowing beforehand",
    controls: &["ATT&CK T1666"],
    rows: &[155],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["CreatePolicy"],
    }],
    judge: |call| {
        let sort = call.shown("type");
        let sort = sort.or_else(|| summary(call, "type").map(Into::into));
        match sort {
            _ if !is_guarded(call) => Judged::Clean,
            Some(sort) if !GUARDRAIL_TYPES.contains(&sort.as_ref()) => Judged::Clean,
            Some(sort) => {
                let name = call.shown("name").unwrap_or_default();
                let at = policy(call, "").unwrap_or_else(|| organization(call));
                let what = format!("a {} was created: {name}", words(&sort));
                Draft::new(at.resource, what).into()
            }
            None => call.unnamed(),
        }
    },
    ..TELLS
};

/// Row 156 of `events/TABLE.md`.
pub static WEAKENED: Rule = Rule {
    id: "guardrail.weakened",
    title: "Guardrail weakened",
    severity: Severity::Critical,
    why: WHY,
    controls: CONTROLS,
    rows: &[156],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["UpdatePolicy"],
    }],
    revert: Revert::Baseline,
    facets: &["guardrail-content"],
    proof: Proof::Moto,
    judge: weakened,
    ..TELLS
};

/// Row 157 of `events/TABLE.md`.
pub static DELETED: Rule = Rule {
    id: "guardrail.deleted",
    title: "Guardrail deleted",
    severity: Severity::Critical,
    why: WHY,
    controls: CONTROLS,
    rows: &[157],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["DeletePolicy"],
    }],
    judge: |call| match call.shown("policyId") {
        _ if !is_guarded(call) => Judged::Clean,
        None => call.unnamed(),
        Some(id) if !call.settings.is_guardrail(&id, call.inventory) => Judged::Clean,
        Some(id) => {
            let at = policy(call, &id).unwrap_or_else(|| organization(call));
            let what = format!(
                "guardrail {id} was deleted; made anew it has another ID, and must be attached again"
            );
            Draft::new(at.resource, what).into()
        }
    },
    ..TELLS
};

/// Row 159 of `events/TABLE.md`.
pub static TYPE_DISABLED: Rule = Rule {
    id: "policy-type.disabled",
    title: "Guardrails switched off",
    severity: Severity::Critical,
    why: "with the type all its policies are detached everywhere at once, and enabling it again brings none of them back",
    controls: CONTROLS,
    rows: &[159],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["DisablePolicyType"],
    }],
    revert: Revert::Baseline,
    deployers_accepted: false,
    facets: &["policy-type"],
    proof: Proof::Moto,
    judge: type_disabled,
    ..TELLS
};

/// A policy's type in words.
fn words(sort: &str) -> String {
    sort.to_ascii_lowercase().replace('_', " ")
}

/// What the answer says of the policy.
fn summary(call: &Call<'_>, name: &str) -> Option<String> {
    let answer = call.record.response()?;
    let told = answer.path(&["policy", "policySummary"])?.string(name)?;
    is_shown(&told).then(|| told.into_owned())
}

/// The policy of this ID: as the answer names it, else as discovery found it,
/// else without its type, which the record does not tell.
fn policy(call: &Call<'_>, id: &str) -> Option<At> {
    let found = call.inventory.others.iter().find(|arn| {
        Arn::parse(arn).is_some_and(|arn| arn.service == "organizations" && arn.name() == id)
    });
    let arn = summary(call, "arn").or_else(|| found.cloned());
    let bare = || (!id.is_empty()).then(|| of_organization(call, "policy", &[id]));
    match arn {
        Some(resource) => Some(At {
            resource,
            ..organization(call)
        }),
        None => bare(),
    }
}

/// The policy's ID and the target of an attachment.
fn attachment(call: &Call<'_>) -> Result<(String, At), Judged> {
    let id = call.shown("policyId").ok_or_else(|| call.unnamed())?;
    let to = call.shown("targetId").and_then(|to| target(call, &to));
    Ok((id.into_owned(), to.ok_or_else(|| call.unnamed())?))
}

fn attached(call: &Call<'_>) -> Judged {
    let (id, to) = match attachment(call) {
        _ if !is_guarded(call) => return Judged::Clean,
        Err(unnamed) => return unnamed,
        Ok(found) => found,
    };
    if id.ends_with("FullAWSAccess") {
        return Judged::Clean;
    }
    // What the policy denies is not in the event.
    let wish = AttachmentWish::OutOfTheWay {
        trails: call.inventory.trails.clone(),
        at: call.time(),
    };
    let what = format!("policy {id} was attached to {}", to.name());
    let step = Step::<OrganizationAttachment>::new(to.clone().item(id), wish)
        .wrote(Attached::written(true));
    Judged::CannotTell(Draft::new(to.resource, what).step(step))
}

/// The document that a call sets, where the record shows it.
fn document(call: &Call<'_>) -> Option<Document> {
    let asked = call.request()?.get("content")?;
    let text = asked.scalar().unwrap_or_else(|| asked.text().into());
    Document::parse(&text).ok()
}

/// What is attached already may be rewritten to the same end. What the policy
/// said before, and where it is attached, the record does not tell.
fn rewritten(call: &Call<'_>) -> Judged {
    let sort = summary(call, "type").unwrap_or_default();
    let others = !sort.is_empty() && !GUARDRAIL_TYPES.contains(&sort.as_str());
    let Some(document) = document(call).filter(|_| is_guarded(call) && !others) else {
        return Judged::Clean;
    };
    let (trails, resource) = (&call.inventory.trails, sort == GUARDRAIL_TYPES[1]);
    let at = organization(call);
    match obstacle(&document, resource, &at, trails, call.settings) {
        Some(InTheWay::Aimed(why)) => {
            let id = call.shown("policyId").unwrap_or_default();
            let what = format!("policy {id} was rewritten: {why}");
            let at = policy(call, &id).unwrap_or(at);
            Draft::new(at.resource, what).into()
        }
        Some(InTheWay::Wide(_)) | None => Judged::Clean,
    }
}

fn detached(call: &Call<'_>) -> Judged {
    let (id, from) = match attachment(call) {
        _ if !is_guarded(call) => return Judged::Clean,
        Err(unnamed) => return unnamed,
        Ok(found) => found,
    };
    if !call.settings.is_guardrail(&id, call.inventory) {
        return Judged::Clean;
    }
    let what = format!("guardrail {id} was detached from {}", from.name());
    let step = Step::<OrganizationAttachment>::new(from.clone().item(id), AttachmentWish::There)
        .wrote(Attached::written(false));
    Draft::new(from.resource, what).step(step).into()
}

fn weakened(call: &Call<'_>) -> Judged {
    let id = match call.shown("policyId") {
        _ if !is_guarded(call) => return Judged::Clean,
        None => return call.unnamed(),
        Some(id) => id,
    };
    let other = summary(call, "type").is_some_and(|sort| !GUARDRAIL_TYPES.contains(&sort.as_str()));
    if other || !call.settings.is_guardrail(&id, call.inventory) {
        return Judged::Clean;
    }
    if call
        .request()
        .is_none_or(|asked| asked.get("content").is_none())
    {
        // A new name or description, unless the request is not shown at all.
        return if call.record.request_omitted() {
            call.unnamed()
        } else {
            Judged::Clean
        };
    }
    let Some(at) = policy(call, &id) else {
        return call.unnamed();
    };
    let step = Step::<GuardrailContent>::new(at.clone(), AsRecorded::Baseline);
    let Some(document) = document(call) else {
        let what =
            format!("guardrail {id} was rewritten, and the record does not show what it says");
        return Judged::CannotTell(Draft::new(at.resource, what).step(step));
    };
    let emptied = !document.statements().iter().any(|one| one.is_deny());
    let step = step.wrote(PolicyState::Document(document));
    if emptied {
        let what = format!("guardrail {id} was rewritten and denies nothing any longer");
        return Draft::new(at.resource, what).step(step).into();
    }
    let what = format!(
        "guardrail {id} was rewritten; whether it denies as much as before, only what is recorded tells"
    );
    Judged::CannotTell(Draft::new(at.resource, what).step(step))
}

fn type_disabled(call: &Call<'_>) -> Judged {
    let (root, sort) = (call.shown("rootId"), call.shown("policyType"));
    let (root, sort) = match root.zip(sort) {
        _ if !is_guarded(call) => return Judged::Clean,
        None => return call.unnamed(),
        Some(found) => found,
    };
    if !GUARDRAIL_TYPES.contains(&sort.as_ref()) {
        return Judged::Clean;
    }
    let Some(at) = target(call, &root) else {
        return call.unnamed();
    };
    let what = format!(
        "{} were switched off for the whole organization",
        match sort.as_ref() {
            "SERVICE_CONTROL_POLICY" => "service control policies",
            _ => "resource control policies",
        }
    );
    let step = Step::<PolicyType>::new(at.clone().item(sort), AsRecorded::Baseline)
        .wrote(AttachedTo::default());
    Draft::new(at.resource, what).step(step).into()
}
