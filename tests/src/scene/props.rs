//! What must be there before somebody can do something about it.

mod alarms;
mod bucket;
mod guard;
mod iam;
mod logs;
mod messages;
mod points;

pub use guard::of_self_guard;

use serde_json::{Value, json};

use super::place::Place;
use super::{LOG_BUCKET, REGION, TRAIL, account_named, delivery_policy, make_bucket};
use crate::api::{Api, elements};
use crate::binaries::root;
use crate::moto::Moto;

/// A sample event, by folder and name: `trail-guard/trail.deleted.violation.by-arn`.
pub fn sample(name: &str) -> Value {
    let path = root().join("events").join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).expect("a sample is JSON")
}

/// The log bucket's policy: what the sample puts there, without the stranger.
fn log_policy() -> String {
    let event = sample("bucket-guard/bucket.policy-opened.violation.log-bucket");
    let mut policy = event["detail"]["requestParameters"]["bucketPolicy"].clone();
    let statements = policy["Statement"].as_array_mut().expect("statements");
    statements.retain(|one| !one["Principal"].to_string().contains("333333333333"));
    policy.to_string()
}

/// Makes the trail with its bucket, key and topic; gives the key's ID.
pub async fn make_trail(moto: &Moto, place: Place) -> String {
    let config = moto.sdk_config(place.account, place.region).await;
    make_bucket(&config, LOG_BUCKET).await;
    let api = Api::of(moto, place.account, place.region).await;
    let policy = place.moved(&log_policy());
    put(&api, &format!("PUT /{LOG_BUCKET}?policy"), policy).await;
    let versions = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    put(
        &api,
        &format!("PUT /{LOG_BUCKET}?versioning"),
        versions.into(),
    )
    .await;
    aws_sdk_sns::Client::new(&config)
        .create_topic()
        .name("acme-trail-delivered")
        .send()
        .await
        .expect("the trail's topic");
    let event = sample("trail-guard/key.policy-lockout.clean.all-statements");
    let policy = place.moved_json(&event["detail"]["requestParameters"]["policy"]);
    let made = json(&api, "kms", "CreateKey", json!({ "Policy": policy })).await;
    let key = made["KeyMetadata"]["KeyId"]
        .as_str()
        .expect("a key has an ID");
    let trail = json!({
        "Name": TRAIL,
        "S3BucketName": LOG_BUCKET,
        "IsMultiRegionTrail": true,
        "IncludeGlobalServiceEvents": true,
        "EnableLogFileValidation": true,
        "KmsKeyId": made["KeyMetadata"]["Arn"],
        "SnsTopicName": place.moved("arn:aws:sns:eu-west-1:111111111111:acme-trail-delivered"),
        "TagsList": [{"Key": "owner", "Value": "security"}],
    });
    json(&api, "cloudtrail", "CreateTrail", trail).await;
    let selectors = json!({"TrailName": TRAIL, "EventSelectors": [{
        "ReadWriteType": "All",
        "IncludeManagementEvents": true,
        "DataResources": [{
            "Type": "AWS::S3::Object",
            "Values": [format!("arn:aws:s3:::{LOG_BUCKET}/")],
        }],
        "ExcludeManagementEventSources": [],
    }]});
    json(&api, "cloudtrail", "PutEventSelectors", selectors).await;
    let insights = json!({"TrailName": TRAIL, "InsightSelectors": [
        {"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"},
    ]});
    json(&api, "cloudtrail", "PutInsightSelectors", insights).await;
    json(&api, "cloudtrail", "StartLogging", json!({ "Name": TRAIL })).await;
    key.to_owned()
}

/// Lets a role of the account use a key by a grant; gives the grant's ID.
pub async fn grant(moto: &Moto, place: Place, key: &str) -> String {
    let api = &Api::of(moto, place.account, place.region).await;
    let role = place.moved("arn:aws:iam::111111111111:role/log-reader");
    let asked = json!({"KeyId": key, "GranteePrincipal": role, "Operations": ["Decrypt"]});
    let made = json(api, "kms", "CreateGrant", asked).await;
    made["GrantId"]
        .as_str()
        .expect("a grant has an ID")
        .to_owned()
}

