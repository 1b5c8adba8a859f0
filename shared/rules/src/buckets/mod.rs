//! Rules of buckets, and of an account's public access block.

mod access;
mod acl;
mod created;
mod deleted;
mod encryption;
mod lifecycle;
mod lock;
mod logging;
mod policy;
mod replication;
mod storage;
mod terms;
mod website;

pub use access::{ACCOUNT_DELETED, ACCOUNT_WEAKENED, BLOCK_DELETED, BLOCK_WEAKENED};
pub use acl::ACL_OPENED;
pub use created::CREATED_OPEN;
pub use deleted::DELETED;
pub use encryption::{ENCRYPTION_CHANGED, ENCRYPTION_DELETED};
pub use lifecycle::{LIFECYCLE_DELETED, LIFECYCLE_SHORTENED};
pub use lock::{LEGAL_HOLD_LIFTED, OBJECT_LOCK_WEAKENED, RETENTION_BYPASSED};
pub use logging::{LOGGING_CHANGED, NOTIFICATION_CHANGED};
pub(crate) use policy::tell as tell_admitted;
pub use policy::{POLICY_DELETED, POLICY_OPENED};
pub use replication::{REPLICATION_CHANGED, REPLICATION_DELETED};
pub use storage::{OWNERSHIP_DELETED, OWNERSHIP_WEAKENED, VERSIONING_SUSPENDED};
pub use terms::{ACCELERATED, REQUESTER_PAYS, TAGS_CHANGED};
pub use website::{CORS_DELETED, CORS_OPENED, WEBSITE_DELETED, WEBSITE_SERVED};

use std::borrow::Cow;

use auditward_policy::cloudtrail::Delivery;

use crate::actor::Actor;
use crate::arn::{Arn, is_account};
use crate::facet::At;
use crate::facets::bucket::{AclWish, BucketWish};
use crate::json::Json;
use crate::rule::{Call, Draft, Judged, Rule};

/// All rules of this system.
pub static RULES: &[&Rule] = &[
    &POLICY_OPENED,
    &POLICY_DELETED,
    &BLOCK_WEAKENED,
    &BLOCK_DELETED,
    &ACCOUNT_WEAKENED,
    &ACCOUNT_DELETED,
    &ACL_OPENED,
    &OWNERSHIP_WEAKENED,
    &OWNERSHIP_DELETED,
    &VERSIONING_SUSPENDED,
    &LIFECYCLE_SHORTENED,
    &REPLICATION_CHANGED,
    &REPLICATION_DELETED,
    &LIFECYCLE_DELETED,
    &OBJECT_LOCK_WEAKENED,
    &RETENTION_BYPASSED,
    &LEGAL_HOLD_LIFTED,
    &CREATED_OPEN,
    &LOGGING_CHANGED,
    &ENCRYPTION_CHANGED,
    &ENCRYPTION_DELETED,
    &DELETED,
    &NOTIFICATION_CHANGED,
    &CORS_OPENED,
    &CORS_DELETED,
    &WEBSITE_SERVED,
    &WEBSITE_DELETED,
    &REQUESTER_PAYS,
    &TAGS_CHANGED,
    &ACCELERATED,
];

/// CloudTrail's name for S3's control plane, of buckets and of accounts.
const S3: &str = "s3.amazonaws.com";

/// What CloudTrail writes in the place of values it must not show.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The bucket that a call is about.
struct Bucket {
    name: String,
    at: At,
    /// Whether it is guarded: named in the settings, or a log bucket.
    protected: bool,
    /// What known trails deliver there.
    deliveries: Vec<Delivery>,
}

impl Bucket {
    /// The bucket that the request or, where that was left out, the list of
    /// resources names.
    fn of(call: &Call<'_>) -> Option<Self> {
        let resources = call.record.resources();
        let listed = resources.iter().find_map(|(arn, owner)| {
            let arn = Arn::parse(arn.as_deref()?)?;
            let is_bucket = arn.service == "s3" && !arn.resource.contains('/');
            is_bucket.then(|| (arn.resource.to_owned(), owner.as_deref()))
        });
        let asked = call
            .request()
            .and_then(|request| text(request, "bucketName"))
            .filter(|name| !name.is_empty());
        let name = match (asked, &listed) {
            (Some(name), _) => name.into_owned(),
            (None, Some((name, _))) => name.clone(),
            (None, None) => return None,
        };
        let used: Vec<_> = call.inventory.delivering_to(&name).collect();
        let owner = used
            .iter()
            .find_map(|used| used.bucket_owner.clone())
            .or_else(|| {
                let (_, owner) = listed.as_ref().filter(|(listed, _)| *listed == name)?;
                owner.filter(|owner| is_account(owner)).map(str::to_owned)
            });
        let mut at = call.here(format!("arn:{}:s3:::{name}", call.partition()));
        if let Some(owner) = owner {
            at.account = owner;
        }
        let deliveries: Vec<_> = used.iter().map(|used| used.delivery()).collect();
        let protected =
            !deliveries.is_empty() || call.settings.protects(&at.resource, call.inventory);
        Some(Self {
            name,
            at,
            protected,
            deliveries,
        })
    }

    /// The bucket, where it is guarded. `Err` is the verdict otherwise.
    fn guarded(call: &Call<'_>) -> Result<Self, Judged> {
        match Self::of(call) {
            None => Err(unnamed(call)),
            Some(bucket) if bucket.protected => Ok(bucket),
            Some(_) => Err(Judged::Clean),
        }
    }

    /// How people call it.
    fn called(&self) -> String {
        let what = if self.deliveries.is_empty() {
            "bucket"
        } else {
            "log bucket"
        };
        format!("{what} {}", self.name)
    }

    fn draft(&self, summary: impl Into<String>) -> Draft {
        Draft::new(self.at.resource.clone(), summary)
    }

    fn wish(&self) -> BucketWish {
        BucketWish {
            protected: self.protected,
        }
    }

    fn acl_wish(&self) -> AclWish {
        AclWish {
            protected: self.protected,
            owner_only: false,
        }
    }
}

/// The record does not say which bucket: failed calls mostly.
fn unnamed(call: &Call<'_>) -> Judged {
    let what = format!(
        "{} on a bucket that the record does not name",
        call.record.event_name
    );
    Judged::CannotTell(Draft::new("", what))
}

/// The record names the bucket, but not what was written.
fn unreadable(bucket: &Bucket, what: &str) -> Draft {
    bucket.draft(format!(
        "{what} of {} changed, and the record does not say to what",
        bucket.called()
    ))
}

/// What lets a stranger in is accepted from nobody, not even from a deployer:
/// the live state decides.
fn never_accepted(call: &Call<'_>, draft: Draft) -> Judged {
    if call.settings.is_deployer(&Actor::of(call.record)) {
        return Judged::CannotTell(draft);
    }
    draft.into()
}

/// A scalar of a request, in either of S3's forms: as it is, or in a list of
/// one, as older events have it. What is hidden is not there.
fn text<'a>(json: Json<'a>, name: &str) -> Option<Cow<'a, str>> {
    let value = json.get(name)?.items().into_iter().next()?.scalar()?;
    (value != HIDDEN).then_some(value)
}

/// A scalar of a request as a text of its own.
fn owned(json: Json<'_>, name: &str) -> Option<String> {
    text(json, name).map(Cow::into_owned)
}

#[cfg(test)]
mod tests;
