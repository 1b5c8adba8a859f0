//! What moto has not of CloudWatch Logs and Observability Access Manager, and
//! CloudWatch, whose protocol it does not speak. The exchanges are in the form of
//! their API references, 2014-03-28, 2022-06-10 and 2010-08-01.

use auditward_hands::alarms::Alarms;
use auditward_hands::logs::Logs;
use auditward_hands::sinks::Sinks;
use auditward_rules::facet::Facet;
use auditward_rules::facets::logs::AccountPolicy;
use auditward_rules::plan::Plan;
use auditward_tests::recorded::{Exchange, Recorded, complete, plans, put_right};
use serde_json::{Value, json};

const GROUP: &str = "/acme/org-trail";
const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/7c1f9e42-5b0d-4a83-9c6e-2f81d0b7a354";
const SINK: &str = "arn:aws:oam:eu-west-1:111111111111:sink/5b2c4d0e-9f1a-4c33-8e77-1d9f3a60b7c2";
const MASKING: &str = r#"{"Name":"masking","Version":"2021-06-01","Statement":[]}"#;

/// Rules of which the tests below prove that their plans put things right.
const PROVEN: &[&str] = &[
    "account-log-policy.changed",
    "alarm.muted",
    "data-protection.changed",
    "log-group.exported",
    "log-group.key-changed",
    "sink.opened",
];

#[test]
fn every_recorded_rule_has_its_exchanges() {
    complete("log-guard", PROVEN);
}

/// Plays exchanges to the one plan of a sample; gives how many requests wrote
/// something.
async fn story(sample: &str, known: Value, exchanges: Vec<Exchange>) -> usize {
    let aws = Recorded::play(exchanges).await;
    let sessions = aws.sessions();
    let (alarms, logs) = (Alarms { sessions }, Logs { sessions });
    let sinks = Sinks { sessions };
    let [plan] = <[Plan; 1]>::try_from(plans(&format!("log-guard/{sample}"))).unwrap();
    let writes = match plan {
        Plan::LogGroupKey(step) => put_right(&logs, &step, read(&step, known).as_ref()).await,
        Plan::DataProtection(step) => put_right(&logs, &step, read(&step, known).as_ref()).await,
        Plan::AccountLogPolicy(step) => put_right(&logs, &step, read(&step, known).as_ref()).await,
        Plan::ExportTask(mut step) => {
            step.wish.at = Some(chrono::Utc::now());
            put_right(&logs, &step, None).await
        }
        Plan::SinkPolicy(step) => put_right(&sinks, &step, None).await,
        Plan::AlarmActions(step) => put_right(&alarms, &step, None).await,
        other => panic!("{other:?}"),
    };
    aws.done();
    writes
}

/// A baseline of a step's facet.
fn read<F: Facet>(_: &auditward_rules::facet::Step<F>, known: Value) -> Option<F::State> {
    Some(serde_json::from_value(known).unwrap())
}

fn group(key: Option<&str>) -> Exchange {
    let mut group = json!({
        "logGroupName": GROUP,
        "creationTime": 1_762_948_511_023_i64,
        "metricFilterCount": 0,
        "arn": format!("arn:aws:logs:eu-west-1:111111111111:log-group:{GROUP}:*"),
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
        "logGroupArn": format!("arn:aws:logs:eu-west-1:111111111111:log-group:{GROUP}"),
    });
    if let Some(key) = key {
        group["kmsKeyId"] = json!(key);
    }
    let asked = json!({"logGroupNamePrefix": GROUP, "limit": 1});
    Exchange::json("DescribeLogGroups", asked).answers(json!({ "logGroups": [group] }))
}

