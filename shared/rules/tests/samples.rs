//! Every sample event says in its file's name what it is:
//! `<rule>.<verdict>[.<variant>].json`, the rule's id being two words.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a sample that cannot be read fails its test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use auditward_rules::envelope;
use auditward_rules::inventory::Inventory;
use auditward_rules::judge::judge;
use auditward_rules::registry;
use auditward_rules::rule::Function;
use auditward_rules::settings::Settings;
use chrono::{DateTime, Utc};

/// Replays a function's samples, without settings where their names do not ask for
/// some, and says which of them are judged otherwise than they are named.
fn replay(function: Function) -> Vec<String> {
    let names = samples(function);
    let wrong = names.iter().filter_map(|name| {
        let text = fs::read_to_string(folder(function).join(name)).unwrap();
        wrong(name, &text).map(|what| format!("{name}: {what}"))
    });
    wrong.collect()
}

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
}

fn folder(function: Function) -> PathBuf {
    events().join(function.name())
}

/// The settings that lie beside the samples: they guard by name what the samples are
/// about, and nothing else.
fn world() -> Settings {
    Settings::parse(&fs::read_to_string(events().join("auditward.toml")).unwrap()).unwrap()
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
    let (expected, variant) = (words.next()?, words.next().unwrap_or_default());
    let settings = if needs_settings(variant) {
        world()
    } else {
        Settings::default()
    };
    let (verdict, found) = match judged(text, &settings) {
        Ok(judged) => judged,
        Err(error) => return Some(error),
    };
    if verdict != expected {
        return Some(format!("{verdict} by {found:?}"));
    }
    if is_look_alike(variant) {
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
fn is_look_alike(variant: &str) -> bool {
    ["unguarded", "deployer", "settings-"]
        .iter()
        .any(|start| variant.starts_with(start))
}

/// Whether a variant is what it is named by the settings beside the samples alone: no
/// event says which organization is ours, who is a partner, or who among users, groups,
/// roles and policies is out of the ordinary.
fn needs_settings(variant: &str) -> bool {
    let named = variant.starts_with("partner") || variant.starts_with("protected-");
    named || variant == "organization" || is_look_alike(variant)
}

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
    let world = world();
    let mut unguarded = Vec::new();
    for rule in registry::rules() {
        let mut names = samples(rule.function);
        names.retain(|name| name.starts_with(&format!("{}.", rule.id)));
        let look_alike = |name: &String| {
            let variant = name.splitn(4, '.').nth(3);
            variant.is_some_and(is_look_alike)
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

/// What the table of `events/README.md` says of samples that come out otherwise than
/// they are named by the settings beside them: their verdicts.
fn told_apart() -> BTreeMap<String, String> {
    let text = fs::read_to_string(events().join("README.md")).unwrap();
    let (_, section) = text.split_once("## By the settings beside them").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut told = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        for name in cells[0].split(", ") {
            let name = format!("{}.json", name.trim_matches('`'));
            let before = told.insert(name, cells[1].to_owned());
            assert_eq!(before, None, "a file that stands there twice: {row}");
        }
    }
    told
}

/// Whoever replays the folder of all samples does so by the settings that lie there: no
/// harmless call is a violation, and what is clean though it is not named so, or is
/// named so and is not clean, is told with the reason.
#[test]
fn by_the_settings_beside_them_samples_are_as_told() {
    let world = world();
    let told = told_apart();
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    for function in Function::ALL {
        for name in samples(function) {
            let text = fs::read_to_string(folder(function).join(&name)).unwrap();
            let (verdict, _) = judged(&text, &world).unwrap();
            let expected = name.split('.').nth(2).unwrap();
            let other = (expected == "clean") != (verdict == "clean");
            match told.get(&name) {
                Some(told) if other && told == verdict => _ = seen.insert(name.clone()),
                None if !other => {}
                told => wrong.push(format!("{name}: {verdict}, told {told:?}")),
            }
            if expected == "clean" && verdict == "violation" {
                wrong.push(format!("{name}: {verdict}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(
        seen,
        told.into_keys().collect(),
        "told of files that are not there"
    );
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
