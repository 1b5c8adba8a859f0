//! Rules of what a bucket regularly writes into another: inventories and
//! storage class analyses, which list its objects.

use super::{Bucket, S3, seek, sought, text, unnamed};
use crate::arn::{Arn, is_account};
use crate::facet::Step;
use crate::facets::bucket::{BucketAnalytics, BucketInventory, ExportWish};
use crate::json::Json;
use crate::plan::Plan;
use crate::rule::{Call, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

use auditward_policy::Tri;

const WHY: &str = "a list of all objects of a bucket, written every day into somebody else's, tells them what to steal and when";
const CONTROLS: &[&str] = &["ATT&CK T1530", "ATT&CK T1537"];

/// What the two rules have in common.
const COMMON: Rule = Rule {
    severity: Severity::Medium,
    why: WHY,
    controls: CONTROLS,
    function: Function::BucketGuard,
    scope: Scope::Any,
    revert: Revert::Event,
    deployers_accepted: false,
    proof: Proof::Recorded,
    ..Rule::TELLS
};

/// Row 62 of `events/TABLE.md`.
pub static INVENTORY_EXPORTED: Rule = Rule {
    id: "bucket.inventory-exported",
    title: "Bucket's inventory sent to outsiders",
    rows: &[62],
    watches: &[Watch {
        source: S3,
        names: &["PutBucketInventoryConfiguration"],
    }],
    facets: &["bucket-inventory"],
    judge: |call| {
        judge(call, "inventory", |export, wish| {
            Step::<BucketInventory>::new(export, wish).into()
        })
    },
    ..COMMON
};

/// Row 63 of `events/TABLE.md`.
pub static ANALYTICS_EXPORTED: Rule = Rule {
    id: "bucket.analytics-exported",
    title: "Bucket's storage analysis sent to outsiders",
    rows: &[63],
    watches: &[Watch {
        source: S3,
        names: &["PutBucketAnalyticsConfiguration"],
    }],
    facets: &["bucket-analytics"],
    judge: |call| {
        judge(call, "storage class analysis", |export, wish| {
            Step::<BucketAnalytics>::new(export, wish).into()
        })
    },
    ..COMMON
};

fn judge(
    call: &Call<'_>,
    what: &str,
    step: impl Fn(crate::facet::At, ExportWish) -> Plan,
) -> Judged {
    let Some(bucket) = Bucket::of(call) else {
        return unnamed(call);
    };
    let unclear = |summary: String| {
        let draft = bucket.draft(summary);
        let draft = if bucket.protected {
            draft
        } else {
            draft.severity(Severity::Low)
        };
        Judged::CannotTell(draft)
    };
    let called = bucket.called();
    let Some(request) = call.request().filter(|request| is_told(*request)) else {
        return unclear(format!(
            "{called} got an {what} configuration that the record does not show"
        ));
    };
    let Some(destination) = seek(request, "S3BucketDestination") else {
        // An analysis without an export stays where it is.
        return Judged::Clean;
    };
    let Some(target) = sought(destination, "Bucket") else {
        return unclear(format!(
            "the {what} of {called} goes to a bucket that the record does not name"
        ));
    };
    let name = Arn::parse(&target).map_or(target.as_ref(), |arn| arn.resource);
    let owner = sought(destination, "AccountId")
        .or_else(|| sought(destination, "BucketAccountId"))
        .filter(|owner| is_account(owner));
    let Some(owner) = owner else {
        let arn = format!("arn:{}:s3:::{name}", call.partition());
        let ours = name == bucket.name
            || call.inventory.trails.iter().any(|used| used.bucket == name)
            || (call.settings.given && call.knows_bucket(&arn) == Tri::Yes);
        return if ours {
            Judged::Clean
        } else {
            unclear(format!(
                "the {what} of {called} goes to the bucket {name}, and nothing says whose that is"
            ))
        };
    };
    let summary = format!("the {what} of {called} goes to the bucket {name} of account {owner}");
    match call.is_ours(&owner) {
        Tri::Yes => Judged::Clean,
        Tri::CannotTell => unclear(format!("{summary}, which may not be ours")),
        Tri::No => {
            let mut draft = bucket.draft(summary);
            if bucket.protected {
                draft = draft.severity(Severity::High);
            }
            // Without its ID the configuration cannot be told from others.
            if let Some(id) = text(request, "id").or_else(|| sought(request, "Id")) {
                let wish = ExportWish {
                    bucket: name.to_owned(),
                };
                draft = draft.step(step(bucket.at.clone().item(id), wish));
            }
            draft.into()
        }
    }
}

/// Whether the record has the configuration itself.
fn is_told(request: Json<'_>) -> bool {
    ["InventoryConfiguration", "AnalyticsConfiguration"]
        .into_iter()
        .any(|name| seek(request, name).is_some_and(Json::is_object))
}
