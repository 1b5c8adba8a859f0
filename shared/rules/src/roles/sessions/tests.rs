//! Who comes in from outside: sessions, certificates, shares, partners.

use chrono::{TimeZone, Utc};
use serde_json::{Value, json};

use crate::inventory::Inventory;
use crate::judge::{Judgement, Verdict, judge};
use crate::plan::Plan;
use crate::record::Record;
use crate::rule::Severity;
use crate::settings::Settings;

const SETTINGS: &str = r#"
[ours]
accounts = ["111111111111", "222222222222"]
[[partners]]
account = "444444444444"
external_id = "7d0c6a52-acme"
may_read = ["arn:aws:s3:::acme-logs/AWSLogs/111111111111/*", "arn:aws:s3:::acme-logs/AWSLogs/222222222222/*"]
role = "arn:aws:iam::111111111111:role/partners/acme-*"
purpose = "monitoring"
[[approved]]
principal = "arn:aws:iam::111111111111:role/platform-admin"
reason = "platform team"
[protected]
resources = ["arn:aws:cloudtrail:*:111111111111:trail/*"]
"#;

fn judged_by(settings: &str, source: &str, name: &str, more: Value) -> Judgement {
    let mut event = json!({
        "eventSource": format!("{source}.amazonaws.com"),
        "eventName": name,
        "eventTime": "2026-11-12T12:00:00Z",
        "awsRegion": "eu-west-1",
        "recipientAccountId": "111111111111",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111111111111:user/x"},
    });
    if let (Value::Object(event), Value::Object(more)) = (&mut event, more) {
        event.extend(more);
    }
    let text = event.to_string();
    let now = Utc.with_ymd_and_hms(2026, 11, 12, 12, 1, 0).unwrap();
    let settings = Settings::parse(settings).unwrap();
    let inventory = Inventory::default();
    judge(&Record::read(&text).unwrap(), &settings, &inventory, now)
}

fn judged(source: &str, name: &str, more: Value) -> Judgement {
    judged_by(SETTINGS, source, name, more)
}

fn assumed_by(identity: Value, account: &str) -> Judgement {
    let mut more = json!({
        "recipientAccountId": account,
        "requestParameters": {"roleArn": format!("arn:aws:iam::{account}:role/r"), "roleSessionName": "s"},
    });
    more["userIdentity"] = identity;
    judged("sts", "AssumeRole", more)
}

#[test]
fn only_an_unregistered_outside_account_is_an_outsider() {
    let of = |account: &str| json!({"type": "AWSAccount", "accountId": account});
    for known in ["111111111111", "222222222222", "444444444444"] {
        let found = assumed_by(of(known), "111111111111");
        assert_eq!(found.verdict(), Verdict::Clean, "{known}");
    }
    for (identity, verdict) in [
        (of("333333333333"), Verdict::Violation),
        (
            json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}),
            Verdict::Clean,
        ),
        (
            json!({"type": "AssumedRole", "accountId": "333333333333"}),
            Verdict::Clean,
        ),
        (json!({"type": "AWSAccount"}), Verdict::Clean),
    ] {
        let found = assumed_by(identity.clone(), "111111111111");
        assert_eq!(found.verdict(), verdict, "{identity}");
    }
    // The other account holds nothing that is guarded.
    let found = assumed_by(of("333333333333"), "222222222222");
    assert_eq!(found.verdict(), Verdict::Clean);
}

#[test]
fn where_accounts_are_not_listed_an_outsider_may_be_ours() {
    let settings = SETTINGS.replace("[ours]", "[ours]\norganization = \"o-exampleorg1\"");
    let more = json!({
        "userIdentity": {"type": "AWSAccount", "accountId": "333333333333"},
        "requestParameters": {"roleArn": "arn:aws:iam::111111111111:role/r"},
    });
    let found = judged_by(&settings, "sts", "AssumeRole", more);
    assert_eq!(found.verdict(), Verdict::CannotTell);
    assert_eq!(found.findings[0].severity, Severity::Medium);
    assert!(found.findings[0].plan.is_empty());
}

