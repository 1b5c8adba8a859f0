//! Roles, users and groups, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

#[path = "recorded/iam.rs"]
mod recorded_iam;

use auditward_tests::api::Api;
use auditward_tests::look;
use auditward_tests::moto::{MANAGEMENT, MEMBER};
use auditward_tests::stage::{ENFORCE, OPERATOR, Stage};
use auditward_tests::story::{self, Ends, Row};
use serde_json::{Value, json};

const FUNCTION: &str = "role-guard";

static ROWS: &[Row] = &[
    Row::back("role.created-open.violation.foreign-account").ends(Ends::Safe(denies_everyone)),
    Row::back("role.trust-opened.violation.foreign-account").ends(Ends::Safe(denies_everyone)),
    Row::back("role.trust-opened.violation.own-and-foreign").ends(Ends::Safe(strangers_are_out)),
    Row::back("role.admin-attached.violation.administrator"),
    Row::back("user.admin-attached.violation.administrator"),
    Row::back("group.admin-attached.violation.administrator"),
    Row::back("inline-policy.power-given.violation.role-administrator"),
    Row::back("inline-policy.power-given.violation.user-cloudtrail"),
    Row::back("inline-policy.power-given.violation.group-identities"),
    // Without a record nothing says that the policy was there before.
    Row::back("inline-policy.power-given.violation.overwritten").unknown(Ends::Safe(is_deleted)),
    recorded("inline-policy.guardrail-deleted.violation.protected-group"),
    recorded("inline-policy.guardrail-deleted.violation.protected-role"),
    recorded("inline-policy.guardrail-deleted.violation.protected-user"),
    Row::back("attachment.guardrail-detached.violation.deny-all-of-user"),
    Row::back("attachment.guardrail-detached.violation.deny-all-of-group"),
    Row::back("attachment.guardrail-detached.violation.protected-guardrail"),
    Row::back("policy.version-weakened.violation.administrator"),
    Row::back("policy.version-weakened.violation.protected-guardrail"),
    // The event does not show what the version says.
    recorded("policy.version-weakened.cannot-tell.protected-older-version"),
    recorded("policy.version-weakened.cannot-tell.older-version").known(Ends::Untouched("by-hand")),
    recorded("policy.deleted.violation.protected-guardrail").for_good(),
    recorded("boundary.weakened.violation.role-administrator"),
    recorded("boundary.deleted.violation.role"),
    Row::back("group.member-added.violation.protected-group"),
    recorded("guard-role.changed.violation.boundary-deleted"),
    recorded("guard-role.changed.violation.boundary-put"),
    recorded("guard-role.changed.violation.deny-all-attached"),
    recorded("guard-role.changed.violation.inline-deleted"),
    recorded("guard-role.changed.violation.inline-deny"),
    recorded("guard-role.changed.violation.policy-detached"),
    recorded("guard-role.changed.violation.tagged"),
    recorded("guard-role.changed.violation.trust-replaced"),
    recorded("guard-role.changed.violation.untagged"),
    recorded("guard-role.changed.violation.updated"),
    Row::back("guard-role.deleted.violation.cli").ends(Ends::Untouched("by-hand")),
    Row::back("partner-role.widened.violation.partner").unknown(Ends::Safe(nothing_is_shared)),
];

/// IAM names a new key only in its answer, so that this row has a story of its own.
static KEY: &[Row] = &[Row::back("user.key-created.violation.protected-user")];

/// What cannot be known but by its baseline.
const fn recorded(sample: &'static str) -> Row {
    Row::back(sample).unknown(Ends::Untouched("by-hand"))
}

fn denies_everyone(_: &Value, after: &Value) {
    let statement = &after["trust"]["Statement"][0];
    assert_eq!(statement["Effect"], "Deny");
    assert_eq!(statement["Principal"], json!({"AWS": "*"}));
}

fn strangers_are_out(_: &Value, after: &Value) {
    let trust = after["trust"].to_string();
    assert!(
        trust.contains("ecs-tasks") && !trust.contains("333333333333"),
        "{trust}"
    );
}

fn is_deleted(before: &Value, after: &Value) {
    assert!(before["inline"]["restore"].is_object(), "{before}");
    assert_eq!(after["inline"], json!({}));
}

fn nothing_is_shared(before: &Value, after: &Value) {
    assert!(before["inline"]["read-logs"].is_object(), "{before}");
    assert_eq!(after["inline"], json!({}));
}

/// Attempts on what no settings name: the identity provider.
const UNGUARDED: &[&str] = &["oidc.provider-updated.attempt.no-such-provider"];

auditward_tests::stories! {
    function: FUNCTION,
    services: &[],
    rows: [ROWS],
    unguarded: UNGUARDED,
    unacted: UNACTED,
}

