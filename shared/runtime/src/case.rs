//! A case: one finding's story, which undo, dedupe, the breaker and the audit read.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use auditward_rules::actor::Actor;
use auditward_rules::judge::{Finding, Verdict};
use auditward_rules::plan::Plan;
use auditward_rules::record::Record;
use auditward_rules::rule::Severity;
use auditward_rules::settings::Mode;

/// How a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Being worked on, by whoever holds the lease.
    Open,
    /// It was unsafe, and is safe again, proven by a second reading.
    Fixed,
    /// It was safe already when it was read.
    AlreadySafe,
    /// It is unsafe, and would have been put back in mode `enforce`.
    WouldFix,
    /// It is unsafe, and a person must act.
    ByHand,
    /// What was tried did not hold or was refused; it is tried again.
    Failed,
    /// It waits: for a breaker, a fuse, or for a deployment to settle.
    Waiting,
    /// A failed call; nothing to put back.
    Attempt,
    /// The live state does not tell.
    CannotTell,
    /// A person put back what was there before.
    Undone,
}

impl Outcome {
    /// The outcome in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Fixed => "fixed",
            Self::AlreadySafe => "already-safe",
            Self::WouldFix => "would-fix",
            Self::ByHand => "by-hand",
            Self::Failed => "failed",
            Self::Waiting => "waiting",
            Self::Attempt => "attempt",
            Self::CannotTell => "cannot-tell",
            Self::Undone => "undone",
        }
    }
}

/// One finding's story.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Case {
    /// The case's key: the same for every copy of an event.
    pub id: String,
    /// The rule's id.
    pub rule: String,
    /// How much it matters.
    pub severity: Severity,
    /// What the rule said.
    pub verdict: Verdict,
    /// What Auditward may do about it.
    pub mode: Mode,
    /// The resource's ARN.
    pub resource: String,
    /// The account in which it happened.
    pub account: String,
    /// The region in which it was recorded.
    pub region: String,
    /// What happened, in a sentence.
    pub summary: String,
    /// Who did it.
    pub actor: Actor,
    /// The call.
    pub event: Event,
    /// How it stands.
    pub outcome: Outcome,
    /// Why it stands so, where that needs words.
    #[serde(default)]
    pub because: String,
    /// The CloudFormation stack through which it was done, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// What was done or would be, in order.
    #[serde(default)]
    pub steps: Vec<Work>,
    /// When it was opened.
    pub opened: DateTime<Utc>,
    /// Until when somebody works on it.
    pub lease: DateTime<Utc>,
    /// When, and for which outcome, people were told.
    #[serde(default)]
    pub told: Option<(DateTime<Utc>, Outcome)>,
    /// Whether its event was sent to be judged again later.
    #[serde(default)]
    pub again_asked: bool,
    /// When it was judged for the last time.
    #[serde(default)]
    pub closed: Option<DateTime<Utc>>,
    /// Who undid it and why.
    #[serde(default)]
    pub undone: Option<String>,
}

/// The call that a case is about.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Event {
    /// The record's identifier, common to all its copies.
    pub id: String,
    /// The identifier of the one copy that opened the case, by which AWS's event
    /// history has it.
    #[serde(default)]
    pub own_id: String,
    /// The service.
    pub source: String,
    /// The call.
    pub name: String,
    /// When it was made, as the record says.
    pub time: String,
    /// Its error code, where it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
}

/// One step of a case: what was there, what was wanted, what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// The plan.
    pub plan: Plan,
    /// What was there before the first write; it is what undo puts back. Before
    /// one is intended: what was read.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub before: Option<Value>,
    /// What was to be written.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub to: Option<Value>,
    /// What is changed, in words.
    #[serde(default)]
    pub why: String,
    /// When its write was last intended, and so may have happened; `None` where
    /// it was only told of. Whatever is safe then was made so by somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intended: Option<DateTime<Utc>>,
    /// Whether it was written and proven.
    pub done: bool,
    /// Whether it only switched evidence back on.
    #[serde(default)]
    pub evidence_on: bool,
}

impl Work {
    /// Whether Auditward wrote it: what was never intended was only told of, and
    /// somebody else made it so.
    pub fn is_written(&self) -> bool {
        self.done && self.intended.is_some() && self.to.is_some()
    }

    /// Whether undo may put back what was there before.
    pub fn may_be_undone(&self) -> bool {
        let before = self.before.as_ref();
        before.is_none_or(|before| self.plan.writable(before))
    }
}

/// Absence is a state: a `null` that was stored is read as one.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Case {
    /// A new case for a finding.
    pub fn open(
        record: &Record<'_>,
        finding: &Finding,
        now: DateTime<Utc>,
        lease: DateTime<Utc>,
    ) -> Self {
        Self {
            id: case_id(&record.identifier(), finding.rule.id, &finding.resource),
            rule: finding.rule.id.to_owned(),
            severity: finding.severity,
            verdict: finding.verdict,
            mode: finding.mode,
            resource: finding.resource.clone(),
            account: record.account().into_owned(),
            region: record.region.to_string(),
            summary: finding.summary.clone(),
            actor: Actor::of(record).clone(),
            event: Event {
                id: record.identifier().into_owned(),
                own_id: record.event_id.to_string(),
                source: record.event_source.to_string(),
                name: record.event_name.to_string(),
                time: record.event_time.to_string(),
                error: record.error_code.to_string(),
            },
            outcome: Outcome::Open,
            because: String::new(),
            stack: None,
            steps: Vec::new(),
            opened: now,
            lease,
            told: None,
            again_asked: false,
            closed: None,
            undone: None,
        }
    }

    /// Whether its event is still to be sent to be judged again.
    pub fn again_open(&self) -> bool {
        !self.again_asked && self.closed.is_none() && self.outcome != Outcome::Undone
    }

    /// The step that works on a plan's facet and resource.
    pub fn work_on(&mut self, plan: &Plan) -> Option<&mut Work> {
        self.steps.iter_mut().find(|work| work.plan.is_about(plan))
    }
}

/// The key of a case: a short hash, so that it can be typed.
pub fn case_id(event: &str, rule: &str, resource: &str) -> String {
    let mut hash = Sha256::new();
    for part in [event, rule, resource] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Attempts fold into one case by rule, resource, actor and hour: the hour of the
/// event, so that its copies and retries are one, and the actor without the
/// session's name, which a caller chooses anew for each call.
pub fn attempt_id(rule: &str, resource: &str, record: &Record<'_>) -> String {
    let actor = Actor::of(record);
    let who = match actor.issuer.as_str() {
        "" => actor.name(),
        issuer => issuer,
    };
    let own = record.identifier();
    let hour = record.event_time.get(.."2026-11-20T10".len());
    let hour = hour.unwrap_or(&own);
    let id = format!("attempt {who} {} {hour}", actor.unique_id);
    case_id(&id, rule, resource)
}
