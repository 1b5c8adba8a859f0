mod given;
mod guarded;
mod paths;
mod trusted;

use chrono::TimeZone;
use serde_json::{Value, json};

use super::*;
use crate::facets::principal::AttachmentsWish;
use crate::inventory::{Inventory, TrailUse};
use crate::judge::{Judgement, Verdict, judge};
use crate::plan::Plan;
use crate::record::Record;
use crate::rule::Severity;
use crate::settings::Settings;
use chrono::Utc;

const FOREIGN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":"sts:AssumeRole"}]}"#;
const EC2: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

fn event(name: &str, request: &Value) -> Value {
    json!({
        "eventSource": "iam.amazonaws.com",
        "eventName": name,
        "eventTime": "2026-11-12T12:00:00Z",
        "eventID": "e1",
        "awsRegion": "us-east-1",
        "recipientAccountId": "111111111111",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111111111111:user/x", "principalId": "AIDAX"},
        "requestParameters": request,
    })
}

fn judged_by(settings: &str, inventory: &Inventory, event: &Value) -> Judgement {
    let settings = if settings.is_empty() {
        Settings::default()
    } else {
        Settings::parse(settings).unwrap()
    };
    let text = event.to_string();
    let now = Utc.with_ymd_and_hms(2026, 11, 12, 12, 1, 0).unwrap();
    judge(&Record::read(&text).unwrap(), &settings, inventory, now)
}

fn judged(event: &Value) -> Judgement {
    judged_by("", &Inventory::default(), event)
}

fn rules(judgement: &Judgement) -> Vec<&str> {
    judgement
        .findings
        .iter()
        .map(|finding| finding.rule.id)
        .collect()
}

fn kinds(judgement: &Judgement) -> Vec<&str> {
    judgement
        .findings
        .iter()
        .flat_map(|finding| &finding.plan)
        .map(Plan::kind)
        .collect()
}

const OURS: &str = "[ours]\naccounts = [\"111111111111\"]\n";

#[test]
fn a_role_created_open_is_closed_and_its_sessions_end() {
    let mut event = event(
        "CreateRole",
        &json!({"roleName": "door", "assumeRolePolicyDocument": FOREIGN}),
    );
    event["responseElements"] =
        json!({"role": {"arn": "arn:aws:iam::111111111111:role/team/door"}});
    let found = judged(&event);
    assert_eq!(kinds(&found), ["role-trust", "role-sessions"]);
    let finding = &found.findings[0];
    assert_eq!(finding.resource, "arn:aws:iam::111111111111:role/team/door");
    assert_eq!(
        finding.plan[0].at().resource,
        "arn:aws:iam::111111111111:role/door",
        "one key whatever the event"
    );
    assert!(finding.plan[0].wrote().is_some());
    assert!(
        finding.summary.contains("333333333333"),
        "{}",
        finding.summary
    );

    let never = format!("{OURS}[roles]\nrevoke_sessions = \"never\"\n");
    let found = judged_by(&never, &Inventory::default(), &event);
    assert_eq!(kinds(&found), ["role-trust"]);
    assert!(found.findings[0].summary.contains("until they expire"));
}

#[test]
fn sessions_of_an_older_role_end_only_where_the_settings_ask_for_it() {
    let event = event(
        "UpdateAssumeRolePolicy",
        &json!({"roleName": "reader", "policyDocument": FOREIGN}),
    );
    let found = judged(&event);
    assert_eq!(kinds(&found), ["role-trust"]);
    assert!(
        found.findings[0].summary.contains("until they expire"),
        "{}",
        found.findings[0].summary
    );
    let always = format!("{OURS}[roles]\nrevoke_sessions = \"always\"\n");
    let found = judged_by(&always, &Inventory::default(), &event);
    assert_eq!(kinds(&found), ["role-trust", "role-sessions"]);
}

#[test]
fn the_answers_encoded_document_serves_where_the_request_has_none() {
    let encoded = FOREIGN
        .bytes()
        .map(|b| format!("%{b:02X}"))
        .collect::<String>();
    let mut event = event(
        "CreateRole",
        &json!({"roleName": "door", "assumeRolePolicyDocument": HIDDEN}),
    );
    event["responseElements"] = json!({"role": {"assumeRolePolicyDocument": encoded}});
    assert_eq!(judged(&event).verdict(), Verdict::Violation);
}

