use auditward_policy::Document;
use proptest::prelude::*;

use super::*;
use crate::facet::PolicyState;
use crate::facets::law::{Stage, changed, keeps_the_law, keeps_the_law_and_tells_the_rest};

mod denied;

const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/7c1f9e42-5b0d-4a83-9c6e-2f81d0b7a354";
const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail";

const ROOT: &str = r#"{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"}"#;
const ENCRYPT: &str = r#"{"Sid":"Encrypt","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:GenerateDataKey*","Resource":"*","Condition":{"StringEquals":{"aws:SourceArn":"arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail"}}}"#;
const DESCRIBE: &str = r#"{"Sid":"Describe","Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:DescribeKey","Resource":"*"}"#;
const GUARD: &str = r#"{"Sid":"Auditward","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/auditward-trail-guard"},"Action":["kms:EnableKey","kms:PutKeyPolicy"],"Resource":"*"}"#;
const READER: &str = r#"{"Sid":"Readers","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/log-reader"},"Action":"kms:Decrypt","Resource":"*"}"#;
const QUIET: &str = r#"{"Sid":"Quiet","Effect":"Deny","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"kms:GenerateDataKey*","Resource":"*"}"#;
const LOCK: &str = r#"{"Sid":"Lock","Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111111111111:role/auditward-trail-guard"},"Action":"kms:Put*","Resource":"*"}"#;
const SIEM: &str = r#"{"Sid":"Siem","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111111111111:root","arn:aws:iam::333333333333:root"]},"Action":"kms:Decrypt","Resource":"*"}"#;
const EVERYBODY: &str =
    r#"{"Sid":"Everybody","Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}"#;
