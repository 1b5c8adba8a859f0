//! Laws that hold for every document: what opens never closes, and spelling
//! changes nothing.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail loudly"
)]

mod evaluator;
mod generator;

use auditward_policy::{Document, Foreign, Kind, Verdict, Zone, verdict_text};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use generator::{Dice, OWN, OWN_ORG, kind, policy, zone};

fn judge(policy: &Value, kind: Kind, zone: &Zone) -> Verdict {
    verdict_text(&policy.to_string(), kind, zone).expect("readable")
}

fn for_seeds(property: impl Fn(Kind, Value, &mut Dice) -> Result<(), TestCaseError>) {
    let mut runner = TestRunner::new(Config {
        cases: 1200,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..Config::default()
    });
    let run = runner.run(&any::<u64>(), |seed| {
        let mut dice = Dice::new(seed);
        let kind = kind(&mut dice);
        let policy = policy(kind, &mut dice);
        property(kind, policy, &mut dice)
    });
    if let Err(error) = run {
        panic!("{error}");
    }
}

fn statements(policy: &Value) -> Vec<Value> {
    policy["Statement"].as_array().cloned().unwrap_or_default()
}

fn with(policy: &Value, statements: &[Value]) -> Value {
    json!({"Version": policy["Version"], "Statement": statements})
}

#[test]
fn opening_never_closes() {
    for_seeds(|kind, policy, dice| {
        let zone = zone();
        if judge(&policy, kind, &zone).foreign != Foreign::Yes {
            return Ok(());
        }
        let all = statements(&policy);
        // Without the Deny statements.
        let allows: Vec<Value> = all
            .iter()
            .filter(|one| one["Effect"] == "Allow")
            .cloned()
            .collect();
        let opened = with(&policy, &allows);
        prop_assert!(
            judge(&opened, kind, &zone).foreign != Foreign::No,
            "{policy}"
        );
        // With fewer conditions.
        let mut looser = all.clone();
        for one in looser.iter_mut().filter(|one| one["Effect"] == "Allow") {
            if let Some(operators) = one.get_mut("Condition").and_then(Value::as_object_mut) {
                let name = operators.keys().nth(dice.below(operators.len())).cloned();
                operators.retain(|key, _| Some(key) != name.as_ref());
            }
        }
        let looser = with(&policy, &looser);
        prop_assert!(
            judge(&looser, kind, &zone).foreign != Foreign::No,
            "{policy}"
        );
        // With one more Allow.
        let mut more = all.clone();
        more.push(json!({"Effect": "Allow", "Principal": {"AWS": OWN[0]}, "Action": format!("{}:*", kind.service()), "Resource": "*"}));
        prop_assert!(
            judge(&with(&policy, &more), kind, &zone).foreign == Foreign::Yes,
            "{policy}"
        );
        // In a smaller zone.
        let smaller = Zone::new([OWN[0]], Some(OWN_ORG));
        prop_assert!(
            judge(&policy, kind, &smaller).foreign != Foreign::No,
            "{policy}"
        );
        Ok(())
    });
}

/// Scalars as lists, numbers as roots, `*` as `{"AWS":"*"}`, keys shouted.
fn respelt(value: &Value, inside: &str) -> Value {
    match value {
        Value::Object(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, value)| {
                    let name = if inside == "operator" {
                        key.to_ascii_uppercase()
                    } else {
                        key.clone()
                    };
                    let next = match (inside, key.as_str()) {
                        (_, "Condition") => "condition",
                        ("condition", _) => "operator",
                        ("operator", _) => "values",
                        (_, "Principal" | "NotPrincipal") => "principal",
                        (_, "AWS") => "aws",
                        (_, "Action" | "Resource" | "NotAction" | "NotResource") => "values",
                        _ => "",
                    };
                    (name, respelt(value, next))
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| {
                    if inside == "aws" {
                        root(item)
                    } else if inside.is_empty() {
                        respelt(item, "")
                    } else {
                        item.clone()
                    }
                })
                .collect(),
        ),
        Value::String(text) if inside == "principal" && text == "*" => json!({"AWS": ["*"]}),
        Value::String(_) if inside == "aws" => json!([root(value)]),
        Value::String(_) if inside == "values" => json!([value]),
        other => other.clone(),
    }
}

