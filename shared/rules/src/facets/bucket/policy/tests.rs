mod left;
mod named;
mod variables;

use auditward_policy::cloudtrail::{Delivery, bucket_delivers, bucket_statements};
use auditward_policy::{Foreign, Kind, Tri, analyze};
use proptest::prelude::*;

use super::*;
use crate::facet::{Decision, Facet, PolicyState, Standing};
use crate::facets::bucket::law::{changed, stage};

const DENY_HTTP: &str = r#"{"Sid":"DenyInsecureTransport","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::acme-org-trail-logs","arn:aws:s3:::acme-org-trail-logs/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}"#;
const DENY_ALL: &str = r#"{"Sid":"Stop","Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::acme-org-trail-logs/*"}"#;
const OWN: &str = r#"{"Sid":"Own","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/reader"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-org-trail-logs/*"}"#;
const STRANGER: &str = r#"{"Sid":"Siem","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-org-trail-logs/*"}"#;
const BOTH: &str = r#"{"Sid":"Both","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::222222222222:root","arn:aws:iam::333333333333:root"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-org-trail-logs/*"}"#;
const EVERYBODY: &str = r#"{"Sid":"Public","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-org-trail-logs/*"}"#;
const PERIMETER: &str = r#"{"Sid":"OnlyOurs","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::acme-org-trail-logs","arn:aws:s3:::acme-org-trail-logs/*"],"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-exampleorg1"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}"#;
const CONFIG: &str = r#"{"Sid":"Config","Effect":"Allow","Principal":{"Service":"config.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::acme-org-trail-logs/AWSLogs/111111111111/Config/*","Condition":{"StringEquals":{"aws:SourceAccount":"111111111111"}}}"#;

const REPLICAS: &str = r#"{"Sid":"Replicas","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:role/replicate"},"Action":["s3:ReplicateObject","s3:ObjectOwnerOverrideToBucketOwner"],"Resource":"arn:aws:s3:::acme-org-trail-logs/*"}"#;

/// A stranger's distribution, and one of ours.
const CDN: &str = r#"{"Sid":"Cdn","Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-org-trail-logs/*","Condition":{"StringEquals":{"aws:SourceArn":["arn:aws:cloudfront::333333333333:distribution/E1","arn:aws:cloudfront::111111111111:distribution/E2"]}}}"#;
/// Stops one Region's logs.
const DENY_REGION: &str = r#"{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::acme-org-trail-logs/AWSLogs/*/CloudTrail/eu-north-1/*"}"#;

fn delivery() -> Delivery {
    Delivery {
        bucket: "acme-org-trail-logs".into(),
        prefix: None,
        trail_arn: "arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail".into(),
        owner_account: "111111111111".into(),
        org_id: Some("o-exampleorg1".into()),
    }
}

fn of(statements: &[&str]) -> PolicyState {
    PolicyState::read(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    ))
}

/// A policy with CloudTrail's own statements in front.
fn of_log_bucket(statements: &[&str]) -> PolicyState {
    let own: Vec<String> = bucket_statements(&delivery())
        .iter()
        .map(|one| one.to_json().to_owned())
        .collect();
    let own = own.iter().map(String::as_str);
    of(&own.chain(statements.iter().copied()).collect::<Vec<_>>())
}

fn any_policy() -> impl Strategy<Value = PolicyState> {
    let pool = vec![
        DENY_HTTP,
        DENY_ALL,
        OWN,
        STRANGER,
        BOTH,
        EVERYBODY,
        PERIMETER,
        CONFIG,
        REPLICAS,
        CDN,
        DENY_REGION,
        variables::ONLY_OWN,
        variables::OWN_FOLDER,
        named::ALL_BUT,
        named::SPARES_GONE,
    ];
    let statements = prop::sample::subsequence(pool, 0..15).prop_shuffle();
    let (absent, old) = (prop::bool::weighted(0.1), prop::bool::weighted(0.2));
    (statements, any::<bool>(), absent, old).prop_map(|(statements, delivers, absent, old)| {
        let state = match (absent, delivers) {
            (true, _) => PolicyState::Absent,
            (false, true) => of_log_bucket(&statements),
            (false, false) if statements.is_empty() => PolicyState::Absent,
            (false, false) => of(&statements),
        };
        if old {
            variables::lowered(&state)
        } else {
            state
        }
    })
}

