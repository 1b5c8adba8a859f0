//! System 4, without an organization: other accounts replicate their trails'
//! buckets to an aggregation account, where Auditward runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::api::Api;
use auditward_tests::moto::{Account, MANAGEMENT, MEMBER};
use auditward_tests::scene::{REGION, make_bucket};
use auditward_tests::stage::Stage;
use auditward_tests::story::outcome_of;
use auditward_tests::system::{Act, System, differences};
use serde_json::{Value, json};

/// The account that the replicas are in, and one of those they come from.
const AGGREGATION: Account = MANAGEMENT;
const SOURCE: Account = MEMBER;
/// Accounts that join later, one with and one without the settings' knowledge.
const NEW: &str = "444444444444";
const UNNAMED: &str = "555555555555";

const TRAILS: &str = "acme-trails-222222222222";
const ARCHIVE: &str = "acme-trail-archive";
const REPLICATOR: &str = "acme-trail-replication";
const POLICY: &str = "replicate";

/// Accounts by their numbers, and no organization.
const SETTINGS: &str = r#"
[ours]
accounts = ["111111111111", "222222222222"]
log_archives = ["111111111111"]

[[operators]]
principal = "arn:aws:iam::111111111111:role/security-operator"
unique_id = "AROAEXAMPLEOPERATOR01"
reason = "security team on call"

[protected]
resources = [
  "arn:aws:s3:::acme-trails-222222222222",
  "arn:aws:s3:::acme-trail-archive",
  "arn:aws:iam::222222222222:role/acme-trail-replication",
]

[roles]
delivery = ["acme-trail-replication"]

[mode]
default = "enforce"

[breaker]
changes = 50

[fuses]
settle_seconds = 0
per_rule = 50
overall = 50
"#;

/// Every object goes to the archive within a quarter of an hour, belongs to it,
/// and is marked as deleted where it is.
fn replication() -> Value {
    let quarter = json!({"Minutes": 15});
    json!({
        "Role": format!("arn:aws:iam::{}:role/{REPLICATOR}", SOURCE.id),
        "Rule": {
            "ID": "to-archive",
            "Priority": 1,
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {
                "Bucket": format!("arn:aws:s3:::{ARCHIVE}"),
                "Account": AGGREGATION.id,
                "AccessControlTranslation": {"Owner": "Destination"},
                "ReplicationTime": {"Status": "Enabled", "Time": quarter},
                "Metrics": {"Status": "Enabled", "EventThreshold": quarter},
            },
        },
    })
}

