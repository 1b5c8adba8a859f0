//! Which Deny statements stop CloudTrail, and which grants reach.

#![allow(clippy::expect_used, reason = "tests fail loudly")]

use auditward_policy::cloudtrail::{Delivery, add_missing, bucket_delivers, bucket_statements};
use auditward_policy::{Document, Tri};

fn delivery() -> Delivery {
    Delivery {
        bucket: "acme-logs".to_owned(),
        prefix: None,
        trail_arn: "arn:aws:cloudtrail:eu-west-1:111111111111:trail/main".to_owned(),
        owner_account: "111111111111".to_owned(),
        org_id: Some("o-exampleorg1".to_owned()),
    }
}

/// Whether CloudTrail delivers beside a statement that everybody is denied.
fn beside(what: &str) -> Tri {
    let deny = format!(r#"{{"Effect":"Deny","Principal":"*",{what}}}"#);
    let document = add_missing(None, &delivery());
    let document = document.with_statement_appended(&deny);
    bucket_delivers(&document.expect("a statement"), &delivery())
}

fn denied(pattern: &str) -> Tri {
    beside(&format!(
        r#""Action":"s3:PutObject","Resource":"arn:aws:s3:::acme-logs/{pattern}""#
    ))
}

fn spared(pattern: &str) -> Tri {
    beside(&format!(
        r#""Action":"s3:PutObject","NotResource":"arn:aws:s3:::acme-logs{pattern}""#
    ))
}

#[test]
fn a_deny_counts_that_stops_only_some_log_files() {
    for pattern in [
        "*",
        "AWSLogs/*/CloudTrail/ap-southeast-1/*",
        "AWSLogs/111111111111/CloudTrail/us-gov-west-1/2027/*",
        "AWSLogs/o-exampleorg1/222222222222/*",
        "AWSLogs/o-exampleorg1/*/CloudTrail-Digest/*",
        "*/2027/*",
        "*_20270102T0305Z_*.json.gz",
        "*.gz",
        "AWSLogs/??????????1?/*",
    ] {
        assert_eq!(denied(pattern), Tri::No, "{pattern}");
    }
    for pattern in ["/*us-east-1*", "/AWSLogs/111111111111/*", "/*CloudTrail/*"] {
        assert_eq!(spared(pattern), Tri::No, "{pattern}");
    }
}

#[test]
fn a_deny_does_not_count_that_is_about_something_else() {
    for pattern in [
        "AWSLogs/*/Config/*",
        "AWSLogs/111111111111/elasticloadbalancing/*",
        "AWSLogs/222222222222/*",
        "AWSLogs/o-anotherorg2/*",
        "backup/*",
        "*.exe",
        "*/2027",
        "AWSLogs/*/CloudTrail/*/*.json",
    ] {
        assert_eq!(denied(pattern), Tri::Yes, "{pattern}");
    }
    for pattern in ["/AWSLogs/*", "*", "/*.json.gz"] {
        assert_eq!(spared(pattern), Tri::Yes, "{pattern}");
    }
    assert_eq!(
        beside(r#""Action":"s3:DeleteObject","Resource":"*""#),
        Tri::Yes
    );
}

#[test]
fn a_deny_counts_only_under_its_condition() {
    let under = |condition: &str| {
        beside(&format!(
            r#""Action":"s3:*","Resource":"arn:aws:s3:::acme-logs/*/eu-west-1/*","Condition":{condition}"#
        ))
    };
    assert_eq!(
        under(r#"{"Bool":{"aws:SecureTransport":"false"}}"#),
        Tri::Yes
    );
    assert_eq!(
        under(r#"{"DateGreaterThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}}"#),
        Tri::CannotTell
    );
    assert_eq!(
        under(r#"{"NotIpAddress":{"aws:SourceIp":"198.51.100.0/24"}}"#),
        Tri::CannotTell
    );
}

#[test]
fn no_service_calls_through_an_endpoint() {
    for (condition, delivers) in [
        (r#"{"Null":{"aws:SourceVpce":"true"}}"#, Tri::No),
        (
            r#"{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}"#,
            Tri::No,
        ),
        (
            r#"{"StringNotEqualsIfExists":{"aws:SourceVpc":"vpc-1"}}"#,
            Tri::No,
        ),
        (
            r#"{"NotIpAddress":{"aws:VpcSourceIp":"10.0.0.0/8"}}"#,
            Tri::No,
        ),
        (r#"{"StringEquals":{"aws:SourceVpce":"vpce-1"}}"#, Tri::Yes),
        (
            r#"{"StringNotEquals":{"aws:SourceVpce":"vpce-1"},"Bool":{"aws:PrincipalIsAWSService":"false"}}"#,
            Tri::Yes,
        ),
    ] {
        let deny = format!(r#""Action":"s3:*","Resource":"*","Condition":{condition}"#);
        assert_eq!(beside(&deny), delivers, "{condition}");
    }
}

#[test]
fn a_grant_reaches_only_if_it_reaches_all() {
    let delivery = Delivery {
        org_id: None,
        ..delivery()
    };
    let whole = add_missing(None, &delivery);
    let with = |folder: &str| {
        let text = whole.to_json().replace("AWSLogs/111111111111/*", folder);
        Document::parse(&text).expect("a policy")
    };
    for folder in [
        "*",
        "AWSLogs/*",
        "AWSLogs/*/CloudTrail*",
        "AWSLogs/${aws:SourceAccount}/*",
        "AWSLogs/111111111111/*.json.gz",
    ] {
        let document = with(folder);
        assert_eq!(bucket_delivers(&document, &delivery), Tri::Yes, "{folder}");
        assert_eq!(add_missing(Some(&document), &delivery), document);
    }
    for folder in [
        "AWSLogs/111111111111/CloudTrail/*",
        "AWSLogs/111111111111/*/us-east-1/*",
        "AWSLogs/111111111111/*/2026/*",
    ] {
        let document = with(folder);
        assert_eq!(bucket_delivers(&document, &delivery), Tri::No, "{folder}");
        let mended = add_missing(Some(&document), &delivery);
        assert_eq!(bucket_delivers(&mended, &delivery), Tri::Yes, "{folder}");
        assert!(
            bucket_statements(&delivery)
                .iter()
                .all(|one| mended.contains_statement(one))
        );
    }
}
