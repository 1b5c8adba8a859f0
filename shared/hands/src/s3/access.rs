//! The public access block of buckets and accounts.

use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use aws_sdk_s3control::Client as Control;
use aws_sdk_s3control::types::PublicAccessBlockConfiguration as AccountConfiguration;

use auditward_rules::facet::At;
use auditward_rules::facets::bucket::{AccountPublicAccess, BucketPublicAccess, PublicAccess};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{S3, says};

/// S3's code for "there is none".
const NONE: &str = "NoSuchPublicAccessBlockConfiguration";

/// The flags of an answer. S3 and S3 Control have types of their own for the same.
macro_rules! flags {
    ($answer:ident) => {
        $answer
            .public_access_block_configuration()
            .map_or_else(PublicAccess::default, |found| PublicAccess {
                block_public_acls: found.block_public_acls() == Some(true),
                ignore_public_acls: found.ignore_public_acls() == Some(true),
                block_public_policy: found.block_public_policy() == Some(true),
                restrict_public_buckets: found.restrict_public_buckets() == Some(true),
            })
    };
}

/// The flags as a request has them.
macro_rules! configuration {
    ($sort:ident, $to:ident) => {
        $sort::builder()
            .block_public_acls($to.block_public_acls)
            .ignore_public_acls($to.ignore_public_acls)
            .block_public_policy($to.block_public_policy)
            .restrict_public_buckets($to.restrict_public_buckets)
            .build()
    };
}

impl Hand<BucketPublicAccess> for S3<'_> {
    async fn read(&self, at: &At) -> Result<PublicAccess, Failure> {
        let request = self
            .client(at)
            .await?
            .get_public_access_block()
            .bucket(at.name());
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = found("s3:GetBucketPublicAccessBlock", answer, |e| says(e, NONE))?;
        Ok(answer.map_or_else(PublicAccess::default, |answer| flags!(answer)))
    }

    async fn write(
        &self,
        at: &At,
        _: &PublicAccess,
        to: &PublicAccess,
    ) -> Result<Written, Failure> {
        let configuration = configuration!(PublicAccessBlockConfiguration, to);
        let request = self
            .client(at)
            .await?
            .put_public_access_block()
            .bucket(at.name());
        let request = request.public_access_block_configuration(configuration);
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer =
            answer.map_err(|error| Failure::of("s3:PutBucketPublicAccessBlock", &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl S3<'_> {
    pub(super) async fn control(&self, at: &At) -> Result<Control, Failure> {
        Ok(Control::new(
            &self.sessions.of(&at.account, &at.region).await?,
        ))
    }
}

impl Hand<AccountPublicAccess> for S3<'_> {
    async fn read(&self, at: &At) -> Result<PublicAccess, Failure> {
        let request = self
            .control(at)
            .await?
            .get_public_access_block()
            .account_id(&at.account);
        let answer = request.send().await;
        let answer = found("s3:GetAccountPublicAccessBlock", answer, |e| says(e, NONE))?;
        Ok(answer.map_or_else(PublicAccess::default, |answer| flags!(answer)))
    }

    async fn write(
        &self,
        at: &At,
        _: &PublicAccess,
        to: &PublicAccess,
    ) -> Result<Written, Failure> {
        let configuration = configuration!(AccountConfiguration, to);
        let request = self
            .control(at)
            .await?
            .put_public_access_block()
            .account_id(&at.account);
        let answer = request
            .public_access_block_configuration(configuration)
            .send()
            .await;
        let answer =
            answer.map_err(|error| Failure::of("s3:PutAccountPublicAccessBlock", &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}
