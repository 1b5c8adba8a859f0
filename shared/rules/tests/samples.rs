//! Every sample event says in its file's name what it is:
//! `<rule>.<verdict>[.<variant>].json`, the rule's id being two words.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a sample that cannot be read fails its test"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use auditward_rules::envelope;
use auditward_rules::inventory::Inventory;
use auditward_rules::judge::judge;
use auditward_rules::registry;
use auditward_rules::rule::Function;
use auditward_rules::settings::{Partner, Settings};
use chrono::{DateTime, Utc};

/// Replays a function's samples as a newcomer does, without settings, and says
/// which of them are judged otherwise than they are named.
fn replay(function: Function) -> Vec<String> {
    let names = samples(function);
    let wrong = names.iter().filter_map(|name| {
        let text = fs::read_to_string(folder(function).join(name)).unwrap();
        wrong(name, &text).map(|what| format!("{name}: {what}"))
    });
    wrong.collect()
}

fn folder(function: Function) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../events")
        .join(function.name())
}

/// Whose role some samples are about.
fn partner() -> Partner {
    Partner {
        account: "444444444444".into(),
        external_id: "7d0c6a52-acme".into(),
        may_read: vec!["arn:aws:s3:::acme-org-trail-logs/AWSLogs/222222222222/*".into()],
        role: Some("arn:aws:iam::111111111111:role/partner-log-reader".into()),
        purpose: "security monitoring".into(),
    }
}

