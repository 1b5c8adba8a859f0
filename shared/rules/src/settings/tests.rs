use super::*;
use crate::actor::Actor;
use crate::inventory::Inventory;

mod writing;

fn fault(text: &str) -> String {
    Settings::parse(text).unwrap_err().to_string()
}

/// The example with all that stands in comments.
fn whole_example() -> Settings {
    let whole: Vec<_> = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => setting,
            _ => line,
        })
        .collect();
    Settings::parse(&whole.join("\n")).unwrap()
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
    let settings = whole_example();
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
    assert!(on("2099-06-30"));
    assert!(!on("2099-07-01"));
}

#[test]
fn break_glass_is_matched_by_unique_id_not_by_name() {
    let settings = Settings {
        kill_switch: None,
        ..whole_example()
    };
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

/// Settings in which this stands besides whose they are.
fn beside(text: &str) -> String {
    format!("[ours]\naccounts = [\"111111111111\"]\n{text}\n")
}

#[test]
fn a_fault_of_a_value_names_line_and_column_however_it_is_written() {
    for (text, place, what) in [
        (
            "[ours]\naccounts = [\"111111111111\",\n  \"12\"]\n",
            "line 3, column 3",
            "ours.accounts: `12` is no account ID",
        ),
        (
            "ours.accounts = [\"1\"]\n",
            "line 1, column 18",
            "ours.accounts: `1` is no account ID",
        ),
        (
            &beside("[breaker]\nchanges = 0"),
            "line 4, column 11",
            "breaker.changes: expected at least 1",
        ),
        (
            &beside("[fuses]\nsettle_seconds = 600"),
            "line 4, column 18",
            "fuses.settle_seconds: expected at most 240",
        ),
        (
            &beside("[mode]\nrules.\"trail.loging-stopped\" = \"alert\""),
            "line 4, column 7",
            "mode.rules: there is no rule `trail.loging-stopped`",
        ),
        (
            &beside("[mode.accounts]\n\"1\" = \"alert\""),
            "line 4, column 1",
            "mode.accounts: `1`",
        ),
        // The second of them, and what is not there at all where it should stand.
        (
            &beside(
                "[[pauses]]\nfrom = 2026-11-20T08:00:00Z\nuntil = 2026-11-20T09:00:00Z\nreason = \"x\"\n[[pauses]]\nfrom = 2026-11-20T08:00:00Z\nuntil = 2026-11-20T19:00:00Z\nreason = \"x\"",
            ),
            "line 9, column 9",
            "pauses.until: a pause lasts at most 4 hours",
        ),
        (
            &beside(
                "[[operators]]\nprincipal = \"arn:aws:iam::111111111111:role/o\"\nreason = \"x\"",
            ),
            "line 3, column 1",
            "operators.unique_id: expected the unique ID",
        ),
        (
            &beside("[organization]\ntrusted_access = [\"x\"]"),
            "line 4, column 19",
            "organization.trusted_access: `x`",
        ),
    ] {
        let told = fault(text);
        assert!(told.contains(&format!("{place}: {what}")), "{text}\n{told}");
    }
}

#[test]
fn a_pattern_that_matches_nothing_is_told_with_what_was_meant() {
    let exception = |resource: &str, actor: &str| {
        beside(&format!(
            "[[exceptions]]\nrule = \"bucket.policy-opened\"\nresource = \"{resource}\"\nactor = \"{actor}\"\nreason = \"x\"\nuntil = 2099-01-01"
        ))
    };
    let protected = |pattern: &str| beside(&format!("[protected]\nresources = [\"{pattern}\"]"));
    let website = "arn:aws:s3:::acme-website";
    for (text, expected) in [
        (protected("acme-logs"), "such as arn:aws:s3:::acme-logs"),
        (protected("s3:::acme-logs"), "matches no ARN"),
        (protected("arn:aws:s3:acme-logs"), "lacks parts of an ARN"),
        (protected("arn:s3:::acme-logs:x:y"), "names no partition"),
        (
            protected("arn:aws:cloudtrail:eu-west-1:1111:trail/*"),
            "names no account of 12 digits",
        ),
        (
            beside("[mode.resources]\n\"legacy-*\" = \"alert\""),
            "mode.resources: `legacy-*` matches no ARN: expected an ARN pattern such as arn:aws:s3:::legacy-*",
        ),
        (
            beside(
                "[[partners]]\naccount = \"444444444444\"\nexternal_id = \"acme-1\"\npurpose = \"x\"\nmay_read = [\"acme-logs\"]",
            ),
            "such as arn:aws:s3:::acme-logs/AWSLogs/111111111111/*",
        ),
        (exception("acme-website", "*"), "exceptions.resource"),
        (
            exception(website, "web"),
            "exceptions.actor: `web` matches no ARN",
        ),
        (
            exception(website, "arn:aws:sts::111111111111:assumed-role/web/*"),
            "names a session, which is never matched",
        ),
        (
            beside(
                "[[approved]]\nprincipal = \"arn:aws:sts::111111111111:assumed-role/a/b\"\nreason = \"x\"",
            ),
            "approved.principal",
        ),
    ] {
        let told = fault(&text);
        assert!(told.contains(expected), "{text}\n{told}");
    }
    for right in [
        "*",
        "arn:*",
        "a*",
        "arn:aws:*",
        "arn:aws-cn:s3:::acme-logs",
        "arn:aws*:s3:::acme-*",
        "arn:aws:cloudtrail:*",
        "arn:aws:cloudtrail:*:*:trail/*",
        "arn:aws:iam::aws:policy/*",
        "arn:aws:iam::11111111111?:role/a",
        "arn:aws:s3::111111111111:public-access-block",
    ] {
        assert!(Settings::parse(&protected(right)).is_ok(), "{right}");
    }
    assert!(Settings::parse(&exception(website, "*")).is_ok());
}

#[test]
fn ids_and_numbers_have_their_form() {
    let partner = |id: &str| {
        beside(&format!(
            "[[partners]]\naccount = \"444444444444\"\nexternal_id = \"{id}\"\npurpose = \"x\""
        ))
    };
    let longest = "x".repeat(1224);
    for right in ["a1", "7d0c6a52-acme", "a:/b=c", longest.as_str()] {
        assert!(Settings::parse(&partner(right)).is_ok(), "{right}");
    }
    for wrong in ["", "a", "a*", "with space", &format!("{longest}x")] {
        let told = fault(&partner(wrong));
        assert!(told.contains("expected 2 to 1224"), "{told}");
    }
    let canonical =
        |id: &str| format!("ours.accounts = [\"111111111111\"]\nours.canonical_ids = [\"{id}\"]");
    assert!(Settings::parse(&canonical(&"0a".repeat(32))).is_ok());
    assert!(fault(&canonical("111111111111")).contains("line 2, column 23"));
    assert!(
        fault(&beside("[logs]\nkeep_days = 0")).contains("logs.keep_days: expected at least 1")
    );
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
