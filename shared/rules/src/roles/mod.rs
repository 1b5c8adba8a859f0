//! Rules of roles, users and groups.

mod guard;
mod power;
mod trust;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use guard::{GUARD_CHANGED, GUARD_DELETED, GUARD_UNEXPLAINED};
pub use power::{GROUP_ADMIN, ROLE_ADMIN, USER_ADMIN};
pub use trust::{CREATED_OPEN, TRUST_OPENED};

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
    &GUARD_CHANGED,
    &GUARD_DELETED,
    &GUARD_UNEXPLAINED,
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
    call.global(format!(
        "arn:{partition}:iam::{account}:{}/{name}",
        sort.word()
    ))
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
