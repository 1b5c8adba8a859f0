//! The tricky judgements of log delivery.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::facets::logs::{Outsider, RetentionWish};
use crate::inventory::{Inventory, TrailUse};
use crate::judge::{Finding, Judgement, Verdict, judge};
use crate::plan::Plan;
use crate::record::Record;
use crate::settings::{Known, Partner, Settings};

const GROUP: &str = "arn:aws:logs:eu-west-1:111111111111:log-group:/acme/org-trail";
const COLLECT: &str = "arn:aws:logs:eu-west-1:333333333333:destination:collect";

fn event(source: &str, name: &str, request: Value) -> Value {
    json!({
        "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "awsRegion": "eu-west-1",
        "recipientAccountId": "111111111111", "requestParameters": request,
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111111111111:assumed-role/dev/me",
            "sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::111111111111:role/dev"}}},
    })
}

/// Settings of an organization that name no log group, and a trail that uses one.
fn settings() -> Settings {
    let mut settings = Settings {
        given: true,
        ..Settings::default()
    };
    settings.ours.organization = Some("o-exampleorg1".into());
    settings
}

/// What discovery knows, with the organization's accounts.
fn inventory() -> Inventory {
    Inventory {
        trails: vec![TrailUse {
            trail: "arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail".into(),
            bucket: "acme-org-trail-logs".into(),
            // As CloudTrail has it.
            log_group: Some(format!("{GROUP}:*")),
            ..TrailUse::default()
        }],
        accounts: vec!["111111111111".into(), "222222222222".into()],
        ..Inventory::default()
    }
}

fn judged_by(event: &Value, settings: &Settings, inventory: &Inventory) -> Judgement {
    let text = event.to_string();
    let now = DateTime::<Utc>::from_timestamp(1_790_000_000, 0).unwrap();
    judge(&Record::read(&text).unwrap(), settings, inventory, now)
}

fn judged(source: &str, name: &str, request: Value) -> Judgement {
    judged_by(&event(source, name, request), &settings(), &inventory())
}

fn only(judgement: Judgement) -> Finding {
    let [finding] = <[_; 1]>::try_from(judgement.findings).unwrap();
    finding
}

fn subscribed(to: &str) -> Value {
    json!({"logGroupName": "/acme/org-trail", "filterName": "f", "filterPattern": "", "destinationArn": to})
}

#[test]
fn a_trails_log_group_is_one_by_name_and_by_arn_with_and_without_the_star() {
    let star = format!("{GROUP}:*");
    for (name, parameter, text) in [
        ("DeleteLogGroup", "logGroupName", "/acme/org-trail"),
        ("DeleteDataProtectionPolicy", "logGroupIdentifier", GROUP),
        ("DeleteDataProtectionPolicy", "logGroupIdentifier", &star),
        (
            "DeleteDataProtectionPolicy",
            "logGroupIdentifier",
            "/acme/org-trail",
        ),
        ("UntagResource", "resourceArn", GROUP),
    ] {
        let finding = only(judged("logs", name, json!({ parameter: text })));
        assert_eq!(finding.resource, GROUP, "{name} {text}");
        assert!(finding.plan.iter().all(|plan| plan.at().resource == GROUP));
    }
    for name in ["/acme/org-trail-2", "/acme/org", "/aws/lambda/api"] {
        let judgement = judged("logs", "DeleteLogGroup", json!({ "logGroupName": name }));
        assert_eq!(judgement.verdict(), Verdict::Clean, "{name}");
    }
}

#[test]
fn a_pattern_with_the_star_behind_it_names_the_group() {
    let mut settings = settings();
    settings.protected.resources = vec!["arn:aws:logs:*:111111111111:log-group:/pay/*:*".into()];
    let event = event(
        "logs",
        "DeleteLogGroup",
        json!({"logGroupName": "/pay/card"}),
    );
    let judgement = judged_by(&event, &settings, &Inventory::default());
    assert_eq!(judgement.verdict(), Verdict::Violation);
}

