//! What people and machines are told about a case.

use serde_json::{Value, json};

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::rule::{Rule, Severity};

use crate::case::{Case, Outcome, Work};
use crate::outside::Attributes;
use crate::pipeline::DRIFT;

/// One alert, ready for SNS.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// At most 100 ASCII characters: severity, rule, account.
    pub subject: String,
    /// What a person understands at 3 a.m.
    pub text: String,
    /// An OCSF Detection Finding.
    pub finding: Value,
    /// For subscriptions' filter policies.
    pub attributes: Attributes,
}

/// Who made a call that came through a stack.
pub const CLOUDFORMATION: &str = "cloudformation.amazonaws.com";
/// SNS refuses longer subjects.
const SUBJECT: usize = 100;
/// Chat clients refuse longer descriptions.
const CHAT: usize = 8_000;
/// SNS takes 256 KiB, [subject and attributes
/// included](https://docs.aws.amazon.com/sns/latest/api/API_Publish.html).
const MESSAGE: usize = 250_000;
/// How many characters people are shown of texts that are too long: the first that
/// fits, for each may be written as several.
const TEXTS: [usize; 3] = [12_000, 2_000, 200];
/// How many steps are told of where there are too many.
const STEPS: usize = 20;

impl Alert {
    /// The alert for a case as it stands.
    pub fn of(case: &Case, rule: Option<&Rule>) -> Self {
        let attributes = Attributes::from([
            ("severity", case.severity.name().to_owned()),
            ("rule", case.rule.clone()),
            ("account", case.account.clone()),
            ("region", case.region.clone()),
            ("outcome", case.outcome.name().to_owned()),
            ("mode", case.mode.name().to_owned()),
        ]);
        Self {
            subject: subject(&format!(
                "[{}] {} in {}: {}",
                case.severity.name(),
                case.rule,
                case.account,
                case.outcome.name()
            )),
            text: text(case, rule),
            finding: finding(case, rule),
            attributes: attributes
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        }
    }

    /// An alert that is about no case, such as an unreadable payload.
    pub fn plain(severity: Severity, about: &str, text: String) -> Self {
        Self {
            subject: subject(&format!("[{}] {about}", severity.name())),
            finding: json!({"message": text, "severity": severity.name(), "metadata": metadata()}),
            text,
            attributes: Attributes::from([
                ("severity", severity.name().to_owned()),
                ("rule", "auditward".to_owned()),
                ("outcome", "failed".to_owned()),
            ]),
        }
    }

    /// The form that chat clients show: a [custom notification](https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html)
    /// of Amazon Q Developer in chat applications.
    pub fn chat(&self) -> String {
        let (said, next) = self
            .text
            .split_once("\n\nNext: ")
            .unwrap_or((&self.text, ""));
        let next = next.lines().next().filter(|next| !next.is_empty());
        let finding = |pointer: &str| self.finding.pointer(pointer);
        json!({
            "version": "1.0",
            "source": "custom",
            "id": finding("/finding_info/uid"),
            "content": {
                "textType": "client-markdown",
                "title": self.subject,
                "description": said.chars().take(CHAT).collect::<String>(),
                "nextSteps": next.into_iter().collect::<Vec<_>>(),
            },
            "metadata": {
                "summary": self.subject,
                "eventType": self.attributes.get("rule"),
                "relatedResources": [finding("/resources/0/uid")],
                "additionalContext": self.attributes,
            },
        })
        .to_string()
    }

    /// The message for `MessageStructure: json`: text for people's protocols,
    /// JSON for all the others. What is too long for SNS loses the states that the
    /// case keeps, lest a padded policy silences the alert about it.
    pub fn message(&self) -> String {
        let whole = self.spoken(&self.text, &self.finding);
        if whole.len() <= MESSAGE {
            return whole;
        }
        let shorter = TEXTS.into_iter().map(|most| self.brief(most));
        let mut all = shorter.skip_while(|brief| brief.len() > MESSAGE);
        all.next().unwrap_or_else(|| self.briefest())
    }

