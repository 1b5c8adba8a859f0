//! Proves that `template.yaml` and the code agree, in both directions: what the
//! stack lacks is found, and what it has too much.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod calls;
mod permissions;
mod shape;

use std::collections::BTreeSet;

use auditward_rules::rule::Function;
use auditward_tests::stack::{Deployed, Stack, target};
use serde_json::{Value, json};

/// What does not agree, in sentences.
type Faults = Vec<String>;

fn differences(whose: &str, expected: &BTreeSet<String>, found: &BTreeSet<String>) -> Faults {
    let missing = expected
        .difference(found)
        .map(|one| format!("{whose}: {one} is missing"));
    let extra = found
        .difference(expected)
        .map(|one| format!("{whose}: {one} is too much"));
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
    all.flat_map(|function| check(function, stack.function(function.name())))
        .collect()
}

/// The logical name of the function's own queue.
fn queue_of(deployed: &Deployed) -> &str {
    target(&deployed.properties["Environment"]["Variables"]["AUDITWARD_REJUDGE_QUEUE_URL"])
}

#[test]
fn functions_are_called_for_exactly_what_their_rules_watch() {
    assert_eq!(calls::patterns(Stack::read()), Faults::new());
}

#[test]
fn roles_allow_exactly_what_the_hands_do() {
    assert_eq!(permissions::hands(Stack::read()), Faults::new());
}

#[test]
fn one_function_heals_only_what_is_the_others() {
    assert_eq!(permissions::healing(Stack::read()), Faults::new());
}

#[test]
fn the_role_of_schedules_is_passed_on_whatever_the_stack_is_named() {
    assert_eq!(permissions::passing(Stack::read()), Faults::new());
}

#[test]
fn the_role_in_member_accounts_allows_exactly_what_all_hands_do() {
    assert_eq!(permissions::members(Stack::read()), Faults::new());
}

#[test]
fn roles_allow_exactly_what_the_runtime_does() {
    assert_eq!(permissions::runtime(Stack::read()), Faults::new());
}

#[test]
fn schedules_may_do_exactly_what_they_do() {
    assert_eq!(permissions::scheduled(Stack::read()), Faults::new());
}

#[test]
fn functions_are_built_and_run_as_they_need() {
    assert_eq!(shape::settings(Stack::read()), Faults::new());
}

#[test]
fn what_fails_is_kept_and_told() {
    assert_eq!(shape::failures(Stack::read()), Faults::new());
}

#[test]
fn functions_look_by_themselves_and_their_silence_is_heard() {
    assert_eq!(shape::looks(Stack::read()), Faults::new());
}

#[test]
fn what_is_kept_is_encrypted() {
    assert_eq!(shape::encryption(Stack::read()), Faults::new());
}

