//! `auditward baseline`.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use auditward_rules::facet::At;
use auditward_rules::rule::Function;
use auditward_rules::{protected, registry};
use auditward_runtime::pipeline::Baseline;
use auditward_runtime::store::Store as _;

use super::{Stack, Told, block_on};
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
        told: Told,
        #[command(flatten)]
        stack: Stack,
    },
    /// Show all that is recorded of one resource.
    Show(Named),
    /// Show how what is recorded of a resource differs from what was before.
    Diff(Named),
    /// Have what is there now of one resource recorded as good; for operators.
    Approve(Named),
    /// Have a resource guarded no longer that was deleted for good; for operators.
    ///
    /// It is refused while the resource is found still: where it is there, or where a
    /// guarded trail or the settings name it.
    Retire {
        #[command(flatten)]
        named: Named,
        /// Why it was deleted.
        #[arg(long)]
        reason: String,
    },
    /// Have one resource put back to what is recorded, confirmed or not; for operators.
    ///
    /// As a person asks for it, it is also done while a breaker is open, a fuse has
    /// blown or a pause is on, and counts for neither of them. It is refused while
    /// the kill switch is on, or the settings cannot be read.
    Fix(Named),
}

/// One resource.
#[derive(Debug, clap::Args)]
pub struct Named {
    /// The resource's ARN.
    #[arg(value_name = "ARN")]
    resource: String,
    #[command(flatten)]
    stack: Stack,
}

/// Runs the command.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Take { stack } => take(stack),
        Command::List { most, told, stack } => list(*most, *told, stack),
        Command::Show(named) => show(named),
        Command::Diff(named) => diff(named),
        Command::Approve(named) => {
            let wish = json!({"auditward": "take-baselines", "resource": named.resource});
            ask(named, "record it", &wish)
        }
        Command::Retire { named, reason } => {
            let resource = &named.resource;
            let wish = json!({"auditward": "retire", "resource": resource, "reason": reason});
            ask(named, "guard it no longer", &wish)
        }
        Command::Fix(named) => {
            let wish = json!({"auditward": "fix", "resource": named.resource});
            ask(named, "put it right", &wish)
        }
    }
}

/// How many baselines are looked through for one resource's.
const MOST: usize = 10_000;

/// The baselines of one resource.
async fn recorded(named: &Named) -> anyhow::Result<Vec<Baseline>> {
    let connected = named.stack.connect().await?;
    let listed = connected.store().list("baseline", MOST).await?;
    let all: Vec<Baseline> = listed
        .iter()
        .map(|(_, item)| item.read())
        .collect::<Result<_, _>>()?;
    let of: Vec<Baseline> = all
        .into_iter()
        .filter(|baseline| baseline.plan.at().resource == named.resource)
        .collect();
    if of.is_empty() {
        bail!(
            "nothing is recorded of {}; `auditward baseline list` shows what is",
            named.resource
        );
    }
    Ok(of)
}

