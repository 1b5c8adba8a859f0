//! `auditward undo`.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;

use auditward_rules::registry;
use auditward_runtime::case::{Case, Outcome};
use auditward_runtime::keys;
use auditward_runtime::store::Store as _;

use super::{Stack, block_on};
use crate::output;

/// Put back what was there before Auditward wrote; for operators named in the settings.
///
/// As a person asks for it, it is also done while a pause is on. It is refused
/// while the kill switch is on, or the settings cannot be read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The case to undo.
    case: String,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
    /// Seconds to wait for the answer.
    #[arg(long, default_value_t = 60)]
    wait: u64,
    #[command(flatten)]
    stack: Stack,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    block_on(async {
        let connected = args.stack.connect().await?;
        let store = connected.store();
        let key = [keys::case(&args.case)];
        let read = async || -> anyhow::Result<Case> {
            match store.get(&key).await?.get(&key[0]) {
                Some(item) => Ok(item.read()?),
                None => bail!(
                    "there is no case {}; `auditward cases` lists them",
                    args.case
                ),
            }
        };
        let case = read().await?;
        if case.outcome == Outcome::Undone {
            return undone(&case);
        }
        let Some(rule) = registry::rule(&case.rule) else {
            bail!(
                "the case is of rule `{}`, which this version does not know: use the version of the command that belongs to the stack's",
                case.rule
            );
        };
        let message =
            serde_json::json!({"auditward": "undo", "case": args.case, "reason": args.reason});
        connected.ask(rule.function, &message).await?;
        for _ in 0..args.wait {
            let case = read().await?;
            if case.outcome == Outcome::Undone {
                return undone(&case);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        bail!(
            "{} was asked and has not undone it within {} seconds; if it refused, an alert says why",
            rule.function.name(),
            args.wait
        )
    })
}

fn undone(case: &Case) -> anyhow::Result<ExitCode> {
    output::line(format_args!("undone: {}", case.because))?;
    Ok(ExitCode::SUCCESS)
}
