use super::*;
use crate::actor::Actor;
use crate::inventory::Inventory;

fn fault(text: &str) -> String {
    Settings::parse(text).unwrap_err().to_string()
}

#[test]
fn the_example_is_right_and_alerts_by_default() {
    let settings = Settings::parse(EXAMPLE).unwrap();
    assert_eq!(
        settings.mode_of("trail.deleted", "111111111111", "arn:x"),
        Mode::Alert
    );
    assert_eq!(
        settings.mode_of("trail.logging-stopped", "111111111111", "arn:x"),
        Mode::Enforce
    );
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_a_suggestion() {
    let fault = fault("[ours]\naccounts = [\"111111111111\"]\norganisation = \"o-exampleorg1\"\n");
    assert!(fault.contains("line 3"), "{fault}");
    assert!(fault.contains("did you mean `organization`?"), "{fault}");
}

#[test]
fn an_account_is_a_string_of_twelve_digits() {
    assert!(fault("[ours]\naccounts = [12345678901]").contains("line 2"));
    assert!(fault("[ours]\naccounts = [\"12345678901\"]").contains("12 digits"));
}

#[test]
fn an_unknown_rule_is_named_with_the_nearest() {
    let text =
        "[ours]\naccounts=[\"111111111111\"]\n[mode.rules]\n\"trail.loging-stopped\" = \"enforce\"";
    assert!(fault(text).contains("did you mean `trail.logging-stopped`?"));
}

#[test]
fn a_deployer_must_fix_its_account() {
    let text =
        "[ours]\naccounts=[\"111111111111\"]\n[[deployers]]\nprincipal = \"*\"\nreason = \"x\"";
    assert!(fault(text).contains("does not fix an account"));
}

#[test]
fn a_pause_lasts_four_hours_at_most() {
    let text = "[ours]\naccounts=[\"111111111111\"]\n[[pauses]]\nfrom = 2026-11-20T08:00:00Z\nuntil = 2026-11-20T13:00:00Z\nreason = \"x\"";
    assert!(fault(text).contains("at most 4 hours"));
}

#[test]
fn the_more_careful_of_rule_and_account_holds_and_a_resource_beats_both() {
    let text = "[ours]\naccounts=[\"111111111111\"]\n[mode]\ndefault=\"alert\"\n[mode.rules]\n\"trail.deleted\"=\"enforce\"\n\"trail.weakened\"=\"off\"\n[mode.accounts]\n\"111111111111\"=\"enforce\"\n\"222222222222\"=\"alert\"\n[mode.resources]\n\"arn:aws:s3:::legacy-*\"=\"alert\"";
    let settings = Settings::parse(text).unwrap();
    assert_eq!(
        settings.mode_of("trail.deleted", "111111111111", "x"),
        Mode::Enforce
    );
    assert_eq!(
        settings.mode_of("trail.deleted", "222222222222", "x"),
        Mode::Alert
    );
    assert_eq!(
        settings.mode_of("trail.weakened", "111111111111", "x"),
        Mode::Off
    );
    assert_eq!(
        settings.mode_of("trail.deleted", "111111111111", "arn:aws:s3:::legacy-a"),
        Mode::Alert
    );
    assert_eq!(
        settings.mode_of("trail.deleted", "333333333333", "x"),
        Mode::Enforce
    );
}

#[test]
fn exceptions_end_on_their_day() {
    let settings = Settings::parse(EXAMPLE).unwrap();
    let actor = Actor {
        issuer: "arn:aws:iam::111111111111:role/web/deploy".into(),
        ..Actor::default()
    };
    let on = |day: &str| {
        let now = When::parse(day).unwrap().0;
        settings
            .excepted(
                "bucket.policy-opened",
                "arn:aws:s3:::acme-website",
                &actor,
                now,
            )
            .is_some()
    };
    assert!(on("2027-06-30"));
    assert!(!on("2027-07-01"));
}

#[test]
fn break_glass_is_matched_by_unique_id_not_by_name() {
    let settings = Settings::parse(EXAMPLE).unwrap();
    let mut actor = Actor {
        issuer: "arn:aws:iam::111111111111:role/emergency".into(),
        unique_id: "AROAEXAMPLEEMERGENCY1".into(),
        ..Actor::default()
    };
    let now = When::parse("2026-11-20").unwrap().0;
    let held = |actor: &Actor| {
        settings.held(
            "trail.deleted",
            "111111111111",
            "arn:aws:s3:::x",
            actor,
            &Inventory::default(),
            now,
        )
    };
    assert!(matches!(held(&actor), Some(Held::BreakGlass { .. })));
    actor.unique_id = "AROASOMEBODYELSE".into();
    assert_eq!(held(&actor), Some(Held::OutOfReach));
}

/// Settings with this under `ours` and these patterns.
fn looking(ours: &str, patterns: &[&str]) -> Settings {
    let text = format!(
        "[ours]\naccounts=[\"222222222222\",\"111111111111\"]\n{ours}\n[protected]\nresources={patterns:?}"
    );
    Settings::parse(&text).unwrap()
}

#[test]
fn each_account_is_looked_at_once_in_the_regions_that_are_named() {
    let patterns = [
        "arn:aws:cloudtrail:ap-southeast-2:111111111111:trail/x",
        "arn:aws:cloudtrail:*:111111111111:trail/*",
        "arn:aws:s3:::logs",
        "arn:aws:kms:eu-*:111111111111:key/*",
    ];
    let settings = looking("log_archives=[\"222222222222\"]", &patterns);
    let regions: Vec<_> = settings.regions("eu-west-1").into_iter().collect();
    assert_eq!(regions, ["ap-southeast-2", "eu-west-1"]);
    let inventory = Inventory {
        accounts: vec!["222222222222".into(), "444444444444".into()],
        ..Inventory::default()
    };
    let accounts: Vec<_> = settings
        .accounts("111111111111", &inventory)
        .into_iter()
        .collect();
    assert_eq!(accounts, ["111111111111", "222222222222", "444444444444"]);

    // Regions that are listed are those, and no others but home.
    let settings = looking("regions=[\"us-gov-east-1\"]", &patterns);
    let regions: Vec<_> = settings.regions("eu-west-1").into_iter().collect();
    assert_eq!(regions, ["eu-west-1", "us-gov-east-1"]);
    assert!(fault("[ours]\nregions=[\"Ireland\"]").contains("no region"));
}

#[test]
fn all_trails_are_guarded_where_no_pattern_is_about_trails() {
    for (patterns, named) in [
        (&[][..], false),
        (&["arn:aws:s3:::logs"][..], false),
        (&["arn:aws:cloudtrail:*:*:eventdatastore/*"][..], false),
        (
            &["arn:aws:cloudtrail:eu-west-1:111111111111:trail/x"][..],
            true,
        ),
        (&["arn:aws:cloudtrail:*"][..], true),
        (&["arn:aws:*"][..], true),
        (&["*"][..], true),
    ] {
        assert_eq!(looking("", patterns).names_trails(), named, "{patterns:?}");
    }
}
