//! Rules of event data stores and of who is let in to them.

use std::borrow::Cow;

use auditward_policy::{Document, Foreign, Kind, analyze};

use super::{CLOUDTRAIL, read};
use crate::actor::Actor;
use crate::facet::{At, PolicyState, Step};
use crate::facets::store::{
    PolicyWish, StoreConfig, StoreField, StoreLife, StoreLifeWish, StorePolicy, StoreSettings,
    StoreState, StoreWish,
};
use crate::json::Json;
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// What the rules that put an event data store back have in common.
const STORE: Rule = Rule {
    severity: Severity::Critical,
    controls: &["ATT&CK T1562.008", "ATT&CK T1485"],
    function: Function::TrailGuard,
    scope: Scope::Protected,
    revert: Revert::Event,
    deployers_accepted: false,
    proof: Proof::Recorded,
    ..Rule::TELLS
};

/// Row 10 of `events/TABLE.md`.
pub static STORE_WEAKENED: Rule = Rule {
    id: "store.weakened",
    title: "Event data store weakened",
    severity: Severity::High,
    why: "a store that keeps less, for less long, or can be deleted just like that loses evidence without a sound",
    rows: &[10],
    watches: &[Watch {
        source: CLOUDTRAIL,
        names: &["UpdateEventDataStore"],
    }],
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["store-config"],
    judge: weakened,
    ..STORE
};

/// Row 11 of `events/TABLE.md`.
pub static STORE_DELETED: Rule = Rule {
    id: "store.deleted",
    title: "Event data store deleted",
    why: "seven days after its deletion everything that an event data store kept is gone for good",
    rows: &[11],
    watches: &[Watch {
        source: CLOUDTRAIL,
        names: &["DeleteEventDataStore"],
    }],
    facets: &["store-state"],
    judge: |call| {
        let (wish, wrote) = (StoreLifeWish::Kept, StoreLife::PendingDeletion);
        life(call, "was deleted", wish, wrote)
    },
    ..STORE
};

/// Row 12 of `events/TABLE.md`.
pub static INGESTION_STOPPED: Rule = Rule {
    id: "store.ingestion-stopped",
    title: "Event data store stopped",
    why: "what happens while a store takes nothing in is never in it",
    rows: &[12],
    watches: &[Watch {
        source: CLOUDTRAIL,
        names: &["StopEventDataStoreIngestion"],
    }],
    facets: &["store-state"],
    judge: |call| {
        let (wish, wrote) = (StoreLifeWish::Ingesting, StoreLife::Stopped);
        life(call, "was stopped", wish, wrote)
    },
    ..STORE
};

/// Row 13 of `events/TABLE.md`.
pub static STORE_OPENED: Rule = Rule {
    id: "store.policy-opened",
    title: "Event data store opened",
    why: "a policy that lets outsiders in hands them the recorded events, or lets them put forged ones beside them",
    controls: &["ATT&CK T1530", "ATT&CK T1565.001"],
    rows: &[13],
    watches: &[Watch {
        source: CLOUDTRAIL,
        names: &["PutResourcePolicy"],
    }],
    revert: Revert::Live,
    facets: &["store-policy"],
    judge: opened,
    ..STORE
};

/// Row 14 of `events/TABLE.md`.
pub static STORE_POLICY_DELETED: Rule = Rule {
    id: "store.policy-deleted",
    title: "Policy of an event data store deleted",
    severity: Severity::High,
    why: "what the policy denied is no longer denied, and those who deliver or read by it no longer can",
    rows: &[14],
    watches: &[Watch {
        source: CLOUDTRAIL,
        names: &["DeleteResourcePolicy"],
    }],
    revert: Revert::Baseline,
    facets: &["store-policy"],
    judge: |call| {
        let at = match call.guarded(call.named("resourceArn", "cloudtrail", "eventdatastore/")) {
            Ok(at) => at,
            Err(judged) => return judged,
        };
        let wish = PolicyWish {
            outsiders: false,
            ..PolicyWish::whole()
        };
        let summary = format!("the policy of {} was deleted", told(&at));
        let step = Step::<StorePolicy>::new(at.clone(), wish).wrote(PolicyState::Absent);
        Draft::new(at.resource, summary).step(step).into()
    },
    ..STORE
};

/// The event data store that a call is about, where it is guarded; else what
/// the call amounts to.
pub(super) fn store(call: &Call<'_>) -> Result<At, Judged> {
    let answered = call
        .record
        .response()
        .and_then(|response| response.string("eventDataStoreArn"))
        .filter(|arn| arn.contains(":eventdatastore/"));
    let at = match answered {
        Some(arn) => crate::arn::Arn::parse(&arn)
            .map(|parsed| At::new(parsed.account, parsed.region, arn.as_ref())),
        None => call
            .named("eventDataStore", "cloudtrail", "eventdatastore/")
            .or_else(|| read::refused_at(call)),
    };
    call.guarded(at)
}

/// What a resource of CloudTrail Lake is called.
pub(super) fn told(at: &At) -> String {
    let sort = match at.resource.split(':').nth(5).unwrap_or_default() {
        rest if rest.starts_with("channel/") => "channel",
        rest if rest.starts_with("dashboard/") => "dashboard",
        _ => "event data store",
    };
    format!("{sort} {}", at.name())
}

