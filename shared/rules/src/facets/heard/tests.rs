use auditward_policy::{Document, Kind, Statement};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::shuts_up;
use crate::facet::{Decision, Facet, PolicyState};
use crate::facets::attributes::{Attributes, changes};
use crate::facets::kept::AsRecorded;
use crate::facets::law::{Stage, changed, keeps_the_law};
use crate::facets::queue::QueueSettings;
use crate::facets::stack::StackProtection;
use crate::facets::table::TableRecovery;
use crate::facets::topic::TopicPublishers;

const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:auditward-alerts";
const GUARD: &str = "arn:aws:iam::111111111111:role/auditward-trail-guard-eu-west-1";

fn deny(principal: impl Into<Value>, action: &str, condition: impl Into<Value>) -> Value {
    json!({"Effect": "Deny", "Principal": principal.into(), "Action": action, "Resource": TOPIC, "Condition": condition.into()})
}

fn policy(statements: &[Value]) -> PolicyState {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    PolicyState::Document(Document::parse(&text).unwrap())
}

fn allow() -> Value {
    json!({"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish", "Resource": TOPIC})
}

#[test]
fn a_deny_shuts_auditward_up_by_whom_what_and_when_it_denies() {
    let stage = Stage::of(TOPIC);
    let scene = stage.scene();
    for (expected, statement) in [
        (true, deny(json!("*"), "sns:Publish", json!({}))),
        (
            true,
            deny(json!({"AWS": "111111111111"}), "SNS:*", json!({})),
        ),
        (true, deny(json!({"AWS": GUARD}), "sns:Publish", json!({}))),
        (
            true,
            deny(
                json!("*"),
                "*",
                json!({"StringEquals": {"aws:PrincipalAccount": "111111111111"}}),
            ),
        ),
        (
            false,
            deny(
                json!("*"),
                "sns:Publish",
                json!({"Bool": {"aws:SecureTransport": "false"}}),
            ),
        ),
        (
            false,
            deny(
                json!("*"),
                "sns:Publish",
                json!({"StringNotEquals": {"aws:PrincipalAccount": "111111111111"}}),
            ),
        ),
        (false, deny(json!("*"), "sns:Subscribe", json!({}))),
        (
            false,
            deny(
                json!({"AWS": "arn:aws:iam::111111111111:role/web"}),
                "sns:Publish",
                json!({}),
            ),
        ),
        (false, allow()),
    ] {
        let statement = Statement::parse(&statement.to_string()).unwrap();
        let found = shuts_up(
            &statement,
            Kind::Topic,
            "sns:Publish",
            scene.at,
            scene.settings,
        );
        assert_eq!(found, expected, "{}", statement.to_json());
    }
}

#[test]
fn only_a_deny_that_nobody_recorded_is_taken_out() {
    let stage = Stage::of(TOPIC);
    let shut = deny(json!("*"), "sns:Publish", json!({}));
    let (known, live) = (policy(&[allow()]), policy(&[allow(), shut.clone()]));
    let decide =
        |baseline| TopicPublishers::decide(&live, &AsRecorded::Baseline, baseline, stage.scene());
    assert_eq!(changed(decide(Some(&known))).to, known);
    assert!(matches!(decide(None), Decision::ByHand(_)));
    assert!(matches!(decide(Some(&live)), Decision::ByHand(_)));
    // Whom the Deny shut out stays out.
    let stranger = json!({"Effect": "Allow", "Principal": {"AWS": "333333333333"}, "Action": "sns:Subscribe", "Resource": TOPIC});
    let open = policy(&[allow(), stranger.clone(), shut.clone()]);
    let decide = |live: PolicyState| {
        TopicPublishers::decide(&live, &AsRecorded::Baseline, Some(&known), stage.scene())
    };
    assert_eq!(changed(decide(open)).to, known);
    assert!(matches!(
        decide(policy(&[stranger, shut.clone()])),
        Decision::ByHand(_)
    ));
    // A Deny in the place of everything is the known policy replaced.
    assert_eq!(changed(decide(policy(&[shut]))).to, known);
}

#[test]
fn attributes_are_compared_by_meaning_and_written_one_by_one() {
    let state = |all: &[(&str, &str)]| -> Attributes {
        Some(
            all.iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
        )
    };
    let known = state(&[
        (
            "RedrivePolicy",
            r#"{"maxReceiveCount":5,"deadLetterTargetArn":"a"}"#,
        ),
        ("VisibilityTimeout", "360"),
    ]);
    let same = state(&[
        (
            "RedrivePolicy",
            r#"{"deadLetterTargetArn": "a", "maxReceiveCount": 5}"#,
        ),
        ("VisibilityTimeout", "360"),
    ]);
    assert!(changes(&same, &known).is_empty() && QueueSettings::same(&same, &known));
    let live = state(&[("KmsMasterKeyId", "stranger"), ("VisibilityTimeout", "0")]);
    let found: Vec<_> = changes(&live, &known).into_iter().collect();
    assert_eq!(found[0], ("KmsMasterKeyId", ""));
    assert_eq!(found[2], ("VisibilityTimeout", "360"));
    assert_eq!(found.len(), 3);
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let value = prop_oneof![
        Just("60".to_owned()),
        Just("{\"a\":1}".into()),
        Just("{ \"a\": 1 }".into())
    ];
    proptest::option::of(proptest::collection::btree_map("[A-C]", value, 0..3))
}

fn policies() -> impl Strategy<Value = PolicyState> {
    let one = prop_oneof![
        Just(allow()),
        Just(deny(json!("*"), "sns:Publish", json!({}))),
        Just(deny(json!({"AWS": GUARD}), "sns:*", json!({}))),
        Just(deny(
            json!("*"),
            "sns:Publish",
            json!({"Bool": {"aws:SecureTransport": "false"}})
        )),
    ];
    prop_oneof![
        Just(PolicyState::Absent),
        Just(PolicyState::read("{")),
        proptest::collection::vec(one, 0..4).prop_map(|all| policy(&all)),
    ]
}

proptest! {
    #[test]
    fn the_law_holds(
        live in policies(), known in proptest::option::of(policies()),
        had in attributes(), has in proptest::option::of(attributes()),
        on: Option<bool>, was: Option<Option<bool>>,
    ) {
        let stage = Stage::of(TOPIC);
        keeps_the_law::<TopicPublishers>(&stage, &live, &AsRecorded::Baseline, known.as_ref())?;
        keeps_the_law::<QueueSettings>(&stage, &had, &AsRecorded::Baseline, has.as_ref())?;
        keeps_the_law::<TableRecovery>(&stage, &on, &true, was.as_ref())?;
        keeps_the_law::<StackProtection>(&stage, &on, &true, was.as_ref())?;
    }
}
