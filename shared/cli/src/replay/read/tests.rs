use super::*;

/// What each of both readers finds: the event's identifier and name, or the error's line.
fn told(entry: &Entry<'_>) -> String {
    match &entry.record {
        Ok(record) => format!("{} {}", record.event_id, record.event_name),
        Err(_) => format!("line {}", entry.line),
    }
}

fn quickly(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    each(text, &mut |one| {
        found.push(match one {
            Found::Unwatched(told) => {
                format!(
                    "{} {}",
                    told.event_id.trim_matches('"'),
                    told.event_name.trim_matches('"')
                )
            }
            Found::Entry(entry) => told(&entry),
        });
    });
    found
}

fn at_leisure(text: &str) -> Vec<String> {
    envelope::entries(text).iter().map(told).collect()
}

/// A record that no rule watches, and one that a rule does.
const QUIET: &str = r#"{"eventVersion":"1.11","userIdentity":{"arn":"arn:aws:iam::111111111111:user/a"},"eventTime":"2026-11-14T09:00:00Z","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"eu-west-1","eventID":"q","recipientAccountId":"111111111111"}"#;
const LOUD: &str =
    r#"{"eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","eventID":"l"}"#;

#[test]
fn both_readers_find_the_same_in_every_form() {
    let bridged = format!(
        r#"{{"detail-type":"AWS API Call via CloudTrail","source":"aws.ec2","detail":{QUIET}}}"#
    );
    let lower = QUIET
        .replace("eventName", "eventname")
        .replace("eventSource", "eventsource");
    let pretty = format!("{{\n  \"Records\": [\n{QUIET},\n{LOUD}\n  ]\n}}\n");
    for text in [
        QUIET.to_owned(),
        format!("[{QUIET},{LOUD},{QUIET}]"),
        format!("{{\"Records\":[{LOUD},{QUIET}]}}"),
        format!("{{\"Records\":[{QUIET},7,{LOUD}]}}"),
        format!("{{\"next\":1,\"Records\":[{QUIET},{LOUD}]}}"),
        format!("{{\"Records\":[{QUIET}],\"next\":1}}\n{LOUD}"),
        format!("{{\"Records\":[{{\"eventSource\":\"aws:s3\",\"eventName\":\"X\"}},{QUIET}]}}"),
        format!("{{\"Records\":[{QUIET},{{}},{LOUD}]}}"),
        format!("{{\"Records\":[{QUIET},[{LOUD},{QUIET}]]}}"),
        format!("{QUIET}\n\n{bridged}\n{LOUD}\n"),
        format!("[{bridged},{bridged},{LOUD}]"),
        format!("[{lower}]"),
        pretty,
        format!("\u{feff}{QUIET}\nnonsense\n{LOUD}\n{{\"eventName\":\n{QUIET}"),
        QUIET.replace("\"q\"", "\"\\ud83d\""),
        QUIET.replace("DescribeInstances", "Invoke20150331v2"),
        QUIET.replace("\"eventID\":\"q\"", "\"eventID\":\"q\",\"eventID\":\"r\""),
        "{\"Records\":[]}".into(),
        "[]".into(),
        "[7,\"x\",null]".into(),
        "{}".into(),
        String::new(),
    ] {
        assert_eq!(quickly(&text), at_leisure(&text), "{text}");
    }
}

#[test]
fn of_a_file_that_breaks_off_all_that_is_whole_is_found() {
    let text = format!("{{\"Records\":[{QUIET},{LOUD},{{\"eventName\":\"Put");
    assert_eq!(
        quickly(&text),
        ["q DescribeInstances", "l StopLogging", "line 1"]
    );
    let text = format!("{{\"Records\":[\n{QUIET},\n{LOUD},\n{{\"eventName\":\"Put");
    assert_eq!(
        quickly(&text),
        ["q DescribeInstances", "l StopLogging", "line 4"]
    );
}

#[test]
fn an_entry_knows_its_line() {
    let text = format!("{QUIET}\n{QUIET}\n{LOUD}\n[\n{QUIET},\n{LOUD}]\n");
    let mut lines = Vec::new();
    each(&text, &mut |found| {
        if let Found::Entry(entry) = found {
            lines.push(entry.line);
        }
    });
    assert_eq!(lines, [3, 6]);
}
