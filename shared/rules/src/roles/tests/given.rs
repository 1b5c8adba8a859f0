//! Power that is given, guardrails that go, and what is nobody's business.

use super::*;

const POWER: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// Settings under which these are guarded.
fn guarding(resources: &str) -> String {
    format!("{OURS}[protected]\nresources = [{resources}]\n")
}

const TRAIL: &str = r#""arn:aws:cloudtrail:*:111111111111:trail/*""#;

fn verdict(settings: &str, name: &str, request: &Value) -> Verdict {
    judged_by(settings, &Inventory::default(), &event(name, request)).verdict()
}

#[test]
fn a_guard_role_has_one_plan_whatever_is_done_to_it() {
    for (name, request) in [
        (
            "PutRolePolicy",
            json!({"policyName": "a", "policyDocument": POWER}),
        ),
        ("DeleteRolePolicy", json!({"policyName": "a"})),
        (
            "DetachRolePolicy",
            json!({"policyArn": "arn:aws:iam::aws:policy/AWSDenyAll"}),
        ),
        (
            "PutRolePermissionsBoundary",
            json!({"permissionsBoundary": ADMIN}),
        ),
        ("DeleteRolePermissionsBoundary", json!({})),
        ("TagRole", json!({"tags": []})),
        ("UpdateRole", json!({"maxSessionDuration": 43200})),
        ("DeleteRole", json!({})),
    ] {
        let mut request = request;
        request["roleName"] = json!("auditward-trail-guard");
        let guarded = guarding(r#""arn:aws:iam::111111111111:role/*""#);
        for settings in ["", &guarded] {
            let found = judged_by(settings, &Inventory::default(), &event(name, &request));
            assert_eq!(found.findings.len(), 1, "{name}: {:?}", rules(&found));
            assert_eq!(kinds(&found).len(), 1, "{name}");
        }
    }
}

#[test]
fn an_inline_policy_is_judged_near_what_is_protected_and_of_the_unapproved() {
    let put = json!({"userName": "x", "policyName": "a", "policyDocument": POWER});
    let is = |settings: &str| verdict(settings, "PutUserPolicy", &put);
    assert_eq!(is(&guarding(TRAIL)), Verdict::Violation);
    let elsewhere = TRAIL.replace("111111111111", "222222222222");
    assert_eq!(is(&guarding(&elsewhere)), Verdict::Clean);
    let approved = |path: &str| {
        format!(
            "{}[[approved]]\nprincipal = \"arn:aws:iam::111111111111:user/{path}x\"\nreason = \"r\"\n",
            guarding(TRAIL)
        )
    };
    assert_eq!(is(&approved("")), Verdict::Clean);
    assert_eq!(is(&approved("team/")), Verdict::CannotTell);
}

#[test]
fn passing_a_role_is_power_only_where_the_role_has_it() {
    let pass = |role: &str| {
        let document = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "iam:PassRole", "Resource": role}});
        json!({"roleName": "ci", "policyName": "a", "policyDocument": document.to_string()})
    };
    let approved = format!(
        "{}[[approved]]\nprincipal = \"arn:aws:iam::111111111111:role/platform\"\nreason = \"r\"\n",
        guarding(TRAIL)
    );
    let is = |role: &str| verdict(&approved, "PutRolePolicy", &pass(role));
    assert_eq!(
        is("arn:aws:iam::111111111111:role/platform"),
        Verdict::Violation
    );
    assert_eq!(is("arn:aws:iam::111111111111:role/webshop"), Verdict::Clean);
    assert_eq!(
        verdict("", "PutRolePolicy", &pass("*")),
        Verdict::Clean,
        "no role is known to be privileged"
    );
}

#[test]
fn what_is_guarded_is_known_without_its_path() {
    let settings = guarding(&format!(
        r#"{TRAIL}, "arn:aws:iam::111111111111:group/admins/platform""#
    ));
    let added = json!({"groupName": "platform", "userName": "x"});
    assert_eq!(
        verdict(&settings, "AddUserToGroup", &added),
        Verdict::Violation
    );
    let removed = |group: &str| json!({"groupName": group, "userName": "x"});
    assert_eq!(
        verdict(&settings, "RemoveUserFromGroup", &removed("platform")),
        Verdict::Violation
    );
    assert_eq!(
        verdict(&settings, "RemoveUserFromGroup", &removed("developers")),
        Verdict::Clean
    );
    let settings = format!(
        "{OURS}[[break_glass]]\nprincipal = \"arn:aws:iam::111111111111:user/glass/*\"\nreason = \"r\"\n"
    );
    let key = json!({"userName": "one"});
    assert_eq!(
        verdict(&settings, "CreateAccessKey", &key),
        Verdict::CannotTell,
        "no event says who has that path"
    );
}