#[test]
fn a_document_that_is_missing_hidden_or_broken_leaves_it_to_the_live_state() {
    for document in [json!(null), json!(HIDDEN), json!("{\"Version\""), json!("")] {
        let event = event(
            "UpdateAssumeRolePolicy",
            &json!({"roleName": "reader", "policyDocument": document}),
        );
        let found = judged(&event);
        assert_eq!(found.verdict(), Verdict::CannotTell, "{document}");
        assert_eq!(kinds(&found), ["role-trust"], "{document}");
    }
    for request in [
        json!(null),
        json!({"omitted": true, "reason": "requestParameters too large"}),
        json!({"roleName": HIDDEN}),
    ] {
        let found = judged(&event("UpdateAssumeRolePolicy", &request));
        assert_eq!(found.verdict(), Verdict::CannotTell, "{request}");
        assert!(
            found
                .findings
                .iter()
                .all(|finding| finding.plan.is_empty() && finding.resource.is_empty())
        );
    }
}

#[test]
fn where_the_request_was_too_large_the_answer_names_the_role() {
    let request = json!({"omitted": true, "reason": "requestParameters too large"});
    let mut event = event("CreateRole", &request);
    event["responseElements"] = json!({"role": {"roleName": "door"}});
    let found = judged(&event);
    assert_eq!(found.verdict(), Verdict::CannotTell);
    assert_eq!(kinds(&found), ["role-trust", "role-sessions"]);
    let door = "arn:aws:iam::111111111111:role/door";
    assert_eq!(found.findings[0].plan[0].at().resource, door);
    event["responseElements"]["role"]["assumeRolePolicyDocument"] = json!(FOREIGN);
    assert_eq!(judged(&event).verdict(), Verdict::Violation);
}

#[test]
fn a_boundary_that_denies_all_lowers_the_severity_and_not_the_verdict() {
    let boundary = "arn:aws:iam::aws:policy/AWSDenyAll";
    let event = event(
        "CreateRole",
        &json!({"roleName": "door", "assumeRolePolicyDocument": FOREIGN, "permissionsBoundary": boundary}),
    );
    let found = judged(&event);
    assert_eq!(
        (found.verdict(), found.findings[0].severity),
        (Verdict::Violation, Severity::Medium)
    );
}

#[test]
fn anybody_is_worse_than_somebody() {
    let public = FOREIGN.replace("arn:aws:iam::333333333333:root", "*");
    let event = event(
        "CreateRole",
        &json!({"roleName": "door", "assumeRolePolicyDocument": public}),
    );
    assert_eq!(judged(&event).findings[0].severity, Severity::Critical);
}

#[test]
fn power_is_judged_by_the_policy_and_never_by_its_name() {
    let attach = |arn: &str| {
        judged(&event(
            "AttachRolePolicy",
            &json!({"roleName": "app", "policyArn": arn}),
        ))
    };
    let found = attach(ADMIN);
    assert_eq!(
        (found.verdict(), kinds(&found)),
        (Verdict::Violation, vec!["attachments"])
    );
    let found = attach("arn:aws:iam::111111111111:policy/DenyAdministratorAccess");
    assert_eq!(
        (found.verdict(), kinds(&found)),
        (Verdict::CannotTell, vec!["attachments"])
    );
    assert_eq!(
        attach("arn:aws:iam::aws:policy/AWSDenyAll").verdict(),
        Verdict::Clean
    );
    assert_eq!(
        attach("arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV4").verdict(),
        Verdict::Clean
    );
}

#[test]
fn the_approved_may_have_power_also_under_a_path_that_events_leave_out() {
    let approved = |arn: &str| {
        format!(
            "{OURS}[[approved]]\nprincipal = \"{arn}\"\nreason = \"platform\"\n[protected]\nresources = [\"arn:aws:cloudtrail:*:111111111111:trail/*\"]\n"
        )
    };
    let attach = event(
        "AttachRolePolicy",
        &json!({"roleName": "app", "policyArn": ADMIN}),
    );
    let verdict = |arn: &str| judged_by(&approved(arn), &Inventory::default(), &attach).verdict();
    assert_eq!(
        verdict("arn:aws:iam::111111111111:role/app"),
        Verdict::Clean
    );
    assert_eq!(
        verdict("arn:aws:iam::111111111111:role/team/app"),
        Verdict::CannotTell
    );
    assert_eq!(
        verdict("arn:aws:iam::111111111111:role/other"),
        Verdict::Violation
    );
    assert_eq!(
        verdict("arn:aws:iam::222222222222:role/app"),
        Verdict::Violation
    );
}

