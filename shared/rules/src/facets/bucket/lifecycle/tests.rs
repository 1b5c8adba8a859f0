use proptest::prelude::*;

use super::*;
use crate::facets::bucket::law::{changed, keeps_the_law, stage};

fn rule(id: &str) -> LifecycleRule {
    LifecycleRule {
        id: Some(id.into()),
        enabled: true,
        ..LifecycleRule::default()
    }
}

fn expiring(id: &str, days: i32) -> LifecycleRule {
    let expiration = Some(Expiration {
        days: Some(days),
        ..Expiration::default()
    });
    LifecycleRule {
        expiration,
        ..rule(id)
    }
}

fn under(prefix: &str, rule: LifecycleRule) -> LifecycleRule {
    let filter = Some(Filter {
        prefix: Some(prefix.into()),
        ..Filter::default()
    });
    LifecycleRule { filter, ..rule }
}

fn of(rules: Vec<LifecycleRule>) -> Lifecycle {
    Lifecycle {
        rules,
        minimum_size: None,
    }
}

fn to_glacier(rule: LifecycleRule) -> LifecycleRule {
    let transition = Transition {
        days: Some(90),
        date: None,
        class: "GLACIER".into(),
    };
    LifecycleRule {
        transitions: vec![transition],
        ..rule
    }
}

fn any_days() -> impl Strategy<Value = Option<i32>> {
    proptest::option::of(prop::sample::select(vec![1, 30, 364, 365, 3650]))
}

fn any_rule() -> impl Strategy<Value = LifecycleRule> {
    let filter = (
        proptest::option::of(prop::sample::select(vec![
            "",
            "*",
            "AWSLogs/",
            "AWSLogs/o-1/",
            "tmp/",
        ])),
        any::<bool>(),
        proptest::option::of(Just(0i64)),
    );
    let filter = filter.prop_map(|(prefix, tagged, larger_than)| Filter {
        prefix: prefix.map(str::to_owned),
        tags: if tagged {
            vec![Tag {
                key: "a".into(),
                value: "b".into(),
            }]
        } else {
            Vec::new()
        },
        larger_than,
        smaller_than: None,
    });
    let expiration = (
        any_days(),
        proptest::option::of(Just("2026-11-12T00:00:00Z".to_owned())),
    )
        .prop_map(|(days, date)| Expiration {
            days,
            date,
            delete_markers: None,
        });
    let noncurrent = (any_days(), proptest::option::of(1..5i32))
        .prop_map(|(days, keep_newer)| NoncurrentExpiration { days, keep_newer });
    (
        prop::sample::select(vec![None, Some("a"), Some("b"), Some("c")]),
        prop::bool::weighted(0.8),
        proptest::option::of(filter),
        proptest::option::of(expiration),
        proptest::option::of(noncurrent),
        any::<bool>(),
    )
        .prop_map(
            |(id, enabled, filter, expiration, noncurrent_expiration, moves)| {
                let id = id.map(str::to_owned);
                let rule = LifecycleRule {
                    id,
                    enabled,
                    filter,
                    expiration,
                    noncurrent_expiration,
                    ..Default::default()
                };
                if moves { to_glacier(rule) } else { rule }
            },
        )
}

fn any_lifecycle() -> impl Strategy<Value = Lifecycle> {
    prop::collection::vec(any_rule(), 0..4).prop_map(of)
}

proptest! {
    #[test]
    fn lifecycles_keep_the_law(
        live in any_lifecycle(), baseline in proptest::option::of(any_lifecycle()), known: bool,
    ) {
        let prefixes = if known { vec!["AWSLogs/".into()] } else { Vec::new() };
        keeps_the_law::<BucketLifecycle>(&live, &LifecycleWish { prefixes }, baseline.as_ref())?;
    }
}

fn decide(live: &Lifecycle, baseline: Option<&Lifecycle>) -> Decision<Lifecycle> {
    BucketLifecycle::decide(live, &LifecycleWish::default(), baseline, stage().scene())
}

#[test]
fn only_the_offending_expiry_goes() {
    let live = of(vec![
        to_glacier(expiring("housekeeping", 1)),
        expiring("ten-years", 3650),
        expiring("one", 1),
    ]);
    let change = changed(decide(&live, None));
    assert_eq!(
        change.to,
        of(vec![
            to_glacier(rule("housekeeping")),
            expiring("ten-years", 3650)
        ])
    );
    assert_eq!(
        change.why,
        "take the early expiry out of rule `housekeeping`; remove rule `one`, which only deletes early"
    );
}

