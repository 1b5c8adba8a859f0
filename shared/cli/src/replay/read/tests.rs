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
    each(text, true, &mut |one| {
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

/// What is told of a broken text: records by name, errors with their line.
fn mended(text: &str, whole: bool) -> Vec<String> {
    let mut found = Vec::new();
    each(text, whole, &mut |one| {
        found.push(match one {
            Found::Unwatched(told) => told.event_id.trim_matches('"').to_owned(),
            Found::Entry(entry) => match &entry.record {
                Ok(record) => record.event_id.to_string(),
                Err(error) => format!("line {}: {error}", entry.line),
            },
        });
    });
    found
}

/// Over many lines, with lists and objects in it.
fn pretty(id: &str) -> String {
    format!(
        "    {{\n      \"eventID\": \"{id}\",\n      \"eventSource\": \"cloudtrail.amazonaws.com\",\n      \"eventName\": \"StopLogging\",\n      \"resources\": [\n        {{\n          \"ARN\": \"x\"\n        }},\n        {{\n          \"ARN\": \"y\"\n        }}\n      ],\n      \"requestParameters\": {{\n        \"name\": \"t\"\n      }}\n    }}"
    )
}

#[test]
fn a_broken_value_is_told_once_where_it_is_broken() {
    let broken = pretty("b").replace("Logging\",", "Logging\"");
    let expected = "expected JSON: expected `,` or `}`";
    // One record over many lines.
    let told = mended(&broken, true);
    assert_eq!(
        told,
        [format!(
            "line 5: {expected} (column 7, in what begins in line 1)"
        )]
    );
    // In one line, and others around it.
    let line = LOUD.replace("\",\"eventName", "\" \"eventName");
    let told = mended(&format!("{QUIET}\n  {line}\n{LOUD}\nnonsense\n"), true);
    assert_eq!(
        told,
        [
            "q",
            &format!("line 2: {expected} (column 45)"),
            "l",
            "line 4: expected JSON: expected ident (column 2)"
        ]
    );
}

#[test]
fn what_stands_beside_a_broken_record_is_found() {
    let (a, c) = (pretty("a"), pretty("c"));
    let broken = pretty("b").replace("Logging\",", "Logging\"");
    let open = pretty("b").replace("\"t\"\n      }", "\"t\"\n");
    let closed = pretty("b").replace("\"t\"\n      }", "\"t\"\n      }}");
    for bad in [&broken, &open, &closed] {
        for (records, ids) in [
            ([&a, bad, &c], ["a", "c"]),
            ([bad, &a, &c], ["a", "c"]),
            ([&a, &c, bad], ["a", "c"]),
        ] {
            let records = records.map(String::as_str).join(",\n");
            for text in [
                format!("{{\n  \"Records\": [\n{records}\n  ]\n}}\n"),
                format!("[\n{records}\n]\n{QUIET}"),
            ] {
                let told = mended(&text, true);
                let (found, errors): (Vec<_>, Vec<_>) =
                    told.into_iter().partition(|told| !told.starts_with("line"));
                let found: Vec<_> = found
                    .iter()
                    .filter(|id| !["b", "q"].contains(&id.as_str()))
                    .collect();
                assert_eq!(found, ids, "{text}");
                assert_eq!(errors.len(), 1, "{text}\n{errors:?}");
            }
        }
    }
    // With a record a line, or two.
    let bad = QUIET.replace(':', " ");
    for text in [
        format!("{{\"Records\":[\n{QUIET},\n{bad},\n{LOUD}]}}"),
        format!("{{\"Records\":[\n{QUIET},\n{bad},\n{LOUD}\n]}}\n"),
        format!("{{\"Records\":[\n{bad},\n{QUIET}, {LOUD}\n]}}\n"),
        format!("[\n{QUIET},\n7,\n{bad},\n{LOUD}\n]\n"),
    ] {
        let told = mended(&text, true);
        let errors = told.iter().filter(|told| told.starts_with("line"));
        assert_eq!(errors.count(), 1, "{text}\n{told:?}");
        for id in ["q", "l"] {
            assert_eq!(
                told.iter().filter(|told| *told == id).count(),
                1,
                "{text}\n{told:?}"
            );
        }
    }
}

#[test]
fn of_a_text_that_is_known_to_break_off_that_is_not_told_again() {
    let text = format!("{{\n  \"Records\": [\n{},\n{}", pretty("a"), pretty("b"));
    let cut = text.get(..text.len() - 120).unwrap();
    assert_eq!(mended(cut, false), ["a"]);
    let told = mended(cut, true);
    assert!(told.len() == 2 && told[1].contains("EOF"), "{told:?}");
}

#[test]
fn an_entry_knows_its_line() {
    let text = format!("{QUIET}\n{QUIET}\n{LOUD}\n[\n{QUIET},\n{LOUD}]\n");
    let mut lines = Vec::new();
    each(&text, true, &mut |found| {
        if let Found::Entry(entry) = found {
            lines.push(entry.line);
        }
    });
    assert_eq!(lines, [3, 6]);
}
