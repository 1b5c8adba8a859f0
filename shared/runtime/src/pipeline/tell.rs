//! What people are told besides cases: reports of looks, and that a look failed.
//! Only what was said is taken for said.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use auditward_rules::rule::Severity;

use super::sweep::Seen;
use super::unread::Unseen;
use super::{Answer, Pipeline};
use crate::alert::{Alert, Notice};
use crate::case::case_id;
use crate::failure::Failure;
use crate::keys;
use crate::known::{Fallback, Known};
use crate::store::{Expect, Item, NotStored, Put};

/// That something is told, or about to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Telling {
    /// Whether it was.
    told: bool,
    /// Until when somebody is about to.
    lease: DateTime<Utc>,
}

/// Who tells.
enum Teller {
    /// This invocation, and the store knows.
    Noted,
    /// This invocation; the store does not answer.
    Unnoted,
    /// Somebody did, or is about to.
    Another,
}

impl Pipeline<'_> {
    /// Tells people once in a while: whoever comes first does, and what could not
    /// be told is told by who comes next. A store that does not answer keeps nobody
    /// from being told.
    pub(super) async fn tell_once(
        &self,
        what: &str,
        keep: Duration,
        alert: &Alert,
    ) -> Result<(), Failure> {
        let key = keys::told(what);
        let teller = self.teller(&key, keep).await;
        match teller {
            Teller::Another => return Ok(()),
            Teller::Unnoted if self.memo.was_said(&key, self.now, keep) => return Ok(()),
            Teller::Noted | Teller::Unnoted => {}
        }
        let told = self.outside.tell(alert).await;
        if told.is_ok() {
            self.memo.said(&key, self.now);
        }
        if matches!(teller, Teller::Noted) {
            let telling = Telling {
                told: told.is_ok(),
                lease: DateTime::UNIX_EPOCH,
            };
            // Should it not be noted, it is told once more when the lease is over.
            if let Ok(put) = Put::new(&key, Expect::Anything, &telling) {
                let expires = (self.now + keep).timestamp();
                let _ = self.store.put(&[put.until(expires)]).await;
            }
        }
        told
    }

    async fn teller(&self, key: &str, keep: Duration) -> Teller {
        let Ok(items) = self.store.get(&[key.to_owned()]).await else {
            return Teller::Unnoted;
        };
        let item = items.get(key);
        match item.map(Item::read::<Telling>) {
            None => {}
            Some(Ok(telling)) if !telling.told && telling.lease <= self.now => {}
            Some(_) => return Teller::Another,
        }
        let telling = Telling {
            told: false,
            lease: self.deadline,
        };
        let put = Put::new(key, Expect::from(item), &telling);
        let claimed = match put {
            Ok(put) => {
                let expires = (self.now + keep).timestamp();
                self.store.put(&[put.until(expires)]).await
            }
            Err(failure) => Err(NotStored::Failed(failure)),
        };
        match claimed {
            Ok(()) => Teller::Noted,
            Err(NotStored::Conflict) => Teller::Another,
            Err(NotStored::Failed(_)) => Teller::Unnoted,
        }
    }

    /// What keeps Auditward from writing is itself a critical alert, once an hour:
    /// the kill switch while it is on, and settings that cannot be used.
    pub(super) async fn remind(&self, known: &Known, answer: &mut Answer) {
        let switch = known.settings.kill_switch.as_ref();
        if let Some(switch) = switch.filter(|switch| self.now <= switch.until.0) {
            let text = format!(
                "The kill switch is on until {}: Auditward writes nothing.\n\nWho: {}\nWhy: {}",
                switch.until.0, switch.by, switch.reason
            );
            let next = "to end it earlier, take `kill_switch` out of auditward.toml and push the settings.";
            let alert = self.notice(Severity::Critical, "the kill switch is on", text, next);
            self.tell_hourly("kill-switch", &alert, answer).await;
        }
        if let Some(Fallback::Unusable(why)) = &known.fallback {
            let text = format!(
                "Auditward works without its settings: {why}.\n\nUntil they are back it tells of everything and switches evidence on, and makes no other change."
            );
            let next = "auditward settings check auditward.toml, then push it again; and look at the table and who may write to it.";
            let alert = self.notice(Severity::Critical, "settings cannot be used", text, next);
            self.tell_hourly("no-settings", &alert, answer).await;
        }
    }

    async fn tell_hourly(&self, about: &str, alert: &Alert, answer: &mut Answer) {
        let what = format!("{about}/{}", self.now.format("%Y-%m-%dT%H"));
        let told = self.tell_once(&what, Duration::hours(2), alert).await;
        self.untold(told, answer);
    }

    /// An alert about no case, from where this function is at home.
    pub(super) fn notice(
        &self,
        severity: Severity,
        about: &str,
        text: String,
        next: &str,
    ) -> Alert {
        let home = self.guard.home();
        Alert::notice(Notice {
            severity,
            about,
            text,
            next,
            account: home.account,
            region: home.region,
            now: self.now,
        })
    }

    /// Tells people of a payload that cannot be taken, once however often it is
    /// delivered. It ends in the dead-letter queue.
    pub async fn refuse(&self, payload: &str, why: &str) -> Result<(), Failure> {
        let text = format!(
            "{} was given something it cannot take: {why}.\n\nIt is kept in the dead-letter queue.",
            self.guard.function().name()
        );
        let next = "look at it there, and at who may send to the function.";
        let alert = self.notice(Severity::High, "unreadable event", text, next);
        let what = format!("refused/{}", case_id(payload, why, ""));
        self.tell_once(&what, Duration::days(1), &alert).await
    }

    /// What no baseline vouches for is told once, in one report, however much it
    /// is: a wave of alerts would be read by nobody, a wave of writes by all.
    pub(super) async fn report(&self, what: &str, seen: &Seen, answer: &mut Answer) {
        if seen.unrecorded.is_empty() && seen.unread.is_empty() {
            return;
        }
        self.note_unread(what, seen.unread.clone()).await;
        let unread: Vec<String> = seen.unread.iter().map(Unseen::words).collect();
        let function = self.guard.function().name();
        let mut text = format!("{function} looked ({what}) and found, without an event:");
        let mut next = Vec::new();
        for (title, lines, then) in [
            (
                "Unsafe or unknown, and no earlier state is recorded",
                &seen.unrecorded,
                "for each without a recorded state, `auditward baseline approve RESOURCE` keeps it as it is, `auditward baseline fix RESOURCE` has Auditward put it right",
            ),
            (
                "Could not be read",
                &unread,
                "of what could not be read, look whether Auditward's role is there and may read it",
            ),
        ] {
            if !lines.is_empty() {
                text.push_str(&format!("\n\n{title}:\n  - {}", lines.join("\n  - ")));
                next.push(then);
            }
        }
        let day = self.now.format("%Y-%m-%d");
        let told = format!("{function}/{day}/{}", case_id(&text, "", ""));
        let next = format!("{}.", next.join("; "));
        let alert = self.notice(Severity::Medium, "drift without a baseline", text, &next);
        let told = self.tell_once(&told, Duration::hours(30), &alert).await;
        self.untold(told, answer);
    }

    /// That nobody could be told ends no look: it is tried again.
    pub(super) fn untold(&self, told: Result<(), Failure>, answer: &mut Answer) {
        if let Err(failure) = told {
            answer.metrics.count("AlertFailures");
            answer.notes.push(format!("nobody was told: {failure}"));
            answer.again(failure.to_string());
        }
    }

    /// A look that failed as a whole is told once an hour.
    pub(super) async fn unwell(&self, what: &str, failure: &Failure, answer: &mut Answer) {
        self.unwell_at(what, None, failure, answer).await;
    }

    /// The same of a look at one place: what keeps many from being looked at is told
    /// once, with the name of the first.
    pub(super) async fn unwell_at(
        &self,
        look: &str,
        place: Option<&str>,
        failure: &Failure,
        answer: &mut Answer,
    ) {
        let what = &match place {
            Some(place) => format!("{look} of {place}"),
            None => look.to_owned(),
        };
        answer.metrics.count("Failures");
        answer.notes.push(format!("{what}: {failure}"));
        let blind = Unseen::all(failure.to_string());
        self.note_unread(place.unwrap_or(look), vec![blind]).await;
        let function = self.guard.function().name();
        let text = format!(
            "The {what} of {function} failed: {failure}.\n\nWhat it should have looked at is guarded by events alone until it works again."
        );
        let next = "look at the function's log, and at what its role may do.";
        let alert = self.notice(Severity::High, &format!("{what} failed"), text, next);
        let hour = self.now.format("%Y-%m-%dT%H");
        let told = format!("{function}/{look}/{hour}");
        let told = self.tell_once(&told, Duration::hours(2), &alert).await;
        self.untold(told, answer);
    }

    /// Whether this is said for the first time in a while; a store that does not
    /// answer keeps nobody from being told.
    pub(super) async fn first_time(&self, key: &str, keep: Duration) -> bool {
        let expires = (self.now + keep).timestamp();
        let claimed = match Put::new(key, Expect::Absent, &self.now) {
            Ok(put) => self.store.put(&[put.until(expires)]).await,
            Err(failure) => Err(NotStored::Failed(failure)),
        };
        !matches!(claimed, Err(NotStored::Conflict))
    }
}
