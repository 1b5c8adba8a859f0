//! Principals with paths: events leave them out.

use super::*;
use crate::settings::Held;

fn with(more: &str) -> String {
    format!(
        "{OURS}[mode]\ndefault = \"enforce\"\n[protected]\nresources = [\"arn:aws:iam::111111111111:role/security/log-reader\", \"arn:aws:cloudtrail:*:111111111111:trail/*\"]\n{more}"
    )
}

fn opened(role: &str) -> Value {
    event(
        "UpdateAssumeRolePolicy",
        &json!({"roleName": role, "policyDocument": FOREIGN}),
    )
}

#[test]
fn enforce_reaches_a_guarded_role_with_a_path() {
    let held = |role: &str| {
        let found = judged_by(&with(""), &Inventory::default(), &opened(role));
        found.findings[0].held.clone()
    };
    assert_eq!(held("log-reader"), None);
    assert_eq!(held("webshop"), Some(Held::OutOfReach));
}

#[test]
fn an_exception_holds_for_a_role_with_a_path_that_it_names() {
    let excepting = |role: &str| {
        with(&format!(
            "[[exceptions]]\nrule = \"role.trust-opened\"\nresource = \"arn:aws:iam::111111111111:role/vendor/{role}\"\nactor = \"*\"\nreason = \"r\"\nuntil = 2030-06-30\n"
        ))
    };
    let none = Inventory::default();
    let found = judged_by(&excepting("datadog"), &none, &opened("datadog"));
    assert_eq!((found.findings.len(), found.excepted.len()), (0, 1));
    // Which roles have that path, events do not say: nobody is let in on a guess.
    for (vendor, role) in [("datadog", "webshop"), ("*", "datadog")] {
        let found = judged_by(&excepting(vendor), &none, &opened(role));
        assert_eq!(found.verdict(), Verdict::Violation, "{vendor} {role}");
    }
}

#[test]
fn a_mode_holds_for_a_role_with_a_path_and_the_careful_one_where_it_cannot_be_told() {
    let mode = |pattern: &str, mode: &str, role: &str| {
        let text = with("").replace(
            "[protected]",
            &format!("[mode.resources]\n\"arn:aws:iam::111111111111:role/{pattern}\" = \"{mode}\"\n[protected]"),
        );
        let found = judged_by(&text, &Inventory::default(), &opened(role));
        found.findings.first().map(|finding| finding.mode.name())
    };
    assert_eq!(mode("legacy/old", "alert", "old"), Some("alert"));
    assert_eq!(mode("legacy/old", "off", "old"), None);
    assert_eq!(mode("legacy/old", "alert", "new"), Some("enforce"));
    for pattern in ["alert", "off"] {
        assert_eq!(
            mode("legacy/*", pattern, "new"),
            Some("alert"),
            "told all the same"
        );
        let guard = mode("legacy/*", pattern, "auditward-trail-guard");
        assert_eq!(guard, Some("enforce"));
    }
}

#[test]
fn whether_a_role_has_a_guarded_path_cannot_be_told() {
    let whole_path =
        format!("{OURS}[protected]\nresources = [\"arn:aws:iam::111111111111:*/security/*\"]\n");
    let is = |name: &str, request: Value| {
        let found = judged_by(&whole_path, &Inventory::default(), &event(name, &request));
        (found.verdict(), kinds(&found).len())
    };
    let role = json!({"roleName": "webshop"});
    assert_eq!(is("DeleteRole", role.clone()), (Verdict::CannotTell, 0));
    assert_eq!(is("TagRole", role), (Verdict::CannotTell, 0));
    let user = json!({"userName": "bob"});
    assert_eq!(is("CreateAccessKey", user), (Verdict::CannotTell, 0));
    let inline = json!({"roleName": "webshop", "policyName": "a"});
    assert_eq!(is("DeleteRolePolicy", inline), (Verdict::CannotTell, 1));

    // Whoever makes a key of his own is named with his path.
    let own = |path: &str| {
        let mut own = event("CreateAccessKey", &json!(null));
        own["userIdentity"]["arn"] = json!(format!("arn:aws:iam::111111111111:user/{path}x"));
        judged_by(&whole_path, &Inventory::default(), &own).verdict()
    };
    assert_eq!(own("security/"), Verdict::Violation);
    assert_eq!(own("web/"), Verdict::Clean);
}

#[test]
fn patterns_without_an_account_and_home_make_what_is_near() {
    let power =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let request = json!({"userName": "eve", "policyName": "a", "policyDocument": power});
    let put = event("PutUserPolicy", &request);
    let verdict = |pattern: &str, ours: &str, home: Option<&str>| {
        let text =
            format!("[ours]\naccounts = [\"{ours}\"]\n[protected]\nresources = [\"{pattern}\"]\n");
        let mut settings = Settings::parse(&text).unwrap();
        settings.home = home.map(|account| crate::settings::Home {
            account: account.into(),
            member_role: "auditward-member".into(),
        });
        let text = put.to_string();
        let record = Record::read(&text).unwrap();
        let now = Utc.with_ymd_and_hms(2026, 11, 12, 12, 1, 0).unwrap();
        judge(&record, &settings, &Inventory::default(), now).verdict()
    };
    let trails = "arn:aws:cloudtrail:*:*:trail/*";
    assert_eq!(verdict(trails, "111111111111", None), Verdict::Violation);
    assert_eq!(
        verdict(trails, "222222222222", None),
        Verdict::Clean,
        "nobody of ours"
    );
    let bucket = "arn:aws:s3:::acme-logs";
    assert_eq!(verdict(bucket, "111111111111", None), Verdict::Clean);
    assert_eq!(
        verdict(bucket, "222222222222", Some("111111111111")),
        Verdict::Violation
    );
}
