//! What a statement is about, and whether a Deny covers all of it.

use std::borrow::Cow;

use crate::Kind;
use crate::glob::{covers, has_wildcard, is_star, matches, overlap};
use crate::policy::Stmt;

/// The one entry action of a trust policy that a caller would use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Any action of the kind's service.
    Any,
    /// Exactly this action, lower-case.
    Only(&'static str),
}

/// The pattern of all actions that a kind is about.
pub(crate) fn all_actions(kind: Kind) -> &'static str {
    match kind {
        Kind::Trust => "sts:*",
        Kind::Bucket => "s3:*",
        Kind::Key => "kms:*",
        Kind::Topic => "sns:*",
        Kind::Queue => "sqs:*",
        Kind::Destination | Kind::Logs => "logs:*",
        Kind::Bus => "events:*",
        Kind::Function => "lambda:*",
        Kind::Store => "cloudtrail:*",
        Kind::Table => "dynamodb:*",
        Kind::Sink => "oam:*",
        Kind::Organization => "organizations:*",
    }
}

/// Whether an Allow is about anything that lets `entry` in.
pub(crate) fn enters(kind: Kind, stmt: &Stmt<'_>, entry: Entry) -> bool {
    if stmt.action.is_none() {
        return true;
    }
    match entry {
        Entry::Only(action) => {
            stmt.actions()
                .any(|pattern| matches(pattern, action, true).can_hold())
                != stmt.not_action
        }
        Entry::Any if stmt.not_action => !stmt
            .actions()
            .any(|pattern| covers(pattern, all_actions(kind), true)),
        Entry::Any if kind == Kind::Bucket => stmt
            .actions()
            .any(|action| overlaps_kind(kind, action) && fits_any(stmt, action)),
        Entry::Any => stmt.actions().any(|action| overlaps_kind(kind, action)),
    }
}

fn overlaps_kind(kind: Kind, action: &str) -> bool {
    // Almost always a literal service name.
    let service = kind.service();
    match action.split_once(':') {
        Some((own, _)) if !has_wildcard(own) => {
            own.eq_ignore_ascii_case(service)
                // What channels take in.
                || kind == Kind::Store && own.eq_ignore_ascii_case("cloudtrail-data")
        }
        _ => overlap(action, all_actions(kind), true),
    }
}

fn fits_any(stmt: &Stmt<'_>, action: &str) -> bool {
    stmt.not_resource
        || stmt.resource.is_none()
        || stmt.resources().any(|resource| fits(action, resource))
}

/// Whether an S3 action can meet a resource at all: object actions only meet
/// objects, bucket actions only the bucket.
fn fits(action: &str, resource: &str) -> bool {
    let Some(objects) = acts_on_objects(action) else {
        return true;
    };
    let name = resource.splitn(6, ':').nth(5).unwrap_or(resource);
    match name.split_once('/') {
        // Access points and other paths are left alone.
        Some((head, _)) => objects || has_wildcard(head) || !resource.starts_with("arn:"),
        None => !objects || has_wildcard(name) || !resource.starts_with("arn:"),
    }
}

