//! The law, and what each facet decides.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::facet::{Decision, Facet, Standing};
use crate::facets::kept::AsRecorded;
use crate::facets::law::{Stage, changed, keeps_the_law};

const GROUP: &str = "arn:aws:logs:eu-west-1:111111111111:log-group:/acme/org-trail";
const OURS: &str = "arn:aws:logs:eu-west-1:222222222222:destination:central";
const STRANGE: &str = "arn:aws:logs:eu-west-1:333333333333:destination:collect";

fn stage() -> Stage {
    Stage::of(GROUP)
}

fn retention() -> impl Strategy<Value = Retention> {
    prop_oneof![
        Just(Retention::Forever),
        prop::sample::select(vec![1, 30, 180, 365, 400, 3653]).prop_map(Retention::Days),
    ]
}

fn subscriptions() -> impl Strategy<Value = BTreeMap<String, Subscription>> {
    let one = (prop::sample::select(vec![OURS, STRANGE]), "[ab]?").prop_map(|(to, pattern)| {
        Subscription {
            destination: to.into(),
            pattern,
            ..Subscription::default()
        }
    });
    prop::collection::btree_map("[xyz]", one, 0..3)
}

fn filters() -> impl Strategy<Value = BTreeMap<String, MetricFilter>> {
    let one = "[ab]?".prop_map(|pattern| MetricFilter {
        pattern,
        transformations: vec![Transformation {
            name: "RootUse".into(),
            namespace: "acme/cis".into(),
            value: "1".into(),
            otherwise: Some(0.5),
            ..Transformation::default()
        }],
        ..MetricFilter::default()
    });
    prop::collection::btree_map("[xyz]", one, 0..3)
}

