//! The end of a finding: put into words, told, stored.

use chrono::{DateTime, Duration, Utc};

use auditward_rules::judge::Verdict;
use auditward_rules::registry;
use auditward_rules::rule::Severity;

use super::job::{Job, alerts_of};
use super::work::Stop;
use super::{Answer, Turn};
use crate::alert::Alert;
use crate::case::{Case, Outcome};
use crate::failure::Failure;
use crate::keys;
use crate::store::{Expect, Item, NotStored, Put};

impl Job<'_> {
    /// Puts what came of the work into words and numbers.
    pub(super) fn settle(&mut self, worked: Result<(), Stop>, answer: &mut Answer) {
        let case = &mut self.case.value;
        let before = case.outcome;
        let steps_written = case
            .steps
            .iter()
            .any(|work| work.intended.is_some() && work.done);
        let (outcome, because) = match worked {
            Ok(()) if self.finding.verdict == Verdict::Attempt => (Outcome::Attempt, String::new()),
            Ok(()) if steps_written => (Outcome::Fixed, String::new()),
            // That a later look finds all well is no news to those who were told.
            Ok(()) if before == Outcome::Fixed => (before, case.because.clone()),
            Ok(()) => {
                if before != Outcome::Open && self.turn != Turn::First {
                    case.told = case.told.map(|(at, _)| (at, Outcome::AlreadySafe));
                }
                (Outcome::AlreadySafe, String::new())
            }
            Err(Stop::Would(why)) => (Outcome::WouldFix, why),
            Err(Stop::Waiting(why)) => (Outcome::Waiting, why),
            Err(Stop::ByHand(why)) => (Outcome::ByHand, why),
            Err(Stop::CannotTell(why)) => (Outcome::CannotTell, why),
            Err(Stop::Failed(failure)) => {
                if failure.passes() {
                    answer.again(failure.to_string());
                }
                (Outcome::Failed, failure.to_string())
            }
            Err(Stop::Held(why)) => {
                answer.again(why.clone());
                (Outcome::Waiting, why)
            }
            Err(Stop::Excepted(why)) => (Outcome::Waiting, why),
        };
        let (event, changed) = (case.event.time.clone(), outcome != before);
        case.outcome = outcome;
        case.because = because;
        // Judged again, it is the same finding still.
        if before == Outcome::Open {
            answer.metrics.count("Findings");
        }
        match outcome {
            Outcome::Fixed if changed || self.wrote => answer.metrics.count("Fixes"),
            Outcome::Failed => answer.metrics.count("Failures"),
            Outcome::Waiting | Outcome::ByHand if changed => answer.metrics.count("Refused"),
            _ => {}
        }
        if outcome == Outcome::Fixed
            && self.wrote
            && let Ok(time) = DateTime::parse_from_rfc3339(&event)
        {
            let took = self.pipeline.clock() - time.with_timezone(&Utc);
            answer
                .metrics
                .milliseconds("EventToSafeMs", took.num_milliseconds());
        }
    }

    /// Whether people are to be told how the case stands now.
    pub(super) fn is_news(&self) -> bool {
        let case = &self.case.value;
        let told = case
            .told
            .is_some_and(|(_, outcome)| outcome == case.outcome);
        let settling = case.outcome == Outcome::Waiting && self.is_settling();
        !told && !settling
    }

    /// Tells people, then stores how it stands and lets go of what was held.
    pub(super) async fn tell_and_close(&mut self, news: bool, over: bool, answer: &mut Answer) {
        if news {
            self.name_stack(&mut answer.notes).await;
        }
        let told = async {
            match news {
                true => self.tell().await.map(Some),
                false => Ok(None),
            }
        };
        let (told, sent) = futures_util::future::join(told, self.send_later()).await;
        self.note_sent(sent, answer);
        if over {
            self.case.value.closed = Some(self.pipeline.clock());
        }
        match told {
            Ok(None) => {}
            Ok(Some(())) => {
                self.case.value.told = Some((self.pipeline.clock(), self.case.value.outcome));
            }
            Err(failure) => {
                self.case.value.closed = None;
                answer.metrics.count("AlertFailures");
                answer.notes.push(format!("nobody was told: {failure}"));
                answer.again(failure.to_string());
            }
        }
        self.case.value.lease = self.pipeline.now;
        let now = self.pipeline.clock();
        for resource in self.resources.values_mut() {
            resource.value.release(now);
        }
        if let Err(error) = self.close().await {
            let why = match error {
                NotStored::Conflict => "somebody else works on it".to_owned(),
                NotStored::Failed(failure) => failure.to_string(),
            };
            answer
                .notes
                .push(format!("the case could not be stored: {why}"));
            answer.again(why);
        }
        self.note_left().await;
        answer.verdict = answer.verdict.max(Some(self.finding.verdict));
        answer
            .cases
            .push((self.case.value.id.clone(), self.case.value.outcome));
    }

    /// Stores how the case stands in the end. A store that did not answer before
    /// is asked once more: otherwise what was there before the write is lost, and
    /// the retry would take it for somebody else's.
    async fn close(&mut self) -> Result<(), NotStored> {
        if self.stored {
            return self.commit().await;
        }
        if !self.wrote {
            // What was decided without the store is not what the retry must go by.
            return Ok(());
        }
        self.stored = true;
        // How these stand nobody knows; leases run out.
        self.resources.clear();
        self.fuses.clear();
        let mut closed = self.commit().await;
        if matches!(closed, Err(NotStored::Conflict)) && self.is_own_claim().await {
            closed = self.commit().await;
        }
        self.stored = closed.is_ok();
        closed
    }

    /// Whether the case in the store is this invocation's own claim, whose answer
    /// did not arrive.
    async fn is_own_claim(&mut self) -> bool {
        let keys = [keys::case(&self.case.value.id)];
        let items = self.pipeline.store.get(&keys).await.unwrap_or_default();
        let Some(item) = keys.first().and_then(|key| items.get(key)) else {
            return false;
        };
        self.case.version = Some(item.version);
        item.read::<Case>()
            .is_ok_and(|case| case.lease == self.pipeline.deadline && case.told.is_none())
    }

    /// Has the event judged again later, where that is still to be done.
    pub(super) async fn ask_again(&mut self, answer: &mut Answer) {
        let sent = self.send_later().await;
        self.note_sent(sent, answer);
    }

    async fn send_later(&self) -> Result<(), Failure> {
        match self.later {
            Some(later) if !later.sent && !self.case.value.again_asked => {
                let pipeline = self.pipeline;
                pipeline.judge_again_later(later.payload, later.first).await
            }
            _ => Ok(()),
        }
    }

    /// What was not sent is sent by the retry, which finds it in the case.
    fn note_sent(&mut self, sent: Result<(), Failure>, answer: &mut Answer) {
        match (sent, &mut self.later) {
            (Ok(()), Some(later)) => {
                later.sent = true;
                self.case.value.again_asked = true;
            }
            (Ok(()), None) => {}
            (Err(failure), _) => answer.not_sent(&failure),
        }
    }

    /// Tells people, unless the severity is below what they want to hear of, or
    /// the account has had its share of this hour: then one digest says so, and
    /// only critical findings still go out.
    async fn tell(&self) -> Result<(), Failure> {
        let case = &self.case.value;
        let alerts = &self.known.settings.alerts;
        if case.severity < alerts.at_least {
            return Ok(());
        }
        let alert = Alert::of(case, registry::rule(&case.rule));
        if case.severity == Severity::Critical || !self.stored {
            return self.pipeline.outside.tell(&alert).await;
        }
        let key = alerts_of(&case.account, self.pipeline.now);
        let told = self
            .items
            .get(&key)
            .and_then(|item| item.read::<u32>().ok())
            .unwrap_or_default();
        let share = alerts.per_account_and_hour;
        if told < share {
            self.pipeline.outside.tell(&alert).await?;
        } else if told == share {
            let text = format!(
                "Account {} has had {share} alerts in this hour. Further ones are kept as cases and not sent, critical ones excepted.",
                case.account
            );
            let about = format!("many findings in {}", case.account);
            let pipeline = self.pipeline;
            let digest = pipeline.notice(Severity::High, &about, text, "auditward cases");
            pipeline.outside.tell(&digest).await?;
        }
        let expires = (self.pipeline.now + Duration::hours(2)).timestamp();
        let put = Put::new(key, Expect::Anything, &(told + 1))?.until(expires);
        match self.pipeline.store.put(&[put]).await {
            // Counting is no reason to tell people twice.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Stores the case, the resources and fuses in hand and the ledger: all or
    /// nothing. Without a store nothing is stored.
    pub(super) async fn commit(&mut self) -> Result<(), NotStored> {
        if !self.stored {
            return Ok(());
        }
        let expires = self.pipeline.case_expires();
        let case = &self.case;
        let opened = case.value.opened.to_rfc3339();
        let put = Put::new(keys::case(&case.value.id), case.expect(), &case.value);
        let mut puts = vec![
            put.map_err(NotStored::Failed)?
                .until(expires)
                .listed("case", opened),
        ];
        for (key, resource) in &self.resources {
            let put =
                Put::new(key, resource.expect(), &resource.value).map_err(NotStored::Failed)?;
            puts.push(put.until(expires));
        }
        for (key, fuse) in &self.fuses {
            puts.push(
                Put::new(key, fuse.expect(), &fuse.value)
                    .map_err(NotStored::Failed)?
                    .until(expires),
            );
        }
        puts.extend(self.ledger_puts().map_err(NotStored::Failed)?);
        self.pipeline.store.put(&puts).await?;
        puts.into_iter().for_each(|put| self.know(put));
        let next = |version: &mut Option<u64>| *version = Some(version.unwrap_or_default() + 1);
        next(&mut self.case.version);
        self.resources
            .values_mut()
            .for_each(|resource| next(&mut resource.version));
        // A fuse is checked and changed once a step; others may change it meanwhile.
        self.fuses.clear();
        self.ledger.clear();
        Ok(())
    }

    /// What was stored is what is known from now on: the next step builds on it.
    pub(super) fn know(&mut self, put: Put) {
        let version = match put.expect {
            Expect::Absent => 1,
            Expect::Version(version) => version + 1,
            // Nobody compares the version of what is always overwritten.
            Expect::Anything => return,
        };
        let body = put.body;
        self.items.insert(put.key, Item { version, body });
    }

    fn ledger_puts(&self) -> Result<Vec<Put>, Failure> {
        let (case, expires) = (&self.case.value.id, self.pipeline.case_expires());
        let put = |request: &String| {
            Put::new(keys::ledger(request), Expect::Anything, case).map(|put| put.until(expires))
        };
        self.ledger.iter().map(put).collect()
    }

    /// Puts what was written into the ledger, and says whether it stands there now.
    /// Otherwise it goes with the case.
    pub(super) async fn put_ledger(&self) -> bool {
        match self.ledger_puts() {
            Ok(puts) if !puts.is_empty() => self.pipeline.store.put(&puts).await.is_ok(),
            _ => false,
        }
    }
}