fn samples(function: Function) -> Vec<String> {
    let Ok(files) = fs::read_dir(folder(function)) else {
        return Vec::new();
    };
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn wrong(name: &str, text: &str) -> Option<String> {
    let mut words = name.trim_end_matches(".json").splitn(4, '.');
    let rule = format!("{}.{}", words.next()?, words.next()?);
    let (expected, variant) = (words.next()?, words.next());
    let mut settings = Settings::default();
    if variant == Some("organization") {
        settings.ours.organization = Some("o-exampleorg1".into());
    }
    if variant.is_some_and(|variant| variant.starts_with("protected-")) {
        settings = Settings::parse(PROTECTED).unwrap();
    }
    let needs_world = variant.is_some_and(needs_world);
    if needs_world {
        settings = Settings::parse(WORLD).unwrap();
    }
    if variant.is_some_and(|variant| variant.starts_with("partner")) {
        settings.partners.push(partner());
    }
    let (verdict, found) = match judged(text, &settings) {
        Ok(judged) => judged,
        Err(error) => return Some(error),
    };
    if verdict != expected {
        return Some(format!("{verdict} by {found:?}"));
    }
    if needs_world {
        // A look-alike is one only where something else makes the difference.
        let (_, found) = judged(text, &Settings::default()).unwrap();
        if !found.contains(&rule.as_str()) {
            return Some(format!("without settings found by {found:?} only"));
        }
    }
    let finds = matches!(verdict, "violation" | "attempt" | "cannot-tell");
    (finds && !found.contains(&rule.as_str())).then(|| format!("{verdict}, but by {found:?}"))
}

/// The verdict on a file with one record, and by which rules.
fn judged(text: &str, settings: &Settings) -> Result<(&'static str, Vec<&'static str>), String> {
    let mut entries = envelope::entries(text);
    let record = match entries.pop().map(|entry| entry.record) {
        Some(Ok(record)) if entries.is_empty() => record,
        other => return Err(format!("expected one record, got {other:?}")),
    };
    let now: DateTime<Utc> = record.event_time.parse().unwrap();
    let judged = judge(&record, settings, &Inventory::default(), now);
    let findings = judged.findings.iter();
    Ok((
        judged.verdict().name(),
        findings.map(|finding| finding.rule.id).collect(),
    ))
}

/// Whether a variant is a call that is harmless only in a world where not
/// everything is guarded: on what nothing guards, or on what the settings accept.
fn needs_world(variant: &str) -> bool {
    ["unguarded", "deployer", "settings-"]
        .iter()
        .any(|start| variant.starts_with(start))
}

/// Settings that guard by name what the samples are about, and nothing else.
const WORLD: &str = r#"
[ours]
organization = "o-exampleorg1"
accounts = ["111111111111", "222222222222", "555555555555"]

[[deployers]]
principal = "arn:aws:iam::111111111111:role/acme-deploy"
reason = "what the pipeline deploys was reviewed"

[[deployers]]
principal = "arn:aws:iam::222222222222:role/acme-deploy"
reason = "what the pipeline deploys was reviewed"

[[approved]]
principal = "arn:aws:iam::111111111111:user/glass-onduty"
reason = "on duty"

[protected]
resources = [
  "arn:aws:cloudtrail:eu-west-1:111111111111:channel/5d3b8e1f-94a2-4f07-8c6b-1e2f3a4b5c6d",
  "arn:aws:cloudtrail:eu-west-1:111111111111:eventdatastore/2f1a7c9e-0b6d-4c1e-9a43-77d0c5e8b214",
  "arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail",
  "arn:aws:cloudtrail:eu-west-1:222222222222:trail/payments-trail",
  "arn:aws:cloudwatch:eu-west-1:111111111111:alarm:acme-cis-*",
  "arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com",
  "arn:aws:kms:eu-west-1:111111111111:key/7c1f9e42-5b0d-4a83-9c6e-2f81d0b7a354",
  "arn:aws:logs:eu-west-1:111111111111:delivery-source:acme-cloudfront",
  "arn:aws:logs:eu-west-1:111111111111:destination:acme-central",
  "arn:aws:logs:eu-west-1:111111111111:log-group:/acme/org-trail",
  "arn:aws:s3:::acme-org-trail-logs",
  "arn:aws:s3:eu-west-1:111111111111:accesspoint/acme-log-readers",
  "arn:aws:s3express:eu-west-1:111111111111:bucket/acme-fast-logs--euw1-az1--x-s3",
  "arn:aws:sns:eu-west-1:111111111111:acme-trail-delivered",
]

[organization]
guardrails = ["p-9f2kd81x"]
protective_tags = ["guardrail"]
regions = ["eu-south-1", "eu-central-2"]
delegated_administrators = [
  { account = "222222222222", service = "cloudtrail.amazonaws.com" },
  { account = "222222222222", service = "guardduty.amazonaws.com" },
]
"#;

/// What is out of the ordinary among users, groups, roles and policies, no event
/// says: the samples of `protected-…` need settings that name it.
const PROTECTED: &str = r#"
[ours]
accounts = ["111111111111", "222222222222"]

[protected]
resources = [
  "arn:aws:cloudtrail:*:111111111111:trail/*",
  "arn:aws:cloudtrail:*:222222222222:trail/*",
  "arn:aws:iam::111111111111:group/platform-admins",
  "arn:aws:iam::111111111111:group/sandbox-restricted",
  "arn:aws:iam::111111111111:policy/guardrail-trails",
  "arn:aws:iam::111111111111:role/archive-restore",
  "arn:aws:iam::111111111111:user/glass-onduty",
]
"#;

#[test]
fn samples_are_judged_as_they_are_named() {
    let wrong: Vec<String> = Function::ALL.into_iter().flat_map(replay).collect();
    assert_eq!(wrong, Vec::<String>::new());
}

/// Rules without a clean look-alike: an account that goes, and the organization
/// that ends, leave what is guarded whoever did it, and no settings accept that.
const ALWAYS: &[&str] = &[
    "account.closed",
    "account.removed",
    "organization.deleted",
    "organization.left",
];

/// Each rule has a sample of what it finds, of a clean look-alike, and of an
/// attempt that failed.
#[test]
fn every_rule_has_its_samples() {
    let mut missing = Vec::new();
    for rule in registry::rules().filter(|rule| !rule.watches.is_empty()) {
        let names = samples(rule.function);
        let has = |verdict: &str| {
            names
                .iter()
                .any(|name| name.starts_with(&format!("{}.{verdict}.", rule.id)))
        };
        for verdict in ["violation", "clean", "attempt"] {
            let excused = match verdict {
                "violation" => has("cannot-tell"),
                "clean" => ALWAYS.contains(&rule.id),
                _ => false,
            };
            if !has(verdict) && !excused {
                missing.push(format!("{}.{verdict}.json", rule.id));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// What makes a look-alike clean is not that the settings guard nothing: the same
/// settings find what the rule is about.
#[test]
fn the_world_of_the_look_alikes_is_guarded() {
    let world = Settings::parse(WORLD).unwrap();
    let mut unguarded = Vec::new();
    for rule in registry::rules() {
        let mut names = samples(rule.function);
        names.retain(|name| name.starts_with(&format!("{}.", rule.id)));
        let look_alike = |name: &String| {
            let variant = name.splitn(4, '.').nth(3);
            variant.is_some_and(needs_world)
        };
        let found = |name: &String| {
            let text = fs::read_to_string(folder(rule.function).join(name)).unwrap();
            let (verdict, found) = judged(&text, &world).unwrap();
            matches!(verdict, "violation" | "cannot-tell") && found.contains(&rule.id)
        };
        if names.iter().any(look_alike) && !names.iter().any(found) {
            unguarded.push(rule.id);
        }
    }
    assert_eq!(unguarded, Vec::<&str>::new());
}

/// Whoever replays all samples at once gets every one of them: what has the same
/// identifier is a copy.
#[test]
fn no_two_samples_are_the_same_event() {
    let mut seen = BTreeMap::new();
    let mut twice = Vec::new();
    for function in Function::ALL {
        for name in samples(function) {
            let text = fs::read_to_string(folder(function).join(&name)).unwrap();
            let entry = envelope::entries(&text).pop().unwrap();
            let record = entry.record.unwrap();
            let envelope: serde_json::Value = serde_json::from_str(&text).unwrap();
            let ids = [
                record.event_id.to_string(),
                record.request_id.to_string(),
                envelope["id"].as_str().unwrap_or_default().to_owned(),
            ];
            for id in ids.into_iter().filter(|id| !id.is_empty()) {
                if let Some(other) = seen.insert(id, name.clone()) {
                    twice.push(format!("{name} and {other}"));
                }
            }
        }
    }
    assert_eq!(twice, Vec::<String>::new());
}
