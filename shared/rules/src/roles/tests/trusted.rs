//! Whose doing is accepted, and whose accounts are ours.

use super::*;
use crate::roles::guard::NEEDED;
use crate::settings::Home;

const HOME: &str = "999999999999";
const MEMBER: &str = "555555555555";

/// Settings that know but the organization, where Auditward runs in an account of it.
fn of_organization(more: &str) -> Settings {
    let text = format!("[ours]\norganization = \"o-exampleorg1\"\n{more}");
    let mut settings = Settings::parse(&text).unwrap();
    settings.home = Some(Home {
        account: HOME.into(),
        member_role: "auditward-member".into(),
    });
    settings
}

fn under(settings: &Settings, inventory: &Inventory, event: &Value) -> Judgement {
    let text = event.to_string();
    let now = Utc.with_ymd_and_hms(2026, 11, 12, 12, 1, 0).unwrap();
    judge(&Record::read(&text).unwrap(), settings, inventory, now)
}

/// A role of a member account is made, which lets this account in.
fn lets_in(account: &str, role: &str) -> Value {
    let document = FOREIGN.replace("333333333333", account);
    let request = json!({"roleName": role, "assumeRolePolicyDocument": document});
    let mut made = event("CreateRole", &request);
    made["recipientAccountId"] = json!(MEMBER);
    made
}

#[test]
fn home_the_management_account_and_what_the_organization_lists_are_ours() {
    let none = Inventory::default();
    let of = |settings: &Settings, inventory: &Inventory, account: &str| {
        under(settings, inventory, &lets_in(account, "auditward-member")).verdict()
    };
    let settings = of_organization("");
    assert_eq!(of(&settings, &none, HOME), Verdict::Clean);
    assert_eq!(of(&settings, &none, "777777777777"), Verdict::Violation);

    let managed = of_organization("[organization]\nmanagement_account = \"777777777777\"\n");
    assert_eq!(of(&managed, &none, "777777777777"), Verdict::Clean);
    let listed = Inventory {
        accounts: vec!["777777777777".into()],
        ..none
    };
    assert_eq!(of(&settings, &listed, "777777777777"), Verdict::Clean);
    assert_eq!(of(&settings, &listed, "333333333333"), Verdict::Violation);
}

const QUARANTINE: &str = "arn:aws:iam::aws:policy/AWSCompromisedKeyQuarantineV3";

