//! Functions with all that belongs to them, rules, buses and schedules.

use serde_json::{Value, json};

use super::sample;
use crate::api::Api;
use crate::moto::Moto;
use crate::scene::place::Place;

/// An archive with nothing in it.
const NOTHING: &str = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";
/// The rule that the samples speak of.
const RULE: &str = "auditward-TrailGuardTrails-9VK2XQ0B7LMD";
const PULSED: &str = "arn:aws:lambda:eu-west-1:111111111111:function:auditward-trail-guard";
const QUEUE: &str = "arn:aws:sqs:eu-west-1:111111111111:";

/// The same words of self-guard, where an event is about what self-guard hangs
/// on: `auditward-SelfGuardRules-…`, `auditward-self-guard`.
pub fn of_self_guard(text: &str) -> String {
    text.replace("TrailGuardTrails", "SelfGuardRules")
        .replace("auditward-trail-guard", "auditward-self-guard")
}

/// What the words of trail-guard's parts are in an event about these.
fn words(asked: &Value) -> fn(&str) -> String {
    let asked = asked.to_string();
    if asked.contains("auditward-self-guard") || asked.contains("SelfGuard") {
        of_self_guard
    } else {
        str::to_owned
    }
}

/// What an event of Lambda is about: its function.
pub async fn prepare_functions(moto: &Moto, place: Place, detail: &Value) {
    let api = Api::of(moto, place.account, place.region).await;
    let asked = &detail["requestParameters"];
    let named = [
        &asked["functionName"],
        &detail["responseElements"]["functionArn"],
    ];
    let Some(named) = named.iter().find_map(|one| one.as_str()) else {
        return;
    };
    let name = named.rsplit(':').next().unwrap_or_default();
    make_function(&api, place, name).await;
    match detail["eventName"].as_str() {
        Some("UpdateFunctionUrlConfig") => {
            let start = format!("POST /2021-10-31/functions/{name}/url");
            call(&api, &start, json!({"AuthType": "AWS_IAM"})).await;
        }
        Some("CreateEventSourceMapping20150331") => {
            let queue = asked["eventSourceArn"].as_str().unwrap_or_default();
            make_queue(&api, queue.rsplit(':').next().unwrap_or_default()).await;
        }
        Some("UpdateEventSourceMapping20150331" | "DeleteEventSourceMapping20150331") => {
            let made = &detail["responseElements"];
            let queue = made["eventSourceArn"].as_str().unwrap_or_default();
            make_queue(&api, queue.rsplit(':').next().unwrap_or_default()).await;
            let id = made["uUID"].as_str().unwrap_or_default();
            let start = format!("GET /2015-03-31/event-source-mappings/{id}");
            if api.rest("lambda", &start, &Value::Null).await.0 < 300 {
                return;
            }
            let mapping = json!({"FunctionName": name, "EventSourceArn": queue,
                "BatchSize": made["batchSize"], "Enabled": true, "UUID": id});
            call(&api, "POST /2015-03-31/event-source-mappings", mapping).await;
        }
        _ => {}
    }
}

async fn make_queue(api: &Api, name: &str) {
    api.json("sqs", "CreateQueue", &json!({ "QueueName": name }))
        .await;
}

/// A call that must succeed, or have succeeded before.
async fn call(api: &Api, start: &str, body: Value) {
    let (status, said) = api.rest("lambda", start, &body).await;
    assert!(status < 300 || status == 409, "{start}: {status} {said}");
}

