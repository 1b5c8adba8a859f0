//! Copies, locks, logs, keys, notifications, websites, and new buckets.

use serde_json::{Value, json};

use super::{ARN, LOGS, event, judged, judged_by, on, only, settings};
use crate::judge::Verdict;
use crate::plan::Plan;
use crate::rule::Severity;

fn replicated(destination: Value) -> Value {
    let rule = json!({"Status": "Enabled", "Prefix": "", "Destination": destination});
    let asked = json!({"Role": "arn:aws:iam::111111111111:role/copies", "Rule": rule});
    on(LOGS, json!({"ReplicationConfiguration": asked}))
}

fn verdict(name: &str, request: Value) -> Verdict {
    judged(name, request).verdict()
}

#[test]
fn a_destination_is_ours_by_its_account_or_by_its_name() {
    let to = |destination| verdict("PutBucketReplication", replicated(destination));
    // Only what was there before tells whether these are fewer.
    let named = json!({"Bucket": "arn:aws:s3:::acme-vault"});
    assert_eq!(to(named), Verdict::CannotTell);
    let ours = json!({"Bucket": "arn:aws:s3:::any", "Account": "222222222222"});
    assert_eq!(to(ours), Verdict::CannotTell);
    let unnamed = json!({"Bucket": "arn:aws:s3:::acme-vault-2"});
    assert_eq!(to(unnamed), Verdict::Violation);
    let strange = json!({"Bucket": "arn:aws:s3:::any", "Account": "333333333333"});
    assert_eq!(to(strange), Verdict::Violation);
}

#[test]
fn a_stranger_is_accepted_from_nobody() {
    let mut settings = settings();
    settings.ours.organization = None;
    settings.deployers = vec![crate::settings::Known {
        principal: "arn:aws:iam::222222222222:role/dev".into(),
        unique_id: None,
        reason: "pipeline".into(),
    }];
    let by_deployer = |destination| {
        let event = event("PutBucketReplication", replicated(destination));
        judged_by(&event, &settings)
    };
    let strange = json!({"Bucket": "arn:aws:s3:::any", "Account": "333333333333"});
    let judgement = by_deployer(strange);
    assert_eq!(judgement.verdict(), Verdict::CannotTell);
    assert!(judgement.accepted.is_empty());
    let ours = json!({"Bucket": "arn:aws:s3:::any", "Account": "222222222222"});
    let judgement = by_deployer(ours);
    assert_eq!(judgement.verdict(), Verdict::Clean);
    assert!(matches!(*judgement.accepted, [Plan::BucketReplication(_)]));
}

#[test]
fn replication_is_read_in_full() {
    let rules = json!([
        {"ID": "a", "Priority": 2, "Status": "Enabled",
         "Filter": {"And": {"Prefix": "AWSLogs/", "Tag": {"Key": "k", "Value": true}}},
         "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
         "DeleteMarkerReplication": {"Status": "Disabled"},
         "Destination": {"Bucket": "arn:aws:s3:::x", "Account": "333333333333",
            "EncryptionConfiguration": {"ReplicaKmsKeyID": "key"},
            "ReplicationTime": {"Status": "Enabled", "Time": {"Minutes": 15}}}},
        {"ID": "b", "Status": "Disabled", "Destination": {"Bucket": "arn:aws:s3:::y"}},
    ]);
    let asked = on(
        LOGS,
        json!({"ReplicationConfiguration": {"Role": "r", "Rule": rules}}),
    );
    let finding = only(judged("PutBucketReplication", asked));
    let [Plan::BucketReplication(step)] = &*finding.plan else {
        panic!("{finding:?}")
    };
    let wrote = step.wrote.clone().unwrap();
    let [first, second] = &*wrote.rules else {
        panic!("{wrote:?}")
    };
    let filter = first.filter.clone().unwrap();
    assert_eq!(filter.tags[0].value, "true");
    assert_eq!(first.destination.key.as_deref(), Some("key"));
    assert_eq!(first.destination.time.unwrap().minutes, Some(15));
    assert_eq!(first.encrypted_objects, Some(true));
    assert!(!second.enabled);
}

#[test]
fn what_is_hidden_is_never_clean() {
    for (name, parameter) in [
        ("PutBucketReplication", "ReplicationConfiguration"),
        (
            "PutBucketObjectLockConfiguration",
            "ObjectLockConfiguration",
        ),
        ("PutBucketLogging", "BucketLoggingStatus"),
        ("PutBucketEncryption", "ServerSideEncryptionConfiguration"),
        ("PutBucketNotification", "NotificationConfiguration"),
        ("PutBucketCors", "CORSConfiguration"),
        ("PutBucketRequestPayment", "RequestPaymentConfiguration"),
    ] {
        let hidden = on(LOGS, json!({parameter: "HIDDEN_DUE_TO_SECURITY_REASONS"}));
        assert_eq!(verdict(name, hidden), Verdict::CannotTell, "{name}");
        let left_out = json!({"reason": "requestParameters too large", "omitted": true});
        let mut event = event(name, left_out);
        event["resources"] = json!([{"ARN": ARN, "accountId": "111111111111"}]);
        let verdict = judged_by(&event, &settings()).verdict();
        assert_eq!(verdict, Verdict::CannotTell, "{name}");
    }
}

#[test]
fn switching_logging_on_is_not_switching_it_off() {
    let to = |status| on(LOGS, json!({"logging": "", "BucketLoggingStatus": status}));
    let off = json!({"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/"});
    assert_eq!(verdict("PutBucketLogging", to(off)), Verdict::Violation);
    let enabled = json!({"LoggingEnabled": {"TargetBucket": "acme-access", "TargetPrefix": ""}});
    // It may be another bucket than before.
    assert_eq!(
        verdict("PutBucketLogging", to(enabled.clone())),
        Verdict::CannotTell
    );
    let mut elsewhere = to(enabled);
    elsewhere["bucketName"] = json!("acme-shop");
    assert_eq!(verdict("PutBucketLogging", elsewhere), Verdict::Clean);
}