fn show(named: &Named) -> anyhow::Result<ExitCode> {
    for baseline in block_on(recorded(named))? {
        output::line(title(&baseline))?;
        output::line(format_args!(
            "{}\n",
            serde_json::to_string_pretty(&baseline.state)?
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A baseline in one line.
fn title(baseline: &Baseline) -> String {
    let mut line = format!(
        "{}: {}, recorded {} by {}",
        baseline.plan.kind(),
        baseline.plan.tell(&baseline.state),
        baseline.at.format("%Y-%m-%d %H:%M"),
        baseline.by
    );
    if !baseline.confirmed {
        line.push_str(" (not confirmed)");
    }
    if baseline.retired {
        line.push_str(" (retired: it was deleted for good)");
    } else if baseline.outdated {
        line.push_str(" (outdated: a deployer changed it since)");
    }
    line
}

fn diff(named: &Named) -> anyhow::Result<ExitCode> {
    for baseline in block_on(recorded(named))? {
        output::line(title(&baseline))?;
        let Some(earlier) = baseline.earlier.first() else {
            output::line("  the first state that was recorded\n")?;
            continue;
        };
        let (before, after) = (
            serde_json::to_string_pretty(&earlier.state)?,
            serde_json::to_string_pretty(&baseline.state)?,
        );
        let when = earlier.at.format("%Y-%m-%d %H:%M");
        let diff = similar::TextDiff::from_lines(&before, &after);
        output::line(format_args!(
            "{}",
            diff.unified_diff()
                .header(&format!("{when} by {}", earlier.by), "now")
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks the functions that may guard a resource: the others say that they do not.
fn ask(named: &Named, does: &str, wish: &Value) -> anyhow::Result<ExitCode> {
    let function = guarding(&named.resource)?;
    block_on(async {
        let connected = named.stack.connect().await?;
        connected.ask(function, wish).await?;
        output::line(format_args!(
            "{} was asked to {does}; an alert says what came of it",
            function.name()
        ))?;
        Ok(ExitCode::SUCCESS)
    })
}

/// The function that guards resources of this kind.
fn guarding(resource: &str) -> anyhow::Result<Function> {
    let at = At::new("", "", resource);
    let kinds = protected::kinds(&at);
    let carries = |function: &Function| {
        registry::of(*function).any(|rule| rule.facets.iter().any(|one| kinds.contains(one)))
    };
    // Prerequisites make functions name facets of others: who names most of them guards it.
    let named = |function: &Function| {
        let names = |kind: &&&str| registry::of(*function).any(|rule| rule.facets.contains(*kind));
        kinds.iter().filter(names).count()
    };
    Function::ALL
        .into_iter()
        .filter(carries)
        .max_by_key(named)
        .with_context(|| {
            format!("{resource} is not of a kind that is guarded: expected the ARN of a trail, key, bucket, role, …")
        })
}

fn take(stack: &Stack) -> anyhow::Result<ExitCode> {
    block_on(async {
        let connected = stack.connect().await?;
        let message = json!({"auditward": "take-baselines"});
        for function in Function::ALL {
            match connected.ask(function, &message).await {
                Ok(()) => output::line(format_args!(
                    "{} was asked; an alert says what it recorded",
                    function.name()
                ))?,
                // Outside the lead region these are not in the stack.
                Err(error)
                    if matches!(function, Function::RoleGuard | Function::OrganizationGuard) =>
                {
                    output::line(format_args!(
                        "{} is not in this stack: {error:#}",
                        function.name()
                    ))?;
                }
                Err(error) => return Err(error),
            }
        }
        output::line(format_args!(
            "trail-guard finds the log buckets: should it be the first time, take once more in a minute"
        ))?;
        Ok(ExitCode::SUCCESS)
    })
}

fn list(most: usize, told: Told, stack: &Stack) -> anyhow::Result<ExitCode> {
    block_on(async {
        let connected = stack.connect().await?;
        let listed = connected.store().list("baseline", most).await?;
        let listed: Vec<Baseline> = listed
            .iter()
            .map(|(_, item)| item.read())
            .collect::<Result<_, _>>()?;
        if told.all_as_json(&listed)? {
            return Ok(ExitCode::SUCCESS);
        }
        let mut table = output::table();
        table.set_header(["Facet", "Resource", "State", "Recorded", "By"]);
        for baseline in &listed {
            let Baseline {
                plan, state, at, ..
            } = baseline;
            let by = if baseline.confirmed {
                baseline.by.clone()
            } else if baseline.retired {
                format!("{} (retired)", baseline.by)
            } else {
                format!("{} (not confirmed)", baseline.by)
            };
            let at = at.format("%Y-%m-%d %H:%M").to_string();
            table.add_row([
                plan.kind(),
                &plan.at().resource,
                &plan.tell(state),
                &at,
                &by,
            ]);
        }
        if !listed.is_empty() {
            output::line(&table)?;
        }
        output::line(count(listed.len() as u64, "baseline", "baselines"))?;
        Ok(ExitCode::SUCCESS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_guarded_by_the_function_that_knows_most_of_it() {
        for (arn, function) in [
            (
                "arn:aws:cloudtrail:eu-west-1:111111111111:trail/t",
                Function::TrailGuard,
            ),
            ("arn:aws:s3:::logs", Function::BucketGuard),
            (
                "arn:aws:iam::111111111111:role/auditward-x",
                Function::RoleGuard,
            ),
        ] {
            assert_eq!(guarding(arn).unwrap(), function, "{arn}");
        }
        assert!(guarding("arn:aws:ec2:eu-west-1:111111111111:vpc/v").is_err());
    }
}
