//! Many policies: JSON lines in, one answer a line out.

use std::io::{BufRead, BufReader, BufWriter, Read, Write};

use serde::Deserialize;
use serde_json::value::RawValue;

use auditward_policy::{Kind, Zone, analyze, narrow};

use super::answer::Answer;
use super::{guess, policy};

/// One question.
#[derive(Deserialize)]
struct Question<'a> {
    #[serde(borrow)]
    policy: &'a RawValue,
    #[serde(default)]
    kind: Option<Kind>,
    #[serde(default)]
    trusted: Option<Zone>,
}

/// The question's name; read by itself, so that a broken question keeps it.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
}

/// What came out.
#[derive(Debug, Default)]
pub struct Done {
    /// An outsider gets in somewhere, or it cannot be told.
    pub foreign: bool,
    /// A line was no question, or its policy none.
    pub failed: bool,
}

/// Answers every line, in order; a bad one gets an answer that says so.
///
/// # Errors
/// Input or output itself fails.
pub fn run(
    input: impl Read,
    output: impl Write,
    kind: Option<Kind>,
    zone: &Zone,
) -> anyhow::Result<Done> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let mut output = BufWriter::with_capacity(1 << 16, output);
    let mut done = Done::default();
    let mut line = Vec::new();
    let mut number = 0;
    loop {
        // Whoever waits for an answer before asking on must get it.
        if input.buffer().is_empty() {
            output.flush()?;
        }
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            output.flush()?;
            return Ok(done);
        }
        number += 1;
        let text = String::from_utf8_lossy(&line);
        if text.trim().is_empty() {
            continue;
        }
        let answer = answer(&text, number, kind, zone);
        done.foreign |= answer.foreign != Some(false);
        done.failed |= answer.error.is_some();
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
    }
}

fn answer<'a>(text: &'a str, number: usize, kind: Option<Kind>, zone: &Zone) -> Answer<'a> {
    let named = serde_json::from_str::<Named<'a>>(text);
    let id = named.as_ref().ok().and_then(|named| named.id);
    let wrong = |error: String| Answer::error(id, format!("line {number}: {error}"));
    let question = match serde_json::from_str::<Question<'a>>(text) {
        Ok(question) => question,
        Err(error) => {
            let error = error.to_string().replace(" at line 1 column ", ", column ");
            return wrong(format!(
                "expected an object with `id`, `kind`, `policy` and `trusted`: {error}"
            ));
        }
    };
    let document = match policy::read(question.policy.get()) {
        Ok(document) => document,
        Err(error) => return wrong(format!("policy: {error}")),
    };
    let kind = question
        .kind
        .or(kind)
        .unwrap_or_else(|| guess::kind(&document));
    let zone = question.trusted.as_ref().unwrap_or(zone);
    let analysis = analyze(&document, kind, zone);
    let narrowed = narrow(&document, kind, zone);
    let mut answer = Answer::of(RawValue::NULL, analysis, narrowed.document);
    answer.id = id;
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(input: &str) -> Vec<serde_json::Value> {
        let mut output = Vec::new();
        run(input.as_bytes(), &mut output, None, &Zone::default()).unwrap();
        let text = String::from_utf8(output).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    const PUBLIC: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}"#;

    #[test]
    fn every_line_has_its_answer_in_order_whatever_is_wrong_with_it() {
        let quoted = serde_json::to_string(PUBLIC).unwrap();
        let input = [
            &format!(r#"{{"id":"one","kind":"bucket","policy":{PUBLIC},"trusted":{{"accounts":["111111111111"],"org_id":null}}}}"#),
            "nonsense",
            r#"{"id":3,"kind":"bucket","policy":{"Statement":7},"trusted":{"accounts":[]}}"#,
            "",
            &format!(r#"{{"id":"text","policy":{quoted}}}"#),
            r#"{"id":"odd","kind":"castle","policy":{}}"#,
        ]
        .join("\n");
        let answers = answers(&input);
        let told: Vec<_> = answers
            .iter()
            .map(|answer| (&answer["id"], answer["error"].is_null()))
            .collect();
        let (one, three, text, odd) = ("one".into(), 3.into(), "text".into(), "odd".into());
        let none = serde_json::Value::Null;
        assert_eq!(
            told,
            [
                (&one, true),
                (&none, false),
                (&three, false),
                (&text, true),
                (&odd, false)
            ]
        );
        assert!(
            answers[1]["error"]
                .as_str()
                .unwrap()
                .starts_with("line 2: ")
        );
        assert!(
            answers[4]["error"]
                .as_str()
                .unwrap()
                .starts_with("line 6: ")
        );
        for answer in answers.iter().filter(|answer| !answer["error"].is_null()) {
            assert!(
                answer["foreign"].is_null() && answer["narrowed"].is_null(),
                "{answer}"
            );
        }
    }

    #[test]
    fn an_answer_has_always_the_same_fields() {
        for answer in answers(&format!("{{\"id\":\"a\",\"policy\":{PUBLIC}}}\n{{}}\n")) {
            let mut names: Vec<_> = answer
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            names.sort_unstable();
            assert_eq!(
                names,
                ["deputy", "error", "foreign", "id", "narrowed", "statements"]
            );
        }
    }
}
