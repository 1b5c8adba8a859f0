//! `auditward settings`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use auditward_rules::registry::rules;
use auditward_rules::settings::{EXAMPLE, Mode, Settings};

use crate::load;
use crate::output::{self, BAD, GOOD, count, styled};

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
        Command::Example => anstream::print!("{EXAMPLE}"),
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
            anstream::println!("{} {name}: {}", styled(GOOD, "right"), tell(&settings));
            Ok(ExitCode::SUCCESS)
        }
        Err(bad) => {
            let many = count(bad.0.len() as u64, "fault", "faults");
            let faults = load::faults(&name, &bad.0);
            anstream::eprintln!("{faults}\n{} {name}: {many}", styled(BAD, "wrong"));
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
    let writes = |rule: &str| {
        settings
            .mode
            .rules
            .get(rule)
            .copied()
            .unwrap_or(settings.mode.default)
    };
    let enforced = rules()
        .filter(|rule| writes(rule.id) == Mode::Enforce)
        .count();
    let exceptions = count(settings.exceptions.len() as u64, "exception", "exceptions");
    format!(
        "ours are {whose}; {enforced} of {} rules may write; {exceptions}",
        rules().count()
    )
}