    /// The message with the texts cut, and without the states.
    fn brief(&self, most: usize) -> String {
        let mut brief = self.finding.clone();
        let steps = brief.pointer_mut("/unmapped/steps");
        if let Some(steps) = steps.and_then(Value::as_array_mut) {
            steps.truncate(STEPS);
            for step in steps.iter_mut().filter_map(Value::as_object_mut) {
                step.retain(|name, _| !matches!(name.as_str(), "before" | "to"));
                if let Some(plan) = step.get_mut("plan").and_then(Value::as_object_mut) {
                    plan.retain(|name, _| matches!(name.as_str(), "kind" | "at"));
                }
            }
        }
        cut_all(&mut brief, most);
        self.spoken(&cut(&self.text, most), &brief)
    }

    /// What remains where nothing else is short enough: which case it is.
    fn briefest(&self) -> String {
        let of = |pointer: &str| self.finding.pointer(pointer);
        let mut brief = json!({
            "message": self.subject,
            "severity": of("/severity"),
            "finding_info": {"uid": of("/finding_info/uid")},
            "unmapped": {"case": of("/unmapped/case"), "rule": of("/unmapped/rule"), "outcome": of("/unmapped/outcome")},
        });
        cut_all(&mut brief, 200);
        self.spoken(&cut(&self.text, 200), &brief)
    }

    fn spoken(&self, text: &str, finding: &Value) -> String {
        json!({
            "default": finding.to_string(),
            "email": text,
            "sms": self.subject,
        })
        .to_string()
    }
}

/// A text that is not longer, with its last part, which says what to do.
fn cut(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else {
        return text.to_owned();
    };
    let last = text.rsplit_once("\n\n").map_or("", |(_, last)| last);
    let last: String = last.chars().take(most).collect();
    let first = text.get(..end).unwrap_or_default();
    format!("{first} […]\n\nThis is too long for an alert; the case has it all.\n{last}")
}

/// Cuts every text of a finding.
fn cut_all(value: &mut Value, most: usize) {
    match value {
        Value::String(text) if text.len() > most => *text = cut(text, most),
        Value::Array(all) => all.iter_mut().for_each(|one| cut_all(one, most)),
        Value::Object(all) => all.values_mut().for_each(|one| cut_all(one, most)),
        _ => {}
    }
}

fn subject(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii() && !c.is_ascii_control())
        .take(SUBJECT)
        .collect()
}

/// A name for the actor, and where the call came from.
fn who(case: &Case) -> String {
    if case.event.source == DRIFT {
        return "not known: no event told of it, Auditward found it by looking".into();
    }
    let source = &case.actor.source;
    if source.is_empty() {
        return case.actor.name().to_owned();
    }
    format!("{} from {source}", case.actor.name())
}

/// The stack of a change that came through CloudFormation, or how to find it where
/// CloudFormation did not say: the event does not name it. Topics and queues go by other names there than the last part
/// of their ARNs; the tag names the stack of those.
fn stack(case: &Case) -> Option<String> {
    if case.actor.invoked_by != CLOUDFORMATION || case.resource.is_empty() {
        return None;
    }
    if let Some(stack) = &case.stack {
        return Some(format!("Stack:    {stack}"));
    }
    let (region, at) = (&case.region, At::new("", "", &case.resource));
    let ask = match Arn::parse(&case.resource).map(|arn| arn.service) {
        Some("sns" | "sqs") => String::new(),
        _ => format!(
            ", or: aws cloudformation describe-stack-resources --region {region} --physical-resource-id '{}'",
            at.name()
        ),
    };
    Some(format!(
        "Stack:    not named by the event; see the resource's tag aws:cloudformation:stack-name{ask}"
    ))
}

fn text(case: &Case, rule: Option<&Rule>) -> String {
    let mut lines = vec![
        format!("{}.", capital(&case.summary)),
        String::new(),
        format!("Who:      {}", who(case)),
        format!(
            "What:     {} ({}) at {}",
            case.event.name, case.event.source, case.event.time
        ),
        format!("Where:    account {}, region {}", case.account, case.region),
    ];
    if !case.resource.is_empty() {
        lines.push(format!("Resource: {}", case.resource));
    }
    lines.extend(stack(case));
    if let Some(rule) = rule {
        lines.push(format!(
            "Why:      {} ({})",
            rule.why,
            rule.controls.join("; ")
        ));
    }
    lines.push(String::new());
    lines.push(done(case));
    for work in &case.steps {
        lines.extend(step(work));
    }
    lines.push(String::new());
    lines.push(next(case));
    lines.push(format!("Case {}. Rule {}.", case.id, case.rule));
    lines.join("\n")
}

