//! Rules of where a bucket's objects are copied to.

use super::{Bucket, HIDDEN, S3, never_accepted, owned, unreadable};
use crate::facet::{Facet, Step};
use crate::facets::bucket::{
    BucketReplication, Destination, Replication, ReplicationFilter, ReplicationRule, Tag,
    TargetsWish, Timed, Whose,
};
use crate::json::Json;
use crate::rule::{Call, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 42 of `events/TABLE.md`.
pub static REPLICATION_CHANGED: Rule = Rule {
    id: "bucket.replication-changed",
    title: "Logs copied to a stranger, or no longer to where they belong",
    severity: Severity::High,
    why: "replication hands every new log to whoever owns the destination, and the copy in another account is what survives an intruder in this one",
    controls: &["ATT&CK T1537", "ATT&CK T1562.008"],
    rows: &[42],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutBucketReplication"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["bucket-replication"],
    proof: Proof::Moto,
    judge: changed,
};

/// Row 43 of `events/TABLE.md`.
pub static REPLICATION_DELETED: Rule = Rule {
    id: "bucket.replication-deleted",
    title: "Replication of a guarded bucket deleted",
    severity: Severity::High,
    why: "without replication the copy in another account, which survives an intruder in this one, gets nothing more",
    controls: &["ATT&CK T1562.008", "ATT&CK T1490"],
    rows: &[43],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["DeleteBucketReplication"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["bucket-replication"],
    proof: Proof::Moto,
    judge: |call| match Bucket::guarded(call) {
        Err(judged) => judged,
        Ok(bucket) => {
            let wish = TargetsWish::of(call.inventory).some();
            let step = Step::<BucketReplication>::new(bucket.at.clone(), wish)
                .wrote(Replication::default());
            let what = format!("the replication of {} was deleted", bucket.called());
            // S3 accepts the call also where there was none.
            bucket.draft(what).step(step).if_live_agrees().into()
        }
    },
};

fn changed(call: &Call<'_>) -> Judged {
    let bucket = match Bucket::guarded(call) {
        Ok(bucket) => bucket,
        Err(judged) => return judged,
    };
    let wish = TargetsWish::of(call.inventory);
    let step = |wish: TargetsWish| Step::<BucketReplication>::new(bucket.at.clone(), wish);
    let Some(written) = call.request().and_then(written) else {
        return Judged::CannotTell(unreadable(&bucket, "the replication").step(step(wish)));
    };
    let name = bucket.called();
    let told = BucketReplication::tell(&written);
    let enabled: Vec<_> = written.rules.iter().filter(|rule| rule.enabled).collect();
    if enabled.is_empty() {
        let what = format!("{name} is no longer replicated: every rule is disabled");
        let step = step(wish.some()).wrote(written);
        return bucket.draft(what).step(step).if_live_agrees().into();
    }
    let owner = bucket.at.account.as_str();
    let whose = |rule: &&ReplicationRule| {
        let to = &rule.destination;
        wish.whose(&to.bucket, to.account.as_deref(), call.settings, owner)
    };
    let (foreign, unnamed) = enabled
        .iter()
        .fold((false, false), |(foreign, unnamed), rule| {
            let whose = whose(rule);
            (
                foreign || whose == Whose::Foreign,
                unnamed || whose == Whose::Unnamed,
            )
        });
    let foreign_role = written.has_foreign_role(owner);
    let step = step(wish.clone()).wrote(written);
    if foreign || foreign_role {
        let what = format!("{name} is replicated to or by a stranger: {told}");
        return never_accepted(call, bucket.draft(what).step(step));
    }
    if unnamed {
        let what = format!("{name} is replicated to a bucket that nobody named: {told}");
        let draft = bucket.draft(what).step(step);
        return if call.settings.given {
            // The baseline may know it.
            draft.if_live_agrees().into()
        } else {
            Judged::CannotTell(draft)
        };
    }
    let what = format!("the replication of {name} was replaced: {told}");
    call.only_the_baseline_tells(bucket.draft(what).step(step))
}

/// The rules that were written; `None` where they cannot be read in full.
fn written(request: Json<'_>) -> Option<Replication> {
    let asked = request
        .get("ReplicationConfiguration")
        .filter(|asked| asked.is_object())?;
    if asked.text().contains(HIDDEN) {
        return None;
    }
    let rules: Option<Vec<_>> = asked.get("Rule")?.items().into_iter().map(rule).collect();
    Some(Replication {
        role: owned(asked, "Role").unwrap_or_default(),
        rules: rules?,
    })
}

fn rule(json: Json<'_>) -> Option<ReplicationRule> {
    let on = |names: &[&str]| Some(owned(json.path(names)?, "Status")? == "Enabled");
    let filter = json.get("Filter").map(|filter| {
        let inner = filter.get("And").unwrap_or(filter);
        let tags = ["Tag", "Tags"]
            .into_iter()
            .filter_map(|name| inner.get(name));
        let tag = |tag| Tag {
            key: owned(tag, "Key").unwrap_or_default(),
            value: owned(tag, "Value").unwrap_or_default(),
        };
        ReplicationFilter {
            prefix: owned(inner, "Prefix"),
            tags: tags.flat_map(Json::items).map(tag).collect(),
        }
    });
    let to = json.get("Destination")?;
    let timed = |name, limit| {
        let json = to.get(name)?;
        let minutes = json.path(&[limit, "Minutes"]).and_then(Json::number);
        Some(Timed {
            on: owned(json, "Status")? == "Enabled",
            minutes: minutes.and_then(|minutes| i32::try_from(minutes).ok()),
        })
    };
    let destination = Destination {
        bucket: owned(to, "Bucket")?,
        account: owned(to, "Account").filter(|account| !account.is_empty()),
        class: owned(to, "StorageClass"),
        owner: to
            .get("AccessControlTranslation")
            .and_then(|json| owned(json, "Owner")),
        key: to
            .get("EncryptionConfiguration")
            .and_then(|json| owned(json, "ReplicaKmsKeyID")),
        time: timed("ReplicationTime", "Time"),
        metrics: timed("Metrics", "EventThreshold"),
    };
    let priority = json.get("Priority").and_then(Json::number);
    let criteria = "SourceSelectionCriteria";
    Some(ReplicationRule {
        id: owned(json, "ID"),
        priority: priority.and_then(|priority| i32::try_from(priority).ok()),
        enabled: owned(json, "Status")? == "Enabled",
        filter,
        prefix: owned(json, "Prefix"),
        destination,
        delete_markers: on(&["DeleteMarkerReplication"]),
        encrypted_objects: on(&[criteria, "SseKmsEncryptedObjects"]),
        replica_changes: on(&[criteria, "ReplicaModifications"]),
        existing_objects: on(&["ExistingObjectReplication"]),
    })
}
