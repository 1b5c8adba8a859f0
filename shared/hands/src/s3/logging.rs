//! Where a bucket's own access logs go.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3::types::{
    BucketLoggingStatus, BucketLogsPermission, LoggingEnabled, PartitionDateSource,
    PartitionedPrefix, TargetGrant, TargetObjectKeyFormat,
};

use auditward_rules::facet::At;
use auditward_rules::facets::bucket::{BucketLogging, Grant, LogTarget};
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::S3;
use super::acl::{grantee_of, grantee_to};

const READ: &str = "s3:GetBucketLogging";
const WRITE: &str = "s3:PutBucketLogging";

impl Hand<BucketLogging> for S3<'_> {
    async fn read(&self, at: &At) -> Result<Option<LogTarget>, Failure> {
        let request = self
            .client(at)
            .await?
            .get_bucket_logging()
            .bucket(at.name());
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = answer.map_err(|error| Failure::of(READ, &error))?;
        Ok(answer.logging_enabled().map(target_of))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<LogTarget>,
        to: &Option<LogTarget>,
    ) -> Result<Written, Failure> {
        let enabled = to.as_ref().map(target_to).transpose();
        let enabled = enabled.map_err(|error| Failure::other(WRITE, error.to_string()))?;
        let status = BucketLoggingStatus::builder()
            .set_logging_enabled(enabled)
            .build();
        let request = self
            .client(at)
            .await?
            .put_bucket_logging()
            .bucket(at.name());
        let request = request
            .bucket_logging_status(status)
            .expected_bucket_owner(&at.account);
        let answer = request
            .send()
            .await
            .map_err(|error| Failure::of(WRITE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

fn target_of(found: &LoggingEnabled) -> LogTarget {
    let grant = |grant: &TargetGrant| {
        let to = grantee_of(grant.grantee()?)?;
        Some(Grant::new(to, grant.permission()?.as_str()))
    };
    let partitioned = found
        .target_object_key_format()
        .and_then(TargetObjectKeyFormat::partitioned_prefix)
        .and_then(PartitionedPrefix::partition_date_source);
    LogTarget {
        bucket: found.target_bucket().to_owned(),
        prefix: found.target_prefix().to_owned(),
        grants: found.target_grants().iter().filter_map(grant).collect(),
        partitioned_by: partitioned.map(|source| source.as_str().to_owned()),
    }
}

fn target_to(to: &LogTarget) -> Result<LoggingEnabled, BuildError> {
    let grant = |grant: &Grant| {
        let permission = BucketLogsPermission::from(grant.may.as_str());
        Ok(TargetGrant::builder()
            .grantee(grantee_to(&grant.to)?)
            .permission(permission)
            .build())
    };
    let grants: Vec<TargetGrant> = to
        .grants
        .iter()
        .map(grant)
        .collect::<Result<_, BuildError>>()?;
    let format = to.partitioned_by.as_deref().map(|source| {
        let partitioned = PartitionedPrefix::builder()
            .partition_date_source(PartitionDateSource::from(source))
            .build();
        TargetObjectKeyFormat::builder()
            .partitioned_prefix(partitioned)
            .build()
    });
    LoggingEnabled::builder()
        .target_bucket(&to.bucket)
        .target_prefix(&to.prefix)
        .set_target_grants((!grants.is_empty()).then_some(grants))
        .set_target_object_key_format(format)
        .build()
}

#[cfg(test)]
mod tests {
    use auditward_rules::facets::bucket::Grantee;

    use super::*;

    #[test]
    fn nothing_is_lost_on_the_way_there_and_back() {
        let plain = LogTarget {
            bucket: "acme-access-logs".into(),
            prefix: "trail/".into(),
            ..LogTarget::default()
        };
        let full = LogTarget {
            grants: vec![Grant::new(Grantee::CanonicalId("0e9d".into()), "READ")],
            partitioned_by: Some("EventTime".into()),
            ..plain.clone()
        };
        for target in [plain, full] {
            assert_eq!(target_of(&target_to(&target).unwrap()), target);
        }
    }
}