#[test]
fn a_provider_of_ours_is_known_by_its_account() {
    for (provider, verdict) in [
        (
            "arn:aws:iam::111111111111:oidc-provider/gitlab.example",
            Verdict::Clean,
        ),
        (
            "arn:aws:iam::333333333333:oidc-provider/gitlab.example",
            Verdict::Violation,
        ),
        ("cognito-identity.amazonaws.com", Verdict::Clean),
    ] {
        let more = json!({
            "userIdentity": {"type": "WebIdentityUser", "identityProvider": provider},
            "requestParameters": {"roleArn": "arn:aws:iam::111111111111:role/app"},
        });
        let found = judged("sts", "AssumeRoleWithWebIdentity", more);
        assert_eq!(found.verdict(), verdict, "{provider}");
    }
}

#[test]
fn a_root_session_matters_where_something_is_guarded() {
    for (target, verdict) in [
        ("111111111111", Verdict::Violation),
        ("arn:aws:iam::111111111111:root", Verdict::Violation),
        ("222222222222", Verdict::Clean),
    ] {
        let more = json!({"requestParameters": {"targetPrincipal": target}});
        let found = judged("sts", "AssumeRoot", more);
        assert_eq!(found.verdict(), verdict, "{target}");
    }
}

#[test]
fn an_anchor_is_judged_by_whose_authority_stands_behind_it() {
    let pca = |account: &str| {
        json!({"sourceType": "AWS_ACM_PCA", "sourceData": {
            "acmPcaArn": format!("arn:aws:acm-pca:eu-west-1:{account}:certificate-authority/x")}})
    };
    let bundle = json!({"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {}});
    for (source, verdict) in [
        (pca("222222222222"), Verdict::Clean),
        (pca("333333333333"), Verdict::Violation),
        (bundle, Verdict::Violation),
        (
            json!({"sourceType": "SELF_SIGNED_REPOSITORY"}),
            Verdict::Violation,
        ),
        (
            json!({"sourceType": "AWS_ACM_PCA", "sourceData": {}}),
            Verdict::CannotTell,
        ),
        (Value::Null, Verdict::CannotTell),
    ] {
        let more = json!({"requestParameters": {"name": "a", "enabled": true, "source": source}});
        let found = judged("rolesanywhere", "CreateTrustAnchor", more);
        assert_eq!(found.verdict(), verdict, "{source}");
        assert!(
            found.findings.iter().all(|one| one.plan.is_empty()),
            "no ID"
        );
    }
}

#[test]
fn a_profile_matters_by_its_roles() {
    for (roles, verdict) in [
        (
            json!(["arn:aws:iam::111111111111:role/platform-admin"]),
            Verdict::Violation,
        ),
        (
            json!(["arn:aws:iam::111111111111:role/auditward-member"]),
            Verdict::Violation,
        ),
        (
            json!(["arn:aws:iam::111111111111:role/scanner"]),
            Verdict::CannotTell,
        ),
        (json!([]), Verdict::Clean),
    ] {
        let more = json!({"requestParameters": {"name": "p", "roleArns": roles}});
        let found = judged("rolesanywhere", "CreateProfile", more);
        assert_eq!(found.verdict(), verdict, "{roles}");
    }
}

#[test]
fn only_outsiders_leave_a_share() {
    let principals = json!([
        "222222222222",
        "333333333333",
        "arn:aws:iam::333333333333:role/r",
        "arn:aws:organizations::999999999999:ou/o-otherorg111/ou-1",
        "ec2.amazonaws.com",
    ]);
    let share = "arn:aws:ram:eu-west-1:111111111111:resource-share/s";
    let more = json!({"requestParameters": {"resourceShareArn": share, "principals": principals}});
    let found = judged("ram", "AssociateResourceShare", more);
    let items: Vec<_> = found.findings[0]
        .plan
        .iter()
        .map(|plan| plan.at().item.as_deref().unwrap())
        .collect();
    assert_eq!(
        items,
        [
            "333333333333",
            "arn:aws:iam::333333333333:role/r",
            "arn:aws:organizations::999999999999:ou/o-otherorg111/ou-1",
        ]
    );
    assert!(matches!(found.findings[0].plan[0], Plan::SharePrincipal(_)));
    let hidden = json!({"requestParameters": {"resourceShareArn": share, "principals": ["HIDDEN_DUE_TO_SECURITY_REASONS"]}});
    let found = judged("ram", "AssociateResourceShare", hidden);
    assert_eq!(found.verdict(), Verdict::CannotTell);
}

#[test]
fn the_approved_may_hand_out_permission_sets() {
    let set = "arn:aws:sso:::permissionSet/ssoins-1/ps-1";
    let asked = json!({"permissionSetArn": set, "managedPolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"});
    let by = json!({"type": "AssumedRole", "sessionContext": {"sessionIssuer": {
        "arn": "arn:aws:iam::111111111111:role/platform-admin"}}});
    let name = "AttachManagedPolicyToPermissionSet";
    let found = judged("sso", name, json!({ "requestParameters": asked }));
    assert_eq!(found.verdict(), Verdict::Violation);
    let approved = json!({"requestParameters": asked, "userIdentity": by});
    let found = judged("sso", name, approved);
    assert_eq!(found.verdict(), Verdict::Clean);
}

/// What a partner's role may be given: what is shared with it, in as many
/// folders as there are, and nothing else of a bucket that holds logs.
#[test]
fn a_partners_role_is_held_to_what_is_shared() {
    let put = |role: &str, resources: Value, action: &str| {
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "Read", "Effect": "Allow", "Action": action, "Resource": resources}]});
        let asked =
            json!({"roleName": role, "policyName": "p", "policyDocument": policy.to_string()});
        let found = judged(
            "iam",
            "PutRolePolicy",
            json!({ "requestParameters": asked }),
        );
        found
            .findings
            .iter()
            .filter(|one| one.rule.id == "partner-role.widened")
            .map(|one| (one.verdict, one.summary.clone()))
            .next()
    };
    let key = |key: &str| format!("arn:aws:s3:::acme-logs/AWSLogs/{key}");
    let both = json!([key("111111111111/*"), key("222222222222/CloudTrail/*")]);
    assert_eq!(put("acme-reader", both.clone(), "s3:GetObject"), None);
    let (verdict, summary) = put("acme-reader", json!(key("*")), "s3:GetObject").unwrap();
    assert_eq!(verdict, Verdict::Violation);
    assert!(
        summary.contains("`Read` reaches more of acme-logs"),
        "{summary}"
    );
    assert!(put("acme-reader", both, "s3:PutObject").is_some());
    let other = json!("arn:aws:s3:::acme-website/*");
    assert_eq!(put("acme-reader", other, "s3:GetObject"), None);
    assert_eq!(put("reader", json!("*"), "s3:GetObject"), None);
}

