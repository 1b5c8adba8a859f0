mod acls;
mod configurations;
mod policies;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::facets::bucket::{PublicAccess, VersioningStatus};
use crate::inventory::{Inventory, TrailUse};
use crate::judge::{Judgement, Verdict, judge};
use crate::plan::Plan;
use crate::record::Record;
use crate::rule::Severity;
use crate::settings::Settings;

const LOGS: &str = "acme-org-trail-logs";
const ARN: &str = "arn:aws:s3:::acme-org-trail-logs";
const STRANGER: &str = "e4b80c5f17a936d2c84f1b5e09d7a362f85c0e94d1b7a3f6285e0c9d4b71fa38";

fn event(name: &str, request: impl Into<Value>) -> Value {
    json!({
        "eventSource": "s3.amazonaws.com", "eventName": name, "awsRegion": "eu-west-1",
        "recipientAccountId": "222222222222", "requestParameters": request.into(),
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::222222222222:assumed-role/dev/me",
            "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::222222222222:role/dev"}}},
    })
}

/// Settings that name one bucket of ours, and a trail that delivers to another.
fn settings() -> Settings {
    let mut settings = Settings {
        given: true,
        ..Settings::default()
    };
    settings.ours.accounts = vec!["111111111111".into(), "222222222222".into()];
    settings.ours.organization = Some("o-exampleorg1".into());
    settings.protected.resources = vec!["arn:aws:s3:::acme-vault".into()];
    settings
}

fn inventory() -> Inventory {
    let used = TrailUse {
        trail: "arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail".into(),
        bucket: LOGS.into(),
        bucket_owner: Some("111111111111".into()),
        organization: Some("o-exampleorg1".into()),
        ..TrailUse::default()
    };
    Inventory {
        trails: vec![used],
        accounts: vec!["111111111111".into()],
        ..Inventory::default()
    }
}

fn judged_by(event: &Value, settings: &Settings) -> Judgement {
    let text = event.to_string();
    let now = DateTime::<Utc>::from_timestamp(1_790_000_000, 0).unwrap();
    judge(&Record::read(&text).unwrap(), settings, &inventory(), now)
}

fn judged(name: &str, request: Value) -> Judgement {
    judged_by(&event(name, request), &settings())
}

fn on(bucket: &str, more: impl Into<Value>) -> Value {
    let mut request = json!({"bucketName": bucket, "Host": "s3.eu-west-1.amazonaws.com"});
    request
        .as_object_mut()
        .unwrap()
        .extend(more.into().as_object().unwrap().clone());
    request
}

fn only(judgement: Judgement) -> crate::judge::Finding {
    let [finding] = <[_; 1]>::try_from(judgement.findings).unwrap();
    finding
}

#[test]
fn a_bucket_is_looked_for_where_its_owner_keeps_it() {
    let finding = only(judged(
        "DeleteBucketPolicy",
        on(LOGS, json!({"policy": ""})),
    ));
    assert_eq!(finding.resource, ARN);
    let at = finding.plan[0].at();
    assert_eq!(
        (&*at.account, &*at.region, &*at.resource),
        ("111111111111", "eu-west-1", ARN)
    );
}

