//! Rules of Resource Access Manager: what is shared with whom.

use auditward_policy::Tri;

use crate::arn::{Arn, is_account};
use crate::facet::{At, Step};
use crate::facets::made::Gone;
use crate::facets::share::SharePrincipal;
use crate::json::Json;
use crate::rule::{
    Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch, is_shown,
};

const RAM: &str = "ram.amazonaws.com";

/// What the rules have in common.
const COMMON: Rule = Rule {
    severity: Severity::High,
    why: "a resource that is shared with an outside account is used, read or routed through from there",
    controls: &["ATT&CK T1537"],
    function: Function::RoleGuard,
    scope: Scope::Any,
    revert: Revert::Event,
    deployers_accepted: false,
    facets: &["share-principal"],
    proof: Proof::Recorded,
    judge,
    ..Rule::TELLS
};

/// Row 137 of `events/TABLE.md`.
pub static CREATED: Rule = Rule {
    id: "resource-share.created-open",
    title: "Resource share made for outsiders",
    rows: &[137],
    watches: &[Watch {
        source: RAM,
        names: &["CreateResourceShare"],
    }],
    ..COMMON
};

/// Row 138 of `events/TABLE.md`.
pub static ASSOCIATED: Rule = Rule {
    id: "resource-share.opened",
    title: "Resource share opened to outsiders",
    rows: &[138],
    watches: &[Watch {
        source: RAM,
        names: &["AssociateResourceShare"],
    }],
    ..COMMON
};

/// The share, by the request or the answer.
fn share(call: &Call<'_>) -> Option<At> {
    let answered = || {
        let answer = call.record.response()?;
        answer
            .path(&["resourceShare", "resourceShareArn"])?
            .scalar()
    };
    let arn = call.shown("resourceShareArn").or_else(answered)?;
    Some(call.here(arn))
}

/// Whether a principal of a share is ours: an account, a role or user, an
/// organization or a part of it, or a service.
fn is_ours(call: &Call<'_>, principal: &str) -> Tri {
    if is_account(principal) {
        return call.is_ours(principal);
    }
    let Some(arn) = Arn::parse(principal) else {
        // A service by its name, or what nobody here knows.
        return if principal.ends_with(".amazonaws.com") {
            Tri::Yes
        } else {
            Tri::CannotTell
        };
    };
    if arn.service != "organizations" {
        return call.is_ours(arn.account);
    }
    // organization/o-…, ou/o-…/ou-…
    let theirs = arn.resource.split('/').nth(1);
    match (&call.settings.ours.organization, theirs) {
        (Some(ours), Some(theirs)) if ours == theirs => Tri::Yes,
        (Some(_), Some(_)) => Tri::No,
        // A share can name only the organization that the account is in, or
        // one that it leaves behind.
        _ => call.is_ours(arn.account),
    }
}

fn judge(call: &Call<'_>) -> Judged {
    let share = share(call);
    let resource = share
        .as_ref()
        .map(|at| at.resource.clone())
        .unwrap_or_default();
    let asked = call.shown("name").map(|name| name.into_owned());
    let name = asked
        .or_else(|| share.as_ref().map(|at| at.name().to_owned()))
        .unwrap_or_else(|| "?".into());
    let Some(request) = call.request() else {
        let what = format!("resource share {name} was opened, and the record does not say to whom");
        return Judged::CannotTell(Draft::new(resource, what));
    };
    let principals = request.get("principals").map(Json::items);
    let principals = principals.unwrap_or_default();
    let named: Vec<_> = principals.iter().filter_map(|one| one.scalar()).collect();
    let hidden = named.len() < principals.len() || named.iter().any(|one| !is_shown(one));
    let which = |ours| {
        let found = named
            .iter()
            .filter(|one| is_shown(one) && is_ours(call, one) == ours);
        found.map(AsRef::as_ref).collect::<Vec<&str>>()
    };
    let (outside, unclear) = (which(Tri::No), which(Tri::CannotTell));
    if !outside.is_empty() {
        let what = format!("resource share {name} lets {} in", outside.join(", "));
        let mut draft = Draft::new(resource, what);
        for principal in share.iter().flat_map(|share| {
            outside
                .iter()
                .map(|principal| share.clone().item(*principal))
        }) {
            let wish = Gone { at: call.time() };
            draft = draft.step(Step::<SharePrincipal>::new(principal, wish));
        }
        return draft.into();
    }
    if hidden {
        let what =
            format!("resource share {name} was opened to somebody whom the record does not show");
        return Judged::CannotTell(Draft::new(resource, what));
    }
    if !unclear.is_empty() {
        let what = format!(
            "resource share {name} lets {} in, who may not be ours",
            unclear.join(", ")
        );
        return Judged::CannotTell(Draft::new(resource, what).severity(Severity::Medium));
    }
    Judged::Clean
}
