use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::facet::PolicyState;
use crate::inventory::{Inventory, TrailUse};
use crate::judge::{Judgement, Verdict, judge};
use crate::plan::Plan;
use crate::record::Record;
use crate::rule::Severity;
use crate::settings::Settings;

const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:auditward-alerts";
const TRAIL_TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:acme-trail-delivered";
const OTHER_TOPIC: &str = "arn:aws:sns:eu-west-1:222222222222:orders";
const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/111111111111/auditward-failed";
const OTHER_QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/111111111111/orders";

fn settings() -> Settings {
    let mut settings = Settings {
        given: true,
        ..Settings::default()
    };
    settings.ours.accounts = vec!["111111111111".into(), "222222222222".into()];
    settings
}

fn judged_with(
    settings: &Settings,
    service: &str,
    name: &str,
    request: impl Into<Value>,
) -> Judgement {
    let event = json!({
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
        "awsRegion": "eu-west-1", "recipientAccountId": "111111111111",
        "eventTime": "2026-11-05T01:42:36Z", "requestParameters": request.into(),
        "responseElements": {"subscriptionArn": format!("{TOPIC}:made")},
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111111111111:user/me"},
    });
    let trail = TrailUse {
        trail: "arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail".into(),
        topic: Some(TRAIL_TOPIC.into()),
        ..TrailUse::default()
    };
    let inventory = Inventory {
        trails: vec![trail],
        ..Inventory::default()
    };
    let now = DateTime::<Utc>::from_timestamp(1_790_000_000, 0).unwrap();
    let text = event.to_string();
    judge(&Record::read(&text).unwrap(), settings, &inventory, now)
}

fn judged(service: &str, name: &str, request: impl Into<Value>) -> Judgement {
    judged_with(&settings(), service, name, request)
}

fn rules(judgement: &Judgement) -> Vec<&str> {
    let findings = judgement.findings.iter();
    findings.map(|finding| finding.rule.id).collect()
}

fn statement(effect: &str, principal: impl Into<Value>, action: &str, on: &str) -> Value {
    json!({"Effect": effect, "Principal": principal.into(), "Action": action, "Resource": on})
}

fn set_policy(topic: &str, statements: &[Value]) -> Judgement {
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let request = json!({"topicArn": topic, "attributeName": "Policy", "attributeValue": policy});
    judged("sns", "SetTopicAttributes", request)
}

fn stranger(topic: &str) -> Value {
    statement(
        "Allow",
        json!({"AWS": "333333333333"}),
        "sns:Subscribe",
        topic,
    )
}

#[test]
fn any_topic_that_is_opened_is_told_and_guarded_ones_more_loudly() {
    for (topic, severity) in [
        (TOPIC, Severity::High),
        (TRAIL_TOPIC, Severity::High),
        (OTHER_TOPIC, Severity::Medium),
    ] {
        let judgement = set_policy(topic, &[stranger(topic)]);
        assert_eq!(rules(&judgement), ["topic.policy-opened"]);
        assert_eq!(judgement.findings[0].severity, severity, "{topic}");
    }
    let theirs = statement(
        "Allow",
        json!({"AWS": "222222222222"}),
        "sns:Subscribe",
        OTHER_TOPIC,
    );
    assert_eq!(set_policy(OTHER_TOPIC, &[theirs]).verdict(), Verdict::Clean);
}

#[test]
fn a_grant_is_judged_by_its_accounts_and_says_nothing_of_the_rest() {
    let add = |accounts: Value| {
        let request = json!({"topicArn": TOPIC, "label": "x", "aWSAccountId": accounts, "actionName": ["Publish"]});
        judged("sns", "AddPermission", request)
    };
    let judgement = add(json!(["111111111111", "333333333333"]));
    assert_eq!(rules(&judgement), ["topic.policy-opened"]);
    assert_eq!(judgement.findings[0].plan[0].wrote(), None);
    assert_eq!(add(json!(["222222222222"])).verdict(), Verdict::Clean);
    for unknown in [json!(["***"]), json!([]), Value::Null] {
        assert_eq!(add(unknown).verdict(), Verdict::CannotTell);
    }
}

