//! Log files, and the doors through which they leave.

use chrono::{TimeZone, Utc};
use serde_json::{Value, json};

use crate::inventory::{Inventory, TrailUse};
use crate::judge::{Judgement, Verdict, judge};
use crate::record::Record;
use crate::rule::Severity;
use crate::settings::Settings;

const SETTINGS: &str = r#"
[ours]
accounts = ["111111111111", "222222222222"]
[protected]
resources = ["arn:aws:s3:::acme-vault", "arn:aws:s3express:*:111111111111:bucket/*"]
[roles]
delivery = ["replicate-*"]
"#;

fn judged_as(kind: Value, name: &str, request: Value) -> Judgement {
    let mut event = json!({
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "eventTime": "2026-11-12T12:00:00Z",
        "awsRegion": "eu-west-1",
        "recipientAccountId": "111111111111",
    });
    event["userIdentity"] = kind;
    event["requestParameters"] = request;
    let text = event.to_string();
    let now = Utc.with_ymd_and_hms(2026, 11, 12, 12, 1, 0).unwrap();
    let inventory = Inventory {
        trails: vec![TrailUse {
            trail: "arn:aws:cloudtrail:eu-west-1:111111111111:trail/t".into(),
            bucket: "acme-logs".into(),
            prefix: Some("org".into()),
            ..TrailUse::default()
        }],
        ..Inventory::default()
    };
    let settings = Settings::parse(SETTINGS).unwrap();
    judge(&Record::read(&text).unwrap(), &settings, &inventory, now)
}

fn judged(name: &str, request: Value) -> Judgement {
    let somebody = json!({"type": "IAMUser", "arn": "arn:aws:iam::111111111111:user/x"});
    judged_as(somebody, name, request)
}

#[test]
fn log_files_are_those_where_trails_deliver() {
    for (bucket, key, verdict) in [
        (
            "acme-logs",
            "org/AWSLogs/111111111111/x.json.gz",
            Verdict::Violation,
        ),
        (
            "acme-logs",
            "AWSLogs/111111111111/x.json.gz",
            Verdict::Clean,
        ),
        ("acme-logs", "reports/x.csv", Verdict::Clean),
        ("acme-vault", "copy/AWSLogs/x.json.gz", Verdict::Violation),
        ("acme-vault", "x.csv", Verdict::Clean),
        ("acme-other", "AWSLogs/x.json.gz", Verdict::Clean),
    ] {
        let found = judged("DeleteObject", json!({"bucketName": bucket, "key": key}));
        assert_eq!(found.verdict(), verdict, "{bucket}/{key}");
    }
    let for_good = json!({"bucketName": "acme-logs", "key": "org/AWSLogs/x", "versionId": "v"});
    let found = judged("DeleteObject", for_good);
    assert_eq!(found.findings[0].severity, Severity::Critical);
}

