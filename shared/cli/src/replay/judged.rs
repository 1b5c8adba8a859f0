//! One event, judged, as machines and tables get it.

use std::io::Write;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use serde::Serialize;

use auditward_rules::actor::Actor;
use auditward_rules::envelope::Delivered;
use auditward_rules::inventory::Inventory;
use auditward_rules::judge::{Finding, Judgement, Verdict, judge};
use auditward_rules::record::Record;
use auditward_rules::settings::Settings;

use super::read::Unwatched;

/// An event and what it amounts to.
#[derive(Debug, Serialize)]
pub struct Judged<'a> {
    pub event_id: &'a str,
    pub event_source: &'a str,
    pub event_name: &'a str,
    pub account: &'a str,
    pub region: &'a str,
    pub time: &'a str,
    pub actor: &'a str,
    pub verdict: Verdict,
    pub findings: &'a [Finding],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub notes: &'a [String],
    /// Where it stands, where somebody may want to look.
    #[serde(flatten)]
    pub place: Option<Place<'a>>,
    /// The same for all copies of one event.
    #[serde(skip)]
    pub identifier: &'a str,
    /// The moment at which it was judged.
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

/// A line of a file.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Place<'a> {
    pub file: &'a str,
    pub line: usize,
}

/// Input that holds no record.
#[derive(Debug, Serialize)]
pub struct Unreadable<'a> {
    pub verdict: &'static str,
    pub error: &'a str,
    pub file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

impl<'a> Unreadable<'a> {
    pub fn new(error: &'a str, file: &'a str, line: Option<usize>) -> Self {
        Self {
            verdict: "unreadable",
            error,
            file,
            line,
        }
    }
}

/// Judges a record, and hands the answer on.
pub fn judged(
    record: &Record<'_>,
    delivered: Option<&Delivered<'_>>,
    place: Place<'_>,
    settings: &Settings,
    take: impl FnOnce(&Judged<'_>),
) {
    let forged = delivered.filter(|delivered| !delivered.vouches_for(record));
    let now = moment(record);
    let mut judgement = match forged {
        Some(_) => Judgement::default(),
        None => judge(record, settings, &Inventory::default(), now),
    };
    if let Some(delivered) = forged {
        judgement.notes.push(format!(
            "forged or misrouted: AWS does not deliver {} events with source `{}` and detail-type `{}`; never acted upon",
            record.event_source, delivered.source, delivered.detail_type,
        ));
    }
    let verdict = judgement.verdict();
    take(&Judged {
        event_id: &record.event_id,
        event_source: &record.event_source,
        event_name: &record.event_name,
        account: &record.account(),
        region: &record.region,
        time: &record.event_time,
        actor: Actor::of(record).name(),
        verdict,
        findings: &judgement.findings,
        notes: &judgement.notes,
        place: (!judgement.findings.is_empty()).then_some(place),
        identifier: &record.identifier(),
        now,
    });
}

/// The moment that decides which exceptions and pauses hold: the event's own,
/// as it was then; where it tells none, this one.
fn moment(record: &Record<'_>) -> DateTime<Utc> {
    let told = DateTime::parse_from_rfc3339(&record.event_time);
    told.map_or_else(
        |_| SystemTime::now().into(),
        |time| time.with_timezone(&Utc),
    )
}

/// Writes a call that no rule watches, as [`Judged`] would: its members are
/// JSON already. `None` where the caller has to be worked out.
pub fn write_unwatched(event: &Unwatched<'_>, out: &mut Vec<u8>) -> Option<()> {
    let actor = event.actor()?;
    let Unwatched {
        event_id,
        event_source,
        event_name,
        account,
        region,
        time,
        ..
    } = event;
    write!(
        out,
        r#"{{"event_id":{event_id},"event_source":{event_source},"event_name":{event_name},"account":{account},"region":{region},"time":{time},"actor":{actor},"verdict":"out-of-scope","findings":[]}}"#,
    )
    .ok()
}
