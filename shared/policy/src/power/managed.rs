//! AWS managed policies of which it is known whether they give the power.

use super::{Power, Verdict};

/// Those that give it, each with what it allows.
const GIVE: &[(&str, &[&str])] = &[
    ("AdministratorAccess", &["*"]),
    (
        "PowerUserAccess",
        &["cloudtrail:*", "s3:*", "kms:*", "lambda:*", "events:*"],
    ),
    ("AWSCloudTrail_FullAccess", &["cloudtrail:*"]),
    ("AWSCloudTrailFullAccess", &["cloudtrail:*"]),
    ("IAMFullAccess", &["iam:*"]),
    (
        "job-function/SystemAdministrator",
        &["cloudtrail:*", "s3:*", "kms:*"],
    ),
    ("AmazonS3FullAccess", &["s3:*"]),
    ("AmazonEventBridgeFullAccess", &["events:*"]),
    ("CloudWatchEventsFullAccess", &["events:*"]),
    ("AWSLambda_FullAccess", &["lambda:*"]),
    ("AWSLambdaFullAccess", &["lambda:*"]),
    ("AmazonSNSFullAccess", &["sns:*"]),
    ("AmazonSQSFullAccess", &["sqs:*"]),
    ("AmazonDynamoDBFullAccess", &["dynamodb:*"]),
    ("AmazonDynamoDBFullAccess_v2", &["dynamodb:*"]),
    ("CloudWatchLogsFullAccess", &["logs:*"]),
    ("CloudWatchFullAccess", &["logs:*", "events:*"]),
    ("CloudWatchFullAccessV2", &["logs:*"]),
    ("AWSCloudFormationFullAccess", &["cloudformation:*"]),
    ("AWSOrganizationsFullAccess", &["organizations:*"]),
    ("AWSSSOMasterAccountAdministrator", &["sso:*", "iam:*"]),
];

/// Those that do not.
const HARMLESS: &[&str] = &[
    "AWSDenyAll",
    "AWSCompromisedKeyQuarantine",
    "AWSCompromisedKeyQuarantineV2",
    "AWSCompromisedKeyQuarantineV3",
    "AWSCloudTrail_ReadOnlyAccess",
    "AWSCloudTrailReadOnlyAccess",
    "ReadOnlyAccess",
    "SecurityAudit",
    "job-function/ViewOnlyAccess",
    "job-function/Billing",
    "job-function/SupportUser",
    "AWSSupportAccess",
    "AWSBillingReadOnlyAccess",
    "AWSAuditManagerAdministratorAccess",
    "AmazonS3ReadOnlyAccess",
    "AmazonSNSReadOnlyAccess",
    "AmazonSQSReadOnlyAccess",
    "AmazonDynamoDBReadOnlyAccess",
    "AmazonEventBridgeReadOnlyAccess",
    "AWSLambda_ReadOnlyAccess",
    "AmazonEC2ReadOnlyAccess",
    "AmazonEC2FullAccess",
    "AmazonRDSFullAccess",
    "AmazonRDSReadOnlyAccess",
    "AmazonSSMManagedInstanceCore",
    "AmazonSSMReadOnlyAccess",
    "AmazonAthenaFullAccess",
    "CloudWatchReadOnlyAccess",
    "CloudWatchLogsReadOnlyAccess",
    "CloudWatchAgentServerPolicy",
    "IAMReadOnlyAccess",
    "IAMUserChangePassword",
    "IAMAccessAnalyzerReadOnlyAccess",
    "IAMAccessAdvisorReadOnly",
    "AWSOrganizationsReadOnlyAccess",
    "AWSConfigUserAccess",
    "AWSKeyManagementServicePowerUser",
    "AWSXRayDaemonWriteAccess",
    "AmazonGuardDutyReadOnlyAccess",
    "AWSSecurityHubReadOnlyAccess",
    "AWSMarketplaceRead-only",
    "service-role/AWSLambdaBasicExecutionRole",
    "service-role/AWSLambdaVPCAccessExecutionRole",
    "service-role/AWSLambdaSQSQueueExecutionRole",
    "service-role/AWSLambdaDynamoDBExecutionRole",
    "service-role/AWSLambdaKinesisExecutionRole",
    "service-role/AWS_ConfigRole",
    "service-role/AmazonECSTaskExecutionRolePolicy",
    "AmazonEKSClusterPolicy",
    "AmazonEKSWorkerNodePolicy",
    "AmazonEC2ContainerRegistryReadOnly",
];

/// What is known of an AWS managed policy: nothing when the ARN is not one of
/// AWS's own (a customer's policy may have the same name), or when the policy
/// is not known here.
#[must_use]
pub fn managed_policy(arn: &str) -> Option<Verdict> {
    let rest = arn.strip_prefix("arn:")?;
    let (partition, rest) = rest.split_once(':')?;
    if !matches!(partition, "aws" | "aws-cn" | "aws-us-gov") {
        return None;
    }
    let name = rest.strip_prefix("iam::aws:policy/")?;
    if HARMLESS.contains(&name) {
        return Some(Verdict::No);
    }
    let (_, actions) = GIVE.iter().find(|(known, _)| *known == name)?;
    Some(Verdict::Yes(Power {
        actions: actions.iter().map(|action| (*action).to_owned()).collect(),
        why: format!(
            "AWS's policy `{name}` allows {} on every resource",
            actions.join(", ")
        ),
        statements: Vec::new(),
    }))
}
