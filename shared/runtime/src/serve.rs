//! A function's main: environment, logging, one invocation after the other.

use std::time::Instant;

use chrono::{DateTime, Utc};
pub use lambda_runtime::Error;
use lambda_runtime::layers::trace::request_span;
use lambda_runtime::{Diagnostic, LambdaEvent, Runtime, service_fn};
use serde::Serialize;
use tracing::Instrument;

use auditward_rules::arn::Arn;
use auditward_rules::settings::{self, Ours, Settings};

use crate::entry::{self, Entry, Payload};
use crate::guard::Guard;
use crate::known::Memo;
use crate::outside::Aws;
use crate::pipeline::{Answer, Pipeline};
use crate::sessions::{Home, Sessions};
use crate::store::Dynamo;

/// What the stack tells a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// The table.
    pub table: String,
    /// The topic for people.
    pub topic: String,
    /// The topic for chat clients, where there is one.
    pub chat: Option<String>,
    /// The function's own queue, for judging again and for undo.
    pub queue: String,
    /// The queues of dead letters, where this function looks after them.
    pub dead: Vec<String>,
    /// The unique IDs of the roles as which Auditward's functions run: what they say
    /// to each other is taken from nobody else. Empty where the stack does not say.
    pub functions: Vec<String>,
    /// Where it runs.
    pub home: Home,
    /// Settings for the time until some could be read.
    pub bundled: Settings,
}