#[test]
fn who_is_shut_up_is_told_at_once_and_others_may_be() {
    let everybody = statement("Deny", json!("*"), "sns:*", TOPIC);
    let judgement = set_policy(TOPIC, std::slice::from_ref(&everybody));
    assert_eq!(rules(&judgement), ["topic.policy-weakened"]);
    assert_eq!(judgement.findings[0].verdict, Verdict::Violation);
    assert_eq!(judgement.findings[0].severity, Severity::Critical);
    assert!(matches!(
        judgement.findings[0].plan[..],
        [Plan::TopicPublishers(_), Plan::TopicPolicy(_)]
    ));
    // Whom the same Deny shuts out is dealt with once it is gone.
    let judgement = set_policy(TOPIC, &[everybody, stranger(TOPIC)]);
    assert_eq!(rules(&judgement), ["topic.policy-weakened"]);
    // Whether something was lost only the known policy tells.
    let mut others = statement("Deny", json!("*"), "sns:Publish", TOPIC);
    others["Condition"] = json!({"StringNotEquals": {"aws:PrincipalAccount": "111111111111"}});
    assert_eq!(set_policy(TOPIC, &[others]).verdict(), Verdict::CannotTell);
    assert_eq!(set_policy(OTHER_TOPIC, &[]).verdict(), Verdict::Clean);
}

#[test]
fn a_queue_is_known_by_its_url() {
    let set = |url: &str, attributes: Value| {
        let request = json!({"queueUrl": url, "attributes": attributes});
        judged("sqs", "SetQueueAttributes", request)
    };
    let judgement = set(QUEUE, json!({"Policy": ""}));
    assert_eq!(rules(&judgement), ["queue.policy-weakened"]);
    assert_eq!(
        judgement.findings[0].resource,
        "arn:aws:sqs:eu-west-1:111111111111:auditward-failed"
    );
    let absent = serde_json::to_value(PolicyState::Absent).unwrap();
    assert_eq!(judgement.findings[0].plan[0].wrote(), Some(absent));
    assert_eq!(
        set(OTHER_QUEUE, json!({"Policy": ""})).verdict(),
        Verdict::Clean
    );
    let less = json!({"MessageRetentionPeriod": "60"});
    assert_eq!(rules(&set(QUEUE, less.clone())), ["queue.settings-changed"]);
    assert_eq!(set(OTHER_QUEUE, less).verdict(), Verdict::Clean);
    for url in [
        "HIDDEN_DUE_TO_SECURITY_REASONS",
        "https://example.org/queue",
        "",
    ] {
        assert_eq!(
            set(url, json!({"Policy": "{}"})).verdict(),
            Verdict::CannotTell,
            "{url}"
        );
    }
}

fn subscribe(settings: &Settings, protocol: &str, endpoint: &str) -> Judgement {
    let request = json!({"topicArn": TOPIC, "protocol": protocol, "endpoint": endpoint});
    judged_with(settings, "sns", "Subscribe", request)
}