/// Blocks all public access to an account's buckets.
pub async fn close_account(api: &Api) {
    let on = [
        "BlockPublicAcls",
        "IgnorePublicAcls",
        "BlockPublicPolicy",
        "RestrictPublicBuckets",
    ];
    let on: String = on
        .iter()
        .map(|flag| format!("<{flag}>true</{flag}>"))
        .collect();
    let body = format!("<PublicAccessBlockConfiguration>{on}</PublicAccessBlockConfiguration>");
    put(api, "PUT /v20180820/configuration/publicAccessBlock", body).await;
}

async fn put(api: &Api, start: &str, body: String) {
    let (status, said) = api.s3(start, Vec::new(), body).await;
    assert!(status < 300, "{start}: {said}");
}

async fn json(api: &Api, service: &str, action: &str, parameters: Value) -> Value {
    let (status, answer) = api.json(service, action, &parameters).await;
    assert!(status < 300, "{action}: {answer}");
    answer
}

/// A call of IAM; that something is there already is as good.
async fn iam(api: &Api, action: &str, parameters: Value) {
    let (status, said) = api.iam(action, &parameters).await;
    let there = elements(&said, "Code") == ["EntityAlreadyExists"];
    assert!(status < 300 || there, "{action}: {said}");
}

/// See [`super::Scene::prepare`].
pub async fn prepare(moto: &Moto, place: Place, event: &Value) {
    let detail = &event["detail"];
    match detail["eventSource"].as_str() {
        Some("logs.amazonaws.com") => return logs::prepare(moto, place).await,
        Some("monitoring.amazonaws.com") => return alarms::prepare(moto, place).await,
        Some("lambda.amazonaws.com") => return guard::prepare_functions(moto, place, detail).await,
        Some("events.amazonaws.com") => return guard::prepare_rules(moto, place, detail).await,
        Some("scheduler.amazonaws.com") => {
            return guard::prepare_schedules(moto, place, detail).await;
        }
        _ => {}
    }
    let asked = &detail["requestParameters"];
    let account = account_named(detail["recipientAccountId"].as_str());
    let region = detail["awsRegion"].as_str().unwrap_or(REGION);
    let api = Api::of(moto, account, region).await;
    let text = |name: &str| asked[name].as_str().unwrap_or_default();
    let call = detail["eventName"].as_str().unwrap_or_default();

    if detail["eventSource"] == "organizations.amazonaws.com" {
        return super::organization::prepare(moto, detail).await;
    }
    messages::prepare(&api, place, detail).await;
    points::prepare(&api, place, call, asked).await;
    if !text("bucketName").is_empty() && call != "CreateBucket" {
        make_open_bucket(moto, event, &api, text("bucketName")).await;
        bucket::prepare(&api, place, call, text("bucketName")).await;
    }
    if let Some((_, name)) = text("name").split_once(":trail/")
        && name != TRAIL
    {
        make_member_trail(moto, event, name).await;
    }
    if call == "UpdateTrail" && !matches!(text("s3BucketName"), "" | LOG_BUCKET) {
        let bucket = text("s3BucketName");
        make_bucket(&moto.sdk_config(account, region).await, bucket).await;
        put(
            &api,
            &format!("PUT /{bucket}?policy"),
            delivery_policy(bucket),
        )
        .await;
    }
    if call == "DisableKeyRotation" {
        let asked = json!({"KeyId": asked["keyId"], "RotationPeriodInDays": 180});
        json(&api, "kms", "EnableKeyRotation", asked).await;
    }
    if !text("roleName").is_empty() && call != "CreateRole" {
        // IAM deletes no role that still has policies.
        make_role(&api, text("roleName"), call != "DeleteRole").await;
    }
    if !text("userName").is_empty() {
        iam(&api, "CreateUser", json!({ "UserName": text("userName") })).await;
    }
    if !text("groupName").is_empty() {
        iam(
            &api,
            "CreateGroup",
            json!({ "GroupName": text("groupName") }),
        )
        .await;
    }
    if let Some((_, name)) = text("policyArn").split_once(&format!("::{}:policy/", account.id)) {
        // An older version is one that was weaker.
        let older = call == "SetDefaultPolicyVersion";
        let document = iam::policy(if older { "Allow" } else { "Deny" }, "*", "*");
        let asked = json!({"PolicyName": name, "PolicyDocument": document});
        iam(&api, "CreatePolicy", asked).await;
    }
    if detail["eventSource"] == "iam.amazonaws.com" {
        iam::complete(&api, call, asked).await;
    }
}

