//! What is sure is put right, and what is left is told.

use super::*;

const IN: &str = "arn:aws:s3:::acme-org-trail-logs";

/// A Deny of everybody, named `New`.
fn deny(action: &str, more: &str) -> String {
    format!(
        r#"{{"Sid":"New","Effect":"Deny","Principal":"*","Action":"{action}","Resource":["{IN}","{IN}/*"]{more}}}"#
    )
}

fn told(decision: Decision<PolicyState>) -> String {
    match decision {
        Decision::CannotTell(why) => why,
        other => panic!("expected doubt, found {other:?}"),
    }
}

fn by_hand(decision: Decision<PolicyState>) -> String {
    match decision {
        Decision::ByHand(why) => why,
        other => panic!("expected work for a person, found {other:?}"),
    }
}

#[test]
fn a_deny_of_some_log_files_goes_as_well() {
    let known = of_log_bucket(&[DENY_HTTP]);
    for key in [
        "AWSLogs/*/CloudTrail/ap-southeast-1/*",
        "AWSLogs/o-exampleorg1/222222222222/*",
        "*/2027/*",
    ] {
        let stop = DENY_ALL.replace("logs/*", &format!("logs/{key}"));
        let live = of_log_bucket(&[DENY_HTTP, &stop]);
        let change = changed(decide(&live, &guard(), Some(&known)));
        assert!(change.to.same(&known), "{key}: {:?}", change.to);
    }
    let other = DENY_ALL.replace("logs/*", "logs/AWSLogs/*/Config/*");
    let live = of_log_bucket(&[DENY_HTTP, &other]);
    assert_eq!(decide(&live, &guard(), Some(&known)), Decision::Safe);
}

#[test]
fn a_new_deny_that_may_stop_cloudtrail_is_told_once_the_rest_is_right() {
    let late = r#","Condition":{"DateGreaterThan":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}}"#;
    let late = deny("s3:PutObject", late);
    let known = of_log_bucket(&[DENY_HTTP]);
    let live = of_log_bucket(&[DENY_HTTP, &late]);
    let why = told(decide(&live, &guard(), Some(&known)));
    assert!(why.contains("`New`"), "{why}");
    assert_eq!(decide(&live, &guard(), Some(&live)), Decision::Safe);

    let opened = of_log_bucket(&[STRANGER, &late]);
    let change = changed(decide(&opened, &guard(), Some(&known)));
    assert!(change.to.same(&live), "{:?}", change.to);
}

#[test]
fn who_cannot_be_told_holds_up_nothing() {
    let known = of_log_bucket(&[DENY_HTTP]);
    let change = changed(decide(&of(&[IDENTITY]), &guard(), Some(&known)));
    let whole = of_log_bucket(&[IDENTITY, DENY_HTTP]);
    assert!(change.to.same(&whole), "{:?}", change.to);
    told(decide(&whole, &guard(), Some(&known)));
}

#[test]
fn what_has_no_room_stays_out_and_the_rest_is_done() {
    let padding = OWN.replace("reader", &"r".repeat(19 * 1024));
    let known = of_log_bucket(&[
        DENY_HTTP,
        &OWN.replace("Allow", "Deny")
            .replace("reader", &"n".repeat(4096)),
    ]);
    let change = changed(decide(&of(&[&padding, STRANGER]), &guard(), Some(&known)));
    let to = change.to.document().unwrap();
    assert!(!to.as_json().contains("333333333333"));
    assert!(change.why.contains("for want of room"), "{}", change.why);
    assert!(to.as_json().len() <= 20 * 1024);
    let why = by_hand(decide(&change.to, &guard(), Some(&known)));
    assert!(
        why.contains("20480 bytes") && why.contains("`Own`"),
        "{why}"
    );
}

const GONE: &str = r#"{"Sid":"Gone","Effect":"Allow","Principal":{"AWS":["AROAQCGVN3O6B7EXAMPLE","arn:aws:iam::111111111111:role/reader"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-org-trail-logs/*"}"#;

