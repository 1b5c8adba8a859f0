//! The documents of AWS's guide to sharing CloudTrail logs between accounts,
//! limited to what the other account owns ("Sharing CloudTrail log files
//! between AWS accounts").

use crate::document::Document;
use crate::glob::{covers, matches, overlap};
use crate::json::{Tape, write_string};
use crate::policy::{Policy, Stmt};
use crate::val::Val;

/// The trust policy of the role through which `account` reads. Third parties
/// get an external id.
#[must_use]
pub fn trust_policy(account: &str, external_id: Option<&str>) -> Document {
    let condition = external_id.map_or(String::new(), |id| {
        format!(
            r#","Condition":{{"StringEquals":{{"sts:ExternalId":{}}}}}"#,
            quoted(id)
        )
    });
    let principal = quoted(&format!("arn:aws:iam::{account}:root"));
    Document::from_own_text(format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"AuditwardShareLogs","Effect":"Allow","Principal":{{"AWS":{principal}}},"Action":"sts:AssumeRole"{condition}}}]}}"#
    ))
}

/// The permissions of that role: reading, and only the folder that holds
/// `account`'s own logs.
#[must_use]
pub fn access_policy(bucket: &str, prefix: &str, account: &str) -> Document {
    let folder = folder(prefix, account);
    let objects = quoted(&format!("arn:aws:s3:::{bucket}/{folder}/*"));
    let whole = quoted(&format!("arn:aws:s3:::{bucket}"));
    let listed = format!(
        "{},{}",
        quoted(&format!("{folder}/")),
        quoted(&format!("{folder}/*"))
    );
    Document::from_own_text(format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"AuditwardReadLogs","Effect":"Allow","Action":"s3:GetObject","Resource":{objects}}},{{"Sid":"AuditwardListLogs","Effect":"Allow","Action":"s3:ListBucket","Resource":{whole},"Condition":{{"StringLike":{{"s3:prefix":[{listed}]}}}}}},{{"Sid":"AuditwardFindBucket","Effect":"Allow","Action":"s3:GetBucketLocation","Resource":{whole}}}]}}"#
    ))
}

/// The folder of an account's logs: `prefix/AWSLogs/account`.
fn folder(prefix: &str, account: &str) -> String {
    let prefix = prefix.trim_matches('/');
    let own = format!("AWSLogs/{account}");
    if prefix.is_empty() {
        own
    } else if prefix.ends_with(&own) {
        prefix.to_owned()
    } else if prefix == "AWSLogs" || prefix.ends_with("/AWSLogs") {
        format!("{prefix}/{account}")
    } else {
        format!("{prefix}/{own}")
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    write_string(text, &mut out);
    out
}

/// The statements of an identity policy that read or list more of `bucket`
/// than these folders (`AWSLogs/111111111111`), or change anything in it. An
/// empty folder is the whole bucket.
#[must_use]
pub fn wider_than_folders(doc: &Document, bucket: &str, folders: &[String]) -> Vec<usize> {
    let Ok(tape) = Tape::parse(doc.as_json()) else {
        return Vec::new();
    };
    let policy = Policy::of_identity(&tape);
    policy
        .statements
        .iter()
        .filter(|stmt| stmt.allow && is_wider(&policy, stmt, bucket, folders))
        .map(|stmt| stmt.index)
        .collect()
}

fn is_wider(policy: &Policy<'_>, stmt: &Stmt<'_>, bucket: &str, folders: &[String]) -> bool {
    let on_s3 = stmt.not_action || stmt.actions().any(|action| overlap(action, "s3:*", true));
    if !on_s3 {
        return false;
    }
    let whole = format!("arn:aws:s3:::{bucket}");
    let objects = format!("{whole}/*");
    let shared: Vec<String> = folders
        .iter()
        .map(|folder| match folder.as_str() {
            "" => objects.clone(),
            folder => format!("{whole}/{folder}/*"),
        })
        .collect();
    if stmt.not_action || stmt.not_resource || stmt.resource.is_none() {
        return true;
    }
    let reads_only = |allowed: &[&str]| {
        stmt.actions()
            .filter(|action| overlap(action, "s3:*", true))
            .all(|action| allowed.iter().any(|wide| covers(wide, action, true)))
    };
    let lists_all = |action: &str| {
        matches(action, "s3:ListBucket", true) != Val::NEVER
            || matches(action, "s3:ListBucketVersions", true) != Val::NEVER
    };
    stmt.resources().any(|resource| {
        let resource = resource.replacen("arn:aws-cn:", "arn:aws:", 1);
        if shared.iter().any(|shared| covers(shared, &resource, false)) {
            return !reads_only(&["s3:Get*", "s3:List*"]);
        }
        let bucket_only = resource == whole;
        if !bucket_only {
            return overlap(&resource, &objects, false) || overlap(&resource, &whole, false);
        }
        if !reads_only(&["s3:Get*", "s3:List*"]) {
            return true;
        }
        stmt.actions().any(lists_all) && !lists_folders(policy, stmt, folders)
    })
}

/// Whether `s3:prefix` is held to the folders.
fn lists_folders(policy: &Policy<'_>, stmt: &Stmt<'_>, folders: &[String]) -> bool {
    let inside = |text: &str| {
        folders.iter().any(|folder| {
            folder.is_empty() || text == folder || covers(&format!("{folder}/*"), text, false)
        })
    };
    folders.iter().any(String::is_empty)
        || policy.conditions_of(stmt).iter().any(|condition| {
            let operator = condition.operator;
            condition.key_text.eq_ignore_ascii_case("s3:prefix")
                && !operator.negated
                && !operator.if_exists
                && operator.set == crate::operator::SetOp::None
                && matches!(operator.base, crate::operator::Base::Text { .. })
                && condition.texts().all(inside)
        })
}
