//! Rules of buckets, and of an account's public access block.

mod access;
mod acl;
mod created;
mod deleted;
mod directory;
mod encryption;
mod exports;
mod grants;
mod lifecycle;
mod lock;
mod logging;
mod objects;
mod points;
mod policy;
mod replication;
mod storage;
mod terms;
mod website;

pub use access::{ACCOUNT_DELETED, ACCOUNT_WEAKENED, BLOCK_DELETED, BLOCK_WEAKENED};
pub use acl::ACL_OPENED;
pub use created::CREATED_OPEN;
pub use deleted::DELETED;
pub use directory::{DIRECTORY_DELETED, DIRECTORY_OPENED};
pub use encryption::{ENCRYPTION_CHANGED, ENCRYPTION_DELETED};
pub use exports::{ANALYTICS_EXPORTED, INVENTORY_EXPORTED};
pub use grants::{BATCH_JOB, GRANT_CREATED, GRANTS_SHARED};
pub use lifecycle::{LIFECYCLE_DELETED, LIFECYCLE_SHORTENED};
pub use lock::{LEGAL_HOLD_LIFTED, OBJECT_LOCK_WEAKENED, RETENTION_BYPASSED};
pub use logging::{LOGGING_CHANGED, NOTIFICATION_CHANGED};
pub use objects::{LOG_ACL_OPENED, LOG_DELETED, LOG_FORGED, LOGS_DELETED};
pub use points::{
    LAMBDA_POINT_OPENED, MULTI_POINT_CREATED, MULTI_POINT_OPENED, POINT_CREATED, POINT_DELETED,
    POINT_OPENED, POINT_POLICY_DELETED,
};
pub(crate) use policy::tell as tell_admitted;
pub use policy::{POLICY_DELETED, POLICY_OPENED};
pub use replication::{REPLICATION_CHANGED, REPLICATION_DELETED};
pub use storage::{OWNERSHIP_DELETED, OWNERSHIP_WEAKENED, VERSIONING_SUSPENDED};
pub use terms::{ACCELERATED, REQUESTER_PAYS, TAGS_CHANGED};
pub use website::{CORS_DELETED, CORS_OPENED, WEBSITE_DELETED, WEBSITE_SERVED};

use std::borrow::Cow;

use auditward_policy::Document;
use auditward_policy::cloudtrail::Delivery;

use crate::actor::Actor;
use crate::arn::{Arn, is_account};
use crate::facet::{At, PolicyState};
use crate::facets::bucket::{AclWish, BucketWish};
use crate::json::Json;
use crate::rule::{Call, Draft, Judged, Rule, Severity, is_shown};

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
    &INVENTORY_EXPORTED,
    &ANALYTICS_EXPORTED,
    &POINT_CREATED,
    &POINT_OPENED,
    &POINT_POLICY_DELETED,
    &POINT_DELETED,
    &MULTI_POINT_CREATED,
    &MULTI_POINT_OPENED,
    &LAMBDA_POINT_OPENED,
    &GRANT_CREATED,
    &GRANTS_SHARED,
    &BATCH_JOB,
    &LOG_DELETED,
    &LOGS_DELETED,
    &LOG_FORGED,
    &LOG_ACL_OPENED,
    &DIRECTORY_OPENED,
    &DIRECTORY_DELETED,
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

    /// The bucket, guarded or not. `Err` is the verdict where none is named.
    fn named(call: &Call<'_>) -> Result<Self, Judged> {
        Self::of(call).ok_or_else(|| unnamed(call))
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

    /// A draft about what is grave for a guarded bucket, and worth a look for any.
    fn draft_here(&self, summary: impl Into<String>) -> Draft {
        let draft = self.draft(summary);
        if self.protected {
            draft
        } else {
            draft.severity(Severity::Low)
        }
    }

    fn wish(&self) -> BucketWish {
        BucketWish {
            protected: self.protected,
        }
    }

    fn acl_wish(&self) -> AclWish {
        AclWish {
            protected: self.protected,
            ..AclWish::default()
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
    if call.settings.is_deployer(Actor::of(call.record)) {
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

/// The first member of that name that says anything, from the outside inwards
/// and in either case: calls of S3 Control are logged with the XML that was
/// sent, whose outermost element is named after the call.
fn seek<'a>(json: Json<'a>, name: &str) -> Option<Json<'a>> {
    const DEPTH: usize = 6;
    let mut level = vec![json];
    for _ in 0..DEPTH {
        let members: Vec<_> = level.iter().flat_map(|json| json.members()).collect();
        let found = members.iter().find(|(key, value)| {
            key.eq_ignore_ascii_case(name) && !matches!(value.text(), "\"\"" | "[\"\"]" | "null")
        });
        if let Some((_, value)) = found {
            return Some(*value);
        }
        level = members
            .into_iter()
            .flat_map(|(_, value)| value.items())
            .collect();
    }
    None
}

/// The first scalar of that name, at whatever depth.
fn sought<'a>(json: Json<'a>, name: &str) -> Option<Cow<'a, str>> {
    let value = seek(json, name)?.items().into_iter().next()?.scalar()?;
    is_shown(&value).then_some(value)
}

/// A policy document, as an object or as a string of JSON.
fn document(json: Json<'_>) -> Option<Document> {
    let text = if json.is_string() {
        json.scalar()?
    } else {
        Cow::Borrowed(json.text())
    };
    match PolicyState::read(&text) {
        PolicyState::Document(document) => Some(document),
        PolicyState::Absent | PolicyState::Unparsable { .. } => None,
    }
}

/// A document about another service's actions in the words of S3, which the
/// policy engine speaks: whoever may open a session or read through a function
/// may read.
fn in_words_of_s3(document: &Document, prefix: &str) -> Option<Document> {
    let text = document.as_json();
    let mut plain = String::with_capacity(text.len());
    let (mut rest, mut lower) = (text, text.to_ascii_lowercase());
    while let Some(at) = lower.find(prefix) {
        plain.push_str(rest.get(..at)?);
        plain.push_str("s3:");
        rest = rest.get(at + prefix.len()..)?;
        lower = lower.split_off(at + prefix.len());
    }
    plain.push_str(rest);
    Document::parse(&plain).ok()
}

/// Whether an account as a whole is guarded: it holds what is.
fn guards_account(call: &Call<'_>, account: &str) -> bool {
    let root = format!("arn:{}:iam::{account}:root", call.partition());
    call.settings.protects(&root, call.inventory)
}

#[cfg(test)]
mod tests;
