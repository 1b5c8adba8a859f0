//! What an account has in CloudWatch Logs, but for times and counts.

use serde_json::{Map, Value, json};

use crate::api::{Api, document};

/// A list of an answer, each without what changes by itself, by its name.
async fn list(api: &Api, action: &str, asked: Value, list: &str, name: &str) -> Value {
    let (_, answer) = api.json("logs", action, &asked).await;
    let mut found = Map::new();
    for one in answer[list].as_array().into_iter().flatten() {
        let mut one = one.clone();
        let fields = one.as_object_mut().expect("an object");
        for changing in [
            "creationTime",
            "lastUpdatedTime",
            "storedBytes",
            "metricFilterCount",
        ] {
            fields.remove(changing);
        }
        for policy in ["accessPolicy", "policyDocument"] {
            if let Some(text) = fields.get(policy).and_then(Value::as_str).map(document) {
                fields.insert(policy.into(), text);
            }
        }
        found.insert(one[name].as_str().unwrap_or_default().into(), one);
    }
    Value::Object(found)
}

/// Log groups with what is set on them, destinations, policies.
pub(super) async fn all(api: &Api) -> Value {
    let none = || json!({});
    let mut groups = list(
        api,
        "DescribeLogGroups",
        none(),
        "logGroups",
        "logGroupName",
    )
    .await;
    for (name, group) in groups.as_object_mut().into_iter().flatten() {
        let of = || json!({ "logGroupName": name });
        group["subscriptions"] = list(
            api,
            "DescribeSubscriptionFilters",
            of(),
            "subscriptionFilters",
            "filterName",
        )
        .await;
        group["metrics"] = list(
            api,
            "DescribeMetricFilters",
            of(),
            "metricFilters",
            "filterName",
        )
        .await;
        let of = json!({ "logGroupIdentifier": name });
        let (_, masks) = api.json("logs", "GetDataProtectionPolicy", &of).await;
        group["masks"] = document(masks["policyDocument"].as_str().unwrap_or_default());
    }
    let named = json!({ "deliveryDestinationName": "acme-vended" });
    let (_, vended) = api
        .json("logs", "GetDeliveryDestinationPolicy", &named)
        .await;
    let vended = vended["policy"]["deliveryDestinationPolicy"].as_str();
    json!({
        "groups": groups,
        "destinations": list(api, "DescribeDestinations", none(), "destinations", "destinationName").await,
        "policies": list(api, "DescribeResourcePolicies", none(), "resourcePolicies", "policyName").await,
        "vended": document(vended.unwrap_or_default()),
    })
}
