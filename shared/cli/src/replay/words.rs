//! Plans and callers, in words for people.

use chrono::{DateTime, Utc};
use serde_json::Value;

use auditward_rules::arn::Arn;
use auditward_rules::facet::{Decision, Scene};
use auditward_rules::inventory::Inventory;
use auditward_rules::plan::Plan;
use auditward_rules::settings::Settings;

use super::wishes::wish_of;

/// What carrying out a plan would write, such as `trail audit: start logging`,
/// prerequisites first. Where the event says what it wrote, that is decided
/// upon, as the live state would be; else the wish is told.
pub fn steps(plan: &Plan, settings: &Settings, now: DateTime<Utc>) -> Vec<String> {
    let at = plan.at();
    let what = resource(&at.resource);
    let inventory = Inventory::default();
    let zone = settings.zone(&at.account, &inventory);
    let scene = Scene {
        now,
        recorded: None,
        settings,
        inventory: &inventory,
        zone: &zone,
        at,
    };
    let decided = plan
        .wrote()
        .and_then(|live| plan.decide(&live, None, scene).ok());
    let mut steps = Vec::new();
    let why = match decided {
        Some(Decision::Change(change)) => {
            steps.extend(
                change
                    .first
                    .iter()
                    .map(|first| step(&resource(&first.at().resource), &wished(first))),
            );
            change.why
        }
        _ => wished(plan),
    };
    steps.push(step(&what, &why));
    steps
}

fn step(what: &str, why: &str) -> String {
    if what.is_empty() {
        why.to_owned()
    } else {
        format!("{what}: {why}")
    }
}

/// What a plan asks for.
fn wished(plan: &Plan) -> String {
    let whole = serde_json::to_value(plan).unwrap_or_default();
    let wish = whole.get("wish").unwrap_or(&Value::Null);
    wish_of(plan.kind(), wish)
        .unwrap_or_else(|| format!("put {} right", plan.kind().replace('-', " ")))
}

/// A resource in words: its type and its own name.
pub fn resource(arn: &str) -> String {
    let Some(parsed) = Arn::parse(arn) else {
        return arn.to_owned();
    };
    match (parsed.service, parsed.resource.split_once(['/', ':'])) {
        ("s3", None) => format!("bucket {}", parsed.resource),
        ("iam", None) if parsed.resource == "root" => format!("account {}", parsed.account),
        (_, Some(("key", id))) => format!("key {}", short(id, 9)),
        // What stands behind a colon is a name as it is, with its path.
        (_, Some((kind, name)))
            if !kind.is_empty() && parsed.resource.starts_with(&format!("{kind}:")) =>
        {
            format!("{kind} {}", name.trim_end_matches(":*"))
        }
        (_, Some((kind, _))) => format!("{kind} {}", parsed.name()),
        (service, None) => format!("{service} {}", parsed.resource),
    }
}

/// The longest name of a caller that a table shows whole.
const NAME: usize = 30;

/// A caller without the noise of an ARN: `user/alice`, or a session's role and name.
pub fn who(actor: &str) -> String {
    let Some(arn) = Arn::parse(actor) else {
        return short(actor, NAME);
    };
    let Some(session) = arn.resource.strip_prefix("assumed-role/") else {
        return short(arn.resource, NAME);
    };
    match session.rsplit_once('/') {
        Some((role, session)) => format!(
            "{}\n{}",
            short(&format!("role/{role}"), NAME),
            short(&format!("as {session}"), NAME)
        ),
        None => short(&format!("role/{session}"), NAME),
    }
}

/// At most so many characters, the last one saying that there are more.
fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_facet_has_words() {
        let without: Vec<_> = Plan::KINDS
            .iter()
            .filter(|kind| wish_of(kind, &Value::Null).is_none())
            .collect();
        assert!(without.is_empty(), "no words for {without:?}");
    }

    #[test]
    fn resources_and_callers_as_people_name_them() {
        for (arn, words) in [
            (
                "arn:aws:cloudtrail:eu-west-1:111111111111:trail/audit",
                "trail audit",
            ),
            ("arn:aws:s3:::acme-logs", "bucket acme-logs"),
            ("arn:aws:iam::111111111111:root", "account 111111111111"),
            ("arn:aws:iam::111111111111:role/path/to/ci", "role ci"),
            ("", ""),
        ] {
            assert_eq!(resource(arn), words);
        }
        assert_eq!(who("arn:aws:iam::111111111111:user/alice"), "user/alice");
        assert_eq!(
            who("arn:aws:sts::111111111111:assumed-role/admin/bob"),
            "role/admin\nas bob"
        );
        assert_eq!(
            who("cloudformation.amazonaws.com"),
            "cloudformation.amazonaws.com"
        );
    }
}
