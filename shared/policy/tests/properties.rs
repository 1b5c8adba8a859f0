//! The analysis against the concrete evaluator, on generated policies.
//!
//! A short run is part of every test run. `AUDITWARD_PROPERTY_CASES=200000`
//! sets the number of policies for a long one; the figures are printed.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail loudly"
)]

mod evaluator;
mod generator;

use std::sync::atomic::{AtomicU64, Ordering};

use auditward_policy::{Admission, Document, Foreign, Kind, analyze, narrow};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use evaluator::{Caller, Gaps, Request, allowed};
use generator::{Dice, inside, kind, outside, policy, words, zone};

const REQUESTS: usize = 60;

fn cases(short: u32) -> u32 {
    std::env::var("AUDITWARD_PROPERTY_CASES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(short)
}

/// Runs a property for many seeds; a failure names the seed.
fn for_seeds(short: u32, property: impl Fn(u64) -> Result<(), TestCaseError>) {
    let mut runner = TestRunner::new(Config {
        cases: cases(short),
        failure_persistence: None,
        max_shrink_iters: 0,
        ..Config::default()
    });
    if let Err(error) = runner.run(&any::<u64>(), property) {
        panic!("{error}");
    }
}

fn words_of(policy: &Value) -> Vec<String> {
    let mut out = Vec::new();
    words(policy, &mut out);
    out.retain(|word| word.len() > 3);
    out
}

/// The request that a witness describes.
fn request_of(admission: &Admission) -> Option<Request> {
    let witness = admission.witness.as_ref()?;
    let context = witness
        .context
        .iter()
        .map(|(key, values)| (key.to_ascii_lowercase(), values.clone()))
        .collect();
    let caller = if witness.principal == "anonymous" {
        Caller::Anonymous
    } else if witness.action.contains("With") {
        Caller::Federated(witness.principal.clone())
    } else if let Some(rest) = witness.principal.split(":assumed-role/").nth(1) {
        let (role, session) = rest.split_once('/')?;
        let account = witness.principal.split(':').nth(4)?;
        Caller::Session(
            format!("arn:aws:iam::{account}:role/{role}"),
            session.to_owned(),
        )
    } else {
        Caller::Identity(witness.principal.clone())
    };
    Some(Request {
        caller,
        action: witness.action.clone(),
        resource: witness.resource.clone(),
        context,
    })
}

#[test]
fn nobody_means_nobody() {
    let evaluated = AtomicU64::new(0);
    let (closed, open, unsure) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let (shown, seen) = (AtomicU64::new(0), AtomicU64::new(0));
    let confirmed = AtomicU64::new(0);
    let zone = zone();
    let add = |counter: &AtomicU64, n: u64| counter.fetch_add(n, Ordering::Relaxed);
    for_seeds(400, |seed| {
        let mut dice = Dice::new(seed);
        let kind = kind(&mut dice);
        let policy = policy(kind, &mut dice);
        let document = Document::parse(&policy.to_string()).expect("readable");
        let analysis = analyze(&document, kind, &zone);
        let words = words_of(&policy);
        let trust = kind == Kind::Trust;
        match analysis.foreign {
            Foreign::No => add(&closed, 1),
            Foreign::Yes => add(&open, 1),
            Foreign::CannotTell(_) => add(&unsure, 1),
        };
        let mut got_in = false;
        for _ in 0..REQUESTS {
            let request = outside(kind, &words, &mut dice);
            add(&evaluated, 1);
            if allowed(&policy, &request, trust, Gaps::Open) {
                got_in = true;
                prop_assert!(
                    analysis.foreign != Foreign::No,
                    "seed {seed}: {kind} {policy}\nlets in {request:?}"
                );
            }
        }
        if analysis.foreign == Foreign::Yes && got_in {
            add(&confirmed, 1);
        }
        for admission in &analysis.admissions {
            add(&seen, 1);
            if let Some(request) = request_of(admission) {
                add(&shown, 1);
                add(&evaluated, 1);
                prop_assert!(
                    allowed(&policy, &request, trust, Gaps::Closed),
                    "seed {seed}: {kind} {policy}\nwitness {request:?}"
                );
            }
        }
        let narrowed = narrow(&document, kind, &zone);
        let after: Value = serde_json::from_str(&narrowed.document.to_json()).expect("JSON");
        prop_assert!(
            analyze(&narrowed.document, kind, &zone)
                .admissions
                .is_empty(),
            "seed {seed}: {kind} {policy}\nstays open as {after}"
        );
        prop_assert!(
            !narrow(&narrowed.document, kind, &zone).changed,
            "seed {seed}: {kind} {policy}\nchanges twice, {after}"
        );
        // Where everybody was let in (by `*`, or by a value that fits
        // everybody), insiders came the same way and go too.
        let broad = |text: &String| text.contains(['*', '?', '$']) || text.contains(":::");
        let keeps = narrowed.removed.iter().all(|removal| {
            let by_not_principal = removal.whole && removal.principals.is_empty();
            !removal.principals.iter().any(broad)
                && !removal.values.iter().any(broad)
                && !by_not_principal
        });
        for _ in 0..REQUESTS {
            let request = outside(kind, &words, &mut dice);
            prop_assert!(
                !allowed(&after, &request, trust, Gaps::Open),
                "seed {seed}: {kind} {policy}\nnarrowed {after}\nlets in {request:?}"
            );
            let request = inside(kind, &words, &mut dice);
            let before = allowed(&policy, &request, trust, Gaps::Closed);
            prop_assert!(
                !keeps || !before || allowed(&after, &request, trust, Gaps::Closed),
                "seed {seed}: {kind} {policy}\nnarrowed {after}\nshuts out {request:?}"
            );
            add(&evaluated, 3);
        }
        Ok(())
    });
    let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "{} policies: {} closed, {} open ({} seen open by a generated request), {} cannot tell; {} request evaluations; witnesses for {} of {} admissions",
        get(&closed) + get(&open) + get(&unsure),
        get(&closed),
        get(&open),
        get(&confirmed),
        get(&unsure),
        get(&evaluated),
        get(&shown),
        get(&seen),
    );
}
