//! Whom a key's policy locks out.

use auditward_policy::cloudtrail::{Delivery, key_delivers};
use auditward_policy::{Document, Kind, Statement, Tri};

use super::policy::KeyPolicyWish;
use crate::arn::Arn;
use crate::facet::At;
use crate::facets::heard::{gets_past, lets_in};
use crate::inventory::Inventory;
use crate::settings::Settings;

/// Who is locked out of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedOut {
    /// What they cannot do, in words.
    pub who: String,
    /// Whether a person must tell: the document is beyond us.
    pub unclear: bool,
    /// From what of the key.
    pub lock: Lock,
}

/// From what of a key somebody is locked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// CloudTrail or the owning account from what they need.
    Use,
    /// Auditward from what it does to the key, but not from its policy.
    Guarding,
    /// Auditward from the policy itself.
    Policy,
}

/// What CloudTrail needs of a key for a trail.
pub(super) fn delivery(trail: &str, settings: &Settings) -> Delivery {
    let owner = Arn::parse(trail)
        .map(|arn| arn.account.to_owned())
        .unwrap_or_default();
    let org_id = settings.ours.organization.clone();
    Delivery {
        trail_arn: trail.to_owned(),
        owner_account: owner,
        org_id,
        ..Delivery::default()
    }
}

/// The account that owns a key.
pub(super) fn owner(key: &str) -> &str {
    Arn::parse(key).map_or("", |arn| arn.account)
}

/// What the owning account must be able to do, lest it lose the key for good:
/// everything else follows from being able to change the policy.
const MANAGE: [&str; 2] = ["kms:PutKeyPolicy", "kms:EnableKey"];

/// What Auditward's roles do to a key's policy.
const POLICY: [&str; 2] = ["kms:GetKeyPolicy", "kms:PutKeyPolicy"];

/// What Auditward's roles do to a key: all that its hand calls.
const GUARD: [&str; 10] = [
    "kms:DescribeKey",
    "kms:EnableKey",
    "kms:CancelKeyDeletion",
    "kms:GetKeyPolicy",
    "kms:PutKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:EnableKeyRotation",
    "kms:ListGrants",
    "kms:CreateGrant",
    "kms:RevokeGrant",
];

/// The actions of those that a statement keeps Auditward's roles from, or may keep
/// them from.
fn kept_from(statement: &Statement, at: &At, settings: &Settings) -> Vec<(&'static str, Tri)> {
    let answers = GUARD.map(|action| {
        let answer = gets_past(statement, Kind::Key, action, at, settings);
        (action, answer)
    });
    let mut kept = Vec::from(answers);
    kept.retain(|(_, answer)| *answer != Tri::Yes);
    kept
}

/// How a statement surely denies Auditward what it does to a key.
fn denied(statement: &Statement, at: &At, settings: &Settings) -> Vec<LockedOut> {
    let kept = kept_from(statement, at, settings);
    if kept.is_empty() {
        return Vec::new();
    }
    let mut kept_actions = kept.iter().map(|(action, _)| action);
    let lock = match kept_actions.any(|action| POLICY.contains(action)) {
        true => Lock::Policy,
        false => Lock::Guarding,
    };
    let surely = |who| LockedOut {
        who,
        unclear: false,
        lock,
    };
    // Whoever names a role of ours means it, whatever the conditions.
    let named = guard_roles(statement, settings);
    if !named.is_empty() {
        let denied = named.into_iter().map(|role| format!("{role} is denied"));
        return denied.map(surely).collect();
    }
    let sure = kept.iter().filter(|(_, answer)| *answer == Tri::No);
    let actions: Vec<_> = sure.map(|(action, _)| *action).collect();
    if actions.is_empty() {
        return Vec::new();
    }
    vec![surely(format!(
        "Auditward is denied {}",
        actions.join(", ")
    ))]
}

