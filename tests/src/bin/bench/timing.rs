//! Time and memory, all subjects side by side.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use auditward_tests::runtime_api::{Function, Outcome};
use serde_json::Value;

use crate::report::{Better, Report};
use crate::subject::{Subject, unwatched};

const LIMIT: Duration = Duration::from_secs(20);
const WARM_ROUNDS: usize = 20;
const WARM_CALLS: usize = 100;

/// From the start of the process to the answer of its first event.
pub async fn cold(subjects: &[Subject], runs: usize, report: &mut Report) -> Result<()> {
    let nothing = unwatched();
    let mut unwatched_times = vec![Vec::new(); subjects.len()];
    let mut clean_times = vec![Vec::new(); subjects.len()];
    // One round more than is kept: the first reads the binaries from the disk.
    for round in 0..=runs {
        for (index, subject) in subjects.iter().enumerate() {
            let first = first_answer(subject, &nothing).await?;
            let clean = first_answer(subject, &subject.clean).await?;
            if round > 0 {
                unwatched_times[index].push(first);
                clean_times[index].push(clean);
            }
        }
    }
    report.base(
        "cold start of the echo",
        &millis(median(&mut unwatched_times[0].clone())),
    );
    for (index, subject) in subjects.iter().enumerate().skip(1) {
        for (what, times, limit) in [
            ("cold, unwatched call", &unwatched_times, 1.3),
            ("cold, watched clean call", &clean_times, 5.0),
        ] {
            let ratio = ratio(&mut times[index].clone(), &mut times[0].clone());
            report.add(subject.name, what, ratio, "× echo", Better::AtMost(limit));
        }
    }
    Ok(())
}

async fn first_answer(subject: &Subject, event: &Value) -> Result<Duration> {
    let payload = event.to_string().into_bytes();
    let start = Instant::now();
    let mut function = Function::spawn(&subject.program, subject.environment.clone()).await;
    let outcome = function.invoke_raw(payload, LIMIT).await;
    let time = start.elapsed();
    expect_answer(subject, &outcome, &function)?;
    Ok(time)
}

/// Many events to one process.
pub async fn warm(subjects: &[Subject], runs: usize, report: &mut Report) -> Result<()> {
    let mut functions = Vec::new();
    for subject in subjects {
        functions.push(Function::spawn(&subject.program, subject.environment.clone()).await);
    }
    let mut times = vec![Vec::new(); subjects.len()];
    let mut echo_times = vec![Vec::new(); subjects.len()];
    for round in 0..WARM_ROUNDS.max(runs / 2) {
        for index in 1..subjects.len() {
            // The echo gets the very same event.
            let payload = subjects[index].clean.to_string().into_bytes();
            for _ in 0..WARM_CALLS {
                for (of, kept) in [(index, &mut times[index]), (0, &mut echo_times[index])] {
                    let start = Instant::now();
                    let outcome = functions[of].invoke_raw(payload.clone(), LIMIT).await;
                    let time = start.elapsed();
                    expect_answer(&subjects[of], &outcome, &functions[of])?;
                    if round > 0 {
                        kept.push(time);
                    }
                }
            }
        }
    }
    report.base(
        "warm call of the echo, median over all events",
        &micros(median(&mut echo_times.concat())),
    );
    for index in 1..subjects.len() {
        let ratio = ratio(&mut times[index], &mut echo_times[index]);
        let name = subjects[index].name;
        report.add(
            name,
            "warm, clean call",
            ratio,
            "× echo",
            Better::AtMost(1.1),
        );
    }
    Ok(())
}

/// The most memory used while a one-megabyte event is judged.
pub async fn memory(subjects: &[Subject], report: &mut Report) -> Result<()> {
    for subject in subjects {
        let mut worst = 0;
        for event in [&subject.clean, &unwatched()] {
            let mut event = event.clone();
            event["detail"]["additionalEventData"] = "x".repeat(1 << 20).into();
            let mut function = Function::spawn(&subject.program, subject.environment.clone()).await;
            let payload = event.to_string().into_bytes();
            let outcome = function.invoke_raw(payload, LIMIT).await;
            expect_answer(subject, &outcome, &function)?;
            worst = worst.max(function.peak_memory().unwrap_or_default());
        }
        let better = if subject.is_echo() {
            Better::Told
        } else {
            Better::AtMost(16.0)
        };
        report.add(
            subject.name,
            "peak memory, 1 MB event",
            mebi(worst),
            "MiB",
            better,
        );
    }
    Ok(())
}

fn expect_answer(subject: &Subject, outcome: &Outcome, function: &Function) -> Result<()> {
    if matches!(outcome, Outcome::Response(_)) {
        return Ok(());
    }
    bail!(
        "{} did not answer: {outcome:?}\n{}{}",
        subject.name,
        function.stdout(),
        function.stderr()
    )
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ratio(times: &mut [Duration], base: &mut [Duration]) -> f64 {
    median(times).as_secs_f64() / median(base).as_secs_f64().max(f64::EPSILON)
}

fn millis(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1000.0)
}

fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

/// Bytes in MiB; what is measured here is far from where `f64` loses bytes.
#[allow(clippy::cast_precision_loss, reason = "megabytes")]
pub fn mebi(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
