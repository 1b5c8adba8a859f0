use proptest::prelude::*;

use super::*;
use crate::facet::{Decision, Facet, Standing};
use crate::facets::kept::AsRecorded;
use crate::facets::law::{Stage, changed, keeps_the_law};

const TRAIL: &str = "arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail";
const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/7c1f9e42-5b0d-4a83-9c6e-2f81d0b7a354";

fn stage() -> Stage {
    Stage::of(TRAIL)
}

mod config;
mod delivery;
mod made_again;
mod selectors;
mod switches;

proptest! {
    #[test]
    fn logging_keeps_the_law(live: Option<bool>, baseline: Option<Option<bool>>) {
        keeps_the_law::<TrailLogging>(&stage(), &live, &true, baseline.as_ref())?;
    }

    #[test]
    fn insights_keep_the_law(
        live in any_insights(),
        wish in prop::sample::select(vec![InsightsWish::Recorded, InsightsWish::Some]),
        baseline in prop::option::of(any_insights()),
    ) {
        keeps_the_law::<TrailInsights>(&stage(), &live, &wish, baseline.as_ref())?;
    }
}

fn any_insights() -> impl Strategy<Value = <TrailInsights as Facet>::State> {
    let kind = prop::sample::select(vec!["ApiCallRateInsight", "ApiErrorRateInsight"])
        .prop_map(str::to_owned);
    let category = prop::sample::select(vec!["Management", "Data"]).prop_map(str::to_owned);
    let categories = prop::collection::btree_set(category, 1..3);
    prop::option::weighted(0.9, prop::collection::btree_map(kind, categories, 0..3))
}

fn insights(list: &[(&str, &[&str])]) -> <TrailInsights as Facet>::State {
    let one = |(kind, categories): &(&str, &[&str])| {
        (
            (*kind).to_owned(),
            categories
                .iter()
                .map(|category| (*category).to_owned())
                .collect(),
        )
    };
    Some(list.iter().map(one).collect())
}

#[test]
fn lost_insights_come_back_and_later_ones_stay() {
    let known = insights(&[("ApiCallRateInsight", &["Management"])]);
    let live = insights(&[("ApiErrorRateInsight", &["Data"])]);
    let (stage, wish) = (stage(), InsightsWish::Recorded);
    let change = changed(TrailInsights::decide(
        &live,
        &wish,
        Some(&known),
        stage.scene(),
    ));
    let both = insights(&[
        ("ApiCallRateInsight", &["Management"]),
        ("ApiErrorRateInsight", &["Data"]),
    ]);
    assert_eq!(change.to, both);
    assert!(change.evidence_on);
}

#[test]
fn insights_on_data_events_alone_are_not_insights_on_management_events() {
    let known = insights(&[("ApiCallRateInsight", &["Management"])]);
    let live = insights(&[("ApiCallRateInsight", &["Data"])]);
    assert_eq!(
        TrailInsights::compare(&live, &known),
        Standing::Incomparable
    );
}

#[test]
fn emptied_insights_need_a_person_only_where_nothing_is_recorded() {
    let (none, stage) = (insights(&[]), stage());
    let decide =
        |wish, baseline: Option<&_>| TrailInsights::decide(&none, &wish, baseline, stage.scene());
    assert!(matches!(
        decide(InsightsWish::Some, None),
        crate::facet::Decision::ByHand(_)
    ));
    assert_eq!(
        decide(InsightsWish::Recorded, None),
        crate::facet::Decision::Safe
    );
    // Nobody ever had insights on this trail.
    assert_eq!(
        decide(InsightsWish::Some, Some(&none)),
        crate::facet::Decision::Safe
    );
}

fn tags(all: &[(&str, &str)]) -> <TrailTags as Facet>::State {
    let all = all.iter();
    Some(
        all.map(|(key, value)| ((*key).into(), (*value).into()))
            .collect(),
    )
}

#[test]
fn tags_that_aws_alone_sets_are_not_put_back() {
    let recorded = tags(&[
        ("aws:cloudformation:stack-name", "logs"),
        ("owner", "security"),
    ]);
    let own = tags(&[("owner", "security")]);
    assert_eq!(TrailTags::compare(&own, &recorded), Standing::Equal);
    let (stage, wish) = (stage(), AsRecorded::Baseline);
    let decide = |live: &_| TrailTags::decide(live, &wish, Some(&recorded), stage.scene());
    assert_eq!(decide(&own), Decision::Safe);
    assert_eq!(changed(decide(&tags(&[]))).to, own);
}

#[test]
fn tags_are_learnt_of_a_trail_that_was_gone_at_first() {
    let found = tags(&[("owner", "security")]);
    assert_eq!(TrailTags::compare(&found, &None), Standing::Stronger);
    let wish = AsRecorded::IfKnown;
    let decision = TrailTags::decide(&found, &wish, Some(&None), stage().scene());
    assert_eq!(decision, Decision::Safe);
}
