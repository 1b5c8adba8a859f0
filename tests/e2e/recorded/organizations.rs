//! What moto does not know of Organizations: invitations, the delegation policy,
//! CloudTrail's own delegated administrators.

use auditward_hands::organizations::Organizations;
use auditward_rules::facet::{At, PolicyState, Step};
use auditward_rules::facets::organization::Delegation;
use auditward_rules::plan::Plan;
use auditward_tests::recorded::{Exchange, Recorded, complete, plans, put_right};
use chrono::DateTime;
use serde_json::{Value, json};

const FUNCTION: &str = "organization-guard";
const PROVEN: &[&str] = &[
    "account.invited",
    "delegated-admin.registered",
    "organization.policy-deleted",
    "organization.policy-opened",
];

/// The plan of a sample.
fn plan(sample: &str) -> Plan {
    plans(&format!("{FUNCTION}/{sample}")).remove(0)
}

/// When a plan says that the event happened, as JSON protocols have it.
fn seconds(wish: Option<DateTime<chrono::Utc>>) -> i64 {
    wish.expect("a time").timestamp()
}

/// A handshake as `DescribeHandshake` answers.
fn handshake(id: &str, state: &str, requested: i64) -> Value {
    json!({"Handshake": {
        "Id": id,
        "Arn": format!("arn:aws:organizations::111111111111:handshake/o-exampleorg1/invite/{id}"),
        "Parties": [{"Id": "o-exampleorg1", "Type": "ORGANIZATION"}, {"Id": "333333333333", "Type": "ACCOUNT"}],
        "State": state,
        "RequestedTimestamp": requested,
        "ExpirationTimestamp": requested + 1_209_600,
        "Action": "INVITE",
    }})
}

#[tokio::test]
async fn an_invitation_is_cancelled() {
    let Plan::Invitation(step) = plan("account.invited.violation.by-account-id") else {
        panic!("another plan");
    };
    let (id, at) = ("h-3n8c0vqy5w", seconds(step.wish.at));
    let asked = || json!({ "HandshakeId": id });
    let aws = Recorded::play([
        Exchange::json("DescribeHandshake", asked()).answers(handshake(id, "OPEN", at)),
        Exchange::json("CancelHandshake", asked()).answers(handshake(id, "CANCELED", at)),
        Exchange::json("DescribeHandshake", asked()).answers(handshake(id, "CANCELED", at)),
    ])
    .await;
    let sessions = aws.sessions();
    assert_eq!(put_right(&Organizations { sessions }, &step, None).await, 1);
    aws.done();
}

/// The services of an account as `ListDelegatedServicesForAccount` answers.
fn delegated(account: &str, since: Option<i64>) -> Exchange {
    let asked = Exchange::json(
        "ListDelegatedServicesForAccount",
        json!({ "AccountId": account }),
    );
    match since {
        Some(since) => asked.answers(json!({"DelegatedServices": [
            {"ServicePrincipal": "cloudtrail.amazonaws.com", "DelegationEnabledDate": since},
        ]})),
        None => asked.fails("AccountNotRegisteredException"),
    }
}

#[tokio::test]
async fn cloudtrails_new_administrator_is_deregistered() {
    for sample in ["cloudtrail", "cloudtrail-copy"] {
        let sample = format!("delegated-admin.registered.violation.{sample}");
        let Plan::NewDelegation(step) = plan(&sample) else {
            panic!("another plan");
        };
        let stranger = "333333333333";
        let aws = Recorded::play([
            delegated(stranger, Some(seconds(step.wish.at))),
            Exchange::json(
                "DeregisterOrganizationDelegatedAdmin",
                json!({ "DelegatedAdminAccountId": stranger }),
            ),
            delegated(stranger, None),
        ])
        .await;
        let sessions = aws.sessions();
        assert_eq!(put_right(&Organizations { sessions }, &step, None).await, 1);
        aws.done();
    }
}

