//! Trust anchors, resource shares and what buckets export: moto has none of
//! them, or not all their calls. The exchanges are in the form of the API
//! references of IAM Roles Anywhere (2018-05-10), RAM (2018-01-04) and S3.

use auditward_hands::anywhere::Anchors;
use auditward_hands::ram::Shares;
use auditward_hands::s3::S3;
use auditward_rules::envelope;
use auditward_rules::facet::{Decision, Facet, Scene, Step};
use auditward_rules::facets::anchor::TrustAnchor;
use auditward_rules::inventory::Inventory;
use auditward_rules::judge::judge;
use auditward_rules::plan::Plan;
use auditward_rules::settings::Settings;
use auditward_runtime::hand::Hand;
use auditward_tests::recorded::{Exchange, Recorded};
use auditward_tests::scene::props::sample;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

const OURS: &str = "[ours]\naccounts = [\"111111111111\"]\n[mode]\ndefault = \"enforce\"\n";

/// The steps for a sample, as if it had happened in the management account.
fn steps(name: &str) -> Vec<Plan> {
    let text = sample(name)
        .to_string()
        .replace("222222222222", "111111111111");
    let record = envelope::entries(&text).pop().unwrap().record.unwrap();
    let now: DateTime<Utc> = record.event_time.parse().unwrap();
    let settings = Settings::parse(OURS).unwrap();
    let mut judged = judge(&record, &settings, &Inventory::default(), now);
    judged.findings.pop().unwrap().plan
}

/// Reads, decides, writes, reads again and decides again; then undoes, where
/// that can be. Says whether the event history had to confirm the event.
async fn put_right<F: Facet>(hand: &impl Hand<F>, step: &Step<F>) -> bool {
    let settings = Settings::parse(OURS).unwrap();
    let inventory = Inventory::default();
    let zone = settings.zone(&step.at.account, &inventory);
    let scene = Scene {
        now: Utc::now(),
        recorded: None,
        inventory: &inventory,
        settings: &settings,
        zone: &zone,
        at: &step.at,
    };
    let live = hand.read(&step.at).await.unwrap();
    let change = match F::decide(&live, &step.wish, None, scene) {
        Decision::Change(change) => change,
        other => panic!("{other:?}"),
    };
    let written = hand.write(&step.at, &live, &change.to).await.unwrap();
    assert_eq!(written.request_ids.len(), 1, "one entry in the ledger");
    let after = hand.read(&step.at).await.unwrap();
    assert_eq!(F::decide(&after, &step.wish, None, scene), Decision::Safe);
    if F::writable(&live) {
        hand.write(&step.at, &after, &live).await.unwrap();
        assert!(F::same(&hand.read(&step.at).await.unwrap(), &live));
    } else {
        hand.write(&step.at, &after, &live).await.unwrap_err();
    }
    change.confirm
}

/// A trust anchor as `GetTrustAnchor` answers.
fn anchor(id: &str, created: &str, enabled: bool) -> Value {
    json!({"trustAnchor": {
        "createdAt": created,
        "enabled": enabled,
        "name": "edge-devices",
        "notificationSettings": [],
        "source": {"sourceType": "CERTIFICATE_BUNDLE", "sourceData": {"x509CertificateData": "-----BEGIN CERTIFICATE-----"}},
        "trustAnchorArn": format!("arn:aws:rolesanywhere:eu-west-1:111111111111:trust-anchor/{id}"),
        "trustAnchorId": id,
        "updatedAt": created,
    }})
}

/// The exchanges of a trust anchor that is disabled, and enabled by undo.
fn switched(id: &str, created: &str) -> [Exchange; 5] {
    let is = |enabled| anchor(id, created, enabled);
    let get =
        |enabled| Exchange::rest(&format!("GET /trustanchor/{id} "), &[]).answers(is(enabled));
    let post = |verb: &str, enabled| {
        Exchange::rest(&format!("POST /trustanchor/{id}/{verb} "), &[]).answers(is(enabled))
    };
    [
        get(true),
        post("disable", false),
        get(false),
        post("enable", true),
        get(true),
    ]
}

#[tokio::test]
async fn a_trust_anchor_of_an_unknown_authority_is_disabled() {
    let steps = steps("role-guard/trust-anchor.created.violation.certificate-bundle");
    let [Plan::TrustAnchor(step)] = &steps[..] else {
        panic!("{steps:?}")
    };
    let aws = Recorded::play(switched(step.at.name(), "2026-11-14T01:08:22.481207Z")).await;
    let hand = Anchors {
        sessions: aws.sessions(),
    };
    assert!(!put_right(&hand, step).await, "its age says enough");
    aws.done();
}

#[tokio::test]
async fn an_enabled_trust_anchor_is_disabled_once_the_event_is_confirmed() {
    let steps = steps("role-guard/trust-anchor.enabled.violation.certificate-bundle");
    let [Plan::EnabledAnchor(step)] = &steps[..] else {
        panic!("{steps:?}")
    };
    let aws = Recorded::play(switched(step.at.name(), "2025-09-18T12:04:33.502178Z")).await;
    let hand = Anchors {
        sessions: aws.sessions(),
    };
    assert!(put_right(&hand, step).await);
    aws.done();
}

