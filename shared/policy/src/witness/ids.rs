//! `aws:userid`: its beginning follows from who asks, the rest may be chosen.

use super::{Search, filled};
use crate::ask::Context;
use crate::caller::Who;
use crate::key::Key;
use crate::principal::{IdentityKind, is_unique_id};

/// Stands in ids of users and roles for what AWS makes up.
const MADE_UP: &str = "STRANGERSROLE0000";

/// Ids that a pattern may match, of whatever sort of caller.
pub(super) fn shaped(pattern: &str, context: &Context) -> Vec<String> {
    let own = context.get("aws:userid").and_then(|all| all.first());
    let own = own.map_or("", String::as_str);
    let head = own.split(':').next().unwrap_or(own);
    let tail = pattern.rsplit(':').next().unwrap_or(pattern);
    let mut ids = vec![filled(&pattern.replacen('*', MADE_UP, 1), "xx")];
    for chosen in ["stranger", "xx"] {
        ids.push(format!("{head}:{}", filled(tail, chosen)));
        ids.push(filled(pattern, &format!("{head}:{chosen}")));
        ids.push(filled(pattern, &format!("{MADE_UP}:{chosen}")));
    }
    ids
}

impl Search<'_, '_> {
    /// Whether a caller of this class can show that value, or none, for a key.
    pub(super) fn can_show(&self, key: Key<'_>, value: Option<&str>) -> bool {
        if key != Key::UserId {
            return true;
        }
        let Some(value) = value else {
            return false;
        };
        let parts = value.split_once(':');
        let of_role = |(id, session): (&str, &str)| {
            id.starts_with("AROA") && is_unique_id(id) && is_name(session)
        };
        match self.caller.who {
            Who::Role
            | Who::Named {
                kind: IdentityKind::Role,
                ..
            } => parts.is_some_and(of_role),
            Who::Session { session, .. } => {
                parts.is_some_and(|parts| of_role(parts) && parts.1 == session)
            }
            Who::User
            | Who::Named {
                kind: IdentityKind::User,
                ..
            } => value.starts_with("AIDA") && is_unique_id(value),
            // What else there is stands in the ARN too.
            _ => false,
        }
    }
}

/// Whether a session may have that name.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    text.len() >= 2 && text.chars().all(fits)
}
