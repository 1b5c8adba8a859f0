//! Access points, through S3 Control.

use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3control::types::{PublicAccessBlockConfiguration, VpcConfiguration};

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::bucket::{AccessPoint, AccessPointPolicy, Point, PublicAccess};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{S3, says};
use crate::time::moment;

const CREATE: &str = "s3:CreateAccessPoint";
const PUT_POLICY: &str = "s3:PutAccessPointPolicy";
const DELETE_POLICY: &str = "s3:DeleteAccessPointPolicy";

/// S3's codes for "there is none".
const NO_POINT: &str = "NoSuchAccessPoint";
const NO_POLICY: &str = "NoSuchAccessPointPolicy";

impl Hand<AccessPoint> for S3<'_> {
    async fn read(&self, at: &At) -> Result<Option<Point>, Failure> {
        let request = self
            .control(at)
            .await?
            .get_access_point()
            .account_id(&at.account)
            .name(at.name());
        let answer = request.send().await;
        let answer = found("s3:GetAccessPoint", answer, |e| says(e, NO_POINT))?;
        Ok(answer.map(|answer| {
            let flags = answer.public_access_block_configuration();
            let vpc = answer.vpc_configuration();
            Point {
                bucket: answer.bucket().unwrap_or_default().to_owned(),
                bucket_account: answer.bucket_account_id().map(str::to_owned),
                vpc: vpc.map(|vpc| vpc.vpc_id().to_owned()),
                blocked: flags.map_or_else(PublicAccess::default, |flags| PublicAccess {
                    block_public_acls: flags.block_public_acls() == Some(true),
                    ignore_public_acls: flags.ignore_public_acls() == Some(true),
                    block_public_policy: flags.block_public_policy() == Some(true),
                    restrict_public_buckets: flags.restrict_public_buckets() == Some(true),
                }),
                created: answer.creation_date().and_then(moment),
            }
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Point>,
        to: &Option<Point>,
    ) -> Result<Written, Failure> {
        let client = self.control(at).await?;
        let Some(point) = to else {
            let request = client
                .delete_access_point()
                .account_id(&at.account)
                .name(at.name());
            let answer = request.send().await;
            let answer = answer.map_err(|error| Failure::of("s3:DeleteAccessPoint", &error))?;
            return Ok(Written::default().and(answer.request_id()));
        };
        let flags = PublicAccessBlockConfiguration::builder()
            .block_public_acls(point.blocked.block_public_acls)
            .ignore_public_acls(point.blocked.ignore_public_acls)
            .block_public_policy(point.blocked.block_public_policy)
            .restrict_public_buckets(point.blocked.restrict_public_buckets)
            .build();
        let vpc = point
            .vpc
            .as_ref()
            .map(|vpc| VpcConfiguration::builder().vpc_id(vpc).build())
            .transpose()
            .map_err(|error| Failure::other(CREATE, error.to_string()))?;
        let request = client
            .create_access_point()
            .account_id(&at.account)
            .name(at.name())
            .bucket(&point.bucket)
            .set_bucket_account_id(point.bucket_account.clone())
            .set_vpc_configuration(vpc)
            .public_access_block_configuration(flags);
        let answer = request.send().await;
        let answer = answer.map_err(|error| Failure::of(CREATE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<AccessPointPolicy> for S3<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        let request = self
            .control(at)
            .await?
            .get_access_point_policy()
            .account_id(&at.account)
            .name(at.name());
        let answer = request.send().await;
        let answer = found("s3:GetAccessPointPolicy", answer, |e| {
            says(e, NO_POLICY) || says(e, NO_POINT)
        })?;
        let policy = answer.as_ref().and_then(|answer| answer.policy());
        Ok(policy.map_or(PolicyState::Absent, PolicyState::read))
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        let client = self.control(at).await?;
        let Some(text) = to.text() else {
            let request = client
                .delete_access_point_policy()
                .account_id(&at.account)
                .name(at.name());
            let answer = request.send().await;
            let answer = answer.map_err(|error| Failure::of(DELETE_POLICY, &error))?;
            return Ok(Written::default().and(answer.request_id()));
        };
        let request = client
            .put_access_point_policy()
            .account_id(&at.account)
            .name(at.name())
            .policy(text);
        let answer = request.send().await;
        let answer = answer.map_err(|error| Failure::of(PUT_POLICY, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}
