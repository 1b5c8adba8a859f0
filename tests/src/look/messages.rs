//! What is live of topics, subscriptions, queues and tables.

use serde_json::{Map, Value, json};

use crate::api::{Api, document, elements};

/// The topic, subscription, queue or table that a request names.
pub async fn at(api: &Api, asked: &Value) -> Option<Value> {
    if let Some(topic) = asked["topicArn"].as_str() {
        return Some(topic_of(api, topic).await);
    }
    if let Some(arn) = asked["subscriptionArn"].as_str() {
        let asked = json!({ "SubscriptionArn": arn });
        let (status, found) = api.sns("GetSubscriptionAttributes", &asked).await;
        let names = [
            "DeliveryPolicy",
            "FilterPolicy",
            "RawMessageDelivery",
            "RedrivePolicy",
        ];
        return Some(json!({ "there": status < 300, "attributes": attributes(&found, &names) }));
    }
    if let Some(url) = asked["queueUrl"].as_str() {
        return Some(queue_of(api, url).await);
    }
    let table = asked["tableName"].as_str()?;
    Some(table_of(api, table).await)
}

/// Who is told by a topic: ARN and endpoint.
pub async fn subscribers(api: &Api, topic: &str) -> Vec<(String, String)> {
    let (_, listed) = api
        .sns("ListSubscriptionsByTopic", &json!({ "TopicArn": topic }))
        .await;
    let arns = elements(&listed, "SubscriptionArn").into_iter();
    let mut all: Vec<_> = arns.zip(elements(&listed, "Endpoint")).collect();
    all.sort();
    all
}

async fn topic_of(api: &Api, topic: &str) -> Value {
    let (_, found) = api
        .sns("GetTopicAttributes", &json!({ "TopicArn": topic }))
        .await;
    let policy = attributes(&found, &["Policy"]);
    json!({
        "policy": sorted(policy["Policy"].as_str().unwrap_or_default()),
        "attributes": attributes(&found, &["DeliveryPolicy", "DisplayName", "KmsMasterKeyId"]),
        "subscribers": subscribers(api, topic).await,
    })
}

async fn queue_of(api: &Api, url: &str) -> Value {
    let asked = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
    let (_, found) = api.json("sqs", "GetQueueAttributes", &asked).await;
    let mut found = found["Attributes"].as_object().cloned().unwrap_or_default();
    let policy = found.remove("Policy").unwrap_or_default();
    found.retain(|name, _| !name.starts_with("Approximate") && !name.ends_with("Timestamp"));
    json!({ "policy": sorted(policy.as_str().unwrap_or_default()), "attributes": found })
}

async fn table_of(api: &Api, table: &str) -> Value {
    let asked = json!({ "TableName": table });
    let (_, described) = api.json("dynamodb", "DescribeTable", &asked).await;
    let (_, backups) = api
        .json("dynamodb", "DescribeContinuousBackups", &asked)
        .await;
    let backups = &backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
    json!({
        "protected": described["Table"]["DeletionProtectionEnabled"],
        "recovery": backups["PointInTimeRecoveryStatus"],
    })
}

/// A policy whose statements stand in an order of their own: it means nothing.
fn sorted(text: &str) -> Value {
    let mut policy = document(text);
    if let Some(statements) = policy["Statement"].as_array_mut() {
        statements.sort_by_key(Value::to_string);
    }
    policy
}

/// These attributes of an answer, where they are set.
fn attributes(answer: &str, names: &[&str]) -> Value {
    let entries = elements(answer, "entry").into_iter();
    let all = entries.map(|entry| {
        let one = |name: &str| elements(&entry, name).concat();
        (one("key"), one("value"))
    });
    let set = all.filter(|(key, value)| {
        names.contains(&key.as_str()) && !matches!(value.as_str(), "" | "{}")
    });
    set.map(|(key, value)| (key, json!(value)))
        .collect::<Map<_, _>>()
        .into()
}
