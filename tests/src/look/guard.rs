//! Functions, rules, buses and schedules, as they are.

use serde_json::{Map, Value, json};

use crate::api::{Api, document};

/// All sides of what an event of Lambda, EventBridge or its scheduler is about.
pub async fn at(api: &Api, detail: &Value) -> Value {
    let asked = &detail["requestParameters"];
    let answered = &detail["responseElements"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match detail["eventSource"].as_str() {
        Some("lambda.amazonaws.com") => {
            let named = text(&asked["functionName"]).or_else(|| text(&answered["functionArn"]));
            let named = named.unwrap_or_default();
            let name = named.rsplit(':').next().unwrap_or_default();
            function(api, name).await
        }
        Some("scheduler.amazonaws.com") => {
            let group = text(&asked["groupName"]).unwrap_or("default".into());
            let name = text(&asked["name"]).unwrap_or_default();
            let start = format!("GET /schedules/{name}?groupName={group}");
            let mut found = settled(api.rest("scheduler", &start, &Value::Null).await);
            without(&mut found, &["CreationDate", "LastModificationDate"]);
            found
        }
        _ => {
            let bus = text(&asked["eventBusName"]);
            let rules = matches!(
                detail["eventName"].as_str(),
                Some("PutRule" | "DisableRule" | "DeleteRule" | "PutTargets" | "RemoveTargets")
            );
            if rules {
                let name = text(&asked["name"]).or_else(|| text(&asked["rule"]));
                return rule(api, bus.as_deref(), &name.unwrap_or_default()).await;
            }
            let name = bus.or_else(|| text(&asked["name"]));
            event_bus(api, &name.unwrap_or("default".into())).await
        }
    }
}

fn settled((status, said): (u16, Value)) -> Value {
    if status < 300 { said } else { Value::Null }
}

fn without(value: &mut Value, names: &[&str]) {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, value| !names.contains(&name.as_str()) && !value.is_null());
    }
}

/// The statements of a policy, in an order that means something.
fn statements(policy: &Value) -> Value {
    let policy = document(policy.as_str().unwrap_or_default());
    let all = policy["Statement"].as_array().cloned().unwrap_or_default();
    let by_id = all
        .into_iter()
        .map(|one| (one["Sid"].as_str().unwrap_or_default().to_owned(), one));
    Value::Object(by_id.collect::<Map<_, _>>())
}

async fn function(api: &Api, name: &str) -> Value {
    let ask = async |start: String| {
        let answer = api
            .rest("lambda", &format!("GET {start}"), &Value::Null)
            .await;
        settled(answer)
    };
    let concurrency = ask(format!("/2019-09-30/functions/{name}/concurrency")).await;
    let url = ask(format!("/2021-10-31/functions/{name}/url")).await;
    let policy = ask(format!("/2015-03-31/functions/{name}/policy")).await;
    let config = format!("/2019-09-25/functions/{name}/event-invoke-config");
    let mut asynchronous = ask(config).await;
    without(
        &mut asynchronous,
        &["LastModified", "FunctionName", "Qualifier"],
    );
    let aliases = ask(format!("/2015-03-31/functions/{name}/aliases")).await;
    let aliases = aliases["Aliases"].as_array().cloned().unwrap_or_default();
    let aliases = aliases.into_iter().map(|one| {
        let to = json!([
            one["FunctionVersion"],
            one["Description"],
            one["RoutingConfig"]["AdditionalVersionWeights"]
                .as_object()
                .filter(|all| !all.is_empty())
        ]);
        (one["Name"].as_str().unwrap_or_default().to_owned(), to)
    });
    let sources = format!("/2015-03-31/event-source-mappings?FunctionName={name}");
    let sources = ask(sources).await;
    let sources = sources["EventSourceMappings"].as_array().cloned();
    let sources = sources.unwrap_or_default().into_iter().map(|one| {
        let read = json!([one["State"], one["BatchSize"]]);
        (
            one["EventSourceArn"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            read,
        )
    });
    json!({
        "reserved": concurrency["ReservedConcurrentExecutions"],
        "url": url["AuthType"],
        "policy": statements(&policy["Policy"]),
        "asynchronous": asynchronous,
        "aliases": aliases.collect::<Map<_, _>>(),
        "sources": sources.collect::<Map<_, _>>(),
    })
}

async fn rule(api: &Api, bus: Option<&str>, name: &str) -> Value {
    let bus = bus.unwrap_or("default");
    let asked = json!({ "Name": name, "EventBusName": bus });
    let found = settled(api.json("events", "DescribeRule", &asked).await);
    let asked = json!({ "Rule": name, "EventBusName": bus });
    let targets = settled(api.json("events", "ListTargetsByRule", &asked).await);
    json!({
        "state": found["State"],
        "pattern": document(found["EventPattern"].as_str().unwrap_or_default()),
        "description": found["Description"],
        "targets": targets["Targets"].as_array().filter(|all| !all.is_empty()),
    })
}

async fn event_bus(api: &Api, name: &str) -> Value {
    let asked = json!({ "Name": name });
    let found = settled(api.json("events", "DescribeEventBus", &asked).await);
    json!({
        "arn": found["Arn"],
        "description": found["Description"],
        "key": found["KmsKeyIdentifier"],
        "deadLetters": found["DeadLetterConfig"],
        "policy": statements(&found["Policy"]),
    })
}
