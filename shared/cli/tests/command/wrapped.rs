//! Policies as AWS answers with them, one in what is around it; and what is none.

use serde_json::Value;

use super::{auditward, objects, stderr, stdout};

const OPEN: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-logs/*"}]}"#;

/// The policy as a string of JSON.
fn quoted(policy: &str) -> String {
    Value::from(policy).to_string()
}

/// The policy as IAM's answers have it, URL-encoded.
fn encoded(policy: &str) -> String {
    let encoded = policy.bytes().map(|byte| format!("%{byte:02X}"));
    quoted(&encoded.collect::<String>())
}

/// What the answers of AWS look like that hold one policy.
fn answers() -> Vec<String> {
    vec![
        format!(r#"{{"Policy":{}}}"#, quoted(OPEN)),
        format!(
            r#"{{"Policy":{},"RevisionId":"{}"}}"#,
            quoted(OPEN),
            "4843f2f6"
        ),
        format!(r#"{{"Role":{{"RoleName":"ci","AssumeRolePolicyDocument":{OPEN}}}}}"#),
        format!(
            r#"{{"Role":{{"AssumeRolePolicyDocument":{}}}}}"#,
            encoded(OPEN)
        ),
        format!(r#"{{"AssumeRolePolicyDocument":{OPEN}}}"#),
        format!(
            r#"{{"RoleName":"ci","PolicyName":"p","PolicyDocument":{}}}"#,
            encoded(OPEN)
        ),
        format!(r#"{{"PolicyVersion":{{"Document":{OPEN},"VersionId":"v1"}}}}"#),
        format!(
            r#"{{"Attributes":{{"TopicArn":"arn:aws:sns:eu-west-1:111111111111:t","Policy":{}}}}}"#,
            quoted(OPEN)
        ),
        format!(
            r#"{{"ResourceArn":"arn","ResourcePolicy":{}}}"#,
            quoted(OPEN)
        ),
        format!(r#"{{"ResourcePolicy":{{"Content":{}}}}}"#, quoted(OPEN)),
    ]
}

#[test]
fn a_policy_is_found_in_what_aws_answers() {
    for answer in answers() {
        let mut command = auditward(&["explain", "--format", "json", "--fail-on", "foreign", "-"]);
        command.write_stdin(answer.as_str());
        let told = objects(&stdout(&mut command));
        assert_eq!(told[0]["foreign"], true, "{answer}: {told:?}");
        command.assert().code(1);
    }
}

#[test]
fn a_batch_finds_them_too() {
    for answer in answers() {
        for policy in [answer.clone(), quoted(&answer)] {
            let mut command = auditward(&["explain", "--batch"]);
            command.write_stdin(format!("{{\"policy\":{policy}}}\n"));
            let told = objects(&stdout(&mut command));
            assert_eq!(told[0]["foreign"], true, "{policy}: {told:?}");
            command.assert().code(0);
        }
    }
}

/// Whom a text lets in that says nothing of anybody cannot be answered with "nobody".
#[test]
fn what_has_no_statement_is_no_policy() {
    for (text, says) in [
        ("{}", "it has no `Statement`"),
        (r#"{"a":1}"#, "it has no `Statement`"),
        (r#"{"Version":"2012-10-17"}"#, "it has no `Statement`"),
        (r#"{"statement":[]}"#, "it has no `Statement`"),
        (r#"{"Policy":null}"#, "it has no `Statement`"),
        (r#"{"Policy":"{}"}"#, "`Policy`: it has no `Statement`"),
        (r#"{"Policy":"{"}"#, "`Policy`: line 1"),
        (
            r#"{"Policy":{"Statement":[]},"PolicyDocument":{"Statement":[]}}"#,
            "several policies",
        ),
    ] {
        let mut command = auditward(&["explain", "-"]);
        command.write_stdin(text);
        let said = stderr(&mut command);
        assert!(said.contains(says), "{text}: {said}");
        assert_eq!(stdout(&mut command), "", "{text}");
        command.assert().code(2);

        let mut command = auditward(&["explain", "--batch"]);
        command.write_stdin(format!("{{\"policy\":{text}}}\n"));
        let told = objects(&stdout(&mut command));
        let said = told[0]["error"].as_str().unwrap_or_default();
        assert!(said.contains(says), "{text}: {said}");
        command.assert().code(2);
    }
}