/// One thing of the template is changed, and the check must say so.
#[test]
fn a_template_that_does_not_agree_is_found_out() {
    type Check = fn(&Stack) -> Faults;
    let keys = "TrailGuard/Properties/Events/Keys/Properties";
    let hands = "RoleGuardRole/Properties/Policies/1/PolicyDocument/Statement/0";
    let healing = "TrailGuardRole/Properties/Policies/1/PolicyDocument/Statement/11";
    let runtime = "BucketGuardRole/Properties/Policies/0/PolicyDocument/Statement/0";
    let passing = "SelfGuardRole/Properties/Policies/1/PolicyDocument/Statement";
    let cases: [(String, Value, Check, &str); 24] = [
        (
            format!("{keys}/Pattern/detail/eventName"),
            json!(["DisableKey", "PutKeyPolicy"]),
            calls::patterns,
            "trail-guard: kms.amazonaws.com ScheduleKeyDeletion is missing",
        ),
        (
            format!("{keys}/Pattern/detail/eventName"),
            json!([
                "DisableKey",
                "PutKeyPolicy",
                "ScheduleKeyDeletion",
                "EnableKey"
            ]),
            calls::patterns,
            "trail-guard: kms.amazonaws.com EnableKey is too much",
        ),
        (
            format!("{keys}/Pattern/source"),
            json!(["my.kms"]),
            calls::patterns,
            "trail-guard: Keys's pattern is",
        ),
        (
            format!("{keys}/Pattern/detail/errorCode"),
            json!(["X"]),
            calls::patterns,
            "trail-guard: Keys's pattern is",
        ),
        (
            format!("{hands}/Action"),
            json!([]),
            permissions::hands,
            "role-guard: iam:ListRoles is missing",
        ),
        (
            format!("{hands}/Action"),
            json!(["iam:ListRoles", "iam:CreateUser"]),
            permissions::hands,
            "role-guard: iam:CreateUser is too much",
        ),
        (
            format!("{hands}/Action"),
            json!(["iam:ListRoles", "iam:TagRole"]),
            permissions::hands,
            "role-guard: iam:TagRole is allowed on \"*\"",
        ),
        (
            format!("{hands}/Condition"),
            json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
            permissions::hands,
            "role-guard: the condition of iam:ListRoles is",
        ),
        (
            format!("{healing}/Resource"),
            json!({"Fn::Sub": "arn:${AWS::Partition}:lambda:*:${AWS::AccountId}:function:*"}),
            permissions::healing,
            "trail-guard: lambda:AddPermission is allowed on",
        ),
        (
            format!("{passing}/13/Resource"),
            json!({"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/auditward*"}),
            permissions::passing,
            "self-guard: what is passed on to schedules is",
        ),
        (
            format!("{passing}/7/Condition"),
            Value::Null,
            permissions::hands,
            "self-guard: the condition of lambda:CreateEventSourceMapping is",
        ),
        (
            format!("{runtime}/Action"),
            json!("dynamodb:*"),
            permissions::runtime,
            "bucket-guard: dynamodb:* on {\"Fn::GetAtt\":[\"Table\",\"Arn\"]} is too much",
        ),
        (
            format!("{runtime}/Resource"),
            json!("*"),
            permissions::runtime,
            "bucket-guard: dynamodb:PutItem on \"*\" is too much",
        ),
        (
            "Schedules/Properties/Policies/0/PolicyDocument/Statement/2/Action".into(),
            json!("kms:Decrypt"),
            permissions::scheduled,
            "schedules: kms:GenerateDataKey on {\"Fn::GetAtt\":[\"Key\",\"Arn\"]} is missing",
        ),
        (
            "Schedules/Properties/Policies/0/PolicyDocument/Statement/0/Resource".into(),
            json!("*"),
            permissions::scheduled,
            "schedules: lambda:InvokeFunction on \"*\" is too much",
        ),
        (
            "LogGuard/Properties/ReservedConcurrentExecutions".into(),
            json!(0),
            shape::settings,
            "log-guard: ReservedConcurrentExecutions is 0",
        ),
        (
            "SelfGuard/Properties/Events/Sweep/Properties/DeadLetterConfig".into(),
            Value::Null,
            shape::failures,
            "self-guard: DeadLetterConfig of Sweep is null",
        ),
        (
            "TrailGuard/Metadata".into(),
            Value::Null,
            shape::settings,
            "trail-guard: BuildMethod is null",
        ),
        (
            "RoleGuardQueue/Condition".into(),
            Value::Null,
            shape::settings,
            "RoleGuardQueue: Condition is null",
        ),
        (
            format!("{keys}/DeadLetterConfig"),
            Value::Null,
            shape::failures,
            "trail-guard: DeadLetterConfig of Keys is null",
        ),
        (
            "FailedAlarm/Properties/AlarmActions".into(),
            json!([]),
            shape::failures,
            "Failed: nobody is told of dead letters",
        ),
        (
            "TrailGuard/Properties/Events/Pulse/Properties/ScheduleExpression".into(),
            json!("rate(1 day)"),
            shape::looks,
            "trail-guard: Pulse is",
        ),
        (
            "TrailGuardSilent/Properties/TreatMissingData".into(),
            json!("ignore"),
            shape::looks,
            "TrailGuardSilent: what it hears is",
        ),
        (
            "Failed/Properties/KmsMasterKeyId".into(),
            Value::Null,
            shape::encryption,
            "Failed: KmsMasterKeyId is null",
        ),
    ];
    for (place, value, check, fault) in cases {
        let mut stack = Stack::read().clone();
        let (parent, name) = place.rsplit_once('/').unwrap();
        stack
            .0
            .pointer_mut(&format!("/Resources/{parent}"))
            .unwrap()[name] = value;
        let found = check(&stack);
        assert!(
            found.iter().any(|one| one.starts_with(fault)),
            "{place}: expected {fault:?}, found {found:?}"
        );
    }
}

#[test]
fn a_role_in_member_accounts_that_does_not_agree_is_found_out() {
    for (from, to, fault) in [
        (
            "- kms:EnableKey\n",
            "- kms:DisableKey\n",
            "members: kms:EnableKey is missing",
        ),
        (
            "- kms:EnableKey\n",
            "- kms:DisableKey\n",
            "members: kms:DisableKey is too much",
        ),
        (
            "iam:PassedToService",
            "iam:AssociatedResourceArn",
            "members: the condition of iam:PassRole is",
        ),
        (
            ":kms:*:${AWS::AccountId}:",
            ":kms:*:*:",
            "members: kms:PutKeyPolicy is allowed on",
        ),
    ] {
        let mut stack = Stack::read().clone();
        let body = &mut stack.0["Resources"]["Members"]["Properties"]["TemplateBody"];
        *body = body.as_str().unwrap().replace(from, to).into();
        let found = permissions::members(&stack);
        assert!(
            found.iter().any(|one| one.starts_with(fault)),
            "{from}: expected {fault:?}, found {found:?}"
        );
    }
}
