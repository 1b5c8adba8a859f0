//! What a bucket regularly writes into another: inventories and analyses.

use aws_sdk_s3::operation::RequestId;

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::facets::bucket::{BucketAnalytics, BucketInventory, Export};
use auditward_runtime::failure::{Failure, found};
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

/// Inventories and analyses differ in the names of their calls, and in where the
/// answer has the destination.
macro_rules! exports {
    ($facet:ty: $get:ident ($get_action:ident), $delete:ident ($put_action:ident), |$answer:ident| $to:expr) => {
        impl Hand<$facet> for S3<'_> {
            async fn read(&self, at: &At) -> Result<Option<Export>, Failure> {
                let request = self.client(at).await?.$get().bucket(at.name());
                let request = request.id(id(at, $get_action)?);
                let answer = request.expected_bucket_owner(&at.account).send().await;
                let answer = found($get_action, answer, |e| says(e, NONE))?;
                Ok(answer.and_then(|$answer| $to))
            }

            async fn write(
                &self,
                at: &At,
                _: &Option<Export>,
                to: &Option<Export>,
            ) -> Result<Written, Failure> {
                must_go(to, $put_action)?;
                let request = self.client(at).await?.$delete().bucket(at.name());
                let request = request.id(id(at, $put_action)?);
                let answer = request.expected_bucket_owner(&at.account).send().await;
                let answer = answer.map_err(|error| Failure::of($put_action, &error))?;
                Ok(Written::default().and(answer.request_id()))
            }
        }
    };
}

exports!(
    BucketInventory:
    get_bucket_inventory_configuration (GET_INVENTORY),
    delete_bucket_inventory_configuration (PUT_INVENTORY),
    |answer| answer
        .inventory_configuration()
        .and_then(|found| found.destination())
        .and_then(|to| to.s3_bucket_destination())
        .map(|to| export(to.bucket(), to.account_id()))
);

exports!(
    BucketAnalytics:
    get_bucket_analytics_configuration (GET_ANALYTICS),
    delete_bucket_analytics_configuration (PUT_ANALYTICS),
    |answer| answer
        .analytics_configuration()
        .and_then(|found| found.storage_class_analysis())
        .and_then(|analysis| analysis.data_export())
        .and_then(|data| data.destination())
        .and_then(|to| to.s3_bucket_destination())
        .map(|to| export(to.bucket(), to.bucket_account_id()))
);
