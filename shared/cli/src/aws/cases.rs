//! `auditward cases`.

use std::process::ExitCode;

use auditward_runtime::alert::Alert;
use auditward_runtime::case::Case;
use auditward_runtime::keys;
use auditward_runtime::store::Store as _;

use auditward_rules::registry;

use super::{Stack, Told, block_on};
use crate::output::{self, count};

/// List what was found and done, newest first, or tell one case's story.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The case whose story to tell.
    case: Option<String>,
    /// How many to list.
    #[arg(long, default_value_t = 20)]
    most: usize,
    #[command(flatten)]
    told: Told,
    #[command(flatten)]
    stack: Stack,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    block_on(async {
        let connected = args.stack.connect().await?;
        let store = connected.store();
        if let Some(id) = &args.case {
            let key = keys::case(id);
            let items = store.get(std::slice::from_ref(&key)).await?;
            let Some(item) = items.get(&key) else {
                anyhow::bail!("there is no case {id}; `auditward cases` lists them");
            };
            let case: Case = item.read()?;
            if !args.told.as_json(&case)? {
                output::line(Alert::of(&case, registry::rule(&case.rule)).text)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        let listed = store.list("case", args.most).await?;
        let cases = listed
            .iter()
            .map(|(_, item)| item.read())
            .collect::<Result<Vec<Case>, _>>()?;
        if !args.told.all_as_json(&cases)? {
            show(&cases)?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn show(cases: &[Case]) -> anyhow::Result<()> {
    let mut table = output::table();
    table.set_header([
        "Case",
        "Opened",
        "Severity",
        "Outcome",
        "What happened",
        "By whom",
    ]);
    for case in cases {
        let opened = case.opened.format("%Y-%m-%d %H:%M").to_string();
        let severity = case.severity.name();
        table.add_row([
            case.id.as_str(),
            &opened,
            severity,
            case.outcome.name(),
            &case.summary,
            case.actor.name(),
        ]);
    }
    if !cases.is_empty() {
        output::line(&table)?;
    }
    output::line(count(cases.len() as u64, "case", "cases"))
}
