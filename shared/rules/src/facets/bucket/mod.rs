//! Facets of buckets, and of an account's public access block.

mod access;
mod acl;
mod encryption;
mod existence;
mod exports;
mod lifecycle;
mod lock;
mod logging;
mod notification;
mod ownership;
mod points;
mod policy;
mod replication;
mod targets;
mod versioning;
mod website;

use serde::{Deserialize, Serialize};

pub use access::{AccountPublicAccess, BucketPublicAccess, PublicAccess};
pub use acl::{
    ALL_USERS, AUTHENTICATED_USERS, Acl, AclWish, BucketAcl, Grant, Grantee, LOG_DELIVERY,
};
pub use encryption::{BucketEncryption, Encryption};
pub use existence::{BucketExistence, Existing};
pub use exports::{BucketAnalytics, BucketInventory, Export, ExportWish};
pub use lifecycle::{
    BucketLifecycle, Expiration, Filter, Lifecycle, LifecycleRule, LifecycleWish,
    NoncurrentExpiration, NoncurrentTransition, Tag, Transition,
};
pub use lock::{BucketObjectLock, ObjectLock};
pub use logging::{BucketLogging, LogTarget};
pub use notification::{BucketNotification, Notification, Notifications};
pub use ownership::{BUCKET_OWNER_ENFORCED, BucketOwnership};
pub use points::{AccessPoint, AccessPointPolicy, AccessPointWish, Point};
pub use policy::{BucketPolicy, PolicyWish};
pub use replication::{
    BucketReplication, Destination, Replication, ReplicationFilter, ReplicationRule, Timed,
};
pub use targets::{TargetsWish, Whose};
pub use versioning::{BucketVersioning, Versioning, VersioningStatus, VersioningWish};
pub use website::{BucketWebsite, Redirect, Route, Website};

/// What is wished for a side of a bucket: that it is not weaker than it was
/// known to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct BucketWish {
    /// Whether the bucket is guarded. Others may serve the public on purpose, so
    /// that no constant safe state is ever written to them.
    pub protected: bool,
}

#[cfg(test)]
mod law;
