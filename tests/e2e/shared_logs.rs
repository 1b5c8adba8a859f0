//! Log files that are shared between accounts by role: what is agreed stays to
//! the byte, what is wider goes, and the end is told of.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::api::{Api, document, elements};
use auditward_tests::cast::{AT_LEISURE, Cast};
use auditward_tests::moto::MANAGEMENT;
use auditward_tests::scene::{LOG_BUCKET, REGION};
use auditward_tests::stage::{ENFORCE, Stage};
use auditward_tests::story::by;
use serde_json::{Value, json};

/// Through which the trusted account reads, and through which the third party.
const MEMBERS: &str = "member-log-reader";
const PARTNERS: &str = "partner-log-reader";
const DEPLOYER: &str = "arn:aws:iam::111111111111:role/deploy/pipeline";

/// The documents of AWS's guide, as `auditward share` prints them: the member is
/// let in by its account, the partner by its external ID as well, and both read
/// the folder of one account.
const MEMBER_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"AuditwardShareLogs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"sts:AssumeRole"}]}"#;
const PARTNER_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"AuditwardShareLogs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444444444444:root"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"7d0c6a52-acme"}}}]}"#;
const READS: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"AuditwardReadLogs","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-org-trail-logs/AWSLogs/222222222222/*"},{"Sid":"AuditwardListLogs","Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::acme-org-trail-logs","Condition":{"StringLike":{"s3:prefix":["AWSLogs/222222222222/","AWSLogs/222222222222/*"]}}},{"Sid":"AuditwardFindBucket","Effect":"Allow","Action":"s3:GetBucketLocation","Resource":"arn:aws:s3:::acme-org-trail-logs"}]}"#;

/// What is agreed, as it stands in AWS.
#[derive(Debug, PartialEq)]
struct Agreed {
    member: [Value; 2],
    partner: [Value; 2],
    bucket: String,
}

impl Agreed {
    async fn read(stage: &Stage) -> Self {
        let iam = Api::of(&stage.moto, MANAGEMENT, "us-east-1").await;
        let s3 = Api::of(&stage.moto, MANAGEMENT, REGION).await;
        let start = format!("GET /{LOG_BUCKET}?policy");
        let (_, bucket) = s3.s3(&start, Vec::new(), String::new()).await;
        Self {
            member: role(&iam, MEMBERS).await,
            partner: role(&iam, PARTNERS).await,
            bucket,
        }
    }
}

/// Whom a role trusts and what it reads.
async fn role(iam: &Api, name: &str) -> [Value; 2] {
    let (_, found) = iam.iam("GetRole", &json!({"RoleName": name})).await;
    let asked = json!({"RoleName": name, "PolicyName": "read-logs"});
    let (_, policy) = iam.iam("GetRolePolicy", &asked).await;
    [
        document(&elements(&found, "AssumeRolePolicyDocument").concat()),
        document(&elements(&policy, "PolicyDocument").concat()),
    ]
}

fn created(cast: &Cast, name: &str, trust: &str) -> Value {
    let sample = "role-guard/role.created-open.clean.ec2-service";
    let asked = json!({"roleName": name, "assumeRolePolicyDocument": trust});
    let mut event = cast.asked(sample, asked);
    event["detail"]["recipientAccountId"] = json!(MANAGEMENT.id);
    event["detail"]["responseElements"] = json!({"role": {
        "path": "/", "roleName": name, "arn": format!("arn:aws:iam::{}:role/{name}", MANAGEMENT.id),
    }});
    event
}

fn reads(cast: &Cast, name: &str, policy: &str) -> Value {
    let sample = "role-guard/partner-role.widened.clean.partner";
    let asked = json!({"roleName": name, "policyName": "read-logs", "policyDocument": policy});
    cast.asked(sample, asked)
}

fn trusts(cast: &Cast, name: &str, policy: &str) -> Value {
    let sample = "role-guard/role.trust-opened.clean.own-account";
    cast.asked(sample, json!({"roleName": name, "policyDocument": policy}))
}

