//! What is asked, on what.

use super::{Search, filled};
use crate::Kind;
use crate::cover::{Entry, all_actions, left_open};
use crate::glob::has_wildcard;
use crate::policy::Stmt;
use crate::val::Level;

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
            Entry::Any => self.action(kind, &action, &resource),
        };
        let resource = if kind == Kind::Trust {
            "the role".to_owned()
        } else {
            self.resource(kind, &resource)
        };
        Some((action, resource))
    }

    /// A real action that fits the pattern, where one comes to mind.
    pub(super) fn action(&self, kind: Kind, pattern: &str, resource: &str) -> String {
        if !has_wildcard(pattern) {
            return pattern.to_owned();
        }
        let on_bucket = kind == Kind::Bucket && !resource.contains('/') && resource != "*";
        let usual: &[&str] = match kind {
            Kind::Trust => &["sts:AssumeRole"],
            Kind::Bucket if on_bucket => &[
                "s3:ListBucket",
                "s3:GetBucketPolicy",
                "s3:PutBucketPolicy",
                "s3:DeleteBucket",
            ],
            Kind::Bucket => &[
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:ListBucket",
            ],
            Kind::Key => &[
                "kms:Decrypt",
                "kms:Encrypt",
                "kms:DescribeKey",
                "kms:CreateGrant",
            ],
            Kind::Topic => &["sns:Publish", "sns:Subscribe", "sns:GetTopicAttributes"],
            Kind::Queue => &[
                "sqs:SendMessage",
                "sqs:ReceiveMessage",
                "sqs:GetQueueAttributes",
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
        let policy = self.engine.policy;
        let fits = |action: &str| {
            let listed = self
                .stmt
                .actions()
                .any(|one| crate::glob::surely_matches(one, action, true));
            let denied = self.engine.denies().iter().any(|deny| {
                policy.conditions_of(deny).is_empty()
                    && deny
                        .actions()
                        .any(|one| crate::glob::surely_matches(one, action, true))
                        != deny.not_action
            });
            crate::glob::surely_matches(pattern, action, true)
                && listed != self.stmt.not_action
                && !denied
        };
        match usual.iter().find(|action| fits(action)) {
            Some(action) => (*action).to_owned(),
            None => {
                let all = all_actions(kind);
                let wide = if pattern.contains(':') { pattern } else { all };
                filled(wide, "X")
            }
        }
    }

    pub(super) fn resource(&self, kind: Kind, pattern: &str) -> String {
        let partition = self.engine.policy.partition;
        let owner = self.engine.world.zone.owner().unwrap_or("000000000000");
        if pattern != "*" {
            let mut text = pattern.to_owned();
            if self.engine.world.variables {
                while let Some((before, after)) = text.split_once("${") {
                    let tail = after.split_once('}').map_or("", |(_, tail)| tail);
                    text = format!("{before}stranger{tail}");
                }
            }
            return filled(&text, "x");
        }
        match kind {
            Kind::Trust => "the role".to_owned(),
            Kind::Bucket => format!("arn:{partition}:s3:::the-bucket/the-object"),
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
        }
    }
}
