//! A row of the table, kept until all rows are known.

use auditward_rules::actor::Actor;
use auditward_rules::judge::Verdict;
use auditward_rules::record::Record;
use auditward_rules::rule::Severity;
use auditward_rules::settings::{Mode, Settings};

use super::judged::Judged;
use super::words;

/// One event, or input that is none.
#[derive(Debug)]
pub struct Row {
    /// `None`: input that could not be read.
    pub verdict: Option<Verdict>,
    pub call: String,
    pub actor: String,
    pub place: String,
    pub findings: Vec<Told>,
    pub notes: Vec<String>,
    /// The same for all copies of one event.
    pub identifier: String,
}

/// A finding, in words.
#[derive(Debug)]
pub struct Told {
    pub rule: &'static str,
    pub severity: Severity,
    pub resource: String,
    pub summary: String,
    pub mode: Mode,
    pub held: Option<String>,
    pub steps: Vec<String>,
}

impl Row {
    /// The row of a judged event.
    pub fn of(judged: &Judged<'_>, settings: &Settings) -> Self {
        let told = judged.findings.iter().map(|finding| Told {
            rule: finding.rule.id,
            severity: finding.severity,
            resource: finding.resource.clone(),
            summary: finding.summary.clone(),
            mode: finding.mode,
            held: finding.held.as_ref().map(|held| held.tell()),
            steps: finding
                .plan
                .iter()
                .flat_map(|plan| words::steps(plan, settings, judged.now))
                .collect(),
        });
        Self {
            verdict: Some(judged.verdict),
            call: judged.event_name.to_owned(),
            actor: words::who(judged.actor),
            place: place(judged.account, judged.region, judged.time),
            findings: told.collect(),
            notes: judged.notes.to_vec(),
            identifier: judged.identifier.to_owned(),
        }
    }

    /// The row of a call that no rule watches.
    pub fn unwatched(record: &Record<'_>) -> Self {
        Self {
            verdict: Some(Verdict::OutOfScope),
            call: record.event_name.to_string(),
            actor: words::who(Actor::of(record).name()),
            place: place(&record.account(), &record.region, &record.event_time),
            findings: Vec::new(),
            notes: Vec::new(),
            identifier: String::new(),
        }
    }

    /// The row of input that could not be read.
    pub fn unreadable(error: String) -> Self {
        Self {
            verdict: None,
            call: error,
            actor: String::new(),
            place: String::new(),
            findings: Vec::new(),
            notes: Vec::new(),
            identifier: String::new(),
        }
    }

    /// What two copies of one event have in common.
    pub fn keys(&self) -> impl Iterator<Item = (String, &'static str, String)> {
        let told = self.findings.iter().filter(|_| !self.identifier.is_empty());
        told.map(|told| (self.identifier.clone(), told.rule, told.resource.clone()))
    }
}

/// Where and when, on two lines; what the record does not tell is left out.
fn place(account: &str, region: &str, time: &str) -> String {
    let told = |parts: &[&str], between| {
        parts
            .iter()
            .copied()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(between)
    };
    // To the minute: `2026-11-14T09:00:27Z` is `2026-11-14 09:00 UTC`.
    let time = match (time.get(..16), time.ends_with('Z')) {
        (Some(minute), true) => format!("{} UTC", minute.replace('T', " ")),
        _ => time.to_owned(),
    };
    told(&[&told(&[account, region], " "), &time], "\n")
}
