//! `auditward explain`: who gets in through a policy, and why.

mod answer;
mod batch;
mod guess;
mod policy;
mod text;

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::ValueEnum;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;

use auditward_policy::{Kind, Zone, analyze, narrow};
use auditward_rules::inventory::Inventory;

use crate::{load, output, words};
use answer::Answer;

/// Say in words who gets in through a policy, and why.
///
/// A policy is a file, or `-` for standard input: the document itself, or what the AWS
/// CLI prints with one in it. With --batch, JSON lines
/// `{"id","kind","policy","trusted":{"accounts":[…],"org_id":…}}` come in on
/// standard input, and one answer a line goes out, in the same order.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0 answered; 1 an outsider gets in (or it cannot be told) and --fail-on foreign was given; 2 a policy could not be read."
)]
pub struct Args {
    /// Policies: files, or `-` for standard input.
    #[arg(
        value_name = "POLICY",
        required_unless_present = "batch",
        conflicts_with = "batch"
    )]
    policies: Vec<PathBuf>,
    /// Read many policies as JSON lines from standard input.
    #[arg(long)]
    batch: bool,
    /// Settings that say who is ours (auditward.toml).
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// An account of ours; may be given several times, the owner of the resource first.
    #[arg(long, value_name = "ID", value_parser = words::account)]
    account: Vec<String>,
    /// Our organization.
    #[arg(long, value_name = "ID")]
    organization: Option<String>,
    /// What the policy is attached to; guessed from the policy where it is left out.
    #[arg(long, value_parser = kinds())]
    kind: Option<Kind>,
    /// For people, or for machines: one object a line.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// End with exit status 1 if an outsider gets in, or if it cannot be told.
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Foreign,
}

fn kinds() -> impl clap::builder::TypedValueParser<Value = Kind> {
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).try_map(|name| name.parse::<Kind>())
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let zone = zone(args)?;
    if args.batch {
        let done = batch::run(io::stdin().lock(), io::stdout().lock(), args.kind, &zone)?;
        return Ok(exit(args, done.foreign, done.failed));
    }
    let (mut foreign, mut failed) = (false, false);
    for policy in &args.policies {
        let name = if policy.as_os_str() == "-" {
            "standard input".to_owned()
        } else {
            policy.display().to_string()
        };
        let answered = match read(policy) {
            Ok(text) => explain(args, &name, &text, &zone)?,
            Err(error) => {
                refuse(args, &name, &format!("{error:#}"))?;
                None
            }
        };
        foreign |= answered == Some(true);
        failed |= answered.is_none();
    }
    Ok(exit(args, foreign, failed))
}

fn exit(args: &Args, foreign: bool, failed: bool) -> ExitCode {
    match args.fail_on {
        _ if failed => ExitCode::from(output::FAILED),
        Some(FailOn::Foreign) if foreign => ExitCode::from(output::FOUND),
        _ => ExitCode::SUCCESS,
    }
}

/// Who is ours.
fn zone(args: &Args) -> anyhow::Result<Zone> {
    let settings = load::settings(args.settings.as_deref())?;
    let owner = args
        .account
        .first()
        .or(settings.ours.accounts.first())
        .cloned()
        .unwrap_or_default();
    let mut zone = settings.zone(&owner, &Inventory::default());
    zone.accounts.extend(args.account.iter().skip(1).cloned());
    zone.accounts.retain(|account| !account.is_empty());
    if let Some(organization) = &args.organization {
        zone.org_id = Some(organization.clone());
    }
    Ok(zone)
}

fn read(policy: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    if policy.as_os_str() == "-" {
        io::stdin()
            .lock()
            .read_to_string(&mut text)
            .context("cannot read it")?;
    } else {
        text = std::fs::read_to_string(policy).context("cannot read it")?;
    }
    Ok(text)
}

/// Explains one policy; says whether an outsider gets in, or nothing where the
/// policy is none.
fn explain(args: &Args, name: &str, text: &str, zone: &Zone) -> anyhow::Result<Option<bool>> {
    let document = match policy::read(text) {
        Ok(document) => document,
        Err(error) => {
            refuse(args, name, &error)?;
            return Ok(None);
        }
    };
    let kind = args.kind.unwrap_or_else(|| guess::kind(&document));
    let analysis = analyze(&document, kind, zone);
    let narrowed = narrow(&document, kind, zone);
    let closed = analysis.is_closed();
    if args.format == Format::Json {
        let id = serde_json::value::to_raw_value(name)?;
        output::print_line(&Answer::of(&id, analysis, narrowed.document))?;
        return Ok(Some(!closed));
    }
    let told = text::Told {
        name,
        kind,
        guessed: args.kind.is_none(),
        zone,
        document: &document,
    };
    output::print(told.tell(&analysis, &narrowed))?;
    Ok(Some(!closed))
}

/// Says why a policy has no answer.
fn refuse(args: &Args, name: &str, error: &str) -> anyhow::Result<()> {
    if args.format == Format::Json {
        let id = serde_json::value::to_raw_value(name)?;
        return output::print_line(&Answer::error(Some(&id), format!("{name}: {error}")));
    }
    let wrong = output::styled(output::BAD, "no policy");
    output::complain(format_args!("{name}: {wrong}: {error}"));
    Ok(())
}
