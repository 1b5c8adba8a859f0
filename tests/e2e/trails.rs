//! Trails and their keys, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::stage::{ENFORCE, OPERATOR, OWN, Stage};
use auditward_tests::story::{self, Ends, Row};
use serde_json::{Value, json};

const FUNCTION: &str = "trail-guard";

static ROWS: &[Row] = &[
    Row::back("trail.logging-stopped.violation.by-arn").for_good(),
    Row::back("trail.logging-stopped.violation.by-name").for_good(),
    Row::back("trail.deleted.violation.by-name")
        .for_good()
        .unknown(Ends::Untouched("by-hand")),
    Row::back("trail.weakened.violation.one-region").unknown(Ends::Safe(in_all_regions)),
    Row::back("trail.weakened.violation.validation-off").unknown(Ends::Safe(in_all_regions)),
    Row::back("trail.selectors-weakened.violation.management-off"),
    Row::back("trail.insights-weakened.violation.none").unknown(Ends::Untouched("by-hand")),
    Row::back("key.disabled.violation.by-id").for_good(),
    Row::back("key.deletion-scheduled.violation.by-id").for_good(),
    Row::back("key.policy-lockout.violation.cloudtrail-lost").ends(Ends::Safe(cloudtrail_encrypts)),
    Row::back("key.policy-opened.violation.foreign-account").ends(Ends::Safe(only_ours_decrypt)),
    Row::back("key.policy-opened.violation.everybody"),
    Row::back("key.grant-created.violation.foreign-role").for_good(),
    Row::back("key.grant-revoked.violation.by-id").unknown(Ends::Untouched("by-hand")),
    Row::back("key.rotation-disabled.violation.by-id")
        .for_good()
        .unknown(Ends::Safe(rotated)),
    Row::back("trail.tags-changed.violation.removed").unknown(Ends::Untouched("by-hand")),
    Row::back("trail.tags-changed.cannot-tell.put").unknown(Ends::Untouched("by-hand")),
];

/// What is proven on recorded exchanges, in the suite `recorded`.
const RECORDED: &[&str] = &[
    "cloudtrail:DeleteResourcePolicy",
    "cloudtrail:GetEventDataStore",
    "cloudtrail:GetResourcePolicy",
    "cloudtrail:PutResourcePolicy",
    "cloudtrail:RestoreEventDataStore",
    "cloudtrail:StartEventDataStoreIngestion",
    "cloudtrail:UpdateEventDataStore",
];

/// The stranger is gone, and the role beside it is still there.
fn only_ours_decrypt(_: &Value, after: &Value) {
    let policy = after["policy"].to_string();
    assert!(!policy.contains("333333333333"), "{policy}");
    assert!(policy.contains("Siem"), "{policy}");
}

/// Without a baseline the usual period is as good as any.
fn rotated(_: &Value, after: &Value) {
    assert_eq!(after["rotation"], json!([true, 365]));
}

fn in_all_regions(before: &Value, after: &Value) {
    for field in ["IsMultiRegionTrail", "LogFileValidationEnabled"] {
        assert_eq!(
            before["configuration"][field],
            after["configuration"][field]
        );
    }
}

fn cloudtrail_encrypts(_: &Value, after: &Value) {
    let policy = after["policy"].to_string();
    for what in [
        "cloudtrail.amazonaws.com",
        "kms:GenerateDataKey",
        ":trail/org-trail",
        "role/log-reader",
    ] {
        assert!(policy.contains(what), "{what}: {policy}");
    }
}

/// Event data stores are not protected on this stage: moto has none.
const UNGUARDED: &[&str] = &[
    "channel.deleted.attempt.denied",
    "store.deleted.attempt.denied",
    "store.deleted.attempt.protected",
    "store.enrichment-weakened.attempt.denied",
    "store.federation-disabled.attempt.denied",
    "store.federation-enabled.attempt.denied",
    "store.ingestion-stopped.attempt.denied",
    "store.ingestion-stopped.attempt.status",
    "store.policy-deleted.attempt.no-policy",
    "store.policy-opened.attempt.not-valid",
    "store.weakened.attempt.denied",
    "store.weakened.attempt.inactive",
];

