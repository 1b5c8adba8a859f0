//! What is done about a record: read, claim with the intent, write, read again.
//!
//! Claim and intent are one conditional write that comes after the first reading, so
//! that a stopped trail is back after three round trips in sequence, and a crash
//! between any two of them leaves either nothing or a case whose lease runs out and
//! is taken up.
//!
//! Plans that only switch evidence on can harm nobody; all others are changes. The
//! rules of conduct, and where they are kept:
//!
//! 1. Only typed entries come in, and a payload that is none ends in the dead-letter
//!    queue, told (`entry`, `serve`).
//! 2. A failed call leads to no write; attempts of an hour fold into one (`case`).
//! 3. Our own write is one that the ledger has; our role without it is a finding
//!    (`own`).
//! 4. Once: a case is claimed with a lease, and so is each resource (`job`,
//!    `limits`).
//! 5. Live state is read before anything is decided (`work`).
//! 6. The least that helps is changed (the facets of `auditward-rules`).
//! 7. What was written is read again and must be safe (`work`).
//! 8. A breaker per resource and two fuses keep Auditward from running wild, and
//!    deployments have time to settle; evidence they only slow down (`intend`).
//! 9. The fix comes first, and the alert always (`close`, `tell`).
//! 10. A named operator can undo (`undo`).
//! 11. Exceptions end, pauses are short, and break-glass principals are told of and
//!     never written against (the settings' `held` and `excepted`).
//! 12. Without the store, or without settings, evidence is switched on all the same,
//!     and nothing else is written (`intend`, `known`).

mod ahead;
mod belongs;
mod close;
mod drift;
mod fix;
mod gap;
mod heal;
mod intend;
mod job;
mod learn;
mod left;
mod letters;
mod operator;
mod own;
mod places;
mod pulse;
mod retire;
mod stack;
mod sweep;
mod take;
mod tell;
#[cfg(test)]
mod tests;
mod undo;
mod unfinished;
mod unread;
mod work;

use std::ops::ControlFlow;
use std::sync::LazyLock;
use std::time::{Duration as Pause, Instant};

use chrono::{DateTime, Duration, Utc};
use memchr::memmem::Finder;
use serde::{Serialize, Serializer};
use serde_json::Value;

use futures_util::future::join;

use auditward_rules::actor::Actor;
use auditward_rules::arn::Arn;
use auditward_rules::inventory::Inventory;
use auditward_rules::json::Json;
use auditward_rules::judge::{Finding, Judgement, Verdict, judge};
use auditward_rules::plan::Plan;
use auditward_rules::record::Record;
use auditward_rules::registry;
use auditward_rules::settings::{Mode, Settings};

use crate::case::Outcome;
use crate::failure::Failure;
use crate::guard::{Guard, Touch, Touched};
use crate::keys;
use crate::known::{self, Fallback, Known, Memo};
use crate::metrics::Metrics;
use crate::outside::Outside;
use crate::store::Store;

use ahead::Ahead;
use job::Later;
use own::surely_guarded;

pub use ahead::Likely;
pub use drift::DRIFT;
pub use learn::Baseline;
pub use letters::Letter;
pub use places::{Closed, Place, Places};
pub use retire::Retire;
pub use undo::Undo;
pub use unread::{Unread, Unseen};

/// Everything an invocation works with.
pub struct Pipeline<'a> {
    /// Which plans are carried, with which hands.
    pub guard: &'a dyn Guard,
    /// What is remembered.
    pub store: &'a dyn Store,
    /// Whom to tell.
    pub outside: &'a dyn Outside,
    /// Settings kept from one invocation to the next.
    pub memo: &'a Memo,
    /// The clock, read once.
    pub now: DateTime<Utc>,
    /// The moment at which it was read.
    pub started: Instant,
    /// When this invocation is ended from outside.
    pub deadline: DateTime<Utc>,
}

impl std::fmt::Debug for Pipeline<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline")
            .field("now", &self.now)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Which time a record is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// As it came.
    First,
    /// Once more, after a delay: the last time where `last`.
    Again {
        /// Whether the case closes after this.
        last: bool,
    },
    /// Found by looking, without an event.
    Drift,
    /// A named operator asked for it.
    Asked,
}

/// How long after an event it is judged for the second time.
const SECOND: Duration = Duration::seconds(60);
/// And for the last.
const LAST: Duration = Duration::seconds(300);
/// How long after its time to settle a deployment's change is judged.
const SETTLED: Duration = Duration::seconds(5);