/// Whether an S3 action is about objects (or else about the bucket); nothing
/// when the pattern may be about both.
fn acts_on_objects(action: &str) -> Option<bool> {
    let name = action.split_once(':')?.1;
    if has_wildcard(name) {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let object = [
        "getobject",
        "putobject",
        "deleteobject",
        "restoreobject",
        "abortmultipartupload",
        "listmultipartuploadparts",
        "replicateobject",
        "replicatedelete",
        "replicatetags",
        "objectowneroverridetobucketowner",
        "bypassgovernanceretention",
        "initiatereplication",
    ];
    if object.iter().any(|start| lower.starts_with(start)) {
        return Some(true);
    }
    let bucket = lower.contains("bucket") || lower.ends_with("configuration");
    bucket.then_some(false)
}

/// The resource pattern of an Allow, with variables as wildcards.
fn widened(resource: &str, variables: bool) -> Cow<'_, str> {
    if !variables || !resource.contains("${") {
        return Cow::Borrowed(resource);
    }
    let mut out = String::new();
    let mut rest = resource;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        out.push('*');
        rest = after.split_once('}').map_or("", |(_, tail)| tail);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Counts down the work that one analysis may do.
#[derive(Debug)]
pub(crate) struct Budget(std::cell::Cell<u64>);

impl Budget {
    pub(crate) fn new(steps: u64) -> Budget {
        Budget(std::cell::Cell::new(steps))
    }

    pub(crate) fn spend(&self, steps: usize) {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.0.set(self.0.get().saturating_sub(steps));
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }
}

/// Whether everything in `allow` that `entry` can use is covered by the Deny
/// statements that fire. Where it is not, returns an action and a resource
/// pattern that stay open.
pub(crate) fn left_open<'t>(
    kind: Kind,
    variables: bool,
    allow: &Stmt<'t>,
    entry: Entry,
    denies: &[&Stmt<'t>],
    budget: &Budget,
) -> Option<(Cow<'t, str>, Cow<'t, str>)> {
    let only;
    let actions: &mut dyn Iterator<Item = &'t str> = match entry {
        Entry::Only(action) => {
            only = action;
            &mut std::iter::once(only)
        }
        Entry::Any if allow.not_action || allow.action.is_none() => {
            &mut std::iter::once(all_actions(kind))
        }
        Entry::Any => &mut allow.actions(),
    };
    for action in actions {
        if entry == Entry::Any && !overlaps_kind(kind, action) {
            continue;
        }
        // An Allow of `*` is about this kind's actions only.
        let narrowed = if entry == Entry::Any && covers(action, all_actions(kind), true) {
            all_actions(kind)
        } else {
            action
        };
        if allow.not_resource || allow.resource.is_none() {
            let open = !denies.iter().any(|deny| {
                budget.spend(1);
                covers_action(kind, deny, allow, narrowed) && covers_everything(deny, allow)
            });
            if open {
                return Some((Cow::Borrowed(narrowed), Cow::Borrowed("*")));
            }
            continue;
        }
        for resource in allow.resources() {
            if kind == Kind::Bucket && !fits(narrowed, resource) {
                continue;
            }
            let open = !denies.iter().any(|deny| {
                budget.spend(1);
                covers_action(kind, deny, allow, narrowed)
                    && covers_resource(deny, resource, variables, budget)
            });
            if open {
                return Some((Cow::Borrowed(narrowed), Cow::Borrowed(resource)));
            }
            if budget.is_spent() {
                return Some((Cow::Borrowed(narrowed), Cow::Borrowed(resource)));
            }
        }
    }
    None
}

fn covers_action(kind: Kind, deny: &Stmt<'_>, allow: &Stmt<'_>, action: &str) -> bool {
    if deny.action.is_none() {
        return false;
    }
    if !deny.not_action {
        return deny.actions().any(|wide| covers(wide, action, true));
    }
    deny.actions().all(|exempt| {
        let meets = overlap(exempt, action, true);
        // What the Allow leaves out as well need not be denied.
        let left_out = allow.not_action && allow.actions().any(|out| covers(out, exempt, true));
        !meets || left_out || !overlaps_kind(kind, exempt)
    })
}

fn covers_resource(deny: &Stmt<'_>, resource: &str, variables: bool, budget: &Budget) -> bool {
    if deny.resource.is_none() {
        return true;
    }
    let wide = widened(resource, variables);
    if deny.not_resource {
        return deny.resources().all(|exempt| {
            budget.spend(1);
            !overlap(&widened(exempt, variables), &wide, false)
        });
    }
    deny.resources().any(|pattern| {
        budget.spend(1);
        if variables && pattern.contains("${") {
            return pattern == resource;
        }
        covers(pattern, &wide, false)
    })
}

/// For an Allow without a resource list of its own.
fn covers_everything(deny: &Stmt<'_>, allow: &Stmt<'_>) -> bool {
    if deny.resource.is_none() {
        return true;
    }
    if deny.not_resource {
        return allow.not_resource
            && deny
                .resources()
                .all(|exempt| allow.resources().any(|out| covers(out, exempt, false)));
    }
    deny.resources()
        .any(|pattern| is_star(pattern) || pattern == "arn:aws:s3:::*")
}
