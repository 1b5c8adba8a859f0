//! What a bucket regularly writes into another: inventories and analyses.

use aws_sdk_s3::operation::RequestId;

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::facets::bucket::{BucketAnalytics, BucketInventory, Export};
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::{S3, says};

const GET_INVENTORY: &str = "s3:GetInventoryConfiguration";
const PUT_INVENTORY: &str = "s3:PutInventoryConfiguration";
const GET_ANALYTICS: &str = "s3:GetAnalyticsConfiguration";
const PUT_ANALYTICS: &str = "s3:PutAnalyticsConfiguration";

/// S3's code for "there is no such configuration".
const NONE: &str = "NoSuchConfiguration";

/// The configuration that a plan is about.
fn id<'a>(at: &'a At, call: &str) -> Result<&'a str, Failure> {
    let named = at.item.as_deref();
    named.ok_or_else(|| Failure::other(call, "the plan names no configuration"))
}

fn export(bucket: &str, account: Option<&str>) -> Export {
    Export {
        bucket: Arn::parse(bucket).map_or(bucket, |arn| arn.resource).into(),
        account: account.map(str::to_owned),
    }
}

/// Only ever deleted: what a whole configuration said is not kept.
fn must_go(to: &Option<Export>, call: &str) -> Result<(), Failure> {
    match to {
        None => Ok(()),
        Some(_) => Err(Failure::other(call, "a configuration is only ever deleted")),
    }
}

impl Hand<BucketInventory> for S3<'_> {
    async fn read(&self, at: &At) -> Result<Option<Export>, Failure> {
        let request = self
            .client(at)
            .await?
            .get_bucket_inventory_configuration()
            .bucket(at.name())
            .id(id(at, GET_INVENTORY)?);
        match request.expected_bucket_owner(&at.account).send().await {
            Ok(answer) => {
                let to = answer
                    .inventory_configuration()
                    .and_then(|found| found.destination())
                    .and_then(|to| to.s3_bucket_destination());
                Ok(to.map(|to| export(to.bucket(), to.account_id())))
            }
            Err(error) if says(&error, NONE) => Ok(None),
            Err(error) => Err(Failure::of(GET_INVENTORY, &error)),
        }
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Export>,
        to: &Option<Export>,
    ) -> Result<Written, Failure> {
        must_go(to, PUT_INVENTORY)?;
        let request = self
            .client(at)
            .await?
            .delete_bucket_inventory_configuration()
            .bucket(at.name())
            .id(id(at, PUT_INVENTORY)?);
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = answer.map_err(|error| Failure::of(PUT_INVENTORY, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<BucketAnalytics> for S3<'_> {
    async fn read(&self, at: &At) -> Result<Option<Export>, Failure> {
        let request = self
            .client(at)
            .await?
            .get_bucket_analytics_configuration()
            .bucket(at.name())
            .id(id(at, GET_ANALYTICS)?);
        match request.expected_bucket_owner(&at.account).send().await {
            Ok(answer) => {
                let to = answer
                    .analytics_configuration()
                    .and_then(|found| found.storage_class_analysis())
                    .and_then(|analysis| analysis.data_export())
                    .and_then(|data| data.destination())
                    .and_then(|to| to.s3_bucket_destination());
                Ok(to.map(|to| export(to.bucket(), to.bucket_account_id())))
            }
            Err(error) if says(&error, NONE) => Ok(None),
            Err(error) => Err(Failure::of(GET_ANALYTICS, &error)),
        }
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Export>,
        to: &Option<Export>,
    ) -> Result<Written, Failure> {
        must_go(to, PUT_ANALYTICS)?;
        let request = self
            .client(at)
            .await?
            .delete_bucket_analytics_configuration()
            .bucket(at.name())
            .id(id(at, PUT_ANALYTICS)?);
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = answer.map_err(|error| Failure::of(PUT_ANALYTICS, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}
