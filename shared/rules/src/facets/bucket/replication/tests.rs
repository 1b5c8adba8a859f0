use proptest::prelude::*;

use super::*;
use crate::facets::bucket::law::{changed, stage};
use crate::facets::law::{Stage, keeps_the_law};

const ARCHIVE: &str = "arn:aws:s3:::acme-archive";
const UNNAMED: &str = "arn:aws:s3:::acme-archive-2";
const ROLE: &str = "arn:aws:iam::111111111111:role/replication";

fn rule(id: &str, bucket: &str, account: Option<&str>) -> ReplicationRule {
    ReplicationRule {
        id: Some(id.into()),
        priority: Some(1),
        enabled: true,
        filter: Some(ReplicationFilter::default()),
        destination: Destination {
            bucket: bucket.into(),
            account: account.map(str::to_owned),
            ..Destination::default()
        },
        delete_markers: Some(false),
        ..ReplicationRule::default()
    }
}

fn of(rules: Vec<ReplicationRule>) -> Replication {
    Replication {
        role: ROLE.into(),
        rules,
    }
}

/// Settings that name one bucket and two accounts.
fn given() -> Stage {
    let mut stage = stage();
    stage.settings.given = true;
    stage.settings.ours.accounts = vec!["222222222222".into()];
    stage.settings.protected.resources = vec![ARCHIVE.into(), "arn:aws:s3:::acme-*".into()];
    stage
}

fn decide(stage: &Stage, live: &Replication, known: Option<&Replication>) -> Decision<Replication> {
    BucketReplication::decide(live, &TargetsWish::default(), known, stage.scene())
}

fn any_state() -> impl Strategy<Value = Replication> {
    let place = prop::sample::select(vec![
        (ARCHIVE, None),
        (UNNAMED, None),
        (UNNAMED, Some("222222222222")),
        ("arn:aws:s3:::loot", Some("333333333333")),
    ]);
    let one = (
        place,
        any::<bool>(),
        prop::sample::select(vec!["", "AWSLogs/"]),
        1..3_i32,
    );
    let rules = prop::collection::vec(one, 0..4).prop_map(|rules| {
        let named = rules.into_iter().enumerate();
        let made = named.map(|(nth, ((bucket, account), enabled, prefix, priority))| {
            let mut made = rule(&format!("rule-{nth}"), bucket, account);
            made.enabled = enabled;
            made.priority = Some(priority);
            made.filter = Some(ReplicationFilter {
                prefix: Some(prefix.into()),
                tags: Vec::new(),
            });
            made
        });
        made.collect::<Vec<_>>()
    });
    let role = prop::sample::select(vec![ROLE, "arn:aws:iam::111111111111:role/other"]);
    (rules, role).prop_map(|(rules, role)| match rules.as_slice() {
        [] => Replication::default(),
        _ => Replication {
            role: role.into(),
            rules,
        },
    })
}

proptest! {
    #[test]
    fn replication_keeps_the_law(
        live in any_state(), baseline in proptest::option::of(any_state()), some: bool,
    ) {
        let wish = TargetsWish { some, ..TargetsWish::default() };
        keeps_the_law::<BucketReplication>(&given(), &live, &wish, baseline.as_ref())?;
    }
}

#[test]
fn only_the_rules_that_copy_to_strangers_go() {
    let stage = given();
    let live = of(vec![
        rule("archive", ARCHIVE, None),
        rule("member", UNNAMED, Some("222222222222")),
        rule("loot", "arn:aws:s3:::loot", Some("333333333333")),
        rule("unnamed", "arn:aws:s3:::acme-loot", None),
    ]);
    let change = changed(decide(&stage, &live, None));
    let ids: Vec<_> = change.to.rules.iter().filter_map(|one| one.id()).collect();
    assert_eq!(
        ids,
        ["archive", "member"],
        "a pattern names nobody's bucket"
    );
    assert!(!change.evidence_on);
}

#[test]
fn nothing_is_left_where_all_of_it_was_a_strangers() {
    let stage = given();
    let live = of(vec![rule(
        "loot",
        "arn:aws:s3:::loot",
        Some("333333333333"),
    )]);
    let change = changed(decide(&stage, &live, Some(&Replication::default())));
    assert_eq!(change.to, Replication::default());
}

#[test]
fn what_is_recorded_is_accepted_and_comes_back_under_its_priority() {
    let stage = given();
    let known = of(vec![rule("partner", "arn:aws:s3:::partner", None)]);
    assert_eq!(decide(&stage, &known, Some(&known)), Decision::Safe);
    let mut off = known.clone();
    off.rules[0].enabled = false;
    let change = changed(decide(&stage, &off, Some(&known)));
    assert_eq!(change.to, known);
    let other = of(vec![rule("archive", ARCHIVE, None)]);
    let change = changed(decide(&stage, &other, Some(&known)));
    let priorities: Vec<_> = change.to.rules.iter().map(|one| one.priority).collect();
    assert_eq!(priorities, [Some(2), Some(1)]);
}

#[test]
fn what_is_gone_comes_back_after_versioning() {
    let stage = given();
    let known = of(vec![rule("archive", ARCHIVE, None)]);
    let change = changed(decide(&stage, &Replication::default(), Some(&known)));
    assert_eq!(change.to, known);
    let kinds: Vec<_> = change.first.iter().map(|plan| plan.kind()).collect();
    assert_eq!(kinds, ["bucket-versioning"]);
    let mut off = known.clone();
    off.rules[0].enabled = false;
    let change = changed(decide(&stage, &off, Some(&known)));
    assert_eq!(change.first, []);
}

#[test]
fn a_role_that_is_not_the_recorded_one_copies_no_longer() {
    let stage = given();
    let known = of(vec![rule("archive", ARCHIVE, None)]);
    let live = Replication {
        role: "arn:aws:iam::333333333333:role/taker".into(),
        ..known.clone()
    };
    assert_eq!(changed(decide(&stage, &live, Some(&known))).to, known);
    assert!(matches!(decide(&stage, &live, None), Decision::ByHand(_)));
}

#[test]
fn without_settings_nobody_tells_whose_an_unnamed_bucket_is() {
    let live = of(vec![rule("archive", ARCHIVE, None)]);
    let decision = decide(&stage(), &live, None);
    assert!(matches!(decision, Decision::CannotTell(_)), "{decision:?}");
}