#[test]
fn only_a_bypass_shortens_a_lock() {
    let at = |key: &str, bypass: Option<&str>| {
        let retention = json!({"Mode": "GOVERNANCE", "RetainUntilDate": "2026-12-01T00:00:00Z"});
        let mut asked = on(LOGS, json!({"key": key, "Retention": retention}));
        if let Some(bypass) = bypass {
            asked["x-amz-bypass-governance-retention"] = json!(bypass);
        }
        verdict("PutObjectRetention", asked)
    };
    assert_eq!(at("AWSLogs/1.json.gz", Some("true")), Verdict::Violation);
    assert_eq!(at("AWSLogs/1.json.gz", Some("false")), Verdict::Clean);
    assert_eq!(at("AWSLogs/1.json.gz", None), Verdict::Clean);
    assert_eq!(at("athena-results/1.csv", Some("true")), Verdict::Clean);
}

#[test]
fn a_log_buckets_name_that_is_taken_again_is_critical() {
    let finding = only(judged("CreateBucket", on(LOGS, json!({}))));
    assert_eq!(finding.severity, Severity::Critical);
    assert_eq!(finding.plan[0].at().account, "111111111111");
    assert_eq!(
        verdict("CreateBucket", on("acme-vault", json!({}))),
        Verdict::Violation
    );
    assert_eq!(
        verdict(
            "CreateBucket",
            on("acme-new", json!({"x-amz-acl": "private"}))
        ),
        Verdict::Clean
    );
    let open = on("acme-new", json!({"x-amz-acl": ["public-read"]}));
    let finding = only(judged("CreateBucket", open));
    assert!(finding.plan.is_empty(), "others may serve the public");
}

#[test]
fn a_key_of_an_account_that_is_not_ours_is_told() {
    let with = |key: &str| {
        let default = json!({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key});
        let rule = json!({"ApplyServerSideEncryptionByDefault": default});
        let asked = on(
            LOGS,
            json!({"ServerSideEncryptionConfiguration": {"Rule": rule}}),
        );
        let mut settings = settings();
        settings.ours.organization = None;
        judged_by(&event("PutBucketEncryption", asked), &settings).verdict()
    };
    let strange = "arn:aws:kms:eu-west-1:333333333333:key/1";
    assert_eq!(with(strange), Verdict::Violation);
    // Whether it is the key from before, the live state tells.
    let ours = "arn:aws:kms:eu-west-1:222222222222:key/1";
    assert_eq!(with(ours), Verdict::CannotTell);
}

#[test]
fn no_page_reads_a_log_bucket() {
    let cors = |bucket, origin: &str| {
        let rule = json!({"AllowedOrigin": origin, "AllowedMethod": "GET"});
        let asked = on(bucket, json!({"CORSConfiguration": {"CORSRule": rule}}));
        verdict("PutBucketCors", asked)
    };
    assert_eq!(cors(LOGS, "https://acme.example"), Verdict::Violation);
    assert_eq!(cors("acme-vault", "https://acme.example"), Verdict::Clean);
    assert_eq!(cors("acme-vault", "*"), Verdict::Violation);
}

#[test]
fn what_stands_once_in_a_lifecycle_rule_may_stand_in_a_list() {
    let verdict = |more: Value| {
        let mut rule = json!({"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}});
        rule.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        verdict(
            "PutBucketLifecycle",
            on(LOGS, json!({"LifecycleConfiguration": {"Rule": rule}})),
        )
    };
    for (element, early) in [
        ("Expiration", json!({"Days": 1})),
        ("NoncurrentVersionExpiration", json!({"NoncurrentDays": 1})),
    ] {
        let of = |value: Value| verdict(json!({ element: value }));
        assert_eq!(of(early.clone()), Verdict::Violation, "{element}");
        assert_eq!(of(json!([early])), Verdict::Violation, "{element}");
        for unreadable in [json!([early, early]), json!([]), json!("1"), json!([1])] {
            assert_eq!(of(unreadable.clone()), Verdict::CannotTell, "{unreadable}");
        }
    }
    let uploads = |value: Value| verdict(json!({ "AbortIncompleteMultipartUpload": value }));
    let days = json!({"DaysAfterInitiation": 7});
    assert_eq!(uploads(json!([days])), Verdict::Clean);
    assert_eq!(uploads(json!([days, days])), Verdict::CannotTell);
}

#[test]
fn a_name_that_a_pattern_fits_is_not_yet_a_bucket_of_ours() {
    let exported = |pattern: &str, bucket: &str| {
        let to = json!({"S3BucketDestination": {"Bucket": format!("arn:aws:s3:::{bucket}")}});
        let configuration = json!({"InventoryConfiguration": {"Id": "x", "Destination": to}});
        let mut settings = settings();
        settings.protected.resources.push(pattern.into());
        let event = event(
            "PutBucketInventoryConfiguration",
            on("acme-vault", configuration),
        );
        judged_by(&event, &settings).verdict()
    };
    let pattern = "arn:aws:s3:::acme-*";
    assert_eq!(exported(pattern, "acme-evil"), Verdict::CannotTell);
    assert_eq!(
        exported("arn:aws:s3:::acme-evil", "acme-evil"),
        Verdict::Clean
    );
    assert_eq!(exported(pattern, LOGS), Verdict::Clean);
}