#[tokio::test]
async fn a_log_groups_key_is_associated_again() {
    let put = json!({"logGroupName": GROUP, "kmsKeyId": KEY});
    for (sample, live) in [
        (
            "log-group.key-changed.violation.foreign-key",
            Some(KEY.replace("111111111111", "333333333333")),
        ),
        ("log-group.key-changed.violation.by-identifier", None),
        ("log-group.key-changed.violation.disassociated", None),
    ] {
        let exchanges = vec![
            group(live.as_deref()),
            Exchange::json("AssociateKmsKey", put.clone()),
            group(Some(KEY)),
        ];
        assert_eq!(story(sample, json!(KEY), exchanges).await, 1, "{sample}");
    }
}

#[tokio::test]
async fn a_log_group_that_had_no_key_has_none_again() {
    let exchanges = vec![
        group(Some(&KEY.replace("111111111111", "333333333333"))),
        Exchange::json("DisassociateKmsKey", json!({ "logGroupName": GROUP })),
        group(None),
    ];
    let sample = "log-group.key-changed.violation.foreign-key";
    assert_eq!(story(sample, Value::Null, exchanges).await, 1);
}

fn masks(document: Option<&str>) -> Exchange {
    let mut answer = json!({ "logGroupIdentifier": GROUP });
    if let Some(document) = document {
        answer["policyDocument"] = json!(document);
        answer["lastUpdatedTime"] = json!(1_763_022_164_377_i64);
    }
    let asked = json!({ "logGroupIdentifier": GROUP });
    Exchange::json("GetDataProtectionPolicy", asked).answers(answer)
}

#[tokio::test]
async fn masking_comes_back() {
    for sample in ["deleted", "deleted-by-arn"] {
        let put = json!({"logGroupIdentifier": GROUP, "policyDocument": MASKING});
        let exchanges = vec![
            masks(None),
            Exchange::json("PutDataProtectionPolicy", put),
            // AWS writes documents as it likes.
            masks(Some(&MASKING.replace(':', ": "))),
        ];
        let sample = format!("data-protection.changed.violation.{sample}");
        assert_eq!(story(&sample, json!(MASKING), exchanges).await, 1);
    }
}

fn policies(sort: &str, name: &str, found: Option<&AccountPolicy>) -> Exchange {
    let all: Vec<Value> = found
        .into_iter()
        .map(|policy| {
            json!({
                "policyName": name,
                "policyDocument": policy.document,
                "lastUpdatedTime": 1_763_022_164_377_i64,
                "policyType": sort,
                "scope": "ALL",
                "accountId": "111111111111",
            })
        })
        .collect();
    let asked = json!({"policyType": sort, "policyName": name});
    Exchange::json("DescribeAccountPolicies", asked).answers(json!({ "accountPolicies": all }))
}

#[tokio::test]
async fn an_account_policy_that_was_deleted_comes_back() {
    let known = AccountPolicy {
        document: MASKING.into(),
        criteria: None,
    };
    let (sort, name) = ("DATA_PROTECTION_POLICY", "acme-masking");
    let put =
        json!({"policyType": sort, "policyName": name, "policyDocument": MASKING, "scope": "ALL"});
    let exchanges = vec![
        policies(sort, name, None),
        Exchange::json("PutAccountPolicy", put),
        policies(sort, name, Some(&known)),
    ];
    let sample = "account-log-policy.changed.violation.deleted";
    assert_eq!(story(sample, json!(known), exchanges).await, 1);
}

#[tokio::test]
async fn an_account_policy_that_was_not_there_goes() {
    let live = AccountPolicy {
        document: "{}".into(),
        criteria: None,
    };
    let (sort, name) = ("SUBSCRIPTION_FILTER_POLICY", "acme-everything");
    let gone = Exchange::json(
        "DeleteAccountPolicy",
        json!({"policyType": sort, "policyName": name}),
    );
    // That a list is empty is one way to say so, an error another.
    let asked = json!({"policyType": sort, "policyName": name});
    let error = Exchange::json("DescribeAccountPolicies", asked);
    let exchanges = vec![
        policies(sort, name, Some(&live)),
        gone,
        error.fails("ResourceNotFoundException"),
    ];
    let aws = Recorded::play(exchanges).await;
    let sessions = aws.sessions();
    let sample = "log-guard/account-log-policy.changed.violation.foreign-destination";
    let Some(Plan::AccountLogPolicy(mut step)) = plans(sample).pop() else {
        panic!("another plan")
    };
    // As it is once the organization's accounts are known.
    step.wish.outsider = auditward_rules::facets::logs::Outsider::Yes;
    assert_eq!(put_right(&Logs { sessions }, &step, Some(&None)).await, 1);
    aws.done();
}

