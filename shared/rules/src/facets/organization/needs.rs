//! What Auditward and CloudTrail need that a service or resource control policy
//! could deny them, and what such a policy keeps safe.

use crate::arn::glob;
use auditward_policy::cloudtrail::{Delivery, add_missing, bucket_delivers};
use auditward_policy::power::{Protected, Verdict, tampering};
use auditward_policy::{Document, Kind, Statement, Tri, principal_allowed};
use serde_json::{Value, json};

/// What switches evidence on, or tells whether it is on. No guardrail that is
/// meant well denies it; that more is denied (changing a trail at all, say) is
/// what many guardrails are for.
const NEEDED: [(&str, Kind); 5] = [
    ("cloudtrail:StartLogging", Kind::Store),
    ("cloudtrail:GetTrailStatus", Kind::Store),
    ("cloudtrail:DescribeTrails", Kind::Store),
    ("kms:EnableKey", Kind::Key),
    ("kms:CancelKeyDeletion", Kind::Key),
];

/// What a statement that protects denies as well.
const HARMFUL: [(&str, Kind); 3] = [
    ("cloudtrail:StopLogging", Kind::Store),
    ("cloudtrail:DeleteTrail", Kind::Store),
    ("kms:DisableKey", Kind::Key),
];

/// How a policy is in the way of the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InTheWay {
    /// It denies what switches evidence on, and nothing that would harm it.
    Aimed(String),
    /// It denies that and what would harm as well: a quarantine, or a guardrail
    /// that was written too wide.
    Wide(String),
}

/// Whether a policy denies Auditward (by the ARN of its role in a member
/// account) or CloudTrail's deliveries what they need; the gravest first.
pub fn in_the_way(
    document: &Document,
    resource_control: bool,
    guard: &str,
    deliveries: &[Delivery],
) -> Option<InTheWay> {
    let denies = document.statements().iter().filter(|one| one.is_deny());
    let mut wide = None;
    for statement in denies {
        let found = if resource_control {
            stops_delivery(statement, deliveries)
        } else {
            denies_guard(statement, guard)
        };
        match found {
            Some(InTheWay::Aimed(what)) => return Some(InTheWay::Aimed(what)),
            Some(found) => wide = wide.or(Some(found)),
            None => {}
        }
    }
    wide
}

fn denies_guard(statement: &Statement, guard: &str) -> Option<InTheWay> {
    let alone = with_everything_allowed(statement)?;
    let account = guard.split(':').nth(4).unwrap_or_default();
    let denied = |(action, kind): &(&'static str, Kind)| {
        let on = match kind {
            Kind::Key => format!("arn:aws:kms:eu-west-1:{account}:key/any"),
            _ => format!("arn:aws:cloudtrail:eu-west-1:{account}:trail/any"),
        };
        principal_allowed(&alone, *kind, guard, action, &on) == Tri::No
    };
    let needed: Vec<_> = NEEDED.iter().filter(|one| denied(one)).collect();
    let (first, _) = needed.first()?;
    Some(if HARMFUL.iter().any(denied) {
        InTheWay::Wide(format!("it denies {first}, and what would harm as well"))
    } else {
        InTheWay::Aimed(format!("it denies Auditward {first}"))
    })
}

fn stops_delivery(statement: &Statement, deliveries: &[Delivery]) -> Option<InTheWay> {
    let alone = with_everything_allowed(statement)?;
    let stopped = deliveries.iter().find(|delivery| {
        let asked = add_missing(Some(&alone), delivery);
        bucket_delivers(&asked, delivery) == Tri::No
    })?;
    let trail = &stopped.trail_arn;
    let everything = ["Action", "NotAction"]
        .iter()
        .flat_map(|name| statement.texts(name))
        .any(|action| action == "*");
    let what = format!("it keeps CloudTrail from delivering for {trail}");
    Some(if everything {
        InTheWay::Wide(what)
    } else {
        InTheWay::Aimed(what)
    })
}

/// A document of this Deny beside an Allow of everything. Service control
/// policies name no principal and mean everybody.
fn with_everything_allowed(statement: &Statement) -> Option<Document> {
    let mut deny: Value = serde_json::from_str(statement.to_json()).ok()?;
    if deny.get("Principal").is_none() && deny.get("NotPrincipal").is_none() {
        deny.as_object_mut()?.insert("Principal".into(), json!("*"));
    }
    let allow = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [allow, deny]});
    Document::parse(&document.to_string()).ok()
}

/// Whether a document denies all that a Deny statement does: it has that
/// statement, or one that denies more to everybody.
pub(super) fn denies(document: &Document, wanted: &Statement) -> bool {
    document.contains_statement(wanted)
        || document
            .statements()
            .iter()
            .any(|one| one.is_deny() && covers(one, wanted))
}

/// Whether an unconditional Deny on everything denies what another one does.
fn covers(wide: &Statement, wanted: &Statement) -> bool {
    let lower = |statement: &Statement| -> Vec<String> {
        let actions = statement.texts("Action").into_iter();
        actions.map(|action| action.to_ascii_lowercase()).collect()
    };
    let everybody = wide.element("Principal").is_none() || wide.texts("Principal") == ["*"];
    let plain = ["Condition", "NotPrincipal", "NotResource"]
        .iter()
        .all(|name| wide.element(name).is_none());
    let (all, asked) = (lower(wide), lower(wanted));
    let each = |action: &String| all.iter().any(|pattern| glob(pattern, action));
    everybody
        && plain
        && wide.texts("Resource").iter().any(|on| on == "*")
        && (all.iter().any(|pattern| pattern == "*")
            || (!asked.is_empty() && asked.iter().all(each)))
}

/// Whether a policy keeps the evidence safe: what it denies would give the
/// power to tamper with it, were it allowed.
pub fn guards_evidence(document: &Document) -> bool {
    let denies = document.statements().iter().filter(|one| one.is_deny());
    let turned = denies.filter_map(|statement| {
        let mut turned: Value = serde_json::from_str(statement.to_json()).ok()?;
        let fields = turned.as_object_mut()?;
        fields.insert("Effect".into(), json!("Allow"));
        // Whom a Deny spares, and where, does not matter here.
        for name in ["Principal", "NotPrincipal", "Condition"] {
            fields.remove(name);
        }
        Some(turned)
    });
    let whole = json!({"Version": "2012-10-17", "Statement": turned.collect::<Vec<_>>()});
    Document::parse(&whole.to_string())
        .is_ok_and(|document| tampering(&document, &Protected::default()) != Verdict::No)
}
