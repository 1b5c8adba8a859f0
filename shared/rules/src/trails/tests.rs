mod attempts;
mod deliveries;
mod grants;
mod lockouts;
mod shadow;
mod stores;

use chrono::{DateTime, Utc};

use crate::facets::trail::{SelectorsWish, TrailField, TrailWish};
use crate::inventory::{Inventory, Switches, TrailUse};
use crate::judge::{Judgement, Verdict, judge};
use crate::plan::Plan;
use crate::record::Record;
use crate::settings::Settings;

const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail";
const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/7c1f9e42-5b0d-4a83-9c6e-2f81d0b7a354";

fn settings() -> Settings {
    let text = format!(
        "[ours]\naccounts = [\"111111111111\", \"222222222222\"]\n[protected]\nresources = [\"{TRAIL}\"]\n\
         [[deployers]]\nprincipal = \"arn:aws:iam::111111111111:role/deploy\"\nreason = \"the pipeline\"\n"
    );
    Settings::parse(&text).unwrap()
}

fn inventory() -> Inventory {
    let mut inventory = Inventory::default();
    inventory.learn(TrailUse {
        trail: TRAIL.into(),
        bucket: "acme-org-trail-logs".into(),
        bucket_owner: Some("222222222222".into()),
        key: Some(KEY.into()),
        topic: Some("arn:aws:sns:eu-west-1:111111111111:acme-trail-delivered".into()),
        organization: Some("o-exampleorg1".into()),
        ..TrailUse::default()
    });
    inventory
}

/// A record of CloudTrail or KMS, with what is said of the call.
fn event(source: &str, name: &str, rest: &str) -> String {
    format!(
        r#"{{"eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"eu-west-1","recipientAccountId":"111111111111","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/tobias","accountId":"111111111111"}},{rest}}}"#
    )
}

fn judged(text: &str, settings: &Settings, inventory: &Inventory) -> Judgement {
    let record = Record::read(text).unwrap();
    judge(
        &record,
        settings,
        inventory,
        DateTime::<Utc>::from_timestamp(1_790_000_000, 0).unwrap(),
    )
}

fn with_settings(source: &str, name: &str, rest: &str) -> Judgement {
    judged(&event(source, name, rest), &settings(), &inventory())
}

fn kinds(judgement: &Judgement) -> Vec<&'static str> {
    judgement
        .findings
        .iter()
        .flat_map(|finding| &finding.plan)
        .map(Plan::kind)
        .collect()
}

#[test]
fn a_trail_that_is_not_protected_is_nobodys_business() {
    let judgement = with_settings(
        "cloudtrail",
        "StopLogging",
        r#""requestParameters":{"name":"other"}"#,
    );
    assert_eq!(judgement.verdict(), Verdict::Clean);
    let judgement = with_settings(
        "cloudtrail",
        "StopLogging",
        r#""requestParameters":{"name":"org-trail"}"#,
    );
    assert_eq!(judgement.verdict(), Verdict::Violation);
}

#[test]
fn a_refusal_names_the_trail_where_the_request_is_left_out() {
    let refusal = |arn: &str| {
        let rest = format!(
            r#""requestParameters":null,"errorCode":"AccessDenied","errorMessage":"User: arn:aws:iam::111111111111:user/tobias is not authorized to perform: cloudtrail:DeleteTrail on resource: {arn} because no policy allows it""#
        );
        with_settings("cloudtrail", "DeleteTrail", &rest)
    };
    let judgement = refusal(TRAIL);
    assert_eq!(judgement.verdict(), Verdict::Attempt);
    let finding = judgement.findings.first().unwrap();
    assert_eq!(finding.resource, TRAIL);
    assert!(finding.plan.is_empty());
    assert_eq!(
        refusal("arn:aws:cloudtrail:eu-west-1:111111111111:trail/other").verdict(),
        Verdict::Clean
    );
}

#[test]
fn a_record_that_names_no_trail_is_told_without_a_plan() {
    for rest in [
        r#""requestParameters":null"#,
        r#""requestParameters":{"name":"HIDDEN_DUE_TO_SECURITY_REASONS"}"#,
    ] {
        let judgement = with_settings("cloudtrail", "StopLogging", rest);
        assert_eq!(judgement.verdict(), Verdict::CannotTell);
        assert!(kinds(&judgement).is_empty());
    }
}

