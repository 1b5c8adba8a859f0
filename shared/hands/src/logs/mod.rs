//! Log groups, filters, destinations and policies, through CloudWatch Logs.

mod account;
mod destination;
mod discovery;
mod export;
mod filters;
mod group;
mod policy;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;

use auditward_rules::facet::At;
use auditward_runtime::hand::{DISCOVERY, Permission};

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read(DISCOVERY, "logs:DescribeAccountPolicies"),
    Permission::read(DISCOVERY, "logs:DescribeDestinations"),
    Permission::read(DISCOVERY, "logs:DescribeLogGroups"),
    Permission::read(DISCOVERY, "logs:DescribeResourcePolicies"),
    Permission::read("log-group", "logs:DescribeLogGroups"),
    Permission::write("log-group", "logs:CreateLogGroup"),
    Permission::read("log-group-retention", "logs:DescribeLogGroups"),
    Permission::write("log-group-retention", "logs:DeleteRetentionPolicy"),
    Permission::write("log-group-retention", "logs:PutRetentionPolicy"),
    Permission::read("log-group-key", "logs:DescribeLogGroups"),
    Permission::write("log-group-key", "logs:AssociateKmsKey"),
    Permission::write("log-group-key", "logs:DisassociateKmsKey"),
    Permission::read("data-protection", "logs:GetDataProtectionPolicy"),
    Permission::write("data-protection", "logs:DeleteDataProtectionPolicy"),
    // With a destination for what it finds.
    Permission::write("data-protection", "logs:PutDataProtectionPolicy")
        .with(&["logs:CreateLogDelivery"]),
    Permission::read("subscription-filters", "logs:DescribeSubscriptionFilters"),
    Permission::write("subscription-filters", "logs:DeleteSubscriptionFilter"),
    Permission::write("subscription-filters", "logs:PutSubscriptionFilter").with(&["iam:PassRole"]),
    Permission::read("metric-filters", "logs:DescribeMetricFilters"),
    Permission::write("metric-filters", "logs:DeleteMetricFilter"),
    Permission::write("metric-filters", "logs:PutMetricFilter"),
    Permission::read("export-task", "logs:DescribeExportTasks"),
    Permission::write("export-task", "logs:CancelExportTask"),
    Permission::read("account-log-policy", "logs:DescribeAccountPolicies"),
    Permission::write("account-log-policy", "logs:DeleteAccountPolicy"),
    // A policy for all groups takes the permission for each.
    Permission::write("account-log-policy", "logs:PutAccountPolicy").with(&[
        "iam:PassRole",
        "logs:CreateLogDelivery",
        "logs:PutDataProtectionPolicy",
        "logs:PutSubscriptionFilter",
    ]),
    Permission::read("log-resource-policy", "logs:DescribeResourcePolicies"),
    Permission::write("log-resource-policy", "logs:DeleteResourcePolicy"),
    Permission::write("log-resource-policy", "logs:PutResourcePolicy"),
    Permission::read("log-destination", "logs:DescribeDestinations"),
    Permission::write("log-destination", "logs:PutDestination").with(&["iam:PassRole"]),
    Permission::read("destination-policy", "logs:DescribeDestinations"),
    Permission::write("destination-policy", "logs:PutDestinationPolicy"),
    Permission::read(
        "delivery-destination-policy",
        "logs:GetDeliveryDestinationPolicy",
    ),
    Permission::write(
        "delivery-destination-policy",
        "logs:DeleteDeliveryDestinationPolicy",
    ),
    Permission::write(
        "delivery-destination-policy",
        "logs:PutDeliveryDestinationPolicy",
    ),
];

hand! {
    /// The hand for them.
    Logs with Client
}

/// What stands behind the kind of resource in an ARN; slashes are part of it.
fn name(at: &At) -> &str {
    at.resource.rsplit(':').next().unwrap_or(&at.resource)
}

/// Whether AWS says that there is no such thing.
fn is_gone<E: ProvideErrorMetadata>(error: &E) -> bool {
    error.code() == Some("ResourceNotFoundException")
}
