//! The organization, through AWS Organizations, and through CloudTrail for its
//! own delegated administrators.
//!
//! Organizations answers in the partition's lead region, and only the
//! management account (for some calls a delegated administrator) may ask.

mod access;
mod discovery;
mod guardrails;
mod invitation;
mod place;
mod policy_type;

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::{Policy, PolicyType};

use auditward_rules::facet::{At, PolicyState};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{DISCOVERY, Permission};

/// What CloudTrail does in the caller's name when it registers a delegated administrator.
const REGISTERING: &[&str] = &[
    "iam:CreateServiceLinkedRole",
    "iam:GetRole",
    "organizations:ListAWSServiceAccessForOrganization",
    "organizations:RegisterDelegatedAdministrator",
];
/// And when it deregisters one.
const DEREGISTERING: &[&str] = &[
    "organizations:DeregisterDelegatedAdministrator",
    "organizations:DescribeOrganization",
    "organizations:ListAWSServiceAccessForOrganization",
];

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read(DISCOVERY, "organizations:DescribeOrganization"),
    Permission::read(DISCOVERY, "organizations:DescribePolicy"),
    Permission::read(DISCOVERY, "organizations:ListAccounts"),
    Permission::read(DISCOVERY, "organizations:ListPolicies"),
    Permission::read(DISCOVERY, "organizations:ListRoots"),
    Permission::read(
        "trusted-access",
        "organizations:ListAWSServiceAccessForOrganization",
    ),
    Permission::write("trusted-access", "organizations:EnableAWSServiceAccess"),
    Permission::read(
        "delegation",
        "organizations:ListDelegatedServicesForAccount",
    ),
    Permission::write("delegation", "organizations:RegisterDelegatedAdministrator"),
    Permission::write(
        "delegation",
        "organizations:DeregisterDelegatedAdministrator",
    ),
    Permission::write(
        "delegation",
        "cloudtrail:RegisterOrganizationDelegatedAdmin",
    )
    .with(REGISTERING),
    Permission::write(
        "delegation",
        "cloudtrail:DeregisterOrganizationDelegatedAdmin",
    )
    .with(DEREGISTERING),
    Permission::read(
        "new-delegation",
        "organizations:ListDelegatedServicesForAccount",
    ),
    Permission::write(
        "new-delegation",
        "cloudtrail:RegisterOrganizationDelegatedAdmin",
    )
    .with(REGISTERING),
    Permission::write(
        "new-delegation",
        "cloudtrail:DeregisterOrganizationDelegatedAdmin",
    )
    .with(DEREGISTERING),
    Permission::read("invitation", "organizations:DescribeHandshake"),
    Permission::write("invitation", "organizations:CancelHandshake"),
    Permission::read(
        "organization-policy",
        "organizations:DescribeResourcePolicy",
    ),
    Permission::write("organization-policy", "organizations:PutResourcePolicy"),
    Permission::write("organization-policy", "organizations:DeleteResourcePolicy"),
    Permission::read("organization-attachment", "organizations:DescribePolicy"),
    Permission::read(
        "organization-attachment",
        "organizations:ListPoliciesForTarget",
    ),
    Permission::write("organization-attachment", "organizations:AttachPolicy"),
    Permission::write("organization-attachment", "organizations:DetachPolicy"),
    Permission::read("guardrail-content", "organizations:DescribePolicy"),
    Permission::write("guardrail-content", "organizations:UpdatePolicy"),
    Permission::read("policy-type", "organizations:ListRoots"),
    Permission::read("policy-type", "organizations:ListPolicies"),
    Permission::read("policy-type", "organizations:ListTargetsForPolicy"),
    Permission::write("policy-type", "organizations:EnablePolicyType"),
    Permission::write("policy-type", "organizations:AttachPolicy"),
    Permission::read("account-place", "organizations:ListParents"),
    Permission::read("account-place", "organizations:ListPoliciesForTarget"),
    Permission::read("account-place", "organizations:DescribePolicy"),
    Permission::write("account-place", "organizations:MoveAccount"),
];

hand! {
    /// The hand for them.
    Organizations with Client
}

/// What the resource's item says, where the facet cannot do without it.
fn item<'a>(call: &str, at: &'a At) -> Result<&'a str, Failure> {
    let item = at.item.as_deref();
    item.ok_or_else(|| Failure::other(call, format!("{} of what?", at.resource)))
}

/// The policy of this ID; `None` where there is none.
async fn policy(client: &Client, id: &str) -> Result<Option<Policy>, Failure> {
    let answer = client.describe_policy().policy_id(id).send().await;
    let answer = found("organizations:DescribePolicy", answer, |e| {
        e.is_policy_not_found_exception()
    })?;
    Ok(answer.and_then(|answer| answer.policy))
}

/// What a policy says.
fn content(policy: &Policy) -> PolicyState {
    policy
        .content()
        .map_or(PolicyState::Absent, PolicyState::read)
}

/// A policy in a list.
struct Listed {
    id: String,
    arn: String,
    name: String,
    by_aws: bool,
}

impl Listed {
    fn of(summary: &aws_sdk_organizations::types::PolicySummary) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            id: text(summary.id()),
            arn: text(summary.arn()),
            name: text(summary.name()),
            by_aws: summary.aws_managed(),
        }
    }
}

/// All policies of a type.
async fn policies(client: &Client, sort: &str) -> Result<Vec<Listed>, Failure> {
    let mut pages = client
        .list_policies()
        .filter(PolicyType::from(sort))
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| Failure::of("organizations:ListPolicies", &error))?;
        found.extend(page.policies().iter().map(Listed::of));
    }
    Ok(found)
}

/// All policies of a type that are attached to this root, unit or account
/// itself; `None` where there is no such place.
async fn attached(
    client: &Client,
    target: &str,
    sort: &str,
) -> Result<Option<Vec<Listed>>, Failure> {
    let mut pages = client
        .list_policies_for_target()
        .target_id(target)
        .filter(PolicyType::from(sort))
        .into_paginator()
        .send();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        let page = found("organizations:ListPoliciesForTarget", page, |e| {
            e.is_target_not_found_exception()
        })?;
        let Some(page) = page else {
            return Ok(None);
        };
        all.extend(page.policies().iter().map(Listed::of));
    }
    Ok(Some(all))
}
