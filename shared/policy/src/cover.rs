//! What a statement is about, and whether a Deny covers all of it.

use std::borrow::Cow;
use std::cell::Cell;

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

/// The patterns of all actions that a kind is about.
fn all_actions(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Trust => &["sts:*"],
        Kind::Bucket => &["s3:*"],
        Kind::Key => &["kms:*"],
        Kind::Topic => &["sns:*"],
        Kind::Queue => &["sqs:*"],
        Kind::Destination | Kind::Logs => &["logs:*"],
        Kind::Bus => &["events:*"],
        Kind::Function => &["lambda:*"],
        // Channels take events in under a prefix of their own.
        Kind::Store => &["cloudtrail:*", "cloudtrail-data:*"],
        Kind::Table => &["dynamodb:*"],
        Kind::Sink => &["oam:*"],
        Kind::Organization => &["organizations:*"],
    }
}

/// Whether an Allow is about anything that lets `entry` in.
pub(crate) fn enters(kind: Kind, variables: bool, stmt: &Stmt<'_>, entry: Entry) -> bool {
    if stmt.action.is_none() {
        return true;
    }
    match entry {
        Entry::Only(action) => {
            stmt.actions()
                .any(|pattern| matches(pattern, action, true).can_hold())
                != stmt.not_action
        }
        Entry::Any if stmt.not_action => !all_actions(kind)
            .iter()
            .all(|all| stmt.actions().any(|pattern| covers(pattern, all, true))),
        Entry::Any if kind == Kind::Bucket => stmt
            .actions()
            .any(|action| overlaps_kind(kind, action) && fits_any(stmt, action, variables)),
        Entry::Any => stmt.actions().any(|action| overlaps_kind(kind, action)),
    }
}

fn overlaps_kind(kind: Kind, action: &str) -> bool {
    let mut all = all_actions(kind).iter();
    // Almost always a literal service name.
    match action.split_once(':') {
        Some((own, _)) if !has_wildcard(own) => all.any(|all| {
            all.strip_suffix(":*")
                .is_some_and(|service| own.eq_ignore_ascii_case(service))
        }),
        _ => all.any(|all| overlap(action, all, true)),
    }
}

/// An action of an Allow, as far as it is about a kind: one of `*` is about
/// this kind's actions only.
fn of_kind(kind: Kind, action: &str) -> impl Iterator<Item = &str> {
    all_actions(kind).iter().filter_map(move |all| {
        if covers(action, all, true) {
            Some(*all)
        } else {
            overlap(action, all, true).then_some(action)
        }
    })
}

fn fits_any(stmt: &Stmt<'_>, action: &str, variables: bool) -> bool {
    stmt.not_resource
        || stmt.resource.is_none()
        || stmt
            .resources()
            .any(|resource| fits(action, &widened(resource, variables)))
}

/// Whether an S3 action can meet a resource at all: object actions only meet
/// objects, bucket actions only the bucket.
pub(crate) fn fits(action: &str, resource: &str) -> bool {
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

/// Counts down the work that one analysis may do. Each statement has its share,
/// so that none keeps another from being judged.
#[derive(Debug)]
pub(crate) struct Budget {
    pool: Cell<u64>,
    share: Cell<u64>,
}

impl Budget {
    pub(crate) fn new(steps: u64) -> Budget {
        Budget {
            pool: Cell::new(steps),
            share: Cell::new(0),
        }
    }

    pub(crate) fn fill(&self, steps: u64) {
        self.pool.set(steps);
        self.share.set(0);
    }

    /// Begins one of so many tasks that are left. What the one before did not
    /// need is there for all of them.
    pub(crate) fn begin(&self, left: usize) {
        let pool = self.rest();
        let share = pool / u64::try_from(left.max(1)).unwrap_or(u64::MAX);
        self.share.set(share);
        self.pool.set(pool - share);
    }

    pub(crate) fn rest(&self) -> u64 {
        self.pool.get().saturating_add(self.share.get())
    }

    pub(crate) fn spend(&self, steps: usize) {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.share.set(self.share.get().saturating_sub(steps));
    }

    /// Takes what it costs to compare two patterns.
    fn compare(&self, wide: &str, narrow: &str) {
        self.spend(1 + wide.len().saturating_mul(narrow.len()) / 1024);
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.share.get() == 0
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
) -> Option<(&'t str, &'t str)> {
    let open = |action: &'t str| {
        if allow.not_resource || allow.resource.is_none() {
            let open = !denies.iter().any(|deny| {
                covers_action(kind, deny, allow, action, budget) && covers_everything(deny, allow)
            });
            return open.then_some((action, "*"));
        }
        let resource = allow.resources().find(|resource| {
            if kind == Kind::Bucket && !fits(action, &widened(resource, variables)) {
                return false;
            }
            let open = !denies.iter().any(|deny| {
                covers_action(kind, deny, allow, action, budget)
                    && covers_resource(deny, resource, variables, budget)
            });
            open || budget.is_spent()
        });
        resource.map(|resource| (action, resource))
    };
    match entry {
        Entry::Only(action) => open(action),
        Entry::Any if allow.not_action || allow.action.is_none() => {
            let left_out = |all: &str| allow.actions().any(|out| covers(out, all, true));
            let all = all_actions(kind).iter().copied();
            all.filter(|all| !left_out(all)).find_map(open)
        }
        Entry::Any => allow
            .actions()
            .flat_map(|action| of_kind(kind, action))
            .find_map(open),
    }
}

fn covers_action(
    kind: Kind,
    deny: &Stmt<'_>,
    allow: &Stmt<'_>,
    action: &str,
    budget: &Budget,
) -> bool {
    budget.spend(1);
    if deny.action.is_none() {
        return false;
    }
    if !deny.not_action {
        return deny.actions().any(|wide| {
            budget.compare(wide, action);
            covers(wide, action, true)
        });
    }
    deny.actions().all(|exempt| {
        budget.compare(exempt, action);
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
            budget.compare(exempt, resource);
            !overlap(&widened(exempt, variables), &wide, false)
        });
    }
    deny.resources().any(|pattern| {
        budget.compare(pattern, resource);
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
