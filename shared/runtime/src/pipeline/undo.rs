//! Undo: what was there before comes back, by a named operator, with a reason.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Answer, Pipeline, known_now, not_carried};
use crate::alert::Alert;
use crate::case::{Case, Outcome, Work};
use crate::failure::Failure;
use crate::guard::{Touch, Touched};
use crate::keys;
use crate::store::{Expect, NotStored, Put};

use auditward_rules::registry;

/// An operator's wish to undo a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// The case.
    pub case: String,
    /// Why.
    pub reason: String,
}

/// A state that a person put back: it is accepted for a while, and only it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Restored {
    /// The state.
    pub state: Value,
    /// Who put it back, and why.
    pub by: String,
    /// Until when it is accepted.
    pub until: DateTime<Utc>,
}

/// How long a restored state is accepted.
const ACCEPTED: Duration = Duration::hours(24);

impl Pipeline<'_> {
    /// Undoes a case. `sender` is the unique ID of who sent the wish, as the
    /// queue vouches for it.
    pub async fn undo(&self, undo: &Undo, sender: &str) -> Answer {
        let mut answer = Answer::default();
        if let Err(failure) = self.try_undo(undo, sender, &mut answer).await {
            answer.metrics.count("Failures");
            let text = format!(
                "Case {} was not undone: {}.\n\nAsked for by {sender}: {}",
                undo.case, failure.message, undo.reason
            );
            let alert = Alert::plain(auditward_rules::rule::Severity::High, "undo failed", text);
            if let Err(failure) = self.outside.tell(&alert).await {
                answer.again(failure.to_string());
            }
            if failure.passes() {
                answer.again(failure.to_string());
            }
            answer.notes.push(failure.message);
        }
        answer
    }

    async fn try_undo(
        &self,
        undo: &Undo,
        sender: &str,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let refuse = |why: String| Failure::other("undo", why);
        let known = known_now(self).await;
        let Some(operator) = known.settings.operator(sender) else {
            return Err(refuse(format!(
                "{sender} is no operator; name who may undo under `operators` in auditward.toml"
            )));
        };
        if undo.reason.trim().is_empty() {
            return Err(refuse("an undo needs a reason".into()));
        }
        let key = keys::case(&undo.case);
        let items = self.store.get(std::slice::from_ref(&key)).await?;
        let Some(item) = items.get(&key) else {
            return Err(refuse(format!(
                "there is no case {}; see `auditward cases`",
                undo.case
            )));
        };
        let mut case = item.read::<Case>()?;
        if case.outcome == Outcome::Undone {
            answer.cases.push((case.id, case.outcome));
            return Ok(());
        }
        if case.lease > self.now {
            return Err(refuse(
                "the case is being worked on; try again in a minute".into(),
            ));
        }
        let by = format!("{} ({})", operator.principal, undo.reason);
        let written: Vec<Work> = case
            .steps
            .iter()
            .filter(|work| work.done && work.to.is_some())
            .cloned()
            .collect();
        if written.is_empty() {
            return Err(refuse(
                "nothing was written in this case, so there is nothing to undo".into(),
            ));
        }
        let never = |work: &&Work| {
            work.before
                .as_ref()
                .is_some_and(|before| !work.plan.writable(before))
        };
        if let Some(work) = written.iter().find(never) {
            let before = work
                .before
                .as_ref()
                .map(|before| work.plan.tell(before))
                .unwrap_or_default();
            let (kind, resource) = (work.plan.kind(), &work.plan.at().resource);
            return Err(refuse(format!(
                "{kind} of {resource} was: {before}. Auditward never makes it so again; if it was meant, name an exception in auditward.toml and do it by hand"
            )));
        }
        // What was written last goes first.
        for work in written.iter().rev() {
            self.put_back(work, &case.id, &by).await?;
        }
        case.outcome = Outcome::Undone;
        case.because = format!(
            "put back by {by}, accepted until {}",
            (self.now + ACCEPTED).format("%Y-%m-%d %H:%M UTC")
        );
        case.undone = Some(by);
        case.told = Some((self.clock(), Outcome::Undone));
        self.outside
            .tell(&Alert::of(&case, registry::rule(&case.rule)))
            .await?;
        let put = Put::new(key, Expect::Version(item.version), &case)?
            .listed("case", case.opened.to_rfc3339());
        self.store.put(&[put]).await.map_err(not_stored)?;
        answer.metrics.count("Undone");
        answer.cases.push((case.id, case.outcome));
        Ok(())
    }

    /// Puts one step's `before` back, if what is live is still what we wrote.
    async fn put_back(&self, work: &Work, case: &str, by: &str) -> Result<(), Failure> {
        let (Some(before), Some(to)) = (&work.before, &work.to) else {
            return Ok(());
        };
        let plan = &work.plan;
        let live = self.read(plan).await?;
        if plan.same(&live, before) {
            return Ok(());
        }
        if !plan.same(&live, to) {
            let why = format!(
                "{} was changed since: it is now {}; put back by hand what is still wanted",
                plan.at().resource,
                plan.tell(&live)
            );
            return Err(Failure::other(plan.kind(), why));
        }
        // The exception goes first: the write's own event must find it.
        let restored = Restored {
            state: before.clone(),
            by: by.to_owned(),
            until: self.now + ACCEPTED,
        };
        let expires = restored.until.timestamp();
        let put = Put::new(
            keys::restored(plan.kind(), plan.at()),
            Expect::Anything,
            &restored,
        )?;
        self.store
            .put(&[put.until(expires)])
            .await
            .map_err(not_stored)?;
        let touch = Touch::Write {
            from: &live,
            to: before,
        };
        let touched = match self.guard.touch(plan, touch) {
            Some(touched) => touched.await,
            None => Err(not_carried(plan, self.guard)),
        };
        let made = match &touched {
            Ok(Touched::Written(written)) => written.request_ids.as_slice(),
            Ok(Touched::Live(_)) => &[],
            // What came through before the call that failed is ours all the same.
            Err(failure) => failure.made.as_slice(),
        };
        let ledger = |id: &String| {
            Put::new(keys::ledger(id), Expect::Anything, &case).map(|put| put.until(expires))
        };
        let ledger = made.iter().map(ledger).collect::<Result<Vec<_>, _>>()?;
        if !ledger.is_empty() {
            self.store.put(&ledger).await.map_err(not_stored)?;
        }
        if let Err(failure) = touched {
            if !failure.passes() {
                // What was not put back is not accepted from anybody else either.
                let ended = Restored {
                    until: self.now - Duration::seconds(1),
                    ..restored
                };
                let key = keys::restored(plan.kind(), plan.at());
                let put = Put::new(key, Expect::Anything, &ended)?.until(self.now.timestamp());
                self.store.put(&[put]).await.map_err(not_stored)?;
            }
            return Err(failure);
        }
        let live = self.read(plan).await?;
        if plan.same(&live, before) {
            return Ok(());
        }
        Err(Failure::other(
            plan.kind(),
            format!("it was written, and reads as {}", plan.tell(&live)),
        ))
    }
}

fn not_stored(error: NotStored) -> Failure {
    match error {
        NotStored::Conflict => Failure::other(
            "store",
            "somebody else changed it in the same moment; try again",
        ),
        NotStored::Failed(failure) => failure,
    }
}