#[test]
fn services_and_known_replication_write_log_files() {
    let key = "org/AWSLogs/111111111111/CloudTrail/eu-west-1/2026/11/12/x.json.gz";
    let request = json!({"bucketName": "acme-logs", "key": key});
    let role = |name: &str| {
        json!({"type": "AssumedRole", "invokedBy": "s3.amazonaws.com", "sessionContext": {"sessionIssuer": {
            "arn": format!("arn:aws:iam::111111111111:role/{name}")}}})
    };
    for (identity, verdict) in [
        (
            json!({"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}),
            Verdict::Clean,
        ),
        (role("replicate-logs"), Verdict::Clean),
        (role("etl"), Verdict::Violation),
        (
            json!({"type": "IAMUser", "invokedBy": "cloudtrail.amazonaws.com"}),
            Verdict::Violation,
        ),
    ] {
        let found = judged_as(identity.clone(), "PutObject", request.clone());
        assert_eq!(found.verdict(), verdict, "{identity}");
    }
}

#[test]
fn what_other_services_write_beside_the_logs_is_no_forgery() {
    for (key, verdict) in [
        ("111111111111/Config/x.json.gz", Verdict::Clean),
        ("111111111111/elasticloadbalancing/x.log.gz", Verdict::Clean),
        ("111111111111/CloudTrail/x.json.gz", Verdict::Violation),
        (
            "111111111111/CloudTrail-Insight/x.json.gz",
            Verdict::Violation,
        ),
        (
            "o-exampleorg1/222222222222/CloudTrail-Digest/x.json.gz",
            Verdict::Violation,
        ),
        ("o-exampleorg1/222222222222/Config/x.gz", Verdict::Clean),
    ] {
        for (bucket, before) in [
            ("acme-logs", "org/"),
            ("acme-vault", "any/"),
            ("acme-vault", ""),
        ] {
            let key = format!("{before}AWSLogs/{key}");
            let request = json!({"bucketName": bucket, "key": key});
            let put = judged("PutObject", request.clone());
            assert_eq!(put.verdict(), verdict, "{bucket}/{key}");
            // Deleted they are missed, whosever they are.
            assert_eq!(
                judged("DeleteObject", request).verdict(),
                Verdict::Violation
            );
        }
    }
}

#[test]
fn an_export_is_judged_by_its_destinations_owner() {
    let export = |account: Value, bucket: &str| {
        let to = json!({"Bucket": format!("arn:aws:s3:::{bucket}"), "AccountId": account});
        let configuration = json!({"Destination": {"S3BucketDestination": to}, "Id": "i"});
        let request =
            json!({"bucketName": "acme-logs", "id": "i", "InventoryConfiguration": configuration});
        judged("PutBucketInventoryConfiguration", request)
    };
    assert_eq!(export(json!("222222222222"), "b").verdict(), Verdict::Clean);
    assert_eq!(export(Value::Null, "acme-vault").verdict(), Verdict::Clean);
    assert_eq!(export(Value::Null, "b").verdict(), Verdict::CannotTell);
    let found = export(json!("333333333333"), "b");
    assert_eq!(found.verdict(), Verdict::Violation);
    assert_eq!(found.findings[0].plan[0].at().item.as_deref(), Some("i"));
    let shown = judged(
        "PutBucketInventoryConfiguration",
        json!({"bucketName": "acme-logs"}),
    );
    assert_eq!(shown.verdict(), Verdict::CannotTell);
}

#[test]
fn an_access_point_is_open_by_any_flag() {
    let made = |flags: Value| {
        let request = json!({"Bucket": "b", "PublicAccessBlockConfiguration": flags});
        judged(
            "CreateAccessPoint",
            json!({"name": "p", "CreateAccessPointRequest": request}),
        )
    };
    let on = json!({"BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true});
    let mut off = on.clone();
    off["RestrictPublicBuckets"] = json!(false);
    assert_eq!(made(on).verdict(), Verdict::Clean);
    assert_eq!(made(off).verdict(), Verdict::Violation);
    assert_eq!(
        made(Value::Null).verdict(),
        Verdict::Clean,
        "closed unless told otherwise"
    );
    assert_eq!(made(json!("***")).verdict(), Verdict::CannotTell);
}

#[test]
fn markers_and_hidden_documents_are_no_policies() {
    for (request, verdict) in [
        (json!({"policy": ""}), Verdict::CannotTell),
        (
            json!({"PutAccessPointPolicyRequest": {"Policy": "HIDDEN_DUE_TO_SECURITY_REASONS"}, "policy": ""}),
            Verdict::CannotTell,
        ),
        (
            json!({"PutAccessPointPolicyRequest": {"Policy": "{\"Version\":\"2012-10-17\",\"Statement\":[]}"}}),
            Verdict::Clean,
        ),
    ] {
        let mut request = request;
        request["name"] = json!("p");
        let found = judged("PutAccessPointPolicy", request.clone());
        assert_eq!(found.verdict(), verdict, "{request}");
    }
}

#[test]
fn actions_of_other_services_are_told_in_any_spelling() {
    for action in [
        "s3-object-lambda:GetObject",
        "S3-Object-Lambda:Get*",
        "s3-object-lambda\\u003aGetObject",
    ] {
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"333333333333"}},"Action":"{action}","Resource":"*"}}]}}"#
        );
        let asked = json!({"Policy": policy});
        let request = json!({"name": "p", "PutAccessPointPolicyForObjectLambdaRequest": asked});
        let text = SETTINGS.replace(
            "acme-vault",
            "acme-vault\", \"arn:aws:cloudtrail:*:111111111111:trail/*",
        );
        let settings = Settings::parse(&text).unwrap();
        let event = json!({
            "eventSource": "s3.amazonaws.com",
            "eventName": "PutAccessPointPolicyForObjectLambda",
            "recipientAccountId": "111111111111",
            "awsRegion": "eu-west-1",
            "requestParameters": request,
        })
        .to_string();
        let now = Utc.with_ymd_and_hms(2026, 11, 12, 12, 1, 0).unwrap();
        let record = Record::read(&event).unwrap();
        let found = judge(&record, &settings, &Inventory::default(), now);
        assert_eq!(found.verdict(), Verdict::Violation, "{action}");
    }
}
