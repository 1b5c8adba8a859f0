use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::facet::{Decision, Facet};
use crate::facets::law::{Stage, changed, keeps_the_law};

const RULE: &str = "arn:aws:events:eu-west-1:111111111111:rule/auditward-keys";

fn target(arn: &str) -> Target {
    Target {
        arn: arn.into(),
        ..Target::default()
    }
}

fn targets(all: &[(&str, &str)]) -> BTreeMap<String, Target> {
    let all = all.iter();
    all.map(|(id, arn)| ((*id).to_owned(), target(arn)))
        .collect()
}

fn wish(wrote: &[&str], foreign: &[&str]) -> RuleTargetsWish {
    let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    RuleTargetsWish {
        wrote: owned(wrote),
        foreign: owned(foreign),
    }
}

fn any_targets() -> impl Strategy<Value = BTreeMap<String, Target>> {
    let all = vec![("a", "guard"), ("a", "else"), ("b", "guard"), ("c", "bus")];
    prop::sample::subsequence(all, 0..=4).prop_map(|all| targets(&all))
}

proptest! {
    #[test]
    fn the_law_holds_for_targets(
        live in any_targets(),
        known in prop::option::of(any_targets()),
        wrote in prop::sample::subsequence(vec!["a", "b", "c"], 0..=3),
        strange in prop::bool::ANY,
    ) {
        let stage = Stage::of(RULE);
        let wish = wish(&wrote, if strange { &wrote } else { &[] });
        keeps_the_law::<RuleTargets>(&stage, &live, &wish, known.as_ref())?;
    }
}

#[test]
fn what_is_lost_comes_back_and_what_was_added_goes_once_confirmed() {
    let stage = Stage::of(RULE);
    let known = targets(&[("guard", "f")]);
    let decide = |live: &[(&str, &str)], wish: RuleTargetsWish| {
        RuleTargets::decide(&targets(live), &wish, Some(&known), stage.scene())
    };
    let lost = changed(decide(&[("else", "q")], RuleTargetsWish::default()));
    assert!(lost.evidence_on && !lost.confirm);
    assert_eq!(lost.to, targets(&[("else", "q"), ("guard", "f")]));

    let added = changed(decide(
        &[("guard", "f"), ("mirror", "b")],
        wish(&["mirror"], &[]),
    ));
    assert!(added.confirm && !added.evidence_on);
    assert_eq!(added.to, known);

    // One that is recorded is put back, never removed.
    let other = changed(decide(&[("guard", "b")], wish(&["guard"], &["guard"])));
    assert!(!other.confirm);
    assert_eq!(other.to, known);
}

#[test]
fn without_a_baseline_only_what_is_somebody_elses_goes() {
    let stage = Stage::of(RULE);
    let live = targets(&[("guard", "f"), ("mirror", "b")]);
    let decide = |wish: RuleTargetsWish| RuleTargets::decide(&live, &wish, None, stage.scene());
    let change = changed(decide(wish(&["mirror"], &["mirror"])));
    assert_eq!(change.to, targets(&[("guard", "f")]));
    assert!(change.confirm);
    assert!(matches!(decide(wish(&["guard"], &[])), Decision::ByHand(_)));
}

#[test]
fn a_pattern_means_what_it_says_however_it_is_spaced() {
    let rule = |pattern: &str| {
        Some(Defined {
            pattern: Some(pattern.into()),
            ..Defined::default()
        })
    };
    let known = rule(r#"{"source":["aws.kms"],"detail":{"a":[1]}}"#);
    let live = rule(r#"{ "detail": {"a": [1]}, "source": ["aws.kms"] }"#);
    assert_eq!(Definition::compare(&live, &known), Standing::Equal);
    let narrower = rule(r#"{"source":["aws.kms"],"detail":{"a":[2]}}"#);
    assert_eq!(
        Definition::compare(&narrower, &known),
        Standing::Incomparable
    );
    assert_eq!(Definition::compare(&None, &known), Standing::Weaker);
}

#[test]
fn a_rule_that_no_longer_matches_what_only_reads_is_weaker() {
    let rule = |reads| {
        Some(Defined {
            pattern: Some("{}".into()),
            reads,
            ..Defined::default()
        })
    };
    let compare = |live, known| Definition::compare(&rule(live), &rule(known));
    assert_eq!(compare(Some(false), Some(true)), Standing::Weaker);
    assert_eq!(compare(Some(true), Some(false)), Standing::Stronger);
    assert_eq!(compare(None, Some(true)), Standing::Equal, "it is disabled");
}