fn any_wish() -> impl Strategy<Value = PolicyWish> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(outsiders, restore, log)| PolicyWish {
        outsiders,
        deliveries: if log { vec![delivery()] } else { Vec::new() },
        restore,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn policies_keep_the_law(
        live in any_policy(), baseline in proptest::option::of(any_policy()), wish in any_wish(),
    ) {
        let stage = stage();
        let decide = |live| BucketPolicy::decide(live, &wish, baseline.as_ref(), stage.scene());
        if let Decision::Change(change) = decide(&live) {
            // What is left then is for a person, and never another change.
            let again = decide(&change.to);
            let over = matches!(again, Decision::Safe | Decision::ByHand(_));
            prop_assert!(over, "{:?} after {:?}", again, change);
            prop_assert!(!change.to.same(&live) && !change.why.is_empty());
        }
        let stored = serde_json::from_str(&serde_json::to_string(&live).unwrap()).unwrap();
        prop_assert_eq!(&live, &stored);
        let stored = serde_json::from_str(&serde_json::to_string(&wish).unwrap()).unwrap();
        prop_assert_eq!(wish, stored);
    }

    #[test]
    fn nobody_is_let_in_who_was_not(
        live in any_policy(), baseline in proptest::option::of(any_policy()), wish in any_wish(),
    ) {
        let stage = stage();
        let open = |state: &PolicyState| state.document().is_some_and(|document| {
            analyze(document, Kind::Bucket, stage.scene().zone).foreign != Foreign::No
        });
        let decision = BucketPolicy::decide(&live, &wish, baseline.as_ref(), stage.scene());
        if let Decision::Change(change) = decision {
            prop_assert!(!open(&change.to) || (open(&live) && !wish.outsiders), "{:?}", change);
        }
    }
}

fn guard() -> PolicyWish {
    PolicyWish {
        outsiders: true,
        deliveries: vec![delivery()],
        restore: true,
    }
}

fn decide(
    live: &PolicyState,
    wish: &PolicyWish,
    baseline: Option<&PolicyState>,
) -> Decision<PolicyState> {
    BucketPolicy::decide(live, wish, baseline, stage().scene())
}

