//! What AWS itself and well-known neighbours do and must never be fought over:
//! data, each with its reason. Matched by principal, invoking service, API and
//! resource together; never by user agent, session name or role name alone.

use crate::actor::Actor;
use crate::arn::{Arn, glob};
use crate::record::Record;

/// One known doing.
#[derive(Debug)]
struct Doing {
    /// The record's `eventSource`.
    source: &'static str,
    /// The record's `eventName`s.
    names: &'static [&'static str],
    /// Who: the issuing role's ARN behind the account, or the service.
    by: By,
    /// The request's parameter and the pattern it must match.
    parameter: (&'static str, &'static str),
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
    /// Anybody: what is done can only take power away.
    Anybody,
}

const DOINGS: &[Doing] = &[
    Doing {
        source: "iam.amazonaws.com",
        names: &["AttachUserPolicy", "AttachRolePolicy", "AttachGroupPolicy"],
        by: By::Anybody,
        parameter: (
            "policyArn",
            "arn:aws*:iam::aws:policy/AWSCompromisedKeyQuarantine*",
        ),
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
        parameter: ("roleName", "AWSReservedSSO_*"),
        reason: "IAM Identity Center keeps its own roles; nobody else can change them",
    },
    Doing {
        source: "iam.amazonaws.com",
        names: &["CreateSAMLProvider"],
        by: By::Role("role/aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO"),
        parameter: ("name", "AWSSSO_*_DO_NOT_DELETE"),
        reason: "IAM Identity Center keeps its own identity provider in each account",
    },
    Doing {
        source: "iam.amazonaws.com",
        names: &["UpdateSAMLProvider", "DeleteSAMLProvider"],
        by: By::Role("role/aws-service-role/sso.amazonaws.com/AWSServiceRoleForSSO"),
        parameter: (
            "sAMLProviderArn",
            "arn:aws*:iam::*:saml-provider/AWSSSO_*_DO_NOT_DELETE",
        ),
        reason: "IAM Identity Center keeps its own identity provider in each account",
    },
    Doing {
        source: "iam.amazonaws.com",
        names: &["AttachRolePolicy"],
        by: By::Role(
            "role/aws-service-role/member.org.stacksets.cloudformation.amazonaws.com/AWSServiceRoleForCloudFormationStackSetsOrgMember",
        ),
        parameter: ("roleName", "stacksets-exec-*"),
        reason: "StackSets makes the role through which the management account deploys",
    },
];

/// Why a call is a neighbour's doing, if it is.
pub fn doing(record: &Record<'_>) -> Option<&'static str> {
    let name = record.plain_name();
    let found = DOINGS.iter().find(|doing| {
        let (parameter, pattern) = doing.parameter;
        doing.source == record.event_source
            && doing.names.contains(&name)
            && record
                .request()
                .and_then(|request| request.string(parameter))
                .is_some_and(|value| glob(pattern, &value))
            && match doing.by {
                By::Anybody => true,
                By::Role(role) => Arn::parse(&Actor::of(record).issuer)
                    .is_some_and(|arn| arn.resource == role && arn.account == record.account()),
            }
    })?;
    Some(found.reason)
}
