use std::collections::BTreeMap;

use super::*;
use crate::facet::Decision;
use crate::inventory::TrailUse;
use crate::plan::Plan;

pub(super) fn good() -> TrailSettings {
    TrailSettings {
        bucket: "acme-org-trail-logs".into(),
        prefix: None,
        topic: Some("arn:aws:sns:eu-west-1:111111111111:acme-trail-delivered".into()),
        multi_region: true,
        global_events: true,
        validation: true,
        organization: true,
        skips_deliveries: Some(false),
        key: Some(KEY.into()),
        log_group: Some("arn:aws:logs:eu-west-1:111111111111:log-group:acme-org-trail:*".into()),
        log_role: Some("arn:aws:iam::111111111111:role/acme-trail-to-cloudwatch".into()),
        tags: BTreeMap::from([("owner".to_owned(), "security".to_owned())]),
    }
}

pub(super) fn any_settings() -> impl Strategy<Value = Option<TrailSettings>> {
    let place = |text: &'static str| {
        prop::option::of(prop::sample::select(vec![
            text.to_owned(),
            format!("{text}2"),
        ]))
    };
    let places = (
        prop::sample::select(vec![
            "acme-org-trail-logs".to_owned(),
            "trail-archive-tmp".to_owned(),
        ]),
        place("prefix"),
        place("arn:aws:sns:eu-west-1:111111111111:topic"),
        place(KEY),
        place("arn:aws:logs:eu-west-1:111111111111:log-group:trail"),
    );
    let switches: (_, _, _, _, _, _) = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        prop::option::of(any::<bool>()),
        any::<bool>(),
    );
    let settings =
        (places, switches).prop_map(|((bucket, prefix, topic, key, group), switches)| {
            let (multi_region, global_events, validation, organization, skips_deliveries, star) =
                switches;
            let log_role = group
                .as_ref()
                .map(|_| "arn:aws:iam::111111111111:role/logs".to_owned());
            let log_group = group.map(|arn| if star { format!("{arn}:*") } else { arn });
            // CloudTrail refuses trails of all regions without global services.
            let global_events = global_events || multi_region;
            let tags = BTreeMap::new();
            TrailSettings {
                bucket,
                prefix,
                topic,
                multi_region,
                global_events,
                validation,
                organization,
                skips_deliveries,
                key,
                log_group,
                log_role,
                tags,
            }
        });
    prop::option::weighted(0.9, settings)
}

fn any_wish() -> impl Strategy<Value = TrailWish> {
    let field = prop::sample::select(vec![
        TrailField::Bucket,
        TrailField::Prefix,
        TrailField::Topic,
        TrailField::MultiRegion,
        TrailField::GlobalEvents,
        TrailField::Validation,
        TrailField::Organization,
        TrailField::Deliveries,
        TrailField::Key,
        TrailField::LogGroup,
    ]);
    prop_oneof![
        3 => prop::collection::vec(field, 0..4).prop_map(TrailWish::Hold),
        1 => any::<bool>().prop_map(|organization| TrailWish::Switches { organization }),
        1 => Just(TrailWish::Exist { bucket_owner: None, organization: Some("o-exampleorg1".into()) }),
    ]
}

proptest! {
    #[test]
    fn configurations_keep_the_law(
        live in any_settings(), wish in any_wish(), baseline in prop::option::of(any_settings()),
    ) {
        keeps_the_law::<TrailConfig>(&stage(), &live, &wish, baseline.as_ref())?;
    }

    #[test]
    fn what_was_recorded_holds_after_every_change(
        live in any_settings(), wish in any_wish(), known in any_settings(),
    ) {
        let stage = stage();
        if let Decision::Change(change) = TrailConfig::decide(&live, &wish, Some(&known), stage.scene())
            && known.is_some() && !matches!(wish, TrailWish::Switches { .. })
        {
            let standing = TrailConfig::compare(&change.to, &known);
            prop_assert!(matches!(standing, Standing::Equal | Standing::Stronger), "{:?}", change);
        }
    }
}

pub(super) fn decide(
    live: &TrailSettings,
    wish: &TrailWish,
    known: Option<&TrailSettings>,
) -> Decision<Option<TrailSettings>> {
    let known = known.map(|known| Some(known.clone()));
    TrailConfig::decide(&Some(live.clone()), wish, known.as_ref(), stage().scene())
}

pub(super) fn kinds(plans: &[Plan]) -> Vec<&'static str> {
    plans.iter().map(Plan::kind).collect()
}

#[test]
fn what_was_switched_off_is_evidence_and_comes_back_at_once() {
    let live = TrailSettings {
        validation: false,
        multi_region: false,
        global_events: false,
        ..good()
    };
    let change = changed(decide(
        &live,
        &TrailWish::Hold(vec![TrailField::Validation]),
        Some(&good()),
    ));
    assert_eq!(change.to, Some(good()));
    assert!(change.evidence_on && change.first.is_empty());
}

