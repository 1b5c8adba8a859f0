use super::*;

const STORE: &str =
    "arn:aws:cloudtrail:eu-west-1:111111111111:eventdatastore/2f1a7c9e-0b6d-4c1e-9a43-77d0c5e8b214";

fn guarded(name: &str, request: &str) -> Judgement {
    let text = format!(
        "[ours]\naccounts = [\"111111111111\", \"222222222222\"]\n[protected]\n\
         resources = [\"{STORE}\", \"{TRAIL}\", \"arn:aws:s3:::acme-query-results\"]\n\
         [[deployers]]\nprincipal = \"arn:aws:iam::111111111111:role/deploy\"\nreason = \"the pipeline\"\n"
    );
    let settings = Settings::parse(&text).unwrap();
    let rest = format!(r#""requestParameters":{request}"#);
    judged(&event("cloudtrail", name, &rest), &settings, &inventory())
}

#[test]
fn a_store_is_known_by_its_arn_and_by_its_id() {
    for named in [STORE, "2f1a7c9e-0b6d-4c1e-9a43-77d0c5e8b214"] {
        let judgement = guarded(
            "DeleteEventDataStore",
            &format!(r#"{{"eventDataStore":"{named}"}}"#),
        );
        assert_eq!(judgement.verdict(), Verdict::Violation);
        assert_eq!(judgement.findings[0].resource, STORE);
    }
    let other = guarded(
        "DeleteEventDataStore",
        r#"{"eventDataStore":"8b0c4d2e-6f1a-4937-a5e8-c3d2b1a09f8e"}"#,
    );
    assert_eq!(other.verdict(), Verdict::Clean);
}

#[test]
fn protection_against_deletion_comes_back_first_and_by_itself() {
    let judgement = guarded(
        "UpdateEventDataStore",
        &format!(
            r#"{{"eventDataStore":"{STORE}","terminationProtectionEnabled":false,"retentionPeriod":7}}"#
        ),
    );
    assert_eq!(judgement.verdict(), Verdict::Violation);
    assert_eq!(kinds(&judgement), ["store-config", "store-config"]);
}

#[test]
fn whether_a_store_keeps_less_only_its_known_configuration_tells() {
    for request in [
        format!(r#"{{"eventDataStore":"{STORE}","retentionPeriod":3653}}"#),
        format!(r#"{{"eventDataStore":"{STORE}","advancedEventSelectors":[]}}"#),
    ] {
        assert_eq!(
            guarded("UpdateEventDataStore", &request).verdict(),
            Verdict::CannotTell
        );
    }
    let renamed = format!(r#"{{"eventDataStore":"{STORE}","name":"events"}}"#);
    assert_eq!(
        guarded("UpdateEventDataStore", &renamed).verdict(),
        Verdict::Clean
    );
}

#[test]
fn a_channel_matters_where_it_leads_into_a_guarded_store() {
    let into = |location: &str| {
        guarded(
            "CreateChannel",
            &format!(
                r#"{{"name":"c","source":"Custom","destinations":[{{"type":"EVENT_DATA_STORE","location":"{location}"}}]}}"#
            ),
        )
    };
    assert_eq!(into(STORE).verdict(), Verdict::Violation);
    assert_eq!(
        into("arn:aws:cloudtrail:eu-west-1:111111111111:eventdatastore/8b0c4d2e").verdict(),
        Verdict::Clean
    );
}

#[test]
fn results_may_only_go_to_guarded_buckets() {
    let to = |uri: &str| {
        guarded(
            "StartQuery",
            &format!(r#"{{"queryStatement":"SELECT 1","deliveryS3Uri":"{uri}"}}"#),
        )
        .verdict()
    };
    assert_eq!(to("s3://acme-query-results/2026/"), Verdict::Clean);
    assert_eq!(to("s3://acme-query-results.example/"), Verdict::Violation);
    assert_eq!(to(""), Verdict::Clean);
}

#[test]
fn a_second_trail_may_only_deliver_to_guarded_buckets() {
    let to =
        |rest: &str| guarded("CreateTrail", &format!(r#"{{"name":"second",{rest}}}"#)).verdict();
    assert_eq!(
        to(r#""s3BucketName":"acme-org-trail-logs""#),
        Verdict::Clean
    );
    assert_eq!(to(r#""s3BucketName":"elsewhere""#), Verdict::Violation);
    assert_eq!(
        to(
            r#""s3BucketName":"acme-org-trail-logs","snsTopicName":"arn:aws:sns:eu-west-1:333333333333:t""#
        ),
        Verdict::Violation
    );
    assert_eq!(
        to(r#""s3BucketName":"HIDDEN_DUE_TO_SECURITY_REASONS""#),
        Verdict::CannotTell
    );
}

#[test]
fn where_a_trail_was_moved_to_is_no_place_for_what_is_guarded() {
    let mut inventory = inventory();
    let used = inventory.trails[0].clone();
    inventory.learn(TrailUse {
        bucket: "elsewhere".into(),
        ..used
    });
    for (name, request) in [
        (
            "CreateTrail",
            r#"{"name":"second","s3BucketName":"elsewhere"}"#,
        ),
        (
            "StartQuery",
            r#"{"queryStatement":"SELECT 1","deliveryS3Uri":"s3://elsewhere/"}"#,
        ),
    ] {
        let rest = format!(r#""requestParameters":{request}"#);
        let text = event("cloudtrail", name, &rest);
        let judgement = judged(&text, &settings(), &inventory);
        assert_eq!(judgement.verdict(), Verdict::Violation, "{name}");
    }
}

#[test]
fn in_an_account_without_anything_guarded_trails_are_nobodys_business() {
    let text = event(
        "cloudtrail",
        "CreateTrail",
        r#""requestParameters":{"name":"own","s3BucketName":"elsewhere"}"#,
    )
    .replace("111111111111", "555555555555");
    let judgement = judged(&text, &settings(), &inventory());
    assert_eq!(judgement.verdict(), Verdict::Clean);
}

#[test]
fn a_tag_that_is_put_may_overwrite_one() {
    let request =
        format!(r#"{{"resourceId":"{TRAIL}","tagsList":[{{"key":"owner","value":"nobody"}}]}}"#);
    let put = guarded("AddTags", &request);
    assert_eq!(put.verdict(), Verdict::Violation);
    assert!(!put.findings[0].certain);
    let removed = guarded("RemoveTags", &request);
    assert!(removed.findings[0].certain);
}

#[test]
fn what_a_deployer_made_of_a_store_is_learnt_from_the_answer() {
    let text = format!(
        "[ours]\naccounts = [\"111111111111\"]\n[protected]\nresources = [\"{STORE}\"]\n\
         [[deployers]]\nprincipal = \"arn:aws:iam::111111111111:user/tobias\"\nreason = \"the pipeline\"\n"
    );
    let rest = format!(
        r#""requestParameters":{{"eventDataStore":"{STORE}","retentionPeriod":366}},"responseElements":{{"eventDataStoreArn":"{STORE}","retentionPeriod":366,"terminationProtectionEnabled":true,"multiRegionEnabled":true,"organizationEnabled":false,"advancedEventSelectors":[{{"fieldSelectors":[{{"field":"eventCategory","equals":["Management"]}}]}}]}}"#
    );
    let settings = Settings::parse(&text).unwrap();
    let judgement = judged(
        &event("cloudtrail", "UpdateEventDataStore", &rest),
        &settings,
        &inventory(),
    );
    assert_eq!(judgement.verdict(), Verdict::Clean);
    let wrote = judgement.accepted[0].wrote().unwrap();
    assert_eq!(wrote["retention_days"], 366);
}

#[test]
fn insights_of_a_guarded_store_that_are_switched_off_are_told() {
    let put = |list: &str| {
        let request = format!(r#"{{"eventDataStore":"{STORE}","insightSelectors":{list}}}"#);
        guarded("PutInsightSelectors", &request)
    };
    let judgement = put("[]");
    assert_eq!(judgement.verdict(), Verdict::Violation);
    assert_eq!(judgement.findings[0].resource, STORE);
    assert!(kinds(&judgement).is_empty());
    let some = r#"[{"insightType":"ApiCallRateInsight"}]"#;
    assert_eq!(put(some).verdict(), Verdict::Clean);
    assert_eq!(
        put("\"HIDDEN_DUE_TO_SECURITY_REASONS\"").verdict(),
        Verdict::CannotTell
    );
}
