//! Rules of roles, users and groups.

mod analyzer;
mod anywhere;
mod attached;
mod boundary;
mod changed;
mod federation;
mod groups;
mod guard;
mod inline;
mod partner;
mod power;
mod sessions;
mod shares;
mod sso;
mod trust;
mod users;
mod versions;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use anywhere::{ANCHOR_CREATED, ANCHOR_ENABLED, ANCHOR_REPLACED, PROFILE_CREATED};
pub use attached::GUARDRAIL_DETACHED;
pub use boundary::{BOUNDARY_DELETED, BOUNDARY_WEAKENED};
pub use changed::{
    ROLE_DELETED, ROLE_TAGGED, ROLE_UPDATED, ROOT_CENTRALIZED, SERVICE_ROLE_DELETED,
};
pub use federation::{AUDIENCE_ADDED, OIDC_CHANGED, OIDC_UPDATED, SAML_CHANGED};
pub use groups::{MEMBER_ADDED, MEMBER_REMOVED, PROFILE_GIVEN};
pub use guard::{GUARD_CHANGED, GUARD_DELETED, GUARD_UNEXPLAINED};
pub use inline::{INLINE_DELETED, INLINE_POWER};
pub use partner::{PARTNER_CLOSED, PARTNER_WIDENED};
pub use power::{GROUP_ADMIN, ROLE_ADMIN, USER_ADMIN};
pub use trust::{CREATED_OPEN, TRUST_OPENED};
pub use users::{KEY_CREATED, LOGIN_CHANGED};
pub use versions::{POLICY_DELETED, POLICY_POWER, VERSION_DELETED, VERSION_WEAKENED};

use auditward_policy::Tri;

use crate::arn::Arn;
use crate::facet::At;
use crate::rule::{Call, Draft, Judged, Rule};

/// All rules of this system.
pub static RULES: &[&Rule] = &[
    &CREATED_OPEN,
    &TRUST_OPENED,
    &ROLE_ADMIN,
    &USER_ADMIN,
    &GROUP_ADMIN,
    &INLINE_POWER,
    &INLINE_DELETED,
    &GUARDRAIL_DETACHED,
    &POLICY_POWER,
    &VERSION_WEAKENED,
    &POLICY_DELETED,
    &VERSION_DELETED,
    &BOUNDARY_WEAKENED,
    &BOUNDARY_DELETED,
    &MEMBER_ADDED,
    &MEMBER_REMOVED,
    &PROFILE_GIVEN,
    &KEY_CREATED,
    &LOGIN_CHANGED,
    &SAML_CHANGED,
    &OIDC_CHANGED,
    &AUDIENCE_ADDED,
    &OIDC_UPDATED,
    &ROLE_DELETED,
    &ROLE_UPDATED,
    &ROLE_TAGGED,
    &ROOT_CENTRALIZED,
    &GUARD_CHANGED,
    &GUARD_DELETED,
    &GUARD_UNEXPLAINED,
    &ANCHOR_CREATED,
    &ANCHOR_REPLACED,
    &ANCHOR_ENABLED,
    &PROFILE_CREATED,
    &sessions::OUTSIDER,
    &sessions::SAML,
    &sessions::WEB_IDENTITY,
    &sessions::ROOT,
    &sso::ASSIGNED,
    &sso::INLINE,
    &sso::ATTACHED,
    &shares::CREATED,
    &shares::ASSOCIATED,
    &analyzer::DELETED,
    &analyzer::ARCHIVED,
    &PARTNER_WIDENED,
    &PARTNER_CLOSED,
    &SERVICE_ROLE_DELETED,
];

const IAM: &str = "iam.amazonaws.com";

/// What CloudTrail puts in the place of what it must not show.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// A sort of principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Role,
    User,
    Group,
}

impl Sort {
    /// The sort that a call is about, by its name: IAM has each call three times.
    fn of(call: &Call<'_>) -> Self {
        let name = call.record.plain_name();
        if name.contains("User") {
            Self::User
        } else if name.contains("Group") {
            Self::Group
        } else {
            Self::Role
        }
    }

    /// The word in ARNs and in IAM's error messages.
    fn word(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::User => "user",
            Self::Group => "group",
        }
    }

    /// The request's parameter that names it.
    fn parameter(self) -> &'static str {
        match self {
            Self::Role => "roleName",
            Self::User => "userName",
            Self::Group => "groupName",
        }
    }
}

/// The principal that a call is about. Requests name it without its path, and
/// so does every plan of ours: a principal is one resource by whatever event it
/// came. Where AWS refused the call before reading it, only the error tells.
fn principal(call: &Call<'_>, sort: Sort) -> Option<At> {
    let name = call
        .shown(sort.parameter())
        .map(Cow::into_owned)
        .or_else(|| refused(call, sort))?;
    Some(at(call, sort, &name))
}

fn at(call: &Call<'_>, sort: Sort, name: &str) -> At {
    let (partition, account) = (call.partition(), call.account());
    let arn = format!("arn:{partition}:iam::{account}:{}/{name}", sort.word());
    call.global(call.settings.spelt(arn, call.inventory))
}

/// The name in `… is not authorized to perform: iam:X on resource: role NAME …`,
/// which has an ARN in the name's place for some calls.
fn refused(call: &Call<'_>, sort: Sort) -> Option<String> {
    let record = call.record;
    if !record.failed() {
        return None;
    }
    let (_, resource) = record.error_message.split_once(" on resource: ")?;
    let mut words = resource.split_whitespace();
    let first = words.next()?;
    if first == sort.word() {
        return words.next().map(str::to_owned);
    }
    let arn =
        Arn::parse(first).filter(|arn| arn.resource.split('/').next() == Some(sort.word()))?;
    Some(arn.name().to_owned())
}

/// The record does not say whom the call was about.
fn unnamed(call: &Call<'_>, sort: Sort) -> Judged {
    let what = format!(
        "{} on a {} that the record does not name",
        call.record.event_name,
        sort.word()
    );
    Judged::CannotTell(Draft::new("", what))
}

/// Whether the settings name a principal or a policy: as guarded, or as break
/// glass. Events leave paths out, so that it cannot always be told.
fn named(call: &Call<'_>, at: &At) -> Tri {
    call.settings.knows_principal(&at.resource, call.inventory)
}

/// Whether the account holds what is guarded.
fn is_near(call: &Call<'_>, at: &At) -> bool {
    call.settings.holds_protected(&at.account, call.inventory)
}

/// A managed policy, which events name by its whole ARN, path and all.
fn policy(call: &Call<'_>) -> Option<At> {
    Some(call.global(call.shown("policyArn")?))
}

/// A role, user or group in words: `user alice`.
fn whom(sort: Sort, at: &At) -> String {
    format!("{} {}", sort.word(), at.name())
}
