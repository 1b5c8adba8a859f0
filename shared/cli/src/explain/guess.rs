//! What kind of policy a document is, from what it says.

use auditward_policy::{Document, Kind};
use auditward_rules::facet::percent_decode;

/// Parses a policy as it comes: a document, one inside a JSON string (as AWS
/// answers and events have it), or one that is URL-encoded (as IAM answers).
///
/// # Errors
/// What is wrong with it, with line and column.
pub fn document(text: &str) -> Result<Document, String> {
    let trimmed = text.trim_start_matches('\u{feff}').trim();
    let parse = |text: &str| Document::parse(text).map_err(|error| error.to_string());
    match trimmed.as_bytes().first() {
        Some(b'"') => match serde_json::from_str::<String>(trimmed) {
            Ok(inner) if !inner.trim_start().starts_with('"') => document(&inner),
            _ => parse(trimmed),
        },
        Some(b'%') => parse(&percent_decode(trimmed)),
        _ => parse(trimmed),
    }
}

/// Guesses the kind: by the service of the resources' ARNs, else by that of the
/// actions; a document that names no resource at all is a trust policy.
pub fn kind(document: &Document) -> Kind {
    let texts = |names: &'static [&'static str]| {
        document
            .statements()
            .iter()
            .flat_map(move |statement| names.iter().flat_map(|name| statement.texts(name)))
    };
    let by_action = texts(&["Action", "NotAction"]).find_map(|action| {
        let (service, name) = action.split_once(':')?;
        of_service(&service.to_ascii_lowercase(), name)
    });
    let mut resources = texts(&["Resource", "NotResource"]).peekable();
    if resources.peek().is_none() && by_action.is_none_or(|kind| kind == Kind::Trust) {
        return Kind::Trust;
    }
    let by_resource = resources.find_map(|resource| of_resource(&resource));
    by_resource.or(by_action).unwrap_or(Kind::Trust)
}

fn of_resource(arn: &str) -> Option<Kind> {
    let mut parts = arn.splitn(6, ':');
    let service = parts.nth(2)?;
    let resource = parts.nth(2)?;
    of_service(service, resource)
}

/// The kind of a service's documents. `what` is an action or a resource.
fn of_service(service: &str, what: &str) -> Option<Kind> {
    Some(match service {
        "sts" => Kind::Trust,
        "s3" => Kind::Bucket,
        "kms" => Kind::Key,
        "sns" => Kind::Topic,
        "sqs" => Kind::Queue,
        "logs" if what.starts_with("destination") || what == "PutSubscriptionFilter" => {
            Kind::Destination
        }
        "logs" => Kind::Logs,
        "events" => Kind::Bus,
        "lambda" => Kind::Function,
        "cloudtrail" | "cloudtrail-data" => Kind::Store,
        "dynamodb" => Kind::Table,
        "oam" => Kind::Sink,
        "organizations" => Kind::Organization,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_from_the_document() {
        for (statement, expected) in [
            (
                r#""Principal":{"AWS":"*"},"Action":"sts:AssumeRole""#,
                Kind::Trust,
            ),
            (
                r#""Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#,
                Kind::Bucket,
            ),
            (
                r#""Principal":"*","Action":"*","Resource":"arn:aws:s3:::b""#,
                Kind::Bucket,
            ),
            (
                r#""Principal":"*","Action":"kms:Decrypt","Resource":"*""#,
                Kind::Key,
            ),
            (
                r#""Principal":"*","Action":"SNS:Publish","Resource":"arn:aws:sns:eu-west-1:111111111111:t""#,
                Kind::Topic,
            ),
            (
                r#""Principal":"*","Action":"logs:PutSubscriptionFilter","Resource":"arn:aws:logs:eu-west-1:111111111111:destination:d""#,
                Kind::Destination,
            ),
            (
                r#""Principal":"*","Action":"logs:PutLogEvents","Resource":"*""#,
                Kind::Logs,
            ),
            (
                r#""Principal":"*","Action":"cloudtrail-data:PutAuditEvents","Resource":"arn:aws:cloudtrail:eu-west-1:111111111111:channel/c""#,
                Kind::Store,
            ),
        ] {
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow",{statement}}}}}"#
            );
            assert_eq!(kind(&document(&text).unwrap()), expected, "{statement}");
        }
    }

    #[test]
    fn a_document_is_read_however_it_is_wrapped() {
        let plain = r#"{"Version":"2012-10-17","Statement":[]}"#;
        let quoted = serde_json::to_string(plain).unwrap();
        let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
        for text in [plain, &quoted, encoded] {
            assert!(document(text).is_ok(), "{text}");
        }
        assert!(document("\"\\\"x\\\"\"").is_err());
    }
}