#[test]
fn a_refusal_names_the_group_where_the_request_is_left_out() {
    let mut event = event("logs", "DeleteLogGroup", Value::Null);
    event["errorCode"] = json!("AccessDenied");
    event["errorMessage"] = json!(format!(
        "User: arn:aws:iam::111111111111:user/me is not authorized to perform: logs:DeleteLogGroup on resource: {GROUP}:log-stream: because no identity-based policy allows the logs:DeleteLogGroup action"
    ));
    let finding = only(judged_by(&event, &settings(), &inventory()));
    assert_eq!(
        (finding.verdict, finding.resource.as_str()),
        (Verdict::Attempt, GROUP)
    );
}

#[test]
fn a_deleted_group_comes_back_with_what_was_set_on_it_in_this_order() {
    let request = json!({"logGroupName": "/acme/org-trail"});
    let finding = only(judged("logs", "DeleteLogGroup", request));
    let kinds: Vec<_> = finding.plan.iter().map(Plan::kind).collect();
    let expected = [
        "log-group",
        "log-group-retention",
        "log-group-key",
        "data-protection",
        "subscription-filters",
        "metric-filters",
    ];
    assert_eq!(kinds, expected);
    assert!(finding.summary.contains("lost"), "{}", finding.summary);
    let Plan::LogGroupRetention(step) = &finding.plan[1] else {
        panic!("{:?}", finding.plan)
    };
    assert_eq!(step.wish, RetentionWish::Recorded);
}

#[test]
fn a_subscription_is_judged_by_whose_the_destination_is() {
    let own = "arn:aws:logs:eu-west-1:222222222222:destination:central";
    let strangers = only(judged("logs", "PutSubscriptionFilter", subscribed(COLLECT)));
    assert_eq!(strangers.verdict, Verdict::Violation);
    // Only the baseline tells whether the central filter was replaced.
    let ours = only(judged("logs", "PutSubscriptionFilter", subscribed(own)));
    assert_eq!((ours.verdict, ours.certain), (Verdict::CannotTell, false));
    // Without the organization's accounts nobody knows, and nothing is taken away.
    let mut unknown = inventory();
    unknown.accounts.clear();
    let event = event("logs", "PutSubscriptionFilter", subscribed(COLLECT));
    let finding = only(judged_by(&event, &settings(), &unknown));
    let partners = Settings {
        partners: vec![Partner {
            account: "333333333333".into(),
            external_id: "acme".into(),
            may_read: Vec::new(),
            role: None,
            purpose: "monitoring".into(),
        }],
        ..settings()
    };
    let partner = only(judged_by(&event, &partners, &inventory()));
    for (finding, outsider) in [
        (strangers, Outsider::Yes),
        (ours, Outsider::No),
        (finding, Outsider::CannotTell),
        (partner, Outsider::No),
    ] {
        let Plan::SubscriptionFilters(step) = &finding.plan[0] else {
            panic!("{:?}", finding.plan)
        };
        assert_eq!(step.wish.outsider, outsider, "{}", finding.summary);
    }
}

#[test]
fn a_retention_is_held_against_the_settings() {
    let put = |days: Value| {
        let request = json!({"logGroupName": "/acme/org-trail", "retentionInDays": days});
        judged("logs", "PutRetentionPolicy", request).verdict()
    };
    assert_eq!(put(json!(365)), Verdict::Clean);
    assert_eq!(put(json!(180)), Verdict::Violation);
    assert_eq!(put(json!("14")), Verdict::Violation);
    assert_eq!(put(Value::Null), Verdict::CannotTell);
    // Without a retention events never expire.
    let request = json!({"logGroupName": "/acme/org-trail"});
    let judgement = judged("logs", "DeleteRetentionPolicy", request);
    assert_eq!(judgement.verdict(), Verdict::Clean);
}

#[test]
fn a_deployers_filter_is_accepted_and_an_outsiders_policy_never() {
    let mut settings = settings();
    settings.deployers = vec![Known {
        principal: "arn:aws:iam::111111111111:role/dev".into(),
        unique_id: None,
        reason: "pipeline".into(),
    }];
    let request = json!({"logGroupName": "/acme/org-trail", "filterName": "f",
        "filterPattern": "", "metricTransformations": []});
    let put = event("logs", "PutMetricFilter", request);
    let judgement = judged_by(&put, &settings, &inventory());
    assert_eq!(judgement.verdict(), Verdict::Clean);
    assert_eq!(judgement.accepted.len(), 1);

    let policy = |principal: &str| {
        let statement = json!({"Effect": "Allow", "Principal": {"AWS": principal},
            "Action": "logs:PutLogEvents", "Resource": "*"});
        let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        event(
            "logs",
            "PutResourcePolicy",
            json!({"policyName": "writers", "policyDocument": document}),
        )
    };
    let opened = only(judged_by(&policy("333333333333"), &settings, &inventory()));
    assert_eq!(opened.verdict, Verdict::Violation);
    assert!(opened.resource.ends_with(":resource-policy:writers"));
    // What a deployer takes out of a policy is his to take out.
    let judgement = judged_by(&policy("111111111111"), &settings, &inventory());
    assert_eq!(judgement.verdict(), Verdict::Clean);
    assert!(judgement.accepted.is_empty());
}

