//! Rules of trails and the keys they use.

mod delivery;
mod grants;
mod keys;
mod lake;
mod read;
mod shadow;
mod stores;
mod tags;

use crate::facet::{At, Step};
use crate::facets::kept::AsRecorded;
use crate::facets::trail::{
    InsightsWish, SelectorsWish, TrailConfig, TrailField, TrailInsights, TrailLogging,
    TrailSelectors, TrailTags, TrailWish,
};
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

pub use delivery::DELIVERY_FAILING;
pub use grants::{GRANT_CREATED, GRANT_REVOKED, MATERIAL_DELETED, ROTATION_DISABLED};
pub use keys::{KEY_DELETION, KEY_DISABLED, KEY_LOCKOUT, KEY_OPENED};
pub use lake::{
    CHANNEL_CREATED, CHANNEL_DELETED, CHANNEL_REDIRECTED, ENRICHMENT_WEAKENED, EXPORTED,
    FEDERATION_DISABLED, FEDERATION_ENABLED,
};
pub use shadow::SHADOW_CREATED;
pub use stores::{
    INGESTION_STOPPED, STORE_DELETED, STORE_OPENED, STORE_POLICY_DELETED, STORE_WEAKENED,
};
pub use tags::TAGS_CHANGED;

const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// All rules of this system.
pub static RULES: &[&Rule] = &[
    &LOGGING_STOPPED,
    &DELETED,
    &WEAKENED,
    &SELECTORS_WEAKENED,
    &INSIGHTS_WEAKENED,
    &DELIVERY_FAILING,
    &KEY_DISABLED,
    &KEY_DELETION,
    &KEY_LOCKOUT,
    &KEY_OPENED,
    &GRANT_CREATED,
    &GRANT_REVOKED,
    &ROTATION_DISABLED,
    &MATERIAL_DELETED,
    &SHADOW_CREATED,
    &TAGS_CHANGED,
    &STORE_WEAKENED,
    &STORE_DELETED,
    &INGESTION_STOPPED,
    &STORE_OPENED,
    &STORE_POLICY_DELETED,
    &FEDERATION_ENABLED,
    &FEDERATION_DISABLED,
    &CHANNEL_CREATED,
    &CHANNEL_REDIRECTED,
    &CHANNEL_DELETED,
    &EXPORTED,
    &ENRICHMENT_WEAKENED,
];

/// Row 1 of `events/TABLE.md`.
pub static LOGGING_STOPPED: Rule = Rule {
    id: "trail.logging-stopped",
    title: "Trail stopped",
    severity: Severity::Critical,
    why: "a stopped trail records nothing, and stopping the only one blinds every guard that lives on its events",
    controls: &["CIS AWS Foundations 3.0: 3.1", "ATT&CK T1562.008"],
    rows: &[1],
    function: Function::TrailGuard,
    watches: &[Watch {
        source: "cloudtrail.amazonaws.com",
        names: &["StopLogging"],
    }],
    scope: Scope::Protected,
    revert: Revert::Event,
    deployers_accepted: false,
    facets: &["trail-logging"],
    proof: Proof::Moto,
    judge: |call| {
        let trail = match subject(call, "name") {
            Ok(trail) => trail,
            Err(judged) => return judged,
        };
        let summary = format!("logging of trail {} was stopped", trail.name());
        let step = Step::<TrailLogging>::new(trail.clone(), true).wrote(Some(false));
        Draft::new(trail.resource, summary).step(step).into()
    },
};

