//! What looks like a variable means something by the policy's `Version` alone.

use super::*;

/// Denies everybody of other accounts; as mere text, everybody.
pub const ONLY_OWN: &str = r#"{"Sid":"OnlyOwn","Effect":"Deny","Principal":{"AWS":"*"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-org-trail-logs/*","Condition":{"StringNotEquals":{"aws:PrincipalAccount":"${aws:ResourceAccount}"}}}"#;
/// Another one.
pub const OWN_FOLDER: &str = r#"{"Sid":"OwnFolder","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-org-trail-logs/${aws:PrincipalAccount}/*"}"#;

/// The same policy by the old version.
pub fn lowered(state: &PolicyState) -> PolicyState {
    match state.text() {
        Some(text) => PolicyState::read(&text.replace("2012-10-17", "2008-10-17")),
        None => PolicyState::Absent,
    }
}

fn by_hand(decision: Decision<PolicyState>) -> String {
    match decision {
        Decision::ByHand(why) => why,
        other => panic!("expected work for a person, found {other:?}"),
    }
}

#[test]
fn a_lost_deny_comes_back_with_the_version_that_it_needs() {
    let known = of_log_bucket(&[OWN, ONLY_OWN]);
    let live = lowered(&of_log_bucket(&[OWN]));
    let change = changed(decide(&live, &guard(), Some(&known)));
    assert!(change.to.same(&known), "{:?}", change.to);
    let without = PolicyState::read(
        &live
            .text()
            .unwrap()
            .replace(r#""Version":"2008-10-17","#, ""),
    );
    let change = changed(decide(&without, &guard(), Some(&known)));
    assert!(change.to.same(&known), "{:?}", change.to);
}

#[test]
fn a_version_that_was_lowered_is_a_deny_that_was_lost() {
    let known = of_log_bucket(&[OWN, ONLY_OWN]);
    let live = lowered(&known);
    let change = changed(decide(&live, &guard(), Some(&known)));
    assert!(change.to.same(&known), "{:?}", change.to);
    assert!(change.why.contains("Version"), "{}", change.why);
    assert_ne!(BucketPolicy::compare(&live, &known), Standing::Equal);
    // A look that puts nothing back leaves it.
    let closed = PolicyWish {
        restore: false,
        ..guard()
    };
    assert_eq!(decide(&live, &closed, Some(&known)), Decision::Safe);
}

#[test]
fn text_is_made_no_variable_and_holds_up_nothing() {
    let known = of_log_bucket(&[DENY_HTTP, OWN, ONLY_OWN]);
    let live = lowered(&of_log_bucket(&[STRANGER, OWN_FOLDER]));
    let change = changed(decide(&live, &guard(), Some(&known)));
    let sure = lowered(&of_log_bucket(&[OWN_FOLDER, DENY_HTTP]));
    assert!(change.to.same(&sure), "{:?}", change.to);
    let why = by_hand(decide(&change.to, &guard(), Some(&known)));
    assert!(
        why.contains("`OnlyOwn`") && why.contains("Version"),
        "{why}"
    );
}

/// An outsider's grant that looks like a variable must not hold up that it goes.
#[test]
fn what_is_in_the_way_of_the_version_may_go() {
    let strange = OWN_FOLDER.replace("222222222222", "333333333333");
    let known = of_log_bucket(&[OWN, ONLY_OWN]);
    let live = lowered(&of_log_bucket(&[OWN, &strange]));
    let change = changed(decide(&live, &guard(), Some(&known)));
    assert!(change.to.same(&known), "{:?}", change.to);
}

/// Where outsiders were all there was, the known policy was replaced.
#[test]
fn the_known_policy_comes_back_where_nothing_else_is_left() {
    let known = of(&[OWN]);
    let wish = PolicyWish {
        deliveries: Vec::new(),
        ..guard()
    };
    let change = changed(decide(&of(&[STRANGER]), &wish, Some(&known)));
    assert!(change.to.same(&known), "{:?}", change.to);
}

#[test]
fn the_known_text_comes_back_as_text() {
    let known = lowered(&of_log_bucket(&[OWN, ONLY_OWN]));
    assert_eq!(decide(&known, &guard(), Some(&known)), Decision::Safe);
    let plain = lowered(&of_log_bucket(&[OWN]));
    let change = changed(decide(&plain, &guard(), Some(&known)));
    assert!(change.to.same(&known), "{:?}", change.to);
    let raised = of_log_bucket(&[OWN, ONLY_OWN]);
    by_hand(decide(&raised, &guard(), Some(&known)));
}