/// A function as the stack makes it.
async fn make_function(api: &Api, place: Place, name: &str) {
    let (region, account) = (place.region, place.account.id);
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole"}]});
    let role = format!("{name}-eu-west-1");
    let made = json!({"RoleName": role, "AssumeRolePolicyDocument": trust.to_string()});
    super::iam(api, "CreateRole", made).await;
    let function = json!({"FunctionName": name, "Runtime": "provided.al2023",
        "Handler": "bootstrap", "Code": {"ZipFile": NOTHING}, "Publish": true,
        "Role": format!("arn:aws:iam::{account}:role/{role}")});
    let (status, said) = api
        .rest("lambda", "POST /2015-03-31/functions", &function)
        .await;
    if status == 409 {
        return;
    }
    assert!(status < 300, "{name}: {said}");
    let path = |version: &str, what: &str| format!("{version}/functions/{name}/{what}");
    let reserve = json!({"ReservedConcurrentExecutions": 20});
    let start = format!("PUT /{}", path("2017-10-31", "concurrency"));
    call(api, &start, reserve).await;
    let alias = json!({"Name": "live", "FunctionVersion": "1", "Description": ""});
    let start = format!("POST /{}", path("2015-03-31", "aliases"));
    call(api, &start, alias).await;
    let version = format!("POST /{}", path("2015-03-31", "versions"));
    let code = json!({"ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==", "Publish": true});
    call(api, &format!("PUT /{}", path("2015-03-31", "code")), code).await;
    call(api, &version, json!({})).await;
    let invocations = json!({"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 21600,
        "DestinationConfig": {"OnFailure": {"Destination": place.moved(&format!("{QUEUE}auditward-Failed"))}}});
    let start = format!("PUT /{}", path("2019-09-25", "event-invoke-config"));
    call(api, &start, invocations).await;
    let words = words(&json!(name));
    let removed = sample("self-guard/guard-function.cut-off.violation.deployed-rule");
    let statement = removed["detail"]["requestParameters"]["statementId"].as_str();
    let permission = json!({
        "StatementId": words(statement.unwrap_or_default()),
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": words(&format!("arn:aws:events:{region}:{account}:rule/{RULE}")),
    });
    let start = format!("POST /{}", path("2015-03-31", "policy"));
    if name.starts_with("auditward-") {
        call(api, &start, permission).await;
    } else {
        let public = json!({"StatementId": "public", "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com"});
        call(api, &start, public).await;
    }
}

/// The rules, and the bus of the members' events.
pub async fn prepare_rules(moto: &Moto, place: Place, detail: &Value) {
    let api = Api::of(moto, place.account, place.region).await;
    let asked = &detail["requestParameters"];
    let deployed = sample("self-guard/guard-rule.changed.violation.disabled");
    let pattern = &deployed["detail"]["requestParameters"]["eventPattern"];
    let words = words(asked);
    for name in [&*words(RULE), "orders-shipped"] {
        let rule = json!({"Name": name, "EventPattern": pattern, "State": "ENABLED"});
        events(&api, "PutRule", rule).await;
    }
    let target = json!({"Id": words("TrailGuardTrailsLambdaTarget"),
        "Arn": words(&place.moved(PULSED)),
        "DeadLetterConfig": {"Arn": place.moved(&format!("{QUEUE}auditward-Undelivered"))},
        "RetryPolicy": {"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86400}});
    events(
        &api,
        "PutTargets",
        json!({"Rule": words(RULE), "Targets": [target]}),
    )
    .await;
    let names = [&asked["eventBusName"], &asked["name"]];
    let bus = names
        .into_iter()
        .find_map(|name| name.as_str().filter(|name| !name.contains("Guard")));
    let Some(bus @ ("auditward-central" | "acme-orders")) = bus else {
        return;
    };
    let made = json!({"Name": bus, "Description": "what members tell",
        "DeadLetterConfig": {"Arn": place.moved(&format!("{QUEUE}auditward-Undelivered"))}});
    let (status, _) = api.json("events", "CreateEventBus", &made).await;
    if status < 300 {
        let policy = json!({"EventBusName": bus, "Action": "events:PutEvents",
            "Principal": place.account.id, "StatementId": "home"});
        events(&api, "PutPermission", policy).await;
    }
}

async fn events(api: &Api, action: &str, asked: Value) {
    let (status, said) = api.json("events", action, &asked).await;
    assert!(status < 300, "{action}: {said}");
}

/// The schedule that the samples speak of.
pub async fn prepare_schedules(moto: &Moto, place: Place, detail: &Value) {
    let api = Api::of(moto, place.account, place.region).await;
    let words = words(&detail["requestParameters"]);
    let schedule = json!({
        "ScheduleExpression": "rate(1 minute)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "State": "ENABLED",
        "Target": {
            "Arn": words(&place.moved(PULSED)),
            "RoleArn": place.moved("arn:aws:iam::111111111111:role/auditward-schedules"),
            "Input": "{\"auditward\":\"pulse\"}",
            "RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185},
        },
    });
    let start = words("POST /schedules/auditward-trail-guard-pulse");
    api.rest("scheduler", &start, &schedule).await;
}
