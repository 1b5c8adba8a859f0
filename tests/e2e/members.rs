//! Member accounts that do not answer. What goes right there, each suite's `elsewhere` tells.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::stage::{ENFORCE, Stage};

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
