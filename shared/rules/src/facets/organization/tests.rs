use auditward_policy::Document;
use proptest::prelude::*;

use super::needs::InTheWay;
use super::*;
use crate::facet::{Decision, Facet, PolicyState};
use crate::facets::kept::AsRecorded;
use crate::facets::law::{Stage, changed, keeps_the_law};

const GUARD: &str = "arn:aws:iam::222222222222:role/auditward-member";
const UNIT: &str = "arn:aws:organizations::111111111111:ou/o-exampleorg1/ou-ex4m-7h2kq9wd";

fn document(statements: &str) -> Document {
    Document::parse(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#
    ))
    .unwrap()
}

const ALLOW: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
const KEEP: &str = r#"{"Sid":"KeepTrails","Effect":"Deny","Action":["cloudtrail:StopLogging","cloudtrail:DeleteTrail"],"Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/auditward-*"}}}"#;
const STAY: &str = r#"{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}"#;
const BLIND: &str =
    r#"{"Effect":"Deny","Action":["cloudtrail:StartLogging","kms:EnableKey"],"Resource":"*"}"#;
const QUARANTINE: &str = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#;
const REGIONS: &str = r#"{"Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}}"#;
const SPARED: &str = r#"{"Effect":"Deny","Action":"cloudtrail:StartLogging","Resource":"*","Condition":{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/auditward-*"}}}"#;

#[test]
fn a_policy_is_in_the_way_where_it_denies_what_switches_evidence_on() {
    let found = |statements: &str| in_the_way(&document(statements), false, GUARD, &[]);
    for harmless in [ALLOW, KEEP, STAY, REGIONS, SPARED] {
        assert_eq!(found(harmless), None, "{harmless}");
    }
    let aimed = |found| matches!(found, Some(InTheWay::Aimed(_)));
    assert!(aimed(found(BLIND)));
    assert!(
        aimed(found(&format!("{KEEP},{QUARANTINE},{BLIND}"))),
        "the gravest"
    );
    assert!(
        matches!(found(QUARANTINE), Some(InTheWay::Wide(_))),
        "an emergency Deny is for a person"
    );
    let all = r#"{"Effect":"Deny","Action":"cloudtrail:*","Resource":"*"}"#;
    assert!(
        matches!(found(all), Some(InTheWay::Wide(_))),
        "it protects as well"
    );
}

#[test]
fn a_resource_policy_is_in_the_way_where_no_log_gets_through() {
    let delivery = crate::inventory::TrailUse {
        trail: "arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail".into(),
        bucket: "acme-org-trail-logs".into(),
        ..Default::default()
    }
    .delivery();
    let found = |statement: &str| {
        in_the_way(
            &document(statement),
            true,
            GUARD,
            std::slice::from_ref(&delivery),
        )
    };
    let perimeter = r#"{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-exampleorg1"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}"#;
    assert_eq!(found(perimeter), None);
    let closed = r#"{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"*"}"#;
    assert!(matches!(found(closed), Some(InTheWay::Aimed(_))));
}

#[test]
fn what_guards_the_evidence_is_found_by_what_it_denies() {
    for (statements, guards) in [
        (ALLOW, false),
        (KEEP, true),
        (BLIND, false),
        (
            r#"{"Effect":"Deny","Action":"ec2:RunInstances","Resource":"*"}"#,
            false,
        ),
        (
            r#"{"Effect":"Deny","Action":"cloudtrail:*","Resource":"*"}"#,
            true,
        ),
    ] {
        assert_eq!(
            guards_evidence(&document(statements)),
            guards,
            "{statements}"
        );
    }
}

fn attached(statements: &str, attached: bool) -> Option<Attached> {
    Some(Attached {
        attached,
        sort: GUARDRAIL_TYPES[0].into(),
        policy: PolicyState::Document(document(statements)),
    })
}

#[test]
fn only_what_is_aimed_and_new_is_detached_and_only_once_confirmed() {
    let stage = Stage::of(UNIT);
    let wish = AttachmentWish::OutOfTheWay {
        trails: Vec::new(),
        at: None,
    };
    let decide = |live: &Option<Attached>, known: Option<&Option<Attached>>| {
        OrganizationAttachment::decide(live, &wish, known, stage.scene())
    };
    let change = changed(decide(&attached(BLIND, true), None));
    assert!(change.confirm && !change.evidence_on);
    assert_eq!(change.to, attached(BLIND, false));
    let known = attached(BLIND, true);
    assert!(matches!(decide(&known, Some(&known)), Decision::ByHand(_)));
    for statements in [QUARANTINE, REGIONS, KEEP] {
        let decision = decide(&attached(statements, true), None);
        let by_hand = matches!(decision, Decision::ByHand(_));
        assert_eq!(by_hand, statements == QUARANTINE, "{decision:?}");
        assert!(by_hand || decision == Decision::Safe);
    }
}

