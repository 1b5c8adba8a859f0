//! Roles that Auditward and log delivery depend on: known without being named,
//! reached by `enforce`, and judged by one rule.

use super::*;
use crate::facets::role::TrustWish;
use crate::settings::Held;

const ENFORCED: &str = "[mode]\ndefault = \"enforce\"\n";

/// A call on a role in an account, with this inventory and nothing named.
fn on(account: &str, role: &str, inventory: &Inventory) -> Judgement {
    let mut attached = event(
        "AttachRolePolicy",
        &json!({"roleName": role, "policyArn": "arn:aws:iam::aws:policy/AWSDenyAll"}),
    );
    attached["recipientAccountId"] = json!(account);
    judged_by(&format!("{OURS}{ENFORCED}"), inventory, &attached)
}

#[test]
fn enforce_reaches_a_guard_role_that_nobody_named_in_accounts_of_ours_alone() {
    let held = |account: &str, inventory: &Inventory| {
        let found = on(account, "auditward-trail-guard", inventory);
        assert_eq!(rules(&found), ["guard-role.changed"]);
        found.findings[0].held.clone()
    };
    let none = Inventory::default();
    assert_eq!(held("111111111111", &none), None);
    assert_eq!(held("333333333333", &none), Some(Held::OutOfReach));
    let listed = Inventory {
        accounts: vec!["333333333333".into()],
        ..Inventory::default()
    };
    assert_eq!(held("333333333333", &listed), None);
    // What holds a protected trail is ours as well.
    let trails = vec![TrailUse {
        trail: "arn:aws:cloudtrail:eu-west-1:333333333333:trail/audit".into(),
        ..TrailUse::default()
    }];
    let holding = Inventory {
        trails,
        ..Inventory::default()
    };
    assert_eq!(held("333333333333", &holding), None);
}

#[test]
fn roles_that_deliver_or_replicate_logs_are_reached_whatever_their_path() {
    let log_role = Some("arn:aws:iam::222222222222:role/service-role/delivers".to_owned());
    let replicates = "arn:aws:iam::222222222222:role/service-role/s3crr_role_for_logs";
    let inventory = Inventory {
        trails: vec![TrailUse {
            log_role,
            ..TrailUse::default()
        }],
        others: [replicates.to_owned()].into(),
        ..Inventory::default()
    };
    for role in ["delivers", "s3crr_role_for_logs"] {
        let found = on("222222222222", role, &inventory);
        assert_eq!(rules(&found), ["guard-role.changed"], "{role}");
        assert_eq!(found.findings[0].held, None, "{role}");
        // The same name in another account is another role.
        assert!(on("111111111111", role, &inventory).findings.is_empty());
    }
    // A bucket of that name is no role.
    let inventory = Inventory {
        others: ["arn:aws:s3:::delivers".to_owned()].into(),
        ..Inventory::default()
    };
    assert!(
        on("222222222222", "delivers", &inventory)
            .findings
            .is_empty()
    );
}

#[test]
fn a_guard_role_is_a_role_and_no_user_or_session_of_its_name() {
    let settings = Settings::parse(OURS).unwrap();
    let is = |arn: &str| settings.is_guard_role(arn, &Inventory::default());
    assert!(is("arn:aws:iam::111111111111:role/x/auditward-self-guard"));
    for other in [
        "arn:aws:iam::111111111111:user/auditward-self-guard",
        "arn:aws:sts::111111111111:assumed-role/build/auditward-self-guard",
        "auditward-self-guard",
    ] {
        assert!(!is(other), "{other}");
    }
}

/// IAM takes a name in any case, and events have it as the caller wrote it.
#[test]
fn a_guard_role_is_known_by_its_name_in_any_case() {
    let others = ["arn:aws:iam::111111111111:role/service-role/Delivers".to_owned()];
    let inventory = Inventory {
        others: others.into(),
        ..Inventory::default()
    };
    for (written, real) in [
        (
            "Auditward-Role-Guard-us-east-1",
            "auditward-role-guard-us-east-1",
        ),
        ("AUDITWARD-MEMBER", "auditward-member"),
        ("delivers", "Delivers"),
    ] {
        let found = on("111111111111", written, &inventory);
        assert_eq!(rules(&found), ["guard-role.changed"], "{written}");
        let at = found.findings[0].plan[0].at();
        assert_eq!(at.name(), real, "what is recorded goes by the real name");
    }
}

