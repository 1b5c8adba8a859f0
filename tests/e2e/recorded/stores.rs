//! Event data stores and the policies of CloudTrail Lake: moto has neither. The
//! exchanges are in the form of the CloudTrail API reference, 2013-11-01.

use auditward_hands::cloudtrail::CloudTrail;
use auditward_rules::facet::PolicyState;
use auditward_rules::facets::store::{StoreLife, StoreSettings};
use auditward_rules::facets::trail::AdvancedSelector;
use auditward_rules::plan::Plan;
use auditward_tests::recorded::{Exchange, Recorded, complete, plans, put_right};
use serde_json::{Value, json};

const STORE: &str =
    "arn:aws:cloudtrail:eu-west-1:111111111111:eventdatastore/2f1a7c9e-0b6d-4c1e-9a43-77d0c5e8b214";
const CHANNEL: &str =
    "arn:aws:cloudtrail:eu-west-1:111111111111:channel/5d3b8e1f-94a2-4f07-8c6b-1e2f3a4b5c6d";

/// Rules of which the tests below prove that their plans put things right.
const PROVEN: &[&str] = &[
    "store.deleted",
    "store.ingestion-stopped",
    "store.policy-deleted",
    "store.policy-opened",
    "store.weakened",
];

#[test]
fn every_recorded_rule_has_its_exchanges() {
    complete("trail-guard", PROVEN);
}

/// A store as `GetEventDataStore` answers, with some fields otherwise.
fn store(otherwise: &Value) -> Value {
    let mut store = json!({
        "EventDataStoreArn": STORE,
        "Name": "org-events",
        "Status": "ENABLED",
        "AdvancedEventSelectors": [selector(&[("eventCategory", "Management")])],
        "MultiRegionEnabled": true,
        "OrganizationEnabled": true,
        "RetentionPeriod": 2557,
        "TerminationProtectionEnabled": true,
        "CreatedTimestamp": 1_772_529_267.123,
        "UpdatedTimestamp": 1_793_941_960.456,
        "BillingMode": "EXTENDABLE_RETENTION_PRICING",
    });
    for (name, value) in otherwise.as_object().into_iter().flatten() {
        store[name] = value.clone();
    }
    store
}

fn selector(fields: &[(&str, &str)]) -> Value {
    let fields: Vec<_> = fields
        .iter()
        .map(|(field, value)| json!({"Field": field, "Equals": [value]}))
        .collect();
    json!({"Name": "Management events", "FieldSelectors": fields})
}

fn get(otherwise: &Value) -> Exchange {
    Exchange::json("GetEventDataStore", json!({ "EventDataStore": STORE }))
        .answers(store(otherwise))
}

/// What is known of the store.
fn known() -> Option<StoreSettings> {
    Some(StoreSettings {
        retention_days: 2557,
        termination_protection: true,
        multi_region: true,
        organization: true,
        selectors: vec![AdvancedSelector::management()],
    })
}

/// Plays exchanges to the plans of a sample, in their order; gives how many
/// requests wrote something.
async fn story(
    sample: &str,
    life: Option<StoreLife>,
    policy: Option<PolicyState>,
    exchanges: impl IntoIterator<Item = Exchange>,
) -> usize {
    let aws = Recorded::play(exchanges).await;
    let hand = CloudTrail {
        sessions: aws.sessions(),
    };
    let mut written = 0;
    for plan in plans(&format!("trail-guard/{sample}")) {
        written += match &plan {
            Plan::StoreConfig(step) => put_right(&hand, step, Some(&known())).await,
            Plan::StoreState(step) => put_right(&hand, step, life.as_ref()).await,
            Plan::StorePolicy(step) => put_right(&hand, step, policy.as_ref()).await,
            other => panic!("{sample} plans {}", other.kind()),
        };
    }
    aws.done();
    written
}

#[tokio::test]
async fn a_deleted_store_is_restored() {
    for sample in [
        "store.deleted.violation.by-arn",
        "store.deleted.violation.by-id",
    ] {
        let exchanges = [
            get(&json!({"Status": "PENDING_DELETION"})),
            Exchange::json("RestoreEventDataStore", json!({ "EventDataStore": STORE }))
                .answers(store(&json!({"Status": "ENABLED"}))),
            get(&json!({})),
        ];
        assert_eq!(story(sample, None, None, exchanges).await, 1);
    }
}

#[tokio::test]
async fn a_store_that_comes_back_stopped_is_started_as_it_was() {
    let restored = || {
        Exchange::json("RestoreEventDataStore", json!({ "EventDataStore": STORE }))
            .answers(store(&json!({"Status": "STOPPED_INGESTION"})))
    };
    let exchanges = [
        get(&json!({"Status": "PENDING_DELETION"})),
        restored(),
        Exchange::json(
            "StartEventDataStoreIngestion",
            json!({ "EventDataStore": STORE }),
        ),
        get(&json!({"Status": "STARTING_INGESTION"})),
    ];
    let sample = "store.deleted.violation.by-arn";
    let written = story(sample, Some(StoreLife::Ingesting), None, exchanges).await;
    assert_eq!(written, 2);
    // One that was stopped before stays so.
    let exchanges = [
        get(&json!({"Status": "PENDING_DELETION"})),
        restored(),
        get(&json!({"Status": "STOPPED_INGESTION"})),
    ];
    let written = story(sample, Some(StoreLife::Stopped), None, exchanges).await;
    assert_eq!(written, 1);
}

