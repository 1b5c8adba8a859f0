//! How a trail is configured.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudtrail::operation::RequestId;
use aws_sdk_cloudtrail::types::{Tag, Trail};

use auditward_rules::facet::At;
use auditward_rules::facets::trail::{TrailConfig, TrailSettings};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::CloudTrail;
use super::tags::listed;
use crate::AWS_TAGS;

const CREATE: &str = "cloudtrail:CreateTrail";
const UPDATE: &str = "cloudtrail:UpdateTrail";

impl Hand<TrailConfig> for CloudTrail<'_> {
    async fn read(&self, at: &At) -> Result<Option<TrailSettings>, Failure> {
        let client = self.client(at).await?;
        let (trail, tags) = futures_util::join!(
            client.get_trail().name(&at.resource).send(),
            client.list_tags().resource_id_list(&at.resource).send()
        );
        let trail = found("cloudtrail:GetTrail", trail, |e| {
            e.is_trail_not_found_exception()
        })?;
        // Without a trail, its tags are not found either.
        let Some(trail) = trail.and_then(|answer| answer.trail) else {
            return Ok(None);
        };
        let tags = tags.map_err(|error| Failure::of("cloudtrail:ListTags", &error))?;
        settings_of(trail, listed(tags.resource_tag_list())).map(Some)
    }

    async fn write(
        &self,
        at: &At,
        from: &Option<TrailSettings>,
        to: &Option<TrailSettings>,
    ) -> Result<Written, Failure> {
        match (from, to) {
            (_, None) => Err(Failure::other(
                "cloudtrail:DeleteTrail",
                "a trail is never deleted",
            )),
            (from, Some(to)) => self.write_what_goes(at, from.as_ref(), to).await,
        }
    }
}

/// What a trail has besides its bucket, and can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Topic,
    LogGroup,
    Key,
    Tags,
}

impl Side {
    /// Those for which CloudTrail may refuse a whole call, in the order in which they
    /// are left out: what is gone, or does not let CloudTrail in. Which error means
    /// what, [CloudTrail's API](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html#API_CreateTrail_Errors) says.
    fn refused(failure: &Failure) -> &'static [Self] {
        match failure.code.as_str() {
            "InsufficientSnsTopicPolicyException" | "InvalidSnsTopicNameException" => {
                &[Self::Topic]
            }
            "InvalidCloudWatchLogsLogGroupArnException"
            | "InvalidCloudWatchLogsRoleArnException"
            | "CloudWatchLogsDeliveryUnavailableException" => &[Self::LogGroup],
            "InsufficientEncryptionPolicyException"
            | "InvalidKmsKeyIdException"
            | "KmsException"
            | "KmsKeyDisabledException" => &[Self::Key],
            // It may be the key of the topic as well.
            "KmsKeyNotFoundException" => &[Self::Key, Self::Topic],
            "InvalidTagParameterException" | "TagsLimitExceededException" => &[Self::Tags],
            _ => &[],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::LogGroup => "log group",
            Self::Key => "key",
            Self::Tags => "tags",
        }
    }

    /// What is wanted without it: it stays as it is, and a new trail has none. `None`:
    /// that is nothing else.
    fn left(self, from: Option<&TrailSettings>, to: &TrailSettings) -> Option<TrailSettings> {
        let mut left = to.clone();
        match self {
            Self::Topic => left.topic = from.and_then(|from| from.topic.clone()),
            Self::LogGroup => {
                left.log_group = from.and_then(|from| from.log_group.clone());
                left.log_role = from.and_then(|from| from.log_role.clone());
            }
            Self::Key => left.key = from.and_then(|from| from.key.clone()),
            Self::Tags => left.tags = from.map(|from| from.tags.clone()).unwrap_or_default(),
        }
        (left != *to).then_some(left)
    }
}

/// Pauses before a trail does without its key: what was just put right about a key, KMS
/// lets CloudTrail see [only after a while](https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html).
const CATCHES_UP: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(2)];

/// Whether a key may be refused only because KMS lags behind.
fn is_late(failure: &Failure) -> bool {
    matches!(
        failure.code.as_str(),
        "InsufficientEncryptionPolicyException" | "KmsKeyDisabledException" | "KmsException"
    )
}

/// What is left out next of what may be refused: first one of them, then the other in
/// its place, then both. `None`: nothing is left of them.
fn next(refused: &[Side], out: &[Side], is_open: impl Fn(Side) -> bool) -> Option<Side> {
    let mut open = refused.iter().copied();
    open.find(|side| !out.contains(side) && is_open(*side))
}

/// What is wanted without these.
fn without(out: &[Side], from: Option<&TrailSettings>, wanted: &TrailSettings) -> TrailSettings {
    out.iter().fold(wanted.clone(), |to, side| {
        side.left(from, &to).unwrap_or(to)
    })
}

/// The last failure, with what was said of what is left out.
fn told(out: &[(Side, Failure)], last: Failure) -> Failure {
    let said = out.iter().map(|(_, failure)| failure.message.as_str());
    let all: Vec<_> = said.chain([last.message.as_str()]).collect();
    let message = all.join("; ");
    Failure { message, ..last }
}

