//! Roles, users and groups, through IAM.
//!
//! IAM serves all regions of a partition from one endpoint and is eventually
//! consistent: what is read may be older than what was just written.

mod attachments;
mod boundaries;
mod discovery;
mod inline;
mod policies;
mod principals;
mod roles;
mod users;

use aws_sdk_iam::Client;
use aws_sdk_iam::types::Role;

use auditward_rules::facet::At;
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{DISCOVERY, Permission};

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read(DISCOVERY, "iam:ListRoles"),
    Permission::read(DISCOVERY, "iam:ListRolePolicies"),
    Permission::read(DISCOVERY, "iam:ListUserPolicies"),
    Permission::read(DISCOVERY, "iam:ListGroupPolicies"),
    Permission::read("role-trust", "iam:GetRole"),
    Permission::write("role-trust", "iam:UpdateAssumeRolePolicy"),
    Permission::read("role-sessions", "iam:GetRole"),
    Permission::read("role-sessions", "iam:GetRolePolicy"),
    Permission::write("role-sessions", "iam:PutRolePolicy"),
    Permission::write("role-sessions", "iam:DeleteRolePolicy"),
    Permission::read("role-inline-policies", "iam:ListRolePolicies"),
    Permission::read("role-inline-policies", "iam:GetRolePolicy"),
    Permission::write("role-inline-policies", "iam:PutRolePolicy"),
    Permission::write("role-inline-policies", "iam:DeleteRolePolicy"),
    Permission::read("role-boundary", "iam:GetRole"),
    Permission::write("role-boundary", "iam:PutRolePermissionsBoundary"),
    Permission::write("role-boundary", "iam:DeleteRolePermissionsBoundary"),
    Permission::read("role-tags", "iam:ListRoleTags"),
    Permission::write("role-tags", "iam:TagRole"),
    Permission::write("role-tags", "iam:UntagRole"),
    Permission::read("role-settings", "iam:GetRole"),
    Permission::write("role-settings", "iam:UpdateRole"),
    Permission::read("attachments", "iam:GetRole"),
    Permission::read("attachments", "iam:GetUser"),
    Permission::read("attachments", "iam:GetGroup"),
    Permission::read("attachments", "iam:ListAttachedRolePolicies"),
    Permission::read("attachments", "iam:ListAttachedUserPolicies"),
    Permission::read("attachments", "iam:ListAttachedGroupPolicies"),
    Permission::read("attachments", "iam:GetPolicy"),
    Permission::read("attachments", "iam:GetPolicyVersion"),
    Permission::write("attachments", "iam:AttachRolePolicy"),
    Permission::write("attachments", "iam:DetachRolePolicy"),
    Permission::write("attachments", "iam:AttachUserPolicy"),
    Permission::write("attachments", "iam:DetachUserPolicy"),
    Permission::write("attachments", "iam:AttachGroupPolicy"),
    Permission::write("attachments", "iam:DetachGroupPolicy"),
    Permission::read("guardrail-attachment", "iam:GetRole"),
    Permission::read("guardrail-attachment", "iam:GetUser"),
    Permission::read("guardrail-attachment", "iam:GetGroup"),
    Permission::read("guardrail-attachment", "iam:ListAttachedRolePolicies"),
    Permission::read("guardrail-attachment", "iam:ListAttachedUserPolicies"),
    Permission::read("guardrail-attachment", "iam:ListAttachedGroupPolicies"),
    Permission::read("guardrail-attachment", "iam:GetPolicy"),
    Permission::read("guardrail-attachment", "iam:GetPolicyVersion"),
    Permission::write("guardrail-attachment", "iam:AttachRolePolicy"),
    Permission::write("guardrail-attachment", "iam:DetachRolePolicy"),
    Permission::write("guardrail-attachment", "iam:AttachUserPolicy"),
    Permission::write("guardrail-attachment", "iam:DetachUserPolicy"),
    Permission::write("guardrail-attachment", "iam:AttachGroupPolicy"),
    Permission::write("guardrail-attachment", "iam:DetachGroupPolicy"),
    Permission::read("inline-policy", "iam:GetRole"),
    Permission::read("inline-policy", "iam:GetUser"),
    Permission::read("inline-policy", "iam:GetGroup"),
    Permission::read("inline-policy", "iam:GetRolePolicy"),
    Permission::read("inline-policy", "iam:GetUserPolicy"),
    Permission::read("inline-policy", "iam:GetGroupPolicy"),
    Permission::write("inline-policy", "iam:PutRolePolicy"),
    Permission::write("inline-policy", "iam:DeleteRolePolicy"),
    Permission::write("inline-policy", "iam:PutUserPolicy"),
    Permission::write("inline-policy", "iam:DeleteUserPolicy"),
    Permission::write("inline-policy", "iam:PutGroupPolicy"),
    Permission::write("inline-policy", "iam:DeleteGroupPolicy"),
    Permission::read("principal-boundary", "iam:GetRole"),
    Permission::read("principal-boundary", "iam:GetUser"),
    Permission::read("principal-boundary", "iam:GetPolicy"),
    Permission::read("principal-boundary", "iam:GetPolicyVersion"),
    Permission::write("principal-boundary", "iam:PutRolePermissionsBoundary"),
    Permission::write("principal-boundary", "iam:DeleteRolePermissionsBoundary"),
    Permission::write("principal-boundary", "iam:PutUserPermissionsBoundary"),
    Permission::write("principal-boundary", "iam:DeleteUserPermissionsBoundary"),
    Permission::read("group-membership", "iam:ListGroupsForUser"),
    Permission::read("group-membership", "iam:GetUser"),
    Permission::read("group-membership", "iam:ListAttachedGroupPolicies"),
    Permission::read("group-membership", "iam:ListGroupPolicies"),
    Permission::read("group-membership", "iam:GetGroupPolicy"),
    Permission::read("group-membership", "iam:GetPolicy"),
    Permission::read("group-membership", "iam:GetPolicyVersion"),
    Permission::write("group-membership", "iam:RemoveUserFromGroup"),
    Permission::write("group-membership", "iam:AddUserToGroup"),
    Permission::read("access-key", "iam:ListAccessKeys"),
    Permission::write("access-key", "iam:UpdateAccessKey"),
    Permission::read("provider-audience", "iam:GetOpenIDConnectProvider"),
    Permission::write(
        "provider-audience",
        "iam:RemoveClientIDFromOpenIDConnectProvider",
    ),
    Permission::write(
        "provider-audience",
        "iam:AddClientIDToOpenIDConnectProvider",
    ),
    Permission::read("managed-policy", "iam:GetPolicy"),
    Permission::read("managed-policy", "iam:GetPolicyVersion"),
    Permission::write("managed-policy", "iam:CreatePolicy"),
    Permission::read("policy-version", "iam:GetPolicy"),
    Permission::read("policy-version", "iam:ListPolicyVersions"),
    Permission::read("policy-version", "iam:GetPolicyVersion"),
    Permission::write("policy-version", "iam:SetDefaultPolicyVersion"),
];

hand! {
    /// The hand for roles, users and groups.
    Iam with Client
}

/// An answer; `None` where IAM knows no such entity.
macro_rules! found {
    ($call:literal, $request:expr) => {
        ::auditward_runtime::failure::found($call, $request.send().await, |error| {
            error.is_no_such_entity_exception()
        })?
    };
}
use found;

/// All items of an answer in pages.
macro_rules! all {
    ($call:literal, $request:expr) => {
        $request
            .into_paginator()
            .items()
            .send()
            .collect::<Result<_, _>>()
            .await
            .map_err(|error| Failure::of($call, &error))?
    };
}
use all;

/// The role; `None` where there is none.
async fn role(client: &Client, at: &At) -> Result<Option<Role>, Failure> {
    let Some(answer) = found!("iam:GetRole", client.get_role().role_name(at.name())) else {
        return Ok(None);
    };
    answer
        .role
        .map(Some)
        .ok_or_else(|| Failure::other("iam:GetRole", "an answer without a role"))
}

/// The role, where its absence is no state of the facet.
async fn present_role(client: &Client, at: &At) -> Result<Role, Failure> {
    let found = role(client, at).await?;
    found.ok_or_else(|| Failure::other("iam:GetRole", format!("there is no role {}", at.name())))
}
