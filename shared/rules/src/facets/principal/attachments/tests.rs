use auditward_policy::Zone;
use chrono::{TimeDelta, TimeZone};
use proptest::prelude::*;

use super::*;
use crate::facet::At;
use crate::facets::law::{Stage, changed};
use crate::inventory::Inventory;
use crate::settings::Settings;

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const READ: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const CUSTOM: &str = "arn:aws:iam::111111111111:policy/DenyAdministratorAccess";
const USER: &str = "arn:aws:iam::111111111111:user/ci/ci-legacy";

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 12, 12, 0, 0).unwrap()
}

/// Created an hour before noon.
fn attached(policies: &[(&str, Option<bool>)]) -> Attached {
    Attached {
        principal: USER.into(),
        id: None,
        created: Some(noon() - TimeDelta::hours(1)),
        policies: policies
            .iter()
            .map(|(arn, power)| ((*arn).to_owned(), Gives::Known(*power)))
            .collect(),
        boundary: None,
    }
}

/// Where the baseline was recorded so many minutes before the event.
fn by(live: Attached, minutes: i64, known: &Option<Attached>) -> Decision<Option<Attached>> {
    let mut stage = Stage::of("arn:aws:iam::111111111111:user/ci-legacy");
    stage.recorded = Some(noon() - TimeDelta::minutes(minutes));
    let wish = AttachmentsWish::Without {
        policy: ADMIN.into(),
        at: Some(noon()),
    };
    Attachments::decide(&Some(live), &wish, Some(known), stage.scene())
}

fn under(
    settings: &Settings,
    live: &Option<Attached>,
    wish: &AttachmentsWish,
    baseline: Option<&Option<Attached>>,
) -> Decision<Option<Attached>> {
    let zone = Zone::new(["111111111111"], None);
    let at = At::new(
        "111111111111",
        "us-east-1",
        "arn:aws:iam::111111111111:user/ci-legacy",
    );
    Attachments::decide(
        live,
        wish,
        baseline,
        Scene {
            now: noon(),
            recorded: None,
            inventory: &Inventory::default(),
            settings,
            zone: &zone,
            at: &at,
        },
    )
}

fn decide(
    live: Attached,
    policy: &str,
    baseline: Option<&Option<Attached>>,
) -> Decision<Option<Attached>> {
    let wish = AttachmentsWish::Without {
        policy: policy.into(),
        at: Some(noon()),
    };
    under(&Settings::default(), &Some(live), &wish, baseline)
}

fn change(decision: Decision<Option<Attached>>) -> Attached {
    match decision {
        Decision::Change(change) => change.to.unwrap(),
        other => panic!("expected a change, got {other:?}"),
    }
}

#[test]
fn only_what_the_event_provably_attached_is_detached() {
    let live = attached(&[(ADMIN, Some(true)), (READ, Some(false))]);
    let rest = attached(&[(READ, Some(false))]);
    for known in [Some(rest.clone()), None] {
        let fresh = changed(by(live.clone(), 10, &known));
        assert_eq!((fresh.to, fresh.confirm), (Some(rest.clone()), false));
        // Months later it may have been attached long before.
        let stale = changed(by(live.clone(), 60 * 24 * 60, &known));
        assert_eq!((stale.to, stale.confirm), (Some(rest.clone()), true));
    }

    let before = decide(live.clone(), ADMIN, Some(&Some(live.clone())));
    assert!(
        matches!(&before, Decision::ByHand(why) if why.contains("before the event")),
        "{before:?}"
    );
    let unproven = decide(live.clone(), ADMIN, None);
    assert!(
        matches!(&unproven, Decision::Change(change) if change.confirm),
        "{unproven:?}"
    );

    let young = Attached {
        created: Some(noon() - TimeDelta::minutes(14)),
        ..live
    };
    change(decide(young, ADMIN, None));
}

#[test]
fn a_name_that_sounds_like_power_gives_none() {
    assert_eq!(
        decide(attached(&[(CUSTOM, Some(false))]), CUSTOM, None),
        Decision::Safe
    );
    let unread = decide(attached(&[(CUSTOM, None)]), CUSTOM, Some(&None));
    assert!(matches!(unread, Decision::CannotTell(_)), "{unread:?}");
}