impl CloudTrail<'_> {
    /// Writes all that CloudTrail takes: whoever deletes a trail's topic, its key or the
    /// role of its log group must not keep the trail itself away. What was left out is a
    /// failure all the same, and told as one.
    async fn write_what_goes(
        &self,
        at: &At,
        from: Option<&TrailSettings>,
        to: &TrailSettings,
    ) -> Result<Written, Failure> {
        let mut wanted = to.clone();
        if let Some(from) = from {
            // Tags are written with a new trail only.
            wanted.tags.clone_from(&from.tags);
        }
        let mut out: Vec<(Side, Failure)> = Vec::new();
        let mut pauses = CATCHES_UP.into_iter();
        loop {
            let sides: Vec<_> = out.iter().map(|(side, _)| *side).collect();
            let to = without(&sides, from, &wanted);
            let answer = match from {
                None => self.create(at, &to).await,
                // Only what is left out was to be changed.
                Some(from) if to == *from && !out.is_empty() => Ok(Written::default()),
                Some(from) => self.update(at, from, &to).await,
            };
            let failure = match (answer, out.pop()) {
                (Ok(written), None) => return Ok(written),
                (Ok(written), Some((_, last))) => return Err(told(&out, last).after(&written)),
                (Err(failure), last) => {
                    out.extend(last);
                    failure
                }
            };
            if is_late(&failure)
                && let Some(pause) = pauses.next()
            {
                tokio::time::sleep(pause).await;
                continue;
            }
            let is_open = |side: Side| side.left(from, &wanted).is_some();
            let Some(side) = next(Side::refused(&failure), &sides, is_open) else {
                return Err(told(&out, failure));
            };
            // What was left out in vain comes back.
            let before = Side::refused(&failure).iter().copied();
            let before: Vec<Side> = before.take_while(|one| *one != side).collect();
            out.retain(|(one, _)| !before.contains(one));
            let message = format!("its {} cannot be set: {}", side.name(), failure.message);
            out.push((side, Failure { message, ..failure }));
        }
    }

    async fn create(&self, at: &At, to: &TrailSettings) -> Result<Written, Failure> {
        let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
        let own = to.tags.iter().filter(|(key, _)| !key.starts_with(AWS_TAGS));
        let tags: Result<Vec<_>, _> = own.map(tag).collect();
        let tags = tags.map_err(|error| Failure::other(CREATE, error.to_string()))?;
        let request = self
            .client(at)
            .await?
            .create_trail()
            .name(at.name())
            .s3_bucket_name(&to.bucket);
        let answer = request
            .set_s3_key_prefix(to.prefix.clone())
            .set_sns_topic_name(to.topic.clone())
            .is_multi_region_trail(to.multi_region)
            .include_global_service_events(to.global_events)
            .enable_log_file_validation(to.validation)
            .is_organization_trail(to.organization)
            .set_recursive_logging((to.skips_deliveries == Some(true)).then_some(false))
            .set_kms_key_id(to.key.clone())
            .set_cloud_watch_logs_log_group_arn(to.log_group.clone())
            .set_cloud_watch_logs_role_arn(to.log_role.clone())
            .set_tags_list((!tags.is_empty()).then_some(tags))
            .send()
            .await
            .map_err(|error| Failure::of(CREATE, &error))?;
        let written = Written::default().and(answer.request_id());
        // A trail of that name in another account or region is not this one.
        match answer.trail_arn() {
            Some(made) if made != at.resource => {
                let why = format!("{made} was made in the place of {}", at.resource);
                Err(Failure::other(CREATE, why).after(&written))
            }
            _ => Ok(written),
        }
    }

    /// Sends only what differs. An empty text takes a prefix, topic, key or log
    /// group away.
    async fn update(
        &self,
        at: &At,
        from: &TrailSettings,
        to: &TrailSettings,
    ) -> Result<Written, Failure> {
        let text = |from: &Option<String>, to: &Option<String>| {
            (from != to).then(|| to.clone().unwrap_or_default())
        };
        let switch = |from: bool, to: bool| (from != to).then_some(to);
        // CloudTrail takes log group and role only together.
        let logs = (&from.log_group, &from.log_role) != (&to.log_group, &to.log_role);
        let logs = |text: &Option<String>| logs.then(|| text.clone().unwrap_or_default());
        let skips = to
            .skips_deliveries
            .filter(|_| from.skips_deliveries != to.skips_deliveries);
        let request = self.client(at).await?.update_trail().name(&at.resource);
        let answer = request
            .set_s3_bucket_name((from.bucket != to.bucket).then(|| to.bucket.clone()))
            .set_s3_key_prefix(text(&from.prefix, &to.prefix))
            .set_sns_topic_name(text(&from.topic, &to.topic))
            .set_is_multi_region_trail(switch(from.multi_region, to.multi_region))
            .set_include_global_service_events(switch(from.global_events, to.global_events))
            .set_enable_log_file_validation(switch(from.validation, to.validation))
            .set_is_organization_trail(switch(from.organization, to.organization))
            .set_recursive_logging(skips.map(|skips| !skips))
            .set_kms_key_id(text(&from.key, &to.key))
            .set_cloud_watch_logs_log_group_arn(logs(&to.log_group))
            .set_cloud_watch_logs_role_arn(logs(&to.log_role))
            .send()
            .await
            .map_err(|error| Failure::of(UPDATE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

/// A trail as CloudTrail describes it, in our form.
pub(super) fn settings_of(
    trail: Trail,
    tags: BTreeMap<String, String>,
) -> Result<TrailSettings, Failure> {
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let prefix = trail
        .s3_key_prefix
        .map(|prefix| prefix.trim_matches('/').to_owned());
    let Some(bucket) = some(trail.s3_bucket_name) else {
        return Err(Failure::other(
            "cloudtrail:GetTrail",
            "the answer names no bucket",
        ));
    };
    Ok(TrailSettings {
        bucket,
        prefix: some(prefix),
        topic: some(trail.sns_topic_arn),
        multi_region: trail.is_multi_region_trail == Some(true),
        global_events: trail.include_global_service_events == Some(true),
        validation: trail.log_file_validation_enabled == Some(true),
        organization: trail.is_organization_trail == Some(true),
        skips_deliveries: trail.recursive_logging.map(|on| !on),
        key: some(trail.kms_key_id),
        log_group: some(trail.cloud_watch_logs_log_group_arn),
        log_role: some(trail.cloud_watch_logs_role_arn),
        tags,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_in_an_answer_is_absent() {
        let trail = Trail::builder()
            .s3_bucket_name("logs")
            .s3_key_prefix("a/")
            .sns_topic_arn("")
            .is_multi_region_trail(true)
            .build();
        let settings = settings_of(trail, BTreeMap::new()).unwrap();
        let known = TrailSettings {
            bucket: "logs".into(),
            prefix: Some("a".into()),
            multi_region: true,
            ..TrailSettings::default()
        };
        assert_eq!(settings, known);
    }

    #[test]
    fn what_cloudtrail_refuses_a_trail_for_is_left_as_it_is() {
        let some = |text: &str| Some(text.to_owned());
        let wanted = TrailSettings {
            bucket: "logs".into(),
            topic: some("topic"),
            log_group: some("group"),
            log_role: some("role"),
            ..TrailSettings::default()
        };
        let without = Side::LogGroup.left(None, &wanted).unwrap();
        assert_eq!((&without.log_group, &without.log_role), (&None, &None));
        assert_eq!(without.topic, wanted.topic);
        let from = TrailSettings {
            topic: some("elsewhere"),
            ..wanted.clone()
        };
        assert_eq!(Side::Topic.left(Some(&from), &wanted), Some(from.clone()));
        assert_eq!(Side::LogGroup.left(Some(&from), &wanted), None);
        let tagged = TrailSettings {
            key: some("key"),
            tags: BTreeMap::from([("owner".to_owned(), "security".to_owned())]),
            ..wanted.clone()
        };
        assert_eq!(Side::Key.left(None, &tagged).unwrap().key, None);
        assert_eq!(Side::Key.left(None, &wanted), None);
        assert!(Side::Tags.left(None, &tagged).unwrap().tags.is_empty());
        assert_eq!(Side::Tags.left(Some(&tagged), &tagged), None);
    }

    #[test]
    fn a_key_that_is_not_found_may_be_the_one_of_the_topic() {
        let both = [Side::Key, Side::Topic];
        let next = |out: &[Side]| next(&both, out, |_| true);
        assert_eq!(next(&[]), Some(Side::Key));
        assert_eq!(next(&[Side::Key]), Some(Side::Topic));
        assert_eq!(next(&[Side::Topic]), Some(Side::Key));
        assert_eq!(next(&both), None);
        assert_eq!(
            super::next(&both, &[], |side| side == Side::Topic),
            Some(Side::Topic)
        );
    }

    #[test]
    fn only_what_is_beside_the_bucket_can_be_left_out() {
        let side = |code: &str| {
            Side::refused(&Failure {
                code: code.into(),
                ..Failure::other(CREATE, "refused")
            })
        };
        let known: [(&str, &[Side]); 7] = [
            ("InsufficientSnsTopicPolicyException", &[Side::Topic]),
            ("InvalidCloudWatchLogsRoleArnException", &[Side::LogGroup]),
            ("InsufficientEncryptionPolicyException", &[Side::Key]),
            ("KmsKeyNotFoundException", &[Side::Key, Side::Topic]),
            ("TagsLimitExceededException", &[Side::Tags]),
            ("InsufficientS3BucketPolicyException", &[]),
            ("AccessDenied", &[]),
        ];
        for (code, sides) in known {
            assert_eq!(side(code), sides, "{code}");
        }
    }

    #[test]
    fn an_answer_without_a_bucket_is_no_state() {
        assert!(settings_of(Trail::builder().build(), BTreeMap::new()).is_err());
    }
}