fn policy() -> impl Strategy<Value = Option<AccountPolicy>> {
    prop::option::of(
        (
            prop::sample::select(vec!["{}", "{ }", r#"{"a":1}"#]),
            prop::option::of("[ab]"),
        )
            .prop_map(|(document, criteria)| AccountPolicy {
                document: document.into(),
                criteria,
            }),
    )
}

proptest! {
    #[test]
    fn facets_of_log_groups_keep_the_law(
        live in (retention(), subscriptions(), filters(), policy()),
        known in prop::option::of((retention(), subscriptions(), filters(), policy())),
        outsider in prop::sample::select(vec![Outsider::No, Outsider::Yes]),
        exactly: bool,
        if_known: bool,
    ) {
        let stage = stage();
        let wish = if exactly { RetentionWish::Recorded } else { RetentionWish::Least };
        let kept = if if_known { AsRecorded::IfKnown } else { AsRecorded::Baseline };
        let subscribed = FiltersWish {
            destination: Some(STRANGE.into()),
            outsider,
            if_known,
        };
        let account = AccountPolicyWish { outsider, if_known };
        let known = known.as_ref();
        // A retention that was accepted may be shortened to, on a group made anew.
        if !exactly {
            keeps_the_law::<LogGroupRetention>(&stage, &live.0, &wish, known.map(|one| &one.0))?;
        }
        keeps_the_law::<SubscriptionFilters>(&stage, &live.1, &subscribed, known.map(|one| &one.1))?;
        keeps_the_law::<MetricFilters>(&stage, &live.2, &kept, known.map(|one| &one.2))?;
        keeps_the_law::<AccountLogPolicy>(&stage, &live.3, &account, known.map(|one| &one.3))?;
    }
}

#[test]
fn a_retention_is_as_long_as_the_settings_ask_or_as_was_accepted() {
    let stage = stage();
    let decide = |live, wish, known: Option<u32>| {
        let known = known.map(Retention::Days);
        LogGroupRetention::decide(&live, &wish, known.as_ref(), stage.scene())
    };
    let (least, recorded) = (RetentionWish::Least, RetentionWish::Recorded);
    let days = Retention::Days;
    assert_eq!(changed(decide(days(1), least, None)).to, days(365));
    assert_eq!(decide(days(365), least, None), Decision::Safe);
    assert_eq!(decide(Retention::Forever, least, Some(400)), Decision::Safe);
    // Longer than asked for is enough; what was accepted is, too.
    assert_eq!(decide(days(365), least, Some(400)), Decision::Safe);
    assert_eq!(decide(days(90), least, Some(90)), Decision::Safe);
    assert_eq!(changed(decide(days(30), least, Some(90))).to, days(90));
    assert_eq!(changed(decide(days(30), least, Some(400))).to, days(400));
    // A group made anew gets what the one before had.
    let anew = changed(decide(Retention::Forever, recorded, Some(400)));
    assert_eq!((anew.to, anew.evidence_on), (days(400), false));
    assert_eq!(decide(Retention::Forever, recorded, None), Decision::Safe);
}

#[test]
fn a_strangers_subscription_goes_once_it_is_proven_new() {
    let stage = stage();
    let filter = |to: &str| Subscription {
        destination: to.into(),
        ..Subscription::default()
    };
    let all = |filters: &[(&str, &str)]| -> BTreeMap<String, Subscription> {
        let filters = filters.iter();
        filters
            .map(|(name, to)| ((*name).to_owned(), filter(to)))
            .collect()
    };
    let wish = |outsider| FiltersWish {
        destination: Some(STRANGE.into()),
        outsider,
        if_known: true,
    };
    let decide = |live: &_, outsider, known: Option<&_>| {
        SubscriptionFilters::decide(live, &wish(outsider), known, stage.scene())
    };
    let central = all(&[("central", OURS)]);
    let both = all(&[("central", OURS), ("export", STRANGE)]);
    let overwritten = all(&[("central", STRANGE)]);
    // Without a baseline the event history must confirm it.
    let away = changed(decide(&both, Outsider::Yes, None));
    assert_eq!((&away.to, away.confirm), (&central, true));
    let away = changed(decide(&both, Outsider::Yes, Some(&central)));
    assert_eq!((&away.to, away.confirm), (&central, false));
    // What was overwritten comes back as it was.
    let back = changed(decide(&overwritten, Outsider::Yes, Some(&central)));
    assert_eq!((&back.to, back.confirm), (&central, false));
    // What was recorded stays, whoever's it is.
    assert_eq!(decide(&both, Outsider::Yes, Some(&both)), Decision::Safe);
    // Whose it is nobody knows: only what is recorded comes back.
    assert!(matches!(
        decide(&both, Outsider::CannotTell, Some(&central)),
        Decision::CannotTell(_)
    ));
    let back = changed(decide(&overwritten, Outsider::CannotTell, Some(&central)));
    assert_eq!(back.to, central);
    // Nothing was recorded, and the filter is gone.
    let deleted = FiltersWish::default();
    let none = BTreeMap::new();
    let told = SubscriptionFilters::decide(&none, &deleted, None, stage.scene());
    assert!(matches!(told, Decision::ByHand(_)));
}

#[test]
fn a_group_comes_back_and_is_never_deleted() {
    let stage = stage();
    let known = Some(GroupForm {
        class: "INFREQUENT_ACCESS".into(),
    });
    let wish = AsRecorded::Baseline;
    let back = changed(LogGroup::decide(&None, &wish, Some(&known), stage.scene()));
    assert_eq!((&back.to, back.evidence_on), (&known, true));
    let back = changed(LogGroup::decide(&None, &wish, None, stage.scene()));
    assert_eq!(LogGroup::tell(&back.to), "a log group of class STANDARD");
    assert_eq!(
        LogGroup::decide(&known, &wish, None, stage.scene()),
        Decision::Safe
    );
    assert!(!LogGroup::writable(&None) && LogGroup::writable(&known));
}

#[test]
fn a_further_metric_filter_is_no_harm_and_another_pattern_is() {
    let stage = stage();
    let filters = |all: &[(&str, &str)]| -> BTreeMap<String, MetricFilter> {
        let filter = |pattern: &str| MetricFilter {
            pattern: pattern.into(),
            ..MetricFilter::default()
        };
        all.iter()
            .map(|(name, pattern)| ((*name).to_owned(), filter(pattern)))
            .collect()
    };
    let known = filters(&[("root", "Root")]);
    let more = filters(&[("more", "x"), ("root", "Root")]);
    let never = filters(&[("more", "x"), ("root", "never")]);
    let decide =
        |live: &_, known| MetricFilters::decide(live, &AsRecorded::IfKnown, known, stage.scene());
    assert_eq!(decide(&more, Some(&known)), Decision::Safe);
    assert_eq!(changed(decide(&never, Some(&known))).to, more);
    assert_eq!(decide(&never, None), Decision::Safe);
    assert_eq!(MetricFilters::compare(&more, &known), Standing::Stronger);
}