#[test]
fn far_from_what_is_protected_it_is_told_and_not_touched() {
    let far =
        format!("{OURS}[protected]\nresources = [\"arn:aws:cloudtrail:*:222222222222:trail/*\"]\n");
    let attach = event(
        "AttachUserPolicy",
        &json!({"userName": "x", "policyArn": ADMIN}),
    );
    let found = judged_by(&far, &Inventory::default(), &attach);
    assert_eq!(
        (found.verdict(), found.findings[0].severity),
        (Verdict::Violation, Severity::Medium)
    );
    assert!(found.findings[0].plan.is_empty());
}

#[test]
fn a_policy_that_the_record_does_not_name_cannot_be_detached() {
    let found = judged(&event(
        "AttachGroupPolicy",
        &json!({"groupName": "developers"}),
    ));
    assert_eq!(
        (found.verdict(), kinds(&found).len()),
        (Verdict::CannotTell, 0)
    );
    assert_eq!(
        found.findings[0].resource,
        "arn:aws:iam::111111111111:group/developers"
    );
}

#[test]
fn each_call_on_a_guard_role_names_the_facet_it_touches() {
    for (name, request, kind, wrote) in [
        (
            "UpdateAssumeRolePolicy",
            json!({"policyDocument": EC2}),
            "role-trust",
            true,
        ),
        (
            "PutRolePolicy",
            json!({"policyName": "a", "policyDocument": EC2}),
            "role-inline-policies",
            false,
        ),
        (
            "DeleteRolePolicy",
            json!({"policyName": "a"}),
            "role-inline-policies",
            false,
        ),
        (
            "AttachRolePolicy",
            json!({"policyArn": "arn:aws:iam::aws:policy/AWSDenyAll"}),
            "attachments",
            false,
        ),
        (
            "DetachRolePolicy",
            json!({"policyArn": ADMIN}),
            "attachments",
            false,
        ),
        (
            "PutRolePermissionsBoundary",
            json!({"permissionsBoundary": ADMIN}),
            "role-boundary",
            true,
        ),
        (
            "DeleteRolePermissionsBoundary",
            json!({}),
            "role-boundary",
            true,
        ),
        (
            "TagRole",
            json!({"tags": [{"key": "a", "value": "b"}]}),
            "role-tags",
            false,
        ),
        ("UntagRole", json!({"tagKeys": ["a"]}), "role-tags", false),
        (
            "UpdateRole",
            json!({"description": "", "maxSessionDuration": 3600}),
            "role-settings",
            true,
        ),
        (
            "UpdateRole",
            json!({"maxSessionDuration": 3600}),
            "role-settings",
            false,
        ),
        ("DeleteRole", json!({}), "role-trust", true),
    ] {
        let mut request = request;
        request["roleName"] = json!("auditward-trail-guard");
        let mut found = judged(&event(name, &request));
        found
            .findings
            .retain(|finding| finding.rule.id.starts_with("guard-role"));
        assert_eq!(kinds(&found), [kind], "{name}");
        assert_eq!(found.findings[0].plan[0].wrote().is_some(), wrote, "{name}");
        assert_eq!(found.findings[0].severity, Severity::Critical, "{name}");
        request["roleName"] = json!("payments-auditward-mirror");
        assert!(
            judged(&event(name, &request))
                .findings
                .iter()
                .all(|f| !f.rule.id.starts_with("guard")),
            "{name}"
        );
    }
}

#[test]
fn the_role_that_delivers_a_trails_events_is_known_without_its_path() {
    let log_role = Some(
        "arn:aws:iam::111111111111:role/service-role/CloudTrail_CloudWatchLogs_Role".to_owned(),
    );
    let inventory = Inventory {
        trails: vec![TrailUse {
            log_role,
            ..TrailUse::default()
        }],
        ..Inventory::default()
    };
    let lost = event(
        "DeleteRolePolicy",
        &json!({"roleName": "CloudTrail_CloudWatchLogs_Role", "policyName": "a"}),
    );
    assert_eq!(
        rules(&judged_by(OURS, &inventory, &lost)),
        ["guard-role.changed"]
    );
    assert!(
        judged_by(OURS, &Inventory::default(), &lost)
            .findings
            .is_empty()
    );
}

