//! Facets of log delivery: log groups and what is set on them, destinations,
//! policies, exports.

mod account;
mod group;
mod policy;
mod retention;
mod subscription;

use serde::{Deserialize, Serialize};

use crate::facets::made::things;

pub use account::{AccountLogPolicy, AccountPolicy, AccountPolicyWish};
pub use group::{
    DataProtection, Destination, GroupForm, LogDestination, LogGroup, LogGroupKey, MetricFilter,
    MetricFilters, Transformation,
};
pub use policy::{
    DeliveryDestinationPolicy, DestinationPolicy, LogResourcePolicy, PolicyWish, SinkPolicy,
    resource_policy_wish,
};
pub use retention::{LogGroupRetention, Retention, RetentionWish};
pub use subscription::{FiltersWish, Subscription, SubscriptionFilters};

/// Whether somebody is an outsider, as far as the settings tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outsider {
    /// Ours, or a partner.
    #[default]
    No,
    /// Nobody that the settings or the organization's accounts name.
    Yes,
    /// The accounts of the organization are not known.
    CannotTell,
}

things! {
    /// An export of a log group's events to a bucket, while it waits or runs.
    ExportTask = "export-task", "running export", "cancel the export", restorable false;
}

/// Whether two JSON texts mean the same.
fn same_json(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || read(one).is_some_and(|json| Some(json) == read(other))
}

#[cfg(test)]
mod tests;
