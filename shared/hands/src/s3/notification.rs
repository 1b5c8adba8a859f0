//! Whom a bucket tells of its objects.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3::types::{
    Event, EventBridgeConfiguration, FilterRule, FilterRuleName, LambdaFunctionConfiguration,
    NotificationConfiguration, NotificationConfigurationFilter, QueueConfiguration, S3KeyFilter,
    TopicConfiguration,
};

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::facets::bucket::{BucketNotification, Notification, Notifications};
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::S3;

const READ: &str = "s3:GetBucketNotification";
const WRITE: &str = "s3:PutBucketNotification";

impl Hand<BucketNotification> for S3<'_> {
    async fn read(&self, at: &At) -> Result<Notifications, Failure> {
        let request = self
            .client(at)
            .await?
            .get_bucket_notification_configuration()
            .bucket(at.name());
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = answer.map_err(|error| Failure::of(READ, &error))?;
        let topics = answer
            .topic_configurations()
            .iter()
            .map(|one| target(one.id(), one.topic_arn(), one.events(), one.filter()));
        let queues = answer
            .queue_configurations()
            .iter()
            .map(|one| target(one.id(), one.queue_arn(), one.events(), one.filter()));
        let functions = answer.lambda_function_configurations().iter();
        let functions = functions.map(|one| {
            target(
                one.id(),
                one.lambda_function_arn(),
                one.events(),
                one.filter(),
            )
        });
        Ok(Notifications {
            targets: topics.chain(queues).chain(functions).collect(),
            event_bridge: answer.event_bridge_configuration().is_some(),
        })
    }

    /// Whether the targets answer is not asked: one that is gone must not keep
    /// the others from being put back.
    async fn write(
        &self,
        at: &At,
        _: &Notifications,
        to: &Notifications,
    ) -> Result<Written, Failure> {
        let configuration =
            configuration(to).map_err(|error| Failure::other(WRITE, error.to_string()))?;
        let request = self
            .client(at)
            .await?
            .put_bucket_notification_configuration()
            .bucket(at.name())
            .notification_configuration(configuration)
            .skip_destination_validation(true);
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = answer.map_err(|error| Failure::of(WRITE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

fn target(
    id: Option<&str>,
    arn: &str,
    events: &[Event],
    filter: Option<&NotificationConfigurationFilter>,
) -> Notification {
    let rules = filter
        .and_then(NotificationConfigurationFilter::key)
        .map(S3KeyFilter::filter_rules)
        .unwrap_or_default();
    let filtered = |wanted: &str| {
        // S3 answers with "Prefix" where "prefix" was put.
        let named = |rule: &&FilterRule| {
            rule.name()
                .is_some_and(|name| name.as_str().eq_ignore_ascii_case(wanted))
        };
        rules.iter().find(named)?.value().map(str::to_owned)
    };
    let mut events: Vec<_> = events.iter().map(|one| one.as_str().to_owned()).collect();
    events.sort_unstable();
    Notification {
        id: id.map(str::to_owned),
        arn: arn.to_owned(),
        events,
        prefix: filtered("prefix"),
        suffix: filtered("suffix"),
    }
}

fn configuration(to: &Notifications) -> Result<NotificationConfiguration, BuildError> {
    let mut made = NotificationConfiguration::builder();
    for one in &to.targets {
        let events: Vec<_> = one
            .events
            .iter()
            .map(|one| Event::from(one.as_str()))
            .collect();
        let filter = filter(one);
        made = match Arn::parse(&one.arn).map(|arn| arn.service) {
            Some("sns") => made.topic_configurations(
                TopicConfiguration::builder()
                    .set_id(one.id.clone())
                    .topic_arn(&one.arn)
                    .set_events(Some(events))
                    .set_filter(filter)
                    .build()?,
            ),
            Some("sqs") => made.queue_configurations(
                QueueConfiguration::builder()
                    .set_id(one.id.clone())
                    .queue_arn(&one.arn)
                    .set_events(Some(events))
                    .set_filter(filter)
                    .build()?,
            ),
            _ => made.lambda_function_configurations(
                LambdaFunctionConfiguration::builder()
                    .set_id(one.id.clone())
                    .lambda_function_arn(&one.arn)
                    .set_events(Some(events))
                    .set_filter(filter)
                    .build()?,
            ),
        };
    }
    if to.event_bridge {
        made = made.event_bridge_configuration(EventBridgeConfiguration::builder().build());
    }
    Ok(made.build())
}

fn filter(one: &Notification) -> Option<NotificationConfigurationFilter> {
    let rule = |name, value: &Option<String>| {
        let value = value.as_ref()?;
        Some(FilterRule::builder().name(name).value(value).build())
    };
    let rules = [
        rule(FilterRuleName::Prefix, &one.prefix),
        rule(FilterRuleName::Suffix, &one.suffix),
    ];
    let rules: Vec<_> = rules.into_iter().flatten().collect();
    if rules.is_empty() {
        return None;
    }
    let key = S3KeyFilter::builder().set_filter_rules(Some(rules)).build();
    Some(NotificationConfigurationFilter::builder().key(key).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_is_told_as_what_it_is() {
        let one = |arn: &str| Notification {
            id: Some("one".into()),
            arn: arn.into(),
            events: vec!["s3:ObjectCreated:*".into()],
            prefix: Some("AWSLogs/".into()),
            suffix: None,
        };
        let state = Notifications {
            targets: vec![
                one("arn:aws:sns:eu-west-1:111111111111:logs"),
                one("arn:aws:sqs:eu-west-1:111111111111:logs"),
                one("arn:aws:lambda:eu-west-1:111111111111:function:logs"),
            ],
            event_bridge: true,
        };
        let made = configuration(&state).unwrap();
        let [topic] = made.topic_configurations() else {
            panic!("one topic")
        };
        let read = target(
            topic.id(),
            topic.topic_arn(),
            topic.events(),
            topic.filter(),
        );
        assert_eq!(Some(&read), state.targets.first());
        assert_eq!(made.queue_configurations().len(), 1);
        assert_eq!(made.lambda_function_configurations().len(), 1);
        assert!(made.event_bridge_configuration().is_some());
    }
}