#[test]
fn an_omitted_request_whose_answer_names_the_trail_is_read_live() {
    let rest = format!(
        r#""requestParameters":{{"omitted":true,"originalSize":120000}},"responseElements":{{"trailARN":"{TRAIL}"}}"#
    );
    for (name, kind) in [
        ("UpdateTrail", "trail-config"),
        ("PutEventSelectors", "trail-selectors"),
        ("PutInsightSelectors", "trail-insights"),
    ] {
        let judgement = with_settings("cloudtrail", name, &rest);
        assert_eq!(
            (judgement.verdict(), kinds(&judgement)),
            (Verdict::CannotTell, vec![kind]),
            "{name}"
        );
    }
}

#[test]
fn a_deleted_trail_comes_back_in_order_and_knows_its_buckets_owner() {
    let judgement = with_settings(
        "cloudtrail",
        "DeleteTrail",
        &format!(r#""requestParameters":{{"name":"{TRAIL}"}}"#),
    );
    assert_eq!(
        kinds(&judgement),
        [
            "trail-config",
            "trail-selectors",
            "trail-insights",
            "trail-logging",
            "trail-tags"
        ]
    );
    let Some(Plan::TrailConfig(step)) = judgement.findings[0].plan.first() else {
        panic!()
    };
    let (owner, organization) = (Some("222222222222".into()), Some("o-exampleorg1".into()));
    assert_eq!(
        step.wish,
        TrailWish::Exist {
            bucket_owner: owner,
            organization
        }
    );
    let Some(Plan::TrailSelectors(step)) = judgement.findings[0].plan.get(1) else {
        panic!()
    };
    assert_eq!(step.wish, SelectorsWish::AsRecorded);
}

#[test]
fn an_organizations_trail_is_reached_in_its_own_account_and_home_region() {
    let text = event(
        "cloudtrail",
        "StopLogging",
        &format!(r#""requestParameters":{{"name":"{TRAIL}"}}"#),
    );
    let text = text.replace(
        r#""awsRegion":"eu-west-1","recipientAccountId":"111111111111""#,
        r#""awsRegion":"us-east-1","recipientAccountId":"222222222222""#,
    );
    let judgement = judged(&text, &settings(), &inventory());
    let at = judgement.findings[0].plan[0].at();
    assert_eq!(
        (at.account.as_str(), at.region.as_str()),
        ("111111111111", "eu-west-1")
    );
}

#[test]
fn a_request_that_repeats_what_was_there_is_clean() {
    let rest = r#""requestParameters":{"name":"org-trail","s3BucketName":"acme-org-trail-logs","s3KeyPrefix":"","snsTopicName":"acme-trail-delivered","kmsKeyId":"7c1f9e42-5b0d-4a83-9c6e-2f81d0b7a354","cloudWatchLogsLogGroupArn":"","isMultiRegionTrail":true}"#;
    assert_eq!(
        with_settings("cloudtrail", "UpdateTrail", rest).verdict(),
        Verdict::Clean
    );
}

#[test]
fn a_moved_trail_is_certain_where_discovery_knew_better() {
    let rest = r#""requestParameters":{"name":"org-trail","s3BucketName":"elsewhere"}"#;
    let judgement = with_settings("cloudtrail", "UpdateTrail", rest);
    let finding = judgement.findings.first().unwrap();
    assert!(finding.certain);
    assert!(
        finding.summary.contains("bucket is set to elsewhere"),
        "{}",
        finding.summary
    );
    let judgement = judged(
        &event("cloudtrail", "UpdateTrail", rest),
        &settings(),
        &Inventory::default(),
    );
    assert!(
        !judgement.findings[0].certain,
        "it may have been there before"
    );
}

#[test]
fn where_a_trail_was_moved_to_is_not_known_to_be_right_by_being_seen() {
    let mut inventory = inventory();
    let used = inventory.trails[0].clone();
    inventory.learn(TrailUse {
        bucket: "elsewhere".into(),
        key: None,
        ..used
    });
    let update = |bucket: &str| {
        let rest =
            format!(r#""requestParameters":{{"name":"org-trail","s3BucketName":"{bucket}"}}"#);
        judged(
            &event("cloudtrail", "UpdateTrail", &rest),
            &settings(),
            &inventory,
        )
    };
    // Said once more it proves nothing; the live state and the baseline tell.
    let repeated = update("elsewhere");
    assert_eq!(repeated.verdict(), Verdict::Violation);
    assert!(!repeated.findings[0].certain);
    assert!(update("a-third").findings[0].certain);
    assert_eq!(update("acme-org-trail-logs").verdict(), Verdict::Clean);
    // What it used before is guarded as ever.
    let rest = format!(r#""requestParameters":{{"keyId":"{KEY}"}}"#);
    let disabled = event("kms", "DisableKey", &rest);
    let judgement = judged(&disabled, &settings(), &inventory);
    assert_eq!(judgement.verdict(), Verdict::Violation);
}

#[test]
fn a_repeated_false_is_nothing_new_where_it_was_false_before() {
    let rest = r#""requestParameters":{"name":"org-trail","isOrganizationTrail":false,"isMultiRegionTrail":false}"#;
    let text = event("cloudtrail", "UpdateTrail", rest);
    let with = |switches: Option<Switches>| {
        let mut inventory = inventory();
        inventory.trails[0].switches = switches;
        judged(&text, &settings(), &inventory)
    };
    assert_eq!(with(Some(Switches::default())).verdict(), Verdict::Clean);
    let (organization, multi_region) = (true, false);
    let was = with(Some(Switches {
        organization,
        multi_region,
        ..Switches::default()
    }));
    let finding = &was.findings[0];
    assert!(
        finding.certain && !finding.summary.contains("region"),
        "{finding:?}"
    );
    // Where nobody knows, it is told unless the live state says otherwise.
    let unknown = with(None);
    assert_eq!(unknown.verdict(), Verdict::Violation);
    assert_eq!(unknown.findings[0].plan.len(), 2);
    assert!(!unknown.findings[0].certain);
}

#[test]
fn a_failed_call_in_another_region_meant_the_trail_of_that_name() {
    let rest =
        r#""errorCode":"InvalidHomeRegionException","requestParameters":{"name":"org-trail"}"#;
    let text = event("cloudtrail", "StopLogging", rest)
        .replace(r#""awsRegion":"eu-west-1""#, r#""awsRegion":"us-east-1""#);
    // Known from discovery, or named in the settings.
    for inventory in [inventory(), Inventory::default()] {
        let judgement = judged(&text, &settings(), &inventory);
        assert_eq!(judgement.verdict(), Verdict::Attempt);
        assert_eq!(judgement.findings[0].resource, TRAIL);
    }
    // What came through was about a trail of that region.
    let done = text.replace("InvalidHomeRegionException", "");
    assert_eq!(
        judged(&done, &settings(), &inventory()).verdict(),
        Verdict::Clean
    );
    let other = text.replace("org-trail", "other");
    assert_eq!(
        judged(&other, &settings(), &inventory()).verdict(),
        Verdict::Clean
    );
}

#[test]
fn what_is_off_is_switched_on_before_anybody_is_asked_where_it_delivered() {
    let rest = r#""requestParameters":{"name":"org-trail","s3BucketName":"elsewhere","isOrganizationTrail":false,"enableLogFileValidation":false}"#;
    let judgement = with_settings("cloudtrail", "UpdateTrail", rest);
    let wishes: Vec<_> = judgement.findings[0]
        .plan
        .iter()
        .map(|plan| match plan {
            Plan::TrailConfig(step) => step.wish.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    let hold = |fields: &[TrailField]| TrailWish::Hold(fields.to_vec());
    assert_eq!(
        wishes,
        [
            hold(&[TrailField::Validation]),
            hold(&[TrailField::Organization, TrailField::Bucket])
        ]
    );
}

#[test]
fn the_answer_is_what_the_event_wrote() {
    let rest = format!(
        r#""requestParameters":{{"name":"org-trail","enableLogFileValidation":false}},"responseElements":{{"trailARN":"{TRAIL}","s3BucketName":"acme-org-trail-logs","s3KeyPrefix":"a/","snsTopicARN":"arn:t","isMultiRegionTrail":true,"includeGlobalServiceEvents":true,"logFileValidationEnabled":false,"isOrganizationTrail":true}}"#
    );
    let judgement = with_settings("cloudtrail", "UpdateTrail", &rest);
    let Plan::TrailConfig(step) = &judgement.findings[0].plan[0] else {
        panic!()
    };
    let wrote = step.wrote.clone().unwrap().unwrap();
    assert_eq!(
        (wrote.prefix.as_deref(), wrote.topic.as_deref()),
        (Some("a"), Some("arn:t"))
    );
    assert!(wrote.multi_region && wrote.organization && !wrote.validation);
}

const FULL: &str = r#""requestParameters":{"trailName":"org-trail","eventSelectors":[{"readWriteType":"All","includeManagementEvents":true}]}"#;

#[test]
fn only_the_baseline_tells_whether_full_selectors_are_fewer_than_before() {
    let judgement = with_settings("cloudtrail", "PutEventSelectors", FULL);
    assert_eq!(
        (judgement.verdict(), kinds(&judgement)),
        (Verdict::CannotTell, vec!["trail-selectors"])
    );
    assert!(!judgement.findings[0].certain);
    let judgement = judged(
        &event("cloudtrail", "PutEventSelectors", FULL),
        &Settings::default(),
        &Inventory::default(),
    );
    assert_eq!(judgement.verdict(), Verdict::Clean);
}

#[test]
fn what_a_deployer_wrote_is_accepted_and_learnt_but_never_a_stopped_trail() {
    let by_deployer = |name: &str, rest: &str| {
        let text = event("cloudtrail", name, rest).replace("user/tobias", "role/deploy");
        judged(&text, &settings(), &inventory())
    };
    let judgement = by_deployer("PutEventSelectors", FULL);
    assert_eq!(judgement.verdict(), Verdict::Clean);
    assert!(judgement.accepted.first().and_then(Plan::wrote).is_some());
    let judgement = by_deployer("StopLogging", r#""requestParameters":{"name":"org-trail"}"#);
    assert_eq!(judgement.verdict(), Verdict::Violation);
}

#[test]
fn selectors_left_out_of_a_request_mean_what_cloudtrail_takes_for_them() {
    let bare =
        r#""requestParameters":{"trailName":"org-trail","eventSelectors":[{"dataResources":[]}]}"#;
    let judgement = judged(
        &event("cloudtrail", "PutEventSelectors", bare),
        &Settings::default(),
        &Inventory::default(),
    );
    assert_eq!(judgement.verdict(), Verdict::Clean);
}

#[test]
fn selectors_that_cannot_be_read_are_neither_clean_nor_a_violation() {
    for list in [
        r#""HIDDEN_DUE_TO_SECURITY_REASONS""#,
        r#"[{"includeManagementEvents":"HIDDEN_DUE_TO_SECURITY_REASONS"}]"#,
    ] {
        let rest =
            format!(r#""requestParameters":{{"trailName":"org-trail","eventSelectors":{list}}}"#);
        assert_eq!(
            with_settings("cloudtrail", "PutEventSelectors", &rest).verdict(),
            Verdict::CannotTell,
            "{list}"
        );
    }
}

#[test]
fn insights_of_an_event_data_store_are_no_trails() {
    let rest = r#""requestParameters":{"eventDataStore":"arn:aws:cloudtrail:eu-west-1:111111111111:eventdatastore/x","insightSelectors":[]}"#;
    assert_eq!(
        with_settings("cloudtrail", "PutInsightSelectors", rest).verdict(),
        Verdict::Clean
    );
}

#[test]
fn only_keys_that_trails_use_are_guarded() {
    let rest = |key: &str| format!(r#""requestParameters":{{"keyId":"{key}"}}"#);
    let id = "7c1f9e42-5b0d-4a83-9c6e-2f81d0b7a354";
    for key in [KEY, id] {
        let judgement = with_settings("kms", "DisableKey", &rest(key));
        assert_eq!(judgement.findings[0].resource, KEY);
        assert!(judgement.findings[0].summary.contains("of trail org-trail"));
    }
    let judgement = with_settings(
        "kms",
        "DisableKey",
        &rest("00000000-0000-0000-0000-000000000000"),
    );
    assert_eq!(judgement.verdict(), Verdict::Clean);
}

#[test]
fn the_list_of_resources_names_the_key_where_the_request_does_not() {
    let rest = format!(
        r#""requestParameters":null,"errorCode":"AccessDenied","resources":[{{"ARN":"{KEY}","accountId":"111111111111"}}]"#
    );
    let judgement = with_settings("kms", "ScheduleKeyDeletion", &rest);
    assert_eq!(
        (judgement.verdict(), judgement.findings[0].resource.as_str()),
        (Verdict::Attempt, KEY)
    );
}
