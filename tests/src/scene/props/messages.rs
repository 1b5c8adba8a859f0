//! Auditward's own topic and queues, as the stack makes them.

use serde_json::{Value, json};

use super::sample;
use crate::api::Api;
use crate::scene::place::Place;

/// The policy that a clean sample writes: as it is deployed.
fn deployed(place: Place, name: &str) -> Value {
    let asked = sample(&format!("self-guard/{name}.clean.as-deployed"));
    let asked = &asked["detail"]["requestParameters"];
    let policy = [&asked["attributeValue"], &asked["attributes"]["Policy"]];
    let found = policy.into_iter().find(|one| one.is_string());
    place.moved_json(found.expect("a policy"))
}

/// Makes what must be there before an event's call can be made.
pub async fn prepare(api: &Api, place: Place, detail: &Value) {
    let asked = &detail["requestParameters"];
    match detail["eventSource"].as_str().unwrap_or_default() {
        "sns.amazonaws.com" => {
            if let Some(topic) = asked["topicArn"].as_str() {
                prepare_topic(api, place, topic).await;
            }
        }
        "sqs.amazonaws.com" => {
            if let Some(url) = asked["queueUrl"].as_str() {
                prepare_queue(api, place, url).await;
            }
        }
        _ => {}
    }
}

async fn prepare_topic(api: &Api, place: Place, topic: &str) {
    if !topic.ends_with(":auditward-alerts") {
        return;
    }
    // At home it is there already.
    let named = json!({"Name": "auditward-alerts"});
    let (status, said) = api.sns("CreateTopic", &named).await;
    assert!(status < 300, "{said}");
    let policy = deployed(place, "topic.policy-weakened");
    for (name, value) in [
        ("Policy", &policy),
        ("KmsMasterKeyId", &json!("alias/auditward")),
    ] {
        let asked = json!({"TopicArn": topic, "AttributeName": name, "AttributeValue": value});
        let (status, said) = api.sns("SetTopicAttributes", &asked).await;
        assert!(status < 300, "{said}");
    }
}

async fn prepare_queue(api: &Api, place: Place, url: &str) {
    let name = url.rsplit('/').next().unwrap_or_default();
    let attributes = if name == "auditward-undelivered" {
        json!({"MessageRetentionPeriod": "1209600", "Policy": deployed(place, "queue.policy-weakened")})
    } else {
        json!({})
    };
    let (status, _) = api
        .json("sqs", "GetQueueUrl", &json!({ "QueueName": name }))
        .await;
    if status >= 300 {
        let asked = json!({"QueueName": name, "Attributes": attributes});
        must(api.json("sqs", "CreateQueue", &asked).await);
    }
}

fn must((status, said): (u16, Value)) {
    assert!(status < 300, "{said}");
}
