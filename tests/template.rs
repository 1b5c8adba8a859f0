//! Proves that `template.yaml` and the code agree, in both directions: what is
//! missing in the stack is found, and what it has too much.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;

use auditward_hands::{cloudtrail, iam, kms, s3};
use auditward_rules::arn::{glob, lead_region, partition_of};
use auditward_rules::facet::At;
use auditward_rules::inventory::Inventory;
use auditward_rules::plan::Plan;
use auditward_rules::rule::Function;
use auditward_rules::settings::Settings;
use auditward_rules::{envelope, protected, registry};
use auditward_runtime::hand::{DISCOVERY, Permission};
use auditward_runtime::serve::Environment;
use auditward_tests::binaries::root;
use auditward_tests::stack::{Deployed, Grant, Stack, arn_of, list, reference, target, texts};
use quamina::Quamina;
use serde_json::{Value, json};

/// What does not agree, in sentences.
type Faults = Vec<String>;
const NONE: Faults = Vec::new();

const HANDS: [&[Permission]; 4] =
    [cloudtrail::PERMISSIONS, iam::PERMISSIONS, kms::PERMISSIONS, s3::PERMISSIONS];

/// A function's own hand, with which it discovers what it guards, and resources
/// of each kind that it finds.
fn own(function: Function) -> (&'static [Permission], &'static [&'static str]) {
    match function {
        Function::TrailGuard => (
            cloudtrail::PERMISSIONS,
            &[
                "arn:aws:cloudtrail:eu-west-1:111111111111:trail/t",
                "arn:aws:kms:eu-west-1:111111111111:key/k",
            ],
        ),
        Function::BucketGuard => (
            s3::PERMISSIONS,
            &["arn:aws:s3:::b", "arn:aws:s3::111111111111:public-access-block"],
        ),
        Function::RoleGuard => (iam::PERMISSIONS, &["arn:aws:iam::111111111111:role/r"]),
    }
}

fn facets(function: Function) -> BTreeSet<&'static str> {
    registry::of(function).flat_map(|rule| rule.facets).copied().collect()
}

/// The actions that a function's hands take.
fn taken(function: Function) -> BTreeSet<String> {
    let facets = facets(function);
    let carried = HANDS.iter().copied().flatten().filter(|one| facets.contains(one.facet));
    let found = own(function).0.iter().filter(|one| one.facet == DISCOVERY);
    let all = carried.chain(found);
    all.flat_map(|one| [one.action].into_iter().chain(one.also.iter().copied()))
        .map(str::to_owned)
        .collect()
}

fn differences(whose: &str, expected: &BTreeSet<String>, found: &BTreeSet<String>) -> Faults {
    let missing = expected.difference(found).map(|one| format!("{whose}: {one} is missing"));
    let extra = found.difference(expected).map(|one| format!("{whose}: {one} is too much"));
    missing.chain(extra).collect()
}

/// Both texts, should they differ.
fn unlike(whose: &str, what: &str, expected: &Value, found: &Value) -> Faults {
    let same = expected == found;
    let fault = || format!("{whose}: {what} is {found}, not {expected}");
    (!same).then(fault).into_iter().collect()
}

fn each_function(check: impl Fn(Function, Deployed) -> Faults, stack: &Stack) -> Faults {
    let all = Function::ALL.into_iter();
    all.flat_map(|function| check(function, stack.function(function.name()))).collect()
}

/// The calls that reach each function are those that its rules watch.
fn patterns(stack: &Stack) -> Faults {
    let check = |function: Function, deployed: Deployed| {
        let name = function.name();
        let watches = registry::of(function).flat_map(|rule| rule.watches);
        let watched = watches.flat_map(|one| one.names.iter().map(|name| format!("{} {name}", one.source)));
        let (mut found, mut faults) = (BTreeSet::new(), Vec::new());
        for (rule, properties) in deployed.rules() {
            let sources = texts(&properties["Pattern"]["detail"]["eventSource"]);
            let [source] = sources.as_slice() else { panic!("{rule} is about {sources:?}") };
            let names = texts(&properties["Pattern"]["detail"]["eventName"]);
            let service = source.strip_suffix(".amazonaws.com").expect("a service");
            let whole = json!({
                "source": [format!("aws.{service}")],
                "detail-type": ["AWS API Call via CloudTrail"],
                "detail": {"eventSource": [source], "eventName": names},
            });
            faults.extend(unlike(name, &format!("{rule}'s pattern"), &whole, &properties["Pattern"]));
            for call in names.iter().map(|one| format!("{source} {one}")) {
                if let Some(twice) = found.replace(call) {
                    faults.push(format!("{name}: {twice} is there twice"));
                }
            }
        }
        faults.extend(differences(name, &watched.collect(), &found));
        faults
    };
    each_function(check, stack)
}

/// What a hand may do is exactly what it does, where it does it.
fn hands(stack: &Stack) -> Faults {
    let check = |function: Function, deployed: Deployed| {
        let grants = stack.grants(&deployed.role, "hands");
        allowed(function.name(), &taken(function), &grants)
    };
    each_function(check, stack)
}

