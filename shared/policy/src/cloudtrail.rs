//! What CloudTrail needs on a log bucket and on a trail's key, in the form in
//! which AWS documents it ("Amazon S3 bucket policy for CloudTrail",
//! "Configure AWS KMS key policies for CloudTrail").

use std::collections::BTreeMap;

use crate::json::write_string;
use crate::keys::{Keys, Part};
use crate::principal::is_account;
use crate::request::{Asked, ServiceRequest};
use crate::{Document, Kind, Statement, Tri};

const SERVICE: &str = "cloudtrail.amazonaws.com";
/// How the folders of all that CloudTrail delivers begin: log files, digests,
/// Insights, network activity.
const FOLDER: &str = "CloudTrail";
const DIGEST: &str = "CloudTrail-Digest";

/// Where a trail delivers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivery {
    /// The log bucket's name.
    pub bucket: String,
    /// The key prefix in front of `AWSLogs/`, without slashes at its ends.
    pub prefix: Option<String>,
    /// The trail.
    pub trail_arn: String,
    /// The account that owns the trail.
    pub owner_account: String,
    /// The organization, for an organization trail.
    pub org_id: Option<String>,
}

impl Delivery {
    fn partition(&self) -> &str {
        self.trail_arn
            .strip_prefix("arn:")
            .and_then(|rest| rest.split(':').next())
            .unwrap_or("aws")
    }

    fn bucket_arn(&self) -> String {
        format!("arn:{}:s3:::{}", self.partition(), self.bucket)
    }

    /// `bucket/prefix/AWSLogs/owner`, for an account or an organization.
    fn folder(&self, owner: &str) -> String {
        let prefix = match self
            .prefix
            .as_deref()
            .map(|prefix| prefix.trim_matches('/'))
        {
            None | Some("") => String::new(),
            Some(prefix) => format!("{prefix}/"),
        };
        format!("{}/{prefix}AWSLogs/{owner}", self.bucket_arn())
    }

    fn request(&self, action: &str, resource: String, more: &[(&str, &str)]) -> Asked {
        let context: BTreeMap<String, Vec<String>> = more
            .iter()
            .map(|(key, value)| ((*key).to_owned(), vec![(*value).to_owned()]))
            .collect();
        let request = ServiceRequest {
            service: SERVICE.to_owned(),
            action: action.to_owned(),
            resource,
            source_arn: Some(self.trail_arn.clone()),
            source_account: Some(self.owner_account.clone()),
            source_org_id: self.org_id.clone(),
            context,
        };
        Asked {
            request,
            keys: None,
        }
    }

    fn acl_check(&self) -> Asked {
        self.request("s3:GetBucketAcl", self.bucket_arn(), &[])
    }

    /// All log files and all digests: of every Region and day, and in an
    /// organization's folder of every account.
    fn writes(&self, owner: &str) -> Vec<Asked> {
        [FOLDER, DIGEST]
            .iter()
            .map(|sort| {
                let acl = [("s3:x-amz-acl", "bucket-owner-full-control")];
                Asked {
                    keys: Some(self.keys(owner, sort)),
                    ..self.request("s3:PutObject", String::new(), &acl)
                }
            })
            .collect()
    }

    /// `folder/sort/region/yyyy/mm/dd/account_sort_….json.gz`, in the form of
    /// "CloudTrail log file name format".
    fn keys(&self, owner: &str, sort: &str) -> Keys {
        let text = |text: &str| Part::Text(text.to_owned());
        let mut parts = vec![Part::Text(format!("{}/", self.folder(owner)))];
        let account = match &self.org_id {
            Some(org) if org == owner => {
                parts.extend([Part::Digits(12), text("/")]);
                Part::Digits(12)
            }
            _ => text(&self.owner_account),
        };
        parts.push(Part::Text(format!("{sort}/")));
        // Such as `us-gov-west-1`.
        let region = [
            Part::Run(|c| c.is_ascii_lowercase()),
            text("-"),
            Part::Run(|c| c.is_ascii_lowercase() || c == '-'),
            text("-"),
            Part::Digits(1),
        ];
        parts.extend(region.clone());
        for digits in [4, 2, 2] {
            parts.extend([text("/"), Part::Digits(digits)]);
        }
        parts.extend([text("/"), account, Part::Text(format!("_{sort}_"))]);
        parts.extend(region.clone());
        let minute = [text("_"), Part::Digits(8), text("T"), Part::Digits(4)];
        if sort == DIGEST {
            let name = self.trail_arn.rsplit('/').next().unwrap_or_default();
            parts.push(Part::Text(format!("_{name}_")));
            parts.extend(region);
            parts.extend(minute);
            parts.extend([Part::Digits(2), text("Z")]);
        } else {
            parts.extend(minute);
            parts.extend([text("Z_"), Part::Run(|c| c.is_ascii_alphanumeric())]);
        }
        parts.push(text(".json.gz"));
        Keys::new(parts)
    }

    fn key_requests(&self) -> [Asked; 2] {
        let context = [(
            "kms:EncryptionContext:aws:cloudtrail:arn",
            self.trail_arn.as_str(),
        )];
        [
            self.request("kms:GenerateDataKey", "*".to_owned(), &context),
            self.request("kms:DescribeKey", "*".to_owned(), &[]),
        ]
    }
}

