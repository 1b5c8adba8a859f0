//! Does an identity policy give the power to tamper with the evidence: trails,
//! log buckets, their keys, the guard itself, or the way to any of them?

mod managed;
mod table;

use serde::Serialize;

use crate::Document;
use crate::explain::place;
use crate::glob::{covers, is_star, matches, overlap};
use crate::json::Tape;
use crate::policy::{Condition, Policy, Stmt};
use crate::val::Val;

pub use managed::managed_policy;
use table::{POWERS, Realm};

/// What must not be tampered with.
///
/// Without trails, every trail counts as protected. Without buckets, keys or
/// parts of the guard, only a grant over all of them counts, because a grant
/// on one that is not known to be protected is everyday work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Protected {
    /// ARNs of protected trails and event data stores.
    pub trails: Vec<String>,
    /// Names of log buckets.
    pub buckets: Vec<String>,
    /// Where in them the log files are: `acme-logs/AWSLogs/*`. Without any, in the
    /// whole of the buckets.
    pub objects: Vec<String>,
    /// ARNs of their keys.
    pub keys: Vec<String>,
    /// ARNs of the guard's own parts and of other protected resources.
    pub guard: Vec<String>,
    /// ARNs or patterns of privileged roles: passing or assuming one of them
    /// counts, and so does changing it.
    pub privileged_roles: Vec<String>,
    /// ARNs or patterns of roles and users that count where they are changed.
    pub changed: Vec<String>,
    /// Those of roles that count where they are passed or assumed by name: everyday
    /// grants take them in with all others, by wildcards.
    pub named_roles: Vec<String>,
}

/// A power that a document gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Power {
    /// The actions, as AWS names them.
    pub actions: Vec<String>,
    /// One sentence for a person.
    pub why: String,
    /// The statements that give it, by position.
    pub statements: Vec<usize>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No power to tamper.
    No,
    /// The power is given.
    Yes(Power),
    /// It cannot be told; the text says why.
    CannotTell(String),
}

/// Whether an identity policy gives the power to tamper, net of its own Deny
/// statements and of conditions.
#[must_use]
pub fn tampering(doc: &Document, protected: &Protected) -> Verdict {
    let Ok(tape) = Tape::parse(doc.as_json()) else {
        return Verdict::CannotTell("the document cannot be read".to_owned());
    };
    let policy = Policy::of_identity(&tape);
    let targets = Targets::of(protected);
    let mut actions: Vec<&'static str> = Vec::new();
    let mut statements = Vec::new();
    let mut unsure: Option<String> = None;
    for (action, realm) in POWERS.iter().copied() {
        for stmt in policy.statements.iter().filter(|stmt| stmt.allow) {
            match gives(&policy, stmt, action, targets.of_realm(realm)) {
                Given::No => {}
                Given::Perhaps(why) => {
                    unsure.get_or_insert_with(|| {
                        format!("{} grants {action}, {why}", place(stmt.index))
                    });
                }
                Given::Yes => {
                    if !actions.contains(&action) {
                        actions.push(action);
                    }
                    if !statements.contains(&stmt.index) {
                        statements.push(stmt.index);
                    }
                }
            }
        }
    }
    if actions.is_empty() {
        return unsure.map_or(Verdict::No, Verdict::CannotTell);
    }
    statements.sort_unstable();
    let why = table::sentence(&actions);
    Verdict::Yes(Power {
        actions: actions.into_iter().map(str::to_owned).collect(),
        why,
        statements,
    })
}

/// The resources of one realm: whether any overlap counts, or only a pattern
/// that takes in resources that nobody named.
#[derive(Default)]
struct Scope {
    patterns: Vec<String>,
    /// What counts besides where a statement names it without a wildcard.
    named: Vec<String>,
    wide: bool,
}

struct Targets {
    trails: Scope,
    buckets: Scope,
    objects: Scope,
    keys: Scope,
    guard: Scope,
    identities: Scope,
    roles: Scope,
    account: Scope,
}

