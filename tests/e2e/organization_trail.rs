//! The organization's trail: what it stands on comes back, who leaves is told
//! of, and what AWS denies is told and not touched.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::api::{Api, elements};
use auditward_tests::cast::{AT_LEISURE, Cast};
use auditward_tests::moto::{MANAGEMENT, MEMBER};
use auditward_tests::scene::REGION;
use auditward_tests::stage::{ENFORCE, Stage};
use serde_json::{Value, json};

/// A member of the organization that administers nothing.
const OTHER: &str = "555555555555";
const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";
const SERVICE_ROLE: &str = "AWSServiceRoleForCloudTrail";
const DELEGATED: &str = r#"
[[organization.delegated_administrators]]
account = "222222222222"
service = "cloudtrail.amazonaws.com"
"#;

async fn ask(stage: &Stage, action: &str, asked: Value) -> Value {
    let api = Api::of(&stage.moto, MANAGEMENT, "us-east-1").await;
    let (status, answer) = api.json("organizations", action, &asked).await;
    assert!(status < 300, "{action}: {answer}");
    answer
}

/// Who administers CloudTrail for the organization.
async fn administrators(stage: &Stage) -> Vec<String> {
    let asked = json!({"ServicePrincipal": CLOUDTRAIL});
    let found = ask(stage, "ListDelegatedAdministrators", asked).await;
    let all = found["DelegatedAdministrators"].as_array().unwrap();
    all.iter()
        .map(|one| one["Id"].as_str().unwrap().to_owned())
        .collect()
}

