//! What people and machines are told: about a case, or by Auditward of itself.

mod ocsf;
mod words;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use auditward_rules::rule::{Rule, Severity};

use crate::case::Case;
use crate::outside::Attributes;

/// One alert, ready for SNS.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// At most 100 ASCII characters: severity, rule, account.
    pub subject: String,
    /// What a person understands at 3 a.m.
    pub text: String,
    /// What of it the reader should do.
    pub next: String,
    /// An OCSF Detection Finding.
    pub finding: Value,
    /// For subscriptions' filter policies.
    pub attributes: Attributes,
}

/// What Auditward tells of itself, which is no case.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    /// How much it matters.
    pub severity: Severity,
    /// In a few words.
    pub about: &'a str,
    /// What a person must know.
    pub text: String,
    /// What to do.
    pub next: &'a str,
    /// The account that tells it.
    pub account: String,
    /// The region that tells it.
    pub region: String,
    /// When.
    pub now: DateTime<Utc>,
}

/// What stands in the place of a rule's name where Auditward tells of itself.
const ITSELF: &str = "auditward";
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
            text: words::text(case, rule),
            next: words::next(case),
            finding: ocsf::finding(case, rule),
            attributes: attributes
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        }
    }

    /// The alert for a notice.
    pub fn notice(notice: Notice<'_>) -> Self {
        let severity = notice.severity.name();
        Self {
            subject: subject(&format!("[{severity}] {}", notice.about)),
            finding: ocsf::noticed(&notice),
            text: format!("{}\n\nNext: {}", notice.text, notice.next),
            next: notice.next.to_owned(),
            attributes: Attributes::from([
                ("severity", severity.to_owned()),
                ("rule", ITSELF.to_owned()),
                ("account", notice.account),
                ("region", notice.region),
            ]),
        }
    }

    /// The form that chat clients show: a [custom notification](https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html)
    /// of Amazon Q Developer in chat applications.
    pub fn chat(&self) -> String {
        let ending = format!("\n\nNext: {}", self.next);
        let said = self
            .text
            .rsplit_once(&ending)
            .map_or(&*self.text, |(said, _)| said);
        let finding = |pointer: &str| self.finding.pointer(pointer);
        json!({
            "version": "1.0",
            "source": "custom",
            "id": finding("/finding_info/uid"),
            "content": {
                "textType": "client-markdown",
                "title": self.subject,
                "description": said.chars().take(CHAT).collect::<String>(),
                "nextSteps": [self.next],
            },
            "metadata": {
                "summary": self.subject,
                "eventType": self.attributes.get("rule"),
                "relatedResources": finding("/resources/0/uid").into_iter().collect::<Vec<_>>(),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn notice() -> Alert {
        Alert::notice(Notice {
            severity: Severity::High,
            about: "trail.weakened",
            text: "Weakened.".into(),
            next: "look.",
            account: "111111111111".into(),
            region: "eu-west-1".into(),
            now: DateTime::UNIX_EPOCH,
        })
    }

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
            ..notice()
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
            ..notice()
        };
        let message = alert.message();
        assert!(message.len() <= MESSAGE, "{}", message.len());
        let message: Value = serde_json::from_str(&message).unwrap();
        let finding: Value = serde_json::from_str(message["default"].as_str().unwrap()).unwrap();
        assert_eq!(finding["finding_info"]["uid"], "c1");
    }

    #[test]
    fn people_are_told_in_words_and_machines_in_json() {
        let alert = notice();
        let message: Value = serde_json::from_str(&alert.message()).unwrap();
        assert_eq!(message["email"], "Weakened.\n\nNext: look.");
        assert_eq!(message["sms"], "[high] trail.weakened");
        assert_eq!(alert.attributes["account"], "111111111111");
        let finding: Value = serde_json::from_str(message["default"].as_str().unwrap()).unwrap();
        assert_eq!(
            (
                &finding["class_uid"],
                &finding["severity"],
                &finding["time"]
            ),
            (&json!(2004), &json!("High"), &json!(0))
        );
        assert_eq!(finding["message"], "Weakened.");
        assert_eq!(finding["remediation"]["desc"], "look.");
    }

    #[test]
    fn chat_clients_get_a_title_a_story_and_what_to_do_next() {
        let alert = Alert {
            text: "Trail audit was stopped.\n\nWho: mallory\n\nNext: ask mallory.\nCase 1.".into(),
            next: "ask mallory.".into(),
            ..notice()
        };
        let chat: Value = serde_json::from_str(&alert.chat()).unwrap();
        assert_eq!(
            (&chat["version"], &chat["source"]),
            (&json!("1.0"), &json!("custom"))
        );
        let content = &chat["content"];
        assert_eq!(content["title"], "[high] trail.weakened");
        assert_eq!(
            content["description"],
            "Trail audit was stopped.\n\nWho: mallory"
        );
        assert_eq!(content["nextSteps"], json!(["ask mallory."]));
    }
}