impl Targets {
    fn of(protected: &Protected) -> Targets {
        let named = |list: &[String], otherwise: &[&str], wide: bool| {
            let otherwise = otherwise.iter().map(|text| (*text).to_owned());
            let patterns = match list {
                [] => otherwise.collect(),
                list => list.to_vec(),
            };
            Scope {
                patterns,
                wide: wide && list.is_empty(),
                ..Scope::default()
            }
        };
        let in_s3 = |names: &[String], tail: &str| Scope {
            patterns: if names.is_empty() {
                vec![format!("arn:aws:s3:::auditward-any-bucket{tail}")]
            } else {
                let partitions = ["aws", "aws-cn", "aws-us-gov"];
                let arn = |name: &String| {
                    partitions.map(|partition| format!("arn:{partition}:s3:::{name}{tail}"))
                };
                names.iter().flat_map(arn).collect()
            },
            wide: names.is_empty(),
            ..Scope::default()
        };
        let objects = if protected.objects.is_empty() {
            in_s3(&protected.buckets, "/*")
        } else {
            in_s3(&protected.objects, "")
        };
        let mut identities = protected.privileged_roles.clone();
        identities.extend_from_slice(&protected.changed);
        identities.extend(
            protected
                .guard
                .iter()
                .filter(|arn| arn.contains(":iam:"))
                .cloned(),
        );
        Targets {
            trails: named(
                &protected.trails,
                &[
                    "arn:*:cloudtrail:*:*:trail/*",
                    "arn:*:cloudtrail:*:*:eventdatastore/*",
                ],
                false,
            ),
            buckets: in_s3(&protected.buckets, ""),
            objects,
            keys: named(
                &protected.keys,
                &["arn:aws:kms:us-east-1:000000000000:key/auditward-any-key"],
                true,
            ),
            guard: named(
                &protected.guard,
                &["arn:aws:any:us-east-1:000000000000:auditward-any-part"],
                true,
            ),
            identities: Scope {
                patterns: identities,
                wide: true,
                ..Scope::default()
            },
            roles: Scope {
                patterns: protected.privileged_roles.clone(),
                named: protected.named_roles.clone(),
                ..Scope::default()
            },
            account: Scope {
                patterns: vec!["*".to_owned()],
                ..Scope::default()
            },
        }
    }

    fn of_realm(&self, realm: Realm) -> &Scope {
        match realm {
            Realm::Trail => &self.trails,
            Realm::Bucket => &self.buckets,
            Realm::Object => &self.objects,
            Realm::Key => &self.keys,
            Realm::Guard => &self.guard,
            Realm::Identity | Realm::Limits => &self.identities,
            Realm::Role => &self.roles,
            Realm::Account => &self.account,
        }
    }
}

enum Given {
    No,
    Yes,
    Perhaps(String),
}

fn gives(policy: &Policy<'_>, stmt: &Stmt<'_>, action: &'static str, scope: &Scope) -> Given {
    if !is_about(stmt, action) {
        return Given::No;
    }
    // What the statement reaches of the scope.
    let reached: Vec<&str> = if stmt.resource.is_none() {
        vec!["*"]
    } else if stmt.not_resource {
        let left = scope.wide
            || scope
                .patterns
                .iter()
                .any(|target| !stmt.resources().any(|out| covers(out, target, false)));
        if left { vec!["*"] } else { Vec::new() }
    } else {
        stmt.resources()
            .filter(|pattern| reaches(policy, pattern, scope, action))
            .collect()
    };
    let denied = |reached: &str| {
        policy
            .statements
            .iter()
            .filter(|deny| !deny.allow && !deny.doubt && is_about(deny, action))
            .filter(|deny| policy.conditions_of(deny).is_empty())
            .any(|deny| denies(deny, reached, scope))
    };
    if reached.iter().all(|pattern| denied(pattern)) {
        return Given::No;
    }
    let mut why = None;
    for condition in policy.conditions_of(stmt) {
        match restricts(condition) {
            Restricts::No => {}
            Restricts::Surely => return Given::No,
            Restricts::Perhaps => {
                why = Some(format!(
                    "but only under `{}` on `{}`",
                    condition.operator_text, condition.key_text
                ));
            }
        }
    }
    let spared = policy.statements.iter().find(|deny| {
        !deny.allow
            && is_about(deny, action)
            && reached.iter().any(|one| denies(deny, one, scope))
            && spares_few(policy.conditions_of(deny))
    });
    if let Some(deny) = spared {
        why = Some(format!(
            "but {} denies it to all but some",
            place(deny.index)
        ));
    }
    if stmt.doubt {
        why = Some("but AWS would refuse the statement".to_owned());
    }
    why.map_or(Given::Yes, Given::Perhaps)
}

fn is_about(stmt: &Stmt<'_>, action: &str) -> bool {
    stmt.action.is_some()
        && stmt
            .actions()
            .any(|pattern| matches(pattern, action, true) != Val::NEVER)
            != stmt.not_action
}

