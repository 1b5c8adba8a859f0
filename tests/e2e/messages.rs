//! Topics, subscriptions, queues, the table and the stack, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_hands::cloudformation::Stacks;
use auditward_rules::facet::At;
use auditward_runtime::hand::Hand;
use auditward_tests::api::Api;
use auditward_tests::look::messages::subscribers;
use auditward_tests::moto::MANAGEMENT;
use auditward_tests::recorded::{Exchange, Recorded};
use auditward_tests::scene::REGION;
use auditward_tests::stage::{ENFORCE, OPERATOR, Stage};
use auditward_tests::story::{self, Ends, Row};
use serde_json::Value;

const FUNCTION: &str = "self-guard";

/// Services whose rules this suite is about.
const SERVICES: &[&str] = &["cloudformation", "dynamodb", "sns", "sqs"];

static ROWS: &[Row] = &[
    Row::back("topic.policy-opened.violation.alert-topic"),
    Row::back("topic.policy-opened.violation.add-permission"),
    Row::back("topic.policy-weakened.violation.alarms-removed")
        .unknown(Ends::Untouched("already-safe")),
    Row::back("topic.policy-weakened.violation.silenced").unknown(Ends::Untouched("by-hand")),
    Row::back("topic.settings-changed.violation.foreign-key").unknown(Ends::Untouched("by-hand")),
    Row::back("subscription.filtered.violation.nothing-passes").unknown(Ends::Untouched("by-hand")),
    Row::back("queue.policy-opened.violation.dead-letters"),
    Row::back("queue.policy-opened.violation.add-permission"),
    Row::back("queue.policy-weakened.violation.policy-removed").unknown(Ends::Untouched("by-hand")),
    Row::back("queue.policy-weakened.violation.event-bridge-removed")
        .unknown(Ends::Untouched("by-hand")),
    Row::back("queue.policy-weakened.violation.senders-denied").unknown(Ends::Untouched("by-hand")),
    Row::back("queue.settings-changed.violation.retention").unknown(Ends::Untouched("by-hand")),
    Row::back("table.unprotected.violation.cli").for_good(),
    Row::back("table.recovery-off.violation.cli").for_good(),
];

auditward_tests::stories! {
    function: FUNCTION,
    services: SERVICES,
    rows: [ROWS],
    unguarded: &[],
    unacted: UNACTED,
}

#[tokio::test]
async fn every_violation_is_put_back_told_once_and_undone() {
    story::all(ROWS, |row| story::put_back(FUNCTION, row)).await;
    a_strangers_subscription_is_taken_away().await;
    // SNS gives a subscription its name, so that its story is not a row.
    let mut rows = ROWS.to_vec();
    rows.push(Row::back("subscription.made.violation.sms"));
    // What a stack's hand does is proven on recorded exchanges.
    let recorded = [
        "cloudformation:DescribeStacks",
        "cloudformation:UpdateTerminationProtection",
    ];
    story::complete_for(FUNCTION, SERVICES, &rows, &recorded);
}

/// GIVEN a subscription that the event history confirms, THEN it is taken away,
/// and no undo makes it again.
async fn a_strangers_subscription_is_taken_away() {
    let stage = Stage::set(ENFORCE).await;
    let mut event = stage.event("self-guard/subscription.made.violation.sms");
    stage.scene.prepare(&stage.moto, &event).await;
    stage.take_baselines(FUNCTION).await;
    let before = stage.look(&event).await;
    stage.act(&event).await;
    let asked = event["detail"]["requestParameters"].clone();
    let api = Api::of(&stage.moto, MANAGEMENT, REGION).await;
    let all = subscribers(&api, asked["topicArn"].as_str().unwrap()).await;
    let made = all.into_iter().find(|(_, who)| asked["endpoint"] == **who);
    let (arn, _) = made.expect("the stranger is subscribed");
    event["detail"]["responseElements"]["subscriptionArn"] = arn.into();

    let mut guard = stage.guard(FUNCTION).await;
    let answer = guard.play(&event).await;
    assert_eq!(story::outcome_of(&answer), "fixed", "{answer}");
    assert_eq!(guard.writes(), ["sns:Unsubscribe"]);
    assert_eq!(stage.look(&event).await, before);
    assert_eq!(stage.alert().await.attribute("rule"), "subscription.made");

    guard.clear();
    guard.undo(OPERATOR, &story::case_of(&answer)).await;
    let told = stage.alert().await;
    assert!(told.subject.contains("undo failed"), "{told:?}");
    assert_eq!(stage.look(&event).await, before);

    // What the event history does not have is left to a person.
    let mut forged = stage.scene.adapt(&event);
    forged["detail"]["responseElements"]["subscriptionArn"] =
        format!("{}:{}", stage.scene.topic_arn, stage.scene.subscription).into();
    guard.clear();
    guard.attempt(&forged).await;
    assert_eq!(guard.writes(), [""; 0]);
    assert_eq!(stage.look(&event).await, before);
    guard.done();
}