#[test]
fn a_guardrail_keeps_what_it_denies_and_may_deny_more() {
    let stage = Stage::of(
        "arn:aws:organizations::111111111111:policy/o-exampleorg1/service_control_policy/p-9f2kd81x",
    );
    let state = |statements: &str| PolicyState::Document(document(statements));
    let known = state(&format!("{KEEP},{STAY}"));
    let decide = |live: &PolicyState| {
        GuardrailContent::decide(live, &AsRecorded::Baseline, Some(&known), stage.scene())
    };
    assert_eq!(
        decide(&state(&format!("{KEEP},{STAY},{REGIONS}"))),
        Decision::Safe
    );
    let lost = changed(decide(&state(&format!("{STAY},{REGIONS}"))));
    assert!(
        lost.to.same(&state(&format!("{STAY},{REGIONS},{KEEP}"))),
        "later edits stay"
    );
    let opened = changed(decide(&state(ALLOW)));
    assert!(opened.to.same(&known), "{opened:?}");
    assert!(matches!(
        GuardrailContent::decide(&known, &AsRecorded::Baseline, None, stage.scene()),
        Decision::ByHand(_)
    ));
}

#[test]
fn an_account_goes_back_to_where_more_was_denied() {
    let at = |statements: &str| vec![("guard".to_owned(), document(statements))];
    let full = [("FullAWSAccess".to_owned(), document(ALLOW))];
    assert_eq!(lost(&at(KEEP), &at(KEEP)), Some(vec![]));
    assert_eq!(lost(&at(KEEP), &full), Some(vec!["guard".to_owned()]));
    assert_eq!(
        lost(&at(&format!("{KEEP},{STAY}")), &at(QUARANTINE)),
        Some(vec![]),
        "a quarantine guards more"
    );
    let copied = [("copy".to_owned(), document(&format!("{ALLOW},{KEEP}")))];
    assert_eq!(lost(&at(KEEP), &copied), Some(vec![]), "under another name");
    let only = r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#;
    assert_eq!(lost(&at(only), &full), None);

    let mut stage =
        Stage::of("arn:aws:organizations::111111111111:account/o-exampleorg1/222222222222");
    stage.at.item = Some("ou-ex4m-7h2kq9wd".into());
    let place = |parent: &str, lost: Option<&[&str]>| {
        Some(Place {
            parent: parent.into(),
            lost: lost.map(|lost| lost.iter().map(|one| (*one).to_owned()).collect()),
        })
    };
    let decide = |live| AccountPlace::decide(&live, &Home::AsGuarded, None, stage.scene());
    assert_eq!(decide(place("ou-ex4m-b51xz0rt", Some(&[]))), Decision::Safe);
    let back = changed(decide(place("ou-ex4m-b51xz0rt", Some(&["guard"]))));
    assert_eq!(back.to, place("ou-ex4m-7h2kq9wd", Some(&[])));
    assert!(matches!(
        decide(place("r-ex4m", None)),
        Decision::CannotTell(_)
    ));
    assert!(matches!(decide(None), Decision::ByHand(_)));
}

fn states() -> impl Strategy<Value = AttachedTo> {
    let ids = proptest::sample::subsequence(vec!["r-1", "ou-1", "ou-2"], 0..3);
    let attached = proptest::collection::btree_map("p-[ab]", ids, 0..3);
    (any::<bool>(), attached).prop_map(|(enabled, attached)| AttachedTo {
        enabled,
        attached: attached
            .into_iter()
            .map(|(id, targets)| (id, targets.into_iter().map(str::to_owned).collect()))
            .collect(),
    })
}

fn documents() -> impl Strategy<Value = PolicyState> {
    let all = vec![ALLOW, KEEP, STAY, BLIND, QUARANTINE, REGIONS];
    proptest::sample::subsequence(all, 1..4)
        .prop_map(|chosen| PolicyState::Document(document(&chosen.join(","))))
}

proptest! {
    #[test]
    fn policy_types_keep_the_law(live in states(), known in proptest::option::of(states())) {
        let stage = Stage::of("arn:aws:organizations::111111111111:root/o-exampleorg1/r-ex4m");
        keeps_the_law::<PolicyType>(&stage, &live, &AsRecorded::Baseline, known.as_ref())?;
    }

    #[test]
    fn guardrails_keep_the_law(live in documents(), known in proptest::option::of(documents())) {
        let stage = Stage::of(UNIT);
        keeps_the_law::<GuardrailContent>(&stage, &live, &AsRecorded::Baseline, known.as_ref())?;
    }

    #[test]
    fn attachments_keep_the_law(policy in documents(), there in any::<bool>(), resource in any::<bool>()) {
        let stage = Stage::of(UNIT);
        let live = Some(Attached {
            attached: there,
            sort: GUARDRAIL_TYPES[usize::from(resource)].into(),
            policy,
        });
        for wish in [AttachmentWish::There, AttachmentWish::OutOfTheWay { trails: Vec::new(), at: None }] {
            keeps_the_law::<OrganizationAttachment>(&stage, &live, &wish, None)?;
        }
    }
}
