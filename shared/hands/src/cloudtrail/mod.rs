//! Trails and event data stores, through CloudTrail. Always by ARN: by name, a delegated administrator
//! does not find the trails of the management account.

mod config;
mod delivery;
mod discovery;
mod insights;
mod selectors;
mod stores;
mod tags;

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::operation::RequestId;

use auditward_rules::facet::At;
use auditward_rules::facets::trail::TrailLogging;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{DISCOVERY, Hand, Permission, Written};

/// What CloudTrail does in the caller's name when a trail is made or changed:
/// it hands the role for the log group on, and asks about the organization and
/// its own service-linked role. See [Prepare for creating a trail for your
/// organization](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-an-organizational-trail-prepare.html).
const ALONG: &[&str] = &[
    "iam:PassRole",
    "iam:GetRole",
    "iam:CreateServiceLinkedRole",
    "organizations:DescribeOrganization",
    "organizations:ListAWSServiceAccessForOrganization",
];
/// The same, and the tags that a trail is made with.
const ALONG_AND_TAGS: &[&str] = &[
    "cloudtrail:AddTags",
    "iam:PassRole",
    "iam:GetRole",
    "iam:CreateServiceLinkedRole",
    "organizations:DescribeOrganization",
    "organizations:ListAWSServiceAccessForOrganization",
];

/// What it does besides for a store of the organization's events.
const ALONG_STORES: &[&str] = &[
    "iam:GetRole",
    "iam:CreateServiceLinkedRole",
    "organizations:DescribeOrganization",
    "organizations:ListAWSServiceAccessForOrganization",
];

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read("trail-config", "cloudtrail:GetTrail"),
    Permission::read("trail-config", "cloudtrail:ListTags"),
    Permission::write("trail-config", "cloudtrail:CreateTrail").with(ALONG_AND_TAGS),
    Permission::write("trail-config", "cloudtrail:UpdateTrail").with(ALONG),
    Permission::read("trail-selectors", "cloudtrail:GetEventSelectors"),
    Permission::read("trail-selectors", "cloudtrail:DescribeTrails"),
    Permission::read("trail-selectors", "cloudtrail:GetTrailStatus"),
    Permission::write("trail-selectors", "cloudtrail:PutEventSelectors"),
    Permission::read("trail-insights", "cloudtrail:GetInsightSelectors"),
    Permission::write("trail-insights", "cloudtrail:PutInsightSelectors"),
    Permission::read(DISCOVERY, "cloudtrail:DescribeTrails"),
    Permission::read("trail-logging", "cloudtrail:GetTrailStatus"),
    Permission::write("trail-logging", "cloudtrail:StartLogging"),
    Permission::read("trail-delivery", "cloudtrail:GetTrailStatus"),
    Permission::read("trail-tags", "cloudtrail:ListTags"),
    Permission::write("trail-tags", "cloudtrail:AddTags"),
    Permission::write("trail-tags", "cloudtrail:RemoveTags"),
    Permission::read("store-config", "cloudtrail:GetEventDataStore"),
    Permission::write("store-config", "cloudtrail:UpdateEventDataStore").with(ALONG_STORES),
    Permission::read("store-state", "cloudtrail:GetEventDataStore"),
    Permission::write("store-state", "cloudtrail:RestoreEventDataStore").with(ALONG_STORES),
    Permission::write("store-state", "cloudtrail:StartEventDataStoreIngestion"),
    Permission::read("store-policy", "cloudtrail:GetResourcePolicy"),
    Permission::write("store-policy", "cloudtrail:PutResourcePolicy"),
    Permission::write("store-policy", "cloudtrail:DeleteResourcePolicy"),
];

hand! {
    /// The hand for trails.
    CloudTrail with Client
}

impl Hand<TrailLogging> for CloudTrail<'_> {
    async fn read(&self, at: &At) -> Result<Option<bool>, Failure> {
        let request = self.client(at).await?.get_trail_status().name(&at.resource);
        let answer = request.send().await;
        let status = found("cloudtrail:GetTrailStatus", answer, |e| {
            e.is_trail_not_found_exception()
        })?;
        Ok(status.map(|status| status.is_logging() == Some(true)))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<bool>,
        to: &Option<bool>,
    ) -> Result<Written, Failure> {
        if *to != Some(true) {
            return Err(Failure::other(
                "cloudtrail:StartLogging",
                "a trail is only ever started",
            ));
        }
        let answer = self
            .client(at)
            .await?
            .start_logging()
            .name(&at.resource)
            .send()
            .await;
        let answer = answer.map_err(|error| Failure::of("cloudtrail:StartLogging", &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}
