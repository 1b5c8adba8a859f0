//! Which permission a recorded call takes, and which a function declares.

use std::collections::BTreeSet;

use auditward_hands::{
    alarms, anywhere, cloudformation, cloudtrail, dynamodb, events, history, iam, kms, lambda,
    logs, organizations, ram, s3, scheduler, sinks, sns, sqs, stack,
};
use auditward_rules::protected;
use auditward_rules::registry;
use auditward_rules::rule::Function;
use auditward_runtime::hand::{DISCOVERY, HISTORY, Permission, STACK};

use crate::proxy::Call;

/// All hands, and which functions find what they guard with them.
const HANDS: &[(&[Permission], &[Function])] = &[
    (alarms::PERMISSIONS, &[Function::LogGuard]),
    (anywhere::PERMISSIONS, &[]),
    (cloudformation::PERMISSIONS, &[Function::SelfGuard]),
    (cloudtrail::PERMISSIONS, &[Function::TrailGuard]),
    (dynamodb::PERMISSIONS, &[Function::SelfGuard]),
    (events::PERMISSIONS, &[Function::SelfGuard]),
    (history::PERMISSIONS, &Function::ALL),
    (iam::PERMISSIONS, &[Function::RoleGuard]),
    (kms::PERMISSIONS, &[]),
    (lambda::PERMISSIONS, &[Function::SelfGuard]),
    (logs::PERMISSIONS, &[Function::LogGuard]),
    (organizations::PERMISSIONS, &[Function::OrganizationGuard]),
    (ram::PERMISSIONS, &[]),
    (s3::PERMISSIONS, &[Function::BucketGuard]),
    (scheduler::PERMISSIONS, &[Function::SelfGuard]),
    (sinks::PERMISSIONS, &[Function::LogGuard]),
    (sns::PERMISSIONS, &[Function::SelfGuard]),
    (sqs::PERMISSIONS, &[Function::SelfGuard]),
    (stack::PERMISSIONS, &Function::ALL),
];

/// The permissions of all hands.
pub fn all() -> impl Iterator<Item = &'static Permission> {
    HANDS.iter().flat_map(|(permissions, _)| permissions.iter())
}

/// The facets that a function's rules name, and the lifelines of the one it heals.
pub fn facets(function: Function) -> BTreeSet<&'static str> {
    let healed = function.heals().map(|_| protected::LIFELINES);
    registry::of(function)
        .flat_map(|rule| rule.facets)
        .copied()
        .chain(healed.into_iter().flatten())
        .collect()
}

/// What a function's hands do: what the facets of its rules take, how it finds
/// what it guards, and how it asks the event history and for stacks.
pub fn taken(function: Function) -> impl Iterator<Item = &'static Permission> {
    let facets = facets(function);
    HANDS.iter().flat_map(move |(permissions, finders)| {
        let finds = finders.contains(&function);
        let facets = facets.clone();
        permissions.iter().filter(move |one| {
            facets.contains(one.facet) || finds && matches!(one.facet, DISCOVERY | HISTORY | STACK)
        })
    })
}

/// What every function may do besides: remember, tell, come back, and be
/// somebody in another account.
const CENTRAL: [&str; 5] = [
    "dynamodb:BatchGetItem",
    "dynamodb:PutItem",
    "sns:Publish",
    "sqs:SendMessage",
    "sts:AssumeRole",
];

/// What it takes to drive dead letters again.
pub const DEAD_LETTERS: [&str; 2] = ["sqs:ReceiveMessage", "sqs:DeleteMessage"];

/// The IAM action of a call; S3 and DynamoDB call some of theirs otherwise.
pub fn of(call: &Call) -> String {
    let name = call.name();
    let action = match name.as_str() {
        "dynamodb:TransactWriteItems" => "dynamodb:PutItem",
        "s3:GetPublicAccessBlock" => "s3:GetBucketPublicAccessBlock",
        "s3:PutPublicAccessBlock" | "s3:DeletePublicAccessBlock" => "s3:PutBucketPublicAccessBlock",
        "s3control:GetPublicAccessBlock" => "s3:GetAccountPublicAccessBlock",
        "s3control:PutPublicAccessBlock" | "s3control:DeletePublicAccessBlock" => {
            "s3:PutAccountPublicAccessBlock"
        }
        "s3:GetBucketEncryption" => "s3:GetEncryptionConfiguration",
        "s3:PutBucketEncryption" | "s3:DeleteBucketEncryption" => "s3:PutEncryptionConfiguration",
        "s3:GetBucketLifecycleConfiguration" => "s3:GetLifecycleConfiguration",
        "s3:PutBucketLifecycleConfiguration" | "s3:DeleteBucketLifecycle" => {
            "s3:PutLifecycleConfiguration"
        }
        "s3:GetBucketReplication" => "s3:GetReplicationConfiguration",
        "s3:PutBucketReplication" | "s3:DeleteBucketReplication" => {
            "s3:PutReplicationConfiguration"
        }
        "s3:GetObjectLockConfiguration" => "s3:GetBucketObjectLockConfiguration",
        "s3:PutObjectLockConfiguration" => "s3:PutBucketObjectLockConfiguration",
        "s3:GetBucketNotificationConfiguration" => "s3:GetBucketNotification",
        "s3:PutBucketNotificationConfiguration" => "s3:PutBucketNotification",
        "s3:DeleteBucketOwnershipControls" => "s3:PutBucketOwnershipControls",
        "s3:ListBuckets" => "s3:ListAllMyBuckets",
        "s3:HeadBucket" | "s3:ListObjects" => "s3:ListBucket",
        _ => {
            let own = name.replacen("monitoring:", "cloudwatch:", 1);
            return own.replacen("s3control:", "s3:", 1);
        }
    };
    action.into()
}

/// What a function's hands declare.
pub fn of_hands(function: &str) -> BTreeSet<String> {
    let known = Function::ALL.into_iter().find(|one| one.name() == function);
    let taken = known.into_iter().flat_map(taken);
    taken.map(|one| one.action.to_owned()).collect()
}

/// All that a function may do.
pub fn declared(function: &str) -> BTreeSet<String> {
    let mut all = of_hands(function);
    all.extend(CENTRAL.map(str::to_owned));
    if function == Function::SelfGuard.name() {
        all.extend(DEAD_LETTERS.map(str::to_owned));
    }
    all
}