/// Whose accounts are in the organization.
async fn accounts(stage: &Stage) -> Vec<String> {
    let found = ask(stage, "ListAccounts", json!({})).await;
    let all = found["Accounts"].as_array().unwrap();
    let mut ids: Vec<_> = all
        .iter()
        .map(|one| one["Id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort_unstable();
    ids
}

async fn has_service_role(stage: &Stage) -> bool {
    let iam = Api::of(&stage.moto, MANAGEMENT, "us-east-1").await;
    let (_, found) = iam.iam("GetRole", &json!({"RoleName": SERVICE_ROLE})).await;
    elements(&found, "Path") == ["/aws-service-role/cloudtrail.amazonaws.com/"]
}

/// An update of the organization's trail, with the configuration that CloudTrail
/// answers with.
fn updated(cast: &Cast, organization: bool) -> Value {
    let sample = "trail-guard/trail.weakened.violation.one-region";
    let asked = json!({"name": "org-trail", "isOrganizationTrail": organization});
    let mut event = cast.asked(sample, asked);
    let answer = &mut event["detail"]["responseElements"];
    answer["isMultiRegionTrail"] = json!(true);
    answer["isOrganizationTrail"] = json!(organization);
    event
}

/// The service-linked role, made or asked to be deleted.
fn service_role(cast: &Cast, call: &str) -> Value {
    let mut event = cast
        .stage
        .event("role-guard/service-role.deleted.violation.cli");
    event["detail"]["eventName"] = json!(call);
    if call == "CreateServiceLinkedRole" {
        event["detail"]["requestParameters"] = json!({"aWSServiceName": CLOUDTRAIL});
        event["detail"]["responseElements"] = Value::Null;
    }
    event
}

#[tokio::test]
async fn an_organizations_trail_keeps_all_that_it_stands_on() {
    let stage = Stage::set(&format!("{ENFORCE}{DELEGATED}{AT_LEISURE}")).await;
    let other = json!({"AccountName": "other", "Email": format!("{OTHER}@example.com")});
    ask(&stage, "CreateAccount", other).await;
    let mut cast = Cast::on(stage);
    let sample = |cast: &Cast, name: &str| {
        let name = format!("organization-guard/{name}");
        cast.stage.event(&name)
    };

    // GIVEN an organization's trail that is set up as the guide says, of which
    // nobody hears anything: trusted access, its role, its administrator, itself
    let mut access = sample(&cast, "trusted-access.enabled.clean.config");
    access["detail"]["requestParameters"]["servicePrincipal"] = json!(CLOUDTRAIL);
    cast.leaves(&access).await;
    let role = service_role(&cast, "CreateServiceLinkedRole");
    cast.leaves(&role).await;
    let mut registered = sample(&cast, "delegated-admin.registered.violation.cloudtrail");
    registered["detail"]["requestParameters"]["memberAccountId"] = json!(MEMBER.id);
    cast.leaves(&registered).await;
    let trail = updated(&cast, true);
    cast.leaves(&trail).await;
    cast.take_baselines(&["trail-guard", "organization-guard"])
        .await;
    let whole = [
        cast.stage.look(&access).await,
        cast.stage.look(&trail).await,
    ];
    assert_eq!(
        whole[0]["services"],
        json!([
            CLOUDTRAIL,
            "config.amazonaws.com",
            "guardduty.amazonaws.com"
        ])
    );
    assert_eq!(whole[1]["configuration"]["IsOrganizationTrail"], true);
    assert_eq!(whole[1]["logging"], true);

    // WHEN somebody takes one of them away, or adds an administrator, THEN it is
    // as before, whatever else there is
    let unknown = {
        let mut event = sample(&cast, "delegated-admin.registered.violation.cloudtrail");
        event["detail"]["requestParameters"]["memberAccountId"] = json!(OTHER);
        event
    };
    for (event, rule) in [
        (
            sample(&cast, "trusted-access.disabled.violation.cloudtrail"),
            "trusted-access.disabled",
        ),
        (
            sample(&cast, "delegated-admin.deregistered.violation.cloudtrail"),
            "delegated-admin.deregistered",
        ),
        (unknown, "delegated-admin.registered"),
        (updated(&cast, false), "trail.weakened"),
    ] {
        let alert = cast.handles(&event, rule, "fixed").await;
        assert!(matches!(alert.attribute("severity"), "critical" | "high"));
        let now = [
            cast.stage.look(&access).await,
            cast.stage.look(&trail).await,
        ];
        assert_eq!(now, whole, "{rule}");
        assert_eq!(administrators(&cast.stage).await, [MEMBER.id], "{rule}");
    }
    // Organizations logs what CloudTrail did there once more: nothing is left to do.
    let mut copy = sample(
        &cast,
        "delegated-admin.registered.violation.cloudtrail-copy",
    );
    copy["detail"]["requestParameters"]["accountId"] = json!(OTHER);
    cast.ignores(&copy).await;
    let copy = sample(
        &cast,
        "delegated-admin.deregistered.violation.cloudtrail-copy",
    );
    cast.ignores(&copy).await;

    // WHEN somebody asks for the service-linked role's end, THEN a person is told
    assert!(has_service_role(&cast.stage).await);
    let gone = service_role(&cast, "DeleteServiceLinkedRole");
    cast.handles(&gone, "service-role.deleted", "by-hand").await;
    assert!(!has_service_role(&cast.stage).await);
    let role = service_role(&cast, "CreateServiceLinkedRole");
    cast.leaves(&role).await;
    assert!(has_service_role(&cast.stage).await);

    // WHEN a member tries what AWS denies it, THEN it is told and nothing written
    let refused = {
        let name = "delegated-admin.registered.attempt.not-management";
        let mut event = sample(&cast, name);
        event["detail"]["requestParameters"]["memberAccountId"] = json!(OTHER);
        event
    };
    let stopped = {
        let mut event = cast
            .stage
            .event("trail-guard/trail.logging-stopped.violation.by-arn");
        let detail = &mut event["detail"];
        detail["recipientAccountId"] = json!(MEMBER.id);
        detail["errorCode"] = json!("AccessDenied");
        detail["errorMessage"] = json!(format!(
            "User: arn:aws:sts::{}:assumed-role/app/i-1 is not authorized to perform: cloudtrail:StopLogging on \
             resource: arn:aws:cloudtrail:{REGION}:{}:trail/org-trail because no resource-based policy allows the \
             cloudtrail:StopLogging action",
            MEMBER.id, MANAGEMENT.id
        ));
        event
    };
    for (event, rule) in [
        (stopped, "trail.logging-stopped"),
        (
            sample(&cast, "trusted-access.disabled.attempt.member"),
            "trusted-access.disabled",
        ),
        (
            sample(&cast, "organization.left.attempt.denied"),
            "organization.left",
        ),
        (refused, "delegated-admin.registered"),
    ] {
        cast.hears(&event, rule, "attempt").await;
    }
    let now = [
        cast.stage.look(&access).await,
        cast.stage.look(&trail).await,
    ];
    assert_eq!(now, whole);
    assert_eq!(administrators(&cast.stage).await, [MEMBER.id]);

    // WHEN a member is removed, or leaves by itself, THEN a person is told: only
    // its own consent brings it back; the trail stays the organization's
    let all = [MANAGEMENT.id, MEMBER.id, OTHER];
    assert_eq!(accounts(&cast.stage).await, all);
    let mut removed = sample(&cast, "account.removed.violation.cli");
    removed["detail"]["requestParameters"]["accountId"] = json!(OTHER);
    cast.handles(&removed, "account.removed", "by-hand").await;
    assert_eq!(accounts(&cast.stage).await, [MANAGEMENT.id, MEMBER.id]);
    let left = sample(&cast, "organization.left.violation.member");
    cast.handles(&left, "organization.left", "by-hand").await;
    assert_eq!(accounts(&cast.stage).await, [MANAGEMENT.id]);
    assert_eq!(cast.stage.look(&trail).await, whole[1]);
    assert_eq!(
        cast.stage.look(&access).await["services"],
        whole[0]["services"]
    );
    cast.done();
}
