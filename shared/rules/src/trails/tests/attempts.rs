//! Which trail, and which place, a record means.

use super::*;

const MEMBER: &str = "333333333333";

/// A refused call of an account in a region, whose request may be left out.
fn refused(account: &str, region: &str, code: &str, request: &str, message: &str) -> Judgement {
    let rest =
        format!(r#""requestParameters":{request},"errorCode":"{code}","errorMessage":"{message}""#);
    let text = event("cloudtrail", "StopLogging", &rest)
        .replace(
            r#""awsRegion":"eu-west-1""#,
            &format!(r#""awsRegion":"{region}""#),
        )
        .replace(
            "111111111111\",\"userIdentity",
            &format!("{account}\",\"userIdentity"),
        );
    judged(&text, &settings(), &inventory())
}

fn on_resource(account: &str, region: &str, name: &str) -> String {
    format!(
        "User: arn:aws:iam::{account}:user/tobias is not authorized to perform: cloudtrail:StopLogging on resource: arn:aws:cloudtrail:{region}:{account}:trail/{name} because no policy allows it"
    )
}

#[test]
fn a_member_that_tries_at_the_organizations_trail_is_told() {
    let denied = on_resource(MEMBER, "eu-west-1", "org-trail");
    for (code, request, message) in [
        (
            "TrailNotFoundException",
            r#"{"name":"org-trail"}"#,
            "Unknown trail",
        ),
        ("AccessDenied", "null", denied.as_str()),
    ] {
        let judgement = refused(MEMBER, "eu-west-1", code, request, message);
        assert_eq!(judgement.verdict(), Verdict::Attempt, "{code}");
        assert_eq!(judgement.findings[0].resource, TRAIL);
    }
    let other = on_resource(MEMBER, "eu-west-1", "other");
    let judgement = refused(MEMBER, "eu-west-1", "AccessDenied", "null", &other);
    assert_eq!(judgement.verdict(), Verdict::Clean);
}

#[test]
fn a_name_that_any_account_may_have_means_no_trail_of_one_account_alone() {
    let rest = r#""requestParameters":{"name":"org-trail"},"errorCode":"TrailNotFoundException""#;
    let text = event("cloudtrail", "StopLogging", rest).replace(
        "111111111111\",\"userIdentity",
        "333333333333\",\"userIdentity",
    );
    let mut inventory = inventory();
    inventory.trails[0].organization = None;
    assert_eq!(
        judged(&text, &settings(), &inventory).verdict(),
        Verdict::Clean
    );
}

#[test]
fn a_refusal_in_another_region_means_the_trail_of_that_name() {
    let denied = on_resource("111111111111", "us-east-1", "org-trail");
    let judgement = refused("111111111111", "us-east-1", "AccessDenied", "null", &denied);
    assert_eq!(judgement.verdict(), Verdict::Attempt);
    assert_eq!(judgement.findings[0].resource, TRAIL);
}

#[test]
fn a_topic_of_the_same_name_elsewhere_is_another() {
    let update = |topic: &str, answer: &str| {
        let rest = format!(
            r#""requestParameters":{{"name":"org-trail","snsTopicName":"{topic}"}}{answer}"#
        );
        with_settings("cloudtrail", "UpdateTrail", &rest)
    };
    let answer = |account: &str| {
        format!(
            r#","responseElements":{{"trailARN":"{TRAIL}","s3BucketName":"acme-org-trail-logs","snsTopicARN":"arn:aws:sns:eu-west-1:{account}:acme-trail-delivered"}}"#
        )
    };
    let name = "acme-trail-delivered";
    assert_eq!(update(name, "").verdict(), Verdict::Clean);
    assert_eq!(
        update(name, &answer("111111111111")).verdict(),
        Verdict::Clean
    );
    let judgement = update(name, &answer(MEMBER));
    assert!(judgement.findings[0].certain);
    // A bare name is one in the trail's own account and region.
    let mut elsewhere = inventory();
    elsewhere.trails[0].topic = Some(format!("arn:aws:sns:eu-west-1:{MEMBER}:{name}"));
    let rest = format!(r#""requestParameters":{{"name":"org-trail","snsTopicName":"{name}"}}"#);
    let judgement = judged(
        &event("cloudtrail", "UpdateTrail", &rest),
        &settings(),
        &elsewhere,
    );
    assert_eq!(judgement.verdict(), Verdict::Violation);
}

#[test]
fn the_answer_says_which_key_an_alias_is() {
    let update = |key: &str| {
        let rest = format!(
            r#""requestParameters":{{"name":"org-trail","kmsKeyId":"alias/trail"}},"responseElements":{{"trailARN":"{TRAIL}","s3BucketName":"acme-org-trail-logs","kmsKeyId":"{key}"}}"#
        );
        with_settings("cloudtrail", "UpdateTrail", &rest)
    };
    assert_eq!(update(KEY).verdict(), Verdict::Clean);
    let other = KEY.replace("111111111111", MEMBER);
    assert!(update(&other).findings[0].certain);
}
