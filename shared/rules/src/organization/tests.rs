use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::inventory::Inventory;
use crate::judge::{Judgement, Verdict, judge};
use crate::record::Record;
use crate::settings::Settings;

const SETTINGS: &str = r#"
[ours]
organization = "o-exampleorg1"
accounts = ["111111111111", "222222222222"]

[[deployers]]
principal = "arn:aws:iam::111111111111:role/landing-zone"
reason = "account vending"

[organization]
management_account = "111111111111"
accepted_services = ["sso.amazonaws.com"]
guardrails = ["p-named*"]
regions = ["eu-west-1"]

[[organization.delegated_administrators]]
account = "222222222222"
service = "cloudtrail.amazonaws.com"
"#;

fn ask(settings: &Settings, inventory: &Inventory, call: &str, asked: Value) -> Judgement {
    let (source, name) = call.split_once(':').unwrap();
    let record = json!({
        "eventSource": format!("{source}.amazonaws.com"),
        "eventName": name,
        "eventTime": "2026-11-13T12:00:00Z",
        "awsRegion": "us-east-1",
        "recipientAccountId": "111111111111",
        "eventID": "7c1d90e2-5b6a-4f38-a1e4-c02d9b7f6350",
        "userIdentity": {
            "type": "AssumedRole",
            "accountId": "111111111111",
            "arn": "arn:aws:sts::111111111111:assumed-role/admin/alice",
            "sessionContext": {"sessionIssuer": {
                "type": "Role",
                "arn": "arn:aws:iam::111111111111:role/admin",
                "principalId": "AROAEXAMPLEADMIN00001",
            }},
        },
        "requestParameters": asked,
        "responseElements": null,
    })
    .to_string();
    let record = Record::read(&record).unwrap();
    let now: DateTime<Utc> = record.event_time.parse().unwrap();
    judge(&record, settings, inventory, now)
}

fn verdict(call: &str, asked: Value) -> Verdict {
    let settings = Settings::parse(SETTINGS).unwrap();
    ask(&settings, &Inventory::default(), call, asked).verdict()
}

#[test]
fn services_and_administrators_are_those_of_the_settings() {
    let enable = "organizations:EnableAWSServiceAccess";
    let service = |name: &str| json!({"servicePrincipal": format!("{name}.amazonaws.com")});
    assert_eq!(verdict(enable, service("sso")), Verdict::Clean);
    assert_eq!(verdict(enable, service("ram")), Verdict::Violation);
    let disable = "organizations:DisableAWSServiceAccess";
    assert_eq!(verdict(disable, service("cloudtrail")), Verdict::Violation);
    assert_eq!(verdict(disable, service("sso")), Verdict::Clean);

    let admin = |account: &str, name: &str| json!({"accountId": account, "servicePrincipal": format!("{name}.amazonaws.com")});
    let register = "organizations:RegisterDelegatedAdministrator";
    assert_eq!(
        verdict(register, admin("222222222222", "cloudtrail")),
        Verdict::Clean
    );
    assert_eq!(
        verdict(register, admin("333333333333", "cloudtrail")),
        Verdict::Violation
    );
    let deregister = "organizations:DeregisterDelegatedAdministrator";
    assert_eq!(
        verdict(deregister, admin("222222222222", "cloudtrail")),
        Verdict::Violation
    );
    assert_eq!(
        verdict(deregister, admin("333333333333", "cloudtrail")),
        Verdict::Clean
    );
}

#[test]
fn both_events_of_one_act_name_one_resource() {
    let settings = Settings::parse(SETTINGS).unwrap();
    let one = ask(
        &settings,
        &Inventory::default(),
        "cloudtrail:RegisterOrganizationDelegatedAdmin",
        json!({"memberAccountId": "333333333333"}),
    );
    let other = ask(
        &settings,
        &Inventory::default(),
        "organizations:RegisterDelegatedAdministrator",
        json!({"accountId": "333333333333", "servicePrincipal": "cloudtrail.amazonaws.com"}),
    );
    let (one, other) = (&one.findings[0], &other.findings[0]);
    assert_eq!(
        (&one.resource, &one.plan, one.rule.id),
        (&other.resource, &other.plan, other.rule.id)
    );
    assert_eq!(
        one.resource,
        "arn:aws:organizations::111111111111:account/o-exampleorg1/333333333333"
    );
}

