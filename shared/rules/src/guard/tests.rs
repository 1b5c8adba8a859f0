use serde_json::{Value, json};

use crate::inventory::Inventory;
use crate::judge::{Judgement, Verdict, judge};
use crate::record::Record;
use crate::settings::Settings;

fn judged(service: &str, name: &str, request: &Value, response: &Value, toml: &str) -> Judgement {
    let record = json!({
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
        "eventTime": "2026-11-09T08:00:00Z", "awsRegion": "eu-west-1",
        "recipientAccountId": "111111111111",
        "requestParameters": request, "responseElements": response,
    })
    .to_string();
    let settings = if toml.is_empty() {
        Settings::default()
    } else {
        Settings::parse(toml).unwrap()
    };
    let record = Record::read(&record).unwrap();
    let now = record.event_time.parse().unwrap();
    judge(&record, &settings, &Inventory::default(), now)
}

fn verdict(service: &str, name: &str, request: Value) -> Verdict {
    judged(service, name, &request, &Value::Null, "").verdict()
}

const OURS: &str = "[ours]\naccounts = [\"111111111111\", \"222222222222\"]\n";

#[test]
fn every_version_of_lambdas_names_is_judged() {
    let request =
        json!({"functionName": "auditward-trail-guard", "reservedConcurrentExecutions": 0});
    for version in ["", "20171031", "20171031v2"] {
        let name = format!("PutFunctionConcurrency{version}");
        assert_eq!(
            verdict("lambda", &name, request.clone()),
            Verdict::Violation
        );
    }
}

#[test]
fn a_queues_policy_is_read_as_text_and_as_an_object() {
    let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"AWS": "333333333333"}, "Action": "sqs:ReceiveMessage", "Resource": "*"}});
    for policy in [json!(document.to_string()), document] {
        let url = "https://sqs.eu-west-1.amazonaws.com/111111111111/auditward-undelivered";
        let request = json!({"queueUrl": url, "attributes": {"Policy": policy}});
        assert_eq!(
            verdict("sqs", "SetQueueAttributes", request),
            Verdict::Violation
        );
    }
}

#[test]
fn a_function_is_known_by_every_form_of_its_name() {
    for name in [
        "auditward-trail-guard",
        "auditward-trail-guard:live",
        "111111111111:function:auditward-trail-guard",
        "arn:aws:lambda:eu-west-1:111111111111:function:auditward-trail-guard",
        "arn:aws:lambda:eu-west-1:111111111111:function:auditward-trail-guard:7",
    ] {
        let request = json!({"functionName": name, "reservedConcurrentExecutions": 0});
        let found = judged(
            "lambda",
            "PutFunctionConcurrency",
            &request,
            &Value::Null,
            OURS,
        );
        assert_eq!(
            found.findings[0].resource,
            "arn:aws:lambda:eu-west-1:111111111111:function:auditward-trail-guard",
            "{name}"
        );
    }
}

#[test]
fn with_settings_only_what_is_guarded_counts() {
    let other = json!({"functionName": "payments", "reservedConcurrentExecutions": 0});
    let found = judged(
        "lambda",
        "PutFunctionConcurrency",
        &other,
        &Value::Null,
        OURS,
    );
    assert_eq!(found.verdict(), Verdict::Clean);
    let found = judged("lambda", "PutFunctionConcurrency", &other, &Value::Null, "");
    assert_eq!(found.verdict(), Verdict::Violation);
}

#[test]
fn a_permission_that_is_hidden_is_not_clean() {
    let hidden = json!({"functionName": "payments", "statementId": "a",
        "action": "lambda:InvokeFunction", "principal": "HIDDEN_DUE_TO_SECURITY_REASONS"});
    assert_eq!(
        verdict("lambda", "AddPermission", hidden),
        Verdict::CannotTell
    );
    assert_eq!(
        verdict("lambda", "AddPermission", Value::Null),
        Verdict::CannotTell
    );
}

#[test]
fn a_service_that_calls_for_our_own_is_let_in() {
    let permission = |account: &str| {
        json!({"functionName": "thumbnails", "statementId": "s3", "principal": "s3.amazonaws.com",
            "action": "lambda:InvokeFunction", "sourceArn": "arn:aws:s3:::uploads",
            "sourceAccount": account})
    };
    for (account, expected) in [
        ("111111111111", Verdict::Clean),
        ("222222222222", Verdict::Clean),
        ("333333333333", Verdict::Violation),
    ] {
        let found = judged(
            "lambda",
            "AddPermission",
            &permission(account),
            &Value::Null,
            OURS,
        );
        assert_eq!(found.verdict(), expected, "{account}");
    }
    let open = json!({"functionName": "thumbnails", "statementId": "s3",
        "principal": "s3.amazonaws.com", "action": "lambda:InvokeFunction",
        "sourceArn": "arn:aws:s3:::uploads"});
    assert_eq!(verdict("lambda", "AddPermission", open), Verdict::Clean);
}

#[test]
fn a_rule_of_another_bus_is_another_rule() {
    let request = json!({"name": "auditward-keys", "eventBusName": "central"});
    let found = judged("events", "DisableRule", &request, &Value::Null, OURS);
    assert_eq!(
        found.findings[0].resource,
        "arn:aws:events:eu-west-1:111111111111:rule/central/auditward-keys"
    );
}

#[test]
fn targets_of_our_accounts_and_of_nobody_are_no_strangers() {
    let target = |arn: &str| json!({"rule": "orders", "targets": [{"id": "a", "arn": arn}]});
    for (arn, expected) in [
        (
            "arn:aws:events:eu-west-1:222222222222:event-bus/x",
            Verdict::Clean,
        ),
        (
            "arn:aws:events:eu-west-1:333333333333:event-bus/x",
            Verdict::Violation,
        ),
        ("arn:aws:s3:::bucket", Verdict::Clean),
        ("HIDDEN_DUE_TO_SECURITY_REASONS", Verdict::CannotTell),
    ] {
        let found = judged("events", "PutTargets", &target(arn), &Value::Null, OURS);
        assert_eq!(found.verdict(), expected, "{arn}");
    }
}