#[test]
fn the_list_of_resources_names_bucket_and_owner_where_the_request_does_not() {
    let mut event = event(
        "PutBucketPolicy",
        json!({"omitted": true, "originalSize": 120_000}),
    );
    event["resources"] = json!([
        {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::acme-reports/x"},
        {"accountId": "111111111111", "type": "AWS::S3::Bucket", "arn": "arn:aws:s3:::acme-reports"},
    ]);
    let finding = only(judged_by(&event, &settings()));
    assert_eq!(
        (finding.verdict, &*finding.resource),
        (Verdict::CannotTell, "arn:aws:s3:::acme-reports")
    );
    assert_eq!(finding.plan[0].at().account, "111111111111");
}

#[test]
fn a_record_that_names_no_bucket_has_no_plan() {
    let finding = only(judged_by(&event("PutBucketAcl", Value::Null), &settings()));
    assert_eq!(
        (finding.verdict, finding.plan.len(), &*finding.resource),
        (Verdict::CannotTell, 0, "")
    );
}

#[test]
fn what_is_not_readable_is_neither_fine_nor_a_violation() {
    for (name, request) in [
        ("PutBucketPolicy", json!({"policy": ""})),
        (
            "PutBucketPolicy",
            json!({"policy": "", "bucketPolicy": "HIDDEN_DUE_TO_SECURITY_REASONS"}),
        ),
        (
            "PutBucketPolicy",
            json!({"bucketPolicy": "Invalid JSON Policy"}),
        ),
        ("PutBucketAcl", json!({"acl": ""})),
        (
            "PutBucketAcl",
            json!({"acl": "", "x-amz-acl": "a-new-kind"}),
        ),
        (
            "PutBucketAcl",
            json!({"acl": "", "x-amz-acl": "HIDDEN_DUE_TO_SECURITY_REASONS"}),
        ),
        (
            "PutBucketPublicAccessBlock",
            json!({"publicAccessBlock": ""}),
        ),
        (
            "PutBucketOwnershipControls",
            json!({"ownershipControls": ""}),
        ),
        ("PutBucketVersioning", json!({"versioning": ""})),
        ("PutBucketLifecycle", json!({"lifecycle": ""})),
        (
            "PutBucketLifecycle",
            json!({"LifecycleConfiguration": {"Rule": {"Status": "Enabled", "Expiration": {"Days": "many"}}}}),
        ),
    ] {
        let finding = only(judged(name, on(LOGS, request.clone())));
        assert_eq!(finding.verdict, Verdict::CannotTell, "{name} {request}");
        assert_eq!(finding.plan.len(), 1, "{name} {request}");
    }
}

/// Which side of the bucket a call is about stands in each of them, as text or,
/// in old records, in a list: it says nothing about what was written.
#[test]
fn a_marker_tells_nothing_in_whichever_form() {
    for (name, marker) in [
        ("PutBucketPolicy", "policy"),
        ("PutBucketAcl", "acl"),
        ("PutBucketPublicAccessBlock", "publicAccessBlock"),
        ("PutBucketOwnershipControls", "ownershipControls"),
        ("PutBucketVersioning", "versioning"),
        ("PutBucketLifecycle", "lifecycle"),
        ("PutBucketReplication", "replication"),
        ("PutBucketLogging", "logging"),
    ] {
        for form in [json!(""), json!([""])] {
            let judgement = judged(name, on(LOGS, json!({ (marker): form })));
            assert_eq!(judgement.verdict(), Verdict::CannotTell, "{name} {form}");
        }
    }
}

#[test]
fn what_weakens_any_bucket_is_told_and_grave_for_a_guarded_one() {
    for (name, request) in [
        ("DeleteBucketOwnershipControls", json!({})),
        (
            "PutBucketOwnershipControls",
            json!({"OwnershipControls": {"Rule": {"ObjectOwnership": "ObjectWriter"}}}),
        ),
        (
            "PutBucketVersioning",
            json!({"VersioningConfiguration": {"Status": "Suspended"}}),
        ),
    ] {
        let other = only(judged(name, on("acme-website-assets", request.clone())));
        assert_eq!(
            (other.verdict, other.severity),
            (Verdict::Violation, Severity::Low),
            "{name}"
        );
        let guarded = only(judged(name, on(LOGS, request)));
        assert!(guarded.severity > Severity::Low, "{name}");
    }
}

#[test]
fn rules_of_guarded_buckets_leave_others_alone() {
    let lifecycle = json!({"LifecycleConfiguration": {"Rule": {"Status": "Enabled", "Expiration": {"Days": 1}}}});
    for (name, request) in [
        ("DeleteBucketPolicy", json!({})),
        ("DeleteBucket", json!({})),
        ("PutBucketLifecycle", lifecycle),
    ] {
        let other = judged(name, on("acme-website-assets", request.clone()));
        assert_eq!(other.verdict(), Verdict::Clean, "{name}");
        for bucket in [LOGS, "acme-vault"] {
            assert_eq!(
                judged(name, on(bucket, request.clone())).verdict(),
                Verdict::Violation,
                "{name} {bucket}"
            );
        }
    }
}

fn policy(statements: impl Into<Value>) -> Value {
    let statements = statements.into();
    json!({"bucketPolicy": {"Version": "2012-10-17", "Statement": statements}, "policy": ""})
}

#[test]
fn a_foreign_grant_is_graver_on_a_guarded_bucket() {
    let grant = json!({"Effect": "Allow", "Principal": {"AWS": "333333333333"}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::acme-vault/*"});
    let finding = only(judged(
        "PutBucketPolicy",
        on("acme-vault", policy(grant.clone())),
    ));
    assert_eq!(
        (finding.severity, finding.certain),
        (Severity::Critical, true)
    );
    assert!(
        finding.summary.contains("333333333333"),
        "{}",
        finding.summary
    );
    let finding = only(judged(
        "PutBucketPolicy",
        on("acme-website-assets", policy(grant)),
    ));
    assert_eq!(finding.severity, Severity::High);
}

#[test]
fn a_log_bucket_s_policy_without_cloudtrail_is_a_violation() {
    let own = json!([{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::acme-org-trail-logs/*"}]);
    let finding = only(judged("PutBucketPolicy", on(LOGS, policy(own.clone()))));
    assert_eq!(
        (finding.verdict, finding.certain),
        (Verdict::Violation, true)
    );
    assert!(
        finding.summary.contains("keeps CloudTrail"),
        "{}",
        finding.summary
    );
    let Plan::BucketPolicy(step) = &finding.plan[0] else {
        panic!("{:?}", finding.plan)
    };
    assert_eq!(step.wish.deliveries.len(), 1);
    assert_eq!(
        judged("PutBucketPolicy", on("acme-website-assets", policy(own))).verdict(),
        Verdict::Clean
    );
}

#[test]
fn a_deny_that_stops_cloudtrail_does_not_delay_shutting_outsiders_out() {
    let statements = json!([
        {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::acme-org-trail-logs/*"},
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::acme-org-trail-logs/*"},
    ]);
    let finding = only(judged("PutBucketPolicy", on(LOGS, policy(statements))));
    let wishes: Vec<_> = finding
        .plan
        .iter()
        .map(|plan| match plan {
            Plan::BucketPolicy(step) => (step.wish.outsiders, step.wish.deliveries.len()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(wishes, [(true, 0), (false, 1)]);
}

#[test]
fn only_the_known_policy_tells_whether_a_log_bucket_lost_a_deny() {
    let delivery = inventory().trails[0].delivery();
    let statements: Vec<Value> = auditward_policy::cloudtrail::bucket_statements(&delivery)
        .iter()
        .map(|statement| serde_json::from_str(statement.to_json()).unwrap())
        .collect();
    let finding = only(judged(
        "PutBucketPolicy",
        on(LOGS, policy(json!(statements))),
    ));
    assert_eq!(
        (finding.verdict, finding.plan.len()),
        (Verdict::CannotTell, 1)
    );
}

#[test]
fn only_the_known_policy_tells_whether_a_named_bucket_lost_who_replicates_there() {
    let own = json!([{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::acme-vault/*"}]);
    let put = event("PutBucketPolicy", on("acme-vault", policy(own)));
    let finding = only(judged_by(&put, &settings()));
    assert_eq!(
        (finding.verdict, finding.plan.len()),
        (Verdict::CannotTell, 1)
    );
    // What a deployer wrote is learnt: the next look must not bring back what was
    // taken out on purpose.
    let mut deployed = settings();
    deployed.deployers = vec![crate::settings::Known {
        principal: "arn:aws:iam::222222222222:role/dev".into(),
        unique_id: None,
        reason: "pipeline".into(),
    }];
    let judgement = judged_by(&put, &deployed);
    assert_eq!(judgement.verdict(), Verdict::Clean);
    assert_eq!(judgement.accepted.len(), 1);
    assert!(judgement.accepted[0].wrote().is_some());
    let mut failed = put.clone();
    failed["errorCode"] = json!("AccessDenied");
    let judgement = judged_by(&failed, &deployed);
    assert_eq!(judgement.verdict(), Verdict::Clean);
    assert_eq!(judgement.accepted, []);
    // A stranger is let in by nobody.
    let open = json!([{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::acme-vault/*"}]);
    let put = event("PutBucketPolicy", on("acme-vault", policy(open)));
    assert_eq!(judged_by(&put, &deployed).verdict(), Verdict::Violation);
}

#[test]
fn a_policy_may_come_as_a_string() {
    let text = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#;
    assert_eq!(
        judged("PutBucketPolicy", on("b", json!({"bucketPolicy": text}))).verdict(),
        Verdict::Violation
    );
}

#[test]
fn a_failed_call_has_no_plan() {
    let mut event = event(
        "PutBucketAcl",
        on(LOGS, json!({"x-amz-acl": "public-read"})),
    );
    event["errorCode"] = "AccessControlListNotSupported".into();
    let finding = only(judged_by(&event, &settings()));
    assert_eq!((finding.verdict, finding.plan.len()), (Verdict::Attempt, 0));
}

#[test]
fn a_missing_flag_is_off() {
    let partial = json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "IgnorePublicAcls": "true"}});
    let finding = only(judged("PutBucketPublicAccessBlock", on(LOGS, partial)));
    let Plan::BucketPublicAccess(step) = &finding.plan[0] else {
        panic!("{:?}", finding.plan)
    };
    let wrote = PublicAccess {
        block_public_policy: false,
        restrict_public_buckets: false,
        ..PublicAccess::ALL
    };
    assert_eq!(
        (step.wrote, step.wish.protected, finding.certain),
        (Some(wrote), true, true)
    );
}

#[test]
fn what_was_never_blocked_is_for_the_live_state_to_say() {
    let finding = only(judged(
        "DeleteBucketPublicAccessBlock",
        on("acme-website-assets", json!({})),
    ));
    assert!(!finding.certain);
    let finding = only(judged(
        "DeleteAccountPublicAccessBlock",
        json!({"accountId": "222222222222"}),
    ));
    assert!(!finding.certain);
    let at = finding.plan[0].at();
    assert_eq!(
        (&*at.account, &*at.resource),
        ("222222222222", "arn:aws:iam::222222222222:root")
    );
}

#[test]
fn mfa_delete_matters_only_from_the_root_user() {
    let config = |status: &str| json!({"VersioningConfiguration": {"Status": status, "MfaDelete": "Disabled"}});
    let mut by_root = event("PutBucketVersioning", on(LOGS, config("Enabled")));
    assert_eq!(judged_by(&by_root, &settings()).verdict(), Verdict::Clean);
    by_root["userIdentity"] = json!({"type": "Root"});
    let finding = only(judged_by(&by_root, &settings()));
    assert!(!finding.certain);
    by_root["requestParameters"] = on(LOGS, config("Suspended"));
    let finding = only(judged_by(&by_root, &settings()));
    let Plan::BucketVersioning(step) = &finding.plan[0] else {
        panic!("{:?}", finding.plan)
    };
    assert_eq!(step.wrote.unwrap().status, VersioningStatus::Suspended);
    assert_eq!(finding.plan.len(), 2);
}

#[test]
fn a_log_bucket_s_other_keys_may_expire() {
    let rule = |prefix: &str| {
        json!({"LifecycleConfiguration": {"Rule": [
        {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": prefix}, "Expiration": {"Days": "1"}}]}})
    };
    assert_eq!(
        judged("PutBucketLifecycle", on(LOGS, rule("athena/"))).verdict(),
        Verdict::Clean
    );
    assert_eq!(
        judged("PutBucketLifecycle", on("acme-vault", rule("athena/"))).verdict(),
        Verdict::Violation
    );
    let finding = only(judged(
        "PutBucketLifecycle",
        on(LOGS, rule("AWSLogs/o-exampleorg1/222222222222/")),
    ));
    assert!(
        finding.summary.contains("deletes after 1 day"),
        "{}",
        finding.summary
    );
}

/// An event and a look without one must not disagree: what the one takes away
/// the other would not miss.
#[test]
fn events_and_sweeps_mean_the_same_logs() {
    let rule = json!({"LifecycleConfiguration": {"Rule":
        {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}}});
    let mut settings = settings();
    settings.protected.resources.push(ARN.into());
    for (bucket, prefixes) in [(LOGS, vec!["AWSLogs/"]), ("acme-vault", vec![])] {
        let event = event("PutBucketLifecycle", on(bucket, rule.clone()));
        let finding = only(judged_by(&event, &settings));
        let [Plan::BucketLifecycle(by_event)] = &*finding.plan else {
            panic!("{finding:?}")
        };
        assert_eq!(by_event.wish.prefixes, prefixes, "{bucket}");
        let looked = crate::protected::plans(&by_event.at, &Settings::default(), &inventory());
        let mut looked = looked.iter().filter_map(|plan| match plan {
            Plan::BucketLifecycle(step) => Some(&step.wish),
            _ => None,
        });
        assert_eq!(looked.next(), Some(&by_event.wish), "{bucket}");
    }
    // What else lies in a bucket that trails deliver to may expire, also where
    // the settings name the bucket.
    let other = json!({"LifecycleConfiguration": {"Rule":
        {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": "athena/"}, "Expiration": {"Days": 1}}}});
    let event = event("PutBucketLifecycle", on(LOGS, other));
    assert_eq!(judged_by(&event, &settings).verdict(), Verdict::Clean);
}

#[test]
fn a_deleted_bucket_is_closed_before_it_is_opened_for_delivery() {
    let finding = only(judged("DeleteBucket", on(LOGS, json!({}))));
    let kinds: Vec<_> = finding.plan.iter().map(Plan::kind).collect();
    assert_eq!(
        kinds,
        [
            "bucket-existence",
            "bucket-public-access",
            "bucket-ownership",
            "bucket-policy",
            "bucket-versioning",
            "bucket-encryption",
        ]
    );
    assert_eq!(finding.severity, Severity::Critical);
}

#[test]
fn plans_name_only_facets_that_their_rule_declares() {
    for (name, request) in [
        ("DeleteBucket", json!({})),
        ("DeleteBucketOwnershipControls", json!({})),
        ("PutBucketAcl", json!({"x-amz-acl": "public-read"})),
        ("DeleteBucketPolicy", json!({})),
    ] {
        let finding = only(judged(name, on(LOGS, request)));
        for plan in &finding.plan {
            assert!(
                finding.rule.facets.contains(&plan.kind()),
                "{} names {}",
                finding.rule.id,
                plan.kind()
            );
        }
    }
}

#[test]
fn a_stranger_who_comes_through_a_service_is_an_outsider() {
    let lets = |source: &str| {
        policy(json!([
            {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject",
             "Resource": "arn:aws:s3:::b/*"},
            {"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject",
             "Resource": "arn:aws:s3:::b/*", "Condition": {"StringEquals": {"AWS:SourceArn": source}}},
        ]))
    };
    let strange = lets("arn:aws:cloudfront::333333333333:distribution/E1");
    let finding = only(judged("PutBucketPolicy", on("b", strange)));
    assert!(
        finding.certain && finding.summary.contains("services"),
        "{}",
        finding.summary
    );
    // While nobody has listed the organization's accounts it may be one of them.
    let event = event(
        "PutBucketPolicy",
        on(
            "b",
            lets("arn:aws:cloudfront::333333333333:distribution/E1"),
        ),
    );
    let unlisted = Inventory::default();
    let now = DateTime::<Utc>::from_timestamp(1_790_000_000, 0).unwrap();
    let text = event.to_string();
    let judgement = judge(&Record::read(&text).unwrap(), &settings(), &unlisted, now);
    assert!(!only(judgement).certain);
    let ours = lets("arn:aws:cloudfront::111111111111:distribution/E1");
    assert_eq!(
        judged("PutBucketPolicy", on("b", ours)).verdict(),
        Verdict::Clean
    );
}