fn reaches(policy: &Policy<'_>, pattern: &str, scope: &Scope, action: &str) -> bool {
    if is_star(pattern) {
        // Passing or assuming counts only where a privileged role is known.
        return !scope.patterns.is_empty() || scope.wide;
    }
    // `…/${aws:username}` is one's own.
    let own = policy.variables && pattern.contains("${");
    if scope.wide && !own && takes_in_any(pattern, action) {
        return true;
    }
    if let (true, Some((fixed, _))) = (own, pattern.split_once("${")) {
        if is_oneself(pattern) {
            return gives_itself(action);
        }
        let mut targets = scope.patterns.iter();
        return targets.any(|target| target.starts_with(fixed));
    }
    let named = scope.named.iter().filter(|_| !pattern.contains(['*', '?']));
    let mut targets = scope.patterns.iter().chain(named);
    targets.any(|target| meet(pattern, target))
}

/// Whether an action on the user who calls is more than everybody may do, who may see
/// to their own keys, and lay down what they have: who gives themselves policies has any
/// permission, and a boundary that they lift binds them no more.
fn gives_itself(action: &str) -> bool {
    matches!(action, "iam:PutUserPolicy" | "iam:AttachUserPolicy")
        || action.ends_with("UserPermissionsBoundary")
}

/// Whether a pattern is the user who calls.
fn is_oneself(pattern: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    pattern.contains(":user/") && pattern.ends_with("/${aws:username}")
}

/// Whether one ARN is matched by both. Only an ARN's last part has colons in it, and
/// a wildcard does not reach over those before it.
/// [IAM JSON policy elements: Resource](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html).
fn meet(pattern: &str, target: &str) -> bool {
    let parts = |text| str::splitn(text, 6, ':');
    if parts(pattern).count() < 6 || parts(target).count() < 6 {
        return overlap(pattern, target, false);
    }
    parts(pattern)
        .zip(parts(target))
        .all(|(one, other)| overlap(one, other, false))
}

/// Whether a pattern takes in resources of which nobody thought.
fn takes_in_any(pattern: &str, action: &str) -> bool {
    let resource = pattern.splitn(6, ':').nth(5).unwrap_or(pattern);
    let name = match resource.split_once(['/', ':']) {
        Some((sort, rest)) if !sort.contains('*') => {
            // `arn:aws:s3:::bucket/*` is one bucket.
            if action.starts_with("s3:") {
                return false;
            }
            rest
        }
        _ => resource,
    };
    name.starts_with('*')
}

fn denies(deny: &Stmt<'_>, reached: &str, scope: &Scope) -> bool {
    if deny.resource.is_none() {
        return true;
    }
    if deny.not_resource {
        return deny.resources().all(|out| {
            !overlap(out, reached, false)
                && !scope
                    .patterns
                    .iter()
                    .any(|target| overlap(out, target, false))
        });
    }
    let covered = |target: &str| deny.resources().any(|wide| covers(wide, target, false));
    covered(reached)
        || (!scope.wide
            && !scope.patterns.is_empty()
            && scope
                .patterns
                .iter()
                .filter(|target| overlap(reached, target, false))
                .all(|target| covered(target)))
}

enum Restricts {
    No,
    Perhaps,
    Surely,
}

/// Whether a condition of an Allow takes the power away. Who, where from and
/// when does not; which resource, or through what, may.
fn restricts(condition: &Condition<'_>) -> Restricts {
    let key = condition.key_text.to_ascii_lowercase();
    let harmless = [
        "aws:multifactorauth",
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:vpcsourceip",
        "aws:requestedregion",
        "aws:currenttime",
        "aws:epochtime",
        "aws:securetransport",
        "aws:useragent",
        "aws:principal",
        "aws:tokenissuetime",
        "aws:username",
        "aws:userid",
        "aws:resourceaccount",
        "aws:resourceorgid",
        "aws:sourceidentity",
        "s3:x-amz-",
        "s3:resourceaccount",
        "kms:calleraccount",
    ];
    if key.starts_with("aws:principalservicename") || key == "aws:principalisawsservice" {
        let wants_service = condition
            .texts()
            .all(|text| !text.eq_ignore_ascii_case("false"));
        return if wants_service && !condition.operator.negated && !condition.operator.if_exists {
            Restricts::Surely
        } else {
            Restricts::No
        };
    }
    if harmless.iter().any(|start| key.starts_with(start)) {
        return Restricts::No;
    }
    if key == "iam:policyarn" && !condition.operator.negated && !condition.operator.if_exists {
        let known = condition
            .texts()
            .all(|arn| matches!(managed_policy(arn), Some(Verdict::No)));
        return if known {
            Restricts::Surely
        } else {
            Restricts::Perhaps
        };
    }
    Restricts::Perhaps
}

/// Whether a conditional Deny leaves only some principals out.
fn spares_few(conditions: &[Condition<'_>]) -> bool {
    !conditions.is_empty()
        && conditions.iter().all(|condition| {
            condition.operator.negated
                && matches!(
                    condition.key,
                    crate::key::Key::PrincipalArn | crate::key::Key::PrincipalAccount
                )
        })
}
