//! Access control lists.

use serde_json::{Value, json};

use super::{LOGS, STRANGER, event, judged, judged_by, on, only, settings};
use crate::facets::bucket::{Acl, Grant, Grantee, LOG_DELIVERY};
use crate::judge::{Judgement, Verdict};
use crate::plan::Plan;
use crate::settings::Settings;

const OWNER: &str = "0e9d5b7c31f8426ad7c905e2b14f86a3d07e5c92b8416fd3a0c7e9514b28f6d3";
const CLOUDFRONT: &str = "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0";

/// Settings in which the role of every event here is a deployer.
pub(super) fn deployed() -> Settings {
    let mut settings = settings();
    settings.deployers = vec![crate::settings::Known {
        principal: "arn:aws:iam::222222222222:role/dev".into(),
        unique_id: None,
        reason: "pipeline".into(),
    }];
    settings
}

fn by_deployer(bucket: &str, request: Value) -> Judgement {
    judged_by(&event("PutBucketAcl", on(bucket, request)), &deployed())
}

fn private() -> Value {
    json!({"x-amz-acl": "private"})
}

fn learnt(judgement: &Judgement) -> &Acl {
    match &*judgement.accepted {
        [Plan::BucketAcl(step)] => step.wrote.as_ref().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn acls_are_read_in_all_their_forms() {
    for (request, verdict) in [
        (
            json!({"x-amz-acl": ["authenticated-read"]}),
            Verdict::Violation,
        ),
        (
            json!({"x-amz-acl": "log-delivery-write"}),
            Verdict::Violation,
        ),
        (
            json!({"x-amz-grant-write": [format!("id=\"{STRANGER}\"")]}),
            Verdict::Violation,
        ),
        (
            json!({"x-amz-grant-full-control": "emailAddress=\"x@example.com\""}),
            Verdict::Violation,
        ),
        (json!({"x-amz-grant-read": "someone"}), Verdict::CannotTell),
        (
            json!({"AccessControlPolicy": {"Owner": {"ID": "me"}, "AccessControlList": {"Grant":
            {"Grantee": {"ID": "me"}, "Permission": "FULL_CONTROL"}}}}),
            Verdict::Clean,
        ),
        (
            json!({"AccessControlPolicy": {"Owner": {"ID": "me"}, "AccessControlList": ""}}),
            Verdict::Clean,
        ),
        (
            json!({"AccessControlPolicy": {"AccessControlList": {"Grant": []}}}),
            Verdict::CannotTell,
        ),
    ] {
        assert_eq!(
            judged("PutBucketAcl", on("acme-reports", request.clone())).verdict(),
            verdict,
            "{request}"
        );
    }
    let finding = only(judged(
        "PutBucketAcl",
        on(LOGS, json!({"x-amz-acl": "log-delivery-write"})),
    ));
    assert!(!finding.certain);
}

#[test]
fn a_registered_canonical_id_is_one_of_ours() {
    let mut settings = settings();
    settings.ours.canonical_ids = vec![STRANGER.into()];
    let request = on(
        "acme-reports",
        json!({"x-amz-grant-read": format!("id={STRANGER}")}),
    );
    assert_eq!(
        judged_by(&event("PutBucketAcl", request), &settings).verdict(),
        Verdict::Clean
    );
}

#[test]
fn only_the_known_acl_tells_whether_a_guarded_bucket_lost_log_delivery() {
    let finding = only(judged("PutBucketAcl", on(LOGS, private())));
    assert_eq!(
        (finding.verdict, finding.plan.len()),
        (Verdict::CannotTell, 1)
    );
    let cloudfront = json!({"x-amz-grant-full-control": format!("id={CLOUDFRONT}")});
    let judgement = judged("PutBucketAcl", on(LOGS, cloudfront));
    assert_eq!(judgement.verdict(), Verdict::CannotTell);
    let elsewhere = judged("PutBucketAcl", on("acme-reports", private()));
    assert_eq!(elsewhere.verdict(), Verdict::Clean);
    // What failed took nothing away.
    let mut failed = event("PutBucketAcl", on(LOGS, private()));
    failed["errorCode"] = json!("AccessControlListNotSupported");
    assert_eq!(judged_by(&failed, &settings()).verdict(), Verdict::Clean);
}

/// What a deployer took out or put in must not be undone by the next look.
#[test]
fn a_deployer_s_harmless_acl_is_learnt_as_it_was_written() {
    let judgement = by_deployer(LOGS, private());
    assert_eq!(judgement.verdict(), Verdict::Clean);
    assert_eq!(learnt(&judgement), &Acl::default());
    let judgement = by_deployer(LOGS, json!({"x-amz-acl": "log-delivery-write"}));
    assert_eq!(judgement.verdict(), Verdict::Clean);
    let delivery = Grantee::Group(LOG_DELIVERY.into());
    assert!(
        learnt(&judgement)
            .grants
            .contains(&Grant::new(delivery, "WRITE"))
    );
    let elsewhere = by_deployer("acme-reports", json!({"x-amz-acl": "log-delivery-write"}));
    assert_eq!(elsewhere.accepted, []);
    let mut failed = event("PutBucketAcl", on(LOGS, private()));
    failed["errorCode"] = json!("AccessDenied");
    assert_eq!(judged_by(&failed, &deployed()).accepted, []);
}

#[test]
fn strangers_are_accepted_from_nobody_nor_under_the_owner_s_name() {
    for request in [
        json!({"x-amz-acl": "public-read"}),
        json!({"x-amz-grant-read": format!("id={STRANGER}")}),
    ] {
        let judgement = by_deployer(LOGS, request);
        assert_eq!(judgement.verdict(), Verdict::Violation);
        assert_eq!(judgement.accepted, []);
    }
    let grant = json!({"Grantee": {"ID": STRANGER}, "Permission": "FULL_CONTROL"});
    let acl = json!({"Owner": {"ID": STRANGER}, "AccessControlList": {"Grant": grant}});
    let judgement = by_deployer(LOGS, json!({"AccessControlPolicy": acl}));
    assert_eq!(learnt(&judgement), &Acl::default());
}

#[test]
fn one_id_that_gets_everything_in_headers_may_be_the_owner() {
    let id = |id: &str| format!("id=\"{id}\"");
    let delivery = format!("uri=\"{LOG_DELIVERY}\"");
    for (request, certain) in [
        (
            json!({"x-amz-grant-full-control": id(OWNER), "x-amz-grant-write": delivery}),
            false,
        ),
        (
            json!({"x-amz-grant-read": id(OWNER), "x-amz-grant-write": id(OWNER)}),
            true,
        ),
        (
            json!({"x-amz-grant-full-control": id(OWNER), "x-amz-grant-read": id(STRANGER)}),
            true,
        ),
        (
            json!({"x-amz-grant-full-control": id(OWNER),
                "x-amz-grant-read": "uri=http://acs.amazonaws.com/groups/global/AllUsers"}),
            true,
        ),
        (
            json!({"x-amz-grant-full-control": format!("{}, emailAddress=x@example.com", id(OWNER))}),
            true,
        ),
    ] {
        for bucket in [LOGS, "acme-reports"] {
            let finding = only(judged("PutBucketAcl", on(bucket, request.clone())));
            assert_eq!(
                (finding.verdict, finding.certain),
                (Verdict::Violation, certain),
                "{request}"
            );
        }
    }
    // A body says who the owner is.
    let grant = json!({"Grantee": {"ID": STRANGER}, "Permission": "READ"});
    let acl = json!({"Owner": {"ID": OWNER}, "AccessControlList": {"Grant": grant}});
    let named = on(LOGS, json!({"AccessControlPolicy": acl}));
    assert!(only(judged("PutBucketAcl", named)).certain);
}

/// In headers the owner is an ID like any other: whose it is the live ACL tells, and
/// what the list takes out besides must not come back.
#[test]
fn a_deployer_s_acl_with_one_id_is_learnt_but_for_that_id() {
    let own = json!({"x-amz-grant-full-control": format!("id={OWNER}"),
        "x-amz-grant-write": format!("uri=\"{LOG_DELIVERY}\"")});
    let judgement = by_deployer(LOGS, own.clone());
    let delivery = Grant::new(Grantee::Group(LOG_DELIVERY.into()), "WRITE");
    assert_eq!(learnt(&judgement).grants, [delivery]);
    let finding = only(judgement);
    assert!(!finding.certain);
    let [Plan::BucketAcl(step)] = &*finding.plan else {
        panic!("{finding:?}");
    };
    assert!(step.wish.as_left && step.wish.protected && step.wrote.is_some());
    let elsewhere = by_deployer("acme-reports", own.clone());
    assert_eq!(elsewhere.accepted, []);
    let mut failed = event("PutBucketAcl", on(LOGS, own));
    failed["errorCode"] = json!("AccessDenied");
    assert_eq!(judged_by(&failed, &deployed()).accepted, []);
}
