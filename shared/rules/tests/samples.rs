//! Every sample event says in its file's name what it is:
//! `<rule>.<verdict>[.<variant>].json`, the rule's id being two words.

#![allow(
    clippy::unwrap_used,
    reason = "a sample that cannot be read fails its test"
)]

use std::fs;
use std::path::Path;

use auditward_rules::envelope;
use auditward_rules::inventory::Inventory;
use auditward_rules::judge::judge;
use auditward_rules::rule::Function;
use auditward_rules::settings::Settings;
use chrono::{DateTime, Utc};

/// Replays a function's samples as a newcomer does, without settings, and says
/// which of them are judged otherwise than they are named.
fn replay(function: Function) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../events")
        .join(function.name());
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no samples in {}", folder.display());
    let wrong = names.iter().filter_map(|name| {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        wrong(name, &text).map(|what| format!("{name}: {what}"))
    });
    wrong.collect()
}

fn wrong(name: &str, text: &str) -> Option<String> {
    let mut words = name.trim_end_matches(".json").splitn(4, '.');
    let rule = format!("{}.{}", words.next()?, words.next()?);
    let (expected, variant) = (words.next()?, words.next());
    let mut settings = Settings::default();
    if variant == Some("organization") {
        settings.ours.organization = Some("o-exampleorg1".into());
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

#[test]
fn samples_of_trails() {
    assert_eq!(replay(Function::TrailGuard), Vec::<String>::new());
}

#[test]
fn samples_of_buckets() {
    assert_eq!(replay(Function::BucketGuard), Vec::<String>::new());
}

#[test]
fn samples_of_roles() {
    assert_eq!(replay(Function::RoleGuard), Vec::<String>::new());
}