/// IAM takes a name in any case.
#[test]
fn what_is_guarded_is_known_by_its_name_in_any_case() {
    let settings = guarding(&format!(
        r#"{TRAIL}, "arn:aws:iam::111111111111:group/admins", "arn:aws:iam::111111111111:user/ops/break-*""#
    ));
    let added = json!({"groupName": "ADMINS", "userName": "x"});
    let none = Inventory::default();
    let found = judged_by(&settings, &none, &event("AddUserToGroup", &added));
    assert_eq!(found.verdict(), Verdict::Violation);
    assert_eq!(found.findings[0].plan[0].at().name(), "admins");
    let key = json!({"userName": "Break-Glass"});
    assert_eq!(
        verdict(&settings, "CreateAccessKey", &key),
        Verdict::Violation
    );
    // What is excused goes by the very spelling.
    let approved = format!(
        "{}[[approved]]\nprincipal = \"arn:aws:iam::111111111111:user/platform\"\nreason = \"r\"\n",
        guarding(TRAIL)
    );
    let is = |user: &str| {
        let attached = json!({"userName": user, "policyArn": ADMIN});
        verdict(&approved, "AttachUserPolicy", &attached)
    };
    assert_eq!(is("platform"), Verdict::Clean);
    assert_eq!(is("Platform"), Verdict::Violation);
}

#[test]
fn sessions_that_were_ended_do_not_live_again_in_silence() {
    let revocation = |time: &str| {
        let condition = json!({"DateLessThan": {"aws:TokenIssueTime": time}});
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": condition}]})
        .to_string()
    };
    let nothing = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:Nothing","Resource":"*"}}"#;
    let put = |role: &str, name: &str, document: &str| {
        let request = json!({"roleName": role, "policyName": name, "policyDocument": document});
        verdict(OURS, "PutRolePolicy", &request)
    };
    let revokes = "AWSRevokeOlderSessions";
    for (name, document, expected) in [
        (
            revokes,
            revocation("2026-11-12T12:00:15.000Z"),
            Verdict::Clean,
        ),
        (
            revokes,
            revocation("2026-11-12T11:59:58.123Z"),
            Verdict::Clean,
        ),
        (
            revokes,
            revocation("2026-11-12T11:00:00Z"),
            Verdict::Violation,
        ),
        (revokes, nothing.to_owned(), Verdict::Violation),
        (
            "awsrevokeoldersessions",
            nothing.to_owned(),
            Verdict::Violation,
        ),
        (revokes, HIDDEN.to_owned(), Verdict::CannotTell),
        ("limits", nothing.to_owned(), Verdict::Clean),
    ] {
        assert_eq!(put("door", name, &document), expected, "{name} {document}");
    }
    let gone = |name: &str| {
        let request = json!({"roleName": "door", "policyName": name});
        let event = event("DeleteRolePolicy", &request);
        judged_by(OURS, &Inventory::default(), &event)
    };
    assert!(gone("limits").findings.is_empty());
    let found = gone(revokes);
    assert_eq!(rules(&found), ["inline-policy.guardrail-deleted"]);
    assert!(found.findings[0].summary.contains("live again"));
    // Under that name, too, power is taken away again.
    let mut settings = guarding(TRAIL);
    for near in [true, false] {
        let request = json!({"roleName": "door", "policyName": revokes, "policyDocument": POWER});
        let found = judged_by(
            &settings,
            &Inventory::default(),
            &event("PutRolePolicy", &request),
        );
        let [finding] = &*found.findings else {
            panic!("{found:?}")
        };
        assert!(finding.summary.contains("live again"), "{finding:?}");
        let expected = (near, usize::from(near));
        let is = (finding.severity == Severity::High, finding.plan.len());
        assert_eq!(is, expected, "{finding:?}");
        assert_eq!(finding.verdict, Verdict::Violation);
        settings = OURS.to_owned();
    }
    let put = |document: &str| {
        let request =
            json!({"roleName": "door", "policyName": revokes, "policyDocument": document});
        judged_by(
            &guarding(TRAIL),
            &Inventory::default(),
            &event("PutRolePolicy", &request),
        )
    };
    let tagged = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"red"}}}}"#;
    for (document, steps) in [(tagged, 1), (nothing, 0)] {
        let found = put(document);
        assert_eq!(found.verdict(), Verdict::Violation, "{document}");
        assert!(found.findings[0].certain, "{document}");
        assert_eq!(kinds(&found).len(), steps, "{document}");
    }
    // A user has no sessions of that kind.
    let user = json!({"userName": "x", "policyName": revokes});
    assert_eq!(verdict(OURS, "DeleteUserPolicy", &user), Verdict::Clean);
}

