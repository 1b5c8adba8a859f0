//! Verdicts a second on one core, from JSON text, and the worst case.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail loudly"
)]

use std::hint::black_box;

use auditward_policy::{Document, Kind, Zone, analyze_text, narrow, verdict_text};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// The real-life policies among the cases, as compact text.
fn mix() -> Vec<(Kind, String)> {
    include_str!("../tests/cases.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("a case"))
        .filter(|case| {
            case["id"]
                .as_str()
                .is_some_and(|id| id.starts_with("real-"))
        })
        .map(|case| {
            let kind = case["kind"].as_str().and_then(|kind| kind.parse().ok());
            let policy: Document =
                serde_json::from_value(case["policy"].clone()).expect("a policy");
            (kind.expect("a kind"), policy.to_json())
        })
        .collect()
}

fn zone() -> Zone {
    Zone::new(["111111111111", "222222222222"], Some("o-exampleorg1"))
}

/// 100 statements in some 20 KB: Allow for everybody, each closed only by
/// Deny statements further down.
fn large() -> String {
    let mut statements = Vec::new();
    for n in 0..50 {
        statements.push(format!(
            r#"{{"Sid":"Allow{n}","Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::acme-data-{n}/*"}}"#
        ));
        statements.push(format!(
            r#"{{"Sid":"Deny{n}","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::acme-data-{n}","arn:aws:s3:::acme-data-{n}/*"],"Condition":{{"StringNotEquals":{{"aws:PrincipalOrgID":"o-exampleorg1","aws:PrincipalAccount":["111111111111","222222222222"]}}}}}}"#
        ));
    }
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    )
}

fn verdicts(c: &mut Criterion) {
    let mix = mix();
    let zone = zone();
    let bytes: usize = mix.iter().map(|(_, text)| text.len()).sum();
    println!(
        "mix: {} policies, {} bytes on average",
        mix.len(),
        bytes / mix.len()
    );
    let mut group = c.benchmark_group("mix");
    group.throughput(Throughput::Elements(mix.len() as u64));
    group.bench_function("verdict", |b| {
        b.iter(|| {
            for (kind, text) in &mix {
                black_box(verdict_text(black_box(text), *kind, &zone).is_ok());
            }
        });
    });
    group.bench_function("analysis", |b| {
        b.iter(|| {
            for (kind, text) in &mix {
                black_box(analyze_text(black_box(text), *kind, &zone).is_ok());
            }
        });
    });
    group.bench_function("parse", |b| {
        b.iter(|| {
            for (_, text) in &mix {
                black_box(Document::parse(black_box(text)).is_ok());
            }
        });
    });
    let documents: Vec<(Kind, Document)> = mix
        .iter()
        .map(|(kind, text)| (*kind, Document::parse(text).expect("a policy")))
        .collect();
    group.bench_function("narrow", |b| {
        b.iter(|| {
            for (kind, document) in &documents {
                black_box(narrow(document, *kind, &zone).changed);
            }
        });
    });
    group.finish();

    let large = large();
    let mut group = c.benchmark_group("worst");
    group.throughput(Throughput::Bytes(large.len() as u64));
    group.bench_function("20KB-100-statements", |b| {
        b.iter(|| black_box(verdict_text(black_box(&large), Kind::Bucket, &zone).is_ok()));
    });
    group.finish();
}

criterion_group!(benches, verdicts);
criterion_main!(benches);