/// What the stage has other selectors for, and what moto does not act out.
const UNACTED: &[&str] = &[
    // The trail of the scene selects data events, and these do not.
    "clean.advanced-kms-excluded",
    "clean.advanced-management-and-data",
    "clean.kms-excluded",
    "clean.no-data-events",
    "clean.read-and-write-apart",
    // What moto does not act out, or has no such thing of.
    "channel.redirected.clean.renamed",
    "key.grant-revoked.clean.by-service",
    "store.enrichment-weakened.clean.enriched",
    "store.exported.clean.no-delivery",
    "store.policy-opened.clean.dashboard-refresh",
    "store.policy-opened.clean.organization",
    "store.policy-opened.clean.own-account",
    "store.weakened.clean.renamed",
    "trail.shadow-created.clean.terraform",
    "trail.tags-changed.clean.dashboard",
];

auditward_tests::stories! {
    function: FUNCTION,
    services: &[],
    rows: [ROWS],
    unguarded: UNGUARDED,
    unacted: UNACTED,
}

#[tokio::test]
async fn every_violation_is_put_back_told_once_and_undone() {
    story::all(ROWS, |row| story::put_back(FUNCTION, row)).await;
    a_moved_trail_comes_back_after_its_buckets_policy().await;
    what_happened_while_the_trail_was_off_is_put_right_too().await;
    // What it does for self-guard is proven in the suite `healing`.
    story::complete_for(FUNCTION, &["cloudtrail", "kms", "s3"], ROWS, RECORDED);
}

/// GIVEN a trail that was moved away, and a bucket that lets it in no more, THEN
/// the bucket's policy comes first; undo goes the other way round.
async fn a_moved_trail_comes_back_after_its_buckets_policy() {
    let stage = Stage::set(ENFORCE).await;
    let event = stage.event("trail-guard/trail.weakened.violation.other-bucket");
    let deleted = stage.event("bucket-guard/bucket.policy-deleted.violation.log-bucket");
    stage.scene.prepare(&stage.moto, &event).await;
    stage.take_baselines(FUNCTION).await;
    let before = stage.look(&event).await;
    stage.act(&event).await;
    stage.act(&deleted).await;
    let bad = [stage.look(&event).await, stage.look(&deleted).await];
    let mut guard = stage.guard(FUNCTION).await;
    let answer = guard.play(&event).await;
    assert_eq!(
        guard.writes(),
        ["s3:PutBucketPolicy", "cloudtrail:UpdateTrail"]
    );
    assert_eq!(stage.look(&event).await, before);
    guard.undo(OPERATOR, &story::case_of(&answer)).await;
    assert_eq!([stage.look(&event).await, stage.look(&deleted).await], bad);
    guard.done();
}

/// GIVEN a trail that was stopped, and a grant that was made before it was
/// started again, THEN the event history tells of the grant.
async fn what_happened_while_the_trail_was_off_is_put_right_too() {
    let stage = Stage::set(ENFORCE).await;
    stage.take_baselines(FUNCTION).await;
    let stopped = stage.event("trail-guard/trail.logging-stopped.violation.by-arn");
    let granted = stage.event("trail-guard/key.grant-created.violation.foreign-role");
    let before = stage.look(&granted).await;
    stage.act(&stopped).await;
    stage.act(&granted).await;
    let mut guard = stage.guard(FUNCTION).await;
    guard.play(&stopped).await;
    let now = chrono::Utc::now();
    let around = chrono::TimeDelta::minutes(5);
    let gap = json!({"account": "111111111111", "region": "eu-west-1",
        "from": now - around, "to": now + around});
    let missed = json!({"auditward": "read-missed", "gap": gap});
    guard.ask(OWN, &missed).await;
    assert_eq!(
        guard.writes(),
        ["cloudtrail:StartLogging", "kms:RevokeGrant"]
    );
    assert_eq!(stage.look(&granted).await, before);
    guard.done();
}
