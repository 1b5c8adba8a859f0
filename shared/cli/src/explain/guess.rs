//! What kind of policy a document is, from what it says.

use auditward_policy::{Document, Kind};

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
    use super::super::policy;
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
            assert_eq!(kind(&policy::read(&text).unwrap()), expected, "{statement}");
        }
    }
}