#[test]
fn a_moved_trail_goes_back_after_its_bucket_and_key() {
    let key =
        "arn:aws:kms:eu-west-1:333333333333:key/0d52ab17-93c4-4e6f-b8a0-6e15f2c97d38".to_owned();
    let live = TrailSettings {
        bucket: "trail-archive-tmp".into(),
        key: Some(key),
        ..good()
    };
    let change = changed(decide(
        &live,
        &TrailWish::Hold(vec![TrailField::Bucket]),
        Some(&good()),
    ));
    assert_eq!(change.to, Some(good()));
    assert!(!change.evidence_on);
    assert_eq!(
        kinds(&change.first),
        ["bucket-policy", "key-state", "key-policy"]
    );
    assert_eq!(change.why, "put back as recorded: bucket, key");
    // Of the key's policy nothing is asked but that CloudTrail can encrypt.
    let Some(Plan::KeyPolicy(step)) = change.first.last() else {
        panic!("{:?}", change.first)
    };
    assert_eq!(step.wish.trails, [stage().at.resource]);
    assert!(!step.wish.owner && !step.wish.outsiders);
}

#[test]
fn encryption_with_somebody_elses_key_is_taken_off_where_there_was_none() {
    let known = TrailSettings {
        key: None,
        ..good()
    };
    let change = changed(decide(
        &good(),
        &TrailWish::Hold(vec![TrailField::Key]),
        Some(&known),
    ));
    assert_eq!(change.to.unwrap().key, None);
}

#[test]
fn a_trail_that_grew_stronger_stays_so() {
    let known = TrailSettings {
        validation: false,
        organization: false,
        ..good()
    };
    assert_eq!(
        decide(
            &good(),
            &TrailWish::Hold(vec![TrailField::Validation]),
            Some(&known)
        ),
        Decision::Safe
    );
    assert_eq!(
        TrailConfig::compare(&Some(good()), &Some(known)),
        Standing::Stronger
    );
}

#[test]
fn a_log_group_is_the_same_with_and_without_the_star() {
    let plain = good()
        .log_group
        .map(|arn| arn.trim_end_matches(":*").to_owned());
    let live = TrailSettings {
        log_group: plain,
        ..good()
    };
    assert_eq!(
        decide(
            &live,
            &TrailWish::Hold(vec![TrailField::LogGroup]),
            Some(&good())
        ),
        Decision::Safe
    );
}

#[test]
fn without_a_record_switches_are_forced_on_but_only_those_the_event_touched() {
    let live = TrailSettings {
        validation: false,
        multi_region: false,
        global_events: false,
        ..good()
    };
    let change = changed(decide(
        &live,
        &TrailWish::Hold(vec![TrailField::Validation]),
        None,
    ));
    assert_eq!(
        change.to,
        Some(TrailSettings {
            validation: true,
            ..live.clone()
        })
    );
    assert!(!change.evidence_on, "nobody knows that it was on before");
    let change = changed(decide(
        &live,
        &TrailWish::Hold(vec![TrailField::MultiRegion]),
        None,
    ));
    assert_eq!(
        change.to,
        Some(TrailSettings {
            multi_region: true,
            global_events: true,
            ..live
        })
    );
}

#[test]
fn without_a_record_nobody_guesses_where_a_trail_delivered() {
    let live = TrailSettings {
        bucket: "trail-archive-tmp".into(),
        ..good()
    };
    assert!(matches!(
        decide(&live, &TrailWish::Hold(vec![TrailField::Bucket]), None),
        Decision::CannotTell(_)
    ));
    let live = TrailSettings {
        topic: None,
        ..good()
    };
    assert!(matches!(
        decide(&live, &TrailWish::Hold(vec![TrailField::Topic]), None),
        Decision::ByHand(_)
    ));
}

#[test]
fn whether_it_was_an_organization_trail_only_discovery_knows_where_nothing_is_recorded() {
    let live = Some(TrailSettings {
        organization: false,
        ..good()
    });
    let wish = TrailWish::Hold(vec![TrailField::Organization]);
    let mut stage = stage();
    let decide = |stage: &Stage| TrailConfig::decide(&live, &wish, None, stage.scene());
    assert!(matches!(decide(&stage), Decision::CannotTell(_)));
    stage.inventory.learn(TrailUse::of(TRAIL, &good(), None));
    assert!(good().organization && matches!(decide(&stage), Decision::ByHand(_)));
}

#[test]
fn a_deleted_trail_is_made_again_after_its_bucket_and_key() {
    let wish = TrailWish::Exist {
        bucket_owner: Some("222222222222".into()),
        organization: Some("o-exampleorg1".into()),
    };
    let change = changed(TrailConfig::decide(
        &None,
        &wish,
        Some(&Some(good())),
        stage().scene(),
    ));
    assert_eq!(change.to, Some(good()));
    assert_eq!(
        kinds(&change.first),
        ["bucket-policy", "key-state", "key-policy"]
    );
    let Some(Plan::BucketPolicy(step)) = change.first.first() else {
        panic!()
    };
    assert_eq!(step.at.resource, "arn:aws:s3:::acme-org-trail-logs");
    assert_eq!(step.at.account, "222222222222");
    assert!(!step.wish.outsiders && !step.wish.restore);
    let delivery = step.wish.deliveries.first().unwrap();
    assert_eq!(
        (delivery.trail_arn.as_str(), delivery.org_id.as_deref()),
        (TRAIL, Some("o-exampleorg1"))
    );
}

