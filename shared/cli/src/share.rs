//! `auditward share`: the policies that share logs with another account, as in
//! [AWS's guide](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-sharing-logs.html).

use std::process::ExitCode;

use clap::ValueEnum;
use serde::Serialize;

use auditward_policy::{Document, sharing};
use auditward_rules::arn::is_account;
use auditward_rules::settings::{EXTERNAL_ID, is_external_id};

use crate::output::{self, FAINT, STRONG, styled};
use crate::words;

/// Print the policies that share logs with another account: who may take the
/// role, and what the role may read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The account that is to read the logs.
    #[arg(long, value_parser = words::account)]
    account: String,
    /// What it must send along when it takes the role; always ask a third party for one.
    #[arg(long, value_parser = external_id)]
    external_id: Option<String>,
    /// The bucket that holds the logs.
    #[arg(long, value_parser = bucket)]
    bucket: String,
    /// The trail's prefix in front of AWSLogs/, where it has one. A prefix that
    /// ends in AWSLogs/ and an account shares that account's logs.
    #[arg(long, value_parser = prefix, default_value = "")]
    prefix: String,
    /// For people, or for machines.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Serialize)]
struct Shared {
    trust_policy: Document,
    access_policy: Document,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let Args {
        account,
        external_id,
        bucket,
        prefix,
        format,
    } = args;
    let shared = Shared {
        trust_policy: sharing::trust_policy(account, external_id.as_deref()),
        access_policy: sharing::access_policy(bucket, prefix, whose(prefix).unwrap_or(account)),
    };
    if *format == Format::Json {
        output::print_json(&shared)?;
        return Ok(ExitCode::SUCCESS);
    }
    let title = |text: &str| styled(STRONG, text);
    output::line(format_args!(
        "{}\n{}\n",
        title("Who may take the role (its trust policy):"),
        shared.trust_policy.to_json_pretty()
    ))?;
    output::line(format_args!(
        "{}\n{}\n",
        title("What the role may read (its permissions policy):"),
        shared.access_policy.to_json_pretty()
    ))?;
    let may_read = objects(&shared.access_policy).join("\", \"");
    let mut next = format!(
        "Make a role with both, and register the reader in auditward.toml:\n\n    [[partners]]\n    account = \"{account}\"\n    external_id = \"{}\"\n    may_read = [\"{may_read}\"]\n    purpose = \"…\"\n",
        external_id.as_deref().unwrap_or("…"),
    );
    if external_id.is_none() {
        next.push_str("\nWithout an external ID this is for an account of your own; a third party that serves\nseveral customers could be talked into reading for another one (the confused deputy).\n");
    }
    output::print(styled(FAINT, &next))?;
    Ok(ExitCode::SUCCESS)
}

/// Whose logs a prefix such as `org/AWSLogs/111111111111` holds.
fn whose(prefix: &str) -> Option<&str> {
    let (above, account) = prefix.rsplit_once('/')?;
    (above.rsplit('/').next() == Some("AWSLogs") && is_account(account)).then_some(account)
}

/// The objects that a policy is about, as ARN patterns.
fn objects(policy: &Document) -> Vec<String> {
    let resources = policy
        .statements()
        .iter()
        .flat_map(|statement| statement.texts("Resource"));
    resources
        .filter(|resource| resource.contains('/'))
        .collect()
}

fn external_id(text: &str) -> Result<String, String> {
    if is_external_id(text) {
        return Ok(text.to_owned());
    }
    Err(format!("expected {EXTERNAL_ID}"))
}

/// [The form of a bucket's name](https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).
fn bucket(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    if (3..=63).contains(&text.len()) && text.chars().all(allowed) {
        return Ok(text.to_owned());
    }
    Err("expected a bucket's name: 3 to 63 small letters, digits, dots or hyphens".into())
}

fn prefix(text: &str) -> Result<String, String> {
    let trimmed = text.trim_matches('/');
    if trimmed.contains(['*', '?']) || trimmed.contains("${") {
        return Err("expected a plain prefix, without `*`, `?` or `${`".into());
    }
    Ok(trimmed.to_owned())
}
