//! What `aws cloudtrail lookup-events` prints: a list of summaries, each with the record
//! itself as a string.

use auditward_rules::json::Json;

/// The records of such a list as JSON values, each on the line on which the list has its
/// text, so that what is told of a line stays true. `None` where the text is no such list.
pub fn records(text: &str) -> Option<String> {
    // A look at the first key spares log files, which may be large, a second walk.
    let within = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let within = within.strip_prefix('{')?.trim_start();
    let list = within.strip_prefix("\"Events\"")?;
    list.trim_start().strip_prefix(':')?;
    let events = Json::parse(text.trim_start_matches('\u{feff}'))?.get("Events")?;
    let mut found = String::with_capacity(text.len());
    let (mut read, mut lines) = (0, 0);
    for event in events.items() {
        let record = event.get("CloudTrailEvent");
        let value = record.unwrap_or(event);
        let at = (value.text().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let passed = text.as_bytes().get(read..at).unwrap_or_default();
        let breaks = memchr::memchr_iter(b'\n', passed).count();
        read = at.max(read);
        found.extend(std::iter::repeat_n('\n', breaks.saturating_sub(lines)));
        lines = lines.saturating_sub(breaks);
        found.push(' ');
        let record = value.scalar();
        let record = record.as_deref().unwrap_or(value.text());
        lines += record.matches('\n').count();
        found.push_str(record);
    }
    Some(found)
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
            r#""Events":[]"#,
            r#"{"Events"}"#,
            r#"{"EventsOf":[]}"#,
        ] {
            assert_eq!(records(text), None, "{text}");
        }
        assert_eq!(records(r#"{"Events":[]}"#).as_deref(), Some(""));
    }
}
