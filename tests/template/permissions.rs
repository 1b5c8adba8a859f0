//! What the roles may do, and what the hands and the runtime do.

use std::collections::BTreeSet;

use auditward_rules::facet::At;
use auditward_rules::inventory::Inventory;
use auditward_rules::plan::Plan;
use auditward_rules::protected;
use auditward_rules::rule::Function;
use auditward_rules::settings::Settings;
use auditward_runtime::hand::{DISCOVERY, HISTORY, STACK};
use auditward_tests::permissions::{self, facets};
use auditward_tests::stack::{Deployed, Grant, Stack, arn_of, reference, target};
use serde_json::{Value, json};

use super::{Faults, differences, each_function, queue_of, unlike};

/// Resources of each kind that a function finds.
fn found(function: Function) -> &'static [&'static str] {
    match function {
        Function::TrailGuard => &[
            "arn:aws:cloudtrail:eu-west-1:111111111111:trail/t",
            "arn:aws:kms:eu-west-1:111111111111:key/k",
            "arn:aws:cloudtrail:eu-west-1:111111111111:eventdatastore/s",
            "arn:aws:cloudtrail:eu-west-1:111111111111:channel/c",
        ],
        Function::BucketGuard => &[
            "arn:aws:s3:::b",
            "arn:aws:s3::111111111111:public-access-block",
            "arn:aws:s3:eu-west-1:111111111111:accesspoint/p",
        ],
        Function::RoleGuard => &[
            "arn:aws:iam::111111111111:role/auditward-trail-guard-eu-west-1",
            "arn:aws:iam::111111111111:policy/p",
        ],
        Function::LogGuard => &[
            "arn:aws:logs:eu-west-1:111111111111:log-group:/l/g",
            "arn:aws:logs:eu-west-1:111111111111:destination:d",
            "arn:aws:logs:eu-west-1:111111111111:delivery-destination:d",
            "arn:aws:logs:eu-west-1:111111111111:resource-policy:p",
            "arn:aws:logs:eu-west-1:111111111111:account-policy:DATA_PROTECTION_POLICY:p",
            "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:a",
            "arn:aws:oam:eu-west-1:111111111111:sink/s",
        ],
        Function::SelfGuard => &[
            "arn:aws:sns:eu-west-1:111111111111:auditward-alerts",
            "arn:aws:sns:eu-west-1:111111111111:auditward-alerts:s",
            "arn:aws:sqs:eu-west-1:111111111111:auditward-failed",
            "arn:aws:dynamodb:eu-west-1:111111111111:table/auditward",
            "arn:aws:cloudformation:eu-west-1:111111111111:stack/auditward",
            "arn:aws:lambda:eu-west-1:111111111111:function:f",
            "arn:aws:events:eu-west-1:111111111111:rule/r",
            "arn:aws:events:eu-west-1:111111111111:event-bus/b",
            "arn:aws:scheduler:eu-west-1:111111111111:schedule/default/s",
        ],
        Function::OrganizationGuard => &[
            "arn:aws:organizations::111111111111:organization/o-exampleorg1",
            "arn:aws:organizations::111111111111:policy/o-exampleorg1/service_control_policy/p-9f2kd81x",
        ],
    }
}

/// The actions that a function's hands take.
fn taken(function: Function) -> BTreeSet<String> {
    permissions::taken(function)
        .flat_map(|one| [one.action].into_iter().chain(one.also.iter().copied()))
        .map(str::to_owned)
        .collect()
}

/// What a hand may do is exactly what it does, where it does it.
pub fn hands(stack: &Stack) -> Faults {
    let check = |function: Function, deployed: Deployed| {
        let grants = stack.grants(&deployed.role, "hands");
        allowed(function.name(), &taken(function), &grants)
    };
    each_function(check, stack)
}

/// The role in member accounts may do what any function's hands do there.
pub fn members(stack: &Stack) -> Faults {
    // Only the management account may change the organization.
    let there = |function: &Function| *function != Function::OrganizationGuard;
    let all = Function::ALL
        .into_iter()
        .filter(there)
        .flat_map(taken)
        .collect();
    allowed("members", &all, &stack.members().grants("Role", "hands"))
}