#[test]
fn the_role_in_member_accounts_is_guarded_however_it_is_called() {
    let mut settings = Settings::parse(OURS).unwrap();
    settings.home = Some(crate::settings::Home {
        account: "111111111111".into(),
        member_role: "security/hands-of-the-guard".into(),
    });
    let is = |account: &str| {
        let role = format!("arn:aws:iam::{account}:role/hands-of-the-guard");
        settings.is_guard_role(&role, &Inventory::default())
    };
    assert!(is("222222222222"));
    assert!(!is("111111111111"));
}

/// Whom the settings know as a deployer.
const DEPLOYER: &str =
    "[[deployers]]\nprincipal = \"arn:aws:iam::111111111111:user/x\"\nreason = \"r\"\n";

#[test]
fn what_a_deployer_lets_in_from_outside_is_not_learnt() {
    let settings = format!("{OURS}{DEPLOYER}");
    let written = |document: &str| {
        let request = json!({"roleName": "auditward-trail-guard", "policyDocument": document});
        let event = event("UpdateAssumeRolePolicy", &request);
        judged_by(&settings, &Inventory::default(), &event)
    };
    let open = written(FOREIGN);
    assert_eq!(rules(&open), ["role.trust-opened"]);
    assert!(open.accepted.is_empty(), "the good state stays recorded");
    let finding = &open.findings[0];
    assert_eq!(finding.severity, Severity::Critical);
    let Plan::RoleTrust(step) = &finding.plan[0] else {
        panic!("{finding:?}")
    };
    assert_eq!(
        step.wish,
        TrustWish::BaselineOrClosed,
        "closed to nobody, it would work for nobody"
    );

    let safe = written(EC2);
    assert!(safe.findings.is_empty());
    assert!(safe.accepted[0].wrote().is_some());

    let unknown = written(HIDDEN);
    assert_eq!(rules(&unknown), ["role.trust-opened"]);
    assert_eq!(unknown.verdict(), Verdict::CannotTell);
    assert!(unknown.accepted[0].wrote().is_none());
}

#[test]
fn no_session_is_ended_in_which_auditward_works() {
    let always = format!("{OURS}{DEPLOYER}[roles]\nrevoke_sessions = \"always\"\n");
    let plans = |name: &str, role: &str| {
        let parameter = match name {
            "CreateRole" => "assumeRolePolicyDocument",
            _ => "policyDocument",
        };
        let event = event(name, &json!({"roleName": role, parameter: FOREIGN}));
        let found = judged_by(&always, &Inventory::default(), &event);
        assert_eq!(found.findings.len(), 1, "{name} {role}");
        (kinds(&found).len(), found.findings[0].summary.clone())
    };
    for (name, role, steps) in [
        (
            "UpdateAssumeRolePolicy",
            "auditward-role-guard-us-east-1",
            1,
        ),
        ("UpdateAssumeRolePolicy", "webshop", 2),
        ("CreateRole", "auditward-role-guard-us-east-1", 1),
        ("CreateRole", "webshop", 2),
        // Nobody works in the sessions of a role that was just made with such a name.
        ("CreateRole", "auditward-tools", 2),
    ] {
        let (found, summary) = plans(name, role);
        assert_eq!(found, steps, "{name} {role}");
        assert_eq!(summary.contains("not ended"), steps == 1, "{summary}");
    }
}

#[test]
fn a_guard_role_makes_one_case_whatever_it_is_given() {
    for (name, parameter, value) in [
        ("UpdateAssumeRolePolicy", "policyDocument", FOREIGN),
        ("AttachRolePolicy", "policyArn", ADMIN),
    ] {
        let request = json!({"roleName": "auditward-trail-guard", parameter: value});
        let found = judged(&event(name, &request));
        assert_eq!(rules(&found), ["guard-role.changed"], "{name}");
    }
    for (document, expected) in [
        (FOREIGN, TrustWish::BaselineOrClosed),
        (HIDDEN, TrustWish::BaselineOrClosed),
        (EC2, TrustWish::Baseline),
    ] {
        let request = json!({"roleName": "auditward-trail-guard", "policyDocument": document});
        let found = judged(&event("UpdateAssumeRolePolicy", &request));
        let Plan::RoleTrust(step) = &found.findings[0].plan[0] else {
            panic!("{found:?}")
        };
        assert_eq!(step.wish, expected, "{document}");
    }
    // Made anew it is judged like any other role.
    let made = json!({"roleName": "auditward-trail-guard", "assumeRolePolicyDocument": FOREIGN});
    let found = judged(&event("CreateRole", &made));
    assert_eq!(rules(&found), ["role.created-open"]);
}