#[test]
fn a_partner_is_given_no_policy_that_nobody_has_read() {
    let settings = format!(
        "{OURS}[[partners]]\naccount = \"444444444444\"\nexternal_id = \"7d0c6a52-acme\"\nmay_read = [\"arn:aws:s3:::logs/AWSLogs/111111111111/*\"]\nrole = \"arn:aws:iam::111111111111:role/shares/acme-log-reader\"\npurpose = \"p\"\n"
    );
    let attached = |role: &str, policy: &str| {
        let request = json!({"roleName": role, "policyArn": policy});
        let event = event("AttachRolePolicy", &request);
        let found = judged_by(&settings, &Inventory::default(), &event);
        let mut of_partner = found.findings.into_iter();
        of_partner
            .find(|finding| finding.rule.id == "partner-role.widened")
            .map(|finding| finding.verdict)
    };
    let ours = "arn:aws:iam::111111111111:policy/read-all";
    let aws = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
    for (role, policy, expected) in [
        ("acme-log-reader", ours, Some(Verdict::CannotTell)),
        ("Acme-Log-Reader", ours, Some(Verdict::CannotTell)),
        (
            "acme-log-reader",
            &aws("ReadOnlyAccess"),
            Some(Verdict::Violation),
        ),
        ("acme-log-reader", &aws("AWSDenyAll"), None),
        ("webshop", ours, None),
    ] {
        assert_eq!(attached(role, policy), expected, "{role} {policy}");
    }
}

#[test]
fn whoever_gets_a_deployers_role_has_its_changes_accepted() {
    let settings = format!(
        "{OURS}[[deployers]]\nprincipal = \"arn:aws:iam::111111111111:role/deploy/pipeline\"\nreason = \"r\"\n"
    );
    let given = |role: &str| {
        let request = json!({"roleName": role, "instanceProfileName": "p"});
        verdict(&settings, "AddRoleToInstanceProfile", &request)
    };
    assert_eq!(given("pipeline"), Verdict::Violation);
    assert_eq!(given("webshop"), Verdict::Clean);
    let settings = settings.replace("deploy/pipeline", "deploy/*");
    let given = |role: &str| {
        let request = json!({"roleName": role, "instanceProfileName": "p"});
        verdict(&settings, "AddRoleToInstanceProfile", &request)
    };
    assert_eq!(
        given("webshop"),
        Verdict::Clean,
        "no event says who has that path, and everybody gives roles to instances"
    );
}

/// Whoever signs in as a deployer has its changes accepted.
#[test]
fn a_deployer_or_operator_gets_its_credentials_from_nobody_else() {
    let settings = format!(
        "{OURS}[[deployers]]\nprincipal = \"arn:aws:iam::111111111111:user/ci/deploy\"\nreason = \"r\"\n\
         [[operators]]\nprincipal = \"arn:aws:iam::111111111111:user/x\"\nunique_id = \"AIDAEXAMPLEOPERATOR1\"\nreason = \"r\"\n"
    );
    for (name, user, expected) in [
        ("CreateAccessKey", "deploy", Verdict::Violation),
        ("CreateAccessKey", "Deploy", Verdict::Violation),
        ("UpdateLoginProfile", "deploy", Verdict::Violation),
        ("CreateAccessKey", "other", Verdict::Clean),
        // The caller's own, as everybody has.
        ("CreateAccessKey", "x", Verdict::Clean),
        ("UpdateLoginProfile", "X", Verdict::Clean),
    ] {
        let request = json!({"userName": user});
        assert_eq!(
            verdict(&settings, name, &request),
            expected,
            "{name} {user}"
        );
    }
    let by_path = settings.replace("ci/deploy", "ci/*");
    let key = json!({"userName": "other"});
    assert_eq!(verdict(&by_path, "CreateAccessKey", &key), Verdict::Clean);
}

