//! What is asked, on what.

use super::{Search, filled};
use crate::Kind;
use crate::cover::{Entry, fits, left_open};
use crate::glob::{has_wildcard, surely_matches};
use crate::policy::Stmt;
use crate::val::Level;

const ON_OBJECTS: [&str; 6] = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:ListMultipartUploadParts",
    "s3:AbortMultipartUpload",
    "s3:RestoreObject",
];

const ON_BUCKETS: [&str; 4] = [
    "s3:ListBucket",
    "s3:GetBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:DeleteBucket",
];

impl<'t> Search<'_, 't> {
    /// An action and a resource that no sure Deny covers.
    pub(super) fn target(&self) -> Option<(String, String)> {
        let kind = self.engine.world.kind;
        let entry = self.engine.entry(self.caller);
        let denies: Vec<&Stmt<'t>> = self
            .engine
            .denies()
            .iter()
            .filter(|deny| self.engine.fires(deny, self.caller).lo == Level::Always)
            .map(|deny| &**deny)
            .collect();
        let (action, resource) = left_open(
            kind,
            self.engine.world.variables,
            self.stmt,
            entry,
            &denies,
            self.engine.budget(),
        )?;
        let action = match entry {
            Entry::Only("sts:assumerole") => "sts:AssumeRole".to_owned(),
            Entry::Only("sts:assumerolewithsaml") => "sts:AssumeRoleWithSAML".to_owned(),
            Entry::Only(_) => "sts:AssumeRoleWithWebIdentity".to_owned(),
            Entry::Any if has_wildcard(action) => return self.usual(kind, action, resource),
            Entry::Any => action.to_owned(),
        };
        let resource = self.resource(kind, &action, resource)?;
        Some((action, resource))
    }

    /// A real action that fits the pattern, where one comes to mind, and what
    /// it is done to. An action that does not exist would show nothing.
    fn usual(&self, kind: Kind, pattern: &str, resource: &str) -> Option<(String, String)> {
        let on_bucket = kind == Kind::Bucket && !resource.contains('/') && resource != "*";
        let usual: &[&str] = match kind {
            Kind::Trust => &["sts:AssumeRole"],
            Kind::Bucket if on_bucket => &ON_BUCKETS,
            Kind::Bucket => &ON_OBJECTS,
            Kind::Key => &[
                "kms:Decrypt",
                "kms:Encrypt",
                "kms:DescribeKey",
                "kms:CreateGrant",
                "kms:GenerateDataKey",
                "kms:ScheduleKeyDeletion",
                "kms:PutKeyPolicy",
            ],
            Kind::Topic => &[
                "sns:Publish",
                "sns:Subscribe",
                "sns:GetTopicAttributes",
                "sns:SetTopicAttributes",
                "sns:DeleteTopic",
            ],
            Kind::Queue => &[
                "sqs:SendMessage",
                "sqs:ReceiveMessage",
                "sqs:GetQueueAttributes",
                "sqs:DeleteMessage",
                "sqs:PurgeQueue",
            ],
            Kind::Destination | Kind::Logs => &["logs:PutSubscriptionFilter", "logs:PutLogEvents"],
            Kind::Bus => &["events:PutEvents", "events:PutRule"],
            Kind::Function => &["lambda:InvokeFunction", "lambda:GetFunction"],
            Kind::Store => &[
                "cloudtrail:StartQuery",
                "cloudtrail:GetEventDataStore",
                "cloudtrail-data:PutAuditEvents",
            ],
            Kind::Table => &["dynamodb:GetItem", "dynamodb:PutItem"],
            Kind::Sink => &["oam:CreateLink", "oam:UpdateLink"],
            Kind::Organization => &["organizations:AttachPolicy", "organizations:ListAccounts"],
        };
        let others: &[&str] = match kind {
            Kind::Bucket if on_bucket => &ON_OBJECTS,
            Kind::Bucket => &ON_BUCKETS,
            _ => &[],
        };
        let listed = |stmt: &Stmt<'t>, action: &str| {
            let mut own = stmt.actions();
            own.any(|one| surely_matches(one, action, true)) != stmt.not_action
        };
        let known = usual
            .iter()
            .chain(others)
            .filter(|action| surely_matches(pattern, action, true) && listed(self.stmt, action));
        known
            .filter_map(|action| Some((*action, self.resource(kind, action, resource)?)))
            .find(|(action, resource)| {
                !self.engine.denies().iter().any(|deny| {
                    let mut own = deny.resources();
                    let there = deny.resource.is_none()
                        || own.any(|one| surely_matches(one, resource, false)) != deny.not_resource;
                    let always = self.engine.policy.conditions_of(deny).is_empty();
                    always && there && listed(deny, action)
                })
            })
            .map(|(action, resource)| (action.to_owned(), resource))
    }

    /// A pattern of resources with a value for each variable.
    fn plain(&self, pattern: &str) -> String {
        let mut text = pattern.to_owned();
        if self.engine.world.variables {
            while let Some((before, after)) = text.split_once("${") {
                let tail = after.split_once('}').map_or("", |(_, tail)| tail);
                text = format!("{before}stranger{tail}");
            }
        }
        text
    }

    fn resource(&self, kind: Kind, action: &str, pattern: &str) -> Option<String> {
        let partition = self.caller.partition;
        let owner = self.engine.world.zone.owner().unwrap_or("000000000000");
        if pattern != "*" && kind != Kind::Trust {
            let text = self.plain(pattern);
            // A bucket, or an object in one.
            let mut both = ["x", "x/x"].into_iter().map(|star| filled(&text, star));
            return both.find(|one| kind != Kind::Bucket || fits(action, one));
        }
        Some(match kind {
            Kind::Trust => "the role".to_owned(),
            Kind::Bucket => {
                let object = format!("arn:{partition}:s3:::the-bucket/the-object");
                if fits(action, &object) {
                    object
                } else {
                    format!("arn:{partition}:s3:::the-bucket")
                }
            }
            Kind::Key => format!("arn:{partition}:kms:us-east-1:{owner}:key/the-key"),
            Kind::Topic => format!("arn:{partition}:sns:us-east-1:{owner}:the-topic"),
            Kind::Queue => format!("arn:{partition}:sqs:us-east-1:{owner}:the-queue"),
            Kind::Destination => {
                format!("arn:{partition}:logs:us-east-1:{owner}:destination:the-destination")
            }
            Kind::Logs => format!("arn:{partition}:logs:us-east-1:{owner}:log-group:the-group:*"),
            Kind::Bus => format!("arn:{partition}:events:us-east-1:{owner}:event-bus/the-bus"),
            Kind::Function => {
                format!("arn:{partition}:lambda:us-east-1:{owner}:function:the-function")
            }
            Kind::Store => {
                format!("arn:{partition}:cloudtrail:us-east-1:{owner}:eventdatastore/the-store")
            }
            Kind::Table => format!("arn:{partition}:dynamodb:us-east-1:{owner}:table/the-table"),
            Kind::Sink => format!("arn:{partition}:oam:us-east-1:{owner}:sink/the-sink"),
            Kind::Organization => {
                format!("arn:{partition}:organizations::{owner}:organization/the-organization")
            }
        })
    }
}