fn allowed(whose: &str, expected: &BTreeSet<String>, grants: &[Grant]) -> Faults {
    let found = grants
        .iter()
        .flat_map(|grant| &grant.actions)
        .cloned()
        .collect();
    let mut faults = differences(whose, expected, &found);
    for grant in grants {
        for action in &grant.actions {
            let condition = only_where(whose, action, &grant.resources);
            faults.extend(unlike(
                whose,
                &format!("the condition of {action}"),
                &condition,
                &grant.condition,
            ));
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
/// be AWS's own, only log destinations another account's, and only buckets have no
/// account in their ARN.
fn within(action: &str, arn: &str) -> bool {
    let (service, _) = action.split_once(':').expect("an action");
    // Access points are S3's, and yet have a region and an account.
    let regional = matches!(
        service,
        "cloudformation"
            | "cloudtrail"
            | "cloudwatch"
            | "dynamodb"
            | "events"
            | "kms"
            | "lambda"
            | "logs"
            | "oam"
            | "ram"
            | "rolesanywhere"
            | "scheduler"
            | "sns"
            | "sqs"
    ) || action.contains("AccessPoint");
    let region = if regional { "*" } else { "" };
    let arn = arn
        .replace("${AWS::Partition}", "aws")
        .replace("${AWS::AccountId}", "111111111111");
    let account = match action {
        "iam:GetPolicy" | "iam:GetPolicyVersion" => "*",
        "logs:PutSubscriptionFilter" if arn.ends_with(":destination:*") => "*",
        _ if service == "s3" && !regional => "",
        _ => "111111111111",
    };
    arn.starts_with(&format!("arn:aws:{service}:{region}:{account}:"))
}

/// What is about all that an account has.
fn knows_no_resource(action: &str) -> bool {
    matches!(
        action,
        "cloudtrail:DeregisterOrganizationDelegatedAdmin"
            | "cloudtrail:DescribeTrails"
            | "cloudtrail:LookupEvents"
            | "cloudformation:DescribeStackResources"
            | "cloudformation:ListStacks"
            | "dynamodb:ListTables"
            | "sns:GetSubscriptionAttributes"
            | "sns:ListTopics"
            | "sns:SetSubscriptionAttributes"
            | "sns:Unsubscribe"
            | "sqs:ListQueues"
            | "events:ListEventBuses"
            | "events:ListRules"
            | "events:PutPermission"
            | "events:RemovePermission"
            | "lambda:CreateEventSourceMapping"
            | "lambda:ListEventSourceMappings"
            | "lambda:ListFunctions"
            | "scheduler:ListSchedules"
            | "cloudtrail:RegisterOrganizationDelegatedAdmin"
            | "iam:ListRoles"
            | "logs:CancelExportTask"
            | "logs:CreateLogDelivery"
            | "logs:DeleteAccountPolicy"
            | "logs:DeleteResourcePolicy"
            | "logs:DescribeAccountPolicies"
            | "logs:DescribeDestinations"
            | "logs:DescribeExportTasks"
            | "logs:DescribeResourcePolicies"
            | "logs:PutAccountPolicy"
            | "logs:PutResourcePolicy"
            | "organizations:DescribeOrganization"
            | "organizations:EnableAWSServiceAccess"
            | "ram:GetResourceShareAssociations"
            | "organizations:ListAWSServiceAccessForOrganization"
            | "organizations:ListAccounts"
            | "organizations:ListPolicies"
            | "organizations:ListRoots"
            | "s3:GetAccountPublicAccessBlock"
            | "s3:ListAllMyBuckets"
            | "s3:PutAccessPointPublicAccessBlock"
            | "s3:PutAccountPublicAccessBlock"
    )
}

/// What would be power over others is for the services alone that act in a
/// role's name, and that the function guards.
fn only_where(whose: &str, action: &str, on: &[Value]) -> Value {
    let only = |key: &str, services: Value| json!({"StringEquals": {key: services}});
    let [trail, bucket, logs, scheduler] =
        ["cloudtrail", "s3", "logs", "scheduler"].map(|service| format!("{service}.amazonaws.com"));
    match action {
        "iam:PassRole" => {
            let services = match whose {
                "members" => json!([trail, logs, bucket, scheduler]),
                "bucket-guard" => json!(bucket),
                "log-guard" => json!(logs),
                "self-guard" => json!(scheduler),
                // Of another function it passes only the role that is its schedules'.
                "trail-guard" if on == [schedules()] => json!(scheduler),
                _ => json!(trail),
            };
            only("iam:PassedToService", services)
        }
        // In other accounts there is none of Auditward's functions to name.
        "lambda:CreateEventSourceMapping" if whose != "members" => {
            let own =
                "arn:${AWS::Partition}:lambda:*:${AWS::AccountId}:function:${AWS::StackName}-*";
            json!({"ArnLike": {"lambda:FunctionArn": {"Fn::Sub": own}}})
        }
        "iam:CreateServiceLinkedRole" => only("iam:AWSServiceName", json!(trail)),
        _ => Value::Null,
    }
}

/// The role as which schedules call, in whichever region.
fn schedules() -> Value {
    json!({"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/auditward-schedules-*"})
}

/// Who puts schedules back passes on the role as which they call, whatever the
/// stack is named, and none that a function runs as.
pub fn passing(stack: &Stack) -> Faults {
    let check = |function: Function, deployed: Deployed| {
        if function != Function::SelfGuard && function.heals().is_none() {
            return Faults::new();
        }
        let grants = stack.grants(&deployed.role, "hands");
        let to_scheduler =
            json!({"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}});
        let passed = grants
            .iter()
            .filter(|grant| grant.condition == to_scheduler)
            .flat_map(|grant| &grant.resources);
        let passed: Vec<_> = passed.cloned().collect();
        let what = "what is passed on to schedules";
        unlike(function.name(), what, &json!([schedules()]), &json!(passed))
            .into_iter()
            .collect()
    };
    each_function(check, stack)
}

/// What one function does to another's is done to nothing else: only to what has
/// its name in it.
pub fn healing(stack: &Stack) -> Faults {
    let check = |function: Function, deployed: Deployed| {
        let Some(other) = function.heals() else {
            return Faults::new();
        };
        let grants = stack.grants(&deployed.role, "hands");
        let mut faults = Faults::new();
        let theirs = ["lambda:", "events:", "scheduler:"];
        for grant in &grants {
            for action in &grant.actions {
                if !theirs.iter().any(|service| action.starts_with(service)) {
                    continue;
                }
                faults.extend(grant.resources.iter().filter_map(|on| {
                    let arn = on["Fn::Sub"].as_str().unwrap_or_default();
                    let names = [other.name().to_owned(), format!("{other:?}")];
                    let only = names.iter().any(|name| arn.contains(name.as_str()));
                    (!only).then(|| format!("{}: {action} is allowed on {on}", function.name()))
                }));
            }
        }
        faults
    };
    each_function(check, stack)
}

/// What schedules may do is exactly what they do: call a function, and leave what
/// they could not hand over in an encrypted queue.
pub fn scheduled(stack: &Stack) -> Faults {
    let functions = json!({"Fn::Sub": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-*-guard"});
    let expected = [
        format!("lambda:InvokeFunction on {functions}"),
        format!("sqs:SendMessage on {}", arn_of("Undelivered")),
        format!("kms:Decrypt on {}", arn_of("Key")),
        format!("kms:GenerateDataKey on {}", arn_of("Key")),
    ];
    let grants = stack.grants("Schedules", "schedules");
    let found = grants.iter().flat_map(|grant| {
        let on = |action: &String| {
            grant
                .resources
                .iter()
                .map(move |on| format!("{action} on {on}"))
                .collect::<Vec<_>>()
        };
        grant.actions.iter().flat_map(on).collect::<Vec<_>>()
    });
    let mut faults = differences("schedules", &expected.into(), &found.collect());
    let properties = &stack.resource("Schedules")["Properties"];
    let trusted = &properties["AssumeRolePolicyDocument"]["Statement"][0]["Principal"];
    let scheduler = json!({"Service": "scheduler.amazonaws.com"});
    faults.extend(unlike(
        "schedules",
        "who may take the role",
        &scheduler,
        trusted,
    ));
    // Functions put schedules back, and pass the role on by this name.
    let named = json!({"Fn::Sub": "auditward-schedules-${AWS::Region}"});
    faults.extend(unlike(
        "schedules",
        "the role's name",
        &named,
        &properties["RoleName"],
    ));
    faults
}

/// What the runtime itself may do is exactly what it does: remember, tell,
/// judge again, fail, act elsewhere, log.
pub fn runtime(stack: &Stack) -> Faults {
    let check = |function: Function, deployed: Deployed| {
        let queue = queue_of(&deployed);
        let log = target(&deployed.properties["LoggingConfig"]["LogGroup"]);
        let member = json!({"Fn::Sub": "arn:${AWS::Partition}:iam::*:role/${MemberRoleName}"});
        // A transaction of puts takes the permission to put.
        // After a gap each function asks all to read what happened meanwhile.
        let beside = json!({"Fn::Sub": "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${AWS::StackName}-*-guard"});
        let expected: [(&[&str], Value); 10] = [
            (
                &["dynamodb:BatchGetItem", "dynamodb:PutItem"],
                arn_of("Table"),
            ),
            (&["sns:Publish"], reference("AlertTopic")),
            (&["sns:Publish"], reference("ChatTopic")),
            (
                &[
                    "sqs:SendMessage",
                    "sqs:ReceiveMessage",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                ],
                arn_of(queue),
            ),
            (&["sqs:SendMessage"], arn_of("Failed")),
            (&["sqs:SendMessage"], beside),
            (&["kms:Decrypt", "kms:GenerateDataKey"], arn_of("Key")),
            (&["sts:AssumeRole"], member),
            (&["logs:CreateLogStream", "logs:PutLogEvents"], arn_of(log)),
            (
                &["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
                json!("*"),
            ),
        ];
        let pairs = |actions: &[&str], on: &Value| -> Vec<_> {
            actions
                .iter()
                .map(|action| format!("{action} on {on}"))
                .collect()
        };
        let mut expected: BTreeSet<String> = expected
            .iter()
            .flat_map(|(actions, on)| pairs(actions, on))
            .collect();
        if function == Function::SelfGuard {
            expected.extend(
                ["Failed", "Undelivered"]
                    .iter()
                    .flat_map(|id| pairs(&permissions::DEAD_LETTERS, &arn_of(id))),
            );
        }
        let grants = stack.grants(&deployed.role, "runtime");
        let found = grants.iter().flat_map(|grant| {
            assert_eq!(grant.condition, Value::Null);
            let actions: Vec<_> = grant.actions.iter().map(String::as_str).collect();
            grant
                .resources
                .iter()
                .flat_map(move |on| pairs(&actions, on))
                .collect::<Vec<_>>()
        });
        differences(function.name(), &expected, &found.collect())
    };
    each_function(check, stack)
}

#[test]
fn every_facet_has_a_hand_and_every_permission_a_facet() {
    let known: BTreeSet<_> = Plan::KINDS.iter().copied().collect();
    let reached: BTreeSet<_> = permissions::all().map(|one| one.facet).collect();
    let strange: Vec<_> = reached
        .iter()
        .filter(|one| !matches!(**one, DISCOVERY | HISTORY | STACK) && !known.contains(*one))
        .collect();
    assert!(strange.is_empty(), "permissions for no facet: {strange:?}");
    for function in Function::ALL {
        let named = facets(function);
        let idle: Vec<_> = named.difference(&reached).collect();
        assert!(idle.is_empty(), "{function:?} has no hand for {idle:?}");
    }
}

/// Baselines are taken of what the function's rules may put back, so that the
/// permissions for the one do for the other.
#[test]
fn baselines_are_taken_of_facets_that_rules_name() {
    for function in Function::ALL {
        let named = facets(function);
        for arn in found(function) {
            let at = At::new("111111111111", "eu-west-1", *arn);
            let plans = protected::plans(&at, &Settings::default(), &Inventory::default());
            assert!(!plans.is_empty(), "{arn}");
            for plan in plans {
                assert!(
                    named.contains(plan.kind()),
                    "{function:?} is not allowed {}",
                    plan.kind()
                );
            }
        }
    }
}
