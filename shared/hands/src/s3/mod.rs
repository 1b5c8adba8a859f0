//! Buckets, through S3, and an account's public access block, through S3 Control.

mod access;
mod acl;
mod discovery;
mod existence;
mod exports;
mod lifecycle;
mod lock;
mod logging;
mod notification;
mod points;
mod policy;
mod replication;
mod storage;
mod website;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::{Client, config};

use auditward_rules::facet::At;
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{DISCOVERY, Permission};
use auditward_runtime::sessions::Sessions;

const LOCATION: &str = "s3:GetBucketLocation";

/// Every call this hand makes. IAM knows some of them by other names than S3,
/// and taking a configuration away takes the permission to put one.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read("bucket-policy", "s3:GetBucketPolicy"),
    // A trail does not say where its bucket is.
    Permission::read("bucket-policy", LOCATION),
    Permission::write("bucket-policy", "s3:PutBucketPolicy"),
    Permission::write("bucket-policy", "s3:DeleteBucketPolicy"),
    Permission::read("bucket-public-access", "s3:GetBucketPublicAccessBlock"),
    Permission::write("bucket-public-access", "s3:PutBucketPublicAccessBlock"),
    Permission::read("account-public-access", "s3:GetAccountPublicAccessBlock"),
    Permission::write("account-public-access", "s3:PutAccountPublicAccessBlock"),
    Permission::read("bucket-acl", "s3:GetBucketAcl"),
    // Where ACLs are switched off, S3 takes none.
    Permission::read("bucket-acl", "s3:GetBucketOwnershipControls"),
    Permission::write("bucket-acl", "s3:PutBucketAcl"),
    Permission::read("bucket-ownership", "s3:GetBucketOwnershipControls"),
    Permission::write("bucket-ownership", "s3:PutBucketOwnershipControls"),
    Permission::read("bucket-versioning", "s3:GetBucketVersioning"),
    Permission::write("bucket-versioning", "s3:PutBucketVersioning"),
    Permission::read("bucket-encryption", "s3:GetEncryptionConfiguration"),
    Permission::write("bucket-encryption", "s3:PutEncryptionConfiguration"),
    Permission::read("bucket-lifecycle", "s3:GetLifecycleConfiguration"),
    Permission::write("bucket-lifecycle", "s3:PutLifecycleConfiguration"),
    Permission::read(DISCOVERY, LOCATION),
    Permission::read(DISCOVERY, "s3:ListAllMyBuckets"),
    Permission::read("bucket-existence", "s3:ListBucket"),
    Permission::write("bucket-existence", "s3:CreateBucket"),
    Permission::read("bucket-replication", "s3:GetReplicationConfiguration"),
    Permission::write("bucket-replication", "s3:PutReplicationConfiguration")
        .with(&["iam:PassRole"]),
    Permission::read("bucket-object-lock", "s3:GetBucketObjectLockConfiguration"),
    Permission::write("bucket-object-lock", "s3:PutBucketObjectLockConfiguration"),
    Permission::read("bucket-logging", "s3:GetBucketLogging"),
    Permission::write("bucket-logging", "s3:PutBucketLogging"),
    Permission::read("bucket-notification", "s3:GetBucketNotification"),
    Permission::write("bucket-notification", "s3:PutBucketNotification"),
    Permission::read("bucket-website", "s3:GetBucketWebsite"),
    Permission::write("bucket-website", "s3:PutBucketWebsite"),
    Permission::write("bucket-website", "s3:DeleteBucketWebsite"),
    Permission::read("bucket-inventory", "s3:GetInventoryConfiguration"),
    Permission::write("bucket-inventory", "s3:PutInventoryConfiguration"),
    Permission::read("bucket-analytics", "s3:GetAnalyticsConfiguration"),
    Permission::write("bucket-analytics", "s3:PutAnalyticsConfiguration"),
    Permission::read("access-point", "s3:GetAccessPoint"),
    Permission::write("access-point", "s3:CreateAccessPoint")
        .with(&["s3:PutAccessPointPublicAccessBlock"]),
    Permission::write("access-point", "s3:DeleteAccessPoint"),
    Permission::read("access-point-policy", "s3:GetAccessPointPolicy"),
    Permission::write("access-point-policy", "s3:PutAccessPointPolicy"),
    Permission::write("access-point-policy", "s3:DeleteAccessPointPolicy"),
];

/// The hand for buckets.
#[derive(Clone, Copy, Debug)]
pub struct S3<'a> {
    /// Who to talk as.
    pub sessions: &'a Sessions,
}

impl S3<'_> {
    /// Talks to the region in which the bucket is. Who named it by what a trail says
    /// need not know that; S3 does, and refuses everything else anywhere else.
    async fn client(&self, at: &At) -> Result<Client, Failure> {
        if !at.region.is_empty() {
            return self.client_in(at, &at.region).await;
        }
        let home = self.client_in(at, &self.sessions.home().region).await?;
        let region = discovery::location(&home, at.name(), &at.account).await?;
        self.client_in(at, &region).await
    }

    async fn client_in(&self, at: &At, region: &str) -> Result<Client, Failure> {
        let config = self.sessions.of(&at.account, region).await?;
        // Behind another endpoint, buckets have no host names of their own.
        let elsewhere =
            config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let config = config::Builder::from(&config)
            .force_path_style(elsewhere)
            .build();
        Ok(Client::from_conf(config))
    }
}

/// Whether S3 answered with this code: some answers that look like errors are states.
fn says<E: ProvideErrorMetadata>(error: &E, code: &str) -> bool {
    error.code() == Some(code)
}
