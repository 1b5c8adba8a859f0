//! Metrics in CloudWatch's embedded format: one JSON line, no call.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

/// Counts and times of one invocation, printed as one line.
#[derive(Debug, Default)]
pub struct Metrics {
    values: Map<String, Value>,
}

impl Metrics {
    /// Adds to a count.
    pub fn count(&mut self, name: &str) {
        let count = self
            .values
            .get(name)
            .and_then(Value::as_u64)
            .unwrap_or_default();
        self.values.insert(name.to_owned(), json!(count + 1));
    }

    /// Sets a duration in milliseconds; names end in `Ms`.
    pub fn milliseconds(&mut self, name: &str, milliseconds: i64) {
        self.values.insert(name.to_owned(), json!(milliseconds));
    }

    /// The line, in the [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html);
    /// `None` where there is nothing to tell.
    pub fn line(&self, function: &str, now: DateTime<Utc>) -> Option<String> {
        if self.values.is_empty() {
            return None;
        }
        let unit = |name: &String| {
            if name.ends_with("Ms") {
                "Milliseconds"
            } else {
                "Count"
            }
        };
        let metrics: Vec<Value> = self
            .values
            .keys()
            .map(|name| json!({"Name": name, "Unit": unit(name)}))
            .collect();
        let mut line = self.values.clone();
        line.insert("Function".into(), json!(function));
        line.insert(
            "_aws".into(),
            json!({
                "Timestamp": now.timestamp_millis(),
                "CloudWatchMetrics": [{
                    "Namespace": "Auditward",
                    "Dimensions": [["Function"]],
                    "Metrics": metrics,
                }],
            }),
        );
        Some(Value::Object(line).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_its_metrics_and_their_units() {
        let mut metrics = Metrics::default();
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert_eq!(metrics.line("trail-guard", now), None);
        metrics.count("Findings");
        metrics.count("Findings");
        metrics.milliseconds("EventToSafeMs", 1_200);
        let line: Value = serde_json::from_str(&metrics.line("trail-guard", now).unwrap()).unwrap();
        assert_eq!(line["Findings"], 2);
        let declared = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(
            declared["Metrics"][0],
            json!({"Name": "EventToSafeMs", "Unit": "Milliseconds"})
        );
        assert_eq!(declared["Dimensions"], json!([["Function"]]));
    }
}
