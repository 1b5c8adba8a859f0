//! Rules of what surrounds event data stores and is told only: federation,
//! channels, exports, enrichment.

use auditward_policy::Tri;

use super::CLOUDTRAIL;
use super::stores::{store, told};
use crate::arn::partition_of;
use crate::facet::At;
use crate::json::Json;
use crate::rule::{Call, Draft, Function, Judged, Rule, Scope, Severity, Watch, is_shown};

/// What these rules have in common.
const TELLS: Rule = Rule {
    controls: &["ATT&CK T1562.008"],
    function: Function::TrailGuard,
    ..Rule::TELLS
};

/// Row 15 of `events/TABLE.md`.
pub static FEDERATION_ENABLED: Rule = Rule {
    id: "store.federation-enabled",
    title: "Event data store federated",
    severity: Severity::High,
    why: "whoever holds the federation's role reads the whole store with Athena, past CloudTrail's own permissions",
    controls: &["ATT&CK T1530"],
    rows: &[15],
    watches: &[Watch {
        source: CLOUDTRAIL,
        names: &["EnableFederation"],
    }],
    judge: |call| match store(call) {
        Err(judged) => judged,
        Ok(at) => {
            let role = call.shown("federationRoleArn").unwrap_or_default();
            if call.settings.is_approved(&role, None) {
                return Judged::Clean;
            }
            let what = format!(
                "{} can be queried through Glue and Athena with role {role}",
                told(&at)
            );
            Draft::new(at.resource, what).into()
        }
    },
    ..TELLS
};

/// Row 16 of `events/TABLE.md`.
pub static FEDERATION_DISABLED: Rule = Rule {
    id: "store.federation-disabled",
    title: "Federation of an event data store ended",
    severity: Severity::Medium,
    why: "investigators who query the store with Athena see nothing any longer",
    rows: &[16],
    watches: &[Watch {
        source: CLOUDTRAIL,
        names: &["DisableFederation"],
    }],
    judge: |call| match store(call) {
        Err(judged) => judged,
        Ok(at) => {
            let what = format!("{} can no longer be queried with Athena", told(&at));
            Draft::new(at.resource, what).into()
        }
    },
    ..TELLS
};

/// Row 17 of `events/TABLE.md`.
pub static CHANNEL_CREATED: Rule = Rule {
    id: "channel.created",
    title: "Channel into an event data store",
    severity: Severity::High,
    why: "through a channel others put events of their own making beside the recorded ones",
    controls: &["ATT&CK T1565.001"],
    rows: &[17],
    watches: &[Watch {
        source: CLOUDTRAIL,
        names: &["CreateChannel"],
    }],
    judge: |call| {
        let source = call.shown("source").unwrap_or_default();
        let name = call.shown("name").unwrap_or_default();
        let what = format!("channel {name} lets {source} put events in");
        destinations(call, &what)
    },
    ..TELLS
};

/// Row 18 of `events/TABLE.md`.
pub static CHANNEL_REDIRECTED: Rule = Rule {
    id: "channel.redirected",
    title: "Channel redirected",
    severity: Severity::High,
    why: "events that a channel brought in go elsewhere, or forged ones come in",
    controls: &["ATT&CK T1565.001", "ATT&CK T1562.008"],
    rows: &[18],
    watches: &[Watch {
        source: CLOUDTRAIL,
        names: &["UpdateChannel"],
    }],
    judge: |call| {
        let changed = call
            .request()
            .map(|request| request.get("destinations").is_some());
        if changed == Some(false) {
            return Judged::Clean;
        }
        let at = channel(call);
        if let Some(at) = at.filter(|at| call.settings.protects(&at.resource, call.inventory)) {
            let what = format!("the destinations of {} were replaced", told(&at));
            return Draft::new(at.resource, what).into();
        }
        let name = call.shown("channel").unwrap_or_default();
        destinations(call, &format!("channel {name} was redirected there"))
    },
    ..TELLS
};

/// Rows 19 and 20 of `events/TABLE.md`.
pub static CHANNEL_DELETED: Rule = Rule {
    id: "channel.deleted",
    title: "Channel deleted",
    severity: Severity::High,
    why: "what the channel brought in, or handed to the service that it is linked to, is missing from now on",
    rows: &[19, 20],
    watches: &[Watch {
        source: CLOUDTRAIL,
        names: &["DeleteChannel", "DeleteServiceLinkedChannel"],
    }],
    judge: |call| match call.guarded(channel(call)) {
        Err(judged) => judged,
        Ok(at) => {
            let what = format!(
                "{} was deleted; a new one has another ARN, which who delivers to it must be told",
                told(&at)
            );
            Draft::new(at.resource, what).into()
        }
    },
    ..TELLS
};

