//! Round trips to AWS for each kind of finding, counted before moto.

use std::time::Duration;

use anyhow::{Result, bail};
use auditward_tests::moto::Moto;
use auditward_tests::proxy::{Call, Fault, Match, depth};
use auditward_tests::runtime_api::Outcome;
use auditward_tests::stage::{ENFORCE, Stage, is_write};
use serde_json::Value;

use crate::report::Report;
use crate::subject::Subject;

/// How long each call takes: long beside what moto needs, so that what is asked side
/// by side is seen side by side.
const LATENCY: Duration = Duration::from_millis(40);

/// From the event to the safe state, and to the answer, in mode `enforce` with recorded
/// baselines.
pub async fn count(subjects: &[Subject], report: &mut Report) -> Result<()> {
    let moto = Moto::start().await;
    let mut wrong = Vec::new();
    for subject in subjects {
        for (rule, samples) in &subject.violations {
            let Some(trips) = of_rule(&moto, subject.name, samples).await else {
                continue;
            };
            if matches!(&*trips.outcome, "failed" | "clean") {
                wrong.push(format!("{rule} ({})", trips.outcome));
            }
            let what = format!("round trips, {rule} ({})", trips.outcome);
            report.note(subject.name, &what, &trips.told());
        }
    }
    if !wrong.is_empty() {
        bail!(
            "violations that were not taken for any: {}",
            wrong.join(", ")
        );
    }
    Ok(())
}

/// What was called for one finding.
struct Trips {
    outcome: String,
    calls: Vec<Call>,
}

impl Trips {
    fn told(&self) -> String {
        let (all, many) = (depth(&self.calls), self.calls.len());
        let whole = format!("{all} in sequence, {many} in all");
        let safe = self.calls.iter().rposition(is_write);
        match safe {
            Some(last) if self.outcome == "fixed" => {
                format!("{} to safe, {whole}", depth(&self.calls[..=last]))
            }
            _ => whole,
        }
    }
}

/// Of the samples of a rule the first that is put back, else the last that moto can
/// act out; none where it can act out none.
async fn of_rule(moto: &Moto, function: &'static str, samples: &[Value]) -> Option<Trips> {
    let mut last = None;
    for sample in samples {
        let Some(trips) = of_sample(moto, function, sample).await else {
            continue;
        };
        if trips.outcome == "fixed" {
            return Some(trips);
        }
        last = Some(trips);
    }
    last
}

async fn of_sample(moto: &Moto, function: &'static str, sample: &Value) -> Option<Trips> {
    moto.reset().await;
    let stage = Stage::on(moto, ENFORCE).await;
    let event = stage.scene.adapt(sample);
    stage.scene.prepare(moto, &event).await;
    stage.take_baselines(function).await;
    let event = stage.scene.act_only(moto, &event).await.ok()?;
    let mut guard = stage.guard(function).await;
    guard.proxy.fail(Match::any(), Fault::Delay(LATENCY));
    let outcome = match guard.attempt(&event).await {
        Outcome::Response(answer) => {
            let case = answer.pointer("/cases/0/outcome");
            let outcome = case.and_then(Value::as_str);
            outcome.unwrap_or("clean").to_owned()
        }
        _ => "failed".to_owned(),
    };
    let calls = guard.proxy.calls();
    Some(Trips { outcome, calls })
}