#[test]
fn a_shortened_rule_goes_back_to_what_it_was() {
    let known = of(vec![expiring("logs", 400)]);
    let live = of(vec![expiring("logs", 1), to_glacier(rule("new"))]);
    let change = changed(decide(&live, Some(&known)));
    assert_eq!(
        change.to,
        of(vec![expiring("logs", 400), to_glacier(rule("new"))])
    );
}

#[test]
fn the_baseline_s_own_short_rules_are_accepted_but_no_shorter_ones() {
    let known = of(vec![under("tmp/", expiring("tmp", 7))]);
    assert_eq!(decide(&known, Some(&known)), Decision::Safe);
    let shorter = of(vec![under("tmp/", expiring("tmp", 1))]);
    assert_eq!(changed(decide(&shorter, Some(&known))).to, known);
    let wider = of(vec![under("", expiring("tmp", 7))]);
    assert_eq!(changed(decide(&wider, Some(&known))).to, known);
}

#[test]
fn what_cannot_touch_a_log_is_left_alone() {
    let abort = LifecycleRule {
        abort_uploads_after: Some(1),
        ..rule("uploads")
    };
    let markers = LifecycleRule {
        expiration: Some(Expiration {
            delete_markers: Some(true),
            ..Expiration::default()
        }),
        ..rule("markers")
    };
    let disabled = LifecycleRule {
        enabled: false,
        ..expiring("off", 1)
    };
    let live = of(vec![
        abort,
        markers,
        disabled,
        under("*", expiring("star", 1)),
        to_glacier(rule("move")),
    ]);
    assert_eq!(decide(&live, None), Decision::Safe);
}

#[test]
fn a_prefix_counts_where_it_overlaps_that_of_the_logs() {
    let wish = LifecycleWish {
        prefixes: vec!["audit/AWSLogs/".into()],
    };
    let offends = |prefix| under(prefix, expiring("x", 1)).offends(&wish, 365);
    assert!(offends("") && offends("audit/") && offends("audit/AWSLogs/o-1/2"));
    assert!(!offends("athena/") && !offends("audit/other/") && !offends("*"));
}

#[test]
fn what_other_services_deliver_beside_the_logs_may_expire() {
    let wish = LifecycleWish {
        prefixes: vec!["AWSLogs/".into()],
    };
    let offends = |prefix| under(prefix, expiring("x", 1)).offends(&wish, 365);
    for logs in [
        "AWS",
        "AWSLogs/",
        "AWSLogs/1111",
        "AWSLogs/111111111111",
        "AWSLogs/111111111111/",
        "AWSLogs/111111111111/Cloud",
        "AWSLogs/111111111111/CloudTrail",
        "AWSLogs/111111111111/CloudTrail/eu-west-1/2026/",
        "AWSLogs/111111111111/CloudTrail-Digest/",
        "AWSLogs/111111111111/CloudTrail-Insight/",
        "AWSLogs/o",
        "AWSLogs/o-exampleorg1/",
        "AWSLogs/o-exampleorg1/111111111111/Cl",
    ] {
        assert!(offends(logs), "{logs}");
    }
    for other in [
        "AWSLogs/111111111111/elasticloadbalancing/",
        "AWSLogs/111111111111/Config",
        "AWSLogs/111111111111/CloudWatch/",
        "AWSLogs/o-exampleorg1/111111111111/Config/",
        "AWSLogs/aws-account-id=111111111111/",
    ] {
        assert!(!offends(other), "{other}");
    }
    // Where no trail is known to deliver, any key may be a log.
    let anywhere = LifecycleWish::default();
    let balancers = under(
        "AWSLogs/111111111111/elasticloadbalancing/",
        expiring("x", 1),
    );
    assert!(balancers.offends(&anywhere, 365));
}

#[test]
fn old_versions_and_dates_count() {
    let wish = LifecycleWish::default();
    let old = NoncurrentExpiration {
        days: Some(1),
        keep_newer: Some(3),
    };
    assert!(
        LifecycleRule {
            noncurrent_expiration: Some(old),
            ..rule("x")
        }
        .offends(&wish, 365)
    );
    let date = Expiration {
        date: Some("2099-01-01T00:00:00Z".into()),
        ..Expiration::default()
    };
    assert!(
        LifecycleRule {
            expiration: Some(date),
            ..rule("x")
        }
        .offends(&wish, 365)
    );
    assert!(!expiring("x", 365).offends(&wish, 365));
}
