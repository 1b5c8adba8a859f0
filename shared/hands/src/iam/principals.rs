//! What roles, users and groups have in common: IAM has each call three times.

use aws_sdk_iam::Client;
use aws_sdk_iam::types::AttachedPolicy;
use chrono::Utc;

use auditward_rules::arn::Arn;
use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::principal::Gives;
use auditward_runtime::failure::Failure;

pub(super) use crate::time::moment;

use super::policies::power;
use super::{all, found, role};

/// IAM has a call of its own for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Role,
    User,
    Group,
}

pub(super) fn sort(at: &At) -> Result<Sort, Failure> {
    let sort = Arn::parse(&at.resource).and_then(|arn| arn.resource.split('/').next());
    match sort {
        Some("role") => Ok(Sort::Role),
        Some("user") => Ok(Sort::User),
        Some("group") => Ok(Sort::Group),
        _ => Err(Failure::other(
            "iam:GetRole",
            format!("{} is no role, user or group", at.resource),
        )),
    }
}

/// A principal, as far as all sorts have the same.
pub(super) struct Principal {
    /// Its ARN with its path.
    pub arn: String,
    /// Its unique ID.
    pub id: String,
    pub created: Option<chrono::DateTime<Utc>>,
    /// Its permissions boundary; groups have none.
    pub boundary: Option<String>,
}

/// The principal; `None` where there is none.
pub(super) async fn principal(
    client: &Client,
    at: &At,
    sort: Sort,
) -> Result<Option<Principal>, Failure> {
    let name = at.name();
    let found = match sort {
        Sort::Role => role(client, at).await?.map(|role| Principal {
            arn: role.arn,
            id: role.role_id,
            created: moment(&role.create_date),
            boundary: role
                .permissions_boundary
                .and_then(|bound| bound.permissions_boundary_arn),
        }),
        Sort::User => found!("iam:GetUser", client.get_user().user_name(name))
            .and_then(|answer| answer.user)
            .map(|user| Principal {
                arn: user.arn,
                id: user.user_id,
                created: moment(&user.create_date),
                boundary: user
                    .permissions_boundary
                    .and_then(|bound| bound.permissions_boundary_arn),
            }),
        // Only the group is wanted, and IAM always adds its users.
        Sort::Group => found!(
            "iam:GetGroup",
            client.get_group().group_name(name).max_items(1)
        )
        .and_then(|answer| answer.group)
        .map(|group| Principal {
            arn: group.arn,
            id: group.group_id,
            created: moment(&group.create_date),
            boundary: None,
        }),
    };
    Ok(found)
}

/// The ARNs of all managed policies that are attached.
pub(super) async fn attached(client: &Client, at: &At, sort: Sort) -> Result<Vec<String>, Failure> {
    let name = at.name();
    let policies: Vec<AttachedPolicy> = match sort {
        Sort::Role => all!(
            "iam:ListAttachedRolePolicies",
            client.list_attached_role_policies().role_name(name)
        ),
        Sort::User => all!(
            "iam:ListAttachedUserPolicies",
            client.list_attached_user_policies().user_name(name)
        ),
        Sort::Group => all!(
            "iam:ListAttachedGroupPolicies",
            client.list_attached_group_policies().group_name(name)
        ),
    };
    Ok(policies
        .into_iter()
        .filter_map(|policy| policy.policy_arn)
        .collect())
}

/// The names of all inline policies.
pub(super) async fn inline_names(
    client: &Client,
    at: &At,
    sort: Sort,
) -> Result<Vec<String>, Failure> {
    let name = at.name();
    Ok(match sort {
        Sort::Role => all!(
            "iam:ListRolePolicies",
            client.list_role_policies().role_name(name)
        ),
        Sort::User => all!(
            "iam:ListUserPolicies",
            client.list_user_policies().user_name(name)
        ),
        Sort::Group => all!(
            "iam:ListGroupPolicies",
            client.list_group_policies().group_name(name)
        ),
    })
}

/// One inline policy; absent where there is none, or no such principal.
pub(super) async fn inline_policy(
    client: &Client,
    at: &At,
    sort: Sort,
    policy: &str,
) -> Result<PolicyState, Failure> {
    let name = at.name();
    let text = match sort {
        Sort::Role => found!(
            "iam:GetRolePolicy",
            client.get_role_policy().role_name(name).policy_name(policy)
        )
        .map(|answer| answer.policy_document),
        Sort::User => found!(
            "iam:GetUserPolicy",
            client.get_user_policy().user_name(name).policy_name(policy)
        )
        .map(|answer| answer.policy_document),
        Sort::Group => found!(
            "iam:GetGroupPolicy",
            client
                .get_group_policy()
                .group_name(name)
                .policy_name(policy)
        )
        .map(|answer| answer.policy_document),
    };
    Ok(text.map_or(PolicyState::Absent, |text| PolicyState::read(&text)))
}

/// What a principal's own policies give together.
pub(super) async fn power_of(client: &Client, at: &At, sort: Sort) -> Result<Gives, Failure> {
    let (arns, names) =
        futures_util::future::try_join(attached(client, at, sort), inline_names(client, at, sort))
            .await?;
    let managed = arns.iter().map(|arn| power(client, arn));
    let mut powers = futures_util::future::try_join_all(managed).await?;
    for name in names {
        let text = inline_policy(client, at, sort, &name).await?;
        powers.push(Gives::Text(text));
    }
    Ok(Gives::All(powers))
}