/// The default lock of what arrives in the archive.
fn lock() -> Value {
    json!({"ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 400}}})
}

/// What lets an account's replication write into the archive.
fn lets_in(account: &str) -> Value {
    json!({
        "Sid": format!("From{account}"),
        "Effect": "Allow",
        "Principal": {"AWS": format!("arn:aws:iam::{account}:role/{REPLICATOR}")},
        "Action": [
            "s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags",
            "s3:ObjectOwnerOverrideToBucketOwner",
        ],
        "Resource": format!("arn:aws:s3:::{ARCHIVE}/*"),
    })
}

/// What keeps out whoever does not encrypt on the way.
fn only_encrypted() -> Value {
    json!({
        "Sid": "OnlyEncrypted", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [format!("arn:aws:s3:::{ARCHIVE}"), format!("arn:aws:s3:::{ARCHIVE}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    })
}

fn policy(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// What the replicating role may do in its own account, and in the archive.
fn replicates() -> Value {
    policy(&[
        json!({"Effect": "Allow", "Resource": format!("arn:aws:s3:::{TRAILS}"),
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"]}),
        json!({"Effect": "Allow", "Resource": format!("arn:aws:s3:::{TRAILS}/*"),
            "Action": ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl"]}),
        json!({"Effect": "Allow", "Resource": format!("arn:aws:s3:::{ARCHIVE}/*"),
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ObjectOwnerOverrideToBucketOwner"]}),
    ])
}

fn trusts(service: &str) -> Value {
    policy(&[
        json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}),
    ])
}

/// A call of an administrator of the account in which it is made, as CloudTrail
/// has it: `base` is a sample of its service.
fn called(stage: &Stage, base: &str, account: Account, call: &str, asked: Value) -> Value {
    let text = stage.event(base).to_string();
    let mut event: Value = serde_json::from_str(&text.replace(AGGREGATION.id, account.id)).unwrap();
    let detail = &mut event["detail"];
    detail["eventName"] = json!(call);
    if let Some(bucket) = asked["bucketName"].as_str() {
        detail["resources"][0]["ARN"] = json!(format!("arn:aws:s3:::{bucket}"));
    }
    detail["requestParameters"] = asked;
    event
}

/// A call about a bucket.
fn of_bucket(stage: &Stage, bucket: &str, call: &str, more: Value) -> Value {
    const BASE: &str = "bucket-guard/bucket.replication-deleted.violation.log-bucket";
    let account = if bucket == TRAILS {
        SOURCE
    } else {
        AGGREGATION
    };
    let mut asked = more;
    asked["bucketName"] = json!(bucket);
    asked["Host"] = json!(format!("{bucket}.s3.{REGION}.amazonaws.com"));
    called(stage, BASE, account, call, asked)
}

fn replicated(stage: &Stage, change: impl FnOnce(&mut Value)) -> Act {
    let mut configuration = replication();
    change(&mut configuration);
    let asked = json!({"ReplicationConfiguration": configuration, "replication": ""});
    let event = of_bucket(stage, TRAILS, "PutBucketReplication", asked);
    Act::of(
        "bucket-guard",
        "bucket.replication-changed",
        event,
        &["replication"],
    )
}

fn locked(stage: &Stage, change: impl FnOnce(&mut Value)) -> Act {
    let mut lock = lock();
    change(&mut lock);
    let asked = json!({"ObjectLockConfiguration": lock, "object-lock": ""});
    let event = of_bucket(stage, ARCHIVE, "PutBucketObjectLockConfiguration", asked);
    Act::of(
        "bucket-guard",
        "bucket.object-lock-weakened",
        event,
        &["object-lock"],
    )
}

fn lets(stage: &Stage, statements: &[Value]) -> Act {
    let asked = json!({"bucketPolicy": policy(statements), "policy": ""});
    let event = of_bucket(stage, ARCHIVE, "PutBucketPolicy", asked);
    Act::of(
        "bucket-guard",
        "bucket.policy-opened",
        event,
        &["policy > Statement"],
    )
}

/// The archive's policy deleted.
fn lets_nobody(stage: &Stage) -> Act {
    let event = of_bucket(stage, ARCHIVE, "DeleteBucketPolicy", json!({"policy": ""}));
    Act::of(
        "bucket-guard",
        "bucket.policy-deleted",
        event,
        &["policy > Statement", "policy > Version"],
    )
}

fn of_role(stage: &Stage, call: &str, more: Value, changes: &[&str]) -> Act {
    const BASE: &str = "role-guard/guard-role.changed.violation.inline-deleted";
    let mut asked = more;
    asked["roleName"] = json!(REPLICATOR);
    let event = called(stage, BASE, SOURCE, call, asked);
    Act::of("role-guard", "guard-role.changed", event, changes)
}

/// What somebody does to a source account's replication.
fn replication_acts(stage: &Stage) -> Vec<Act> {
    let deleted = json!({"replication": ""});
    let deleted = of_bucket(stage, TRAILS, "DeleteBucketReplication", deleted);
    vec![
        replicated(stage, |to| {
            to["Rule"]["Destination"]["Bucket"] = json!("arn:aws:s3:::bz-collect-7f21");
            to["Rule"]["Destination"]["Account"] = json!("333333333333");
        }),
        replicated(stage, |to| {
            to["Rule"]["Destination"]["Bucket"] = json!("arn:aws:s3:::acme-scratch");
            to["Rule"]["Destination"]["Account"] = json!(SOURCE.id);
        }),
        replicated(stage, |to| {
            without(
                &mut to["Rule"]["Destination"],
                &["AccessControlTranslation"],
            )
        }),
        replicated(stage, |to| {
            to["Rule"]["DeleteMarkerReplication"]["Status"] = json!("Disabled")
        }),
        replicated(stage, |to| {
            without(
                &mut to["Rule"]["Destination"],
                &["Metrics", "ReplicationTime"],
            )
        }),
        replicated(stage, |to| to["Rule"]["Filter"]["Prefix"] = json!("none/")),
        replicated(stage, |to| to["Rule"]["Status"] = json!("Disabled")),
        replicated(stage, |to| {
            to["Role"] = json!(format!("arn:aws:iam::{}:role/idle", SOURCE.id))
        }),
        Act::of(
            "bucket-guard",
            "bucket.replication-deleted",
            deleted,
            &["replication"],
        ),
    ]
}

fn without(value: &mut Value, names: &[&str]) {
    let fields = value.as_object_mut().unwrap();
    fields.retain(|name, _| !names.contains(&name.as_str()));
}

/// What somebody does to the role that replicates, in its own account.
fn role_acts(stage: &Stage) -> Vec<Act> {
    let mut nothing_arrives = replicates();
    nothing_arrives["Statement"][2]["Effect"] = json!("Deny");
    const DENY_ALL: &str = "arn:aws:iam::aws:policy/AWSDenyAll";
    vec![
        of_role(
            stage,
            "DeleteRolePolicy",
            json!({"policyName": POLICY}),
            &["inline > replicate"],
        ),
        of_role(
            stage,
            "PutRolePolicy",
            json!({"policyName": POLICY, "policyDocument": nothing_arrives.to_string()}),
            &["inline > replicate > Statement"],
        ),
        of_role(
            stage,
            "AttachRolePolicy",
            json!({"policyArn": DENY_ALL}),
            &["attached"],
        ),
        of_role(
            stage,
            "PutRolePermissionsBoundary",
            json!({"permissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
            &["boundary"],
        ),
        of_role(
            stage,
            "UpdateAssumeRolePolicy",
            json!({"policyDocument": trusts("batchoperations.s3.amazonaws.com").to_string()}),
            &["trust > Statement"],
        ),
    ]
}

/// What somebody does to the archive that the replicas arrive in.
fn archive_acts(stage: &Stage) -> Vec<Act> {
    let reader = json!({"Sid": "Siem", "Effect": "Allow", "Action": "s3:GetObject",
        "Principal": {"AWS": "arn:aws:iam::333333333333:root"},
        "Resource": format!("arn:aws:s3:::{ARCHIVE}/*")});
    let source = || lets_in(SOURCE.id);
    vec![
        lets(stage, &[only_encrypted(), source(), reader]),
        lets(stage, &[only_encrypted()]),
        lets(stage, &[source()]),
        lets_nobody(stage),
        locked(stage, |lock| without(lock, &["Rule"])),
        locked(stage, |lock| {
            lock["Rule"]["DefaultRetention"]["Days"] = json!(1)
        }),
        locked(stage, |lock| {
            lock["Rule"]["DefaultRetention"]["Mode"] = json!("GOVERNANCE")
        }),
    ]
}

/// Makes both buckets and the role that copies from one to the other.
async fn make(stage: &Stage) {
    const VERSIONS: &str =
        "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    for (account, bucket) in [(SOURCE, TRAILS), (AGGREGATION, ARCHIVE)] {
        make_bucket(&stage.moto.sdk_config(account, REGION).await, bucket).await;
        let api = Api::of(&stage.moto, account, REGION).await;
        let start = format!("PUT /{bucket}?versioning");
        let (status, said) = api.s3(&start, Vec::new(), VERSIONS.into()).await;
        assert!(status < 300, "{said}");
    }
    let role = json!({"roleName": REPLICATOR,
        "assumeRolePolicyDocument": trusts("s3.amazonaws.com").to_string()});
    for act in [
        of_role(stage, "CreateRole", role, &[]),
        of_role(
            stage,
            "PutRolePolicy",
            json!({"policyName": POLICY, "policyDocument": replicates().to_string()}),
            &[],
        ),
        replicated(stage, |_| {}),
        locked(stage, |_| {}),
        lets(stage, &[only_encrypted(), lets_in(SOURCE.id)]),
    ] {
        stage.act(&act.event).await;
    }
}

/// GIVEN accounts without an organization whose trails' buckets are replicated to
/// one of them, WHEN somebody weakens or deletes any part of it, THEN it is put
/// back; whom the settings name may join, and nobody else.
#[tokio::test]
async fn replicas_reach_the_aggregation_account_whatever_somebody_does() {
    // GIVEN the source's bucket and role, and the archive, recorded.
    let stage = Stage::set(SETTINGS).await;
    make(&stage).await;
    let mut system = System::of(stage, &["bucket-guard", "role-guard"]).await;
    system.record().await;
    let stage = &system.stage;
    let (copied, allowed, kept) = (
        replication_acts(stage),
        role_acts(stage),
        archive_acts(stage),
    );
    let acts = [copied.clone(), allowed.clone(), kept.clone()].concat();
    let whole = system.live(&acts).await;

    // WHEN somebody does each of it, THEN its event has it put back.
    for act in &acts {
        let alert = system.suffers(act).await;
        let place = &act.event["detail"]["recipientAccountId"];
        assert_eq!(alert.attribute("account"), place, "where it happened");
    }
    strangers_may_not_replicate(&mut system).await;
    versions_go_with_the_replication(&mut system, &copied[8]).await;

    // WHEN no event tells, THEN the sweep of each account has it put back.
    let cut = Act {
        rule: "bucket.replication-changed".into(),
        ..copied[8].clone()
    };
    for (function, account, region, unseen) in [
        ("bucket-guard", SOURCE, REGION, vec![cut]),
        ("role-guard", SOURCE, "us-east-1", vec![allowed[0].clone()]),
        (
            "bucket-guard",
            AGGREGATION,
            REGION,
            vec![kept[1].clone(), kept[4].clone()],
        ),
    ] {
        let look =
            json!({"auditward": "sweep-place", "account": account.id, "region": region, "from": 0});
        system.heals_by_looking(function, &look, &unseen).await;
    }

    // THEN everything is as it was.
    assert_eq!(system.live(&acts).await, whole);

    an_account_joins_by_the_settings_first(&mut system).await;
    system.done();
}

/// WHEN a stranger is trusted with the role, THEN that is one finding, about a role
/// that log delivery depends on; the recorded trust is back.
async fn strangers_may_not_replicate(system: &mut System) {
    let stranger = policy(&[json!({"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::333333333333:root"}})]);
    let asked = json!({"policyDocument": stranger.to_string()});
    let trusted = of_role(&system.stage, "UpdateAssumeRolePolicy", asked, &[]).event;
    let before = system.stage.look(&trusted).await;
    system.stage.act(&trusted).await;
    let bad = system.stage.look(&trusted).await;
    assert_eq!(differences(&before, &bad), ["trust > Statement"]);
    system.guard("role-guard").play(&trusted).await;
    assert_eq!(system.stage.look(&trusted).await, before);
    let alerts = system.stage.alerts().await;
    let told: Vec<_> = alerts
        .iter()
        .map(|alert| (alert.attribute("rule"), alert.attribute("outcome")))
        .collect();
    assert_eq!(told, [("guard-role.changed", "fixed")]);
}

/// WHEN somebody deletes the replication and at once suspends versioning, without
/// which S3 takes none, THEN the first event brings back both.
async fn versions_go_with_the_replication(system: &mut System, deleted: &Act) {
    let stage = &system.stage;
    let suspended = json!({"VersioningConfiguration": {"Status": "Suspended"}, "versioning": ""});
    let suspended = of_bucket(stage, TRAILS, "PutBucketVersioning", suspended);
    let before = stage.look(&suspended).await;
    let deleted = stage.act(&stage.scene.adapt(&deleted.event)).await;
    let suspended = stage.act(&suspended).await;
    let bad = stage.look(&suspended).await;
    assert_eq!(differences(&before, &bad), ["replication", "versioning"]);
    for (event, rule, outcome) in [
        (deleted, "bucket.replication-deleted", "fixed"),
        (suspended, "bucket.versioning-suspended", "already-safe"),
    ] {
        let answer = system.guard("bucket-guard").play(&event).await;
        assert_eq!(outcome_of(&answer), outcome, "{answer}");
        assert_eq!(system.stage.look(&event).await, before);
        let alert = system.stage.alert().await;
        assert_eq!(alert.attribute("rule"), rule);
    }
}

/// WHEN an account's replication is let in that the settings do not name, THEN it
/// is taken out; once they name it, it may stay, and belongs to what is put back.
async fn an_account_joins_by_the_settings_first(system: &mut System) {
    let stage = &system.stage;
    let first = [only_encrypted(), lets_in(SOURCE.id)];
    let joined = [&first[..], &[lets_in(NEW)]].concat();
    let joins = lets(stage, &joined);
    system.suffers(&joins).await;

    let ours = r#""222222222222"]"#;
    assert!(SETTINGS.contains(ours));
    let settings = SETTINGS.replace(ours, &format!(r#""222222222222", "{NEW}"]"#));
    system.stage.push(&settings).await;
    system.anew("bucket-guard").await;
    let before = system.stage.look(&joins.event).await;
    let event = system
        .stage
        .act(&system.stage.scene.adapt(&joins.event))
        .await;
    let with_new = system.stage.look(&event).await;
    assert_ne!(before, with_new);
    let guard = system.guard("bucket-guard");
    let answer = guard.play(&event).await;
    assert_eq!(answer["verdict"], "clean", "{answer}");
    assert_eq!(guard.writes(), [""; 0]);
    assert_eq!(system.stage.alerts().await, []);
    assert_eq!(system.stage.look(&event).await, with_new);

    // One beside it that nobody named goes, and the new one stays.
    let stage = &system.stage;
    let other = lets(stage, &[&joined[..], &[lets_in(UNNAMED)]].concat());
    let deleted = lets_nobody(stage);
    system.suffers(&other).await;

    // And when an operator has recorded it, it comes back with the others.
    system.record().await;
    system.suffers(&deleted).await;
    assert_eq!(system.stage.look(&deleted.event).await, with_new);
}
