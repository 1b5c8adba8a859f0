//! A bucket's policy.

use aws_sdk_s3::operation::RequestId;

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::bucket::BucketPolicy;
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::{S3, says};

/// What most likely is wrong with a document that was taken before.
const GONE: &str = " (a principal that the policy names may no longer exist: put the policy right by hand, then \
                    run `auditward baseline approve` with the bucket's ARN)";

impl Hand<BucketPolicy> for S3<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        let request = self.client(at).await?.get_bucket_policy().bucket(at.name());
        match request.expected_bucket_owner(&at.account).send().await {
            Ok(answer) => Ok(answer
                .policy()
                .map_or(PolicyState::Absent, PolicyState::read)),
            Err(error) if says(&error, "NoSuchBucketPolicy") => Ok(PolicyState::Absent),
            Err(error) => Err(Failure::of("s3:GetBucketPolicy", &error)),
        }
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let Some(text) = to.text() else {
            let request = client.delete_bucket_policy().bucket(at.name());
            let answer = request.expected_bucket_owner(&at.account).send().await;
            let answer = answer.map_err(|error| Failure::of("s3:DeleteBucketPolicy", &error))?;
            return Ok(Written::default().and(answer.request_id()));
        };
        // Without `ConfirmRemoveSelfBucketAccess`: S3 refuses what would lock us out.
        let request = client.put_bucket_policy().bucket(at.name()).policy(text);
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = answer.map_err(|error| {
            let mut failure = Failure::of("s3:PutBucketPolicy", &error);
            if says(&error, "MalformedPolicy") {
                failure.message.push_str(GONE);
            }
            failure
        })?;
        Ok(Written::default().and(answer.request_id()))
    }
}
