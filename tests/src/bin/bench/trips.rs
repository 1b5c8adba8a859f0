//! Round trips to AWS for each kind of finding, counted before moto.

use anyhow::Result;
use auditward_tests::moto::Moto;
use auditward_tests::runtime_api::Outcome;
use auditward_tests::stage::{ENFORCE, Stage};

use crate::report::Report;
use crate::subject::Subject;

/// From the event to the answer, in mode `enforce`: how many calls, and how many
/// in sequence.
pub async fn count(subjects: &[Subject], report: &mut Report) -> Result<()> {
    let moto = Moto::start();
    for subject in subjects {
        for (rule, event) in &subject.violations {
            moto.reset().await;
            let stage = Stage::on(&moto, ENFORCE).await;
            stage.know_the_trail().await;
            let event = &stage.scene.adapt(event);
            stage.scene.prepare(&moto, event).await;
            if stage.scene.act_only(&moto, event).await.is_err() {
                continue;
            }
            let mut guard = stage.guard(subject.name).await;
            let outcome = guard.attempt(event).await;
            let note = match &outcome {
                Outcome::Response(answer) => {
                    let case = answer.pointer("/cases/0/outcome");
                    case.and_then(|outcome| outcome.as_str())
                        .unwrap_or("clean")
                        .to_owned()
                }
                _ => "failed".to_owned(),
            };
            let what = format!("round trips, {rule} ({note})");
            let (depth, total) = (guard.proxy.depth(), guard.proxy.calls().len());
            report.note(
                subject.name,
                &what,
                &format!("{depth} in sequence, {total} in all"),
            );
        }
    }
    Ok(())
}