#[test]
fn the_settings_name_the_owner_of_the_bucket_where_nobody_else_does() {
    let mut stage = stage();
    stage.settings.ours.log_archives = vec!["222222222222".into()];
    let change = changed(TrailConfig::decide(
        &None,
        &TrailWish::Hold(Vec::new()),
        Some(&Some(good())),
        stage.scene(),
    ));
    assert_eq!(change.first.first().unwrap().at().account, "222222222222");
}

#[test]
fn whose_the_bucket_is_and_where_is_known_from_discovery_by_its_name() {
    let mut stage = stage();
    stage.inventory.learn(TrailUse {
        bucket_owner: Some("333333333333".into()),
        bucket_region: Some("eu-central-1".into()),
        ..TrailUse::of(TRAIL, &good(), Some("o-exampleorg1"))
    });
    let elsewhere = TrailSettings {
        bucket: "trail-archive-tmp".into(),
        ..good()
    };
    // Deleted, or moved away: what is known of another bucket says nothing about this.
    stage.inventory.learn(TrailUse {
        bucket_owner: Some("999999999999".into()),
        ..TrailUse::of(TRAIL, &elsewhere, None)
    });
    for live in [None, Some(elsewhere)] {
        let wish = TrailWish::Hold(Vec::new());
        let known = Some(good());
        let decision = TrailConfig::decide(&live, &wish, Some(&known), stage.scene());
        let first = changed(decision).first;
        let Some(Plan::BucketPolicy(step)) = first.first() else {
            panic!("{first:?}")
        };
        let at = (step.at.account.as_str(), step.at.region.as_str());
        assert_eq!(at, ("333333333333", "eu-central-1"));
        let delivery = &step.wish.deliveries[0];
        assert_eq!(delivery.org_id.as_deref(), Some("o-exampleorg1"));
    }
}

#[test]
fn a_bucket_of_unknown_region_is_not_taken_to_be_where_the_trail_is() {
    let wish = TrailWish::Hold(Vec::new());
    let decision = TrailConfig::decide(&None, &wish, Some(&Some(good())), stage().scene());
    assert_eq!(changed(decision).first[0].at().region, "");
}

#[test]
fn a_deleted_trail_of_which_nothing_is_recorded_needs_a_person() {
    let wish = TrailWish::Exist {
        bucket_owner: None,
        organization: None,
    };
    for baseline in [None, Some(&None)] {
        let decision = TrailConfig::decide(&None, &wish, baseline, stage().scene());
        assert!(matches!(decision, Decision::ByHand(_)));
    }
}

#[test]
fn what_stands_under_a_deleted_trails_name_is_left_to_a_person_and_to_what_is_confirmed() {
    let wish = TrailWish::Exist {
        bucket_owner: None,
        organization: None,
    };
    let impostor = TrailSettings {
        bucket: "trail-archive-tmp".into(),
        validation: false,
        ..good()
    };
    let Decision::ByHand(why) = decide(&impostor, &wish, Some(&good())) else {
        panic!()
    };
    assert!(why.contains("bucket, log file validation"), "{why}");
    // The next look holds it against the record, as any trail.
    assert!(why.contains("once that is confirmed"), "{why}");
    assert_eq!(decide(&good(), &wish, Some(&good())), Decision::Safe);
}

#[test]
fn tags_are_not_compared_but_come_back() {
    let live = TrailSettings {
        tags: BTreeMap::new(),
        ..good()
    };
    assert!(TrailConfig::same(&Some(live.clone()), &Some(good())));
    assert_eq!(
        decide(&live, &TrailWish::Hold(Vec::new()), Some(&good())),
        Decision::Safe
    );
}

#[test]
fn states_and_wishes_are_readable_in_the_store() {
    let small = TrailSettings {
        bucket: "logs".into(),
        multi_region: true,
        ..TrailSettings::default()
    };
    insta::assert_json_snapshot!(small, @r#"
    {
      "bucket": "logs",
      "multi_region": true,
      "global_events": false,
      "validation": false,
      "organization": false
    }
    "#);
    let wish = serde_json::to_string(&TrailWish::Hold(vec![
        TrailField::MultiRegion,
        TrailField::LogGroup,
    ]))
    .unwrap();
    assert_eq!(wish, r#"{"hold":["multi-region","log-group"]}"#);
    assert_eq!(
        TrailConfig::tell(&Some(good())),
        "all accounts and regions to bucket acme-org-trail-logs, validated, encrypted, and to a log group"
    );
}
