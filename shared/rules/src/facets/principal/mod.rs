//! Facets of principals: roles, users and groups alike.

mod attachments;
mod boundary;
mod gives;
mod guardrail;
mod inline;
mod membership;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};

pub use attachments::{Attached, Attachments, AttachmentsWish};
pub use boundary::{Bounded, PrincipalBoundary};
pub use gives::Gives;
pub use guardrail::{Guardrail, GuardrailWish, Hold};
pub use inline::{Inline, InlinePolicy, InlineWish};
pub use membership::{Member, Membership, MembershipWish};

use super::made::things;
use crate::facet::{At, Scene};

things! {
    /// An access key that may be used. One that is switched off stays, so that
    /// its last use can still be looked up.
    AccessKey = "access-key", "usable access key", "switch the key off", restorable true;
    /// An audience of an identity provider (`OpenID` Connect).
    ProviderAudience = "provider-audience", "audience", "take the audience out of the provider", restorable true;
}

/// How close to its principal's creation a grant must be, so that it cannot
/// have been there before.
const NEW: TimeDelta = TimeDelta::minutes(15);

/// Whether what an event did to a principal cannot have been there before,
/// because the principal was not either.
fn is_new(created: Option<DateTime<Utc>>, at: Option<DateTime<Utc>>) -> bool {
    created
        .zip(at)
        .is_some_and(|(created, at)| (at - created).abs() <= NEW)
}

/// Whether a record that lacks something proves that the event made it: then it
/// was taken shortly before or after. What is not in an older one may have come
/// at any time since, and nobody need have been told.
fn tells(scene: Scene<'_>, at: Option<DateTime<Utc>>) -> bool {
    is_new(scene.recorded, at)
}

/// What stands before an inline policy's name in [`At::item`]. No name has a
/// slash, so that none is taken for anything else.
const INLINE: &str = "inline/";

/// One inline policy of a principal.
pub fn inline(principal: &At, name: &str) -> At {
    principal.clone().item(format!("{INLINE}{name}"))
}

/// The name of the inline policy, where it is one.
pub fn inline_name(at: &At) -> Option<&str> {
    at.item.as_deref()?.strip_prefix(INLINE)
}

/// The [`At::item`] of a principal's boundary.
const BOUNDARY: &str = "boundary";

/// The permissions boundary of a principal.
pub fn boundary(principal: At) -> At {
    principal.item(BOUNDARY)
}

/// Whether it is a principal's permissions boundary.
pub fn is_boundary(at: &At) -> bool {
    at.item.as_deref() == Some(BOUNDARY)
}
