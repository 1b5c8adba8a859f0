//! What is measured: the functions, and the events they are given.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use auditward_rules::inventory::Inventory;
use auditward_rules::judge::judge;
use auditward_rules::record::Record;
use auditward_rules::registry;
use auditward_rules::rule::Proof;
use auditward_rules::settings::Settings;
use auditward_tests::binaries::{binary, root};
use serde_json::{Value, json};

use crate::store::Store;

/// A function, or the echo that it is compared with.
#[derive(Debug)]
pub struct Subject {
    /// Its name.
    pub name: &'static str,
    /// Its binary.
    pub program: PathBuf,
    /// Its environment while it is timed.
    pub environment: Vec<(String, String)>,
    /// An event that it watches and finds nothing wrong with.
    pub clean: Value,
    /// The violations of each rule, by rule.
    pub violations: Vec<(String, Vec<Value>)>,
}

impl Subject {
    /// Whether this is what the others are compared with.
    pub fn is_echo(&self) -> bool {
        self.name == "echo"
    }
}

/// The echo first, then every function.
pub fn all(functions: &[&'static str], store: &Store) -> Result<Vec<Subject>> {
    let mut subjects = vec![Subject {
        name: "echo",
        program: binary("echo"),
        environment: Vec::new(),
        clean: unwatched(),
        violations: Vec::new(),
    }];
    let settings = settings()?;
    for name in functions {
        let samples = samples(name)?;
        let clean = samples
            .iter()
            .find(|(file, event)| file.contains(".clean.") && is_clean(event, &settings))
            .map(|(_, event)| event.clone())
            .with_context(|| format!("events/{name} has no clean event"))?;
        subjects.push(Subject {
            name,
            program: binary(name),
            environment: environment(store),
            clean,
            violations: violations(samples),
        });
    }
    Ok(subjects)
}

/// The settings that the canned store has.
fn settings() -> Result<Settings> {
    let kept = fs::read_to_string(root().join("tests/bench-store.json"))?;
    let items: Vec<Value> = serde_json::from_str(&kept)?;
    let settings = items.iter().find(|item| item["key"]["S"] == "settings");
    let pushed = settings.and_then(|item| item["body"]["S"].as_str());
    let pushed: Value = serde_json::from_str(pushed.context("the store has no settings")?)?;
    Ok(Settings::parse(
        pushed["text"].as_str().unwrap_or_default(),
    )?)
}

/// Whether an event is clean by itself: no live state is read about it.
fn is_clean(event: &Value, settings: &Settings) -> bool {
    let text = event["detail"].to_string();
    Record::read(&text).is_ok_and(|record| {
        let now = chrono::DateTime::UNIX_EPOCH;
        let judged = judge(&record, settings, &Inventory::default(), now);
        // What a deployer or an exception makes clean is kept in the store.
        judged.watched
            && judged.findings.is_empty()
            && judged.accepted.is_empty()
            && judged.excepted.is_empty()
    })
}

/// A call that no rule of any function watches.
pub fn unwatched() -> Value {
    json!({
        "version": "0",
        "id": "00000000-0000-4000-8000-000000000001",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ec2",
        "account": "111111111111",
        "time": "2026-11-02T08:30:10Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "IAMUser",
                "principalId": "AIDAQCGVN3O6B7EXAMPLE",
                "arn": "arn:aws:iam::111111111111:user/somebody",
                "accountId": "111111111111",
                "userName": "somebody"
            },
            "eventTime": "2026-11-02T08:30:10Z",
            "eventSource": "ec2.amazonaws.com",
            "eventName": "RebootInstances",
            "awsRegion": "eu-west-1",
            "sourceIPAddress": "203.0.113.77",
            "userAgent": "aws-cli/2.31.0",
            "requestParameters": {"instancesSet": {"items": [{"instanceId": "i-0abc"}]}},
            "responseElements": {"_return": true},
            "requestID": "e2b2a50d-5472-4692-a750-05f42d38dcda",
            "eventID": "3739625e-0e90-4559-92ee-a4e00ebf2bf9",
            "readOnly": false,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": "111111111111",
            "eventCategory": "Management"
        }
    })
}

fn environment(store: &Store) -> Vec<(String, String)> {
    [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL", &store.url()),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AUDITWARD_TABLE", "auditward"),
        (
            "AUDITWARD_TOPIC_ARN",
            "arn:aws:sns:eu-west-1:111111111111:auditward-alerts",
        ),
        (
            "AUDITWARD_REJUDGE_QUEUE_URL",
            "https://sqs.eu-west-1.amazonaws.com/111111111111/auditward-rejudge",
        ),
        ("AUDITWARD_MEMBER_ROLE", "auditward-member"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn samples(function: &str) -> Result<Vec<(String, Value)>> {
    let folder = root().join("events").join(function);
    let mut found = Vec::new();
    let listing = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    for entry in listing {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "json") {
            let event = serde_json::from_slice(&fs::read(&path)?)
                .with_context(|| path.display().to_string())?;
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            found.push((name.into_owned(), event));
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}

fn violations(samples: Vec<(String, Value)>) -> Vec<(String, Vec<Value>)> {
    let mut found: Vec<(String, Vec<Value>)> = Vec::new();
    for (file, event) in samples {
        let Some((rule, _)) = file.split_once(".violation.") else {
            continue;
        };
        if registry::rule(rule).is_none_or(|rule| rule.proof != Proof::Moto) {
            continue;
        }
        match found.last_mut() {
            Some((last, events)) if last == rule => events.push(event),
            _ => found.push((rule.to_owned(), vec![event])),
        }
    }
    found
}
