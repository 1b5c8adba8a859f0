//! What AWS itself and well-known neighbours do and must never be fought over:
//! data, each with its reason. Matched by principal, invoking service, API and
//! resource together; never by user agent, session name or role name alone. What
//! nobody else can do is no finding; what others can do in the same way is told.

use crate::actor::Actor;
use crate::arn::{Arn, matches};
use crate::rule::Call;

/// One known doing.
#[derive(Debug)]
struct Doing {
    /// The record's `eventSource`.
    source: &'static str,
    /// The record's `eventName`s.
    names: &'static [&'static str],
    /// Who: the issuing role's ARN behind the account, or the service.
    by: By,
    /// The request's parameters and the pattern that each must match.
    parameters: &'static [(&'static str, &'static str)],
    /// Why it is left alone.
    reason: &'static str,
}

/// Who does it.
#[derive(Debug)]
enum By {
    /// A role of the resource's own account; the pattern is what stands behind
    /// the account. Only service-linked and AWS-reserved paths: nobody else can
    /// make roles there.
    Role(&'static str),
    /// Anybody: what is done can only take power away. Not from a role that Auditward
    /// or log delivery depends on: that is how to disarm it.
    Anybody,
    /// An AWS service in somebody's name, which AWS itself writes into the record.
    /// Whoever may use the service can have it do the same: it is told.
    Through(&'static str),
}

/// AWS's policy for administrators, which these neighbours' roles get.
const ADMINISTRATOR: (&str, &str) = ("policyArn", "arn:aws*:iam::aws:policy/AdministratorAccess");

const DOINGS: &[Doing] = &[
    Doing {
        source: "iam.amazonaws.com",
        names: &["AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy"],
        by: By::Anybody,
        parameters: &[(
            "policyArn",
            "arn:aws*:iam::aws:policy/AWSCompromisedKeyQuarantine*",
        )],
        reason: "AWS's own quarantine of a leaked key only denies",
    },
    Doing {
        source: "iam.amazonaws.com",
        names: &[
            "CreateRole",
            "UpdateAssumeRolePolicy",
            "AttachRolePolicy",
            "DetachRolePolicy",
            "PutRolePolicy",
            "DeleteRolePolicy",
            "PutRolePermissionsBoundary",
            "DeleteRolePermissionsBoundary",
        ],
        by: By::Role("role/aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO"),
        parameters: &[("roleName", "AWSReservedSSO_*")],
        reason: "IAM Identity Center keeps its own roles; nobody else can change them",
    },
    Doing {
        source: "iam.amazonaws.com",
        names: &["CreateSAMLProvider"],
        by: By::Role("role/aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO"),
        parameters: &[("name", "AWSSSO_*_DO_NOT_DELETE")],
        reason: "IAM Identity Center keeps its own identity provider in each account",
    },
    Doing {
        source: "iam.amazonaws.com",
        names: &["UpdateSAMLProvider", "DeleteSAMLProvider"],
        by: By::Role("role/aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO"),
        parameters: &[(
            "sAMLProviderArn",
            "arn:aws*:iam::*:saml-provider/AWSSSO_*_DO_NOT_DELETE",
        )],
        reason: "IAM Identity Center keeps its own identity provider in each account",
    },
    Doing {
        source: "iam.amazonaws.com",
        names: &["AttachRolePolicy"],
        by: By::Role(
            "role/aws-service-role/member.org.stacksets.cloudformation.amazonaws.com/AWSServiceRoleForCloudFormationStackSetsOrgMember",
        ),
        parameters: &[("roleName", "stacksets-exec-*")],
        reason: "StackSets makes the role through which the management account deploys",
    },
    Doing {
        source: "iam.amazonaws.com",
        names: &["AttachRolePolicy"],
        by: By::Through("cloudformation.amazonaws.com"),
        parameters: &[("roleName", "cdk-*-cfn-exec-role-*"), ADMINISTRATOR],
        reason: "CDK's bootstrap stack makes the role through which CDK deploys",
    },
    Doing {
        source: "iam.amazonaws.com",
        names: &["AttachRolePolicy"],
        by: By::Through("organizations.amazonaws.com"),
        parameters: &[("roleName", "OrganizationAccountAccessRole"), ADMINISTRATOR],
        reason: "AWS Organizations makes the role through which a new account is reached",
    },
    Doing {
        source: "iam.amazonaws.com",
        names: &["AttachRolePolicy"],
        by: By::Through("organizations.amazonaws.com"),
        parameters: &[("roleName", "AWSControlTowerExecution"), ADMINISTRATOR],
        reason: "Control Tower has AWS Organizations make the role through which it sets a new account up",
    },
];

/// What is known of a call that a neighbour made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbour {
    /// It is left alone: nobody else can do it.
    Alone(&'static str),
    /// It is told and left standing: it looks like a neighbour's doing, and others
    /// could have had it done.
    Told(&'static str),
}

/// Which neighbour's doing a call is, if it is one's, and why it is left.
pub fn doing(call: &Call<'_>) -> Option<Neighbour> {
    let record = call.record;
    let name = record.plain_name();
    let asks = |(parameter, pattern): &(&str, &str)| {
        let value = record.request()?.string(parameter)?;
        Some(matches(pattern, &value))
    };
    let found = DOINGS.iter().find(|doing| {
        doing.source == record.event_source
            && doing.names.contains(&name)
            && doing.parameters.iter().all(|one| asks(one) == Some(true))
            && match doing.by {
                By::Anybody => !on_guard_role(call),
                By::Role(role) => Arn::parse(&Actor::of(record).issuer)
                    .is_some_and(|arn| arn.resource == role && arn.account == record.account()),
                By::Through(service) => Actor::of(record).invoked_by == service,
            }
    })?;
    Some(match found.by {
        By::Anybody | By::Role(_) => Neighbour::Alone(found.reason),
        By::Through(_) => Neighbour::Told(found.reason),
    })
}

/// Whether a call is on a role that Auditward or log delivery depends on.
fn on_guard_role(call: &Call<'_>) -> bool {
    call.shown("roleName").is_some_and(|name| {
        let (partition, account) = (call.partition(), call.account());
        let role = format!("arn:{partition}:iam::{account}:role/{name}");
        call.settings.is_guard_role(&role, call.inventory)
    })
}