#[test]
fn only_guardrails_count_where_settings_are_given() {
    let settings = Settings::parse(SETTINGS).unwrap();
    let arn = "arn:aws:organizations::111111111111:policy/o-exampleorg1/service_control_policy/p-found000";
    let inventory = Inventory {
        others: [arn.to_owned()].into(),
        ..Inventory::default()
    };
    for (id, expected) in [
        ("p-named001", Verdict::Violation),
        ("p-found000", Verdict::Violation),
        ("p-other000", Verdict::Clean),
        ("p-FullAWSAccess", Verdict::Clean),
    ] {
        let detached = json!({"policyId": id, "targetId": "ou-ex4m-7h2kq9wd"});
        let judged = ask(
            &settings,
            &inventory,
            "organizations:DetachPolicy",
            detached,
        );
        assert_eq!(judged.verdict(), expected, "{id}");
    }
    let deleted = ask(
        &settings,
        &inventory,
        "organizations:DeletePolicy",
        json!({"policyId": "p-found000"}),
    );
    assert_eq!(deleted.findings[0].resource, arn);
}

#[test]
fn accounts_that_are_ours_may_be_invited() {
    let target = |id: &str| json!({"target": {"id": id, "type": "ACCOUNT"}});
    let invite = "organizations:InviteAccountToOrganization";
    assert_eq!(verdict(invite, target("222222222222")), Verdict::Clean);
    assert_eq!(verdict(invite, target("333333333333")), Verdict::Violation);
    assert_eq!(
        verdict(invite, json!({"target": {"id": "***", "type": "EMAIL"}})),
        Verdict::CannotTell
    );
}

#[test]
fn regions_and_contacts() {
    let region = |name: &str| json!({ "regionName": name });
    for (call, name, expected) in [
        ("account:EnableRegion", "eu-west-1", Verdict::Clean),
        ("account:EnableRegion", "af-south-1", Verdict::Violation),
        ("account:DisableRegion", "eu-west-1", Verdict::Violation),
        ("account:DisableRegion", "af-south-1", Verdict::Clean),
    ] {
        assert_eq!(verdict(call, region(name)), expected, "{call} {name}");
    }
    let contact = json!({"alternateContactType": "SECURITY", "accountId": "222222222222"});
    let settings = Settings::parse(SETTINGS).unwrap();
    let found = ask(
        &settings,
        &Inventory::default(),
        "account:DeleteAlternateContact",
        contact,
    );
    assert_eq!(
        found.findings[0].resource,
        "arn:aws:account::111111111111:account/o-exampleorg1/222222222222"
    );
}

#[test]
fn what_the_record_hides_is_never_clean() {
    for call in [
        "organizations:RemoveAccountFromOrganization",
        "organizations:MoveAccount",
        "organizations:DisableAWSServiceAccess",
        "organizations:RegisterDelegatedAdministrator",
        "organizations:AttachPolicy",
        "organizations:DetachPolicy",
        "organizations:UpdatePolicy",
        "organizations:DisablePolicyType",
        "organizations:PutResourcePolicy",
        "account:DisableRegion",
        "account:PutAlternateContact",
    ] {
        let hidden = json!({"reason": "requestParameters too large", "omitted": true});
        assert_eq!(verdict(call, hidden), Verdict::CannotTell, "{call}");
    }
}

#[test]
fn an_organization_that_nobody_named_is_nobodys_business() {
    let settings = Settings::parse("[ours]\naccounts = [\"111111111111\"]\n").unwrap();
    let judged = ask(
        &settings,
        &Inventory::default(),
        "organizations:DisableAWSServiceAccess",
        json!({"servicePrincipal": "cloudtrail.amazonaws.com"}),
    );
    assert_eq!(judged.verdict(), Verdict::Clean);
}
