//! Alarms on what metric filters count.

use super::{REGION, json};
use crate::api::Api;
use crate::moto::{MANAGEMENT, Moto};

/// Makes the alarms that the samples speak of.
pub(super) async fn prepare(moto: &Moto) {
    let api = Api::of(moto, MANAGEMENT, REGION).await;
    for (name, metric) in [
        ("acme-cis-root-use", "RootUse"),
        ("acme-cis-trail-changed", "TrailChanged"),
    ] {
        let alarm = json!({
            "AlarmName": name,
            "ActionsEnabled": true,
            "AlarmActions": [format!("arn:aws:sns:{REGION}:{}:acme-security", MANAGEMENT.id)],
            "MetricName": metric,
            "Namespace": "acme/cis",
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
        });
        json(&api, "monitoring", "PutMetricAlarm", alarm).await;
    }
}
