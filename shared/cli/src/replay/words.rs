//! Plans and callers, in words for people.

use serde_json::Value;

use auditward_rules::arn::Arn;
use auditward_rules::plan::Plan;

/// A step of a plan, such as `start logging of trail org-trail`.
pub fn step(plan: &Plan) -> String {
    let wish = serde_json::to_value(plan).ok().and_then(|mut plan| plan.get_mut("wish").map(Value::take));
    let wish = wish.unwrap_or_default();
    let at = plan.at();
    let what = resource(&at.resource);
    match (plan.kind(), &wish) {
        ("trail-logging", Value::Bool(true)) => format!("start logging of {what}"),
        ("trail-logging", _) => format!("stop logging of {what}"),
        (kind, wish) => {
            let kind = kind.replace('-', " ");
            format!("make {kind} of {what} safe again{}", wished(wish))
        }
    }
}

/// A resource in words: its type and its own name.
pub fn resource(arn: &str) -> String {
    let Some(parsed) = Arn::parse(arn) else { return arn.to_owned() };
    match (parsed.service, parsed.resource.split_once(['/', ':'])) {
        ("s3", None) => format!("bucket {}", parsed.resource),
        (_, Some((kind, _))) => format!("{kind} {}", parsed.name()),
        (service, None) => format!("{service} {}", parsed.resource),
    }
}

/// A wish as it stands in the plan, where it says more than "be safe".
fn wished(wish: &Value) -> String {
    match wish {
        Value::Null | Value::Bool(true) => String::new(),
        Value::String(text) => format!(" ({})", text.replace('-', " ")),
        other => format!(" ({other})"),
    }
}

/// A caller without the noise of an ARN: `user/alice`, `role/admin (session bob)`.
pub fn who(actor: &str) -> String {
    let Some(arn) = Arn::parse(actor) else { return actor.to_owned() };
    let Some(session) = arn.resource.strip_prefix("assumed-role/") else {
        return arn.resource.to_owned();
    };
    match session.rsplit_once('/') {
        Some((role, session)) => format!("role/{role}\n(session {session})"),
        None => format!("role/{session}"),
    }
}