/// Whether CloudTrail may deliver to keys that begin so behind `AWSLogs/`: to
/// `account/CloudTrail…`, in an organization's folder or not. Other services
/// deliver there, too.
#[must_use]
pub fn may_deliver_to(begins: &str) -> bool {
    let in_folders = |text: &str| match text.split_once('/') {
        Some((account, folder)) => {
            is_account(account) && (folder.starts_with(FOLDER) || FOLDER.starts_with(folder))
        }
        None => text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit()),
    };
    match begins.strip_prefix("o-") {
        Some(organization) => organization
            .split_once('/')
            .is_none_or(|(_, behind)| in_folders(behind)),
        None => begins == "o" || in_folders(begins),
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    write_string(text, &mut out);
    out
}

fn statement(sid: &str, action: &str, resource: &str, condition: &str) -> Option<Statement> {
    let text = format!(
        r#"{{"Sid":"{sid}","Effect":"Allow","Principal":{{"Service":"{SERVICE}"}},"Action":"{action}","Resource":{},"Condition":{condition}}}"#,
        quoted(resource)
    );
    Statement::parse(&text).ok()
}

fn write_statement(delivery: &Delivery, sid: &str, owner: &str) -> Option<Statement> {
    let condition = format!(
        r#"{{"StringEquals":{{"s3:x-amz-acl":"bucket-owner-full-control","aws:SourceArn":{}}}}}"#,
        quoted(&delivery.trail_arn)
    );
    let resource = format!("{}/*", delivery.folder(owner));
    statement(sid, "s3:PutObject", &resource, &condition)
}

/// The requests that must get through, and the statement that lets them.
type Need = (Vec<Asked>, Option<Statement>);

fn bucket_needs(delivery: &Delivery) -> Vec<Need> {
    let source = format!(
        r#"{{"StringEquals":{{"aws:SourceArn":{}}}}}"#,
        quoted(&delivery.trail_arn)
    );
    let check = statement(
        "AWSCloudTrailAclCheck20150319",
        "s3:GetBucketAcl",
        &delivery.bucket_arn(),
        &source,
    );
    let account = &delivery.owner_account;
    let mut needs = vec![
        (vec![delivery.acl_check()], check),
        (
            delivery.writes(account),
            write_statement(delivery, "AWSCloudTrailWrite20150319", account),
        ),
    ];
    if let Some(org) = &delivery.org_id {
        needs.push((
            delivery.writes(org),
            write_statement(delivery, "AWSCloudTrailOrganizationWrite20150319", org),
        ));
    }
    needs
}

fn key_needs(delivery: &Delivery) -> Vec<Need> {
    let arn = quoted(&delivery.trail_arn);
    let context = format!(
        r#"{{"StringEquals":{{"aws:SourceArn":{arn}}},"StringLike":{{"kms:EncryptionContext:aws:cloudtrail:arn":{}}}}}"#,
        quoted(&format!(
            "arn:{}:cloudtrail:*:{}:trail/*",
            delivery.partition(),
            delivery.owner_account
        ))
    );
    let source = format!(r#"{{"StringEquals":{{"aws:SourceArn":{arn}}}}}"#);
    let [encrypt, describe] = delivery.key_requests();
    vec![
        (
            vec![encrypt],
            statement(
                "AWSCloudTrailEncryptLogs",
                "kms:GenerateDataKey*",
                "*",
                &context,
            ),
        ),
        (
            vec![describe],
            statement("AWSCloudTrailDescribeKey", "kms:DescribeKey", "*", &source),
        ),
    ]
}

/// The statements that a log bucket needs.
#[must_use]
pub fn bucket_statements(delivery: &Delivery) -> Vec<Statement> {
    bucket_needs(delivery)
        .into_iter()
        .filter_map(|(_, statement)| statement)
        .collect()
}

/// Whether CloudTrail's delivery gets through, Deny statements included.
#[must_use]
pub fn bucket_delivers(doc: &Document, delivery: &Delivery) -> Tri {
    delivers(doc, Kind::Bucket, &bucket_needs(delivery))
}

/// Adds only what is missing for the delivery, at the end; the rest is not
/// touched. A Deny that hits the delivery stays: see [`bucket_delivers`].
#[must_use]
pub fn add_missing(doc: Option<&Document>, delivery: &Delivery) -> Document {
    let doc = doc
        .cloned()
        .unwrap_or_else(|| Document::empty_of(Kind::Bucket));
    add(doc, Kind::Bucket, bucket_needs(delivery))
}

/// Whether CloudTrail may encrypt with the key.
#[must_use]
pub fn key_delivers(doc: &Document, delivery: &Delivery) -> Tri {
    delivers(doc, Kind::Key, &key_needs(delivery))
}

/// Adds only what is missing for the trail's key.
#[must_use]
pub fn add_missing_key(doc: &Document, delivery: &Delivery) -> Document {
    add(doc.clone(), Kind::Key, key_needs(delivery))
}

fn delivers(doc: &Document, kind: Kind, needs: &[Need]) -> Tri {
    let mut all = Tri::Yes;
    for request in needs.iter().flat_map(|(requests, _)| requests) {
        match request.is_allowed(doc, kind, true) {
            Tri::Yes => {}
            Tri::No => return Tri::No,
            Tri::CannotTell => all = Tri::CannotTell,
        }
    }
    all
}

fn add(mut doc: Document, kind: Kind, needs: Vec<Need>) -> Document {
    for (requests, statement) in needs {
        let granted = requests
            .iter()
            .all(|request| request.is_allowed(&doc, kind, false) == Tri::Yes);
        if let (false, Some(statement)) = (granted, statement) {
            doc.statement_append(&statement);
        }
    }
    doc
}