/// The role in member accounts may do what any function's hands do there.
fn members(stack: &Stack) -> Faults {
    let all = Function::ALL.into_iter().flat_map(taken).collect();
    allowed("members", &all, &stack.members().grants("Role", "hands"))
}

fn allowed(whose: &str, expected: &BTreeSet<String>, grants: &[Grant]) -> Faults {
    let found = grants.iter().flat_map(|grant| &grant.actions).cloned().collect();
    let mut faults = differences(whose, expected, &found);
    for grant in grants {
        for action in &grant.actions {
            let condition = only_where(action);
            faults.extend(unlike(whose, &format!("the condition of {action}"), &condition, &grant.condition));
            faults.extend(grant.resources.iter().filter_map(|on| {
                let fits = match on["Fn::Sub"].as_str() {
                    Some(arn) => within(action, arn),
                    None => *on == "*" && knows_no_resource(action),
                };
                (!fits).then(|| format!("{whose}: {action} is allowed on {on}"))
            }));
        }
    }
    faults
}

/// Whether a resource is of the action's service, and ours: only policies may
/// be AWS's own, and only buckets have no account in their ARN.
fn within(action: &str, arn: &str) -> bool {
    let (service, _) = action.split_once(':').expect("an action");
    let region = if matches!(service, "cloudtrail" | "kms") { "*" } else { "" };
    let arn = arn.replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", "111111111111");
    let account = match action {
        "iam:GetPolicy" | "iam:GetPolicyVersion" => "*",
        _ if service == "s3" => "",
        _ => "111111111111",
    };
    arn.starts_with(&format!("arn:aws:{service}:{region}:{account}:"))
}

/// What is about all that an account has.
fn knows_no_resource(action: &str) -> bool {
    matches!(
        action,
        "cloudtrail:DescribeTrails"
            | "iam:ListRoles"
            | "organizations:DescribeOrganization"
            | "organizations:ListAWSServiceAccessForOrganization"
            | "s3:GetAccountPublicAccessBlock"
            | "s3:PutAccountPublicAccessBlock"
    )
}

/// What would be power over others is for CloudTrail alone.
fn only_where(action: &str) -> Value {
    let only = |key: &str| json!({"StringEquals": {key: "cloudtrail.amazonaws.com"}});
    match action {
        "iam:PassRole" => only("iam:PassedToService"),
        "iam:CreateServiceLinkedRole" => only("iam:AWSServiceName"),
        _ => Value::Null,
    }
}

