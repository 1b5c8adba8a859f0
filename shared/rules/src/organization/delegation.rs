//! Rules of the organization's resource policy, which lets member accounts
//! manage policies for it.

use auditward_policy::{Document, Foreign, Kind, analyze};

use super::{ORGANIZATIONS, TELLS, is_guarded, organization};
use crate::facet::{PolicyState, Step};
use crate::facets::guarded::PolicyWish;
use crate::facets::organization::OrganizationPolicy;
use crate::rule::{Call, Draft, Judged, Proof, Revert, Rule, Severity, Watch};

/// Row 160 of `events/TABLE.md`.
pub static OPENED: Rule = Rule {
    id: "organization.policy-opened",
    title: "Organization delegated to outsiders",
    severity: Severity::Critical,
    why: "whoever the delegation policy names may manage the organization's policies, and so switch guardrails off",
    controls: &["ATT&CK T1098", "ATT&CK T1666"],
    rows: &[160],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["PutResourcePolicy"],
    }],
    revert: Revert::Live,
    deployers_accepted: false,
    facets: &["organization-policy"],
    proof: Proof::Recorded,
    judge: opened,
    ..TELLS
};

/// Row 161 of `events/TABLE.md`.
pub static DELETED: Rule = Rule {
    id: "organization.policy-deleted",
    title: "Delegation policy deleted",
    severity: Severity::Medium,
    why: "with the delegation policy the security account loses its hold on the organization's policies",
    controls: &["ATT&CK T1531"],
    rows: &[161],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["DeleteResourcePolicy"],
    }],
    revert: Revert::Baseline,
    facets: &["organization-policy"],
    proof: Proof::Recorded,
    judge: |call| {
        if !is_guarded(call) {
            return Judged::Clean;
        }
        let at = organization(call);
        let wish = PolicyWish {
            outsiders: false,
            ..PolicyWish::whole()
        };
        let step = Step::<OrganizationPolicy>::new(at.clone(), wish).wrote(PolicyState::Absent);
        let what = "the organization's delegation policy was deleted";
        Draft::new(at.resource, what).step(step).into()
    },
    ..TELLS
};

fn opened(call: &Call<'_>) -> Judged {
    if !is_guarded(call) {
        return Judged::Clean;
    }
    let at = organization(call);
    let step = Step::<OrganizationPolicy>::new(at.clone(), PolicyWish::whole());
    let content = call.request().and_then(|asked| asked.get("content"));
    let text = content.map(|content| content.scalar().unwrap_or_else(|| content.text().into()));
    let Some(document) = text.and_then(|text| Document::parse(&text).ok()) else {
        let what = "the organization's delegation policy was replaced, and the record does not show by which";
        return Judged::CannotTell(Draft::new(at.resource, what).step(step));
    };
    let analysis = analyze(&document, Kind::Organization, &call.zone(&at.account));
    let who: Vec<&str> = analysis
        .admissions
        .iter()
        .flat_map(|one| one.principals.iter().map(String::as_str))
        .collect();
    let step = step.wrote(PolicyState::Document(document));
    match &analysis.foreign {
        Foreign::No => Judged::Clean,
        Foreign::Yes => {
            let what = format!("the organization is delegated to {}", who.join(", "));
            Draft::new(at.resource, what).step(step).into()
        }
        Foreign::CannotTell(why) => {
            let what = format!("the organization may be delegated to outsiders: {why}");
            Judged::CannotTell(Draft::new(at.resource, what).step(step))
        }
    }
}
