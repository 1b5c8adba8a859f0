//! From a record to a verdict and its findings.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::actor::Actor;
use crate::arn::Arn;
use crate::inventory::Inventory;
use crate::neighbours::{self, Neighbour};
use crate::plan::Plan;
use crate::record::Record;
use crate::registry;
use crate::rule::{Call, Draft, Judged, Rule, Severity};
use crate::settings::{Held, Mode, Settings};

/// What a record amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// No rule watches this call.
    OutOfScope,
    /// A rule watches it and finds nothing wrong.
    Clean,
    /// A call that would have been a violation failed.
    Attempt,
    /// The record does not tell, and the live state has to.
    CannotTell,
    /// A violation.
    Violation,
}

impl Verdict {
    /// The verdict in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::OutOfScope => "out-of-scope",
            Self::Clean => "clean",
            Self::Attempt => "attempt",
            Self::CannotTell => "cannot-tell",
            Self::Violation => "violation",
        }
    }
}

/// One finding: what a rule says about a record, under the settings.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The rule.
    #[serde(serialize_with = "by_id")]
    pub rule: &'static Rule,
    /// How much it matters.
    pub severity: Severity,
    /// The resource's ARN; empty where the record does not name it.
    pub resource: String,
    /// What happened, in a sentence.
    pub summary: String,
    /// What Auditward may do about it.
    pub mode: Mode,
    /// What must hold, in this order.
    pub plan: Vec<Plan>,
    /// The verdict this finding alone gives.
    #[serde(skip)]
    pub verdict: Verdict,
    /// Why nothing is written although the mode is `enforce`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Whether the record itself proves it (see [`Draft::certain`]).
    #[serde(skip)]
    pub certain: bool,
    /// Whether the change has to settle before the live state is judged: it was
    /// made through CloudFormation or by a deployer.
    #[serde(skip)]
    pub settles: bool,
}

fn by_id<S: serde::Serializer>(rule: &&'static Rule, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(rule.id)
}

/// What a record amounts to, and why.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// The findings, one a rule and resource.
    pub findings: Vec<Finding>,
    /// What a deployer changed and is accepted: to be learnt as the baseline
    /// from what the event wrote.
    pub accepted: Vec<Plan>,
    /// What an exception accepts, by rule: no look may take it for drift.
    pub excepted: Vec<(&'static Rule, Draft)>,
    /// Whether any rule watches the call.
    pub watched: bool,
    /// Why a finding was dropped: an exception, a neighbour's doing. For people.
    pub notes: Vec<String>,
}

impl Judgement {
    /// The gravest verdict of its findings.
    pub fn verdict(&self) -> Verdict {
        let none = if self.watched {
            Verdict::Clean
        } else {
            Verdict::OutOfScope
        };
        self.findings
            .iter()
            .map(|finding| finding.verdict)
            .max()
            .unwrap_or(none)
    }
}

/// Judges a record. `now` decides which exceptions and pauses hold.
pub fn judge(
    record: &Record<'_>,
    settings: &Settings,
    inventory: &Inventory,
    now: DateTime<Utc>,
) -> Judgement {
    let mut judgement = Judgement::default();
    if record.is_network_activity() {
        // The call through the endpoint has a record of its own, which is judged.
        return judgement;
    }
    for rule in registry::watching(&record.event_source, record.plain_name()) {
        judgement.watched = true;
        let settings = &*for_record(settings, record);
        let call = Call {
            record,
            settings,
            inventory,
        };
        let neighbour = neighbours::doing(&call);
        if let Some(Neighbour::Alone(why)) = neighbour {
            judgement.notes.push(format!("{}: {why}", rule.id));
            continue;
        }
        let (drafts, verdict) = match (rule.judge)(&call) {
            Judged::Clean => continue,
            Judged::Violation(drafts) => (drafts, Verdict::Violation),
            Judged::CannotTell(draft) => (vec![draft], Verdict::CannotTell),
        };
        let verdict = if record.failed() {
            Verdict::Attempt
        } else {
            verdict
        };
        for mut draft in drafts {
            if let Some(Neighbour::Told(why)) = neighbour {
                draft.plan.clear();
                draft.summary = format!(
                    "{}; left standing, as it looks like this: {why}",
                    draft.summary
                );
            }
            let scene = Judging {
                rule,
                settings,
                inventory,
                actor: Actor::of(record),
                record,
                now,
            };
            scene.complete(draft, verdict, &mut judgement);
        }
    }
    judgement
}

/// Without settings the record's own account is ours.
fn for_record<'a>(settings: &'a Settings, record: &Record<'_>) -> Cow<'a, Settings> {
    if settings.given || !settings.ours.accounts.is_empty() {
        return Cow::Borrowed(settings);
    }
    let mut own = settings.clone();
    own.ours.accounts.push(record.account().into_owned());
    Cow::Owned(own)
}

struct Judging<'a> {
    rule: &'static Rule,
    settings: &'a Settings,
    inventory: &'a Inventory,
    actor: &'a Actor,
    record: &'a Record<'a>,
    now: DateTime<Utc>,
}