/// The log bucket's policy with one statement more, as an event.
fn opened(cast: &Cast, policy: &str, statement: Value) -> Value {
    let sample = "bucket-guard/bucket.policy-opened.violation.log-bucket";
    let mut event = cast.stage.event(sample);
    let mut policy: Value = serde_json::from_str(policy).unwrap();
    policy["Statement"].as_array_mut().unwrap().push(statement);
    event["detail"]["requestParameters"]["bucketPolicy"] = policy;
    event
}

/// Lets somebody read some of the log bucket.
fn reader(sid: &str, who: &str, what: &str) -> Value {
    json!({"Sid": sid, "Effect": "Allow", "Principal": {"AWS": who},
        "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{LOG_BUCKET}/{what}")})
}

#[tokio::test]
async fn what_is_agreed_is_shared_and_nothing_else() {
    let guarded = format!(
        "resources = [\n  \"arn:aws:iam::{}:role/{MEMBERS}\",",
        MANAGEMENT.id
    );
    let settings = ENFORCE.replacen("resources = [", &guarded, 1);
    let deployers = format!("\n[[deployers]]\nprincipal = \"{DEPLOYER}\"\nreason = \"pipeline\"\n");
    let stage = Stage::set(&format!("{settings}{AT_LEISURE}{deployers}")).await;
    let mut cast = Cast::on(stage);

    // GIVEN a sharing that is set up as agreed, of which nobody hears anything
    for event in [
        created(&cast, MEMBERS, MEMBER_TRUST),
        reads(&cast, MEMBERS, READS),
        created(&cast, PARTNERS, PARTNER_TRUST),
        reads(&cast, PARTNERS, READS),
    ] {
        cast.leaves(&event).await;
    }
    let policy = Agreed::read(&cast.stage).await.bucket;
    let own = reader(
        "MemberReads",
        "arn:aws:iam::222222222222:root",
        "AWSLogs/222222222222/*",
    );
    let shared = opened(&cast, &policy, own);
    cast.leaves(&shared).await;
    let enforced = "bucket-guard/bucket.ownership-weakened.clean.enforced";
    let mut enforced = cast.stage.event(enforced);
    enforced["detail"]["requestParameters"]["bucketName"] = json!(LOG_BUCKET);
    cast.leaves(&enforced).await;
    cast.take_baselines(&["trail-guard", "bucket-guard", "role-guard"])
        .await;
    let agreed = Agreed::read(&cast.stage).await;
    assert_eq!(agreed.member, [MEMBER_TRUST, READS].map(document));
    assert_eq!(agreed.partner, [PARTNER_TRUST, READS].map(document));
    assert!(agreed.bucket.contains("MemberReads"), "{}", agreed.bucket);
    let bucket = cast.stage.look(&shared).await;

    // WHEN somebody shares more than that, THEN it is what was agreed again
    let everybodys = READS.replacen("AWSLogs/222222222222/*", "AWSLogs/*", 1);
    let one_more = READS.replacen(
        r#""Statement":["#,
        r#""Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"},"#,
        1,
    );
    let without_id = PARTNER_TRUST
        .split_once(r#","Condition""#)
        .map(|(head, _)| format!("{head}}}]}}"))
        .unwrap();
    let other_id = PARTNER_TRUST.replace("7d0c6a52-acme", "no-secret");
    let stranger = |trust: &str| {
        let them = r#"{"Sid":"Vendor","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":"sts:AssumeRole"}"#;
        trust.replacen(r#""Statement":["#, &format!(r#""Statement":[{them},"#), 1)
    };
    let anyone = reader("Siem", "arn:aws:iam::333333333333:root", "*");
    let beyond = reader(
        "Partner",
        "arn:aws:iam::444444444444:root",
        "AWSLogs/111111111111/*",
    );
    for (event, rule) in [
        (reads(&cast, PARTNERS, &everybodys), "partner-role.widened"),
        (reads(&cast, PARTNERS, &one_more), "partner-role.widened"),
        (trusts(&cast, PARTNERS, &without_id), "role.trust-opened"),
        (trusts(&cast, PARTNERS, &other_id), "role.trust-opened"),
        (
            trusts(&cast, PARTNERS, &stranger(PARTNER_TRUST)),
            "role.trust-opened",
        ),
        (
            trusts(&cast, MEMBERS, &stranger(MEMBER_TRUST)),
            "role.trust-opened",
        ),
        (
            opened(&cast, &agreed.bucket, anyone),
            "bucket.policy-opened",
        ),
        (
            opened(&cast, &agreed.bucket, beyond),
            "bucket.policy-opened",
        ),
    ] {
        cast.handles(&event, rule, "fixed").await;
        assert_eq!(Agreed::read(&cast.stage).await, agreed, "{rule}");
    }
    assert_eq!(cast.stage.look(&shared).await, bucket);

    // WHEN somebody gives the partner a policy of AWS's, which is held to no
    // folder, THEN a person is told; and takes it away
    let attached = "role-guard/partner-role.widened.violation.partner-attached";
    let attached = cast.stage.event(attached);
    cast.handles(&attached, "partner-role.widened", "by-hand")
        .await;
    let mut detached = cast.stage.scene.adapt(&attached);
    detached["detail"]["eventName"] = json!("DetachRolePolicy");
    cast.leaves(&detached).await;

    // WHEN somebody shares by ACL, on the bucket that had none, THEN both are
    // closed by the first event, and the second finds it so
    let weakened = "bucket-guard/bucket.ownership-weakened.violation.object-writer";
    let weakened = cast.stage.event(weakened);
    let mut granted = cast.asked(
        "bucket-guard/bucket.acl-opened.violation.grant-header",
        json!({"bucketName": LOG_BUCKET,
            "x-amz-grant-read": "uri=\"http://acs.amazonaws.com/groups/global/AuthenticatedUsers\""}),
    );
    granted["detail"]["recipientAccountId"] = json!(MANAGEMENT.id);
    granted["detail"]["resources"] = weakened["detail"]["resources"].clone();
    let weakened = cast.stage.act(&weakened).await;
    let granted = cast.stage.act(&granted).await;
    assert_ne!(cast.stage.look(&shared).await["acl"], bucket["acl"]);
    cast.hears(&weakened, "bucket.ownership-weakened", "fixed")
        .await;
    cast.hears(&granted, "bucket.acl-opened", "already-safe")
        .await;
    // One log file cannot be looked after any more: a person is told.
    let file = "bucket-guard/log-file.acl-opened.violation.foreign-canonical-id";
    let file = cast.stage.event(file);
    cast.hears(&file, "log-file.acl-opened", "by-hand").await;
    assert_eq!(cast.stage.look(&shared).await, bucket);
    assert_eq!(Agreed::read(&cast.stage).await, agreed);

    // WHEN the partner is no longer let in, THEN a person is told, and nobody
    // lets it in again but a person
    let ended = PARTNER_TRUST.replace("444444444444", "111111111111");
    let ended = trusts(&cast, PARTNERS, &ended);
    cast.handles(&ended, "partner-role.closed", "by-hand").await;
    let again = trusts(&cast, PARTNERS, PARTNER_TRUST);
    cast.leaves(&again).await;
    assert_eq!(Agreed::read(&cast.stage).await, agreed);

    // WHEN the sharing ends for good, THEN it is told of each role, and what is
    // shared with others stays
    let deletes = |cast: &Cast, name: &str| {
        let policy = json!({"roleName": name, "policyName": "read-logs"});
        let sample = "role-guard/inline-policy.guardrail-deleted.violation.protected-role";
        let role = "role-guard/role.deleted.violation.protected-role";
        let policy = cast.asked(sample, policy);
        let policy = by(policy, DEPLOYER, "AROAEXAMPLEDEPLOYER01");
        [policy, cast.asked(role, json!({"roleName": name}))]
    };
    let [policy, role] = deletes(&cast, PARTNERS);
    cast.leaves(&policy).await;
    cast.handles(&role, "partner-role.closed", "by-hand").await;
    let left = Agreed::read(&cast.stage).await;
    assert_eq!((left.member, left.bucket), (agreed.member, agreed.bucket));
    assert_eq!(left.partner, [Value::Null, Value::Null]);
    let [policy, role] = deletes(&cast, MEMBERS);
    cast.leaves(&policy).await;
    cast.handles(&role, "role.deleted", "by-hand").await;
    assert_eq!(cast.stage.look(&shared).await, bucket);
    cast.done();
}