#[tokio::test]
async fn every_violation_is_put_back_told_once_and_undone() {
    story::all(ROWS, |row| story::put_back(FUNCTION, row)).await;
    a_policy_of_ones_own_is_read_before_it_is_judged().await;
    a_key_is_switched_off_and_on_again().await;
    what_a_group_may_do_decides_who_may_come_in().await;
    an_older_user_goes_once_the_history_confirms_it().await;
    who_was_there_before_stays().await;
    story::complete(FUNCTION, &[ROWS, KEY].concat(), MISSING);
}

/// What moto does not know: proven on recorded exchanges.
const MISSING: &[&str] = &[
    "iam:AddClientIDToOpenIDConnectProvider",
    "iam:DeleteUserPermissionsBoundary",
    "iam:GetOpenIDConnectProvider",
    "iam:PutUserPermissionsBoundary",
    "iam:RemoveClientIDFromOpenIDConnectProvider",
    "ram:AssociateResourceShare",
    "ram:DisassociateResourceShare",
    "ram:GetResourceShareAssociations",
    "rolesanywhere:DisableTrustAnchor",
    "rolesanywhere:EnableTrustAnchor",
    "rolesanywhere:GetTrustAnchor",
];

/// GIVEN a key of a guarded user, THEN it is switched off, and undo switches it on.
async fn a_key_is_switched_off_and_on_again() {
    const USER: &str = "glass-onduty";
    for row in KEY {
        let stage = Stage::set(ENFORCE).await;
        let mut event = stage.event(&format!("{FUNCTION}/{}", row.sample));
        stage.scene.prepare(&stage.moto, &event).await;
        stage.act(&event).await;
        let api = Api::of(&stage.moto, MANAGEMENT, "us-east-1").await;
        let made = look::iam::keys(&api, USER).await;
        let [(id, status)] = made.as_slice() else {
            panic!("one key: {made:?}")
        };
        assert_eq!(status, "Active");
        event["detail"]["responseElements"]["accessKey"]["accessKeyId"] = json!(id);
        let mut guard = stage.guard(FUNCTION).await;
        let answer = guard.play(&event).await;
        assert_eq!(answer["cases"][0]["outcome"], "fixed", "{answer}");
        let off = vec![(id.clone(), "Inactive".to_owned())];
        assert_eq!(look::iam::keys(&api, USER).await, off);
        guard.undo(OPERATOR, &story::case_of(&answer)).await;
        assert_eq!(look::iam::keys(&api, USER).await, made);
        guard.done();
    }
}