#[tokio::test]
async fn a_trust_anchor_that_is_gone_is_a_state() {
    let steps = steps("role-guard/trust-anchor.created.violation.certificate-bundle");
    let [Plan::TrustAnchor(step)] = &steps[..] else {
        panic!("{steps:?}")
    };
    let body = r#"{"message":"Trust anchor not found."}"#;
    let gone = Exchange::rest("GET /trustanchor/", &[])
        .says(404, body)
        .with("x-amzn-ErrorType", "ResourceNotFoundException");
    let aws = Recorded::play([gone]).await;
    let hand = Anchors {
        sessions: aws.sessions(),
    };
    let found = Hand::<TrustAnchor>::read(&hand, &step.at).await;
    assert_eq!(found, Ok(None));
    aws.done();
}

/// An association as RAM answers; times are seconds since 1970.
fn association(share: &str, principal: &str, status: &str) -> Value {
    json!({"resourceShareAssociations": [{
        "resourceShareArn": share,
        "resourceShareName": "shared-subnets",
        "associatedEntity": principal,
        "associationType": "PRINCIPAL",
        "status": status,
        "creationTime": 1_794_881_450.312,
        "lastUpdatedTime": 1_794_881_452.9,
        "external": true,
    }]})
}

async fn leaves_the_share(name: &str, principal: &str, made: &str) {
    let steps = steps(name);
    let [Plan::SharePrincipal(step)] = &steps[..] else {
        panic!("{steps:?}")
    };
    let share = &step.at.resource;
    let seconds = made.parse::<DateTime<Utc>>().unwrap().timestamp();
    let answer = |status| {
        let mut answer = association(share, principal, status);
        answer["resourceShareAssociations"][0]["creationTime"] = json!(seconds);
        answer
    };
    let asked = [format!(r#""{principal}""#), format!(r#""{share}""#)];
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    let call = |target: &str, answer: Value| {
        Exchange::rest(&format!("POST /{target} "), &asked).answers(answer)
    };
    let get = |answer| call("getresourceshareassociations", answer);
    let aws = Recorded::play([
        get(answer("ASSOCIATED")),
        call("disassociateresourceshare", answer("DISASSOCIATING")),
        get(answer("DISASSOCIATED")),
        call("associateresourceshare", answer("ASSOCIATING")),
        get(answer("ASSOCIATING")),
    ])
    .await;
    let hand = Shares {
        sessions: aws.sessions(),
    };
    assert!(!put_right(&hand, step).await, "its age says enough");
    aws.done();
}

#[tokio::test]
async fn outsiders_leave_a_new_share() {
    let name = "role-guard/resource-share.created-open.violation.foreign-account";
    leaves_the_share(name, "333333333333", "2026-11-17T02:10:47Z").await;
    let name = "role-guard/resource-share.created-open.violation.own-and-foreign";
    let role = "arn:aws:iam::333333333333:role/resolver";
    leaves_the_share(name, role, "2026-11-17T02:25:15Z").await;
}

#[tokio::test]
async fn outsiders_leave_an_older_share() {
    let name = "role-guard/resource-share.opened.violation.foreign-account";
    leaves_the_share(name, "333333333333", "2026-11-17T02:44:11Z").await;
}

const BUCKET: &str = "acme-org-trail-logs";

#[tokio::test]
async fn an_inventory_for_outsiders_is_deleted() {
    let steps = steps("bucket-guard/bucket.inventory-exported.violation.log-bucket");
    let [Plan::BucketInventory(step)] = &steps[..] else {
        panic!("{steps:?}")
    };
    let body = r#"<?xml version="1.0" encoding="UTF-8"?>
<InventoryConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Id>daily-all</Id><IsEnabled>true</IsEnabled><Destination><S3BucketDestination><Format>CSV</Format><AccountId>333333333333</AccountId><Bucket>arn:aws:s3:::mx-object-lists</Bucket><Prefix>inventory</Prefix></S3BucketDestination></Destination><Schedule><Frequency>Daily</Frequency></Schedule><IncludedObjectVersions>All</IncludedObjectVersions></InventoryConfiguration>"#;
    exported(step, "inventory", "daily-all", body).await;
}

#[tokio::test]
async fn an_analysis_for_outsiders_is_deleted() {
    let steps = steps("bucket-guard/bucket.analytics-exported.violation.log-bucket");
    let [Plan::BucketAnalytics(step)] = &steps[..] else {
        panic!("{steps:?}")
    };
    let body = r#"<?xml version="1.0" encoding="UTF-8"?>
<AnalyticsConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Id>access-age</Id><StorageClassAnalysis><DataExport><OutputSchemaVersion>V_1</OutputSchemaVersion><Destination><S3BucketDestination><Format>CSV</Format><BucketAccountId>333333333333</BucketAccountId><Bucket>arn:aws:s3:::mx-object-lists</Bucket><Prefix>analysis/</Prefix></S3BucketDestination></Destination></DataExport></StorageClassAnalysis></AnalyticsConfiguration>"#;
    exported(step, "analytics", "access-age", body).await;
}

async fn exported<F: Facet>(step: &Step<F>, sort: &str, id: &str, body: &str)
where
    S3<'static>: Hand<F>,
{
    assert_eq!(step.at.item.as_deref(), Some(id));
    let noun = if sort == "inventory" {
        "Inventory"
    } else {
        "Analytics"
    };
    let get = format!("GET /{BUCKET}/?{sort}&x-id=GetBucket{noun}Configuration&id={id} ");
    let get = || Exchange::rest(&get, &[]);
    let delete = Exchange::rest(&format!("DELETE /{BUCKET}/?{sort}&id={id} "), &[]);
    let aws = Recorded::play([
        get().says(200, body),
        delete.says(204, ""),
        get().fails("NoSuchConfiguration"),
    ])
    .await;
    let hand = S3 {
        sessions: aws.sessions(),
    };
    assert!(put_right(&hand, step).await, "no service says since when");
    aws.done();
}
