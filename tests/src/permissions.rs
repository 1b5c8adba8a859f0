//! Which permission a recorded call takes, and which a function declares.

use std::collections::BTreeSet;

use auditward_hands::{cloudtrail, iam, kms, s3};
use auditward_runtime::hand::Permission;

use crate::proxy::Call;

/// What every function may do besides: remember, tell, come back, and be
/// somebody in another account.
const CENTRAL: [&str; 5] = [
    "dynamodb:BatchGetItem",
    "dynamodb:PutItem",
    "sns:Publish",
    "sqs:SendMessage",
    "sts:AssumeRole",
];

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
        "s3:DeleteBucketOwnershipControls" => "s3:PutBucketOwnershipControls",
        "s3:HeadBucket" | "s3:ListObjects" => "s3:ListBucket",
        _ => return name,
    };
    action.into()
}

/// What a function's hands declare.
pub fn of_hands(function: &str) -> BTreeSet<String> {
    let policies = |one: &&Permission| one.facet == "bucket-policy";
    let declared: Vec<&Permission> = match function {
        "trail-guard" => cloudtrail::PERMISSIONS
            .iter()
            .chain(kms::PERMISSIONS)
            .chain(s3::PERMISSIONS.iter().filter(policies))
            .collect(),
        "bucket-guard" => s3::PERMISSIONS.iter().collect(),
        _ => iam::PERMISSIONS.iter().collect(),
    };
    declared.iter().map(|one| one.action.to_owned()).collect()
}

/// All that a function may do.
pub fn declared(function: &str) -> BTreeSet<String> {
    let mut all = of_hands(function);
    all.extend(CENTRAL.map(str::to_owned));
    all
}
