//! How a bucket keeps what is put into it: ownership, versions, encryption.

use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3::types::{
    BucketVersioningStatus, MfaDeleteStatus, ObjectOwnership, OwnershipControls,
    OwnershipControlsRule, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};

use auditward_rules::facet::At;
use auditward_rules::facets::bucket::{
    BucketEncryption, BucketOwnership, BucketVersioning, Encryption, Versioning, VersioningStatus,
};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{S3, says};

const PUT_OWNERSHIP: &str = "s3:PutBucketOwnershipControls";
const PUT_ENCRYPTION: &str = "s3:PutEncryptionConfiguration";

impl Hand<BucketOwnership> for S3<'_> {
    async fn read(&self, at: &At) -> Result<Option<String>, Failure> {
        let request = self
            .client(at)
            .await?
            .get_bucket_ownership_controls()
            .bucket(at.name());
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = found("s3:GetBucketOwnershipControls", answer, |e| {
            says(e, "OwnershipControlsNotFoundError")
        })?;
        let controls = answer.and_then(|answer| answer.ownership_controls);
        let rule = controls
            .as_ref()
            .and_then(|controls| controls.rules().first());
        Ok(rule.map(|rule| rule.object_ownership().as_str().to_owned()))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<String>,
        to: &Option<String>,
    ) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let Some(ownership) = to else {
            let request = client.delete_bucket_ownership_controls().bucket(at.name());
            let answer = request.expected_bucket_owner(&at.account).send().await;
            let answer = answer.map_err(|error| Failure::of(PUT_OWNERSHIP, &error))?;
            return Ok(Written::default().and(answer.request_id()));
        };
        let unusable =
            |error: aws_sdk_s3::error::BuildError| Failure::other(PUT_OWNERSHIP, error.to_string());
        let ownership = ObjectOwnership::from(ownership.as_str());
        let rule = OwnershipControlsRule::builder()
            .object_ownership(ownership)
            .build()
            .map_err(unusable)?;
        let controls = OwnershipControls::builder()
            .rules(rule)
            .build()
            .map_err(unusable)?;
        let request = client
            .put_bucket_ownership_controls()
            .bucket(at.name())
            .ownership_controls(controls);
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = answer.map_err(|error| Failure::of(PUT_OWNERSHIP, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<BucketVersioning> for S3<'_> {
    async fn read(&self, at: &At) -> Result<Versioning, Failure> {
        let request = self
            .client(at)
            .await?
            .get_bucket_versioning()
            .bucket(at.name());
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = answer.map_err(|error| Failure::of("s3:GetBucketVersioning", &error))?;
        let status = match answer.status() {
            Some(BucketVersioningStatus::Enabled) => VersioningStatus::Enabled,
            Some(_) => VersioningStatus::Suspended,
            None => VersioningStatus::Never,
        };
        let mfa_delete = answer.mfa_delete() == Some(&MfaDeleteStatus::Enabled);
        Ok(Versioning { status, mfa_delete })
    }

    /// MFA delete is never written: that takes the root user's second factor.
    async fn write(&self, at: &At, _: &Versioning, to: &Versioning) -> Result<Written, Failure> {
        // There is no way back to "never"; suspended is what comes next to it.
        let status = match to.status {
            VersioningStatus::Enabled => BucketVersioningStatus::Enabled,
            VersioningStatus::Suspended | VersioningStatus::Never => {
                BucketVersioningStatus::Suspended
            }
        };
        let configuration = VersioningConfiguration::builder().status(status).build();
        let request = self
            .client(at)
            .await?
            .put_bucket_versioning()
            .bucket(at.name());
        let request = request
            .versioning_configuration(configuration)
            .expected_bucket_owner(&at.account);
        let answer = request
            .send()
            .await
            .map_err(|error| Failure::of("s3:PutBucketVersioning", &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<BucketEncryption> for S3<'_> {
    async fn read(&self, at: &At) -> Result<Option<Encryption>, Failure> {
        let request = self
            .client(at)
            .await?
            .get_bucket_encryption()
            .bucket(at.name());
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = found("s3:GetEncryptionConfiguration", answer, |e| {
            says(e, "ServerSideEncryptionConfigurationNotFoundError")
        })?;
        let live = answer.and_then(|answer| answer.server_side_encryption_configuration);
        let rule = live.as_ref().and_then(|live| live.rules().first());
        Ok(rule.and_then(encryption_of))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Encryption>,
        to: &Option<Encryption>,
    ) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let Some(encryption) = to else {
            let request = client.delete_bucket_encryption().bucket(at.name());
            let answer = request.expected_bucket_owner(&at.account).send().await;
            let answer = answer.map_err(|error| Failure::of(PUT_ENCRYPTION, &error))?;
            return Ok(Written::default().and(answer.request_id()));
        };
        let unusable = |error: aws_sdk_s3::error::BuildError| {
            Failure::other(PUT_ENCRYPTION, error.to_string())
        };
        let default = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(ServerSideEncryption::from(encryption.algorithm.as_str()))
            .set_kms_master_key_id(encryption.key.clone())
            .build()
            .map_err(unusable)?;
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(default)
            .bucket_key_enabled(encryption.bucket_key)
            .build();
        let configuration = ServerSideEncryptionConfiguration::builder()
            .rules(rule)
            .build()
            .map_err(unusable)?;
        let request = client.put_bucket_encryption().bucket(at.name());
        let request = request.server_side_encryption_configuration(configuration);
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = answer.map_err(|error| Failure::of(PUT_ENCRYPTION, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

fn encryption_of(rule: &ServerSideEncryptionRule) -> Option<Encryption> {
    let default = rule.apply_server_side_encryption_by_default()?;
    Some(Encryption {
        algorithm: default.sse_algorithm().as_str().to_owned(),
        key: default.kms_master_key_id().map(str::to_owned),
        bucket_key: rule.bucket_key_enabled() == Some(true),
    })
}
