//! Who may manage trails: the approved may, others lose what they gain, and
//! whoever only reads is never touched.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::cast::{AT_LEISURE, Cast};
use auditward_tests::stage::{ENFORCE, Stage};
use auditward_tests::story::by;
use serde_json::{Value, json};

const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail";
const FULL: &str = "arn:aws:iam::aws:policy/AWSCloudTrail_FullAccess";
const READ: &str = "arn:aws:iam::aws:policy/AWSCloudTrail_ReadOnlyAccess";
const DEPLOYER: &str = "arn:aws:iam::111111111111:role/deploy/pipeline";

const PEOPLE: &str = r#"
[[approved]]
principal = "arn:aws:iam::111111111111:role/platform-admin"
reason = "platform team"

[[deployers]]
principal = "arn:aws:iam::111111111111:role/deploy/pipeline"
reason = "our delivery pipeline"
"#;

fn attach(cast: &Cast, role: &str, policy: &str) -> Value {
    let sample = "role-guard/role.admin-attached.violation.cloudtrail-full";
    cast.asked(sample, json!({"roleName": role, "policyArn": policy}))
}

fn write(cast: &Cast, role: &str, policy: &str, statements: Value) -> Value {
    let sample = "role-guard/partner-role.widened.violation.partner";
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let asked = json!({"roleName": role, "policyName": policy, "policyDocument": document});
    cast.asked(sample, asked)
}

/// The user guide's own words for one trail: who may stop and change it.
fn on_trail(effect: &str, trail: &str) -> Value {
    json!({"Effect": effect, "Resource": trail, "Action": [
        "cloudtrail:StopLogging", "cloudtrail:UpdateTrail", "cloudtrail:DeleteTrail",
        "cloudtrail:PutEventSelectors"]})
}

fn reading() -> Value {
    json!({"Effect": "Allow", "Resource": "*", "Action": [
        "cloudtrail:Get*", "cloudtrail:Describe*", "cloudtrail:List*", "cloudtrail:LookupEvents"]})
}

