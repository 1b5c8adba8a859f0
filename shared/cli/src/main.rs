//! `auditward`, the operators' command: replay events, ask who a policy lets
//! in, read about rules, check settings. Talks to nobody; commands that talk to
//! AWS stand behind the feature `aws`.

#[cfg(feature = "aws")]
mod aws;
mod explain;
mod load;
mod output;
mod replay;
mod rules;
mod settings;
mod share;
mod words;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Guards the evidence of what happens in an AWS organization: replay events
/// against the rules, ask who a policy lets in, check settings.
#[derive(Debug, Parser)]
#[command(
    name = "auditward",
    version,
    propagate_version = true,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge recorded events: what happened, the verdict, what would be written.
    Replay(replay::Args),
    /// List the rules, or explain one.
    Rules(rules::Args),
    /// Say in words who gets in through a policy, and why.
    Explain(explain::Args),
    /// Print the policies that share logs with another account.
    Share(share::Args),
    /// Check settings, or print their schema or an example.
    #[command(subcommand)]
    Settings(settings::Command),
    #[cfg(feature = "aws")]
    Status(aws::status::Args),
    #[cfg(feature = "aws")]
    Cases(aws::cases::Args),
    #[cfg(feature = "aws")]
    Undo(aws::undo::Args),
    /// Record or list what is known good.
    #[cfg(feature = "aws")]
    #[command(subcommand)]
    Baseline(aws::baseline::Command),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Replay(args) => replay::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Share(args) => share::run(&args),
        Command::Settings(command) => settings::run(&command),
        #[cfg(feature = "aws")]
        Command::Status(args) => aws::status::run(&args),
        #[cfg(feature = "aws")]
        Command::Cases(args) => aws::cases::run(&args),
        #[cfg(feature = "aws")]
        Command::Undo(args) => aws::undo::run(&args),
        #[cfg(feature = "aws")]
        Command::Baseline(command) => aws::baseline::run(&command),
    };
    done.unwrap_or_else(|error| {
        if is_broken_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        let wrong = output::styled(output::BAD, "error:");
        output::complain(format_args!("{wrong} {error:#}"));
        #[cfg(feature = "aws")]
        if let Some(next) = aws::next_step(&error) {
            output::complain(format_args!("Next: {next}"));
        }
        ExitCode::from(output::FAILED)
    })
}

/// Whether the reader of our output went away, as `head` does: no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = |cause: &(dyn std::error::Error + 'static)| {
        let json = cause
            .downcast_ref::<serde_json::Error>()
            .and_then(serde_json::Error::io_error_kind);
        json.or_else(|| cause.downcast_ref::<io::Error>().map(io::Error::kind))
    };
    error
        .chain()
        .any(|cause| io(cause) == Some(io::ErrorKind::BrokenPipe))
}
