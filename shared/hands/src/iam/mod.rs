//! Roles, users and groups, through IAM.
//!
//! IAM serves all regions of a partition from one endpoint and is eventually
//! consistent: what is read may be older than what was just written.

mod discovery;
mod principals;
mod roles;

use aws_sdk_iam::Client;
use aws_sdk_iam::operation::get_role::GetRoleError;
use aws_sdk_iam::types::Role;

use auditward_rules::facet::At;
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{DISCOVERY, Permission};
use auditward_runtime::sessions::Sessions;

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read(DISCOVERY, "iam:ListRoles"),
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
];

/// The hand for roles, users and groups.
#[derive(Clone, Copy, Debug)]
pub struct Iam<'a> {
    /// Who to talk as.
    pub sessions: &'a Sessions,
}

impl Iam<'_> {
    async fn client(&self, at: &At) -> Result<Client, Failure> {
        Ok(Client::new(
            &self.sessions.of(&at.account, &at.region).await?,
        ))
    }
}

/// The role; `None` where there is none.
async fn role(client: &Client, at: &At) -> Result<Option<Role>, Failure> {
    const CALL: &str = "iam:GetRole";
    match client.get_role().role_name(at.name()).send().await {
        Ok(answer) => answer
            .role
            .map(Some)
            .ok_or_else(|| Failure::other(CALL, "an answer without a role")),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(GetRoleError::is_no_such_entity_exception) =>
        {
            Ok(None)
        }
        Err(error) => Err(Failure::of(CALL, &error)),
    }
}

/// The role, where its absence is no state of the facet.
async fn present_role(client: &Client, at: &At) -> Result<Role, Failure> {
    let found = role(client, at).await?;
    found.ok_or_else(|| Failure::other("iam:GetRole", format!("there is no role {}", at.name())))
}