fn root(value: &Value) -> Value {
    match value.as_str() {
        Some(text) if text.len() == 12 => json!(format!("arn:aws:iam::{text}:root")),
        _ => value.clone(),
    }
}

#[test]
fn spelling_changes_nothing() {
    for_seeds(|kind, policy, dice| {
        let zone = zone();
        let before = judge(&policy, kind, &zone);
        let same = |other: &Value| judge(other, kind, &zone);
        let other = respelt(&policy, "");
        let after = same(&other);
        prop_assert_eq!(
            after.foreign.as_bool(),
            before.foreign.as_bool(),
            "{}
{}",
            policy,
            other
        );
        prop_assert_eq!(
            (after.deputy, &after.statements),
            (before.deputy, &before.statements),
            "{}
{}",
            policy,
            other
        );
        let first: Document = policy.to_string().parse().expect("readable");
        let second: Document = other.to_string().parse().expect("readable");
        prop_assert!(first.means_the_same(&second), "{}\n{}", policy, other);
        // Another order.
        let mut turned = statements(&policy);
        turned.reverse();
        let count = turned.len();
        let after = same(&with(&policy, &turned));
        let mut named: Vec<usize> = after.statements.iter().map(|at| count - 1 - at).collect();
        named.sort_unstable();
        prop_assert_eq!(after.deputy, before.deputy);
        prop_assert_eq!(named, before.statements.clone());
        prop_assert_eq!(after.foreign.as_bool(), before.foreign.as_bool());
        // Twice the same.
        let mut doubled = statements(&policy);
        doubled.push(doubled[dice.below(doubled.len())].clone());
        let after = same(&with(&policy, &doubled));
        prop_assert_eq!(after.foreign.as_bool(), before.foreign.as_bool());
        // Other numbers for the same accounts.
        let renamed = policy
            .to_string()
            .replace("333333333333", "353535353535")
            .replace("444455556666", "464646464646");
        let renamed: Value = serde_json::from_str(&renamed).expect("JSON");
        prop_assert_eq!(&same(&renamed).statements, &before.statements, "{}", policy);
        // One statement for each principal.
        let mut split = Vec::new();
        for one in statements(&policy) {
            match one["Principal"]["AWS"].as_array() {
                Some(many) if one["Effect"] == "Allow" => {
                    for principal in many {
                        let mut part = one.clone();
                        part["Principal"] = json!({"AWS": principal});
                        split.push(part);
                    }
                }
                _ => split.push(one),
            }
        }
        let after = same(&with(&policy, &split));
        prop_assert_eq!(
            after.foreign.as_bool(),
            before.foreign.as_bool(),
            "{}",
            policy
        );
        Ok(())
    });
}

#[test]
fn huge_documents_come_to_an_end() {
    let zone = zone();
    let stars = "*a".repeat(200_000);
    let names: Vec<String> = (0..20_000)
        .map(|n| format!("arn:aws:iam::{:012}:role/r{n}", n + 5))
        .collect();
    let denies = vec![
        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": OWN_ORG}}});
        4000
    ];
    let mut many = denies.clone();
    many.extend(vec![
        json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"});
        4000
    ]);
    let huge = [
        json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": stars, "Resource": stars}}),
        json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": stars, "Resource": stars}, {"Effect": "Deny", "Principal": "*", "Action": stars, "Resource": stars}]}),
        json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {"StringLike": {"aws:PrincipalArn": stars}}}}),
        json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": names}, "Action": "s3:*", "Resource": "*"}, {"Effect": "Deny", "NotPrincipal": {"AWS": names}, "Action": "s3:*", "Resource": "*"}]}),
        json!({"Statement": many}),
    ];
    for policy in huge {
        let start = std::time::Instant::now();
        let verdict = judge(&policy, Kind::Bucket, &zone);
        assert!(
            start.elapsed().as_secs() < 20,
            "{:?} after {:?}",
            verdict.foreign,
            start.elapsed()
        );
    }
}