/// Row 21 of `events/TABLE.md`.
pub static EXPORTED: Rule = Rule {
    id: "store.exported",
    title: "Query results delivered elsewhere",
    severity: Severity::High,
    why: "a query without a condition delivers a whole event data store to a bucket in one go",
    controls: &["ATT&CK T1530", "ATT&CK T1567"],
    rows: &[21],
    watches: &[Watch {
        source: CLOUDTRAIL,
        names: &["StartQuery"],
    }],
    scope: Scope::Account,
    judge: exported,
    ..TELLS
};

/// Row 24 of `events/TABLE.md`.
pub static ENRICHMENT_WEAKENED: Rule = Rule {
    id: "store.enrichment-weakened",
    title: "Enrichment of events weakened",
    severity: Severity::Medium,
    why: "large events are cut off, and tags and context keys that tell whom an event concerns are missing",
    rows: &[24],
    watches: &[Watch {
        source: CLOUDTRAIL,
        names: &["PutEventConfiguration"],
    }],
    judge: enrichment,
    ..TELLS
};

/// The channel that a call is about, by its ARN or its ID.
fn channel(call: &Call<'_>) -> Option<At> {
    let listed = || {
        let mut arns = call
            .record
            .resources()
            .into_iter()
            .filter_map(|(arn, _)| arn);
        let arn = arns.find(|arn| arn.contains(":channel/"))?;
        let parsed = crate::arn::Arn::parse(&arn)?;
        Some(At::new(parsed.account, parsed.region, arn.as_ref()))
    };
    call.named("channel", "cloudtrail", "channel/")
        .or_else(listed)
        .or_else(|| super::read::refused_at(call))
}

/// One finding for each guarded store among a channel's destinations.
fn destinations(call: &Call<'_>, what: &str) -> Judged {
    let Some(list) = call
        .request()
        .and_then(|request| request.get("destinations"))
    else {
        return call.unnamed();
    };
    let mut found = Vec::new();
    for destination in list.items() {
        let Some(location) = destination.string("location").filter(|one| is_shown(one)) else {
            return call.unnamed();
        };
        let arn = if location.starts_with("arn:") {
            location.into_owned()
        } else {
            call.arn("cloudtrail", &format!("eventdatastore/{location}"))
        };
        if call.settings.protects(&arn, call.inventory) {
            let name = arn.rsplit('/').next().unwrap_or_default();
            let what = format!("{what}: event data store {name}");
            found.push(Draft::new(arn.as_str(), what));
        }
    }
    if found.is_empty() {
        Judged::Clean
    } else {
        Judged::Violation(found)
    }
}

fn exported(call: &Call<'_>) -> Judged {
    if !call
        .settings
        .holds_protected(&call.account(), call.inventory)
    {
        return Judged::Clean;
    }
    let Some(request) = call.request() else {
        return call.unnamed();
    };
    let Some(to) = request.string("deliveryS3Uri").filter(|to| !to.is_empty()) else {
        return Judged::Clean;
    };
    let bucket = to.strip_prefix("s3://").unwrap_or(&to);
    let bucket = bucket.split('/').next().unwrap_or_default();
    let partition = partition_of(&call.record.region);
    let arn = format!("arn:{partition}:s3:::{bucket}");
    let id = call
        .record
        .response()
        .and_then(|response| response.string("queryId"))
        .unwrap_or_default();
    let what = format!(
        "query {id} delivers its results to {to}; cancel it, and look at what it asked for, if nobody knows of it"
    );
    let draft = Draft::new(arn.as_str(), what.as_str());
    // A bucket's name does not tell whose it is.
    if !call.settings.given || !is_shown(&to) {
        return Judged::CannotTell(draft);
    }
    match call.knows_bucket(&arn) {
        Tri::Yes => Judged::Clean,
        Tri::No => draft.into(),
        Tri::CannotTell => {
            let what = format!("{what}. It is a bucket {}", super::shadow::NOT_SHOWN);
            Judged::CannotTell(Draft::new(arn.as_str(), what))
        }
    }
}

fn enrichment(call: &Call<'_>) -> Judged {
    let guarded = if call.parameter("trailName").is_some() {
        match super::subject(call, "trailName") {
            Ok(at) => at,
            Err(judged) => return judged,
        }
    } else {
        match store(call) {
            Ok(at) => at,
            Err(judged) => return judged,
        }
    };
    let Some(request) = call.request() else {
        return call.unnamed();
    };
    let none = |name| {
        request
            .get(name)
            .is_some_and(|list: Json<'_>| list.items().is_empty())
    };
    let mut says = Vec::new();
    if request.string("maxEventSize").as_deref() == Some("Standard") {
        says.push("large events are cut off");
    }
    if none("contextKeySelectors") {
        says.push("events are no longer enriched");
    }
    if none("aggregationConfigurations") {
        says.push("data events are no longer summed up");
    }
    if says.is_empty() {
        return Judged::Clean;
    }
    let what = format!("of {}: {}", guarded.name(), says.join("; "));
    Draft::new(guarded.resource, what).into()
}