/// What Auditward did, in a sentence.
fn done(case: &Case) -> String {
    let because = &case.because;
    let any_done = case.steps.iter().any(|work| work.done);
    match case.outcome {
        Outcome::Fixed => "Auditward put the safe state back and read it again to prove it.".into(),
        Outcome::AlreadySafe => {
            "It was safe again already when Auditward read it. Nothing was written.".into()
        }
        Outcome::WouldFix | Outcome::ByHand | Outcome::Waiting if any_done => {
            format!("Auditward could not do all of it: {because}.")
        }
        Outcome::WouldFix => {
            format!("Auditward wrote nothing: {because}. It would have done this:")
        }
        Outcome::ByHand => format!("Auditward wrote nothing: {because}."),
        Outcome::Failed => format!("AUDITWARD COULD NOT PUT IT BACK: {because}."),
        Outcome::Waiting => format!("Auditward waits: {because}."),
        Outcome::Attempt => "The call failed, so there is nothing to put back.".into(),
        Outcome::CannotTell => format!("Auditward cannot tell whether this is safe: {because}."),
        Outcome::Undone => format!("What was there before is back: {because}."),
        Outcome::Open => "Auditward is working on it.".into(),
    }
}

fn step(work: &Work) -> Vec<String> {
    let tell = |state: &Option<Value>| state.as_ref().map(|state| work.plan.tell(state));
    let mark = if work.done { "done" } else { "not done" };
    let mut lines = vec![format!("  - {} ({}, {mark})", work.why, work.plan.kind())];
    if let Some(before) = tell(&work.before) {
        lines.push(format!("      before: {before}"));
    }
    if let Some(to) = tell(&work.to) {
        lines.push(format!("      after:  {to}"));
    }
    lines
}