#[tokio::test]
async fn only_the_approved_may_manage_trails() {
    let stage = Stage::set(&format!("{ENFORCE}{PEOPLE}{AT_LEISURE}")).await;
    let mut cast = Cast::on(stage);
    let sample = |cast: &Cast, name: &str| cast.stage.event(&format!("role-guard/{name}"));

    // GIVEN who may do what, each in its own way: whole by AWS's policies, by
    // trail, and not at all; and guardrails that keep everybody from more
    let full = attach(&cast, "platform-admin", FULL);
    let by_trail = write(
        &cast,
        "platform-admin",
        "one-trail",
        json!([on_trail("Allow", TRAIL)]),
    );
    let read_only = attach(&cast, "log-reader", READ);
    let denied = write(
        &cast,
        "log-reader",
        "never-this-trail",
        json!([reading(), on_trail("Deny", TRAIL)]),
    );
    let by_deployer = |event| by(event, DEPLOYER, "AROAEXAMPLEDEPLOYER01");
    let operates = by_deployer(attach(&cast, "trail-operator", FULL));
    let may: Vec<Value> = vec![full, by_trail, read_only, denied, operates];
    for event in &may {
        cast.stage.scene.prepare(&cast.stage.moto, event).await;
        cast.leaves(event).await;
    }
    let guardrails = [
        (
            "policy.version-weakened.violation.protected-guardrail",
            "policy.version-weakened",
        ),
        (
            "attachment.guardrail-detached.violation.protected-guardrail",
            "attachment.guardrail-detached",
        ),
        (
            "inline-policy.guardrail-deleted.violation.protected-role",
            "inline-policy.guardrail-deleted",
        ),
        ("boundary.deleted.violation.role", "boundary.deleted"),
    ];
    let gains = [
        (
            "role.admin-attached.violation.cloudtrail-full",
            "role.admin-attached",
        ),
        (
            "group.admin-attached.violation.cloudtrail-full",
            "group.admin-attached",
        ),
        (
            "user.admin-attached.violation.administrator",
            "user.admin-attached",
        ),
        (
            "inline-policy.power-given.violation.user-cloudtrail",
            "inline-policy.power-given",
        ),
        (
            "inline-policy.power-given.violation.group-identities",
            "inline-policy.power-given",
        ),
        (
            "policy.version-weakened.violation.administrator",
            "policy.version-weakened",
        ),
        (
            "group.member-added.violation.protected-group",
            "group.member-added",
        ),
    ];
    for (name, _) in guardrails.iter().chain(&gains) {
        let event = sample(&cast, name);
        cast.stage.scene.prepare(&cast.stage.moto, &event).await;
    }
    cast.take_baselines(&["trail-guard", "role-guard"]).await;
    let agreed = seen(&cast, &may).await;
    assert_eq!(agreed[0]["attached"], json!([FULL]));
    assert!(agreed[0]["inline"]["one-trail"].is_object());
    assert_eq!(agreed[2]["attached"], json!([READ]));
    assert!(agreed[2]["inline"]["never-this-trail"].is_object());
    assert_eq!(agreed[4]["attached"], json!([FULL]));

    // WHEN somebody gives the power to somebody who is not approved, or takes a
    // guardrail away, THEN it is as before
    for (name, rule) in gains.iter().chain(&guardrails) {
        let event = sample(&cast, name);
        let before = cast.stage.look(&event).await;
        cast.handles(&event, rule, "fixed").await;
        assert_eq!(cast.stage.look(&event).await, before, "{name}");
        assert_eq!(seen(&cast, &may).await, agreed, "{name}");
    }

    // WHEN it is given trail by trail, THEN one trail of ours is as good as all;
    // a Deny counts where it leaves none
    let elsewhere = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/sandbox";
    let all = json!({"Effect": "Allow", "Action": "cloudtrail:*", "Resource": "*"});
    let never = json!({"Effect": "Deny", "Action": "cloudtrail:*", "Resource": "*"});
    for (statements, power) in [
        (json!([on_trail("Allow", TRAIL)]), true),
        (json!([all, on_trail("Deny", elsewhere)]), true),
        (json!([reading(), on_trail("Deny", TRAIL)]), false),
        (json!([all, never]), false),
    ] {
        let event = write(&cast, "log-reader", "by-trail", statements.clone());
        if power {
            let rule = "inline-policy.power-given";
            cast.handles(&event, rule, "fixed").await;
            assert_eq!(seen(&cast, &may).await, agreed, "{statements}");
        } else {
            cast.leaves(&event).await;
            let live = cast.stage.look(&event).await;
            assert_eq!(live["inline"]["by-trail"]["Statement"], statements);
            let gone = json!({"roleName": "log-reader", "policyName": "by-trail"});
            let sample = "role-guard/inline-policy.guardrail-deleted.violation.protected-role";
            let gone = cast.asked(sample, gone);
            cast.leaves(&gone).await;
        }
    }

    // WHEN the approved one gives itself more, or the pipeline deploys a new
    // version, THEN that is theirs to do
    let more = write(&cast, "platform-admin", "one-trail", json!([all]));
    cast.leaves(&more).await;
    let version = by_deployer(sample(&cast, gains[5].0));
    cast.leaves(&version).await;
    let operates = by_deployer(write(&cast, "trail-operator", "more", json!([all])));
    cast.leaves(&operates).await;

    // AND whoever only reads is let go as he was let in
    let mut gone = cast.stage.scene.adapt(&may[2]);
    gone["detail"]["eventName"] = json!("DetachRolePolicy");
    cast.leaves(&gone).await;
    assert_eq!(seen(&cast, &may).await[2]["attached"], json!([]));
    cast.done();
}

/// All principals, as they are.
async fn seen(cast: &Cast, events: &[Value]) -> Vec<Value> {
    let mut seen = Vec::new();
    for event in events {
        seen.push(cast.stage.look(event).await);
    }
    seen
}
