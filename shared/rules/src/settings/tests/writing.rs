//! What whoever writes settings is shown and told.

use super::*;

#[test]
fn what_stands_in_the_example_beside_whose_it_is_is_the_default() {
    let mut settings = Settings::parse(EXAMPLE).unwrap();
    settings.ours = Ours::default();
    settings.given = false;
    assert_eq!(settings, Settings::default());
}

#[test]
fn the_example_is_right_with_all_that_stands_in_comments() {
    let settings = whole_example();
    assert_eq!(
        settings.mode_of("trail.logging-stopped", "111111111111", "arn:x"),
        Mode::Enforce
    );
    assert!(settings.kill_switch.is_some() && !settings.pauses.is_empty());
    let now = When::parse("2026-11-20").unwrap().0;
    assert_eq!(settings.doubts(EXAMPLE, now), Vec::<String>::new());
}

#[test]
fn a_unique_id_has_the_form_of_its_principals() {
    let known = |list: &str, principal: &str, id: &str| {
        beside(&format!(
            "[[{list}]]\nprincipal = \"arn:aws:iam::111111111111:{principal}\"\nunique_id = \"{id}\"\nreason = \"x\""
        ))
    };
    for list in ["operators", "break_glass", "approved", "deployers"] {
        for (principal, id) in [
            ("role/o", "AROAEXAMPLEOPERATOR01"),
            ("role/team/*", "AROAEXAMPLEOPERATOR01"),
            ("user/o", "AIDAEXAMPLEOPERATOR01"),
            ("*", "AIDAEXAMPLEOPERATOR01"),
            ("root", "111111111111"),
        ] {
            let settings = Settings::parse(&known(list, principal, id));
            assert!(settings.is_ok(), "{list} {principal} {id}: {settings:?}");
        }
        for (principal, id) in [
            ("role/o", "foo"),
            ("role/o", ""),
            ("role/o", "AROAEXAMPLE"),
            ("role/o", "AROAEXAMPLEOPERATOR01:alice"),
            ("role/o", "aroaexampleoperator01"),
            ("role/o", "AIDAEXAMPLEOPERATOR01"),
            ("user/o", "AROAEXAMPLEOPERATOR01"),
            ("role/o", "111111111111"),
            ("role/o", "arn:aws:iam::111111111111:role/o"),
        ] {
            let told = fault(&known(list, principal, id));
            let place = format!("line 5, column 13: {list}.unique_id: `{id}` is no unique ID");
            assert!(told.contains(&place), "{told}");
        }
    }
}

#[test]
fn what_is_expected_is_told_in_words_of_toml() {
    for (text, expected) in [
        ("ours = 5", "expected a table"),
        (
            &*beside("[breaker]\nchanges = -1"),
            "expected a whole number, 0 or more",
        ),
        (
            &*beside("[breaker]\nchanges = \"3\""),
            "expected a whole number, 0 or more",
        ),
        ("[ours]\naccounts = \"111111111111\"", "expected a list"),
        (
            &*beside("[protected]\ndiscover = 1"),
            "expected `true` or `false`",
        ),
        (&*beside("[mode]\nrules = 1"), "expected a table"),
        (&*beside("[mode]\ndefault = 3"), "expected a word in quotes"),
        (
            &*beside("[kill_switch]\nby = \"a\"\nreason = \"b\"\nuntil = \"2099-01-01\""),
            "expected a date such as 2026-12-31, without quotes",
        ),
    ] {
        let told = fault(text);
        assert!(told.contains(expected), "{text}\n{told}");
        assert!(
            !told.contains("struct") && !told.contains("sequence"),
            "{told}"
        );
    }
}

#[test]
fn what_is_right_and_hardly_meant_is_doubted() {
    let now = When::parse("2026-11-20T12:00:00Z").unwrap().0;
    let exception = |until: &str| {
        beside(&format!(
            "[[exceptions]]\nrule = \"bucket.policy-opened\"\nresource = \"arn:aws:s3:::a\"\nactor = \"*\"\nreason = \"x\"\nuntil = {until}"
        ))
    };
    let partner =
        "[[partners]]\naccount = \"111111111111\"\nexternal_id = \"acme-1\"\npurpose = \"x\"";
    let deployer = |id: &str| {
        format!(
            "[[deployers]]\nprincipal = \"arn:aws:iam::111111111111:role/d\"\nreason = \"x\"\n{id}\n"
        )
    };
    let one = "unique_id = \"AROAEXAMPLEOPERATOR01\"";
    for (text, doubt) in [
        (exception("2026-11-20"), None),
        (
            exception("2026-11-19"),
            Some("line 8, column 9: exceptions.until: the exception ended"),
        ),
        (
            beside("[kill_switch]\nby = \"a\"\nreason = \"b\"\nuntil = 2026-11-20T11:59:59Z"),
            Some("line 6, column 9: kill_switch.until: the kill switch ended"),
        ),
        (
            "ours.accounts = [\"111111111111\", \"111111111111\"]".into(),
            Some("line 1, column 34: ours.accounts: `111111111111` stands here twice"),
        ),
        (beside("log_archives = [\"111111111111\"]"), None),
        (
            beside(&[deployer(""), deployer("")].concat()),
            Some(
                "line 8, column 13: deployers.principal: `arn:aws:iam::111111111111:role/d` stands here twice",
            ),
        ),
        // A role made anew, both of which are known for a while.
        (beside(&[deployer(""), deployer(one)].concat()), None),
        (
            beside(partner),
            Some("line 4, column 11: partners.account: `111111111111` is ours"),
        ),
    ] {
        let settings = Settings::parse(&text).unwrap();
        let doubts = settings.doubts(&text, now);
        match doubt {
            Some(doubt) => assert!(
                doubts.len() == 1 && doubts[0].starts_with(doubt),
                "{doubts:?}"
            ),
            None => assert_eq!(doubts, Vec::<String>::new(), "{text}"),
        }
    }
}
