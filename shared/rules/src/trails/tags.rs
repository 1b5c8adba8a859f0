//! Rules of the tags of trails and event data stores.

use super::CLOUDTRAIL;
use crate::facet::{At, Step};
use crate::facets::kept::AsRecorded;
use crate::facets::trail::TrailTags;
use crate::json::Json;
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Rows 8 and 9 of `events/TABLE.md`.
pub static TAGS_CHANGED: Rule = Rule {
    id: "trail.tags-changed",
    title: "Tags of a trail changed",
    severity: Severity::Medium,
    why: "policies that protect a trail by its tag protect it no longer once the tag is gone or has another value",
    controls: &["ATT&CK T1562.008"],
    rows: &[8, 9],
    function: Function::TrailGuard,
    watches: &[Watch {
        source: CLOUDTRAIL,
        names: &["AddTags", "RemoveTags"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    facets: &["trail-tags"],
    proof: Proof::Moto,
    judge: changed,
    ..Rule::TELLS
};

fn changed(call: &Call<'_>) -> Judged {
    let at = call.named("resourceId", "cloudtrail", "trail/");
    // Channels and dashboards deliver nothing that a trail or a store keeps.
    if at.as_ref().is_some_and(|at| !is_kept(at)) {
        return Judged::Clean;
    }
    let at = match call.guarded(at) {
        Ok(at) => at,
        Err(judged) => return judged,
    };
    let list = call
        .request()
        .and_then(|request| request.get("tagsList"))
        .map(Json::items);
    if list.as_ref().is_some_and(Vec::is_empty) {
        return Judged::Clean;
    }
    let tags = list.unwrap_or_default().into_iter();
    let keys: Vec<_> = tags.filter_map(|tag| tag.string("key")).collect();
    let name = at.name();
    let keys = if keys.is_empty() {
        String::new()
    } else {
        format!(" ({})", keys.join(", "))
    };
    let step = Step::<TrailTags>::new(at.clone(), AsRecorded::Baseline);
    if call.record.plain_name() == "RemoveTags" {
        let summary = format!("tags of {name} were removed{keys}");
        return Draft::new(at.resource, summary).step(step).into();
    }
    // A new tag harms nobody; whether one was overwritten only the known tags tell.
    let summary = format!("tags of {name} were put{keys}, which may have had other values");
    let draft = Draft::new(at.resource, summary).step(step);
    if call.settings.given {
        draft.if_live_agrees().into()
    } else {
        Judged::CannotTell(draft)
    }
}

fn is_kept(at: &At) -> bool {
    at.resource.contains(":trail/") || at.resource.contains(":eventdatastore/")
}
