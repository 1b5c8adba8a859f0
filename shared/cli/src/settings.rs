//! `auditward settings`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use auditward_rules::registry::rules;
use auditward_rules::settings::{EXAMPLE, Mode, Settings};

use crate::load;
use crate::output::{self, BAD, GOOD, count, styled};
use crate::rules::only_tells;

/// Check settings, or print their schema or an example.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say whether settings are right, and if not, what is wrong where.
    Check {
        /// The settings, such as auditward.toml.
        file: PathBuf,
    },
    /// Print the JSON schema of the settings, for editors.
    Schema,
    /// Print a complete example to begin with.
    Example,
    /// Check settings and put them in force.
    #[cfg(feature = "aws")]
    Push {
        /// The settings, such as auditward.toml.
        file: PathBuf,
        #[command(flatten)]
        stack: crate::aws::Stack,
    },
}

/// Runs the command.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check { file } => return check(file),
        Command::Schema => output::print_json(&schemars::schema_for!(Settings))?,
        Command::Example => output::print(EXAMPLE)?,
        #[cfg(feature = "aws")]
        Command::Push { file, stack } => return crate::aws::push::run(file, stack),
    }
    Ok(ExitCode::SUCCESS)
}

fn check(file: &PathBuf) -> anyhow::Result<ExitCode> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    match Settings::parse(&text) {
        Ok(settings) => {
            load::doubts(&name, &text, &settings);
            output::line(format_args!(
                "{} {name}: {}",
                styled(GOOD, "right"),
                tell(&settings)
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(bad) => {
            let many = count(bad.0.len() as u64, "fault", "faults");
            let faults = load::faults(&name, &bad.0);
            output::complain(format_args!(
                "{faults}\n{} {name}: {many}",
                styled(BAD, "wrong")
            ));
            Ok(ExitCode::from(output::FOUND))
        }
    }
}

/// What the settings come to, in a line.
fn tell(settings: &Settings) -> String {
    let ours = &settings.ours;
    let accounts = count(ours.accounts.len() as u64, "account", "accounts");
    let whose = match &ours.organization {
        Some(organization) => format!("organization {organization} and {accounts}"),
        None => accounts,
    };
    let (writing, telling) = (rules().filter(|rule| !only_tells(rule)), rules());
    let telling = telling.filter(|rule| only_tells(rule)).count();
    let enforced = writing.filter(|rule| may_write(settings, rule.id)).count();
    let exceptions = count(settings.exceptions.len() as u64, "exception", "exceptions");
    format!(
        "ours are {whose}; {enforced} of {} rules may write, {telling} only tell in any mode; {exceptions}",
        rules().count()
    )
}

/// Whether the mode of a rule is `enforce` for any account and resource that the
/// settings tell apart.
fn may_write(settings: &Settings, rule: &str) -> bool {
    let modes = &settings.mode;
    let ours = settings
        .ours
        .accounts
        .iter()
        .chain(&settings.ours.log_archives);
    // The empty ones stand for those that are not named. A pattern matches itself.
    let accounts = ours.chain(modes.accounts.keys()).map(String::as_str);
    let accounts: BTreeSet<&str> = accounts.chain([""]).collect();
    let resources = modes.resources.keys().map(String::as_str).chain([""]);
    resources.into_iter().any(|resource| {
        let mode = |account: &&str| settings.mode_of(rule, account, resource);
        accounts
            .iter()
            .any(|account| mode(account) == Mode::Enforce)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_may_write_are_counted_as_modes_are_applied() {
        let writing = rules().filter(|rule| !only_tells(rule)).count();
        assert!(writing < rules().count());
        let one = "rules.\"trail.logging-stopped\" = \"enforce\"";
        for (mode, expected) in [
            ("default = \"alert\"", 0),
            ("default = \"enforce\"", writing),
            (one, 1),
            ("rules.\"trail.delivery-failing\" = \"enforce\"", 0),
            // The more careful of rule and account holds, and only where both are named.
            ("accounts.\"222222222222\" = \"enforce\"", writing),
            (&format!("{one}\naccounts.\"222222222222\" = \"alert\""), 1),
            (
                "default = \"enforce\"\naccounts.\"111111111111\" = \"alert\"\naccounts.\"222222222222\" = \"off\"",
                writing,
            ),
            // A resource's mode beats both, and of several the more careful one holds.
            ("resources.\"arn:aws:s3:::a\" = \"enforce\"", writing),
            (&format!("{one}\nresources.\"*\" = \"alert\""), 0),
            (
                "resources.\"arn:aws:s3:::a-*\" = \"enforce\"\nresources.\"arn:aws:s3:::*\" = \"off\"",
                0,
            ),
            (
                "resources.\"arn:aws:s3:::a-*\" = \"off\"\nresources.\"arn:aws:s3:::*\" = \"enforce\"",
                writing,
            ),
        ] {
            let text = format!("ours.accounts = [\"111111111111\"]\n[mode]\n{mode}\n");
            let settings = Settings::parse(&text).unwrap();
            let enforced =
                rules().filter(|rule| !only_tells(rule) && may_write(&settings, rule.id));
            assert_eq!(enforced.count(), expected, "{mode}");
        }
    }
}
