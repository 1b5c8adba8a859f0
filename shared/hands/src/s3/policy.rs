//! A bucket's policy.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::RequestId;

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::bucket::BucketPolicy;
use auditward_rules::facets::guarded::without_returning;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{S3, says};

/// What most likely is wrong with a document that was taken before.
const GONE: &str = " (a principal that the policy names may no longer exist: put the policy right by hand, then \
                    run `auditward baseline approve` with the bucket's ARN)";

impl Hand<BucketPolicy> for S3<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        let request = self.client(at).await?.get_bucket_policy().bucket(at.name());
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = found("s3:GetBucketPolicy", answer, |e| {
            says(e, "NoSuchBucketPolicy")
        })?;
        let policy = answer.as_ref().and_then(|answer| answer.policy());
        Ok(policy.map_or(PolicyState::Absent, PolicyState::read))
    }

    async fn write(
        &self,
        at: &At,
        from: &PolicyState,
        to: &PolicyState,
    ) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let Some(text) = to.text() else {
            let request = client.delete_bucket_policy().bucket(at.name());
            let answer = request.expected_bucket_owner(&at.account).send().await;
            let answer = answer.map_err(|error| Failure::of("s3:DeleteBucketPolicy", &error))?;
            return Ok(Written::default().and(answer.request_id()));
        };
        let mut refused = match put(&client, at, text).await {
            Err(refused) if refused.code == "MalformedPolicy" => refused,
            answered => return answered,
        };
        refused.message.push_str(GONE);
        // What can be put right does not wait for who is gone.
        let less = without_returning(from, to);
        if let Some(text) = less.as_ref().and_then(PolicyState::text) {
            let written = put(&client, at, text).await?;
            refused = refused.after(&written);
        }
        Err(refused)
    }
}

/// Without `ConfirmRemoveSelfBucketAccess`: S3 refuses what would lock us out.
async fn put(client: &Client, at: &At, text: impl Into<String>) -> Result<Written, Failure> {
    let request = client.put_bucket_policy().bucket(at.name()).policy(text);
    let answer = request.expected_bucket_owner(&at.account).send().await;
    let answer = answer.map_err(|error| Failure::of("s3:PutBucketPolicy", &error))?;
    Ok(Written::default().and(answer.request_id()))
}