#[tokio::test]
async fn cloudtrails_lost_administrator_is_registered_again() {
    let member = "222222222222";
    let arn = format!("arn:aws:organizations::111111111111:account/o-exampleorg1/{member}");
    let at = At::new("111111111111", "us-east-1", arn).item("cloudtrail.amazonaws.com");
    let aws = Recorded::play([
        delegated(member, None),
        Exchange::json(
            "RegisterOrganizationDelegatedAdmin",
            json!({ "MemberAccountId": member }),
        ),
        delegated(member, Some(1_763_000_000)),
    ])
    .await;
    let sessions = aws.sessions();
    let step = Step::<Delegation>::new(at, true);
    assert_eq!(put_right(&Organizations { sessions }, &step, None).await, 1);
    aws.done();
}

/// The delegation policy as `DescribeResourcePolicy` answers.
fn resource_policy(content: Option<&str>) -> Exchange {
    let asked = Exchange::json("DescribeResourcePolicy", json!({}));
    match content {
        Some(content) => asked.answers(json!({"ResourcePolicy": {
            "ResourcePolicySummary": {
                "Id": "rp-4k1z8vqs",
                "Arn": "arn:aws:organizations::111111111111:resourcepolicy/o-exampleorg1/rp-4k1z8vqs",
            },
            "Content": content,
        }})),
        None => asked.fails("ResourcePolicyNotFoundException"),
    }
}

fn put(content: &str) -> Exchange {
    Exchange::json("PutResourcePolicy", json!({ "Content": content }))
}

/// A statement that delegates to an account.
fn delegates(sid: &str, account: &str) -> Value {
    json!({"Sid": sid, "Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
        "Action": ["organizations:DescribePolicy", "organizations:UpdatePolicy"], "Resource": "*"})
}

fn policy(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// The document as Auditward writes it.
fn written(text: &str) -> String {
    match PolicyState::read(text) {
        PolicyState::Document(document) => document.to_json(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn outsiders_leave_the_delegation_policy_and_ours_stay() {
    let Plan::OrganizationPolicy(step) =
        plan("organization.policy-opened.violation.own-and-foreign")
    else {
        panic!("another plan");
    };
    let (ours, theirs) = (
        delegates("Ours", "111111111111"),
        delegates("Theirs", "333333333333"),
    );
    let narrowed = written(&policy(std::slice::from_ref(&ours)));
    let aws = Recorded::play([
        resource_policy(Some(&policy(&[ours, theirs]))),
        put(&narrowed),
        resource_policy(Some(&narrowed)),
    ])
    .await;
    let sessions = aws.sessions();
    assert_eq!(put_right(&Organizations { sessions }, &step, None).await, 1);
    aws.done();
}

#[tokio::test]
async fn a_delegation_policy_of_outsiders_alone_goes() {
    let Plan::OrganizationPolicy(step) = plan("organization.policy-opened.violation.stranger")
    else {
        panic!("another plan");
    };
    let theirs = policy(&[delegates("Theirs", "333333333333")]);
    let aws = Recorded::play([
        resource_policy(Some(&theirs)),
        Exchange::json("DeleteResourcePolicy", json!({})),
        resource_policy(None),
    ])
    .await;
    let sessions = aws.sessions();
    assert_eq!(put_right(&Organizations { sessions }, &step, None).await, 1);
    aws.done();
}

#[tokio::test]
async fn a_lost_delegation_policy_comes_back() {
    let Plan::OrganizationPolicy(step) = plan("organization.policy-deleted.violation.cli") else {
        panic!("another plan");
    };
    let known = policy(&[delegates("Ours", "222222222222")]);
    let aws = Recorded::play([
        resource_policy(None),
        put(&written(&known)),
        resource_policy(Some(&known)),
    ])
    .await;
    let sessions = aws.sessions();
    let known = PolicyState::read(&known);
    let hand = Organizations { sessions };
    assert_eq!(put_right(&hand, &step, Some(&known)).await, 1);
    aws.done();
    complete(FUNCTION, PROVEN);
}