/// Whether a Deny that is not known may keep Auditward from what it does to a key,
/// where it does not tell for sure whom or when it hits.
pub fn may_be_denied(
    document: &Document,
    key: &str,
    known: Option<&Document>,
    settings: &Settings,
) -> Option<String> {
    let at = at(key);
    let open = |statement: &&Statement| {
        !known.is_some_and(|known| known.contains_statement(statement))
            && !kept_from(statement, &at, settings).is_empty()
    };
    let statement = document.statements().iter().find(open)?;
    let sid = statement.sid().filter(|sid| !sid.is_empty());
    let which = sid.map_or_else(
        || "a Deny in the key's policy".to_owned(),
        |sid| format!("Deny `{sid}` in the key's policy"),
    );
    Some(format!(
        "whether {which} keeps Auditward from guarding the key cannot be told from what it says; take it out by hand if it is not meant"
    ))
}

/// The key as a resource.
fn at(key: &str) -> At {
    let (account, region) = Arn::parse(key).map_or(("", ""), |arn| (arn.account, arn.region));
    At::new(account, region, key)
}

pub(super) fn owner_manages(document: &Document, key: &str, settings: &Settings) -> Tri {
    let at = at(key);
    let answers =
        MANAGE.map(|action| lets_in(document, Kind::Key, owner(key), action, &at, settings));
    if answers.contains(&Tri::No) {
        return Tri::No;
    }
    if answers.contains(&Tri::CannotTell) {
        Tri::CannotTell
    } else {
        Tri::Yes
    }
}

/// The same, where what cannot be told hangs on a Deny that is known.
fn owner_manages_but_for(
    document: &Document,
    key: &str,
    known: Option<&Document>,
    settings: &Settings,
) -> Tri {
    let answer = owner_manages(document, key, settings);
    let Some(known) = known.filter(|_| answer == Tri::CannotTell) else {
        return answer;
    };
    let mut left = document.statements().to_vec();
    left.retain(|one| !one.is_deny() || !known.contains_statement(one));
    owner_manages(&document.with_statements(&left), key, settings)
}

/// The AWS principals of a statement; a bare `*` is one.
pub(super) fn principals(statement: &Statement) -> Vec<String> {
    let mut all = statement.texts("Principal");
    all.extend(statement.principals("AWS"));
    all
}

/// Auditward's own roles, and sessions of theirs, among a statement's principals.
pub(crate) fn guard_roles(statement: &Statement, settings: &Settings) -> Vec<String> {
    let none = Inventory::default();
    let mut roles = principals(statement);
    roles.retain(|name| {
        role_of(name).is_some_and(|role| {
            settings.is_guard_role(&role, &none) || settings.is_member_role(&role)
        })
    });
    roles
}

/// The role that a principal is, or is a session of.
fn role_of(principal: &str) -> Option<String> {
    let arn = Arn::parse(principal)?;
    if arn.is_role() {
        return Some(principal.to_owned());
    }
    let session = arn.resource.strip_prefix("assumed-role/")?;
    let name = session.split('/').next()?;
    let (partition, account) = (arn.partition, arn.account);
    Some(format!("arn:{partition}:iam::{account}:role/{name}"))
}

/// Whom a key's policy locks out, of those who must not be. A Deny that is known is
/// meant, whatever it keeps Auditward from.
pub fn locked_out(
    document: &Document,
    key: &str,
    wish: &KeyPolicyWish,
    known: Option<&Document>,
    settings: &Settings,
) -> Vec<LockedOut> {
    let mut out = Vec::new();
    let mut ask = |answer: Tri, who: String| {
        if answer != Tri::Yes {
            let unclear = answer == Tri::CannotTell;
            let lock = Lock::Use;
            out.push(LockedOut { who, unclear, lock });
        }
    };
    for trail in &wish.trails {
        let name = Arn::parse(trail).map_or(trail.as_str(), |arn| arn.name());
        let answer = key_delivers(document, &delivery(trail, settings));
        ask(
            answer,
            format!("CloudTrail cannot encrypt the logs of trail {name}"),
        );
    }
    if wish.owner {
        ask(
            owner_manages_but_for(document, key, known, settings),
            format!("account {} cannot manage the key", owner(key)),
        );
        let at = at(key);
        for statement in document.statements() {
            if !known.is_some_and(|known| known.contains_statement(statement)) {
                out.extend(denied(statement, &at, settings));
            }
        }
    }
    out
}
