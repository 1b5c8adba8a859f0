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

const CLOUDFORMATION: &str = "cloudformation.amazonaws.com";
/// SNS refuses longer subjects.
const SUBJECT: usize = 100;
/// Chat clients refuse longer descriptions.
const CHAT: usize = 8_000;

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
    /// JSON for machines'.
    pub fn message(&self) -> String {
        let machine = self.finding.to_string();
        json!({
            "default": self.text,
            "sms": self.subject,
            "sqs": machine,
            "lambda": machine,
            "http": machine,
            "https": machine,
            "firehose": machine,
        })
        .to_string()
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

/// How to find the stack of a change that came through CloudFormation: the event
/// does not name it. Topics and queues go by other names there than the last part
/// of their ARNs; the tag names the stack of those.
fn stack(case: &Case) -> Option<String> {
    if case.actor.invoked_by != CLOUDFORMATION || case.resource.is_empty() {
        return None;
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
    match case.outcome {
        Outcome::Fixed => "Auditward put the safe state back and read it again to prove it.".into(),
        Outcome::AlreadySafe => {
            "It was safe again already when Auditward read it. Nothing was written.".into()
        }
        Outcome::WouldFix => {
            format!("Auditward wrote nothing: {because}. It would have done this:")
        }
        Outcome::ByHand if case.steps.iter().any(|work| work.done) => {
            format!("Auditward could not do all of it: {because}.")
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
            "because": case.because, "steps": case.steps, "event_id": case.event.id,
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