/// What an invocation did, as the function answers it.
#[derive(Debug, Default, Serialize)]
pub struct Answer {
    /// The gravest verdict.
    pub verdict: Option<Verdict>,
    /// The cases, with their outcome.
    #[serde(serialize_with = "cases")]
    pub cases: Vec<(String, Outcome)>,
    /// Why something was not a finding.
    pub notes: Vec<String>,
    /// Counts and times.
    #[serde(skip)]
    pub metrics: Metrics,
    /// Why the invocation must be tried again.
    #[serde(skip)]
    pub retry: Option<String>,
}

fn cases<S: Serializer>(cases: &[(String, Outcome)], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Named<'a> {
        id: &'a str,
        outcome: Outcome,
    }
    serializer.collect_seq(cases.iter().map(|(id, outcome)| Named {
        id,
        outcome: *outcome,
    }))
}

impl Answer {
    /// The event could not be sent to be judged again.
    fn not_sent(&mut self, failure: &Failure) {
        self.notes
            .push(format!("not judged again later: {failure}"));
        self.metrics.count("Failures");
        self.again(failure.to_string());
    }

    fn again(&mut self, why: impl Into<String>) {
        self.retry.get_or_insert_with(|| why.into());
    }
}

impl Pipeline<'_> {
    /// Judges one record and does what follows from it. `payload` is the record
    /// as it came, for judging it again.
    pub async fn record(&self, record: &Record<'_>, payload: &str, turn: Turn) -> Answer {
        match self.at_once(record) {
            ControlFlow::Break(answer) => answer,
            ControlFlow::Continue(likely) => self.look_into(record, payload, turn, likely).await,
        }
    }

    /// The answer, where nobody has to be asked for it: no rule of this function
    /// watches the call, or what is known since less than a minute ago finds
    /// nothing wrong with it. Else what is likely.
    pub fn at_once(&self, record: &Record<'_>) -> ControlFlow<Answer, Likely> {
        let function = self.guard.function();
        let mut watching = registry::watching(&record.event_source, record.plain_name());
        if !watching.any(|rule| rule.function == function) {
            return ControlFlow::Break(Answer {
                verdict: Some(Verdict::OutOfScope),
                ..Answer::default()
            });
        }
        let fresh = self.memo.fresh(self.now);
        // Without settings more is found rather than less.
        let judgement = match &fresh {
            Some(known) => judge(record, &known.settings, &known.inventory, self.now),
            None => judge(
                record,
                &Settings::default(),
                &Inventory::default(),
                self.now,
            ),
        };
        // What is noted is logged.
        let quiet = judgement.notes.is_empty()
            && judgement.findings.is_empty()
            && judgement.accepted.is_empty()
            && judgement.excepted.is_empty()
            && !may_be_ours(record)
            && fresh
                .as_ref()
                .is_some_and(|known| known.settings.kill_switch.is_none());
        if !quiet {
            return ControlFlow::Continue(Likely { fresh, judgement });
        }
        ControlFlow::Break(Answer {
            verdict: Some(judgement.verdict()),
            ..Answer::default()
        })
    }

    /// Reads, decides, writes and tells, as far as a record asks for it.
    async fn look_into(
        &self,
        record: &Record<'_>,
        payload: &str,
        turn: Turn,
        likely: Likely,
    ) -> Answer {
        let mut answer = Answer::default();
        let function = self.guard.function();
        let mut ahead = self.look_ahead(record, payload, likely, &mut answer).await;
        let known = ahead.known.clone();
        if self.is_own_write(record, &ahead) {
            answer.verdict = Some(Verdict::Clean);
            answer
                .notes
                .push("our own write, as the ledger shows".into());
            return answer;
        }
        let mut judgement = std::mem::take(&mut ahead.judgement);
        // An event may reach several functions, each for its own rules.
        judgement
            .findings
            .retain(|finding| finding.rule.function == function);
        if !self.explained(record, &known, &mut judgement).await {
            self.add_unexplained(record, &known, &mut judgement);
        }
        answer.verdict = Some(judgement.verdict());
        answer.notes.append(&mut judgement.notes);
        self.learn_accepted(&judgement, record, &mut answer).await;
        self.note_excepted(&judgement, record, &mut answer).await;
        let mut later = (turn == Turn::First).then_some(Later {
            payload,
            first: self.first_later(record, &judgement, &known),
            sent: false,
        });
        for mut finding in judgement.findings {
            if known.fallback.is_some() {
                // What held it back before holds it back still.
                finding.held = finding.held.or_else(|| known.held());
                if !known.remembered && surely_guarded(&finding, &known.settings) {
                    // Without settings evidence is switched on all the same.
                    finding.mode = Mode::Enforce;
                }
            }
            self.finding(record, &finding, &mut ahead, turn, &mut later, &mut answer)
                .await;
        }
        // No fix waits for an alert.
        self.remind(&known, &mut answer).await;
        answer
    }

    /// Reads a plan's facet with the hand that can.
    async fn read(&self, plan: &Plan) -> Result<Value, Failure> {
        match self.guard.touch(plan, Touch::Read) {
            Some(touched) => match touched.await? {
                Touched::Live(state) => Ok(state),
                Touched::Written(_) => Err(Failure::other(plan.kind(), "a reading wrote")),
            },
            None => Err(not_carried(plan, self.guard)),
        }
    }

    fn is_own_write(&self, record: &Record<'_>, ahead: &Ahead<'_>) -> bool {
        let Known {
            settings,
            inventory,
            ..
        } = &ahead.known;
        is_own_role(Actor::of(record), settings, inventory)
            && ahead.items.contains_key(&keys::ledger(&record.request_id))
    }

    /// Our own role without a ledger entry is no immunity but a finding of its own.
    fn add_unexplained(&self, record: &Record<'_>, known: &Known, judgement: &mut Judgement) {
        let actor = Actor::of(record);
        let rule = registry::UNEXPLAINED;
        if record.failed() || !is_own_role(actor, &known.settings, &known.inventory) {
            return;
        }
        let mode = known
            .settings
            .mode_of(rule.id, &record.account(), &actor.issuer);
        if mode == Mode::Off
            || rule.function != self.guard.function() && judgement.findings.is_empty()
        {
            return;
        }
        judgement.findings.push(Finding {
            rule,
            severity: rule.severity,
            resource: actor.issuer.clone(),
            summary: format!(
                "{} called {} and no case says why; somebody else may be using the role",
                actor.name(),
                record.event_name
            ),
            mode,
            plan: Vec::new(),
            verdict: Verdict::Violation,
            held: None,
            certain: true,
            settles: false,
        });
    }

    /// Sends the record to this function once more, after one and after five
    /// minutes: the first reading may have been older than the event.
    async fn judge_again_later(&self, payload: &str, first: Duration) -> Result<(), Failure> {
        let send = async |delay: Duration, last: bool| {
            let delay = delay.to_std().unwrap_or_default();
            self.judge_again(payload, delay, last).await
        };
        let (first, last) = join(send(first, false), send(LAST, true)).await;
        first.and(last)
    }

    /// How long after now a record is judged for the second time: what a deployment
    /// made, as soon as it has had its time to settle.
    fn first_later(&self, record: &Record<'_>, judgement: &Judgement, known: &Known) -> Duration {
        let made = DateTime::parse_from_rfc3339(&record.event_time);
        let settle = Duration::seconds(known.settings.fuses.settle().into());
        match made {
            Ok(made) if judgement.findings.iter().any(|finding| finding.settles) => {
                (made.to_utc() + settle + SETTLED - self.now).clamp(SECOND, LAST)
            }
            _ => SECOND,
        }
    }

    /// Sends the record to this function once more, after a delay.
    async fn judge_again(&self, payload: &str, delay: Pause, last: bool) -> Result<(), Failure> {
        let message = format!(r#"{{"auditward":"judge-again","last":{last},"event":{payload}}}"#);
        self.outside.later(&message, delay).await
    }
}

