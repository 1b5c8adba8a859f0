//! Takes CloudTrail records out of whatever they came in.
//!
//! EventBridge puts one under `detail`, CloudTrail's log files hold
//! `{"Records": […]}`, exports are arrays or JSON lines.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::json::{Json, unquoted};
use crate::record::Record;

/// One thing found in the input: a record, or why it is none.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Line of the input it begins on, from 1.
    pub line: usize,
    /// The EventBridge envelope's `source` and `detail-type`, where there was one.
    pub delivered: Option<Delivered<'a>>,
    /// The record, or a sentence saying what is wrong with it.
    pub record: Result<Record<'a>, String>,
}

/// What EventBridge says about an event it delivers.
#[derive(Clone, Debug)]
pub struct Delivered<'a> {
    /// `aws.` and the service, for AWS's own events only.
    pub source: Cow<'a, str>,
    /// `AWS API Call via CloudTrail` and its like.
    pub detail_type: Cow<'a, str>,
}

impl Delivered<'_> {
    /// Whether EventBridge's source is exactly the one that belongs to the
    /// record's service. Anybody may put an event with a source of their own on
    /// a bus; only AWS can use `aws.…`.
    pub fn vouches_for(&self, record: &Record<'_>) -> bool {
        let service = record.event_source.strip_suffix(".amazonaws.com");
        service.is_some_and(|service| self.source.strip_prefix("aws.") == Some(service))
            && matches!(
                &*self.detail_type,
                "AWS API Call via CloudTrail"
                    | "AWS Service Event via CloudTrail"
                    | "AWS Console Action via CloudTrail"
                    | "AWS Console Sign In via CloudTrail"
            )
    }
}

/// Reads every record of `text`, in order. Input that cannot be read gives an
/// entry with an error, and reading goes on behind it at the next line.
pub fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut found = Vec::new();
    let mut lines = Lines {
        text,
        at: 0,
        line: 1,
    };
    let mut rest = text;
    loop {
        let skipped = rest.len()
            - rest
                .trim_start_matches([' ', '\t', '\r', '\n', '\u{feff}'])
                .len();
        rest = rest.get(skipped..).unwrap_or_default();
        if rest.is_empty() {
            return found;
        }
        let start = text.len() - rest.len();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        let next = values.next();
        let consumed = values.byte_offset();
        match next {
            Some(Ok(value)) => {
                unwrap(Json::new(value), 0, &mut lines, &mut found);
                rest = rest.get(consumed..).unwrap_or_default();
            }
            Some(Err(error)) => {
                let line = lines.of(start);
                let error = format!("expected JSON: {error}");
                found.push(Entry {
                    line,
                    delivered: None,
                    record: Err(error),
                });
                let next_line =
                    memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
                rest = rest.get(next_line..).unwrap_or_default();
            }
            None => return found,
        }
    }
}

/// Envelopes within envelopes; deeper nesting is no envelope but an attack on
/// whoever reads it.
const DEEPEST: usize = 8;

/// Goes down through envelopes to the records.
fn unwrap<'a>(json: Json<'a>, depth: usize, lines: &mut Lines<'a>, found: &mut Vec<Entry<'a>>) {
    let line = lines.of_slice(json.text());
    if depth > DEEPEST {
        let error = format!("expected CloudTrail records at most {DEEPEST} levels deep");
        return found.push(Entry {
            line,
            delivered: None,
            record: Err(error),
        });
    }
    if json.text().starts_with('[') {
        return json
            .items()
            .into_iter()
            .for_each(|item| unwrap(item, depth + 1, lines, found));
    }
    if let Ok(record) = Record::of(json) {
        return found.push(Entry {
            line,
            delivered: None,
            record: Ok(record),
        });
    }
    if let Some((delivered, record)) = delivered(json) {
        return found.push(Entry {
            line,
            delivered,
            record,
        });
    }
    match json.get("Records") {
        Some(records) => records
            .items()
            .into_iter()
            .for_each(|item| unwrap(item, depth + 1, lines, found)),
        None => found.push(Entry {
            line,
            delivered: None,
            record: Record::of(json),
        }),
    }
}

/// What an envelope of EventBridge says and holds, in one walk over it; `None`
/// where `json` is none.
pub fn delivered<'a>(json: Json<'a>) -> Option<Opened<'a>> {
    let (mut record, mut detail) = (Record::default(), None);
    let (mut source, mut detail_type, mut account) = (None, None, None);
    json.each_with(
        "detail",
        &mut |key, value| record.member(key, value),
        &mut |key, value| match unquoted(key) {
            "source" => source = value.scalar(),
            "detail-type" => detail_type = value.scalar(),
            "account" => account = Some(value),
            "detail" if !value.is_null() => detail = Some(value),
            _ => {}
        },
    );
    let delivered = detail_type.map(|detail_type| Delivered {
        source: source.unwrap_or_default(),
        detail_type,
    });
    let record = match detail? {
        detail if detail.is_object() => record.checked(detail),
        detail => Record::of(detail),
    };
    Some((delivered, record.map(|record| record.delivered_to(account))))
}

