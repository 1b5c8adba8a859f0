//! What is live in AWS, read without the product's hands: the same state gives
//! the same JSON, whoever wrote it.

mod alarms;
mod guard;
pub mod iam;
mod logs;
pub mod messages;
mod organizations;
mod points;
mod sides;

use auditward_rules::arn::Arn;
use serde_json::{Map, Value, json};

use crate::api::{Api, document, elements};
use crate::moto::Moto;
use crate::scene::{REGION, account_named};

/// All sides of the resource that an event is about.
pub async fn at(moto: &Moto, event: &Value) -> Value {
    let detail = &event["detail"];
    let asked = &detail["requestParameters"];
    let region = detail["awsRegion"].as_str().unwrap_or(REGION);
    let account = account_named(detail["recipientAccountId"].as_str());
    if detail["eventSource"] == "organizations.amazonaws.com" {
        return organizations::at(moto).await;
    }
    let api = Api::of(moto, account, region).await;
    match detail["eventSource"].as_str() {
        Some("logs.amazonaws.com") => return logs::all(&api).await,
        Some("monitoring.amazonaws.com") => return alarms::all(&api).await,
        Some("lambda.amazonaws.com" | "events.amazonaws.com" | "scheduler.amazonaws.com") => {
            return guard::at(&api, detail).await;
        }
        _ => {}
    }
    if let Some(found) = messages::at(&api, asked).await {
        return found;
    }
    let named = |names: &[&str]| {
        let found = names.iter().find_map(|name| asked[*name].as_str());
        found.map(str::to_owned)
    };
    if let Some(bucket) = named(&["bucketName"]) {
        return bucket_of(&api, &bucket).await;
    }
    if detail["eventSource"] == "iam.amazonaws.com"
        && let Some(seen) = iam::at(&api, asked).await
    {
        return seen;
    }
    if let Some(role) = named(&["roleName"]) {
        return role_of(&api, &role).await;
    }
    if let Some(key) = named(&["keyId"]) {
        return key_of(&api, &key).await;
    }
    if detail["eventName"].to_string().contains("AccessPoint") {
        return points::at(&api, &named(&["name"]).unwrap_or_default()).await;
    }
    if let Some(trail) = named(&["trailName", "name", "resourceId"]) {
        return trail_of(&api, moto, &trail).await;
    }
    let block = "GET /v20180820/configuration/publicAccessBlock";
    json!({ "publicAccessBlock": blocked(&api, block).await })
}

/// What a public access block blocks; none blocks nothing.
async fn blocked(api: &Api, start: &str) -> Value {
    let (_, body) = api.s3(start, Vec::new(), String::new()).await;
    let flags = [
        "BlockPublicAcls",
        "IgnorePublicAcls",
        "BlockPublicPolicy",
        "RestrictPublicBuckets",
    ];
    flags
        .into_iter()
        .filter(|flag| elements(&body, flag) == ["true"])
        .collect()
}

async fn trail_of(api: &Api, moto: &Moto, name: &str) -> Value {
    let home;
    let api = match Arn::parse(name) {
        Some(arn) => {
            home = Api::of(moto, account_named(Some(arn.account)), arn.region).await;
            &home
        }
        None => api,
    };
    let ask = async |action: &str, parameters: Value| {
        let (status, answer) = api.json("cloudtrail", action, &parameters).await;
        if status < 300 { answer } else { Value::Null }
    };
    let trail = ask("GetTrail", json!({ "Name": name })).await["Trail"].clone();
    if trail.is_null() {
        return Value::Null;
    }
    let tags = ask("ListTags", json!({ "ResourceIdList": [trail["TrailARN"]] })).await;
    let selectors = ask("GetEventSelectors", json!({ "TrailName": name })).await;
    json!({
        "configuration": trail,
        "tags": tags["ResourceTagList"],
        "logging": ask("GetTrailStatus", json!({ "Name": name })).await["IsLogging"],
        "selectors": [selectors["EventSelectors"], selectors["AdvancedEventSelectors"]],
        "insights": ask("GetInsightSelectors", json!({ "TrailName": name })).await["InsightSelectors"],
    })
}

