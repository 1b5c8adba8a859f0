//! Alarms, through CloudWatch.

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::RequestId;
use aws_sdk_cloudwatch::types::AlarmType;

use auditward_rules::facet::At;
use auditward_rules::facets::alarm::AlarmActions;
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Permission, Written};

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read("alarm-actions", "cloudwatch:DescribeAlarms"),
    Permission::write("alarm-actions", "cloudwatch:EnableAlarmActions"),
];

const ENABLE: &str = "cloudwatch:EnableAlarmActions";

hand! {
    /// The hand for them.
    Alarms with Client
}

/// What stands behind `alarm:`; slashes and colons are part of a name.
fn name(at: &At) -> &str {
    at.resource
        .split_once(":alarm:")
        .map_or(at.resource.as_str(), |(_, name)| name)
}

impl Hand<AlarmActions> for Alarms<'_> {
    async fn read(&self, at: &At) -> Result<Option<bool>, Failure> {
        let request = self.client(at).await?.describe_alarms();
        let answer = request
            .alarm_names(name(at))
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .send()
            .await
            .map_err(|error| Failure::of("cloudwatch:DescribeAlarms", &error))?;
        let metric = answer
            .metric_alarms()
            .iter()
            .map(|one| one.actions_enabled());
        let composite = answer
            .composite_alarms()
            .iter()
            .map(|one| one.actions_enabled());
        // CloudWatch's own default is on.
        Ok(metric.chain(composite).next().map(|on| on.unwrap_or(true)))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<bool>,
        to: &Option<bool>,
    ) -> Result<Written, Failure> {
        if *to != Some(true) {
            return Err(Failure::other(ENABLE, "actions are only ever enabled"));
        }
        let request = self.client(at).await?.enable_alarm_actions();
        let answer = request.alarm_names(name(at)).send().await;
        let answer = answer.map_err(|error| Failure::of(ENABLE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}