/// What the runtime itself may do is exactly what it does: remember, tell,
/// judge again, fail, act elsewhere, log.
fn runtime(stack: &Stack) -> Faults {
    let check = |function: Function, deployed: Deployed| {
        let queue = &deployed.properties["Environment"]["Variables"]["AUDITWARD_REJUDGE_QUEUE_URL"];
        let log = target(&deployed.properties["LoggingConfig"]["LogGroup"]);
        let member = json!({"Fn::Sub": "arn:${AWS::Partition}:iam::*:role/${MemberRoleName}"});
        // A transaction of puts takes the permission to put.
        let expected: [(&[&str], Value); 8] = [
            (&["dynamodb:BatchGetItem", "dynamodb:PutItem"], arn_of("Table")),
            (&["sns:Publish"], reference("AlertTopic")),
            (
                &["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
                arn_of(target(queue)),
            ),
            (&["sqs:SendMessage"], arn_of("Failed")),
            (&["kms:Decrypt", "kms:GenerateDataKey"], arn_of("Key")),
            (&["sts:AssumeRole"], member),
            (&["logs:CreateLogStream", "logs:PutLogEvents"], arn_of(log)),
            (&["xray:PutTraceSegments", "xray:PutTelemetryRecords"], json!("*")),
        ];
        let pairs = |actions: &[&str], on: &Value| -> Vec<_> {
            actions.iter().map(|action| format!("{action} on {on}")).collect()
        };
        let expected = expected.iter().flat_map(|(actions, on)| pairs(actions, on)).collect();
        let grants = stack.grants(&deployed.role, "runtime");
        let found = grants.iter().flat_map(|grant| {
            assert_eq!(grant.condition, Value::Null);
            let actions: Vec<_> = grant.actions.iter().map(String::as_str).collect();
            grant.resources.iter().flat_map(move |on| pairs(&actions, on)).collect::<Vec<_>>()
        });
        differences(function.name(), &expected, &found.collect())
    };
    each_function(check, stack)
}

/// How a function is built, run and named.
fn settings(stack: &Stack) -> Faults {
    let check = |function: Function, deployed: Deployed| {
        let name = function.name();
        let properties = &deployed.properties;
        let manifest = fs::read_to_string(root().join("functions").join(name).join("Cargo.toml"));
        assert!(manifest.unwrap().contains(&format!("name = \"{name}\"")), "the binary {name}");
        let mut faults = unlike(
            name,
            "BuildMethod",
            &json!("rust-cargolambda"),
            &deployed.resource["Metadata"]["BuildMethod"],
        );
        for (property, expected) in [
            ("Runtime", json!("provided.al2023")),
            ("Handler", json!("bootstrap")),
            ("Architectures", json!(["arm64"])),
            ("Tracing", json!("Active")),
            ("FunctionName", json!({"Fn::Sub": format!("${{AWS::StackName}}-{name}")})),
        ] {
            faults.extend(unlike(name, property, &expected, &properties[property]));
        }
        let reserved = properties["ReservedConcurrentExecutions"].as_u64();
        if reserved.is_none_or(|number| number == 0) {
            faults.push(format!("{name}: no concurrency is reserved"));
        }
        let log = stack.resource(target(&properties["LoggingConfig"]["LogGroup"]));
        let days = &log["Properties"]["RetentionInDays"];
        faults.extend(unlike(name, "retention", &reference("LogRetentionDays"), days));
        // Events of IAM arrive in one region only, so that role-guard can be left out.
        let condition = match function {
            Function::RoleGuard => json!("GuardsRoles"),
            _ => Value::Null,
        };
        let queue = target(&properties["Environment"]["Variables"]["AUDITWARD_REJUDGE_QUEUE_URL"]);
        let log = target(&properties["LoggingConfig"]["LogGroup"]);
        for id in [deployed.id.as_str(), &deployed.role, queue, log] {
            faults.extend(unlike(id, "Condition", &condition, &stack.resource(id)["Condition"]));
        }
        faults
    };
    let mut faults = each_function(check, stack);
    let deployed = stack.functions().map(|one| one.properties["CodeUri"].as_str().unwrap().to_owned());
    let all = Function::ALL.map(|function| format!("functions/{}", function.name()));
    faults.extend(differences("stack", &all.into(), &deployed.collect()));
    faults
}

/// What cannot be delivered or done is kept, and somebody is told of it.
fn failures(stack: &Stack) -> Faults {
    let check = |function: Function, deployed: Deployed| {
        let name = function.name();
        let properties = &deployed.properties;
        let kept = json!({"OnFailure": {"Type": "SQS", "Destination": arn_of("Failed")}});
        let found = &properties["EventInvokeConfig"]["DestinationConfig"];
        let mut faults = unlike(name, "DestinationConfig", &kept, found);
        for (rule, properties) in deployed.rules() {
            let undelivered = json!({"Arn": arn_of("Undelivered")});
            let what = format!("DeadLetterConfig of {rule}");
            faults.extend(unlike(name, &what, &undelivered, &properties["DeadLetterConfig"]));
        }
        let id = target(&properties["Environment"]["Variables"]["AUDITWARD_REJUDGE_QUEUE_URL"]);
        let queue = &stack.resource(id)["Properties"];
        let letters = &queue["RedrivePolicy"]["deadLetterTargetArn"];
        faults.extend(unlike(name, "the queue's dead letters", &arn_of("Failed"), letters));
        // By this name, `auditward undo` finds it.
        let called = json!({"Fn::Sub": format!("${{AWS::StackName}}-{name}")});
        faults.extend(unlike(name, "the queue's name", &called, &queue["QueueName"]));
        let timeout = properties["Timeout"].as_u64().expect("a timeout");
        let patience = json!(6 * timeout);
        faults.extend(unlike(name, "VisibilityTimeout", &patience, &queue["VisibilityTimeout"]));
        let again = json!({"Type": "SQS", "Properties": {"Queue": arn_of(id), "BatchSize": 1}});
        faults.extend(unlike(name, "Again", &again, &properties["Events"]["Again"]));
        faults
    };
    let mut faults = each_function(check, stack);
    for queue in ["Undelivered", "Failed"] {
        let told = stack.of_type("AWS::CloudWatch::Alarm").any(|(_, alarm)| {
            let properties = &alarm["Properties"];
            target(&properties["Dimensions"][0]["Value"]) == queue
                && list(&properties["AlarmActions"]).contains(&reference("AlertTopic"))
        });
        faults.extend((!told).then(|| format!("{queue}: nobody is told of dead letters")));
    }
    faults
}

/// Nothing of what Auditward keeps can be read without its key.
fn encryption(stack: &Stack) -> Faults {
    let key = reference("Key");
    let table = json!({"SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": key});
    let kinds = [
        ("AWS::SQS::Queue", "KmsMasterKeyId", &key),
        ("AWS::SNS::Topic", "KmsMasterKeyId", &key),
        ("AWS::DynamoDB::Table", "SSESpecification", &table),
    ];
    let mut faults = unlike(
        "Key",
        "EnableKeyRotation",
        &json!(true),
        &stack.resource("Key")["Properties"]["EnableKeyRotation"],
    );
    for (kind, property, expected) in kinds {
        let mut all = stack.of_type(kind).peekable();
        assert!(all.peek().is_some(), "the stack has a {kind}");
        faults.extend(all.flat_map(|(id, one)| unlike(id, property, expected, &one["Properties"][property])));
    }
    faults
}