#[tokio::test]
async fn an_export_is_cancelled() {
    let task = "b2d1f0a6-3f6e-4f6b-9f0c-6a0d1b7c55e1";
    let now = chrono::Utc::now().timestamp_millis();
    let is = |code: &str| {
        let found = json!({ "exportTasks": [{
            "taskId": task, "taskName": "archive", "logGroupName": GROUP,
            "from": 1_759_269_600_000_i64, "to": 1_762_898_400_000_i64,
            "destination": "collect-2026", "destinationPrefix": "cwl",
            "status": {"code": code}, "executionInfo": {"creationTime": now},
        }] });
        Exchange::json("DescribeExportTasks", json!({ "taskId": task })).answers(found)
    };
    let exchanges = vec![
        is("RUNNING"),
        Exchange::json("CancelExportTask", json!({ "taskId": task })),
        is("PENDING_CANCEL"),
    ];
    let sample = "log-group.exported.cannot-tell.unknown-bucket";
    assert_eq!(story(sample, Value::Null, exchanges).await, 1);
}

#[tokio::test]
async fn a_sink_is_closed_to_outsiders() {
    let policy = |principal: Value| {
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": principal,
            "Action": ["oam:CreateLink", "oam:UpdateLink"], "Resource": "*"}]})
    };
    let is = |document: &Value| {
        let id = SINK.rsplit('/').next();
        let found = json!({"SinkArn": SINK, "SinkId": id, "Policy": document.to_string()});
        Exchange::rest("POST /GetSinkPolicy", &[SINK]).answers(found)
    };
    for (sample, live, after, sent) in [
        (
            "foreign-account",
            policy(json!({"AWS": ["222222222222", "333333333333"]})),
            policy(json!({"AWS": ["222222222222"]})),
            "222222222222",
        ),
        // A sink's policy cannot be deleted: what is left lets the owner in.
        (
            "anyone",
            policy(json!("*")),
            policy(json!({"AWS": "arn:aws:iam::111111111111:root"})),
            "OwnerOnly",
        ),
    ] {
        let put = Exchange::rest("POST /PutSinkPolicy", &[SINK, sent]).answers(json!({}));
        let exchanges = vec![is(&live), put, is(&after)];
        let sample = format!("sink.opened.violation.{sample}");
        assert_eq!(story(&sample, Value::Null, exchanges).await, 1);
    }
}

/// A text in CBOR (RFC 8949).
fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    let head = if length < 24 {
        vec![0x60 | length]
    } else {
        vec![0x78, length]
    };
    [head, text.as_bytes().to_vec()].concat()
}

#[tokio::test]
async fn an_alarms_actions_run_again() {
    const OPERATION: &str = "POST /service/GraniteServiceVersion20100801/operation";
    const ALARM: &str = "acme-cis-root-use";
    let is = |enabled: bool| {
        let alarm = [
            vec![0xA2],
            text("AlarmName"),
            text(ALARM),
            text("ActionsEnabled"),
            vec![if enabled { 0xF5 } else { 0xF4 }],
        ];
        let body = [vec![0xA1], text("MetricAlarms"), vec![0x81], alarm.concat()].concat();
        Exchange::rest(&format!("{OPERATION}/DescribeAlarms"), &[ALARM]).encodes(body)
    };
    let enable = Exchange::rest(&format!("{OPERATION}/EnableAlarmActions"), &[ALARM]);
    let exchanges = vec![is(false), enable.encodes(vec![0xA0]), is(true)];
    let sample = "alarm.muted.violation.one";
    assert_eq!(story(sample, Value::Null, exchanges).await, 1);
}
