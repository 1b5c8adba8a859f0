//! Policies of deployers.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::acls::deployed;
use super::{event, inventory, judged_by, on, only, policy, settings};
use crate::facets::bucket::PolicyWish;
use crate::inventory::Inventory;
use crate::judge::{Verdict, judge};
use crate::plan::Plan;
use crate::record::Record;
use crate::rule::Severity;

const VAULT: &str = "arn:aws:s3:::acme-vault/*";

/// A policy that denies something anew, and lets somebody in of whom nobody can
/// tell whose he is.
fn with_doubts() -> [Value; 2] {
    let deny = json!({"Sid": "Keep", "Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::222222222222:role/b"},
        "Action": "s3:DeleteObject", "Resource": VAULT});
    let with = |grant: Value| policy(json!([deny, grant]));
    [
        with(
            json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": VAULT,
            "Principal": {"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1ABC"}}),
        ),
        with(
            json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": VAULT, "Principal": "*",
            "Condition": {"StringLike": {"aws:userid": "AROAQCGVN3O6B7EXAMPLE:*"}}}),
        ),
    ]
}

#[test]
fn a_deployer_s_policy_is_learnt_though_somebody_in_it_cannot_be_told() {
    for policy in with_doubts() {
        let put = event("PutBucketPolicy", on("acme-vault", policy.clone()));
        let judgement = judged_by(&put, &deployed());
        let [Plan::BucketPolicy(learnt)] = &*judgement.accepted else {
            panic!("{policy}: {judgement:?}");
        };
        assert!(learnt.wrote.as_ref().unwrap().document().is_some());
        // Whom the known policy let in before is no news; nothing else is put right.
        let finding = only(judgement);
        assert_eq!(
            (finding.verdict, finding.severity, finding.certain),
            (Verdict::Violation, Severity::Critical, false)
        );
        assert!(finding.summary.contains("may let"), "{}", finding.summary);
        let [Plan::BucketPolicy(look)] = &*finding.plan else {
            panic!("{finding:?}");
        };
        let wish = PolicyWish {
            outsiders: true,
            ..PolicyWish::default()
        };
        assert_eq!(look.wish, wish);
        assert!(look.wrote.is_some());

        // Of nobody else it is learnt, nor what failed, nor of other buckets.
        let by_somebody = judged_by(&put, &settings());
        assert_eq!(by_somebody.accepted, []);
        assert_eq!(only(by_somebody).plan.len(), 1);
        let mut failed = put;
        failed["errorCode"] = json!("AccessDenied");
        let failed = judged_by(&failed, &deployed());
        assert_eq!(failed.accepted, []);
        assert_eq!(only(failed).verdict, Verdict::Attempt);
        let elsewhere = event("PutBucketPolicy", on("acme-reports", policy));
        assert_eq!(judged_by(&elsewhere, &deployed()).accepted, []);
    }
}

/// No look tells of a service that may act for outsiders, so that the event must.
#[test]
fn a_deployer_s_service_that_may_act_for_outsiders_is_told_by_the_event() {
    let unlisted = Inventory {
        accounts: Vec::new(),
        ..inventory()
    };
    let grant = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": VAULT,
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": "555555555555"}}});
    let put = event("PutBucketPolicy", on("acme-vault", policy(json!([grant]))));
    let text = put.to_string();
    let now = DateTime::<Utc>::from_timestamp(1_790_000_000, 0).unwrap();
    let record = Record::read(&text).unwrap();
    let judgement = judge(&record, &deployed(), &unlisted, now);
    assert_eq!(judgement.accepted.len(), 1);
    let finding = only(judgement);
    assert!(finding.certain && finding.plan.is_empty(), "{finding:?}");
}

#[test]
fn what_surely_lets_strangers_in_is_not_learnt_of_deployers() {
    let known = json!({"Effect": "Allow", "Action": "s3:PutObject", "Resource": VAULT,
        "Principal": {"Service": "config.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": "555555555555"}}});
    let put = event("PutBucketPolicy", on("acme-vault", policy(json!([known]))));
    let judgement = judged_by(&put, &deployed());
    assert_eq!(judgement.accepted, []);
    assert_eq!(only(judgement).plan.len(), 1);
}
