//! The organization that the samples speak of: three units, a guardrail, a
//! member account that stands under it.

use serde_json::{Value, json};

use super::props::sample;
use crate::api::Api;
use crate::moto::{MANAGEMENT, MEMBER, Moto};

/// The root.
const ROOT: &str = "r-ex4m";
/// The unit under the guardrail.
const WORKLOADS: &str = "ou-ex4m-7h2kq9wd";
/// The unit in which nobody may do anything.
const QUARANTINE: &str = "ou-ex4m-q3ns81vc";
/// The guardrail.
const GUARDRAIL: &str = "p-9f2kd81x";

/// A caller in the management account, where Organizations answers.
async fn management(moto: &Moto) -> Api {
    Api::of(moto, MANAGEMENT, "us-east-1").await
}

async fn ask(api: &Api, action: &str, asked: Value) -> Value {
    let (status, answer) = api.json("organizations", action, &asked).await;
    assert!(status < 300, "{action}: {answer}");
    answer
}

/// What a sample's answer says a policy says.
fn content(name: &str) -> Value {
    let event = sample(&format!("organization-guard/{name}"));
    event["detail"]["responseElements"]["policy"]["content"].clone()
}

/// Makes the organization.
pub async fn make(moto: &Moto) {
    let api = &management(moto).await;
    ask(api, "CreateOrganization", json!({"FeatureSet": "ALL"})).await;
    for sort in ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"] {
        let asked = json!({"RootId": ROOT, "PolicyType": sort});
        ask(api, "EnablePolicyType", asked).await;
    }
    for name in ["Workloads", "Sandbox", "Quarantine"] {
        let asked = json!({"ParentId": ROOT, "Name": name});
        ask(api, "CreateOrganizationalUnit", asked).await;
    }
    let account = json!({"AccountName": "member", "Email": format!("{}@example.com", MEMBER.id)});
    ask(api, "CreateAccount", account).await;
    move_member(api, ROOT, WORKLOADS).await;

    let statement = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    let nothing = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let mut perimeter =
        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    perimeter["Condition"] = json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-exampleorg1"},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}});
    let perimeter = json!({"Version": "2012-10-17", "Statement": [perimeter]}).to_string();
    let service = "SERVICE_CONTROL_POLICY";
    for (name, sort, says, target) in [
        (
            "keep-the-trails",
            service,
            content("guardrail.weakened.clean.renamed"),
            WORKLOADS,
        ),
        (
            "cost-control",
            service,
            content("guardrail.created.violation.service-control"),
            "",
        ),
        ("quarantine", service, json!(nothing), QUARANTINE),
        (
            "perimeter",
            "RESOURCE_CONTROL_POLICY",
            json!(perimeter),
            ROOT,
        ),
    ] {
        let asked = json!({"Name": name, "Description": "", "Type": sort, "Content": says});
        let made = ask(api, "CreatePolicy", asked).await;
        if !target.is_empty() {
            let id = &made["Policy"]["PolicySummary"]["Id"];
            ask(
                api,
                "AttachPolicy",
                json!({"PolicyId": id, "TargetId": target}),
            )
            .await;
        }
    }
    for service in ["cloudtrail", "config", "guardduty"] {
        let asked = json!({"ServicePrincipal": format!("{service}.amazonaws.com")});
        ask(api, "EnableAWSServiceAccess", asked).await;
    }
    let delegated = json!({"AccountId": MEMBER.id, "ServicePrincipal": "guardduty.amazonaws.com"});
    ask(api, "RegisterDelegatedAdministrator", delegated).await;
}

async fn move_member(api: &Api, from: &str, to: &str) {
    let asked = json!({"AccountId": MEMBER.id, "SourceParentId": from, "DestinationParentId": to});
    ask(api, "MoveAccount", asked).await;
}

/// Makes what must be there before an event's call can be made.
pub async fn prepare(moto: &Moto, detail: &Value) {
    let asked = &detail["requestParameters"];
    let api = &management(moto).await;
    match detail["eventName"].as_str().unwrap_or_default() {
        "DetachPolicy" if asked["policyId"] == GUARDRAIL => {
            let there = json!({"PolicyId": GUARDRAIL, "TargetId": asked["targetId"]});
            ask(api, "AttachPolicy", there).await;
        }
        "DisablePolicyType" if asked["policyType"] == "TAG_POLICY" => {
            let there = json!({"RootId": ROOT, "PolicyType": "TAG_POLICY"});
            ask(api, "EnablePolicyType", there).await;
        }
        "MoveAccount" => {
            let from = asked["sourceParentId"].as_str().unwrap_or_default();
            move_member(api, WORKLOADS, from).await;
        }
        _ => {}
    }
}