impl Judging<'_> {
    /// The account that has what a draft is about; where nothing tells, the one that
    /// recorded the call.
    fn owner(&self, draft: &Draft) -> Cow<'_, str> {
        let planned = draft.plan.first().map(|plan| plan.at().account.clone());
        let named = || Arn::parse(&draft.resource).map(|arn| arn.account.to_owned());
        let listed = || {
            let listed = self.record.resources().into_iter();
            let mut about = listed.filter_map(|(arn, account)| {
                let rest = draft.resource.strip_prefix(&*arn?)?;
                let inside = rest.is_empty() || rest.starts_with('/');
                account.filter(|_| inside)
            });
            about.next().map(Cow::into_owned)
        };
        let known = |account: &String| !account.is_empty();
        let owner = planned.filter(known).or_else(|| named().filter(known));
        owner
            .or_else(|| listed().filter(known))
            .map_or_else(|| self.record.account(), Cow::Owned)
    }

    /// Turns a draft into a finding, or notes why it is none.
    fn complete(&self, draft: Draft, verdict: Verdict, judgement: &mut Judgement) {
        let Self {
            rule,
            settings,
            actor,
            ..
        } = *self;
        // What is said about an account is about what is in it: a call from elsewhere
        // is recorded in both accounts, and both records must come to the same.
        let account = self.owner(&draft);
        let id = rule.id;
        if let Some(exception) = settings.excepted(id, &draft.resource, actor, self.now) {
            let note = format!(
                "{id}: accepted until {}: {}",
                exception.until.0, exception.reason
            );
            judgement.notes.push(note);
            if verdict != Verdict::Attempt {
                judgement.excepted.push((rule, draft));
            }
            return;
        }
        let deployer = settings.is_deployer(actor);
        let by_rule = rule.deployers_accepted && verdict == Verdict::Violation;
        let accepted = deployer && (by_rule || draft.accepted);
        if (accepted || draft.by_stack) && verdict != Verdict::Attempt {
            let who = if draft.by_stack {
                "the stack, through"
            } else {
                "the deployer"
            };
            judgement
                .notes
                .push(format!("{id}: made by {who} {}", actor.issuer));
            return judgement.accepted.extend(draft.plan);
        }
        let mode = settings.mode_of(id, &account, &draft.resource);
        if mode == Mode::Off {
            return judgement.notes.push(format!("{id}: switched off"));
        }
        let held = settings.held(
            id,
            &account,
            &draft.resource,
            actor,
            self.inventory,
            self.now,
        );
        let mut severity = draft.severity.unwrap_or(rule.severity);
        severity = settings.severity.get(id).copied().unwrap_or(severity);
        if matches!(held, Some(Held::BreakGlass { .. })) {
            severity = Severity::Critical;
        }
        let failed = verdict == Verdict::Attempt;
        judgement.findings.push(Finding {
            rule,
            severity,
            resource: draft.resource,
            summary: if failed {
                format!(
                    "{} (the call failed: {})",
                    draft.summary, self.record.error_code
                )
            } else {
                draft.summary
            },
            mode,
            plan: if failed { Vec::new() } else { draft.plan },
            verdict,
            held: held.filter(|_| mode == Mode::Enforce),
            certain: draft.certain && verdict != Verdict::CannotTell,
            settles: deployer || actor.invoked_by == "cloudformation.amazonaws.com",
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Mode;

    /// GIVEN a bucket of another account, THEN that account's mode and pauses count,
    /// whichever account's copy of the record is judged.
    #[test]
    fn what_is_said_about_an_account_is_about_what_is_in_it() {
        const SETTINGS: &str = "[ours]\naccounts = [\"111111111111\", \"222222222222\"]\n\
            [protected]\nresources = [\"arn:aws:s3:::acme-logs\"]\n\
            [mode]\ndefault = \"enforce\"\n[mode.accounts]\n\"222222222222\" = \"alert\"\n";
        let settings = Settings::parse(SETTINGS).unwrap();
        let now = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let acts = ["DeleteBucketPolicy", "DeleteObject"];
        let copies = ["111111111111", "222222222222"];
        for (act, copy) in acts.map(|act| copies.map(|copy| (act, copy))).concat() {
            let record = serde_json::json!({
                "eventSource": "s3.amazonaws.com", "eventName": act,
                "awsRegion": "eu-west-1", "recipientAccountId": copy,
                "userIdentity": {"type": "IAMUser", "accountId": "111111111111",
                    "arn": "arn:aws:iam::111111111111:user/mallory"},
                "requestParameters": {"bucketName": "acme-logs",
                    "key": "AWSLogs/222222222222/CloudTrail/eu-west-1/2026/11/30/a.json.gz"},
                "resources": [{"accountId": "222222222222", "type": "AWS::S3::Bucket",
                    "ARN": "arn:aws:s3:::acme-logs"}],
            });
            let text = record.to_string();
            let record = Record::read(&text).unwrap();
            let judgement = judge(&record, &settings, &Inventory::default(), now);
            let [finding] = judgement.findings.as_slice() else {
                panic!("{judgement:?}")
            };
            assert_eq!(finding.mode, Mode::Alert, "{act} in {copy}");
        }
    }
}