#[tokio::test]
async fn a_stopped_store_takes_events_in_again() {
    let exchanges = [
        get(&json!({"Status": "STOPPED_INGESTION"})),
        Exchange::json(
            "StartEventDataStoreIngestion",
            json!({ "EventDataStore": STORE }),
        ),
        get(&json!({"Status": "STARTING_INGESTION"})),
    ];
    let sample = "store.ingestion-stopped.violation.by-arn";
    assert_eq!(story(sample, None, None, exchanges).await, 1);
}

#[tokio::test]
async fn a_weakened_store_gets_back_exactly_what_it_lost() {
    let put = |fields: &Value| {
        let mut asked = json!({ "EventDataStore": STORE });
        for (name, value) in fields.as_object().into_iter().flatten() {
            asked[name] = value.clone();
        }
        Exchange::json("UpdateEventDataStore", asked).answers(store(&json!({})))
    };
    let writes = selector(&[("eventCategory", "Management"), ("readOnly", "false")]);
    let both = json!([writes, selector(&[("eventCategory", "Management")])]);
    let cases = [
        (
            "store.weakened.violation.protection-off",
            json!({"TerminationProtectionEnabled": false}),
            json!({"TerminationProtectionEnabled": true}),
        ),
        (
            "store.weakened.violation.one-region",
            json!({"MultiRegionEnabled": false, "OrganizationEnabled": false}),
            json!({"MultiRegionEnabled": true, "OrganizationEnabled": true}),
        ),
        (
            "store.weakened.cannot-tell.retention",
            json!({"RetentionPeriod": 7}),
            json!({"RetentionPeriod": 2557}),
        ),
        // What was put there since stays beside what was lost.
        (
            "store.weakened.cannot-tell.selectors",
            json!({"AdvancedEventSelectors": [writes]}),
            json!({"AdvancedEventSelectors": both}),
        ),
    ];
    for (sample, weaker, back) in cases {
        let exchanges = [get(&weaker), put(&back), get(&back)];
        assert_eq!(story(sample, None, None, exchanges).await, 1, "{sample}");
    }
}

/// A statement that lets accounts query the store.
fn analysts(accounts: &[&str]) -> String {
    let accounts: Vec<_> = accounts
        .iter()
        .map(|account| format!("arn:aws:iam::{account}:root"))
        .collect();
    json!({"Sid": "Analysts", "Effect": "Allow", "Principal": {"AWS": accounts},
        "Action": "cloudtrail:StartQuery", "Resource": STORE})
    .to_string()
}

fn policy(statements: &[&str]) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    )
}

fn read(resource: &str, policy: &str) -> Exchange {
    Exchange::json("GetResourcePolicy", json!({ "ResourceArn": resource }))
        .answers(json!({"ResourceArn": resource, "ResourcePolicy": policy}))
}

fn no_policy(resource: &str) -> Exchange {
    Exchange::json("GetResourcePolicy", json!({ "ResourceArn": resource }))
        .fails("ResourcePolicyNotFoundException")
}

fn written(resource: &str, policy: &str) -> Exchange {
    let body = json!({"ResourceArn": resource, "ResourcePolicy": policy});
    Exchange::json("PutResourcePolicy", body.clone()).answers(body)
}

#[tokio::test]
async fn the_outsider_alone_is_taken_out_of_a_stores_policy() {
    let (both, ours) = (
        policy(&[&analysts(&["222222222222", "333333333333"])]),
        policy(&[&analysts(&["222222222222"])]),
    );
    let exchanges = [
        read(STORE, &both),
        written(STORE, &ours),
        read(STORE, &ours),
    ];
    let sample = "store.policy-opened.violation.foreign-account";
    assert_eq!(story(sample, None, None, exchanges).await, 1);
}

#[tokio::test]
async fn a_policy_that_lets_nobody_else_in_is_deleted() {
    let stranger = json!({"Sid": "ChannelPolicy", "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::333333333333:root"},
        "Action": "cloudtrail-data:PutAuditEvents", "Resource": CHANNEL});
    let exchanges = [
        read(CHANNEL, &policy(&[&stranger.to_string()])),
        Exchange::json("DeleteResourcePolicy", json!({ "ResourceArn": CHANNEL })),
        no_policy(CHANNEL),
    ];
    let sample = "store.policy-opened.violation.channel";
    assert_eq!(story(sample, None, None, exchanges).await, 1);
}

#[tokio::test]
async fn a_deleted_policy_comes_back_from_the_baseline() {
    let ours = policy(&[&analysts(&["222222222222"])]);
    let exchanges = [no_policy(STORE), written(STORE, &ours), read(STORE, &ours)];
    let sample = "store.policy-deleted.violation.store";
    let known = Some(PolicyState::read(&ours));
    assert_eq!(story(sample, None, known, exchanges).await, 1);
}
