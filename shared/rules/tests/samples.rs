//! Every sample event says in its file's name what it is:
//! `<rule>.<verdict>[.<variant>].json`, the rule's id being two words.

#![allow(
    clippy::unwrap_used,
    reason = "a sample that cannot be read fails its test"
)]

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
    if variant.is_some_and(|variant| variant.starts_with("partner")) {
        settings.partners.push(partner());
    }
    let mut entries = envelope::entries(text);
    let record = match entries.pop().map(|entry| entry.record) {
        Some(Ok(record)) if entries.is_empty() => record,
        other => return Some(format!("expected one record, got {other:?}")),
    };
    let now: DateTime<Utc> = record.event_time.parse().ok()?;
    let judged = judge(&record, &settings, &Inventory::default(), now);
    let found: Vec<&str> = judged
        .findings
        .iter()
        .map(|finding| finding.rule.id)
        .collect();
    let verdict = judged.verdict().name();
    if verdict != expected {
        return Some(format!("{verdict} by {found:?}"));
    }
    let finds = matches!(verdict, "violation" | "attempt" | "cannot-tell");
    (finds && !found.contains(&rule.as_str())).then(|| format!("{verdict}, but by {found:?}"))
}

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

/// Rules for which every such call on something protected is a violation, and
/// without settings everything is protected: there is no clean look-alike.
const ALWAYS: &[&str] = &[
    "account.closed",
    "account.created",
    "account.invited",
    "account.public-access-block-deleted",
    "boundary.deleted",
    "alarm.changed",
    "alarm.deleted",
    "alarm.muted",
    "bucket.cors-deleted",
    "account.removed",
    "access-point.deleted",
    "access-point.policy-deleted",
    "account.public-access-block-deleted",
    "analyzer.deleted",
    "bucket.deleted",
    "bucket.encryption-deleted",
    "bucket.lifecycle-deleted",
    "bucket.ownership-deleted",
    "bucket.policy-deleted",
    "bucket.public-access-block-deleted",
    "group.member-added",
    "bucket.replication-deleted",
    "bucket.tags-changed",
    "bucket.website-deleted",
    "bucket.website-served",
    "guard-bus.closed",
    "guard-bus.deleted",
    "guard-function.deleted",
    "guard-function.reserve-removed",
    "guard-layer.deleted",
    "guard-rule.deleted",
    "guard-rule.disabled",
    "guard-rule.targets-removed",
    "guard-schedule.deleted",
    "key.deletion-scheduled",
    "key.disabled",
    "oidc.audience-added",
    "oidc.provider-changed",
    "oidc.provider-updated",
    "root.access-changed",
    "log-delivery.removed",
    "log-destination.deleted",
    "log-group.deleted",
    "log-group.exported",
    "log-group.transformed",
    "log-policy.deleted",
    "log-stream.deleted",
    "log-tags.removed",
    "subscription.deleted",
    "queue.deleted",
    "queue.purged",
    "stack.deleted",
    "stack.policy-changed",
    "stack.updated",
    "subscription.removed",
    "table.backup-deleted",
    "table.deleted",
    "table.policy-deleted",
    "topic.deleted",
    "delegated-admin.deregistered",
    "delegated-admin.registered",
    "guardrail.deleted",
    "key.deletion-scheduled",
    "key.disabled",
    "organization.deleted",
    "organization.left",
    "organization.policy-deleted",
    "organization.tagged",
    "organization.untagged",
    "organizational-unit.deleted",
    "region.disabled",
    "region.enabled",
    "channel.created",
    "channel.deleted",
    "key.deletion-scheduled",
    "key.disabled",
    "key.material-deleted",
    "key.rotation-disabled",
    "store.deleted",
    "store.federation-disabled",
    "store.federation-enabled",
    "store.ingestion-stopped",
    "store.policy-deleted",
    "directory-bucket.policy-deleted",
    "key.deletion-scheduled",
    "key.disabled",
    "log-files.deleted",
    "permission-set.assigned",
    "session.as-root",
    "trail.deleted",
    "trail.logging-stopped",
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
