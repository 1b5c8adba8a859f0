//! Which calls reach a function, and which its rules watch.

use std::collections::BTreeSet;
use std::fs;

use auditward_rules::record::has_versions;
use auditward_rules::rule::Function;
use auditward_rules::{envelope, registry};
use auditward_tests::binaries::root;
use auditward_tests::stack::{Deployed, Stack, list, texts};
use quamina::Quamina;
use serde_json::{Value, json};

use super::{Faults, differences, each_function, unlike};

/// The calls that reach each function are those that its rules watch.
pub fn patterns(stack: &Stack) -> Faults {
    let check = |function: Function, deployed: Deployed| {
        let name = function.name();
        let watches = registry::of(function).flat_map(|rule| rule.watches);
        let watched = watches.flat_map(|one| {
            one.names
                .iter()
                .map(|name| format!("{} {name}", one.source))
        });
        let (mut found, mut faults) = (BTreeSet::new(), Vec::new());
        for (rule, properties) in deployed.rules() {
            let sources = texts(&properties["Pattern"]["detail"]["eventSource"]);
            let [source] = sources.as_slice() else {
                panic!("{rule} is about {sources:?}")
            };
            let (names, versions) = names_of(&properties["Pattern"]["detail"]["eventName"]);
            let versioned = names
                .iter()
                .filter(|_| has_versions(source))
                .map(|one| format!("{one}{VERSION}"));
            faults.extend(differences(
                &format!("{name}: {rule} with a version"),
                &versioned.collect(),
                &versions,
            ));
            let service = source.strip_suffix(".amazonaws.com").expect("a service");
            let mut whole = json!({
                "source": [format!("aws.{service}")],
                "detail-type": ["AWS API Call via CloudTrail"],
                "detail": {
                    "eventSource": [source],
                    "eventName": properties["Pattern"]["detail"]["eventName"],
                },
            });
            for (place, pattern) in narrowed(source, &names[0]) {
                whole["detail"][place] = pattern;
            }
            faults.extend(unlike(
                name,
                &format!("{rule}'s pattern"),
                &whole,
                &properties["Pattern"],
            ));
            faults.extend(unlike(
                name,
                &format!("{rule}'s state"),
                &state(source),
                &properties["State"],
            ));
            for call in names.iter().map(|one| format!("{source} {one}")) {
                if let Some(twice) = found.replace(call) {
                    faults.push(format!("{name}: {twice} is there twice"));
                }
            }
        }
        faults.extend(differences(name, &watched.collect(), &found));
        faults
    };
    each_function(check, stack)
}

/// How every version of an API begins, as Lambda writes it behind a call's name.
const VERSION: &str = "20";

/// The names in a pattern: those that are written out, and how those begin that
/// have a version behind them.
fn names_of(pattern: &Value) -> (Vec<String>, BTreeSet<String>) {
    let (mut plain, mut begun) = (Vec::new(), BTreeSet::new());
    for one in list(pattern) {
        match one["prefix"].as_str() {
            Some(prefix) => {
                assert_eq!(one, json!({ "prefix": prefix }));
                begun.insert(prefix.to_owned());
            }
            None => plain.push(one.as_str().expect("a name").to_owned()),
        }
    }
    (plain, begun)
}

/// What a pattern asks for besides: calls that are made all day are passed on
/// only where the rule can find anything in them.
fn narrowed(source: &str, name: &str) -> Vec<(&'static str, Value)> {
    match (source, name) {
        ("s3.amazonaws.com", "DeleteObject" | "PutObject" | "PutObjectAcl") => vec![
            (
                "requestParameters",
                json!({"key": [{"wildcard": "*AWSLogs/*"}]}),
            ),
            (
                "userIdentity",
                json!({"type": [{"anything-but": "AWSService"}]}),
            ),
        ],
        ("sts.amazonaws.com", "AssumeRole") => {
            vec![("userIdentity", json!({"type": ["AWSAccount"]}))]
        }
        _ => Vec::new(),
    }
}

/// The state of a rule where being enabled is not enough: all calls of STS
/// count as reading, and EventBridge passes those on only to who asks for them.
fn state(source: &str) -> Value {
    match source {
        "sts.amazonaws.com" => json!("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"),
        _ => Value::Null,
    }
}

