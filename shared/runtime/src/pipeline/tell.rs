//! What people are told besides cases: reports of looks, and that a look failed.
//! Only what was said is taken for said.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use auditward_rules::rule::Severity;

use super::sweep::Seen;
use super::unread::Unseen;
use super::{Answer, Pipeline};
use crate::alert::Alert;
use crate::case::case_id;
use crate::failure::Failure;
use crate::keys;
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
            Teller::Unnoted if self.memo.was_said(&key, self.now, keep).await => return Ok(()),
            Teller::Noted | Teller::Unnoted => {}
        }
        let told = self.outside.tell(alert).await;
        if told.is_ok() {
            self.memo.said(&key, self.now).await;
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
        for (title, lines, next) in [
            (
                "Unsafe or unknown, and no earlier state is recorded",
                &seen.unrecorded,
                "Next, for each: `auditward baseline approve RESOURCE` keeps it as it is, `auditward baseline fix RESOURCE` has Auditward put it right.",
            ),
            (
                "Could not be read",
                &unread,
                "Next: look whether Auditward's role is there and may read it.",
            ),
        ] {
            if !lines.is_empty() {
                text.push_str(&format!(
                    "\n\n{title}:\n  - {}\n{next}",
                    lines.join("\n  - ")
                ));
            }
        }
        let day = self.now.format("%Y-%m-%d");
        let told = format!("{function}/{day}/{}", case_id(&text, "", ""));
        let alert = Alert::plain(Severity::Medium, "drift without a baseline", text);
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
            "The {what} of {function} failed: {failure}.\n\nWhat it should have looked at is guarded by events alone until it works again. Next: look at the function's log, and at what its role may do."
        );
        let alert = Alert::plain(Severity::High, &format!("{what} failed"), text);
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