/// What no server acts out, or what would write Auditward's own documents.
const UNACTED: &[&str] = &[
    "queue.drained.clean.auditward",
    "stack.unprotected.clean.switched-on",
    "table.encryption-changed.clean.index",
    "table.exported.clean.own-bucket",
    "table.written.clean.auditward",
    "topic.data-protected.clean.audited",
];

/// A stack as CloudFormation's API reference has it in `DescribeStacks`.
fn described(protected: bool) -> String {
    format!(
        "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\">\
         <DescribeStacksResult><Stacks><member>\
         <StackId>arn:aws:cloudformation:eu-west-1:111111111111:stack/auditward/6d1f3b80</StackId>\
         <StackName>auditward</StackName><CreationTime>2026-10-01T08:00:00Z</CreationTime>\
         <StackStatus>UPDATE_COMPLETE</StackStatus><DisableRollback>false</DisableRollback>\
         <EnableTerminationProtection>{protected}</EnableTerminationProtection>\
         </member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
    )
}

/// GIVEN a stack that can be deleted, THEN its protection is switched on again.
#[tokio::test]
async fn a_stack_is_protected_from_deletion_again() {
    const DESCRIBE: &str = "DescribeStacks";
    let named = ["StackName=auditward"];
    let aws = Recorded::play([
        Exchange::query(DESCRIBE, &named).says(200, &described(false)),
        Exchange::query(
            "UpdateTerminationProtection",
            &["StackName=auditward", "EnableTerminationProtection=true"],
        )
        .says(
            200,
            "<UpdateTerminationProtectionResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\">\
             <UpdateTerminationProtectionResult><StackId>arn:aws:cloudformation:eu-west-1:111111111111:stack/auditward/6d1f3b80</StackId>\
             </UpdateTerminationProtectionResult></UpdateTerminationProtectionResponse>",
        ),
        Exchange::query(DESCRIBE, &named).says(200, &described(true)),
        Exchange::query(DESCRIBE, &named).says(
            400,
            "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error><Type>Sender</Type>\
             <Code>ValidationError</Code><Message>Stack with id auditward does not exist</Message></Error></ErrorResponse>",
        ),
        Exchange::query(DESCRIBE, &named).fails("AccessDenied"),
    ])
    .await;
    let stacks = Stacks {
        sessions: aws.sessions(),
    };
    let arn = format!(
        "arn:aws:cloudformation:{REGION}:{}:stack/auditward",
        MANAGEMENT.id
    );
    let at = At::new(MANAGEMENT.id, REGION, arn);
    assert_eq!(stacks.read(&at).await, Ok(Some(false)));
    let written = stacks.write(&at, &Some(false), &Some(true)).await.unwrap();
    assert_eq!(written.request_ids.len(), 1);
    assert_eq!(stacks.read(&at).await, Ok(Some(true)));
    assert_eq!(stacks.read(&at).await, Ok(None));
    assert!(stacks.read(&at).await.unwrap_err().denied());
    aws.done();
}

/// What the samples say was written is what the stack deploys, lest the stories
/// be about another topic and queue.
#[test]
fn the_policies_of_the_samples_are_the_stacks() {
    let deployed = auditward_tests::stack::Stack::read().clone();
    for (resource, sample) in [
        ("AlertTopicPolicy", "topic.policy-weakened"),
        ("UndeliveredPolicy", "queue.policy-weakened"),
    ] {
        let event = auditward_tests::scene::props::sample(&format!(
            "self-guard/{sample}.clean.as-deployed"
        ));
        let asked = &event["detail"]["requestParameters"];
        let text = [&asked["attributeValue"], &asked["attributes"]["Policy"]];
        let text = text.into_iter().find_map(Value::as_str).unwrap();
        let policy: Value = serde_json::from_str(text).unwrap();
        let sids = |policy: &Value| -> Vec<String> {
            let all = policy["Statement"].as_array().cloned().unwrap_or_default();
            all.iter().map(|one| one["Sid"].to_string()).collect()
        };
        let of_stack = &deployed.0["Resources"][resource]["Properties"]["PolicyDocument"];
        assert_eq!(sids(of_stack), sids(&policy), "{resource}");
    }
}
