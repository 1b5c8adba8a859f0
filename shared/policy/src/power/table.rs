//! The actions that give power over evidence.

/// On what an action must be granted to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Realm {
    Trail,
    Bucket,
    Object,
    Key,
    Guard,
    /// Users and roles: counts on privileged ones, or on any at all.
    Identity,
    /// What users and roles have or are kept from: as [`Realm::Identity`].
    Limits,
    /// Counts on privileged roles only.
    Role,
    /// No resource to speak of.
    Account,
}

pub(super) const POWERS: &[(&str, Realm)] = &[
    ("cloudtrail:StopLogging", Realm::Trail),
    ("cloudtrail:DeleteTrail", Realm::Trail),
    ("cloudtrail:UpdateTrail", Realm::Trail),
    ("cloudtrail:PutEventSelectors", Realm::Trail),
    ("cloudtrail:PutInsightSelectors", Realm::Trail),
    ("cloudtrail:StopEventDataStoreIngestion", Realm::Trail),
    ("cloudtrail:DeleteEventDataStore", Realm::Trail),
    ("cloudtrail:UpdateEventDataStore", Realm::Trail),
    ("cloudtrail:PutResourcePolicy", Realm::Trail),
    (
        "cloudtrail:DeregisterOrganizationDelegatedAdmin",
        Realm::Account,
    ),
    (
        "cloudtrail:RegisterOrganizationDelegatedAdmin",
        Realm::Account,
    ),
    ("s3:PutBucketPolicy", Realm::Bucket),
    ("s3:DeleteBucketPolicy", Realm::Bucket),
    ("s3:DeleteBucket", Realm::Bucket),
    ("s3:PutBucketAcl", Realm::Bucket),
    ("s3:PutBucketVersioning", Realm::Bucket),
    ("s3:PutBucketPublicAccessBlock", Realm::Bucket),
    ("s3:PutBucketOwnershipControls", Realm::Bucket),
    ("s3:PutBucketObjectLockConfiguration", Realm::Bucket),
    ("s3:PutBucketLogging", Realm::Bucket),
    ("s3:PutLifecycleConfiguration", Realm::Bucket),
    ("s3:PutReplicationConfiguration", Realm::Bucket),
    ("s3:PutEncryptionConfiguration", Realm::Bucket),
    ("s3:PutObject", Realm::Object),
    ("s3:PutObjectAcl", Realm::Object),
    ("s3:PutObjectRetention", Realm::Object),
    ("s3:PutObjectLegalHold", Realm::Object),
    ("s3:DeleteObject", Realm::Object),
    ("s3:DeleteObjectVersion", Realm::Object),
    ("s3:BypassGovernanceRetention", Realm::Object),
    ("kms:ScheduleKeyDeletion", Realm::Key),
    ("kms:DisableKey", Realm::Key),
    ("kms:PutKeyPolicy", Realm::Key),
    ("kms:CreateGrant", Realm::Key),
    ("kms:DeleteImportedKeyMaterial", Realm::Key),
    ("lambda:UpdateFunctionCode", Realm::Guard),
    ("lambda:UpdateFunctionConfiguration", Realm::Guard),
    ("lambda:DeleteFunction", Realm::Guard),
    ("lambda:PutFunctionConcurrency", Realm::Guard),
    ("lambda:RemovePermission", Realm::Guard),
    ("lambda:UpdateAlias", Realm::Guard),
    ("lambda:DeleteAlias", Realm::Guard),
    ("lambda:UpdateEventSourceMapping", Realm::Guard),
    ("lambda:DeleteEventSourceMapping", Realm::Guard),
    ("events:DisableRule", Realm::Guard),
    ("events:DeleteRule", Realm::Guard),
    ("events:PutRule", Realm::Guard),
    ("events:RemoveTargets", Realm::Guard),
    ("events:PutTargets", Realm::Guard),
    ("events:RemovePermission", Realm::Guard),
    ("scheduler:UpdateSchedule", Realm::Guard),
    ("scheduler:DeleteSchedule", Realm::Guard),
    ("sns:DeleteTopic", Realm::Guard),
    ("sns:SetTopicAttributes", Realm::Guard),
    ("sns:Unsubscribe", Realm::Guard),
    ("sqs:DeleteQueue", Realm::Guard),
    ("sqs:SetQueueAttributes", Realm::Guard),
    ("sqs:PurgeQueue", Realm::Guard),
    ("dynamodb:DeleteTable", Realm::Guard),
    ("dynamodb:UpdateTable", Realm::Guard),
    ("dynamodb:PutItem", Realm::Guard),
    ("dynamodb:UpdateItem", Realm::Guard),
    ("dynamodb:DeleteItem", Realm::Guard),
    ("dynamodb:BatchWriteItem", Realm::Guard),
    ("dynamodb:PutResourcePolicy", Realm::Guard),
    ("logs:DeleteLogGroup", Realm::Guard),
    ("logs:DeleteSubscriptionFilter", Realm::Guard),
    ("logs:PutRetentionPolicy", Realm::Guard),
    ("cloudformation:DeleteStack", Realm::Guard),
    ("cloudformation:UpdateStack", Realm::Guard),
    ("cloudformation:ExecuteChangeSet", Realm::Guard),
    ("iam:PutRolePolicy", Realm::Identity),
    ("iam:AttachRolePolicy", Realm::Identity),
    ("iam:UpdateAssumeRolePolicy", Realm::Identity),
    ("iam:DeleteRolePermissionsBoundary", Realm::Identity),
    ("iam:PutUserPolicy", Realm::Identity),
    ("iam:AttachUserPolicy", Realm::Identity),
    ("iam:PutGroupPolicy", Realm::Identity),
    ("iam:AttachGroupPolicy", Realm::Identity),
    ("iam:AddUserToGroup", Realm::Identity),
    ("iam:CreatePolicyVersion", Realm::Identity),
    ("iam:SetDefaultPolicyVersion", Realm::Identity),
    ("iam:CreateAccessKey", Realm::Identity),
    ("iam:CreateLoginProfile", Realm::Identity),
    ("iam:UpdateLoginProfile", Realm::Identity),
    ("iam:DetachRolePolicy", Realm::Limits),
    ("iam:DeleteRolePolicy", Realm::Limits),
    ("iam:DeleteRole", Realm::Limits),
    ("iam:PutRolePermissionsBoundary", Realm::Limits),
    ("iam:DetachUserPolicy", Realm::Limits),
    ("iam:DeleteUserPolicy", Realm::Limits),
    ("iam:DetachGroupPolicy", Realm::Limits),
    ("iam:DeleteGroupPolicy", Realm::Limits),
    ("iam:PutUserPermissionsBoundary", Realm::Limits),
    ("iam:DeleteUserPermissionsBoundary", Realm::Limits),
    ("iam:PassRole", Realm::Role),
    ("sts:AssumeRole", Realm::Role),
    ("sts:AssumeRoot", Realm::Account),
    ("organizations:DisableAWSServiceAccess", Realm::Account),
    (
        "organizations:DeregisterDelegatedAdministrator",
        Realm::Account,
    ),
    ("organizations:DetachPolicy", Realm::Account),
    (
        "organizations:RegisterDelegatedAdministrator",
        Realm::Account,
    ),
    ("organizations:AttachPolicy", Realm::Account),
    ("organizations:UpdatePolicy", Realm::Account),
    ("organizations:DisablePolicyType", Realm::Account),
    ("organizations:PutResourcePolicy", Realm::Account),
    ("organizations:MoveAccount", Realm::Account),
    (
        "organizations:RemoveAccountFromOrganization",
        Realm::Account,
    ),
    ("organizations:DeletePolicy", Realm::Account),
    ("organizations:LeaveOrganization", Realm::Account),
];

/// What the actions come to, in a sentence.
pub(super) fn sentence(actions: &[&'static str]) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for (action, realm) in POWERS {
        if !actions.contains(action) {
            continue;
        }
        let part = match realm {
            Realm::Trail => "stop or change trails",
            Realm::Bucket => "change how log buckets are protected",
            Realm::Object => "overwrite or delete log files",
            Realm::Key => "disable or take over the keys of the logs",
            Realm::Guard => "switch off the guard itself",
            Realm::Identity => "give itself any permission through IAM",
            Realm::Limits => "take permissions and guardrails away from others and itself",
            Realm::Role => "act as a privileged role",
            Realm::Account => "take the organization's safeguards away",
        };
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    let list = match parts.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    };
    format!("whoever has it can {list}")
}