async fn key_of(api: &Api, key: &str) -> Value {
    let (_, described) = api
        .json("kms", "DescribeKey", &json!({ "KeyId": key }))
        .await;
    let asked = json!({ "KeyId": key, "PolicyName": "default" });
    let (_, policy) = api.json("kms", "GetKeyPolicy", &asked).await;
    let key = json!({ "KeyId": key });
    let (_, rotation) = api.json("kms", "GetKeyRotationStatus", &key).await;
    let (_, granted) = api.json("kms", "ListGrants", &key).await;
    // KMS gives a grant that is made again another ID and time.
    let granted = granted["Grants"].as_array().into_iter().flatten();
    let mut grants: Vec<_> = granted
        .map(|grant| format!("{} {}", grant["GranteePrincipal"], grant["Operations"]))
        .collect();
    grants.sort_unstable();
    json!({
        "grants": grants,
        "rotation": [rotation["KeyRotationEnabled"], rotation["RotationPeriodInDays"]],
        "state": described["KeyMetadata"]["KeyState"],
        "policy": document(policy["Policy"].as_str().unwrap_or_default()),
    })
}

/// One side of a bucket: the body, or the code of S3's error.
async fn part(api: &Api, start: &str) -> Value {
    let (status, body) = api.s3(start, Vec::new(), String::new()).await;
    if status < 300 {
        // In which order the elements stand means nothing.
        let mut parts: Vec<_> = body.split('<').map(str::trim).collect();
        parts.sort_unstable();
        return json!(parts);
    }
    json!(elements(&body, "Code"))
}

async fn bucket_of(api: &Api, bucket: &str) -> Value {
    let mut sides = Map::new();
    for side in [
        "location",
        "ownershipControls",
        "acl",
        "versioning",
        "encryption",
        "lifecycle",
    ] {
        sides.insert(
            side.into(),
            part(api, &format!("GET /{bucket}?{side}")).await,
        );
    }
    for side in sides::SIDES {
        sides.insert(side.into(), sides::side(api, bucket, side).await);
    }
    let block = format!("GET /{bucket}?publicAccessBlock");
    sides.insert("publicAccessBlock".into(), blocked(api, &block).await);
    let (status, policy) = api
        .s3(&format!("GET /{bucket}?policy"), Vec::new(), String::new())
        .await;
    let mut policy = if status < 300 {
        document(&policy)
    } else {
        Value::Null
    };
    // In which order statements stand means nothing.
    if let Some(statements) = policy["Statement"].as_array_mut() {
        statements.sort_by_key(Value::to_string);
    }
    sides.insert("policy".into(), policy);
    Value::Object(sides)
}

async fn role_of(api: &Api, name: &str) -> Value {
    let role = json!({ "RoleName": name });
    let (status, found) = api.iam("GetRole", &role).await;
    if status >= 300 {
        return Value::Null;
    }
    let (_, tags) = api.iam("ListRoleTags", &role).await;
    let (_, names) = api.iam("ListRolePolicies", &role).await;
    let mut inline = Map::new();
    for policy in elements(&names, "member") {
        let asked = json!({ "RoleName": name, "PolicyName": policy });
        let (_, answer) = api.iam("GetRolePolicy", &asked).await;
        inline.insert(
            policy,
            document(&elements(&answer, "PolicyDocument").concat()),
        );
    }
    json!({
        "trust": document(&elements(&found, "AssumeRolePolicyDocument").concat()),
        "settings": [elements(&found, "Description"), elements(&found, "MaxSessionDuration")],
        "boundary": elements(&found, "PermissionsBoundaryArn"),
        "tags": [elements(&tags, "Key"), elements(&tags, "Value")],
        "inline": inline,
        "attached": attached(api, "Role", name).await,
    })
}

async fn attached(api: &Api, sort: &str, name: &str) -> Value {
    let asked = json!({ format!("{sort}Name"): name });
    let (_, listed) = api
        .iam(&format!("ListAttached{sort}Policies"), &asked)
        .await;
    let mut arns = elements(&listed, "PolicyArn");
    arns.sort_unstable();
    json!(arns)
}
