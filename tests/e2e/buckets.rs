//! Buckets and accounts' public access blocks, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::api::Api;
use auditward_tests::moto::MANAGEMENT;
use auditward_tests::scene::{LOG_BUCKET, REGION};
use auditward_tests::stage::{ENFORCE, OPERATOR, Stage};
use auditward_tests::story::{self, Ends, Row};
use serde_json::Value;

const FUNCTION: &str = "bucket-guard";

static ROWS: &[Row] = &[
    Row::back("bucket.policy-opened.violation.log-bucket"),
    Row::back("bucket.policy-opened.violation.own-and-foreign").ends(Ends::Safe(strangers_are_out)),
    Row::back("bucket.policy-deleted.violation.log-bucket").unknown(Ends::Safe(trail_delivers)),
    Row::back("bucket.public-access-block-weakened.violation.log-bucket"),
    Row::back("bucket.public-access-block-deleted.violation.log-bucket"),
    Row::back("account.public-access-block-weakened.violation.one-flag")
        .unknown(Ends::Untouched("by-hand")),
    Row::back("account.public-access-block-deleted.violation.root")
        .unknown(Ends::Untouched("by-hand")),
    Row::back("bucket.acl-opened.violation.public-read"),
    Row::back("bucket.ownership-weakened.violation.object-writer"),
    Row::back("bucket.ownership-deleted.violation.log-bucket"),
    Row::back("bucket.versioning-suspended.violation.log-bucket"),
    Row::back("bucket.versioning-suspended.violation.ordinary-bucket")
        .ends(Ends::Untouched("by-hand")),
    Row::back("bucket.lifecycle-shortened.violation.one-rule").unknown(Ends::Safe(nothing_expires)),
    Row::back("bucket.deleted.violation.log-bucket")
        .for_good()
        .unknown(Ends::Safe(closed)),
    Row::back("bucket.replication-changed.violation.stranger")
        .unknown(Ends::Safe(nothing_goes_to_strangers)),
    Row::back("bucket.replication-changed.violation.beside-own")
        .unknown(Ends::Safe(nothing_goes_to_strangers)),
    Row::back("bucket.replication-deleted.violation.log-bucket")
        .unknown(Ends::Untouched("by-hand")),
    Row::back("bucket.object-lock-weakened.violation.removed").unknown(Ends::Untouched("by-hand")),
    Row::back("bucket.logging-changed.violation.off").unknown(Ends::Untouched("by-hand")),
    Row::back("bucket.encryption-changed.violation.foreign-key")
        .unknown(Ends::Untouched("by-hand")),
    Row::back("bucket.encryption-deleted.violation.log-bucket")
        .unknown(Ends::Untouched("already-safe")),
    Row::back("bucket.notification-changed.violation.foreign-queue")
        .unknown(Ends::Safe(nothing_goes_to_strangers)),
    Row::back("bucket.notification-changed.violation.removed").unknown(Ends::Untouched("by-hand")),
    Row::back("bucket.website-served.violation.index"),
    Row::back("bucket.created-open.violation.object-writer").ends(Ends::Safe(acls_are_off)),
    Row::back("access-point.created-open.violation.all-flags"),
    Row::back("access-point.policy-opened.violation.guarded").unknown(Ends::Safe(no_policy)),
    Row::back("access-point.policy-opened.violation.own-and-foreign")
        .ends(Ends::Safe(strangers_left_the_point)),
    Row::back("access-point.policy-deleted.violation.guarded").unknown(Ends::Untouched("by-hand")),
];

fn nothing_goes_to_strangers(_: &Value, after: &Value) {
    let sides = after["replication"].to_string() + &after["notification"].to_string();
    assert!(
        !sides.contains("333333333333") && !sides.contains("lake-ingest"),
        "{sides}"
    );
}

fn acls_are_off(_: &Value, after: &Value) {
    let ownership = after["ownershipControls"].to_string();
    assert!(ownership.contains("BucketOwnerEnforced"), "{ownership}");
}

fn strangers_are_out(_: &Value, after: &Value) {
    let policy = after["policy"].to_string();
    assert!(
        policy.contains("222222222222") && !policy.contains("333333333333"),
        "{policy}"
    );
}

fn trail_delivers(_: &Value, after: &Value) {
    let policy = after["policy"].to_string();
    assert!(
        policy.contains("s3:GetBucketAcl") && policy.contains("s3:PutObject"),
        "{policy}"
    );
}

fn nothing_expires(_: &Value, after: &Value) {
    assert!(
        !after["lifecycle"].to_string().contains("<Status>Enabled"),
        "{after:#}"
    );
}

fn closed(before: &Value, after: &Value) {
    for side in [
        "location",
        "publicAccessBlock",
        "ownershipControls",
        "versioning",
    ] {
        assert_eq!(before[side], after[side], "{side}");
    }
}

fn no_policy(_: &Value, after: &Value) {
    assert_eq!(after["policy"], Value::Null);
}

fn strangers_left_the_point(_: &Value, after: &Value) {
    let policy = after["policy"].to_string();
    assert!(
        policy.contains("finance-report") && !policy.contains("333333333333"),
        "{policy}"
    );
}