#[test]
fn a_boundary_that_leaves_no_power_makes_the_policy_harmless() {
    let under = |left: Option<bool>| {
        let live = Attached {
            created: Some(noon()),
            boundary: Some(Gives::Known(left)),
            ..attached(&[(ADMIN, Some(true))])
        };
        decide(live, ADMIN, None)
    };
    assert_eq!(under(Some(false)), Decision::Safe);
    assert!(matches!(under(Some(true)), Decision::Change(_)));
    assert!(matches!(under(None), Decision::CannotTell(_)));
}

#[test]
fn what_a_text_gives_is_measured_by_what_is_protected() {
    let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:PutBucketPolicy","Resource":"arn:aws:s3:::acme-logs"}}"#;
    let mut live = attached(&[]);
    live.created = Some(noon());
    let gives = Gives::Text(crate::facet::PolicyState::read(text));
    live.policies.insert(CUSTOM.into(), gives);
    let stored = serde_json::to_value(&live).unwrap();
    let live: Attached = serde_json::from_value(stored).unwrap();
    let wish = AttachmentsWish::Without {
        policy: CUSTOM.into(),
        at: Some(noon()),
    };
    let mut stage = Stage::of(USER);
    let decide =
        |stage: &Stage| Attachments::decide(&Some(live.clone()), &wish, None, stage.scene());
    stage.inventory.others = ["arn:aws:s3:::acme-website".to_owned()].into();
    assert_eq!(decide(&stage), Decision::Safe);
    stage.inventory.others = ["arn:aws:s3:::acme-logs".to_owned()].into();
    assert!(matches!(decide(&stage), Decision::Change(_)));
}

#[test]
fn states_that_were_kept_before_texts_were_are_read() {
    let kept = r#"{"principal":"x","policies":{"a":true,"b":null,"c":false}}"#;
    let read: Attached = serde_json::from_str(kept).unwrap();
    let powers: Vec<_> = read.policies.values().map(Gives::power_over_any).collect();
    assert_eq!(powers, [Some(true), None, Some(false)]);
}

#[test]
fn what_is_gone_is_safe() {
    let wish = AttachmentsWish::Without {
        policy: ADMIN.into(),
        at: None,
    };
    assert_eq!(
        under(&Settings::default(), &None, &wish, None),
        Decision::Safe
    );
    assert_eq!(decide(attached(&[]), ADMIN, None), Decision::Safe);
}

#[test]
fn an_approved_principal_is_known_by_its_true_path() {
    let approved = format!(
        "[ours]\naccounts = [\"111111111111\"]\n[[approved]]\nprincipal = \"{USER}\"\nreason = \"platform team\"\n"
    );
    let settings = Settings::parse(&approved).unwrap();
    let wish = AttachmentsWish::Without {
        policy: ADMIN.into(),
        at: Some(noon()),
    };
    let live = Some(attached(&[(ADMIN, Some(true))]));
    assert_eq!(under(&settings, &live, &wish, None), Decision::Safe);
}

#[test]
fn a_role_named_like_the_guards_loses_power_that_no_record_speaks_for() {
    let wish = |policy: &str| AttachmentsWish::BaselineOrWithout {
        policy: policy.into(),
        at: Some(noon()),
    };
    let settings = Settings::default();
    let live = Some(attached(&[(ADMIN, Some(true)), (READ, Some(false))]));
    let decide = |live: &Option<Attached>, policy: &str, known: Option<&Option<Attached>>| {
        under(&settings, live, &wish(policy), known)
    };
    for known in [None, Some(&None)] {
        let to = change(decide(&live, ADMIN, known));
        assert_eq!(to.policies.keys().collect::<Vec<_>>(), [READ]);
        assert_eq!(decide(&Some(to), ADMIN, known), Decision::Safe);
        // What gives nothing may take something: a person has to look.
        let harmless = decide(&live, READ, known);
        assert!(matches!(harmless, Decision::ByHand(_)), "{harmless:?}");
    }
    let known = Some(attached(&[(READ, Some(false))]));
    for policy in [ADMIN, READ] {
        let to = change(decide(&live, policy, Some(&known)));
        assert!(to.attaches_as(known.as_ref().unwrap()), "the recorded ones");
    }
    assert_eq!(decide(&live, ADMIN, Some(&live)), Decision::Safe);
}