/// The bucket of an event, with whatever kept the call from succeeding gone.
async fn make_open_bucket(moto: &Moto, event: &Value, api: &Api, bucket: &str) {
    let (status, _) = api
        .s3(
            &format!("GET /{bucket}?location"),
            Vec::new(),
            String::new(),
        )
        .await;
    if status == 404 {
        let detail = &event["detail"];
        let account = account_named(detail["recipientAccountId"].as_str());
        let region = detail["awsRegion"].as_str().unwrap_or(REGION);
        make_bucket(&moto.sdk_config(account, region).await, bucket).await;
    }
    if event["detail"]["eventName"] == "PutBucketAcl" {
        let owner = "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>";
        put(
            api,
            &format!("PUT /{bucket}?ownershipControls"),
            owner.into(),
        )
        .await;
        api.s3(
            &format!("DELETE /{bucket}?publicAccessBlock"),
            Vec::new(),
            String::new(),
        )
        .await;
    }
}

/// A trail in the account and region that its event names, with its bucket.
async fn make_member_trail(moto: &Moto, event: &Value, name: &str) {
    let arn = event["detail"]["requestParameters"]["name"]
        .as_str()
        .unwrap_or_default();
    let mut parts = arn.split(':').skip(3);
    let (region, account) = (parts.next().unwrap_or_default(), parts.next());
    let account = account_named(account);
    let bucket = format!("{name}-logs");
    make_bucket(&moto.sdk_config(account, region).await, &bucket).await;
    let api = Api::of(moto, account, region).await;
    put(
        &api,
        &format!("PUT /{bucket}?policy"),
        delivery_policy(&bucket),
    )
    .await;
    let trail = json!({"Name": name, "S3BucketName": bucket, "IsMultiRegionTrail": true,
        "EnableLogFileValidation": true});
    json(&api, "cloudtrail", "CreateTrail", trail).await;
    json(&api, "cloudtrail", "StartLogging", json!({ "Name": name })).await;
}

/// A role as a stack makes a function's: with an inline and an attached policy,
/// a boundary, tags and a description.
async fn make_role(api: &Api, name: &str, whole: bool) {
    const POLICIES: &str = "arn:aws:iam::aws:policy/";
    let guard = whole && name.starts_with("auditward-");
    let service = if guard {
        "lambda.amazonaws.com"
    } else {
        "ec2.amazonaws.com"
    };
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]});
    let mut role = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
    if guard {
        role["Description"] = json!("Auditward's own");
        role["MaxSessionDuration"] = json!(7200);
        role["PermissionsBoundary"] = json!(format!("{POLICIES}AdministratorAccess"));
        role["Tags"] = json!([{"Key": "guardrail", "Value": "on"}]);
    }
    iam(api, "CreateRole", role).await;
    if guard {
        let put_back = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "cloudtrail:StartLogging", "Resource": "*"}]});
        let inline = json!({"RoleName": name, "PolicyName": "put-back",
            "PolicyDocument": put_back.to_string()});
        iam(api, "PutRolePolicy", inline).await;
        let basic = format!("{POLICIES}service-role/AWSLambdaBasicExecutionRole");
        let attached = json!({"RoleName": name, "PolicyArn": basic});
        iam(api, "AttachRolePolicy", attached).await;
    }
}
