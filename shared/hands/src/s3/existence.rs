//! Whether a bucket is there.

use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use auditward_rules::facet::At;
use auditward_rules::facets::bucket::{BucketExistence, Existing};
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::{S3, says};

const CREATE: &str = "s3:CreateBucket";

impl Hand<BucketExistence> for S3<'_> {
    /// A bucket of that name in somebody else's account is a failure: S3 answers
    /// "forbidden", and a person must know.
    async fn read(&self, at: &At) -> Result<Option<Existing>, Failure> {
        let request = self.client(at).await?.head_bucket().bucket(at.name());
        match request.expected_bucket_owner(&at.account).send().await {
            Ok(answer) => {
                let region = answer.bucket_region().unwrap_or(&at.region).to_owned();
                Ok(Some(Existing { region }))
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_not_found()) =>
            {
                Ok(None)
            }
            Err(error) => {
                // The answer to HEAD has no body, so that only its status tells.
                let status = error
                    .raw_response()
                    .map(|response| response.status().as_u16());
                let mut failure = Failure::of("s3:ListBucket", &error);
                if status == Some(403) {
                    failure.code = "AccessDenied".into();
                    failure.kind = auditward_runtime::failure::FailureKind::Denied;
                    failure.message = "the bucket is not ours, or we may not look".into();
                }
                Err(failure)
            }
        }
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Existing>,
        to: &Option<Existing>,
    ) -> Result<Written, Failure> {
        let Some(Existing { region }) = to else {
            return Err(Failure::other(CREATE, "a bucket is only ever created"));
        };
        let mut request = self
            .client_in(at, region)
            .await?
            .create_bucket()
            .bucket(at.name());
        // The one region that S3 refuses to be told.
        if region != "us-east-1" {
            let place = BucketLocationConstraint::from(region.as_str());
            let place = CreateBucketConfiguration::builder()
                .location_constraint(place)
                .build();
            request = request.create_bucket_configuration(place);
        }
        match request.send().await {
            Ok(answer) => Ok(Written::default().and(answer.request_id())),
            // A retry of our own call, or a person was faster.
            Err(error) if says(&error, "BucketAlreadyOwnedByYou") => {
                Ok(Written::default().and(error.request_id()))
            }
            Err(error) => Err(Failure::of(CREATE, &error)),
        }
    }
}
