use proptest::prelude::*;

use super::*;
use crate::facet::{Decision, Facet, PolicyState, Standing};
use crate::facets::law::{Stage, changed, keeps_the_law};
use crate::facets::trail::{AdvancedSelector, FieldSelector, TrailTags};

const STORE: &str =
    "arn:aws:cloudtrail:eu-west-1:111111111111:eventdatastore/2f1a7c9e-0b6d-4c1e-9a43-77d0c5e8b214";
const CHANNEL: &str =
    "arn:aws:cloudtrail:eu-west-1:111111111111:channel/5d3b8e1f-94a2-4f07-8c6b-1e2f3a4b5c6d";

fn writes_only() -> AdvancedSelector {
    let mut selector = AdvancedSelector::management();
    selector
        .field_selectors
        .push(FieldSelector::equals("readOnly", ["false"]));
    selector
}

fn data() -> AdvancedSelector {
    AdvancedSelector {
        name: None,
        field_selectors: vec![
            FieldSelector::equals("eventCategory", ["Data"]),
            FieldSelector::equals("resources.type", ["AWS::S3::Object"]),
        ],
    }
}

fn settings() -> StoreSettings {
    StoreSettings {
        retention_days: 2557,
        termination_protection: true,
        multi_region: true,
        organization: true,
        selectors: vec![AdvancedSelector::management(), data()],
    }
}

fn any_settings() -> impl Strategy<Value = Option<StoreSettings>> {
    let selectors = vec![AdvancedSelector::management(), writes_only(), data()];
    let settings = (
        prop::sample::select(vec![90, 366, 2557]),
        any::<[bool; 3]>(),
        prop::sample::subsequence(selectors, 0..=3),
    )
        .prop_map(|(retention_days, on, selectors)| {
            let [termination_protection, multi_region, organization] = on;
            StoreSettings {
                retention_days,
                termination_protection,
                multi_region,
                organization,
                selectors,
            }
        });
    prop::option::weighted(0.9, settings)
}

fn any_life() -> impl Strategy<Value = StoreLife> {
    prop::sample::select(vec![
        StoreLife::Ingesting,
        StoreLife::Stopped,
        StoreLife::PendingDeletion,
        StoreLife::Changing,
        StoreLife::Absent,
    ])
}

proptest! {
    #[test]
    fn configurations_keep_the_law(
        live in any_settings(), baseline in prop::option::of(any_settings()),
        hold in prop::sample::subsequence(StoreField::ALL.to_vec(), 0..=5),
    ) {
        keeps_the_law::<StoreConfig>(&Stage::of(STORE), &live, &StoreWish { hold }, baseline.as_ref())?;
    }

    #[test]
    fn lives_keep_the_law(live in any_life(), baseline in prop::option::of(any_life()), kept: bool) {
        let wish = if kept { StoreLifeWish::Kept } else { StoreLifeWish::Ingesting };
        keeps_the_law::<StoreState>(&Stage::of(STORE), &live, &wish, baseline.as_ref())?;
    }

    #[test]
    fn tags_keep_the_law(
        live in prop::option::of(prop::collection::btree_map("[a-c]", "[x-y]", 0..3)),
        baseline in prop::option::of(prop::option::of(prop::collection::btree_map("[a-c]", "[x-y]", 0..3))),
    ) {
        use crate::facets::kept::AsRecorded;
        keeps_the_law::<TrailTags>(&Stage::of(STORE), &live, &AsRecorded::Baseline, baseline.as_ref())?;
    }
}

fn decide(
    live: &StoreSettings,
    hold: &[StoreField],
    known: bool,
) -> Decision<Option<StoreSettings>> {
    let baseline = known.then(|| Some(settings()));
    let hold = hold.to_vec();
    StoreConfig::decide(
        &Some(live.clone()),
        &StoreWish { hold },
        baseline.as_ref(),
        Stage::of(STORE).scene(),
    )
}

#[test]
fn what_was_weakened_is_put_back_and_what_was_added_stays() {
    let mut network = AdvancedSelector::management();
    network.field_selectors = vec![FieldSelector::equals("eventCategory", ["NetworkActivity"])];
    let live = StoreSettings {
        retention_days: 90,
        selectors: vec![writes_only(), network.clone()],
        ..settings()
    };
    let to = changed(decide(&live, &StoreField::ALL, true)).to.unwrap();
    assert_eq!(to.retention_days, 2557);
    for selector in [AdvancedSelector::management(), data(), network] {
        assert!(to.selectors.contains(&selector), "{to:?}");
    }
}

#[test]
fn more_is_no_loss() {
    let live = StoreSettings {
        retention_days: 3653,
        ..settings()
    };
    assert_eq!(decide(&live, &StoreField::ALL, true), Decision::Safe);
    assert_eq!(
        StoreConfig::compare(&Some(live), &Some(settings())),
        Standing::Stronger
    );
}

#[test]
fn without_a_baseline_only_the_protection_against_deletion_is_known() {
    let live = StoreSettings {
        termination_protection: false,
        ..settings()
    };
    let to = changed(decide(&live, &[StoreField::TerminationProtection], false)).to;
    assert!(to.unwrap().termination_protection);
    assert!(matches!(
        decide(&live, &[StoreField::Retention], false),
        Decision::ByHand(_)
    ));
}

#[test]
fn a_store_that_was_stopped_before_it_was_deleted_stays_stopped() {
    let decide = |baseline| {
        let (live, wish) = (StoreLife::PendingDeletion, StoreLifeWish::Kept);
        changed(StoreState::decide(
            &live,
            &wish,
            Some(&baseline),
            Stage::of(STORE).scene(),
        ))
    };
    assert_eq!(decide(StoreLife::Stopped).to, StoreLife::Stopped);
    assert_eq!(decide(StoreLife::Ingesting).to, StoreLife::Ingesting);
}

#[test]
fn an_outsider_is_taken_out_of_a_channels_policy() {
    let policy = |accounts: &str| {
        PolicyState::read(&format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Channel","Effect":"Allow","Principal":{{"AWS":[{accounts}]}},"Action":"cloudtrail-data:PutAuditEvents","Resource":"{CHANNEL}"}}]}}"#
        ))
    };
    let live = policy(r#""arn:aws:iam::222222222222:root","arn:aws:iam::333333333333:root""#);
    let decide = |live: &PolicyState| {
        StorePolicy::decide(live, &PolicyWish::whole(), None, Stage::of(CHANNEL).scene())
    };
    let change = changed(decide(&live));
    assert!(
        change
            .to
            .same(&policy(r#""arn:aws:iam::222222222222:root""#)),
        "{change:?}"
    );
    assert_eq!(decide(&change.to), Decision::Safe);
}