fn not_carried(plan: &Plan, guard: &dyn Guard) -> Failure {
    let function = guard.function().name();
    Failure::other(
        plan.kind(),
        format!("{function} does not carry plans of this kind"),
    )
}

/// What the names of Auditward's own roles have in them.
const OURS: &str = "auditward";
static OURS_ANYWHERE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(OURS));

/// Whether a caller may be one of ours, by name alone: cheap, and only a reason
/// to look into the ledger.
fn may_be_ours(record: &Record<'_>) -> bool {
    let named = |identity: Json<'_>| OURS_ANYWHERE.find(identity.text().as_bytes()).is_some();
    record.identity().is_some_and(named)
}

/// Whether a caller is one of Auditward's own roles, in an account of ours.
fn is_own_role(actor: &Actor, settings: &Settings, inventory: &Inventory) -> bool {
    actor.issuer.contains(OURS)
        && Arn::parse(&actor.issuer).is_some_and(|arn| arn.resource.starts_with("role/"))
        && settings.is_guard_role(&actor.issuer, inventory)
}

/// Reads the settings afresh, for what is not about a record.
async fn known_now(pipeline: &Pipeline<'_>) -> Known {
    match pipeline.memo.fresh(pipeline.now) {
        Some(known) => known,
        None => match known::read(pipeline.store, pipeline.memo, pipeline.now).await {
            Ok(known) => known,
            Err(_) => pipeline.memo.without(Fallback::Unreachable, pipeline.now),
        },
    }
}