fn life(call: &Call<'_>, what: &str, wish: StoreLifeWish, wrote: StoreLife) -> Judged {
    let at = match store(call) {
        Ok(at) => at,
        Err(judged) => return judged,
    };
    let summary = format!("{} {what}", told(&at));
    let step = Step::<StoreState>::new(at.clone(), wish).wrote(wrote);
    Draft::new(at.resource, summary).step(step).into()
}

fn weakened(call: &Call<'_>) -> Judged {
    let at = match store(call) {
        Ok(at) => at,
        Err(judged) => return judged,
    };
    let called = told(&at);
    let step = |hold: &[StoreField]| {
        let hold = hold.to_vec();
        Step::<StoreConfig>::new(at.clone(), StoreWish { hold })
    };
    let Some(request) = call.request() else {
        let summary = format!("{called} was updated, and the record does not say how");
        let draft = Draft::new(at.resource.as_str(), summary).step(step(&StoreField::ALL));
        return Judged::CannotTell(draft);
    };
    let off = |name| request.get(name).and_then(Json::boolean) == Some(false);
    let mut says = Vec::new();
    // What was switched off is certain; what was replaced may even be more.
    let unprotected = off("terminationProtectionEnabled");
    if unprotected {
        says.push("it is no longer protected against deletion".to_owned());
    }
    let (mut certain, mut replaced) = (unprotected, Vec::new());
    for (name, field, what) in [
        ("multiRegionEnabled", StoreField::MultiRegion, "regions"),
        ("organizationEnabled", StoreField::Organization, "accounts"),
    ] {
        if off(name) {
            certain = true;
            replaced.push(field);
            says.push(format!("other {what} are left out"));
        }
    }
    if let Some(days) = request.get("retentionPeriod").and_then(Json::number) {
        replaced.push(StoreField::Retention);
        says.push(format!("events are kept for {days} days"));
    }
    if request.get("advancedEventSelectors").is_some() {
        replaced.push(StoreField::Selectors);
        says.push("its event selectors were replaced".into());
    }
    if says.is_empty() {
        return Judged::Clean;
    }
    let summary = format!("{called} was updated: {}", says.join("; "));
    let mut draft = Draft::new(at.resource.as_str(), summary);
    let protection = unprotected.then(|| vec![StoreField::TerminationProtection]);
    let mut wrote = call.record.response().and_then(settings);
    for hold in protection.into_iter().chain([replaced]) {
        if !hold.is_empty() {
            let mut step = step(&hold);
            step.wrote = wrote.take().map(Some);
            draft = draft.step(step);
        }
    }
    if certain {
        draft.into()
    } else if call.settings.is_deployer(Actor::of(call.record)) {
        draft.if_live_agrees().into()
    } else {
        // Less than before or more: only the known configuration tells.
        Judged::CannotTell(draft)
    }
}

/// The configuration as `UpdateEventDataStore` answers with it, whole or not at all.
fn settings(answer: Json<'_>) -> Option<StoreSettings> {
    let on = |name| answer.get(name).and_then(Json::boolean);
    Some(StoreSettings {
        retention_days: answer
            .get("retentionPeriod")
            .and_then(Json::number)
            .and_then(|days| days.try_into().ok())?,
        termination_protection: on("terminationProtectionEnabled")?,
        multi_region: on("multiRegionEnabled")?,
        organization: on("organizationEnabled")?,
        selectors: read::advanced_selectors(answer.get("advancedEventSelectors")?)?,
    })
}

fn opened(call: &Call<'_>) -> Judged {
    let at = match call.guarded(call.named("resourceArn", "cloudtrail", "eventdatastore/")) {
        Ok(at) => at,
        Err(judged) => return judged,
    };
    let step = Step::<StorePolicy>::new(at.clone(), PolicyWish::whole());
    let called = told(&at);
    let Some(document) = written(call) else {
        let summary =
            format!("the policy of {called} was replaced, and the record does not say by which");
        return Judged::CannotTell(Draft::new(at.resource, summary).step(step));
    };
    let analysis = analyze(&document, Kind::Store, &call.zone(&at.account));
    let step = step.wrote(PolicyState::Document(document));
    let draft = |what: &str| {
        Draft::new(
            at.resource.as_str(),
            format!("the policy of {called} {what}"),
        )
        .step(step.clone())
    };
    match &analysis.foreign {
        Foreign::Yes => {
            let mut who: Vec<_> = analysis
                .admissions
                .iter()
                .flat_map(|one| one.principals.iter().map(String::as_str))
                .collect();
            who.dedup();
            draft(&format!("lets {} in", who.join(", "))).into()
        }
        Foreign::CannotTell(why) => {
            Judged::CannotTell(draft(&format!("may let outsiders in: {why}")))
        }
        // What a deployer wrote and lets no outsider in is the deployer's business.
        Foreign::No if call.settings.is_deployer(Actor::of(call.record)) => Judged::Clean,
        Foreign::No => call.only_the_baseline_tells(
            draft(
                "was replaced; whether a statement that protects it was lost, only the known policy tells",
            ),
        ),
    }
}

/// The document that a `PutResourcePolicy` set: a string of JSON, or an object.
fn written(call: &Call<'_>) -> Option<Document> {
    let policy = call.request()?.get("resourcePolicy")?;
    let text = if policy.is_object() {
        Cow::Borrowed(policy.text())
    } else {
        policy.scalar()?
    };
    match PolicyState::read(&text) {
        PolicyState::Document(document) => Some(document),
        PolicyState::Absent | PolicyState::Unparsable { .. } => None,
    }
}