#[test]
fn our_own_queues_may_be_told_and_whom_the_settings_name() {
    let mut settings = settings();
    let queue = |account: &str| format!("arn:aws:sqs:eu-west-1:{account}:alerts");
    let hidden = "HIDDEN_DUE_TO_SECURITY_REASONS";
    for (protocol, endpoint, verdict) in [
        ("sqs", queue("222222222222").as_str(), Verdict::Clean),
        ("sqs", &queue("333333333333"), Verdict::Violation),
        ("email", "me@acme.example", Verdict::Violation),
        // Who looks like one of ours and is not.
        ("https", &queue("111111111111"), Verdict::Violation),
        (
            "https",
            "https://global.sns-api.chatbot.amazonaws.com",
            Verdict::Clean,
        ),
        (
            "https",
            "https://global.sns-api.chatbot.amazonaws.com.example.org",
            Verdict::Violation,
        ),
        ("email", hidden, Verdict::Violation),
        ("lambda", hidden, Verdict::CannotTell),
    ] {
        let judgement = subscribe(&settings, protocol, endpoint);
        assert_eq!(judgement.verdict(), verdict, "{protocol} {endpoint}");
    }
    settings.alerts.subscribers = vec!["*@acme.example".into()];
    let listed = |endpoint| subscribe(&settings, "email", endpoint).verdict();
    assert_eq!(listed("me@acme.example"), Verdict::Clean);
    assert_eq!(listed("me@acme.example.org"), Verdict::Violation);
    assert_eq!(listed(hidden), Verdict::CannotTell);
    // Without an organization's list nobody knows whose account that is.
    settings.ours.organization = Some("o-exampleorg1".into());
    let judgement = subscribe(&settings, "sqs", &queue("444444444444"));
    assert_eq!(judgement.verdict(), Verdict::CannotTell);
    assert_eq!(judgement.findings[0].plan, []);
}

#[test]
fn what_is_not_guarded_is_left_alone() {
    for (service, name, request) in [
        ("sns", "DeleteTopic", json!({"topicArn": OTHER_TOPIC})),
        (
            "sns",
            "Subscribe",
            json!({"topicArn": OTHER_TOPIC, "protocol": "sms", "endpoint": "+1"}),
        ),
        (
            "sns",
            "Unsubscribe",
            json!({"subscriptionArn": format!("{OTHER_TOPIC}:x")}),
        ),
        ("sqs", "PurgeQueue", json!({"queueUrl": OTHER_QUEUE})),
        ("dynamodb", "DeleteTable", json!({"tableName": "orders"})),
        (
            "dynamodb",
            "UpdateTable",
            json!({"tableName": "orders", "deletionProtectionEnabled": false}),
        ),
        (
            "dynamodb",
            "PutItem",
            json!({"tableName": "orders", "key": {"key": "1"}}),
        ),
        (
            "cloudformation",
            "DeleteStack",
            json!({"stackName": "orders"}),
        ),
    ] {
        assert_eq!(
            judged(service, name, request).verdict(),
            Verdict::Clean,
            "{name}"
        );
    }
}

#[test]
fn a_stack_is_the_same_by_name_and_by_id() {
    let name = "arn:aws:cloudformation:eu-west-1:111111111111:stack/auditward";
    for stack in ["auditward", &format!("{name}/6d1f3b80-9a47-11f0")] {
        let request = json!({"stackName": stack, "enableTerminationProtection": "false"});
        let judgement = judged("cloudformation", "UpdateTerminationProtection", request);
        assert_eq!(judgement.findings[0].resource, name);
        assert_eq!(judgement.findings[0].plan[0].at().name(), "auditward");
    }
    let request = json!({"stackName": "auditward"});
    let judgement = judged("cloudformation", "UpdateTerminationProtection", request);
    assert_eq!(judgement.verdict(), Verdict::CannotTell);
}

#[test]
fn a_role_of_that_name_elsewhere_is_not_auditward() {
    let write = |account: &str| {
        let event = json!({
            "eventSource": "dynamodb.amazonaws.com", "eventName": "PutItem",
            "awsRegion": "eu-west-1", "recipientAccountId": "111111111111",
            "requestParameters": {"tableName": "auditward", "key": {"key": "settings"}},
            "userIdentity": {"type": "AssumedRole", "arn": format!("arn:aws:sts::{account}:assumed-role/auditward-x/y"),
                "sessionContext": {"sessionIssuer": {"arn": format!("arn:aws:iam::{account}:role/auditward-x")}}},
        });
        let text = event.to_string();
        let now = DateTime::<Utc>::from_timestamp(1_790_000_000, 0).unwrap();
        let record = Record::read(&text).unwrap();
        judge(&record, &settings(), &Inventory::default(), now).verdict()
    };
    assert_eq!(write("111111111111"), Verdict::Clean);
    assert_eq!(write("222222222222"), Verdict::Violation);
}
