//! Rules of exports, vended log delivery, transformers and tags.

use super::{LOGS, group, guarded_group, listed, name};
use crate::arn::{Arn, glob};
use crate::facet::{At, Step};
use crate::facets::logs::ExportTask;
use crate::facets::made::Gone;
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Severity, Watch};

/// Row 193 of `events/TABLE.md`. A bucket's name does not say whose it is: those that
/// trails deliver to and that the settings name are ours.
pub static EXPORTED: Rule = Rule {
    id: "log-group.exported",
    title: "Log group exported",
    severity: Severity::High,
    why: "an export copies all that a log group holds to a bucket in one go",
    controls: &["ATT&CK T1537"],
    rows: &[193],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["CreateExportTask"],
    }],
    revert: Revert::Event,
    deployers_accepted: true,
    facets: &["export-task"],
    proof: Proof::Recorded,
    judge: exported,
    ..Rule::TELLS
};

/// Rows 195 to 197 of `events/TABLE.md`.
pub static DELIVERY_REMOVED: Rule = Rule {
    id: "log-delivery.removed",
    title: "Vended log delivery removed",
    severity: Severity::Low,
    why: "a service whose delivery is removed no longer writes its logs",
    controls: &["ATT&CK T1562.008"],
    rows: &[195, 196, 197],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &[
            "DeleteDelivery",
            "DeleteDeliveryDestination",
            "DeleteDeliverySource",
        ],
    }],
    judge: |call| {
        let (parameter, kind) = match &*call.record.event_name {
            "DeleteDelivery" => ("id", "delivery:"),
            "DeleteDeliverySource" => ("name", "delivery-source:"),
            _ => ("name", "delivery-destination:"),
        };
        match super::guarded(call, parameter, "logs", kind) {
            Err(judged) => judged,
            Ok(at) => {
                let kind = kind.trim_end_matches(':').replace('-', " ");
                let summary = format!("the {kind} {} was deleted", name(&at));
                Draft::new(at.resource, summary).into()
            }
        }
    },
    ..Rule::TELLS
};

/// Row 198 of `events/TABLE.md`.
pub static TRANSFORMED: Rule = Rule {
    id: "log-group.transformed",
    title: "Log transformer put on a guarded group",
    severity: Severity::Low,
    why: "a transformer changes events as they come in, and filters then see what it left",
    controls: &["ATT&CK T1565.002"],
    rows: &[198],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["PutTransformer"],
    }],
    judge: |call| match guarded_group(call, &["logGroupIdentifier"]) {
        Err(judged) => judged,
        Ok(at) => {
            let summary = format!("events of log group {} are now transformed", name(&at));
            Draft::new(at.resource, summary).into()
        }
    },
    ..Rule::TELLS
};

/// Rows 199 and 200 of `events/TABLE.md`.
pub static TAGS_REMOVED: Rule = Rule {
    id: "log-tags.removed",
    title: "Tags of a guarded log group removed",
    severity: Severity::Low,
    why: "policies that guard by tag no longer guard what lost its tags",
    controls: &["ATT&CK T1562.008"],
    rows: &[199, 200],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["UntagLogGroup", "UntagResource"],
    }],
    judge: untagged,
    ..Rule::TELLS
};

fn exported(call: &Call<'_>) -> Judged {
    let at = match guarded_group(call, &["logGroupName"]) {
        Ok(at) => at,
        Err(judged) => return judged,
    };
    let bucket = call.shown("destination");
    if bucket
        .as_deref()
        .is_some_and(|bucket| is_ours(call, bucket))
    {
        return Judged::Clean;
    }
    let summary = match bucket {
        Some(bucket) => format!(
            "log group {} is exported to the bucket {bucket}, which is none that the settings name",
            name(&at)
        ),
        None => format!(
            "log group {} is exported, and the record does not say where",
            name(&at)
        ),
    };
    let draft = Draft::new(&at.resource, summary);
    let task = call
        .record
        .response()
        .and_then(|response| response.string("taskId"));
    Judged::CannotTell(match task {
        Some(task) => {
            let gone = Gone { at: call.time() };
            draft.step(Step::<ExportTask>::new(at.item(task), gone))
        }
        None => draft,
    })
}

/// Whether a bucket is known to be ours.
fn is_ours(call: &Call<'_>, bucket: &str) -> bool {
    let arn = format!("arn:{}:s3:::{bucket}", call.partition());
    let named = call.settings.protected.resources.iter();
    call.inventory.uses(&arn)
        || named
            .filter(|pattern| Arn::parse(pattern).is_some_and(|arn| arn.service == "s3"))
            .any(|pattern| glob(pattern, &arn))
}

/// A log group by name or ARN, or another resource of CloudWatch Logs by its ARN.
fn tagged(call: &Call<'_>) -> Option<At> {
    group(call, &["logGroupName", "resourceArn"]).or_else(|| call.named("resourceArn", "logs", ""))
}

fn untagged(call: &Call<'_>) -> Judged {
    let at = match call.guarded(tagged(call)) {
        Ok(at) => at,
        Err(judged) => return judged,
    };
    let mut keys = listed(call, "tagKeys");
    keys.extend(listed(call, "tags"));
    let which = if keys.is_empty() {
        "tags".into()
    } else {
        format!("the tags {}", keys.join(", "))
    };
    let summary = format!("{} lost {which}", name(&at));
    Draft::new(at.resource, summary).into()
}
