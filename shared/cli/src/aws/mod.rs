//! Commands that talk to AWS: only to Auditward's own table and queues. What is
//! to be done in AWS the functions do, with their permissions and by their rules
//! of conduct; the command asks them to.

pub mod baseline;
pub mod cases;
pub mod push;
pub mod status;
pub mod undo;

use anyhow::{Context as _, bail};
use aws_config::{BehaviorVersion, Region};
use aws_sdk_sts::config::ProvideCredentials as _;

use serde::Serialize;

use auditward_rules::rule::Function;
use auditward_runtime::failure::Failure;
use auditward_runtime::https;
use auditward_runtime::sessions::{Home, Sessions};
use auditward_runtime::store::{Dynamo, NotStored};

use crate::output::{self, Format};

/// Which stack is meant.
#[derive(Clone, Debug, clap::Args)]
pub struct Stack {
    /// The stack's name, which its queues' names begin with.
    #[arg(long, value_name = "NAME", default_value = "auditward")]
    stack: String,
    /// The stack's table (its output `Table`); else `AUDITWARD_TABLE`.
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// The stack's region; else that of the environment or the AWS profile.
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Told {
    /// For people, or for machines: one list, or one object a line.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// The same as `--format json`.
    #[arg(long, hide = true, conflicts_with = "format")]
    json: bool,
}

impl Told {
    /// Prints one answer as JSON, where that was asked for; says whether it was.
    ///
    /// # Errors
    /// Standard output cannot be written.
    fn as_json(self, answer: &impl Serialize) -> anyhow::Result<bool> {
        match self.format {
            Format::Table if !self.json => return Ok(false),
            Format::Jsonl => output::print_line(answer)?,
            Format::Table | Format::Json => output::print_json(answer)?,
        }
        Ok(true)
    }

    /// The same for a list.
    ///
    /// # Errors
    /// Standard output cannot be written.
    fn all_as_json(self, answers: &[impl Serialize]) -> anyhow::Result<bool> {
        if self.format != Format::Jsonl {
            return self.as_json(&answers);
        }
        answers.iter().try_for_each(output::print_line)?;
        Ok(true)
    }
}

/// A connection to a stack.
#[derive(Debug)]
pub struct Connected {
    sessions: Sessions,
    stack: String,
    table: String,
}

impl Stack {
    /// Connects, with the credentials of the environment or the AWS profile.
    ///
    /// # Errors
    /// Region or table are not told, there are no credentials, or no certificates.
    pub async fn connect(&self) -> anyhow::Result<Connected> {
        let told = |given: &Option<String>, variable: &str| {
            given
                .clone()
                .or_else(|| std::env::var(variable).ok())
                .filter(|value| !value.is_empty())
        };
        let table = told(&self.table, "AUDITWARD_TABLE").context(
            "no table: give --table (the stack's output `Table`), or set AUDITWARD_TABLE",
        )?;
        let client = https::client()
            .context("no certificates to trust AWS by: install the system's ca-certificates")?;
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client);
        // Left to itself it looks where the AWS CLI does, `AWS_DEFAULT_REGION` and
        // ~/.aws/config among others.
        if let Some(region) = told(&self.region, "AWS_REGION") {
            loader = loader.region(Region::new(region));
        }
        let base = loader.load().await;
        let region = base.region().map(ToString::to_string);
        let region = region
            .filter(|region| !region.is_empty())
            .context("no region: give --region, or set AWS_REGION")?;
        let home = Home {
            region,
            member_role: String::new(),
        };
        // The first call would say so too, in words about the instance's metadata.
        if let Some(provider) = base.credentials_provider() {
            provider.provide_credentials().await.context(
                "no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            )?;
        }
        let sessions = Sessions::with(home, base);
        Ok(Connected {
            sessions,
            stack: self.stack.clone(),
            table,
        })
    }
}

impl Connected {
    /// The table.
    pub fn store(&self) -> Dynamo<'_> {
        Dynamo::new(&self.sessions, &self.table)
    }

    /// The caller's ARN.
    ///
    /// # Errors
    /// AWS does not know the credentials.
    pub async fn caller(&self) -> anyhow::Result<String> {
        let client = aws_sdk_sts::Client::new(self.sessions.central());
        let answer = client.get_caller_identity().send().await;
        let answer = answer.map_err(|error| Failure::of("sts:GetCallerIdentity", &error))?;
        Ok(answer.arn.unwrap_or_default())
    }

    /// Sends a message to a function's own queue.
    ///
    /// # Errors
    /// There is no such queue, or the caller may not send to it.
    pub async fn ask(&self, function: Function, message: &serde_json::Value) -> anyhow::Result<()> {
        let name = format!("{}-{}", self.stack, function.name());
        let client = aws_sdk_sqs::Client::new(self.sessions.central());
        let queue = client.get_queue_url().queue_name(&name).send().await;
        let queue = queue.map_err(|error| Failure::of("sqs:GetQueueUrl", &error));
        let queue = queue.with_context(|| {
            format!("the queue {name} does not answer: are --stack and --region right?")
        })?;
        let Some(url) = queue.queue_url() else {
            bail!("the queue {name} has no address")
        };
        let sent = client
            .send_message()
            .queue_url(url)
            .message_body(message.to_string())
            .send()
            .await;
        sent.map_err(|error| Failure::of("sqs:SendMessage", &error))?;
        Ok(())
    }
}

/// What to do about an error of AWS that does not say so itself.
pub fn next_step(error: &anyhow::Error) -> Option<&'static str> {
    let failure = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Failure>())?;
    if failure.denied() {
        return Some("use the credentials of an operator, who may do this");
    }
    match failure.code.as_str() {
        "ResourceNotFoundException" => {
            Some("give the stack's table (its output `Table`) and the stack's region")
        }
        "Connection" | "Timeout" => Some("look whether AWS can be reached from here"),
        _ => None,
    }
}

/// Runs a command's future.
///
/// # Errors
/// The command's own, or the runtime cannot be made.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

/// Why a document was not stored, for people.
fn not_stored(error: NotStored) -> anyhow::Error {
    match error {
        NotStored::Conflict => {
            anyhow::anyhow!("somebody else changed it in the same moment; look at it and try again")
        }
        NotStored::Failed(failure) => failure.into(),
    }
}