const LOGS: &str = r#"{"Sid":"Logs","Effect":"Allow","Principal":{"Service":"logs.eu-west-1.amazonaws.com"},"Action":["kms:Encrypt*","kms:Decrypt*","kms:GenerateDataKey*"],"Resource":"*","Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:eu-west-1:111111111111:*"}}}"#;
const KEEP: &str = r#"{"Sid":"Keep","Effect":"Deny","Principal":{"AWS":"arn:aws:iam::111111111111:role/developer"},"Action":"kms:ScheduleKeyDeletion","Resource":"*"}"#;
const TRAP: &str = r#"{"Sid":"Trap","Effect":"Deny","Principal":"*","Action":"kms:CancelKeyDeletion","Resource":"*"}"#;
const ALL: [&str; 12] = [
    ROOT, ENCRYPT, DESCRIBE, GUARD, READER, QUIET, LOCK, SIEM, EVERYBODY, LOGS, KEEP, TRAP,
];

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
        outsiders: false,
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
        live in any_policy(), baseline in prop::option::of(any_policy()),
        trail: bool, owner: bool, outsiders: bool,
    ) {
        let trails = if trail { vec![TRAIL.to_owned()] } else { Vec::new() };
        let wish = KeyPolicyWish { trails, owner, outsiders };
        keeps_the_law_and_tells_the_rest::<KeyPolicy>(&Stage::of(KEY), &live, &wish, baseline.as_ref())?;
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

fn guard(live: &PolicyState, baseline: Option<&PolicyState>) -> Decision<PolicyState> {
    let wish = KeyPolicyWish {
        outsiders: true,
        ..wish()
    };
    KeyPolicy::decide(live, &wish, baseline, Stage::of(KEY).scene())
}

proptest! {
    #[test]
    fn a_change_locks_nobody_out_and_lets_no_outsider_in(
        live in any_policy(), baseline in prop::option::of(any_policy()),
    ) {
        if let Decision::Change(change) = guard(&live, baseline.as_ref()) {
            let stage = Stage::of(KEY);
            let after = change.to.document().unwrap();
            let out = locked_out(after, KEY, &wish(), None, &stage.settings);
            let known = baseline.as_ref().and_then(PolicyState::document);
            let unknown = locked_out(after, KEY, &wish(), known, &stage.settings);
            // What keeps Auditward from something else than the policy is told after it.
            prop_assert!(out.iter().all(|one| one.lock != Lock::Use), "{:?}", change);
            prop_assert!(unknown.iter().all(|one| one.lock == Lock::Guarding), "{:?}", change);
            let foreign = auditward_policy::analyze(after, auditward_policy::Kind::Key, stage.scene().zone).foreign;
            // For whom a service acts may be open; it is no outsider by itself.
            prop_assert_ne!(foreign, auditward_policy::Foreign::Yes, "{:?}", change);
        }
    }

    #[test]
    fn grants_and_rotation_keep_the_law(
        live in any_grants(), baseline in prop::option::of(any_grants()),
        back in prop::sample::subsequence(vec!["a".to_owned(), "b".into(), "c".into()], 0..3),
        turns in any_rotation(), known in prop::option::of(any_rotation()),
    ) {
        keeps_the_law::<KeyGrants>(&Stage::of(KEY), &live, &GrantsWish { back }, baseline.as_ref())?;
        keeps_the_law::<KeyRotation>(
            &Stage::of(KEY), &turns, &crate::facets::kept::AsRecorded::Baseline, known.as_ref(),
        )?;
    }
}

fn any_grants() -> impl Strategy<Value = std::collections::BTreeMap<String, Grant>> {
    prop::collection::btree_map("[a-c]", "[x-z]", 0..3).prop_map(|grants| {
        let grant = |name: String| Grant {
            grantee: format!("arn:aws:iam::111111111111:role/{name}"),
            ..Grant::default()
        };
        grants
            .into_iter()
            .map(|(id, name)| (id, grant(name)))
            .collect()
    })
}

fn any_rotation() -> impl Strategy<Value = Rotation> {
    prop::sample::select(vec![
        Rotation::Every(90),
        Rotation::Every(365),
        Rotation::Off,
        Rotation::Unsupported,
    ])
}

#[test]
fn exactly_the_outsider_is_taken_out_of_a_keys_policy() {
    let live = policy(&[ROOT, ENCRYPT, DESCRIBE, SIEM, READER]);
    let change = changed(guard(&live, None));
    let ours = SIEM.replace(r#","arn:aws:iam::333333333333:root""#, "");
    assert!(
        change
            .to
            .same(&policy(&[ROOT, ENCRYPT, DESCRIBE, &ours, READER])),
        "{change:?}"
    );
    assert!(!change.evidence_on);
    assert!(change.why.contains("333333333333"), "{}", change.why);
}

#[test]
fn an_owner_who_was_let_in_as_everybody_keeps_the_key() {
    let change = changed(guard(&policy(&[EVERYBODY, ENCRYPT, DESCRIBE]), None));
    assert!(
        change.to.same(&policy(&[ENCRYPT, DESCRIBE, ROOT])),
        "{change:?}"
    );
}

#[test]
fn what_a_service_and_a_deny_lost_comes_back_from_the_baseline() {
    let whole = policy(&[ROOT, ENCRYPT, DESCRIBE, LOGS, KEEP]);
    let change = changed(guard(&policy(&[ROOT, ENCRYPT, DESCRIBE]), Some(&whole)));
    assert!(change.to.same(&whole), "{change:?}");
    // Without it nobody knows.
    assert_eq!(
        guard(&policy(&[ROOT, ENCRYPT, DESCRIBE]), None),
        Decision::Safe
    );
    // A service that has other words for the same is not granted twice.
    let reworded = LOGS.replace("Logs", "LogGroups");
    let live = policy(&[ROOT, ENCRYPT, DESCRIBE, &reworded, KEEP]);
    assert_eq!(guard(&live, Some(&whole)), Decision::Safe);
}

#[test]
fn a_lost_deny_comes_back_with_the_version_that_its_variables_need() {
    let team =
        r#","Condition":{"StringNotEquals":{"aws:PrincipalTag/team":"${aws:ResourceTag/team}"}}}"#;
    let team = format!("{}{team}", KEEP.strip_suffix('}').unwrap());
    let known = policy(&[ROOT, ENCRYPT, DESCRIBE, &team]);
    let old = |state: PolicyState| {
        PolicyState::read(&state.text().unwrap().replace("2012-10-17", "2008-10-17"))
    };
    for live in [old(known.clone()), old(policy(&[ROOT, ENCRYPT, DESCRIBE]))] {
        let change = changed(guard(&live, Some(&known)));
        assert!(change.to.same(&known), "{:?}", change.to);
    }
    let other = team.replace("/team", "/other");
    let live = old(policy(&[ROOT, ENCRYPT, DESCRIBE, &other]));
    let Decision::ByHand(why) = guard(&live, Some(&known)) else {
        panic!("text is made no variable");
    };
    assert!(why.contains("Version"), "{why}");
}

#[test]
fn a_recorded_deny_that_would_lock_the_guard_out_does_not_come_back() {
    let whole = policy(&[ROOT, ENCRYPT, DESCRIBE, LOCK]);
    assert_eq!(
        guard(&policy(&[ROOT, ENCRYPT, DESCRIBE]), Some(&whole)),
        Decision::Safe
    );
}

#[test]
fn a_grant_is_given_again_as_it_was_and_only_once() {
    let grant = Grant {
        grantee: "arn:aws:iam::111111111111:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling".into(),
        operations: ["Decrypt".to_owned(), "CreateGrant".into()].into(),
        ..Grant::default()
    };
    let known = [("old".to_owned(), grant.clone())].into();
    let wish = GrantsWish {
        back: vec!["old".into()],
    };
    let decide = |live| KeyGrants::decide(&live, &wish, Some(&known), Stage::of(KEY).scene());
    let change = changed(decide(Default::default()));
    assert_eq!(change.to, known);
    // KMS gives it another ID.
    assert_eq!(decide([("new".to_owned(), grant)].into()), Decision::Safe);
    let unknown = KeyGrants::decide(&Default::default(), &wish, None, Stage::of(KEY).scene());
    assert!(matches!(unknown, Decision::ByHand(_)));
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
    assert!(locked_out(document, KEY, &wish(), None, &Stage::of(KEY).settings).is_empty());
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
