//! Round trips to AWS for each kind of finding, counted before moto.

use anyhow::Result;
use auditward_tests::moto::Moto;
use auditward_tests::proxy::Proxy;
use auditward_tests::runtime_api::{Function, Outcome};
use auditward_tests::scene::Scene;

use crate::report::Report;
use crate::subject::Subject;

/// From the event to the answer: how many calls, and how many in sequence.
pub async fn count(subjects: &[Subject], report: &mut Report) -> Result<()> {
    let moto = Moto::start();
    for subject in subjects {
        for (rule, event) in &subject.violations {
            moto.reset().await;
            let scene = Scene::set(&moto).await;
            let event = &scene.adapt(event);
            if !scene.act(&moto, event).await {
                continue;
            }
            let proxy = Proxy::before(&moto.address()).await;
            let environment = scene.environment(&moto, &proxy.url(), subject.name).await;
            let mut function = Function::spawn(&subject.program, environment).await;
            let outcome = function.invoke(event).await;
            let note = match outcome {
                Outcome::Response(_) => "",
                _ => " (failed)",
            };
            let what = format!("round trips, {rule}{note}");
            let (depth, total) = (proxy.depth(), proxy.calls().len());
            report.note(
                subject.name,
                &what,
                &format!("{depth} in sequence, {total} in all"),
            );
        }
    }
    Ok(())
}