#[test]
fn who_was_deleted_goes_with_the_first_change_and_not_before() {
    let wish = PolicyWish {
        outsiders: true,
        ..PolicyWish::default()
    };
    let live = of(&[GONE, STRANGER]);
    assert_eq!(
        decide(&of(&[GONE]), &wish, Some(&of(&[GONE]))),
        Decision::Safe
    );
    let change = changed(decide(&live, &wish, Some(&of(&[GONE]))));
    let left = GONE.replace(r#""AROAQCGVN3O6B7EXAMPLE","#, "");
    assert!(change.to.same(&of(&[&left])), "{:?}", change.to);
    assert!(
        change.why.contains("AROAQCGVN3O6B7EXAMPLE"),
        "{}",
        change.why
    );
}

#[test]
fn a_deny_is_not_lost_because_its_role_was_deleted() {
    let named = |who: &str| {
        format!(
            r#"{{"Sid":"No","Effect":"Deny","Principal":{{"AWS":"{who}"}},"Action":"s3:GetObject","Resource":"{IN}/*"}}"#
        )
    };
    let known = of_log_bucket(&[&named("arn:aws:iam::111111111111:role/old")]);
    let id = named("AROAQCGVN3O6B7EXAMPLE");
    // Whose id it is nobody can say.
    told(decide(&of_log_bucket(&[&id]), &guard(), Some(&known)));
    let live = of_log_bucket(&[&id, STRANGER]);
    let change = changed(decide(&live, &guard(), Some(&known)));
    assert!(change.to.same(&of_log_bucket(&[])), "{:?}", change.to);
}

fn distribution(source: &str) -> String {
    format!(
        r#"{{"Sid":"Cdn","Effect":"Allow","Principal":{{"Service":"cloudfront.amazonaws.com"}},"Action":"s3:GetObject","Resource":"{IN}/*"{source}}}"#
    )
}

#[test]
fn a_stranger_who_comes_through_a_service_goes() {
    let source = r#","Condition":{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::333333333333:distribution/E1"}}"#;
    let strange = distribution(source);
    let ours = distribution(&source.replace("333333333333", "111111111111"));
    let live = of_log_bucket(&[&strange, &ours]);
    let change = changed(decide(&live, &guard(), None));
    assert!(change.to.same(&of_log_bucket(&[&ours])), "{:?}", change.to);
    // It never was ours to bring back, either.
    let known = of_log_bucket(&[&strange]);
    let restore = PolicyWish {
        outsiders: false,
        ..guard()
    };
    let decision = decide(&of_log_bucket(&[]), &restore, Some(&known));
    assert_eq!(decision, Decision::Safe);
}

#[test]
fn a_service_that_reads_for_anybody_is_told_and_one_that_delivers_is_not() {
    let open = distribution("");
    let known = of_log_bucket(&[]);
    let live = of_log_bucket(&[&open]);
    let why = told(decide(&live, &guard(), Some(&known)));
    assert!(why.contains("`Cdn`"), "{why}");
    assert_eq!(decide(&live, &guard(), Some(&live)), Decision::Safe);
    // A bucket's ARN does not tell whose it is.
    let unclear =
        distribution(r#","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::acme-reports"}}"#);
    let live = of_log_bucket(&[&unclear]);
    let why = told(decide(&live, &guard(), Some(&known)));
    assert!(why.contains("`Cdn` may"), "{why}");
    assert_eq!(decide(&live, &guard(), Some(&live)), Decision::Safe);
    for service in ["logging.s3", "delivery.logs", "config", "cloudtrail"] {
        let delivers = open
            .replace("cloudfront", service)
            .replace("GetObject", "PutObject");
        let live = of_log_bucket(&[&delivers]);
        assert_eq!(
            decide(&live, &guard(), Some(&known)),
            Decision::Safe,
            "{service}"
        );
    }
}

#[test]
fn a_new_deny_that_locks_us_out_is_for_a_person() {
    let known = of_log_bucket(&[DENY_HTTP]);
    let decide = |deny: &str, known: Option<&PolicyState>| {
        decide(&of_log_bucket(&[DENY_HTTP, deny]), &guard(), known)
    };
    let but =
        |who: &str| format!(r#","Condition":{{"ArnNotLike":{{"aws:PrincipalArn":"{who}"}}}}"#);
    let spares = |who: &str| deny("s3:PutBucketPolicy", &but(who));
    for lock in [
        deny("s3:PutBucketPolicy", ""),
        deny("s3:*Bucket*", r#","Condition":{"Bool":{"aws:PrincipalIsAWSService":"false"}}"#),
        spares("arn:aws:iam::111111111111:role/security-admin"),
        deny("s3:PutBucketPolicy", "").replace(
            r#""Principal":"*""#,
            r#""Principal":{"AWS":"arn:aws:iam::111111111111:role/auditward-bucket-guard-eu-west-1"}"#,
        ),
    ] {
        let why = by_hand(decide(&lock, Some(&known)));
        assert!(why.contains("`New`") && why.contains("root"), "{why}");
        let with = of_log_bucket(&[DENY_HTTP, &lock]);
        assert_eq!(decide(&lock, Some(&with)), Decision::Safe);
        assert_eq!(decide(&lock, None), Decision::Safe);
    }
    let why = told(decide(
        &deny("s3:PutLifecycleConfiguration", ""),
        Some(&known),
    ));
    assert!(why.contains("s3:PutLifecycleConfiguration"), "{why}");
    for harmless in [
        deny("s3:DeleteBucket", ""),
        deny("s3:DeleteObject*", ""),
        spares("arn:aws:iam::*:role/auditward-*"),
    ] {
        assert_eq!(
            decide(&harmless, Some(&known)),
            Decision::Safe,
            "{harmless}"
        );
    }
}

#[test]
fn doubt_is_told_though_no_statement_is_blamed_for_it() {
    let odd = deny("s3:DeleteBucket", "").replace(
        r#""Principal":"*""#,
        r#""Principal":{"AWS":"111111111111","AWS":"222222222222"}"#,
    );
    let known = of_log_bucket(&[DENY_HTTP]);
    let live = of_log_bucket(&[DENY_HTTP, OWN, &odd]);
    let why = told(decide(&live, &guard(), Some(&known)));
    assert!(why.contains("whom") && why.contains("twice"), "{why}");
    assert_eq!(decide(&live, &guard(), Some(&live)), Decision::Safe);

    // For whom a service acts is another matter.
    let service = r#"{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::acme-org-trail-logs/inventory/*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::acme-reports"}}}"#;
    let live = of_log_bucket(&[DENY_HTTP, service]);
    assert_eq!(decide(&live, &guard(), Some(&known)), Decision::Safe);
}
