//! Buckets and accounts' public access blocks, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

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
    Row::back("bucket.lifecycle-shortened.violation.one-rule").unknown(Ends::Safe(nothing_expires)),
    Row::back("bucket.deleted.violation.log-bucket")
        .for_good()
        .unknown(Ends::Safe(closed)),
];

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

#[tokio::test]
async fn every_violation_is_put_back_told_once_and_undone() {
    story::all(ROWS, |row| story::put_back(FUNCTION, row)).await;
    story::complete(FUNCTION, ROWS, &[]);
}

#[tokio::test]
async fn without_a_baseline_the_constant_state_is_written_or_a_person_told() {
    story::all(ROWS, |row| story::without_baseline(FUNCTION, row)).await;
}

#[tokio::test]
async fn in_mode_alert_nothing_is_written() {
    story::all(ROWS, |row| story::only_told(FUNCTION, row)).await;
}

#[tokio::test]
async fn failed_calls_are_attempts_and_fold() {
    story::attempts(FUNCTION, &[]).await;
}

#[tokio::test]
async fn harmless_calls_are_left_alone() {
    story::clean(FUNCTION, &[]).await;
}