/// What the reader should do.
fn next(case: &Case) -> String {
    let id = &case.id;
    match case.outcome {
        Outcome::Fixed => format!(
            "Next: ask {} whether this was meant. If it was: auditward undo {id} --reason '…'",
            case.actor.name()
        ),
        Outcome::WouldFix => "Next: look at the resource now. To have Auditward put such things back, set the rule's mode to `enforce` in auditward.toml.".into(),
        Outcome::ByHand | Outcome::Failed => "Next: put the safe state back yourself now; Auditward judges again in one and in five minutes.".into(),
        Outcome::Attempt => "Next: ask who it was and why; a failed attempt is often followed by one that succeeds.".into(),
        Outcome::Waiting | Outcome::CannotTell => format!("Next: look at the resource now. The story so far: auditward cases {id}"),
        Outcome::AlreadySafe | Outcome::Open | Outcome::Undone => format!("Next: nothing must be done. The story: auditward cases {id}"),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

fn metadata() -> Value {
    json!({
        "version": "1.4.0",
        "product": {"name": "Auditward", "vendor_name": "Auditward", "version": env!("CARGO_PKG_VERSION")},
    })
}

/// An OCSF 1.4 [Detection Finding](https://schema.ocsf.io/1.4.0/classes/detection_finding), class 2004.
fn finding(case: &Case, rule: Option<&Rule>) -> Value {
    let severity_id = match case.severity {
        Severity::Informational => 1,
        Severity::Low => 2,
        Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    };
    // New, or resolved; an attempt that failed is neither open nor fixed.
    let (status_id, status) = match case.outcome {
        Outcome::Fixed | Outcome::AlreadySafe => (4, "Resolved"),
        _ => (1, "New"),
    };
    let time = chrono::DateTime::parse_from_rfc3339(&case.event.time).map_or_else(
        |_| case.opened.timestamp_millis(),
        |time| time.timestamp_millis(),
    );
    json!({
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "category_uid": 2,
        "activity_id": 1,
        "type_uid": 200_401,
        "time": time,
        "severity_id": severity_id,
        "severity": capital(case.severity.name()),
        "status_id": status_id,
        "status": status,
        "message": case.summary,
        "metadata": metadata(),
        "cloud": {"provider": "AWS", "region": case.region, "account": {"uid": case.account}},
        "finding_info": {
            "uid": case.id,
            "title": rule.map_or(case.rule.as_str(), |rule| rule.title),
            "desc": rule.map_or("", |rule| rule.why),
            "types": [case.rule],
            "created_time": case.opened.timestamp_millis(),
        },
        "resources": [{"uid": case.resource, "region": case.region, "cloud_partition": partition(&case.resource)}],
        "actor": {"user": {"uid": case.actor.unique_id, "name": case.actor.name(), "account": {"uid": case.actor.account}}},
        "api": {"operation": case.event.name, "service": {"name": case.event.source}, "response": {"error": case.event.error}},
        "src_endpoint": {"ip": case.actor.source},
        "remediation": {"desc": done(case)},
        "unmapped": {
            "case": case.id, "rule": case.rule, "outcome": case.outcome, "mode": case.mode,
            "because": case.because, "stack": case.stack, "steps": case.steps, "event_id": case.event.id,
        },
    })
}

fn partition(arn: &str) -> &str {
    arn.split(':').nth(1).unwrap_or("aws")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_never_longer_than_sns_takes() {
        let policy = "\"\\\n".repeat(32 * 1024);
        let alert = Alert {
            text: format!("Opened.\n\nbefore: {policy}\n\nNext: look.\nCase c1."),
            finding: json!({
                "message": "opened",
                "finding_info": {"uid": "c1"},
                "unmapped": {"because": policy, "steps": [{
                    "plan": {"kind": "bucket-policy", "at": {"resource": "r"}, "wrote": policy},
                    "before": policy, "to": policy, "why": policy,
                }]},
            }),
            ..Alert::plain(Severity::Critical, "bucket.policy-opened", String::new())
        };
        let message = alert.message();
        assert!(message.len() <= MESSAGE, "{}", message.len());
        let message: Value = serde_json::from_str(&message).unwrap();
        let text = message["email"].as_str().unwrap();
        assert!(text.starts_with("Opened.") && text.ends_with("Next: look.\nCase c1."));
        let finding: Value = serde_json::from_str(message["default"].as_str().unwrap()).unwrap();
        assert_eq!(finding["finding_info"]["uid"], "c1");
        assert_eq!(
            finding["unmapped"]["steps"][0]["plan"],
            json!({"kind": "bucket-policy", "at": {"resource": "r"}})
        );
    }

    /// A control character is written as six, and once more as seven.
    #[test]
    fn however_many_texts_there_are_and_however_they_are_written_the_case_is_told() {
        let text = "\u{1}".repeat(40_000);
        let step =
            json!({"plan": {"kind": "bucket-policy", "at": {"resource": text}}, "why": text});
        let alert = Alert {
            text: text.clone(),
            finding: json!({
                "message": text,
                "finding_info": {"uid": "c1"},
                "unmapped": {"because": text, "steps": vec![step; 30], "rule": text},
            }),
            ..Alert::plain(Severity::Critical, "bucket.policy-opened", String::new())
        };
        let message = alert.message();
        assert!(message.len() <= MESSAGE, "{}", message.len());
        let message: Value = serde_json::from_str(&message).unwrap();
        let finding: Value = serde_json::from_str(message["default"].as_str().unwrap()).unwrap();
        assert_eq!(finding["finding_info"]["uid"], "c1");
    }

    #[test]
    fn people_are_told_in_words_and_machines_in_json() {
        let alert = Alert::plain(Severity::High, "trail.weakened", "Weakened.".into());
        let message: Value = serde_json::from_str(&alert.message()).unwrap();
        assert_eq!(message["email"], "Weakened.");
        assert_eq!(message["sms"], "[high] trail.weakened");
        let finding: Value = serde_json::from_str(message["default"].as_str().unwrap()).unwrap();
        assert_eq!(finding["message"], "Weakened.");
    }

    #[test]
    fn chat_clients_get_a_title_a_story_and_what_to_do_next() {
        let text = "Trail audit was stopped.\n\nWho: mallory\n\nNext: ask mallory.\nCase 1.";
        let alert = Alert::plain(Severity::Critical, "trail.logging-stopped", text.into());
        let chat: Value = serde_json::from_str(&alert.chat()).unwrap();
        assert_eq!(
            (&chat["version"], &chat["source"]),
            (&json!("1.0"), &json!("custom"))
        );
        let content = &chat["content"];
        assert_eq!(content["title"], "[critical] trail.logging-stopped");
        assert_eq!(
            content["description"],
            "Trail audit was stopped.\n\nWho: mallory"
        );
        assert_eq!(content["nextSteps"], json!(["ask mallory."]));
    }
}
