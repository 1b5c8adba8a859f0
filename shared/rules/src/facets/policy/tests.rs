use chrono::TimeZone;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::facets::kept::AsRecorded;
use crate::facets::law::{Stage, changed, keeps_the_law};

const POLICY: &str = "arn:aws:iam::111111111111:policy/limits";
const DENY: &str = r#"{"Effect":"Deny","Action":"*","Resource":"*"}"#;

/// A version made on this day.
fn version(day: u32, power: Option<bool>, denies: bool) -> Version {
    Version {
        created: Some(Utc.with_ymd_and_hms(2026, 11, day, 9, 0, 0).unwrap()),
        power: power.into(),
        denies: denies.then(|| DENY.to_owned()).into_iter().collect(),
    }
}

fn versions(default: &str, all: &[(&str, Version)]) -> Option<Versions> {
    Some(Versions {
        default: default.into(),
        versions: all
            .iter()
            .map(|(id, version)| ((*id).to_owned(), version.clone()))
            .collect(),
    })
}

fn decide(
    live: &Option<Versions>,
    made: Option<&str>,
    known: Option<&Option<Versions>>,
) -> Decision<Option<Versions>> {
    let wish = VersionWish {
        made: made.map(str::to_owned),
    };
    PolicyVersion::decide(live, &wish, known, Stage::of(POLICY).scene())
}

fn back_to(decision: Decision<Option<Versions>>) -> String {
    changed(decision).to.unwrap().default
}

#[test]
fn the_version_before_the_events_holds_again() {
    let all = [
        ("v1", version(1, Some(false), false)),
        ("v2", version(2, Some(false), false)),
        ("v3", version(3, Some(true), false)),
    ];
    let live = versions("v3", &all);
    assert_eq!(back_to(decide(&live, Some("v3"), None)), "v2");
    // Which one held before an older one was set, nothing says.
    let by_hand = decide(&live, None, None);
    assert!(
        matches!(&by_hand, Decision::ByHand(why) if why.contains("v1, v2")),
        "{by_hand:?}"
    );
    let known = versions("v1", &all[..1]);
    assert_eq!(back_to(decide(&live, None, Some(&known))), "v1");
}

#[test]
fn a_dropped_deny_is_as_bad_as_power() {
    let all = [
        ("v1", version(1, Some(false), true)),
        ("v2", version(2, Some(false), false)),
    ];
    let live = versions("v2", &all);
    assert_eq!(back_to(decide(&live, Some("v2"), None)), "v1");
    let known = versions("v1", &all[..1]);
    assert_eq!(back_to(decide(&live, None, Some(&known))), "v1");
    assert_eq!(decide(&known, None, Some(&live)), Decision::Safe);
}

#[test]
fn power_that_was_there_before_is_no_new_power() {
    let all = [
        ("v1", version(1, Some(true), false)),
        ("v2", version(2, Some(true), false)),
    ];
    let (live, known) = (versions("v2", &all), versions("v1", &all[..1]));
    assert_eq!(decide(&live, Some("v2"), Some(&known)), Decision::Safe);
    assert!(matches!(
        decide(&live, Some("v2"), None),
        Decision::ByHand(_)
    ));
}

#[test]
fn where_the_recorded_version_is_gone_the_newest_safe_one_holds() {
    let all = [
        ("v2", version(2, Some(false), true)),
        ("v3", version(3, Some(false), false)),
        ("v4", version(4, Some(true), false)),
    ];
    let known = versions("v1", &[("v1", version(1, Some(false), true))]);
    let live = versions("v4", &all);
    assert_eq!(back_to(decide(&live, Some("v4"), Some(&known))), "v2");
    let live = versions("v4", &all[1..]);
    assert!(matches!(
        decide(&live, Some("v4"), Some(&known)),
        Decision::ByHand(_)
    ));
}

#[test]
fn a_text_that_cannot_be_told_is_left_to_a_person() {
    let live = versions("v1", &[("v1", version(1, None, false))]);
    assert!(matches!(
        decide(&live, Some("v1"), None),
        Decision::CannotTell(_)
    ));
    assert_eq!(decide(&None, None, None), Decision::Safe);
}

#[test]
fn a_policy_that_is_gone_is_made_again_and_another_text_is_left() {
    let policy = |text: &str| {
        Some(Policy {
            description: String::new(),
            document: PolicyState::read(text),
        })
    };
    let deny = policy(&format!(
        r#"{{"Version":"2012-10-17","Statement":[{DENY}]}}"#
    ));
    let other = policy(r#"{"Version":"2012-10-17","Statement":[]}"#);
    let stage = Stage::of(POLICY);
    let decide = |live: &Option<Policy>, known| {
        ManagedPolicy::decide(live, &AsRecorded::Baseline, known, stage.scene())
    };
    assert_eq!(changed(decide(&None, Some(&deny))).to, deny);
    assert_eq!(decide(&other, Some(&deny)), Decision::Safe);
    assert!(matches!(decide(&None, None), Decision::ByHand(_)));
    assert_eq!(
        ManagedPolicy::compare(&other, &deny),
        crate::facet::Standing::Incomparable,
        "nobody's text takes the place of the recorded one"
    );
}

fn any_versions() -> impl Strategy<Value = Option<Versions>> {
    let one = (1_u32..6, any::<Option<bool>>(), any::<bool>());
    let all = proptest::collection::btree_map(
        prop_oneof![Just("v1"), Just("v2"), Just("v3"), Just("v4")],
        one,
        0..5,
    );
    let default = prop_oneof![Just("v1"), Just("v2"), Just("v3"), Just("v4")];
    option::weighted(
        0.9,
        (default, all).prop_map(|(default, all)| Versions {
            default: default.into(),
            versions: all
                .into_iter()
                .map(|(id, (day, power, denies))| (id.to_owned(), version(day, power, denies)))
                .collect(),
        }),
    )
}

proptest! {
    #[test]
    fn a_version_once_set_right_is_right(
        live in any_versions(),
        known in option::of(any_versions()),
        made in option::of(prop_oneof![Just("v1"), Just("v3"), Just("v4")]),
    ) {
        let wish = VersionWish { made: made.map(str::to_owned) };
        keeps_the_law::<PolicyVersion>(&Stage::of(POLICY), &live, &wish, known.as_ref())?;
    }
}
