//! What is surely ours: calls of our own roles, things that are surely guarded,
//! and the times in which not even a person has Auditward write.

use chrono::DateTime;

use auditward_rules::actor::Actor;
use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::judge::{Finding, Judgement, Verdict};
use auditward_rules::plan::Plan;
use auditward_rules::record::Record;
use auditward_rules::settings::Settings;

use super::{Pipeline, is_own_role};
use crate::keys;
use crate::known::{Fallback, Known};
use crate::limits::Resource;

/// What a trail records by: anybody's trail is evidence.
const EVIDENCE: [&str; 2] = ["trail-logging", "trail-selectors"];

/// Whether a plan is about what is guarded whatever the settings say: without any,
/// nobody knows whose other things are, and what is nobody's business is left alone.
pub(super) fn surely(plan: &Plan, settings: &Settings) -> bool {
    EVIDENCE.contains(&plan.kind()) || settings.is_own(&plan.at().resource)
}

/// Whether all that a finding is about is surely guarded.
pub(super) fn surely_guarded(finding: &Finding, settings: &Settings) -> bool {
    finding.plan.iter().all(|plan| surely(plan, settings))
}

impl Pipeline<'_> {
    /// Whether a call of our own role, which the ledger does not have, is what a
    /// case meant to do at that time: the process may have died between the write
    /// and the ledger, and a call that was refused is in no ledger. Then a failed
    /// call is no attempt of anybody's.
    pub(super) async fn explained(
        &self,
        record: &Record<'_>,
        known: &Known,
        judgement: &mut Judgement,
    ) -> bool {
        if !is_own_role(Actor::of(record), &known.settings, &known.inventory) {
            return false;
        }
        // What puts a safe state back violates nothing: somebody else has the role.
        let violates = |finding: &Finding| finding.verdict == Verdict::Violation;
        if judgement.findings.iter().any(violates) {
            return false;
        }
        let Ok(time) = DateTime::parse_from_rfc3339(&record.event_time) else {
            return false;
        };
        let keys = touched(record, judgement);
        let Ok(items) = self.store.get(&keys).await else {
            return false;
        };
        let held = items
            .values()
            .filter_map(|item| item.read::<Resource>().ok())
            .any(|resource| resource.was_held(time.to_utc()));
        if held && record.failed() {
            judgement
                .findings
                .retain(|finding| finding.verdict != Verdict::Attempt);
        }
        held
    }

    /// Why nothing is written now, not even at a named operator's wish. A pause is
    /// no reason: it keeps Auditward from acting by itself.
    pub(super) fn stands_still(&self, known: &Known) -> Option<String> {
        if let Some(fallback) = &known.fallback {
            let why = match fallback {
                Fallback::Unreachable => "the table does not answer",
                Fallback::Unusable(why) => why,
            };
            return Some(format!(
                "the settings in force could not be read ({why}), and without them nothing is written; ask again when they can be"
            ));
        }
        let switch = known.settings.kill_switch.as_ref();
        let switch = switch.filter(|switch| self.now <= switch.until.0)?;
        Some(format!(
            "the kill switch is on until {} ({}, {}), and Auditward writes nothing; take `kill_switch` out of auditward.toml, push the settings and ask again",
            switch.until.0, switch.reason, switch.by
        ))
    }
}

/// The resources that a call may have touched: those of its findings, those that
/// the service names, and the role or user that it is about.
fn touched(record: &Record<'_>, judgement: &Judgement) -> Vec<String> {
    let account = record.account();
    let mut keys: Vec<String> = Vec::new();
    for finding in &judgement.findings {
        keys.extend(finding.plan.iter().map(|plan| keys::resource(plan.at())));
        keys.push(of(&account, &finding.resource));
    }
    for (arn, owner) in record.resources() {
        let owner = owner.unwrap_or_default();
        let owner = if owner.is_empty() { &account } else { &owner };
        keys.extend(arn.map(|arn| of(owner, &arn)));
    }
    let partition = Arn::parse(&Actor::of(record).issuer).map(|arn| arn.partition.to_owned());
    let partition = partition.unwrap_or_default();
    let principals = [("roleName", "role"), ("userName", "user")];
    for (name, sort) in principals {
        let named = record.request().and_then(|request| request.string(name));
        keys.extend(named.map(|name| {
            of(
                &account,
                &format!("arn:{partition}:iam::{account}:{sort}/{name}"),
            )
        }));
    }
    keys.sort_unstable();
    keys.dedup();
    // More than one batch takes would be nobody's single call.
    keys.truncate(MOST);
    keys
}

const MOST: usize = 50;

fn of(account: &str, resource: &str) -> String {
    keys::resource(&At::new(account, "", resource))
}
