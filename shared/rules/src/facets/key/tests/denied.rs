//! Statements that deny Auditward what it does to a key.

use auditward_policy::Statement;
use serde_json::{Value, json};

use super::*;
use crate::settings::Home;

const OWN: &str = "arn:aws:iam::111111111111:role/auditward-trail-guard-eu-west-1";

fn deny(principal: &Value, action: &str, condition: &Value) -> String {
    let mut deny =
        json!({"Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition});
    let (name, value) = principal.as_object().unwrap().iter().next().unwrap();
    deny[name] = value.clone();
    deny.to_string()
}

fn all(action: &str, condition: &Value) -> String {
    deny(&json!({"Principal": "*"}), action, condition)
}

/// The decision about a key that this statement was added to.
fn with(statement: &str, baseline: Option<&PolicyState>) -> Decision<PolicyState> {
    Statement::parse(statement).unwrap();
    decide(&policy(&[ROOT, ENCRYPT, DESCRIBE, statement]), baseline)
}

fn role(name: &str) -> Value {
    json!({"ArnEquals": {"aws:PrincipalArn": format!("arn:aws:iam::111111111111:role/{name}")}})
}

fn spared(pattern: &str) -> Value {
    json!({"ArnNotLike": {"aws:PrincipalArn": [
        "arn:aws:iam::111111111111:root", format!("arn:aws:iam::111111111111:{pattern}"),
    ]}})
}

#[test]
fn whoever_disarms_the_guard_is_told_of_however_the_statement_names_it() {
    let none = json!({});
    let session = "arn:aws:sts::111111111111:assumed-role/auditward-trail-guard-eu-west-1/guard";
    let but_eve = json!({"NotPrincipal": {"AWS": ["arn:aws:iam::111111111111:root", "arn:aws:iam::111111111111:user/eve"]}});
    for statement in [
        all("kms:CancelKeyDeletion", &none),
        all("kms:*KeyPolicy", &spared("user/*")),
        all("kms:EnableKey", &spared("role/auditward-made-up")),
        all("kms:describekey", &role("auditward-trail-guard-eu-west-1")),
        deny(
            &json!({"Principal": {"AWS": "arn:aws:iam::111111111111:root"}}),
            "kms:CancelKeyDeletion",
            &none,
        ),
        deny(&but_eve, "kms:EnableKey", &none),
        deny(
            &json!({"Principal": {"AWS": session}}),
            "kms:EnableKey",
            &none,
        ),
        all("kms:RevokeGrant", &none),
        all("kms:List*", &none),
        all("kms:CreateGrant", &none),
        all("kms:GetKeyRotationStatus", &none),
        all("kms:EnableKeyRotation", &none),
        // Whoever names the role means it, whenever that is.
        deny(
            &json!({"Principal": {"AWS": OWN}}),
            "kms:*",
            &json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        ),
    ] {
        let known = policy(&[ROOT, ENCRYPT, DESCRIBE]);
        for baseline in [None, Some(&known)] {
            let decision = with(&statement, baseline);
            assert!(
                matches!(&decision, Decision::ByHand(why) if why.contains("denied")),
                "{statement}: {decision:?}"
            );
        }
    }
}

#[test]
fn a_deny_that_spares_the_guard_is_no_lock_out() {
    let none = json!({});
    for statement in [
        all("kms:ScheduleKeyDeletion", &none),
        all("kms:CancelKeyDeletion", &role("developer")),
        all("kms:CancelKeyDeletion", &spared("role/auditward-*")),
        all(
            "kms:CancelKeyDeletion",
            &spared("role/auditward-trail-guard-eu-west-1"),
        ),
        all(
            "kms:EnableKey",
            &json!({"StringNotEquals": {"aws:PrincipalAccount": "111111111111"}}),
        ),
        deny(
            &json!({"Principal": {"AWS": "arn:aws:sts::111111111111:assumed-role/developer/auditward"}}),
            "kms:*",
            &none,
        ),
    ] {
        assert_eq!(with(&statement, None), Decision::Safe, "{statement}");
    }
}

#[test]
fn what_the_conditions_do_not_tell_is_told_until_it_is_known_and_delays_nothing() {
    for statement in [
        all(
            "kms:CancelKeyDeletion",
            &json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-exampleorg1"}}),
        ),
        all(
            "kms:CancelKeyDeletion",
            &json!({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
        ),
        all(
            "kms:GetKeyPolicy",
            &json!({"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}),
        ),
        // The stack may be in another region.
        all(
            "kms:CancelKeyDeletion",
            &spared("role/auditward-trail-guard-us-east-1"),
        ),
    ] {
        let decision = with(&statement, None);
        assert!(
            matches!(decision, Decision::CannotTell(_)),
            "{statement}: {decision:?}"
        );
        let known = policy(&[ROOT, ENCRYPT, DESCRIBE, &statement]);
        assert_eq!(with(&statement, Some(&known)), Decision::Safe);
        // What was lost comes back meanwhile.
        let change = changed(decide(&policy(&[ROOT, &statement]), None));
        assert!(change.evidence_on, "{change:?}");
        // A recorded one that was lost comes back.
        let change = changed(guard(&policy(&[ROOT, ENCRYPT, DESCRIBE]), Some(&known)));
        assert!(change.to.same(&known), "{change:?}");
    }
}

#[test]
fn cloudtrails_statements_come_back_beside_a_deny_that_a_person_must_take_out() {
    let change = changed(decide(&policy(&[ROOT, TRAP]), None));
    assert!(change.evidence_on, "{change:?}");
    assert!(matches!(decide(&change.to, None), Decision::ByHand(_)));
    // Where the policy itself is denied, they are tried for by themselves.
    let live = policy(&[ROOT, LOCK]);
    assert!(matches!(decide(&live, None), Decision::ByHand(_)));
    let part = KeyPolicy::evidence(&wish()).unwrap();
    let decision = KeyPolicy::decide(&live, &part, None, Stage::of(KEY).scene());
    assert!(changed(decision).evidence_on);
    assert_eq!(KeyPolicy::evidence(&part), None);
}

#[test]
fn in_a_member_account_the_role_there_must_get_through() {
    let mut stage = Stage::of(KEY);
    stage.settings.home = Some(Home {
        account: "222222222222".into(),
        member_role: "security/hands".into(),
    });
    let decide = |spared: &Value| {
        let deny = all("kms:CancelKeyDeletion", spared);
        let live = policy(&[ROOT, ENCRYPT, DESCRIBE, &deny]);
        KeyPolicy::decide(&live, &wish(), None, stage.scene())
    };
    assert_eq!(decide(&spared("role/security/hands")), Decision::Safe);
    assert!(matches!(decide(&json!({})), Decision::ByHand(_)));
}

#[test]
fn a_deny_that_is_known_is_meant() {
    for statement in [
        TRAP.to_owned(),
        all("kms:PutKeyPolicy", &spared("role/KeyAdmin")),
        all("kms:EnableKey", &spared("role/KeyAdmin")),
        LOCK.to_owned(),
    ] {
        assert!(matches!(with(&statement, None), Decision::ByHand(_)));
        // That is how it gets its first record, too.
        let known = policy(&[ROOT, ENCRYPT, DESCRIBE, &statement]);
        assert_eq!(
            with(&statement, Some(&known)),
            Decision::Safe,
            "{statement}"
        );
        // Another one beside it is none that is known.
        let live = policy(&[
            ROOT,
            ENCRYPT,
            DESCRIBE,
            &statement,
            &all("kms:Enable*", &json!({})),
        ]);
        assert!(matches!(decide(&live, Some(&known)), Decision::ByHand(_)));
    }
}

#[test]
fn a_deny_keeps_no_outsider_in() {
    let live = policy(&[ROOT, ENCRYPT, DESCRIBE, SIEM, TRAP]);
    let known = policy(&[ROOT, ENCRYPT, DESCRIBE]);
    for baseline in [None, Some(&known)] {
        let change = changed(guard(&live, baseline));
        let ours = SIEM.replace(r#","arn:aws:iam::333333333333:root""#, "");
        let left = policy(&[ROOT, ENCRYPT, DESCRIBE, &ours, TRAP]);
        assert!(change.to.same(&left), "{change:?}");
        assert!(!change.why.contains("denied"), "{}", change.why);
        let Decision::ByHand(why) = guard(&change.to, baseline) else {
            panic!("the Deny is not told");
        };
        assert!(why.contains("kms:CancelKeyDeletion"), "{why}");
    }
    // Where the policy itself cannot be written nothing is tried.
    let live = policy(&[ROOT, ENCRYPT, DESCRIBE, SIEM, LOCK]);
    assert!(matches!(guard(&live, None), Decision::ByHand(_)));
}

#[test]
fn a_perimeter_around_the_organization_spares_the_guard_in_it() {
    let perimeter = |test: &str| {
        let org = json!({test: {"aws:PrincipalOrgID": "o-exampleorg1"}});
        policy(&[ROOT, ENCRYPT, DESCRIBE, &all("kms:*", &org)])
    };
    let mut stage = Stage::of(KEY);
    stage.settings.ours.organization = Some("o-exampleorg1".into());
    let wish = KeyPolicyWish {
        trails: Vec::new(),
        ..wish()
    };
    let decide = |stage: &Stage, live| KeyPolicy::decide(&live, &wish, None, stage.scene());
    for test in ["StringNotEquals", "StringNotEqualsIfExists"] {
        assert_eq!(decide(&stage, perimeter(test)), Decision::Safe, "{test}");
    }
    let turned = decide(&stage, perimeter("StringEquals"));
    assert!(matches!(turned, Decision::ByHand(_)), "{turned:?}");
    // An account that is named by number may be outside of it.
    stage.settings.ours.accounts.push("111111111111".into());
    let outside = decide(&stage, perimeter("StringNotEquals"));
    assert!(matches!(outside, Decision::CannotTell(_)), "{outside:?}");
}

#[test]
fn doubt_about_a_policy_is_told_though_no_statement_is_blamed_for_it() {
    let live = policy(&[ROOT, ENCRYPT, DESCRIBE, READER]);
    let text =
        live.text()
            .unwrap()
            .replacen(r#""Version""#, r#""Version":"2008-10-17","Version""#, 1);
    let doubted = PolicyState::read(&text);
    let analysis = auditward_policy::analyze(
        doubted.document().unwrap(),
        auditward_policy::Kind::Key,
        Stage::of(KEY).scene().zone,
    );
    assert!(analysis.admissions.is_empty(), "{analysis:?}");
    assert!(
        matches!(guard(&doubted, None), Decision::CannotTell(_)),
        "{analysis:?}"
    );
}