#[test]
fn a_key_of_ones_own_is_named_by_the_caller() {
    let mut own = event("CreateAccessKey", &json!(null));
    assert_eq!(judged(&own).verdict(), Verdict::Clean);
    let settings = guarding(r#""arn:aws:iam::111111111111:user/x""#);
    let none = Inventory::default();
    let found = judged_by(&settings, &none, &own);
    assert_eq!(
        (found.verdict(), kinds(&found).len()),
        (Verdict::Violation, 0),
        "without the key's ID nothing can be switched off"
    );
    own["responseElements"] = json!({"accessKey": {"accessKeyId": "AKIAEXAMPLE"}});
    let found = judged_by(&settings, &none, &own);
    assert_eq!(kinds(&found), ["access-key"]);
    assert_eq!(
        found.findings[0].plan[0].at().item.as_deref(),
        Some("AKIAEXAMPLE")
    );
    own["userIdentity"] = json!({"type": "Root", "arn": "arn:aws:iam::111111111111:root"});
    let found = judged_by(&settings, &none, &own);
    assert_eq!(found.findings[0].severity, Severity::Critical);
    assert!(kinds(&found).is_empty(), "root's key is for a person");
}

#[test]
fn a_new_default_version_is_judged_by_its_text() {
    let version = |set: Value| json!({"policyArn": "arn:aws:iam::111111111111:policy/team/p", "policyDocument": POWER, "setAsDefault": set});
    let is = |set: Value| verdict("", "CreatePolicyVersion", &version(set));
    assert_eq!(is(json!(true)), Verdict::Violation);
    assert_eq!(is(json!("true")), Verdict::Violation);
    assert_eq!(is(json!(false)), Verdict::Clean);
    assert_eq!(is(json!(null)), Verdict::Clean, "IAM's default is no");
    let mut hidden = version(json!(true));
    hidden["policyDocument"] = json!(HIDDEN);
    assert_eq!(
        verdict("", "CreatePolicyVersion", &hidden),
        Verdict::CannotTell
    );
}

#[test]
fn only_identity_center_itself_keeps_its_provider() {
    let name = "AWSSSO_5e0a7c1d94b2f683_DO_NOT_DELETE";
    let mut made = event("CreateSAMLProvider", &json!({"name": name}));
    assert_eq!(judged(&made).verdict(), Verdict::Violation);
    let issuer =
        "arn:aws:iam::111111111111:role/aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO";
    made["userIdentity"]["sessionContext"] = json!({"sessionIssuer": {"arn": issuer}});
    assert_eq!(judged(&made).verdict(), Verdict::Clean);
    made["requestParameters"]["name"] = json!("corp-login");
    assert_eq!(judged(&made).verdict(), Verdict::Violation);
}

#[test]
fn whether_it_is_the_approved_one_its_unique_id_tells_where_the_settings_give_it() {
    let approved = |user: &str| {
        format!(
            "{}[[approved]]\nprincipal = \"arn:aws:iam::111111111111:user/{user}\"\nunique_id = \"AIDAEXAMPLEPLATFORM01\"\nreason = \"r\"\n",
            guarding(TRAIL)
        )
    };
    let inline = json!({"userName": "x", "policyName": "a", "policyDocument": POWER});
    let unbound = json!({"userName": "x"});
    let attached = json!({"userName": "x", "policyArn": ADMIN});
    for (name, request) in [
        ("PutUserPolicy", inline),
        ("AttachUserPolicy", attached),
        ("DeleteUserPermissionsBoundary", unbound),
    ] {
        let is = |user: &str| verdict(&approved(user), name, &request);
        assert_eq!(is("x"), Verdict::CannotTell, "{name}: events have no ID");
        assert_eq!(is("y"), Verdict::Violation, "{name}");
    }
}