#[test]
fn a_guard_role_gets_back_what_it_lost_and_loses_what_is_new() {
    let (known, wish) = (
        Some(attached(&[(READ, Some(false))])),
        AttachmentsWish::Baseline,
    );
    let live = Some(attached(&[(
        "arn:aws:iam::aws:policy/AWSDenyAll",
        Some(false),
    )]));
    let settings = Settings::default();
    assert_eq!(
        change(under(&settings, &live, &wish, Some(&known))),
        known.clone().unwrap()
    );
    assert_eq!(
        under(&settings, &known, &wish, Some(&known)),
        Decision::Safe
    );
    for (live, baseline) in [(&live, None), (&None, Some(&known)), (&live, Some(&None))] {
        assert!(matches!(
            under(&settings, live, &wish, baseline),
            Decision::ByHand(_)
        ));
    }
}

#[test]
fn a_policy_that_gained_power_is_not_the_known_one() {
    let (harmless, powerful) = (
        Some(attached(&[(CUSTOM, Some(false))])),
        Some(attached(&[(CUSTOM, Some(true))])),
    );
    assert!(!Attachments::same(&powerful, &harmless));
    assert!(Attachments::same(&harmless, &powerful));
    assert!(!Attachments::same(&harmless, &None));
}

fn states() -> impl Strategy<Value = Option<Attached>> {
    let policies = proptest::collection::btree_map(
        prop_oneof![
            Just(ADMIN.to_owned()),
            Just(READ.to_owned()),
            Just(CUSTOM.to_owned())
        ],
        any::<Option<bool>>().prop_map(Gives::Known),
        0..4,
    );
    let created = proptest::option::of(-40_i64..40);
    let boundary = any::<Option<Option<bool>>>();
    proptest::option::weighted(
        0.9,
        (policies, created, boundary).prop_map(|(policies, minutes, boundary)| Attached {
            boundary: boundary.map(Gives::Known),
            principal: USER.into(),
            id: None,
            created: minutes.map(|minutes| noon() + TimeDelta::minutes(minutes)),
            policies,
        }),
    )
}

proptest! {
    #[test]
    fn attachments_once_put_right_are_right(
        live in states(),
        known in proptest::option::of(states()),
        policy in prop_oneof![Just(ADMIN), Just(READ), Just(CUSTOM)],
        at in proptest::option::of(Just(noon())),
    ) {
        let without = AttachmentsWish::Without { policy: policy.to_owned(), at };
        for wish in [without.clone(), AttachmentsWish::Baseline] {
            let decision = under(&Settings::default(), &live, &wish, known.as_ref());
            let Decision::Change(change) = decision else { continue };
            let stored = serde_json::to_value(&change.to).unwrap();
            let to: Option<Attached> = serde_json::from_value(stored).unwrap();
            prop_assert_eq!(under(&Settings::default(), &to, &wish, known.as_ref()), Decision::Safe);
            if wish == without {
                let mut expected = live.clone().unwrap();
                expected.policies.remove(policy);
                prop_assert_eq!(to.unwrap(), expected, "nothing but the one policy goes");
            }
        }
    }
}

#[test]
fn power_is_attached_again_only_to_a_role_that_the_stack_makes() {
    let known = Some(attached(&[(ADMIN, Some(true))]));
    let of = |role: &str| {
        let stage = Stage::of(&format!("arn:aws:iam::111111111111:role/{role}"));
        let wish = AttachmentsWish::Baseline;
        Attachments::decide(&Some(attached(&[])), &wish, Some(&known), stage.scene())
    };
    assert!(matches!(of("auditward-tools"), Decision::ByHand(_)));
    assert!(matches!(of("auditward-member"), Decision::Change(_)));
}