/// What the rows of recorded exchanges prove.
const RECORDED: &[&str] = &[
    // Whatever it deletes tells its own age.
    "cloudtrail:LookupEvents",
    "s3:GetAnalyticsConfiguration",
    "s3:GetInventoryConfiguration",
    "s3:PutAnalyticsConfiguration",
    "s3:PutInventoryConfiguration",
];

/// Attempts on what the settings of the stage do not guard.
const UNGUARDED: &[&str] = &[
    "directory-bucket.policy-deleted.attempt.denied",
    "directory-bucket.policy-opened.attempt.denied",
];

/// Harmless calls that nobody acts out: of services that moto does not have, and
/// of objects.
const UNACTED: &[&str] = &[
    "access-grant.created-foreign.clean.directory-group",
    "access-grant.created-foreign.clean.own-role",
    "access-grants.policy-opened.clean.own-account",
    "batch-job.created-over-logs.clean.restored",
    "bucket.analytics-exported.clean.not-exported",
    "bucket.analytics-exported.clean.own-account",
    "bucket.inventory-exported.clean.into-itself",
    "bucket.inventory-exported.clean.own-account",
    "bucket.requester-pays.clean.owner",
    "directory-bucket.policy-opened.clean.own-account",
    "lambda-point.policy-opened.clean.own-account",
    "log-file.acl-opened.clean.bucket-owner",
    "log-file.deleted.clean.other-key",
    "log-file.forged.clean.cloudtrail",
    "log-file.forged.clean.other-key",
    "multi-region-point.created-open.clean.closed",
    "multi-region-point.policy-opened.clean.own-account",
    "object.hold-lifted.clean.on",
    "object.retention-bypassed.clean.longer",
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
    a_bucket_comes_back_with_its_key().await;
    no_state_is_too_long_to_be_put_back_and_told().await;
    story::complete(FUNCTION, ROWS, RECORDED);
}

/// GIVEN a bucket that encrypts with a key, THEN it does so when it comes back.
async fn a_bucket_comes_back_with_its_key() {
    let stage = Stage::set(ENFORCE).await;
    let event = stage.event("bucket-guard/bucket.deleted.violation.log-bucket");
    let key = &stage.scene.key;
    let rule = format!(
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>\
         <SSEAlgorithm>aws:kms</SSEAlgorithm>\
         <KMSMasterKeyID>arn:aws:kms:{REGION}:{}:key/{key}</KMSMasterKeyID>\
         </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled>\
         </Rule></ServerSideEncryptionConfiguration>",
        MANAGEMENT.id
    );
    let api = Api::of(&stage.moto, MANAGEMENT, REGION).await;
    let (status, said) = api
        .s3(&format!("PUT /{LOG_BUCKET}?encryption"), Vec::new(), rule)
        .await;
    assert!(status < 300, "{said}");
    stage.take_baselines(FUNCTION).await;
    let before = stage.look(&event).await;
    assert!(before["encryption"].to_string().contains("aws:kms"));
    stage.act(&event).await;
    let mut guard = stage.guard(FUNCTION).await;
    guard.play(&event).await;
    assert_eq!(stage.look(&event).await, before);
    guard.done();
}

/// GIVEN as many rules as S3 takes, with the longest names, THEN they go, the case
/// has them all, and people are told.
async fn no_state_is_too_long_to_be_put_back_and_told() {
    let stage = Stage::set(ENFORCE).await;
    let mut event = stage.event("bucket-guard/bucket.lifecycle-shortened.violation.one-rule");
    stage.take_baselines(FUNCTION).await;
    let before = stage.look(&event).await;
    let rule = |nth: usize| {
        format!(
            "<Rule><ID>{nth:0>255}</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>\
             <Expiration><Days>1</Days></Expiration></Rule>"
        )
    };
    let rules: String = (0..1000).map(rule).collect();
    let api = Api::of(&stage.moto, MANAGEMENT, REGION).await;
    let rules = format!("<LifecycleConfiguration>{rules}</LifecycleConfiguration>");
    let (status, said) = api
        .s3(&format!("PUT /{LOG_BUCKET}?lifecycle"), Vec::new(), rules)
        .await;
    assert!(status < 300, "{said}");
    // So long a request is left out of the record.
    let request = &mut event["detail"]["requestParameters"];
    request["LifecycleConfiguration"] = Value::Null;
    let mut guard = stage.guard(FUNCTION).await;
    let answer = guard.play(&event).await;
    assert_eq!(story::outcome_of(&answer), "fixed", "{answer}");
    assert_eq!(stage.look(&event).await, before);
    let case = stage.case(&story::case_of(&answer)).await;
    assert!(
        case.to_string().len() > 500_000,
        "{}",
        case.to_string().len()
    );
    assert_eq!(stage.alert().await.attribute("outcome"), "fixed");
    // The case is read again as it was written.
    let undone = guard.undo(OPERATOR, &story::case_of(&answer)).await;
    assert_eq!(story::outcome_of(&undone), "undone", "{undone}");
    guard.done();
}
