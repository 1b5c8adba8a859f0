use auditward_policy::Document;
use proptest::prelude::*;

use super::*;
use crate::facet::PolicyState;
use crate::facets::law::{Stage, changed, keeps_the_law};

const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/7c1f9e42-5b0d-4a83-9c6e-2f81d0b7a354";
const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail";

const ROOT: &str = r#"{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"}"#;
const ENCRYPT: &str = r#"{"Sid":"Encrypt","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:GenerateDataKey*","Resource":"*","Condition":{"StringEquals":{"aws:SourceArn":"arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail"}}}"#;
const DESCRIBE: &str = r#"{"Sid":"Describe","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:DescribeKey","Resource":"*"}"#;
const GUARD: &str = r#"{"Sid":"Auditward","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/auditward-trail-guard"},"Action":["kms:EnableKey","kms:PutKeyPolicy"],"Resource":"*"}"#;
const READER: &str = r#"{"Sid":"Readers","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/log-reader"},"Action":"kms:Decrypt","Resource":"*"}"#;
const QUIET: &str = r#"{"Sid":"Quiet","Effect":"Deny","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:GenerateDataKey*","Resource":"*"}"#;
const LOCK: &str = r#"{"Sid":"Lock","Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111111111111:role/auditward-trail-guard"},"Action":"kms:Put*","Resource":"*"}"#;
const ALL: [&str; 7] = [ROOT, ENCRYPT, DESCRIBE, GUARD, READER, QUIET, LOCK];

fn policy(statements: &[&str]) -> PolicyState {
    PolicyState::read(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    ))
}

fn wish() -> KeyPolicyWish {
    KeyPolicyWish {
        trails: vec![TRAIL.into()],
        owner: true,
    }
}

fn decide(live: &PolicyState, baseline: Option<&PolicyState>) -> Decision<PolicyState> {
    KeyPolicy::decide(live, &wish(), baseline, Stage::of(KEY).scene())
}

fn any_policy() -> impl Strategy<Value = PolicyState> {
    prop::sample::subsequence(ALL.to_vec(), 0..ALL.len()).prop_map(|statements| policy(&statements))
}

fn any_life() -> impl Strategy<Value = Life> {
    prop::sample::select(vec![
        Life::Enabled,
        Life::Disabled,
        Life::PendingDeletion,
        Life::Changing,
        Life::Absent,
        Life::Other("PendingImport".into()),
    ])
}

proptest! {
    #[test]
    fn key_states_keep_the_law(live in any_life(), baseline in prop::option::of(any_life())) {
        keeps_the_law::<KeyState>(&Stage::of(KEY), &live, &KeyWish::Enabled, baseline.as_ref())?;
    }

    #[test]
    fn key_policies_keep_the_law(
        live in any_policy(), baseline in prop::option::of(any_policy()), trail: bool, owner: bool,
    ) {
        let trails = if trail { vec![TRAIL.to_owned()] } else { Vec::new() };
        keeps_the_law::<KeyPolicy>(&Stage::of(KEY), &live, &KeyPolicyWish { trails, owner }, baseline.as_ref())?;
    }

    #[test]
    fn no_statement_of_a_key_is_ever_taken_out(live in any_policy(), baseline in prop::option::of(any_policy())) {
        if let Decision::Change(change) = decide(&live, baseline.as_ref()) {
            let after = change.to.document().unwrap();
            for statement in live.document().map(Document::statements).unwrap_or_default() {
                prop_assert!(after.contains_statement(statement), "{:?}", change);
            }
        }
    }
}

#[test]
fn a_key_that_waits_for_deletion_is_enabled_again() {
    for live in [Life::Disabled, Life::PendingDeletion] {
        let change = changed(KeyState::decide(
            &live,
            &KeyWish::Enabled,
            None,
            Stage::of(KEY).scene(),
        ));
        assert_eq!(change.to, Life::Enabled);
        assert!(change.evidence_on);
    }
    let gone = KeyState::decide(
        &Life::Absent,
        &KeyWish::Enabled,
        None,
        Stage::of(KEY).scene(),
    );
    assert!(matches!(gone, Decision::ByHand(_)));
}

#[test]
fn lost_delivery_statements_are_evidence_and_come_back() {
    let change = changed(decide(&policy(&[ROOT, READER]), None));
    assert!(change.evidence_on, "{change:?}");
    let document = change.to.document().unwrap();
    assert!(locked_out(document, KEY, &wish(), &Stage::of(KEY).settings).is_empty());
}

#[test]
fn the_owner_comes_back_in_the_words_that_are_recorded() {
    let whole = [ROOT, ENCRYPT, DESCRIBE];
    let live = policy(&[ENCRYPT, DESCRIBE]);
    let change = changed(decide(&live, Some(&policy(&whole))));
    assert!(change.to.same(&policy(&whole)));
    assert!(!change.evidence_on, "it lets somebody in");
    let change = changed(decide(&live, None));
    assert!(change.to.same(&policy(&whole)));
}

#[test]
fn auditwards_own_statement_comes_back_where_it_is_recorded() {
    let whole = policy(&[ROOT, ENCRYPT, DESCRIBE, GUARD]);
    let live = policy(&[ENCRYPT, DESCRIBE, ROOT]);
    match decide(&live, Some(&whole)) {
        // The owner's statement lets the role in by its own policies.
        Decision::Safe => {}
        Decision::Change(change) => assert!(change.to.same(&whole)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_deny_is_told_and_never_taken_out() {
    for deny in [QUIET, LOCK] {
        let live = policy(&[ROOT, ENCRYPT, DESCRIBE, deny]);
        let Decision::ByHand(why) = decide(&live, None) else {
            panic!("{deny}")
        };
        assert!(why.contains("Deny"), "{why}");
    }
}

#[test]
fn a_reworded_policy_is_no_lock_out() {
    let one = r#"{"Effect":"Allow","Principal":{"AWS":"111111111111"},"Action":["kms:*"],"Resource":["*"]}"#;
    assert_eq!(
        decide(&policy(&[DESCRIBE, ENCRYPT, one]), None),
        Decision::Safe
    );
}

#[test]
fn a_policy_that_cannot_be_parsed_is_not_overwritten() {
    assert!(matches!(
        decide(&PolicyState::read("{"), None),
        Decision::CannotTell(_)
    ));
}
