//! Alarms on what metric filters count.

use super::json;
use crate::api::Api;
use crate::moto::Moto;
use crate::scene::place::Place;

/// Makes the alarms that the samples speak of.
pub(super) async fn prepare(moto: &Moto, place: Place) {
    let api = Api::of(moto, place.account, place.region).await;
    for (name, metric) in [
        ("acme-cis-root-use", "RootUse"),
        ("acme-cis-trail-changed", "TrailChanged"),
    ] {
        let alarm = json!({
            "AlarmName": name,
            "ActionsEnabled": true,
            "AlarmActions": [place.moved("arn:aws:sns:eu-west-1:111111111111:acme-security")],
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