#[test]
fn policies_of_an_account_that_holds_nothing_guarded_are_nobodys_business() {
    let mut event = event(
        "logs",
        "DeleteResourcePolicy",
        json!({"policyName": "writers"}),
    );
    let verdict = |event: &Value| judged_by(event, &settings(), &inventory()).verdict();
    assert_eq!(verdict(&event), Verdict::Violation);
    event["recipientAccountId"] = json!("222222222222");
    assert_eq!(verdict(&event), Verdict::Clean);
}

#[test]
fn an_account_policy_that_is_hidden_or_hides_its_destination_is_told() {
    let put = |document: &str| {
        let request = json!({"policyName": "all", "policyType": "SUBSCRIPTION_FILTER_POLICY",
            "policyDocument": document, "scope": "ALL"});
        only(judged("logs", "PutAccountPolicy", request)).verdict
    };
    assert_eq!(put("HIDDEN_DUE_TO_SECURITY_REASONS"), Verdict::CannotTell);
    let to = |arn: &str| json!({"DestinationArn": arn, "FilterPattern": ""}).to_string();
    assert_eq!(put(&to(COLLECT)), Verdict::Violation);
    assert_eq!(put(&to("collect")), Verdict::CannotTell);
}

#[test]
fn guarded_alarms_are_told_apart_in_one_call() {
    let mut settings = settings();
    settings.protected.resources = vec!["arn:aws:cloudwatch:*:111111111111:alarm:cis-*".into()];
    let request = json!({"alarmNames": ["cis-root", "web-latency", "auditward-errors"]});
    let event = event("monitoring", "DisableAlarmActions", request);
    let judgement = judged_by(&event, &settings, &Inventory::default());
    let names: Vec<_> = judgement
        .findings
        .iter()
        .map(|finding| finding.resource.rsplit(':').next().unwrap())
        .collect();
    assert_eq!(names, ["cis-root", "auditward-errors"]);
}

#[test]
fn a_sink_is_judged_wherever_it_is_and_however_its_parameters_are_spelt() {
    let sink = "arn:aws:oam:eu-west-1:111111111111:sink/5b2c4d0e";
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"AWS": "333333333333"}, "Action": "oam:CreateLink", "Resource": "*"}]});
    for (identifier, document) in [("sinkIdentifier", "policy"), ("SinkIdentifier", "Policy")] {
        let request = json!({identifier: sink, document: policy.to_string()});
        let finding = only(judged("oam", "PutSinkPolicy", request));
        assert_eq!(
            (finding.verdict, finding.resource.as_str()),
            (Verdict::Violation, sink)
        );
    }
}

#[test]
fn an_export_to_a_log_bucket_is_ours() {
    let export = |bucket: &str| {
        let request = json!({"logGroupName": "/acme/org-trail", "destination": bucket});
        judged("logs", "CreateExportTask", request).verdict()
    };
    assert_eq!(export("acme-org-trail-logs"), Verdict::Clean);
    assert_eq!(export("acme-org-trail-logs-2"), Verdict::CannotTell);
}

#[test]
fn a_policy_that_cloudwatch_logs_keeps_by_itself_is_only_closed() {
    let statement = json!({"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": "logs:PutLogEvents", "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    for (name, verdict) in [
        ("AWSLogDeliveryWrite20150319", Verdict::Clean),
        ("acme-dns-queries", Verdict::CannotTell),
    ] {
        let request = json!({"policyName": name, "policyDocument": document});
        let judgement = judged("logs", "PutResourcePolicy", request);
        assert_eq!(judgement.verdict(), verdict, "{name}");
    }
}