/// What an envelope says, and the record in it.
pub type Opened<'a> = (Option<Delivered<'a>>, Result<Record<'a>, String>);

/// Counts lines once, from front to back.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line of a byte offset; offsets must not go back.
    fn of(&mut self, offset: usize) -> usize {
        let passed = self
            .text
            .as_bytes()
            .get(self.at..offset)
            .unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', passed).count();
        self.at = self.at.max(offset);
        self.line
    }

    /// The line on which a part of the text begins.
    fn of_slice(&mut self, part: &str) -> usize {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.of(offset.min(self.text.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let name = |entry: &Entry<'_>| match &entry.record {
            Ok(record) => record.event_name.to_string(),
            Err(_) => format!("line {}", entry.line),
        };
        entries(text).iter().map(name).collect()
    }

    #[test]
    fn every_envelope_gives_its_records() {
        assert_eq!(names(r#"{"eventName":"A"}"#), ["A"]);
        assert_eq!(
            names(r#"[{"eventName":"A"},{"eventName":"B"}]"#),
            ["A", "B"]
        );
        assert_eq!(
            names(r#"{"Records":[{"eventName":"A"},{"eventName":"B"}]}"#),
            ["A", "B"]
        );
        assert_eq!(
            names("{\"eventName\":\"A\"}\n\n{\"eventName\":\"B\"}\n"),
            ["A", "B"]
        );
        let bridged = r#"{"detail-type":"AWS API Call via CloudTrail","source":"aws.iam","detail":{"eventName":"A","eventSource":"iam.amazonaws.com"}}"#;
        assert_eq!(names(&format!("[{bridged}]")), ["A"]);
    }

    #[test]
    fn a_broken_line_is_named_and_the_rest_is_read() {
        let text = "{\"eventName\":\"A\"}\n{\"eventName\":\n{\"eventName\":\"C\"}\nnonsense\n{\"eventName\":\"E\"}";
        assert_eq!(names(text), ["A", "line 2", "C", "line 4", "E"]);
    }

    #[test]
    fn only_aws_itself_vouches_for_a_record() {
        let event = |source: &str| {
            format!(
                r#"{{"detail-type":"AWS API Call via CloudTrail","source":"{source}","detail":{{"eventName":"A","eventSource":"s3.amazonaws.com"}}}}"#
            )
        };
        for (source, vouched) in [
            ("aws.s3", true),
            ("custom.s3", false),
            ("aws.iam", false),
            ("s3", false),
        ] {
            let text = event(source);
            let entry = entries(&text).pop().unwrap();
            let record = entry.record.unwrap();
            assert_eq!(
                entry.delivered.unwrap().vouches_for(&record),
                vouched,
                "{source}"
            );
        }
    }

    #[test]
    fn nobody_vouches_for_the_network_activity_of_an_endpoint() {
        let text = r#"{"detail-type":"AWS Network Activity Event via CloudTrail","source":"aws.cloudtrail","detail":{"eventName":"UpdateTrail","eventSource":"cloudtrail.amazonaws.com","eventType":"AwsVpceEvent"}}"#;
        let entry = entries(text).pop().unwrap();
        let record = entry.record.unwrap();
        assert!(record.is_network_activity());
        assert!(!entry.delivered.unwrap().vouches_for(&record));
    }

    #[test]
    fn the_envelope_names_the_account_where_the_record_does_not() {
        let text = r#"{"account":"222222222222","detail-type":"AWS API Call via CloudTrail","source":"aws.s3","detail":{"eventName":"A","eventSource":"s3.amazonaws.com","userIdentity":{"type":"AWSService","invokedBy":"config.amazonaws.com"}}}"#;
        let account = |text: &str| {
            let record = entries(text).pop().unwrap().record.unwrap();
            record.account().into_owned()
        };
        assert_eq!(account(text), "222222222222");
        let named = text.replace(
            r#""eventName""#,
            r#""recipientAccountId":"111111111111","eventName""#,
        );
        assert_eq!(account(&named), "111111111111");
    }

    #[test]
    fn nesting_that_is_no_envelope_is_refused_and_not_followed() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let found = entries(&deep);
        assert!(
            found[0]
                .record
                .as_ref()
                .unwrap_err()
                .contains("levels deep")
        );
        assert_eq!(names(r#"[[{"Records":[{"eventName":"A"}]}]]"#), ["A"]);
    }

    #[test]
    fn notifications_are_not_taken_for_records() {
        let found =
            entries(r#"{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put"}]}"#);
        assert!(found[0].record.is_err());
    }
}
