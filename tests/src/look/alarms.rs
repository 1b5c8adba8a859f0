//! Alarms, but for when anything happened to them.

use serde_json::{Map, Value, json};

use crate::api::Api;

/// All alarms of metrics, by their names.
pub(super) async fn all(api: &Api) -> Value {
    let (_, answer) = api.json("monitoring", "DescribeAlarms", &json!({})).await;
    let mut found = Map::new();
    for alarm in answer["MetricAlarms"].as_array().into_iter().flatten() {
        let mut alarm = alarm.clone();
        let fields = alarm.as_object_mut().expect("an object");
        fields.retain(|name, _| !name.ends_with("Timestamp"));
        found.insert(
            alarm["AlarmName"].as_str().unwrap_or_default().into(),
            alarm,
        );
    }
    Value::Object(found)
}
