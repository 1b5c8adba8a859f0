//! What of a trail's configuration is evidence alone.

use super::config::{any_settings, decide, good, kinds};
use super::*;

const ALL: TrailWish = TrailWish::Switches { organization: true };
const OWN: TrailWish = TrailWish::Switches {
    organization: false,
};

/// Moved away, and switched off.
fn moved_and_off() -> TrailSettings {
    TrailSettings {
        topic: None,
        key: None,
        multi_region: false,
        global_events: false,
        validation: false,
        organization: false,
        ..good()
    }
}

proptest! {
    #[test]
    fn switches_are_evidence_and_leave_where_it_delivers_alone(
        live in any_settings(), organization: bool, known in any_settings(),
    ) {
        let (stage, wish) = (stage(), TrailWish::Switches { organization });
        if let Decision::Change(change) = TrailConfig::decide(&live, &wish, Some(&known), stage.scene()) {
            prop_assert!(change.evidence_on);
            prop_assert_eq!(TrailConfig::compare(&change.to, &live), Standing::Stronger);
        }
    }
}

#[test]
fn what_is_off_is_evidence_wherever_it_delivers() {
    let change = changed(decide(&moved_and_off(), &ALL, Some(&good())));
    let on = TrailSettings {
        topic: None,
        key: None,
        ..good()
    };
    assert_eq!(change.to, Some(on));
    assert!(change.evidence_on);
    // CloudTrail refuses an organization's trail whose bucket is not ready for it.
    assert_eq!(kinds(&change.first), ["bucket-policy"]);
    let change = changed(decide(&moved_and_off(), &OWN, Some(&good())));
    assert!(change.evidence_on && change.first.is_empty());
    let to = change.to.unwrap();
    assert!(to.multi_region && to.global_events && to.validation && !to.organization);
}

#[test]
fn the_organizations_accounts_wait_for_the_bucket_that_is_recorded() {
    let live = TrailSettings {
        bucket: "trail-archive-tmp".into(),
        ..moved_and_off()
    };
    let change = changed(decide(&live, &ALL, Some(&good())));
    let to = change.to.unwrap();
    assert!(to.validation && !to.organization && change.first.is_empty());
}

#[test]
fn switches_are_safe_only_against_a_record() {
    let live = TrailSettings {
        topic: None,
        ..good()
    };
    assert_eq!(decide(&live, &ALL, Some(&good())), Decision::Safe);
    // "Safe" is learnt where nothing is recorded, and nobody said that it is right.
    assert!(matches!(decide(&live, &ALL, None), Decision::CannotTell(_)));
    let gone = TrailConfig::decide(&None, &ALL, Some(&Some(good())), stage().scene());
    assert!(matches!(gone, Decision::CannotTell(_)));
}

#[test]
fn the_evidence_of_a_wish_needs_ever_less() {
    let exist = TrailWish::Exist {
        bucket_owner: None,
        organization: None,
    };
    for whole in [TrailWish::Hold(Vec::new()), exist] {
        assert_eq!(TrailConfig::evidence(&whole), Some(ALL));
    }
    assert_eq!(TrailConfig::evidence(&ALL), Some(OWN));
    assert_eq!(TrailConfig::evidence(&OWN), None);
}

#[test]
fn what_was_recorded_before_deliveries_could_be_left_out_does_not_say_whether_they_were() {
    let mut text = serde_json::to_value(good()).unwrap();
    text.as_object_mut().unwrap().remove("skips_deliveries");
    let known: TrailSettings = serde_json::from_value(text).unwrap();
    assert_eq!(known.skips_deliveries, None);
    let without = |skips_deliveries| TrailSettings {
        skips_deliveries,
        ..good()
    };
    let compare = |live: &TrailSettings, known: &TrailSettings| {
        TrailConfig::compare(&Some(live.clone()), &Some(known.clone()))
    };
    let skipping = without(Some(true));
    assert_eq!(compare(&skipping, &known), Standing::Equal);
    assert_eq!(compare(&known, &skipping), Standing::Equal);
    // What is as it should be is recorded from now on.
    assert_eq!(compare(&good(), &known), Standing::Stronger);
    assert!(TrailConfig::same(&Some(good()), &Some(known.clone())));
    assert_eq!(decide(&skipping, &OWN, Some(&known)), Decision::Safe);
    // What an event left out comes back all the same.
    let touched = TrailWish::Hold(vec![TrailField::Deliveries]);
    for known in [&known, &good()] {
        let change = changed(decide(&skipping, &touched, Some(known)));
        assert!(change.evidence_on && change.to == Some(good()));
    }
    assert_eq!(compare(&skipping, &good()), Standing::Weaker);
    let change = changed(decide(&skipping, &OWN, Some(&good())));
    assert!(change.evidence_on && change.to == Some(good()));
    // A trail that is meant to leave them out stays as it is.
    assert_eq!(decide(&skipping, &OWN, Some(&skipping)), Decision::Safe);
    // Nothing is written of what nobody says.
    assert_eq!(decide(&known, &touched, Some(&good())), Decision::Safe);
}
