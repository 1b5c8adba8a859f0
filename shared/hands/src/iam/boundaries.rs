//! Permissions boundaries of roles and users.

use aws_sdk_iam::Client;
use aws_sdk_iam::operation::RequestId;

use auditward_rules::facet::At;
use auditward_rules::facets::principal::{Bounded, Gives, PrincipalBoundary};
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::Iam;
use super::policies::power;
use super::principals::{Sort, principal, sort};

impl Hand<PrincipalBoundary> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<Option<Bounded>, Failure> {
        let client = self.client(at).await?;
        let Some(who) = principal(&client, at, sort(at)?).await? else {
            return Ok(None);
        };
        let power = match &who.boundary {
            Some(arn) => power(&client, arn).await?,
            None => Gives::Known(Some(true)),
        };
        Ok(Some(Bounded {
            principal: who.arn,
            id: Some(who.id),
            boundary: who.boundary,
            power,
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Bounded>,
        to: &Option<Bounded>,
    ) -> Result<Written, Failure> {
        let boundary = to.as_ref().and_then(|to| to.boundary.as_deref());
        set_boundary(&self.client(at).await?, at, sort(at)?, boundary).await
    }
}

/// Sets a principal's boundary, or takes it away.
pub(super) async fn set_boundary(
    client: &Client,
    at: &At,
    sort: Sort,
    boundary: Option<&str>,
) -> Result<Written, Failure> {
    let name = at.name();
    let id = match (sort, boundary) {
        (Sort::Role, Some(arn)) => done!(
            "iam:PutRolePermissionsBoundary",
            client
                .put_role_permissions_boundary()
                .role_name(name)
                .permissions_boundary(arn)
        ),
        (Sort::User, Some(arn)) => done!(
            "iam:PutUserPermissionsBoundary",
            client
                .put_user_permissions_boundary()
                .user_name(name)
                .permissions_boundary(arn)
        ),
        (Sort::Role, None) => done!(
            "iam:DeleteRolePermissionsBoundary",
            client.delete_role_permissions_boundary().role_name(name)
        ),
        (Sort::User, None) => done!(
            "iam:DeleteUserPermissionsBoundary",
            client.delete_user_permissions_boundary().user_name(name)
        ),
        (Sort::Group, _) => {
            return Err(Failure::other(
                "iam:PutUserPermissionsBoundary",
                "groups have no boundary",
            ));
        }
    };
    Ok(Written::default().and(id.as_deref()))
}