impl Environment {
    /// Reads the environment.
    ///
    /// # Errors
    /// A sentence that names the variable that is missing.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let text = |name: &str| variable(name).filter(|value| !value.is_empty());
        let needed = |name: &str| {
            text(name).ok_or_else(|| {
                format!("the environment variable {name} is missing; the stack's template sets it")
            })
        };
        let listed = |name: &str| -> Vec<String> {
            let all = text(name).unwrap_or_default();
            let all = all.split(',').map(str::trim);
            all.filter(|one| !one.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Ok(Self {
            table: needed("AUDITWARD_TABLE")?,
            topic: needed("AUDITWARD_TOPIC_ARN")?,
            chat: text("AUDITWARD_CHAT_TOPIC_ARN"),
            queue: needed("AUDITWARD_REJUDGE_QUEUE_URL")?,
            dead: listed("AUDITWARD_DEAD_LETTER_QUEUE_URLS"),
            functions: listed("AUDITWARD_FUNCTION_ROLE_IDS"),
            home: Home {
                region: needed("AWS_REGION")?,
                member_role: text("AUDITWARD_MEMBER_ROLE")
                    .unwrap_or_else(|| "auditward-member".into()),
            },
            bundled: Settings {
                ours: Ours {
                    organization: text("AUDITWARD_ORGANIZATION"),
                    accounts: listed("AUDITWARD_ACCOUNTS"),
                    ..Ours::default()
                },
                ..Settings::default()
            },
        })
    }
}

/// Runs a function until Lambda ends it.
///
/// # Errors
/// The environment is incomplete, or the runtime's own.
pub async fn serve<G: Guard>(guard: impl FnOnce(&'static Sessions) -> G) -> Result<(), Error> {
    log();
    let environment = Environment::read(|name| std::env::var(name).ok())?;
    // One process, one function: what lives as long as the process may be leaked.
    let sessions: &'static Sessions = Box::leak(Box::new(Sessions::new(environment.home.clone())));
    let guard = guard(sessions);
    let store = Dynamo::new(sessions, environment.table);
    let outside = Aws::new(
        sessions,
        environment.topic,
        environment.chat,
        environment.queue,
        environment.dead,
        environment.functions.clone(),
    );
    let memo = Memo::new(environment.bundled);
    let functions = environment.functions;
    let (guard, store, outside, memo) = (&guard, &store, &outside, &memo);
    let functions = functions.as_slice();
    // Boxed, since the runtime moves what it is given several times.
    let invoked = |event: LambdaEvent<Payload>| {
        Box::pin(async move {
            let context = &event.context;
            if sessions.account().is_empty()
                && let Some(arn) = Arn::parse(&context.invoked_function_arn)
            {
                sessions.runs_in(arn.account);
                memo.runs_in(settings::Home {
                    account: arn.account.to_owned(),
                    member_role: sessions.home().member_role.clone(),
                });
            }
            let deadline = i64::try_from(context.deadline)
                .ok()
                .and_then(DateTime::from_timestamp_millis);
            let now = Utc::now();
            let pipeline = Pipeline {
                guard,
                store,
                outside,
                memo,
                now,
                started: Instant::now(),
                deadline: deadline.unwrap_or(now),
            };
            if let Some(answer) = at_once(&pipeline, &event.payload) {
                return Ok(Answered::One(answer));
            }
            let handled = Box::pin(handle(&pipeline, &event.payload, functions));
            handled.instrument(request_span(context)).await
        })
    };
    Runtime::new(service_fn(invoked)).run().await
}

/// The answer to an event about which nobody has to be asked, which is nearly
/// every one. Nothing is logged of it, so that it needs no span.
fn at_once(pipeline: &Pipeline<'_>, payload: &Payload) -> Option<Answer> {
    match payload {
        Payload::Json(payload) => {
            let record = entry::record(payload).ok()?;
            pipeline.at_once(&record).break_value()
        }
        Payload::Unreadable(_) => None,
    }
}

/// What a function answers: one event with one answer, a batch of messages with a list.
#[derive(Serialize)]
#[serde(untagged)]
enum Answered {
    One(Answer),
    Many(Vec<Answer>),
}

/// One invocation.
async fn handle(
    pipeline: &Pipeline<'_>,
    payload: &Payload,
    functions: &[String],
) -> Result<Answered, Diagnostic> {
    let payload = match payload {
        Payload::Json(payload) => payload,
        Payload::Unreadable(why) => {
            let why = format!("expected JSON: {why}");
            return Err(refuse(pipeline, "", &why).await);
        }
    };
    let function = pipeline.guard.function().name();
    let entries = match entry::sort(payload, functions) {
        Ok(entries) => entries,
        Err(why) => return Err(refuse(pipeline, payload.get(), &why).await),
    };
    let mut answers = Vec::with_capacity(entries.len());
    for entry in &entries {
        let answer = match entry {
            Entry::Pulse => pipeline.pulse().await,
            Entry::Sweep { after } => pipeline.sweep(after.as_ref()).await,
            Entry::SweepPlace { place, from } => pipeline.sweep_place(place, *from).await,
            Entry::CloseGap { from, to, after } => {
                pipeline.close_gap(*from, *to, after.as_ref()).await
            }
            Entry::ReadMissed(gap) => pipeline.read_missed(gap).await,
            Entry::Fix { resource, sender } => pipeline.fix(resource, sender).await,
            Entry::TakeBaselines { only, sender } => {
                pipeline.take_baselines(only.as_deref(), sender).await
            }
            Entry::Retire { retire, sender } => pipeline.retire(retire, sender).await,
            Entry::Undo { undo, sender } => pipeline.undo(undo, sender).await,
            Entry::Event { payload, turn } => match entry::record(payload) {
                Ok(record) => pipeline.record(&record, payload.get(), *turn).await,
                Err(why) => return Err(refuse(pipeline, payload.get(), &why).await),
            },
        };
        report(function, pipeline.now, &answer);
        if let Some(why) = answer.retry {
            tracing::warn!(why, "to be tried again");
            return Err(diagnostic("Retryable", &why));
        }
        answers.push(answer);
    }
    Ok(match answers.pop() {
        Some(only) if answers.is_empty() => Answered::One(only),
        last => {
            answers.extend(last);
            Answered::Many(answers)
        }
    })
}

/// One line in the log and one for the metrics, never the record itself.
fn report(function: &str, now: DateTime<Utc>, answer: &Answer) {
    if let Some(line) = answer.metrics.line(function, now) {
        println!("{line}");
    }
    if !answer.cases.is_empty() || !answer.notes.is_empty() {
        let cases: Vec<String> = answer
            .cases
            .iter()
            .map(|(id, outcome)| format!("{id} {}", outcome.name()))
            .collect();
        let verdict = answer.verdict.map_or("none", |verdict| verdict.name());
        tracing::info!(
            verdict,
            cases = cases.join(", "),
            notes = answer.notes.join("; "),
            "judged"
        );
    }
}

/// What cannot be read is told to people, then ends in the dead-letter queue.
async fn refuse(pipeline: &Pipeline<'_>, payload: &str, why: &str) -> Diagnostic {
    tracing::error!(why, "refused");
    if let Err(failure) = pipeline.refuse(payload, why).await {
        tracing::error!(%failure, "nobody was told");
    }
    diagnostic("Unreadable", why)
}

fn diagnostic(kind: &str, why: &str) -> Diagnostic {
    Diagnostic {
        error_type: kind.to_owned(),
        error_message: why.to_owned(),
    }
}

/// JSON lines, at the level that Lambda's logging settings name.
fn log() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").or_else(|_| std::env::var("RUST_LOG"));
    let level = level
        .ok()
        .and_then(|level| level.parse().ok())
        .unwrap_or(tracing::Level::INFO);
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(level)
        .init();
}
