//! Facets of CloudTrail Lake: event data stores, and the policies of stores,
//! channels and dashboards.

mod config;
mod life;

use crate::facets::guarded::policies;

pub use crate::facets::guarded::PolicyWish;
pub use config::{StoreConfig, StoreField, StoreSettings, StoreWish};
pub use life::{StoreLife, StoreLifeWish, StoreState};

policies! {
    /// The policy of an event data store, a channel or a dashboard. CloudTrail
    /// takes at most [8,192 characters](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutResourcePolicy.html).
    StorePolicy = "store-policy", Store, "the policy", limit 8192, may_be_absent true;
}

#[cfg(test)]
mod tests;