/// Row 2 of `events/TABLE.md`.
pub static DELETED: Rule = Rule {
    id: "trail.deleted",
    title: "Trail deleted",
    severity: Severity::Critical,
    why: "a deleted trail records nothing, and its configuration is gone with it",
    controls: &["CIS AWS Foundations 3.0: 3.1", "ATT&CK T1562.008"],
    rows: &[2],
    function: Function::TrailGuard,
    watches: &[Watch {
        source: "cloudtrail.amazonaws.com",
        names: &["DeleteTrail"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: false,
    facets: &[
        "trail-config",
        "bucket-policy",
        "key-state",
        "key-policy",
        "trail-selectors",
        "trail-insights",
        "trail-logging",
        "trail-tags",
    ],
    proof: Proof::Moto,
    judge: |call| {
        let trail = match subject(call, "name") {
            Ok(trail) => trail,
            Err(judged) => return judged,
        };
        let used = call.inventory.of_trail(&trail.resource);
        let wish = TrailWish::Exist {
            bucket_owner: used.and_then(|used| used.bucket_owner.clone()),
            organization: used.and_then(|used| used.organization.clone()),
        };
        let summary = format!("trail {} was deleted", trail.name());
        Draft::new(trail.resource.as_str(), summary)
            .step(Step::<TrailConfig>::new(trail.clone(), wish).wrote(None))
            .step(Step::<TrailSelectors>::new(
                trail.clone(),
                SelectorsWish::AsRecorded,
            ))
            .step(Step::<TrailInsights>::new(
                trail.clone(),
                InsightsWish::Recorded,
            ))
            .step(Step::<TrailLogging>::new(trail.clone(), true))
            // What CloudTrail answers to an update, and what is learnt of it, has no tags.
            .step(Step::<TrailTags>::new(trail, AsRecorded::IfKnown))
            .into()
    },
};

/// Row 3 of `events/TABLE.md`.
pub static WEAKENED: Rule = Rule {
    id: "trail.weakened",
    title: "Trail weakened",
    severity: Severity::High,
    why: "a trail that leaves regions, accounts or digests out, or delivers elsewhere, looks whole and is not",
    controls: &["CIS AWS Foundations 3.0: 3.1, 3.2, 3.5", "ATT&CK T1562.008"],
    rows: &[3],
    function: Function::TrailGuard,
    watches: &[Watch {
        source: "cloudtrail.amazonaws.com",
        names: &["UpdateTrail"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["trail-config", "bucket-policy", "key-state", "key-policy"],
    proof: Proof::Moto,
    judge: |call| {
        let trail = match subject(call, "name") {
            Ok(trail) => trail,
            Err(judged) => return judged,
        };
        let Some(update) = read::update(call, &trail.resource) else {
            let summary = format!(
                "trail {} was updated, and the record does not say how",
                trail.name()
            );
            let all = TrailWish::Hold(read::ALL.to_vec());
            let step = Step::<TrailConfig>::new(trail.clone(), all);
            return Judged::CannotTell(Draft::new(trail.resource, summary).step(step));
        };
        if update.switched_off.is_empty() && update.moved.is_empty() {
            return Judged::Clean;
        }
        let summary = format!(
            "trail {} was weakened: {}",
            trail.name(),
            update.told.join("; ")
        );
        let mut draft = Draft::new(trail.resource.as_str(), summary);
        if !update.certain {
            draft = draft.if_live_agrees();
        }
        // What is off is switched on before anybody is asked where it delivered.
        let (on, other): (Vec<_>, Vec<_>) = update
            .switched_off
            .into_iter()
            .partition(|field| *field != TrailField::Organization);
        let rest: Vec<_> = other.into_iter().chain(update.moved).collect();
        let mut wrote = update.wrote;
        for fields in [on, rest] {
            if !fields.is_empty() {
                let mut step = Step::<TrailConfig>::new(trail.clone(), TrailWish::Hold(fields));
                step.wrote = wrote.take().map(Some);
                draft = draft.step(step);
            }
        }
        draft.into()
    },
};

/// Row 4 of `events/TABLE.md`.
pub static SELECTORS_WEAKENED: Rule = Rule {
    id: "trail.selectors-weakened",
    title: "Trail records less",
    severity: Severity::Critical,
    why: "management events that no trail selects are neither kept nor seen by any guard",
    controls: &["CIS AWS Foundations 3.0: 3.1, 3.8, 3.9", "ATT&CK T1562.008"],
    rows: &[4],
    function: Function::TrailGuard,
    watches: &[Watch {
        source: "cloudtrail.amazonaws.com",
        names: &["PutEventSelectors"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["trail-selectors"],
    proof: Proof::Moto,
    judge: |call| {
        let trail = match subject(call, "trailName") {
            Ok(trail) => trail,
            Err(judged) => return judged,
        };
        let step = Step::<TrailSelectors>::new(trail.clone(), SelectorsWish::Full);
        let name = trail.name();
        let Some(selectors) = read::selectors(call) else {
            let summary = format!(
                "event selectors of trail {name} were put, and the record does not say which"
            );
            return Judged::CannotTell(Draft::new(trail.resource, summary).step(step));
        };
        let full = selectors.form.is_full();
        let step = step.wrote(Some(selectors));
        if full {
            let summary = format!("event selectors of trail {name} were replaced");
            return call.only_the_baseline_tells(Draft::new(trail.resource, summary).step(step));
        }
        // Another trail may select what this one does not.
        let summary = format!("trail {name} no longer selects all management events");
        Draft::new(trail.resource, summary)
            .step(step)
            .if_live_agrees()
            .into()
    },
};

/// Row 5 of `events/TABLE.md`.
pub static INSIGHTS_WEAKENED: Rule = Rule {
    id: "trail.insights-weakened",
    title: "Insights switched off",
    severity: Severity::Medium,
    why: "insights show unusual rates of calls and errors, as an intruder who looks around causes them",
    controls: &["ATT&CK T1562.008"],
    rows: &[5],
    function: Function::TrailGuard,
    watches: &[Watch {
        source: "cloudtrail.amazonaws.com",
        names: &["PutInsightSelectors"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["trail-insights"],
    proof: Proof::Moto,
    judge: |call| {
        if call.parameter("eventDataStore").is_some() {
            return insights_of_store(call);
        }
        let trail = match subject(call, "trailName") {
            Ok(trail) => trail,
            Err(judged) => return judged,
        };
        let name = trail.name();
        let Some(insights) = read::insights(call) else {
            let summary =
                format!("insights of trail {name} were put, and the record does not say which");
            let step = Step::<TrailInsights>::new(trail.clone(), InsightsWish::Recorded);
            return Judged::CannotTell(Draft::new(trail.resource, summary).step(step));
        };
        if insights.is_empty() {
            let step =
                Step::<TrailInsights>::new(trail.clone(), InsightsWish::Some).wrote(Some(insights));
            let summary = format!("all insights of trail {name} were switched off");
            return Draft::new(trail.resource, summary)
                .step(step)
                .if_live_agrees()
                .into();
        }
        let summary = format!("insights of trail {name} were replaced");
        let step =
            Step::<TrailInsights>::new(trail.clone(), InsightsWish::Recorded).wrote(Some(insights));
        call.only_the_baseline_tells(Draft::new(trail.resource, summary).step(step))
    },
};

/// Insights of an event data store: its record does not show the ones before.
fn insights_of_store(call: &Call<'_>) -> Judged {
    let at = match stores::store(call) {
        Ok(at) => at,
        Err(judged) => return judged,
    };
    let name = stores::told(&at);
    match read::insights(call) {
        Some(insights) if insights.is_empty() => {
            let summary = format!("all insights of {name} were switched off; put them again");
            Draft::new(at.resource, summary).into()
        }
        Some(_) => Judged::Clean,
        None => {
            let summary = format!("insights of {name} were put, and the record does not say which");
            Judged::CannotTell(Draft::new(at.resource, summary))
        }
    }
}

/// The protected trail that a call is about; else what the call amounts to.
fn subject(call: &Call<'_>, parameter: &str) -> Result<At, Judged> {
    let Some(trail) = read::trail(call, parameter) else {
        let what = format!(
            "{} on a trail that the record does not name",
            call.record.event_name
        );
        return Err(Judged::CannotTell(Draft::new("", what)));
    };
    if call.settings.protects(&trail.resource, call.inventory) {
        Ok(trail)
    } else {
        Err(Judged::Clean)
    }
}

#[cfg(test)]
mod tests;