/// GIVEN a user that was there long before, THEN the event history must have the
/// event that is undone.
async fn an_older_user_goes_once_the_history_confirms_it() {
    // The user is made now: seen from this time it is not new.
    let before = chrono::Utc::now() - chrono::TimeDelta::hours(1);
    let before = json!(before.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    for known in [false, true] {
        let stage = Stage::set(ENFORCE).await;
        let mut event = stage.event("role-guard/group.member-added.violation.protected-group");
        stage.scene.prepare(&stage.moto, &event).await;
        if known {
            event["detail"]["eventTime"] = before.clone();
        }
        // The history has it at the time that the act is said to be of.
        stage.act(&event).await;
        event["detail"]["eventTime"] = before.clone();
        let mut guard = stage.guard(FUNCTION).await;
        let answer = guard.play(&event).await;
        let expected = if known { "fixed" } else { "cannot-tell" };
        assert_eq!(answer["cases"][0]["outcome"], expected, "{answer}");
        assert_eq!(stage.look(&event).await, json!({ "member": !known }));
        guard.done();
    }
}

/// GIVEN a user who was added before as well, which AWS takes for a success, THEN
/// the user goes only where the history has who took the user out meanwhile.
async fn who_was_there_before_stays() {
    let ago = |days: i64| {
        let time = chrono::Utc::now() - chrono::TimeDelta::hours(24 * days + 1);
        json!(time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
    };
    for removed in [false, true] {
        let stage = Stage::set(ENFORCE).await;
        let mut event = stage.event("role-guard/group.member-added.violation.protected-group");
        stage.scene.prepare(&stage.moto, &event).await;
        event["detail"]["eventTime"] = ago(0);
        stage.act(&event).await;
        let api = Api::of(&stage.moto, MANAGEMENT, "us-east-1").await;
        let mut history = vec![("AddUserToGroup", ago(30))];
        if removed {
            history.push(("RemoveUserFromGroup", ago(20)));
        }
        for (name, time) in history {
            let mut earlier = event["detail"].clone();
            earlier["eventName"] = json!(name);
            earlier["eventID"] = json!(format!("{name}-before"));
            earlier["eventTime"] = time;
            let earlier = json!({ "Event": earlier.to_string() });
            let (status, said) = api.json("cloudtrail", "RecordEvent", &earlier).await;
            assert!(status < 300, "{said}");
        }
        let mut guard = stage.guard(FUNCTION).await;
        let answer = guard.play(&event).await;
        let expected = if removed { "fixed" } else { "cannot-tell" };
        assert_eq!(answer["cases"][0]["outcome"], expected, "{answer}");
        assert_eq!(stage.look(&event).await, json!({ "member": !removed }));
        guard.done();
    }
}

/// GIVEN groups that no settings name, THEN their live power decides.
async fn what_a_group_may_do_decides_who_may_come_in() {
    let sample = "role-guard/group.member-added.cannot-tell.developers";
    for powerful in [true, false] {
        let stage = Stage::set(ENFORCE).await;
        let event = stage.event(sample);
        stage.scene.prepare(&stage.moto, &event).await;
        let action = if powerful { "iam:*" } else { "s3:GetObject" };
        let statement = json!([{"Effect": "Allow", "Action": action, "Resource": "*"}]);
        let inline = json!({
            "GroupName": "developers",
            "PolicyName": "work",
            "PolicyDocument": json!({"Version": "2012-10-17", "Statement": statement}).to_string(),
        });
        let api = Api::of(&stage.moto, MEMBER, "us-east-1").await;
        let (status, said) = api.iam("PutGroupPolicy", &inline).await;
        assert!(status < 300, "{said}");
        stage.act(&event).await;
        let mut guard = stage.guard(FUNCTION).await;
        let answer = guard.play(&event).await;
        let outcome = answer["cases"][0]["outcome"].as_str();
        assert_eq!(outcome, powerful.then_some("fixed"), "{answer}");
        assert_eq!(stage.look(&event).await, json!({ "member": !powerful }));
        guard.done();
    }
}

/// GIVEN policies whose text no event shows, THEN the live text decides.
async fn a_policy_of_ones_own_is_read_before_it_is_judged() {
    let samples = story::samples(FUNCTION, "cannot-tell");
    for sample in samples
        .iter()
        .filter(|one| one.contains(".admin-attached."))
    {
        for effect in ["Deny", "Allow"] {
            let stage = Stage::set(ENFORCE).await;
            let event = stage.event(sample);
            stage.scene.prepare(&stage.moto, &event).await;
            let statement = json!([{"Effect": effect, "Action": "*", "Resource": "*"}]);
            let version = json!({
                "PolicyArn": event["detail"]["requestParameters"]["policyArn"],
                "PolicyDocument": json!({"Version": "2012-10-17", "Statement": statement}).to_string(),
                "SetAsDefault": true,
            });
            let api = Api::of(&stage.moto, MEMBER, "us-east-1").await;
            let (status, said) = api.iam("CreatePolicyVersion", &version).await;
            assert!(status < 300, "{said}");
            let before = stage.look(&event).await;
            stage.act(&event).await;
            let mut guard = stage.guard(FUNCTION).await;
            let answer = guard.play(&event).await;
            if effect == "Allow" {
                assert_eq!(answer["cases"][0]["outcome"], "fixed", "{sample}: {answer}");
                assert_eq!(stage.look(&event).await, before);
            } else {
                assert_eq!(answer["verdict"], "clean", "{sample}: {answer}");
                assert_eq!((guard.writes(), stage.alerts().await), (vec![], vec![]));
            }
            guard.done();
        }
    }
}

/// What moto does not know, or what takes more than a call.
const UNACTED: &[&str] = &[
    "analyzer.findings-archived.clean.unused",
    "anywhere-profile.created.clean.without-roles",
    "boundary.weakened.clean.deny-all",
    "permission-set.admin-attached.clean.read-only",
    "permission-set.inline-power.clean.deny",
    "permission-set.inline-power.clean.read-only",
    "policy.version-deleted.clean.protected-elsewhere",
    "resource-share.created-open.clean.external-allowed",
    "resource-share.created-open.clean.without-principals",
    "resource-share.opened.clean.organization",
    "resource-share.opened.clean.resource",
    "role.profile-added.clean.web-server",
    "saml.provider-changed.clean.by-identity-center",
    "saml.provider-changed.clean.updated-by-identity-center",
    "service-role.deleted.clean.other-service",
    "session.by-unknown-identity.clean.own-provider",
    "session.by-unknown-identity.clean.shared-provider",
    "session.by-unknown-saml.clean.own-provider",
    "session.from-outside.clean.own-account",
    "session.from-outside.clean.same-account",
    "session.from-outside.clean.service",
    "trust-anchor.created.clean.own-authority",
    "trust-anchor.enabled.clean.own-authority",
    "trust-anchor.replaced.clean.own-authority",
    "trust-anchor.replaced.clean.renamed",
    "user.key-created.clean.ones-own",
    "user.login-changed.clean.forgotten",
];