#[test]
fn exactly_the_stranger_goes() {
    let live = of_log_bucket(&[DENY_HTTP, BOTH, STRANGER, OWN]);
    let change = changed(decide(&live, &guard(), None));
    let ours = BOTH.replace(r#","arn:aws:iam::333333333333:root""#, "");
    assert!(
        change.to.same(&of_log_bucket(&[DENY_HTTP, &ours, OWN])),
        "{:?}",
        change.to
    );
    assert!(!change.evidence_on);
    assert!(
        change.why.contains("333333333333") && change.why.contains("`Both`"),
        "{}",
        change.why
    );
}

#[test]
fn a_policy_with_nobody_left_is_deleted_unless_logs_are_delivered_there() {
    let live = of(&[STRANGER]);
    let wish = PolicyWish {
        outsiders: true,
        ..PolicyWish::default()
    };
    assert_eq!(changed(decide(&live, &wish, None)).to, PolicyState::Absent);
    let change = changed(decide(&live, &guard(), None));
    assert!(change.to.same(&of_log_bucket(&[])), "{:?}", change.to);
}

#[test]
fn lost_delivery_statements_come_back_and_that_harms_nobody() {
    for live in [PolicyState::Absent, of(&[OWN])] {
        let wish = PolicyWish {
            deliveries: vec![delivery()],
            ..PolicyWish::default()
        };
        let change = changed(decide(&live, &wish, None));
        assert!(change.evidence_on);
        let to = change.to.document().unwrap();
        assert_eq!(bucket_delivers(to, &delivery()), Tri::Yes);
    }
}

#[test]
fn lost_denies_and_service_grants_come_back_but_not_grants_to_principals() {
    let known = of_log_bucket(&[DENY_HTTP, CONFIG, OWN]);
    let edited = OWN.replace("reader", "new-reader");
    let change = changed(decide(&of_log_bucket(&[&edited]), &guard(), Some(&known)));
    assert!(
        change
            .to
            .same(&of_log_bucket(&[&edited, DENY_HTTP, CONFIG])),
        "{:?}",
        change.to
    );
    assert!(!change.evidence_on);
}

#[test]
fn another_account_s_replication_is_let_in_again() {
    let decide = |live: &[&str], known: &[&str]| {
        BucketPolicy::decide(
            &of(live),
            &PolicyWish::whole(),
            Some(&of(known)),
            stage().scene(),
        )
    };
    let change = changed(decide(&[OWN], &[REPLICAS, OWN]));
    assert!(change.to.same(&of(&[REPLICAS, OWN])), "{:?}", change.to);
    assert!(!change.evidence_on);
    // Beside others, and with more, nothing is lost.
    let role = r#""arn:aws:iam::222222222222:role/replicate""#;
    let with = |who: &str| REPLICAS.replace(role, who);
    let joined = with(&format!(
        r#"[{role},"arn:aws:iam::111111111111:role/replicate"]"#
    ));
    let tagged = REPLICAS.replace(r#"["s3:R"#, r#"["s3:ReplicateTags","s3:R"#);
    for live in [&joined, &tagged] {
        assert_eq!(decide(&[live, OWN], &[REPLICAS, OWN]), Decision::Safe);
    }
    let change = changed(decide(&[REPLICAS], &[&joined]));
    assert_eq!(change.to.document().unwrap().statements().len(), 2);
    // And a stranger's never was ours to bring back.
    let strangers = with(r#""arn:aws:iam::333333333333:role/replicate""#);
    assert_eq!(decide(&[OWN], &[&strangers, OWN]), Decision::Safe);
}

#[test]
fn a_policy_that_is_gone_comes_back_whole_but_without_strangers() {
    let known = of_log_bucket(&[DENY_HTTP, BOTH]);
    let wish = PolicyWish {
        outsiders: false,
        ..guard()
    };
    let change = changed(decide(&PolicyState::Absent, &wish, Some(&known)));
    let ours = BOTH.replace(r#","arn:aws:iam::333333333333:root""#, "");
    assert!(
        change.to.same(&of_log_bucket(&[DENY_HTTP, &ours])),
        "{:?}",
        change.to
    );
}

#[test]
fn a_policy_that_is_gone_and_unknown_is_for_a_person() {
    let wish = PolicyWish {
        restore: true,
        ..PolicyWish::default()
    };
    assert!(matches!(
        decide(&PolicyState::Absent, &wish, None),
        Decision::ByHand(_)
    ));
    assert_eq!(
        decide(&PolicyState::Absent, &wish, Some(&PolicyState::Absent)),
        Decision::Safe
    );
}

#[test]
fn a_lost_perimeter_comes_back_before_anything_is_taken_out() {
    let known = of_log_bucket(&[EVERYBODY, PERIMETER]);
    let change = changed(decide(&of_log_bucket(&[EVERYBODY]), &guard(), Some(&known)));
    assert!(change.to.same(&known), "{:?}", change.to);
}

#[test]
fn a_deny_that_stops_cloudtrail_goes_only_if_it_is_known_to_be_new() {
    let live = of_log_bucket(&[DENY_ALL, DENY_HTTP]);
    assert!(
        matches!(decide(&live, &guard(), None), Decision::ByHand(why) if why.contains("`Stop`"))
    );
    assert!(
        matches!(decide(&live, &guard(), Some(&live)), Decision::ByHand(why) if why.contains("known policy"))
    );
    let known = of_log_bucket(&[DENY_HTTP]);
    let change = changed(decide(&live, &guard(), Some(&known)));
    assert!(change.to.same(&known), "{:?}", change.to);
}

#[test]
fn what_cannot_be_parsed_is_never_written_over() {
    let live = PolicyState::read("{");
    assert!(matches!(
        decide(&live, &guard(), None),
        Decision::CannotTell(_)
    ));
}

#[test]
fn a_document_that_s3_would_refuse_is_for_a_person() {
    let long = OWN.replace("reader", &"r".repeat(20 * 1024));
    let wish = PolicyWish {
        deliveries: vec![delivery()],
        ..PolicyWish::default()
    };
    assert!(
        matches!(decide(&of(&[&long]), &wish, None), Decision::ByHand(why) if why.contains("20480 bytes"))
    );
}

#[test]
fn a_lost_deny_is_weaker_and_a_new_one_is_nobody_s_to_say() {
    let known = of_log_bucket(&[DENY_HTTP, OWN]);
    assert_eq!(
        BucketPolicy::compare(&of_log_bucket(&[OWN]), &known),
        Standing::Weaker
    );
    assert_eq!(
        BucketPolicy::compare(&of_log_bucket(&[DENY_HTTP, OWN, PERIMETER]), &known),
        Standing::Incomparable
    );
    assert_eq!(
        BucketPolicy::compare(&of_log_bucket(&[OWN, DENY_HTTP]), &known),
        Standing::Equal
    );
}

#[test]
fn wishes_are_stored_in_a_readable_form() {
    let text = serde_json::to_string(&guard()).unwrap();
    assert!(
        text.starts_with(
            r#"{"outsiders":true,"deliveries":[{"bucket":"acme-org-trail-logs","trail-arn":"#
        ),
        "{text}"
    );
    assert_eq!(serde_json::from_str::<PolicyWish>(&text).unwrap(), guard());
    assert_eq!(
        serde_json::from_str::<PolicyWish>("{}").unwrap(),
        PolicyWish::default()
    );
}

/// A principal whose account nobody can see.
const IDENTITY: &str = r#"{"Sid":"Old","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-org-trail-logs/*"}"#;

#[test]
fn who_cannot_be_told_is_told_to_people_and_never_taken_out() {
    let wish = PolicyWish {
        outsiders: true,
        ..PolicyWish::default()
    };
    let stage = stage();
    let decide = |live: &PolicyState, baseline: Option<&PolicyState>| {
        BucketPolicy::decide(live, &wish, baseline, stage.scene())
    };
    let live = of(&[OWN, IDENTITY]);
    assert!(matches!(decide(&live, None), Decision::CannotTell(_)));
    assert_eq!(
        decide(&live, Some(&live)),
        Decision::Safe,
        "known since the baseline"
    );

    let change = changed(decide(&of(&[IDENTITY, STRANGER]), None));
    assert!(
        change.to.same(&of(&[IDENTITY])),
        "only the sure outsider goes"
    );
}