#[test]
fn a_quarantine_disarms_a_role_of_the_guard_and_nobody_elses() {
    let on = |role: &str| {
        let request = json!({"roleName": role, "policyArn": QUARANTINE});
        let found = judged(&event("AttachRolePolicy", &request));
        rules(&found)
            .iter()
            .map(|rule| (*rule).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(on("auditward-role-guard-eu-west-1"), ["guard-role.changed"]);
    assert_eq!(on("Auditward-Role-Guard-eu-west-1"), ["guard-role.changed"]);
    assert!(on("webshop").is_empty());
}

/// A policy of ours may have a path that reads like an ARN of AWS's.
#[test]
fn whose_a_policy_is_its_account_says_and_not_its_path() {
    let ours = |name: &str| format!("arn:aws:iam::111111111111:policy/x:iam::aws:policy/{name}");
    let request = json!({"userName": "x", "policyArn": ours("AWSCompromisedKeyQuarantineEvil")});
    let found = judged(&event("AttachUserPolicy", &request));
    assert_eq!(rules(&found), ["user.admin-attached"]);

    let bound = |boundary: &str| {
        let request = json!({
            "roleName": "door", "assumeRolePolicyDocument": FOREIGN, "permissionsBoundary": boundary});
        judged(&event("CreateRole", &request)).findings[0].severity
    };
    assert_eq!(
        bound("arn:aws-cn:iam::aws:policy/AWSDenyAll"),
        Severity::Medium
    );
    assert_eq!(bound(&ours("AWSDenyAll")), Severity::High);

    let bound = |boundary: &str| {
        let request = json!({"roleName": "app", "permissionsBoundary": boundary});
        judged(&event("PutRolePermissionsBoundary", &request)).verdict()
    };
    assert_eq!(bound(ADMIN), Verdict::Violation);
    assert_eq!(bound(&ours("AdministratorAccess")), Verdict::CannotTell);
}

#[test]
fn what_a_deployer_does_is_accepted_where_it_cannot_be_told_as_well() {
    let deployer = format!(
        "{OURS}[[deployers]]\nprincipal = \"arn:aws:iam::111111111111:user/x\"\nreason = \"r\"\n"
    );
    let policy = "arn:aws:iam::111111111111:policy/app";
    for (name, request, learns) in [
        (
            "AttachRolePolicy",
            json!({"roleName": "app", "policyArn": policy}),
            false,
        ),
        (
            "SetDefaultPolicyVersion",
            json!({"policyArn": policy, "versionId": "v2"}),
            true,
        ),
        (
            "AddUserToGroup",
            json!({"userName": "u", "groupName": "g"}),
            true,
        ),
    ] {
        let event = event(name, &request);
        let ours = format!(
            "{OURS}[protected]\nresources = [\"arn:aws:cloudtrail:*:111111111111:trail/*\"]\n"
        );
        let none = Inventory::default();
        assert_eq!(
            judged_by(&ours, &none, &event).verdict(),
            Verdict::CannotTell,
            "{name}"
        );
        let near = deployer.replace(OURS, &ours);
        let found = judged_by(&near, &none, &event);
        assert!(found.findings.is_empty(), "{name}: {:?}", rules(&found));
        assert_eq!(found.accepted.len(), 1, "{name}");
        assert_eq!(found.accepted[0].wrote().is_some(), learns, "{name}");
        let mut failed = event;
        failed["errorCode"] = json!("AccessDenied");
        assert_eq!(
            judged_by(&near, &none, &failed).verdict(),
            Verdict::Attempt,
            "{name}"
        );
    }
    // Whom a trust policy lets in is judged all the same.
    let hidden = json!({"roleName": "app", "policyDocument": HIDDEN});
    let found = judged_by(
        &deployer,
        &Inventory::default(),
        &event("UpdateAssumeRolePolicy", &hidden),
    );
    assert_eq!(found.verdict(), Verdict::CannotTell);
}

/// What the template gives the role in a member account, in short.
fn hands() -> Value {
    let each = NEEDED.iter().map(|(action, on)| {
        let on = format!("arn:aws:{}", on.replace("{account}", MEMBER));
        json!({"Effect": "Allow", "Action": action, "Resource": [on]})
    });
    json!({"Version": "2012-10-17", "Statement": each.collect::<Vec<_>>()})
}

/// The template, in which each action stands in a list with the resource behind it.
#[test]
fn what_the_role_in_a_member_account_needs_is_what_the_template_gives_it() {
    let template = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    let template = std::fs::read_to_string(template).unwrap();
    let (_, member) = template.split_once("TemplateBody: |").unwrap();
    for (action, on) in NEEDED {
        let (_, behind) = member.split_once(&format!("- {action}\n")).expect(action);
        let (_, behind) = behind.split_once("Resource:").unwrap();
        let (resources, _) = behind.split_once("- Effect").unwrap();
        let on = on.replace("{account}", "${AWS::AccountId}");
        let on = format!("\"arn:${{AWS::Partition}}:{on}\"");
        assert!(resources.contains(&on), "{action} on {on}: {resources}");
    }
}

/// A call on a role of the member account by the stack set's role there.
fn by_stack_set(name: &str, role: &str, text: &str) -> Value {
    let request = json!({"roleName": role, "policyName": "hands", "policyDocument": text, "policyArn": ADMIN});
    let mut call = event(name, &request);
    call["recipientAccountId"] = json!(MEMBER);
    call["userIdentity"] = json!({
        "type": "AssumedRole",
        "arn": format!("arn:aws:sts::{MEMBER}:assumed-role/stacksets-exec-0a1b2c/x"),
        "accountId": MEMBER,
        "invokedBy": "cloudformation.amazonaws.com",
        "sessionContext": {"sessionIssuer": {
            "type": "Role", "arn": format!("arn:aws:iam::{MEMBER}:role/stacksets-exec-0a1b2c"), "principalId": "AROAX"}},
    });
    call
}

#[test]
fn the_stack_set_may_upgrade_the_role_in_a_member_account_and_nothing_else() {
    let settings = of_organization("");
    let none = Inventory::default();
    let home = FOREIGN.replace("333333333333", HOME);
    let is = |event: &Value| {
        let found = under(&settings, &none, event);
        (found.findings.len(), found.accepted.len())
    };
    let hands = hands().to_string();
    for (name, text) in [
        ("PutRolePolicy", hands.as_str()),
        ("UpdateRole", ""),
        ("UpdateAssumeRolePolicy", home.as_str()),
    ] {
        let found = under(
            &settings,
            &none,
            &by_stack_set(name, "auditward-member", text),
        );
        assert!(found.findings.is_empty(), "{name}: {:?}", rules(&found));
        assert_eq!(found.accepted.len(), 1, "{name}");
        assert!(
            found.notes[0].contains("stacksets-exec"),
            "{:?}",
            found.notes
        );
    }
    let itself = FOREIGN.replace("333333333333", MEMBER);
    let denying = hands.replacen('[', r#"[{"Effect":"Deny","Action":"*","Resource":"*"},"#, 1);
    let emptied = hands.replace("s3:::*", "s3:::nothing");
    let narrowed = hands.replace("s3:::*", "s3:::?");
    let once = r#""Condition":{"Bool":{"aws:SecureTransport":"false"}},"Resource""#;
    let conditional = hands.replace("\"Resource\"", once);
    // An outsider is let in by nobody, Auditward kept out by nobody, and other changes and roles are not the upgrade.
    for (name, role, text) in [
        ("UpdateAssumeRolePolicy", "auditward-member", FOREIGN),
        ("AttachRolePolicy", "auditward-member", ""),
        ("DeleteRolePolicy", "auditward-member", ""),
        ("PutRolePolicy", "auditward-trail-guard-eu-west-1", &hands),
        ("PutRolePolicy", "auditward-member", EC2),
        ("PutRolePolicy", "auditward-member", &emptied),
        ("PutRolePolicy", "auditward-member", &narrowed),
        ("PutRolePolicy", "auditward-member", &conditional),
        ("PutRolePolicy", "auditward-member", denying.as_str()),
        (
            "UpdateAssumeRolePolicy",
            "auditward-member",
            itself.as_str(),
        ),
    ] {
        assert_eq!(is(&by_stack_set(name, role, text)), (1, 0), "{name} {role}");
    }
    let upgrade = by_stack_set("PutRolePolicy", "auditward-member", &hands);
    let mut direct = upgrade.clone();
    direct["userIdentity"]["invokedBy"] = json!("lambda.amazonaws.com");
    let mut elsewhere = upgrade.clone();
    elsewhere["recipientAccountId"] = json!("444444444444");
    let mut somebody = upgrade;
    somebody["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] =
        json!(format!("arn:aws:iam::{MEMBER}:role/admin"));
    for other in [direct, elsewhere, somebody] {
        assert_eq!(is(&other), (1, 0), "{other}");
    }
}

#[test]
fn a_role_that_merely_has_such_a_name_is_given_no_power() {
    let attached = |role: &str| {
        let request = json!({"roleName": role, "policyArn": ADMIN});
        judged(&event("AttachRolePolicy", &request))
    };
    let found = attached("auditward-tools");
    assert_eq!(rules(&found), ["guard-role.changed"], "one case");
    let Plan::Attachments(step) = &found.findings[0].plan[0] else {
        panic!("{found:?}")
    };
    assert!(
        matches!(&step.wish, AttachmentsWish::BaselineOrWithout { policy, .. } if policy == ADMIN)
    );

    let power =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let written = |role: &str| {
        let request = json!({"roleName": role, "policyName": "a", "policyDocument": power});
        let found = judged(&event("PutRolePolicy", &request));
        kinds(&found)
            .iter()
            .map(|kind| (*kind).to_owned())
            .collect::<Vec<_>>()
    };
    let mut both = written("auditward-tools");
    both.sort_unstable();
    assert_eq!(both, ["inline-policy", "role-inline-policies"]);
    // The stack's own roles have such power, and lose it to no rule.
    for role in ["auditward-role-guard-eu-west-1", "auditward-member"] {
        assert_eq!(written(role), ["role-inline-policies"], "{role}");
    }
}
