//! `auditward baseline`.

use std::process::ExitCode;

use auditward_rules::rule::Function;
use auditward_runtime::pipeline::Baseline;
use auditward_runtime::store::Store as _;

use super::{Stack, block_on};
use crate::output::{self, count};

/// What is known good.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Have the functions record what is there now; for operators named in the settings.
    Take {
        #[command(flatten)]
        stack: Stack,
    },
    /// List what is recorded, newest first.
    List {
        /// How many to list.
        #[arg(long, default_value_t = 100)]
        most: usize,
        #[command(flatten)]
        stack: Stack,
    },
}

/// Runs the command.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Take { stack } => take(stack),
        Command::List { most, stack } => list(*most, stack),
    }
}

fn take(stack: &Stack) -> anyhow::Result<ExitCode> {
    let connected = stack.connect()?;
    block_on(async {
        let message = serde_json::json!({"auditward": "take-baselines"});
        for function in Function::ALL {
            match connected.ask(function, &message).await {
                Ok(()) => anstream::println!(
                    "{} was asked; an alert says what it recorded",
                    function.name()
                ),
                // A stack outside the lead region has no role-guard.
                Err(error) if function == Function::RoleGuard => {
                    anstream::println!("{} is not in this stack: {error:#}", function.name());
                }
                Err(error) => return Err(error),
            }
        }
        anstream::println!(
            "trail-guard finds the log buckets: should it be the first time, take once more in a minute"
        );
        Ok(ExitCode::SUCCESS)
    })
}

fn list(most: usize, stack: &Stack) -> anyhow::Result<ExitCode> {
    let connected = stack.connect()?;
    block_on(async {
        let listed = connected.store().list("baseline", most).await?;
        let mut table = output::table();
        table.set_header(["Facet", "Resource", "State", "Recorded", "By"]);
        for (_, item) in &listed {
            let Baseline {
                plan,
                state,
                by,
                at,
                confirmed,
                ..
            } = item.read()?;
            let by = if confirmed {
                by
            } else {
                format!("{by} (not confirmed)")
            };
            let at = at.format("%Y-%m-%d %H:%M").to_string();
            table.add_row([
                plan.kind(),
                &plan.at().resource,
                &plan.tell(&state),
                &at,
                &by,
            ]);
        }
        if !listed.is_empty() {
            anstream::println!("{table}");
        }
        anstream::println!("{}", count(listed.len() as u64, "baseline", "baselines"));
        Ok(ExitCode::SUCCESS)
    })
}
