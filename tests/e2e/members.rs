//! Other accounts and regions, through the role assumed there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::moto::MEMBER;
use auditward_tests::scene::REGION;
use auditward_tests::stage::{ENFORCE, Stage};
use serde_json::Value;

/// The samples of the member account, and the regions to play them in.
const SAMPLES: [(&str, &str, &str); 4] = [
    (
        "trail-guard",
        "trail.logging-stopped.violation.member-trail",
        "eu-west-1",
    ),
    (
        "trail-guard",
        "trail.logging-stopped.violation.member-trail",
        "ap-southeast-2",
    ),
    (
        "bucket-guard",
        "bucket.policy-opened.violation.foreign-account",
        "eu-central-1",
    ),
    (
        "role-guard",
        "role.trust-opened.violation.own-and-foreign",
        "us-east-1",
    ),
];

#[tokio::test]
async fn hands_act_where_it_happened_and_everything_else_is_central() {
    for (function, sample, region) in SAMPLES {
        let stage = Stage::set(ENFORCE).await;
        let text = stage.event(&format!("{function}/{sample}")).to_string();
        let event: Value = serde_json::from_str(&text.replace("eu-west-1", region)).unwrap();
        stage.scene.prepare(&stage.moto, &event).await;
        stage.act(&event).await;
        let bad = stage.look(&event).await;
        let mut guard = stage.guard(function).await;
        let answer = guard.play(&event).await;
        assert_eq!(answer["cases"][0]["outcome"], "fixed", "{sample}: {answer}");
        assert_ne!(stage.look(&event).await, bad);

        let calls = guard.proxy.calls();
        let assumed = calls
            .iter()
            .find(|call| call.name() == "sts:AssumeRole")
            .expect("a role");
        let role = format!("{}%3Arole%2Fauditward-member", MEMBER.id);
        assert!(assumed.text().contains(&role), "{}", assumed.text());
        let central = &assumed.access_key;
        for call in &calls {
            let name = call.name();
            if matches!(call.service.as_str(), "dynamodb" | "sns" | "sqs" | "sts") {
                assert_eq!(
                    (&call.access_key, call.region.as_str()),
                    (central, REGION),
                    "{name}"
                );
            } else {
                assert_ne!(&call.access_key, central, "{name}");
                assert_eq!(call.region, region, "{name}");
            }
        }
        let alert = stage.alert().await;
        assert_eq!(
            (alert.attribute("account"), alert.attribute("region")),
            (MEMBER.id, region)
        );
        assert_eq!(stage.documents("case/").await.len(), 1);
        assert!(
            guard.function.stdout().contains("\"Fixes\""),
            "metrics are central"
        );
        guard.done();
    }
}

#[tokio::test]
async fn a_member_that_lets_nobody_in_is_told_about() {
    use auditward_tests::proxy::{Fault, Match};
    let stage = Stage::set(ENFORCE).await;
    let event = stage.event("trail-guard/trail.logging-stopped.violation.member-trail");
    stage.scene.prepare(&stage.moto, &event).await;
    stage.act(&event).await;
    let mut guard = stage.guard("trail-guard").await;
    guard
        .proxy
        .fail(Match::action("sts", "AssumeRole"), Fault::AccessDenied);
    let answer = guard.play(&event).await;
    assert_eq!(answer["cases"][0]["outcome"], "failed", "{answer}");
    let alert = stage.alert().await;
    assert_eq!(alert.attribute("outcome"), "failed");
    assert!(
        alert.finding["unmapped"]["because"]
            .to_string()
            .contains("sts:AssumeRole")
    );
    guard.done();
}