#[test]
fn a_refused_call_is_told_by_the_role_in_its_error_and_only_of_the_guard() {
    let refused = |resource: &str| {
        let mut event = event("UntagRole", &json!(null));
        event["errorCode"] = json!("AccessDenied");
        event["errorMessage"] = json!(format!(
            "User: arn:aws:iam::111111111111:user/x is not authorized to perform: iam:UntagRole on resource: {resource} because no"
        ));
        judged(&event).verdict()
    };
    assert_eq!(refused("role auditward-trail-guard"), Verdict::Attempt);
    assert_eq!(
        refused("arn:aws:iam::111111111111:role/x/auditward-trail-guard"),
        Verdict::Attempt
    );
    assert_eq!(refused("role payments-api"), Verdict::Clean);
    assert_eq!(
        refused("policy auditward-x"),
        Verdict::Attempt,
        "an unknown form hides nothing"
    );
}

#[test]
fn the_same_name_of_another_service_is_another_call() {
    let mut other = event("UpdateRole", &json!({"roleName": "auditward-trail-guard"}));
    other["eventSource"] = json!("workmail.amazonaws.com");
    assert_eq!(judged(&other).verdict(), Verdict::OutOfScope);
}

#[test]
fn stack_sets_gives_its_own_role_power_and_nobody_else_in_its_name() {
    let mut attach = event(
        "AttachRolePolicy",
        &json!({"roleName": "stacksets-exec-1f", "policyArn": ADMIN}),
    );
    assert_eq!(judged(&attach).verdict(), Verdict::Violation);
    for (path, expected) in [
        (
            "aws-service-role/member.org.stacksets.cloudformation.amazonaws.com/",
            Verdict::Clean,
        ),
        ("", Verdict::Violation),
    ] {
        let issuer = format!(
            "arn:aws:iam::111111111111:role/{path}AWSServiceRoleForCloudFormationStackSetsOrgMember"
        );
        attach["userIdentity"]["sessionContext"] = json!({"sessionIssuer": {"arn": issuer}});
        assert_eq!(judged(&attach).verdict(), expected, "{issuer}");
    }
}

#[test]
fn what_looks_like_a_neighbours_doing_is_told_and_left_standing() {
    for (service, role) in [
        (
            "cloudformation.amazonaws.com",
            "cdk-hnb659fds-cfn-exec-role-111111111111-eu-west-1",
        ),
        (
            "organizations.amazonaws.com",
            "OrganizationAccountAccessRole",
        ),
        ("organizations.amazonaws.com", "AWSControlTowerExecution"),
    ] {
        let attach = |by: &str, role: &str, policy: &str| {
            let request = json!({"roleName": role, "policyArn": policy});
            let mut attach = event("AttachRolePolicy", &request);
            attach["userIdentity"]["invokedBy"] = json!(by);
            judged(&attach)
        };
        let found = attach(service, role, ADMIN);
        assert_eq!(found.verdict(), Verdict::Violation, "{role}");
        assert!(kinds(&found).is_empty(), "{role}");
        let told = &found.findings[0].summary;
        assert!(told.contains("left standing"), "{told}");
        // The name alone, another service, another policy or another role is nobody's.
        let iam = "arn:aws:iam::aws:policy/IAMFullAccess";
        for other in [
            attach("", role, ADMIN),
            attach("lambda.amazonaws.com", role, ADMIN),
            attach(service, role, iam),
            attach(service, "webshop", ADMIN),
        ] {
            assert_eq!(kinds(&other), ["attachments"], "{role}");
        }
    }
}

#[test]
fn the_event_time_bounds_what_the_event_can_have_attached() {
    let found = judged(&event(
        "AttachUserPolicy",
        &json!({"userName": "x", "policyArn": ADMIN}),
    ));
    let Plan::Attachments(step) = &found.findings[0].plan[0] else {
        panic!("{found:?}")
    };
    let at = Some(Utc.with_ymd_and_hms(2026, 11, 12, 12, 0, 0).unwrap());
    assert_eq!(
        step.wish,
        AttachmentsWish::Without {
            policy: ADMIN.into(),
            at
        }
    );
}