fn told_of(name: &str, asked: Value) -> Vec<(&'static str, Verdict)> {
    let found = judged("iam", name, json!({ "requestParameters": asked }));
    let all = found.findings.iter();
    all.map(|one| (one.rule.id, one.verdict)).collect()
}

#[test]
fn sharing_that_ends_is_told_of() {
    let trust = |principal: &str| {
        let id = json!({"StringEquals": {"sts:ExternalId": "7d0c6a52-acme"}});
        let statement = json!({"Effect": "Allow", "Principal": {"AWS": principal},
            "Action": "sts:AssumeRole", "Condition": id});
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    let put = |role: &str, principal: &str| {
        let asked = json!({"roleName": role, "policyDocument": trust(principal)});
        told_of("UpdateAssumeRolePolicy", asked)
    };
    let closed = [("partner-role.closed", Verdict::Violation)];
    assert_eq!(put("acme-reader", "444444444444"), []);
    assert_eq!(
        put("acme-reader", "arn:aws:iam::444444444444:role/collector"),
        []
    );
    assert_eq!(put("acme-reader", "111111111111"), closed);
    assert_eq!(put("reader", "111111111111"), []);
    let deleted = told_of("DeleteRole", json!({"roleName": "acme-reader"}));
    assert_eq!(deleted, closed);
}

#[test]
fn no_policy_of_aws_is_held_to_a_folder() {
    for (policy, expected) in [
        ("AmazonS3ReadOnlyAccess", vec!["partner-role.widened"]),
        ("AmazonS3FullAccess", vec!["role.admin-attached"]),
        ("AWSCloudTrail_ReadOnlyAccess", vec![]),
    ] {
        let asked = json!({"roleName": "acme-reader", "policyArn": format!("arn:aws:iam::aws:policy/{policy}")});
        let found = told_of("AttachRolePolicy", asked);
        let rules: Vec<_> = found.iter().map(|(rule, _)| *rule).collect();
        assert_eq!(rules, expected, "{policy}");
    }
}

#[test]
fn the_role_that_knows_the_organization_is_missed() {
    let name = "DeleteServiceLinkedRole";
    for (role, expected) in [
        ("AWSServiceRoleForCloudTrail", 1),
        ("AWSServiceRoleForECS", 0),
    ] {
        assert_eq!(told_of(name, json!({ "roleName": role })).len(), expected);
    }
}