/// Whether a narrowed pattern passes an event on.
fn passes(event: &Value) -> bool {
    let detail = &event["detail"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let sort = text(&detail["userIdentity"]["type"]);
    let asked = narrowed(&text(&detail["eventSource"]), &text(&detail["eventName"]));
    asked.iter().all(|(place, pattern)| match *place {
        "requestParameters" => text(&detail["requestParameters"]["key"]).contains("AWSLogs/"),
        _ if pattern["type"][0].is_string() => pattern["type"][0] == sort.as_str(),
        _ => sort != "AWSService",
    })
}

/// All rules of EventBridge, as it would match with them: each named by its
/// function and its own name.
fn matcher(stack: &Stack) -> Quamina<(&'static str, String)> {
    let mut matcher = Quamina::new();
    for function in Function::ALL.map(Function::name) {
        for (rule, properties) in stack.function(function).rules() {
            let pattern = properties["Pattern"].to_string();
            matcher
                .add_pattern((function, rule.to_owned()), &pattern)
                .expect(&pattern);
        }
    }
    matcher
}

#[test]
fn each_sample_event_reaches_its_function_once_and_look_alikes_none() {
    let matcher = matcher(Stack::read());
    let (mut reached, mut unwatched) = (BTreeSet::new(), 0);
    for function in Function::ALL {
        for file in fs::read_dir(root().join("events").join(function.name())).unwrap() {
            let path = file.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let record = envelope::entries(&text).pop().unwrap().record.unwrap();
            let mut watching = registry::watching(&record.event_source, record.plain_name());
            let watched = watching.any(|rule| rule.function == function);
            let out_of_scope = path.to_string_lossy().contains(".out-of-scope.");
            assert_eq!(watched, !out_of_scope, "{}", path.display());

            let matched = matcher.matches_for_event(text.as_bytes()).unwrap();
            let functions: Vec<_> = matched.iter().map(|(name, _)| *name).collect();
            let passes = passes(&serde_json::from_str(&text).unwrap());
            let expected: &[&str] = if watched && passes {
                &[function.name()]
            } else {
                &[]
            };
            assert_eq!(functions, expected, "{}", path.display());
            reached.extend(matched);
            unwatched += usize::from(!watched);
        }
    }
    // No rule of EventBridge is there for nothing, and there were look-alikes.
    let rules = Function::ALL.map(|one| Stack::read().function(one.name()).rules().count());
    assert_eq!(reached.len(), rules.iter().sum::<usize>());
    assert!(unwatched > 0);
}

#[test]
fn an_event_that_differs_in_any_of_the_four_reaches_nobody() {
    let matcher = matcher(Stack::read());
    let reached = |event: &Value| {
        let event = event.to_string();
        matcher.matches_for_event(event.as_bytes()).unwrap().len()
    };
    let sample = |name: &str| -> Value {
        let text = fs::read_to_string(root().join("events").join(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let stopped = sample("trail-guard/trail.logging-stopped.violation.by-name.json");
    assert_eq!(reached(&stopped), 1);
    for (place, value) in [
        ("/source", "acme.tools"),
        ("/source", "aws.kms"),
        ("/detail-type", "AWS Service Event via CloudTrail"),
        ("/detail/eventSource", "kms.amazonaws.com"),
        ("/detail/eventName", "StopLoggingNow"),
    ] {
        let mut other = stopped.clone();
        *other.pointer_mut(place).unwrap() = value.into();
        assert_eq!(reached(&other), 0, "{place} {value}");
    }
    assert_eq!(reached(&sample("quirks/source-forged.json")), 0);
}

/// GIVEN any version of a call of Lambda, THEN it is handed on; a call whose name
/// merely begins so is not.
#[test]
fn calls_of_lambda_are_matched_in_every_version() {
    let matcher = matcher(Stack::read());
    let text = fs::read_to_string(
        root().join("events/self-guard/guard-function.deleted.violation.by-name.json"),
    );
    let sample: Value = serde_json::from_str(&text.unwrap()).unwrap();
    for (name, expected) in [
        ("DeleteFunction", 1),
        ("DeleteFunction20150331", 1),
        ("DeleteFunction20310101v7", 1),
        ("DeleteFunctionUrlConfig", 0),
        ("DeleteFunction2", 0),
    ] {
        let mut event = sample.clone();
        event["detail"]["eventName"] = name.into();
        let event = event.to_string();
        let matched = matcher.matches_for_event(event.as_bytes()).unwrap();
        assert_eq!(matched.len(), expected, "{name}");
    }
}
