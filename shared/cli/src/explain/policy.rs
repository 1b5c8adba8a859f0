//! Reads a policy as people have it at hand: the document, as it is or as text, or an
//! answer of AWS with one in it.

use auditward_policy::Document;
use auditward_rules::facet::percent_decode;
use auditward_rules::json::Json;

/// Where the answers of AWS's services, as the AWS CLI prints them, have a policy.
const PLACES: [&[&str]; 8] = [
    &["Policy"],
    &["PolicyDocument"],
    &["AssumeRolePolicyDocument"],
    &["ResourcePolicy"],
    &["Attributes", "Policy"],
    &["PolicyVersion", "Document"],
    &["ResourcePolicy", "Content"],
    &["Role", "AssumeRolePolicyDocument"],
];

/// Without a statement a document lets nobody in, and to say so of what is no policy at
/// all would call the policy that was meant safe.
const NO_STATEMENT: &str = "it has no `Statement`; give the policy document, or what the AWS CLI prints with it, such as `aws s3api get-bucket-policy`, `aws iam get-role` and `aws iam get-policy-version`";

/// Parses a policy: a document, one inside a JSON string (as AWS answers and events have
/// it), one that is URL-encoded (as IAM answers), or an answer that holds one of these.
///
/// # Errors
/// What is wrong with it, with line and column.
pub fn read(text: &str) -> Result<Document, String> {
    let trimmed = trim(text);
    if trimmed.starts_with('"')
        && let Ok(inner) = serde_json::from_str::<String>(trimmed)
        && !inner.trim_start().starts_with('"')
    {
        return unwrap(trim(&inner));
    }
    unwrap(trimmed)
}

fn trim(text: &str) -> &str {
    text.trim_start_matches('\u{feff}').trim()
}

/// The document, or the one within an answer.
fn unwrap(text: &str) -> Result<Document, String> {
    let decoded;
    let text = if text.starts_with('%') {
        decoded = percent_decode(text);
        &decoded
    } else {
        text
    };
    let document = parse(text)?;
    let Some(json) = Json::parse(text).filter(|json| json.get("Statement").is_none()) else {
        return Ok(document);
    };
    let found = |path: &'static [&str]| Some((path.join("."), inner(json.path(path)?)?));
    let mut found = PLACES.into_iter().filter_map(found);
    let Some((place, inner)) = found.next() else {
        return Err(NO_STATEMENT.into());
    };
    if let Some((other, _)) = found.next() {
        return Err(format!(
            "these are several policies, `{place}` and `{other}`: give one of them"
        ));
    }
    let document = parse(&inner).map_err(|error| format!("`{place}`: {error}"))?;
    match Json::parse(&inner).and_then(|json| json.get("Statement")) {
        Some(_) => Ok(document),
        None => Err(format!("`{place}`: {NO_STATEMENT}")),
    }
}

/// The text of a policy that is a member of an answer; `None` where the member is
/// something else, such as what has the policy in it.
fn inner(json: Json<'_>) -> Option<String> {
    if !json.is_string() {
        return json.get("Statement").map(|_| json.text().to_owned());
    }
    let text = json.scalar()?;
    let text = trim(&text);
    Some(if text.starts_with('%') {
        percent_decode(text)
    } else {
        text.to_owned()
    })
}

fn parse(text: &str) -> Result<Document, String> {
    Document::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_however_it_is_wrapped() {
        let plain = r#"{"Version":"2012-10-17","Statement":[]}"#;
        let quoted = serde_json::to_string(plain).unwrap();
        let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
        for text in [
            plain,
            &quoted,
            encoded,
            &format!("\"{encoded}\""),
            &format!("\u{feff} {{\"Policy\": {quoted}}}\n"),
        ] {
            assert!(read(text).is_ok(), "{text}");
        }
        assert!(read("\"\\\"x\\\"\"").is_err());
    }

    /// A policy's own statements count, whatever else stands beside them.
    #[test]
    fn a_document_is_not_looked_into() {
        let text = r#"{"Statement":[],"Policy":"{\"Statement\":[{\"Effect\":\"Allow\"}]}"}"#;
        assert!(read(text).unwrap().statements().is_empty());
    }
}
