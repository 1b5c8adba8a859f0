//! What `aws cloudtrail lookup-events` prints: lists of summaries, each with the record
//! itself as a string.

use serde_json::value::RawValue;

use auditward_rules::json::Json;

/// What a summary has the record under.
const RECORD: &str = "CloudTrailEvent";

/// The records of such lists as JSON values, each on the line on which the text has it,
/// so that what is told of a line stays true. One answer may follow another, and
/// `--query Events` leaves the list alone. `None` where the text is nothing such.
pub fn records(text: &str) -> Option<String> {
    // No log file has it, and they may be large.
    memchr::memmem::find(text.as_bytes(), RECORD.as_bytes())?;
    let mut found = Unwrapped {
        text,
        out: String::with_capacity(text.len()),
        read: 0,
        lines: 0,
        summaries: 0,
    };
    let whole = text.trim_start_matches('\u{feff}');
    let values = serde_json::Deserializer::from_str(whole).into_iter::<&RawValue>();
    for value in values {
        let answer = Json::new(value.ok()?);
        let listed = answer.get("Events").unwrap_or(answer);
        match listed.is_object() {
            true => found.add(listed),
            false => listed
                .items()
                .into_iter()
                .for_each(|event| found.add(event)),
        }
    }
    (found.summaries > 0).then_some(found.out)
}

struct Unwrapped<'a> {
    text: &'a str,
    out: String,
    /// Up to here lines were counted.
    read: usize,
    /// How many lines more there are in what was written than in what was read.
    lines: usize,
    summaries: usize,
}

impl Unwrapped<'_> {
    fn add(&mut self, event: Json<'_>) {
        let record = event.get(RECORD);
        self.summaries += usize::from(record.is_some());
        let value = record.unwrap_or(event);
        let at = (value.text().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let passed = self.text.as_bytes().get(self.read..at).unwrap_or_default();
        let breaks = memchr::memchr_iter(b'\n', passed).count();
        self.read = at.max(self.read);
        let behind = breaks.saturating_sub(self.lines);
        self.out.extend(std::iter::repeat_n('\n', behind));
        self.lines = self.lines.saturating_sub(breaks);
        self.out.push(' ');
        let record = value.scalar();
        let record = record.as_deref().unwrap_or(value.text());
        self.lines += record.matches('\n').count();
        self.out.push_str(record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_record_stands_on_its_line() {
        let text = "\u{feff}{\n \"Events\": [\n{\"EventId\": \"1\",\n \"CloudTrailEvent\": \"{\\\"a\\\":\\n1}\"\n},\n{\"b\":\n2}\n, {\"CloudTrailEvent\": \"{}\"}, {\"CloudTrailEvent\":\"7\"}\n]\n}";
        assert_eq!(
            records(text).as_deref(),
            Some("\n\n\n {\"a\":\n1}\n {\"b\":\n2}\n {} 7")
        );
    }

    #[test]
    fn other_files_are_left_as_they_are() {
        for text in [
            "",
            "{}",
            "[]",
            r#"{"Records":[]}"#,
            r#"{"Events":[{"CloudTrailEvent":"{}"}"#,
            r#"{"Records":[{"x":"CloudTrailEvent"}]}"#,
            r#""Events":[]"#,
            r#"{"Events"}"#,
            r#"{"EventsOf":[]}"#,
        ] {
            assert_eq!(records(text), None, "{text}");
        }
        assert_eq!(records(r#"{"Events":[]}"#), None);
    }

    #[test]
    fn answers_may_follow_each_other_and_lists_stand_alone() {
        let one = r#"{"CloudTrailEvent":"{\"a\":1}"}"#;
        for text in [
            format!("{{\"NextToken\":\"x\",\"Events\":[{one}]}}\n{{\"Events\":[{one}]}}"),
            format!("[{one},\n{one}]"),
            format!("{one}\n{one}"),
        ] {
            assert_eq!(
                records(&text).as_deref(),
                Some(" {\"a\":1}\n {\"a\":1}"),
                "{text}"
            );
        }
    }
}
