//! Inline policies of roles, users and groups, one at a time.

use aws_sdk_iam::operation::RequestId;

use auditward_rules::facet::At;
use auditward_rules::facets::principal::{Inline, InlinePolicy, inline_name};
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::Iam;
use super::principals::{Sort, inline_policy, principal, sort};

fn named(at: &At) -> Result<&str, Failure> {
    inline_name(at)
        .ok_or_else(|| Failure::other("iam:GetRolePolicy", "an inline policy without a name"))
}

impl Hand<InlinePolicy> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<Option<Inline>, Failure> {
        let (client, sort, name) = (self.client(at).await?, sort(at)?, named(at)?);
        let (who, policy) = futures_util::future::try_join(
            principal(&client, at, sort),
            inline_policy(&client, at, sort, name),
        )
        .await?;
        Ok(who.map(|who| Inline {
            principal: who.arn,
            id: Some(who.id),
            created: who.created,
            policy,
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Inline>,
        to: &Option<Inline>,
    ) -> Result<Written, Failure> {
        let (client, sort, policy) = (self.client(at).await?, sort(at)?, named(at)?);
        let name = at.name();
        let Some(to) = to else {
            return Err(Failure::other(
                "iam:DeleteRolePolicy",
                "a principal is never deleted",
            ));
        };
        let id = match (sort, to.policy.text()) {
            (Sort::Role, Some(text)) => done!(
                "iam:PutRolePolicy",
                client
                    .put_role_policy()
                    .role_name(name)
                    .policy_name(policy)
                    .policy_document(text)
            ),
            (Sort::User, Some(text)) => done!(
                "iam:PutUserPolicy",
                client
                    .put_user_policy()
                    .user_name(name)
                    .policy_name(policy)
                    .policy_document(text)
            ),
            (Sort::Group, Some(text)) => done!(
                "iam:PutGroupPolicy",
                client
                    .put_group_policy()
                    .group_name(name)
                    .policy_name(policy)
                    .policy_document(text)
            ),
            (Sort::Role, None) => done!(
                "iam:DeleteRolePolicy",
                client
                    .delete_role_policy()
                    .role_name(name)
                    .policy_name(policy)
            ),
            (Sort::User, None) => done!(
                "iam:DeleteUserPolicy",
                client
                    .delete_user_policy()
                    .user_name(name)
                    .policy_name(policy)
            ),
            (Sort::Group, None) => done!(
                "iam:DeleteGroupPolicy",
                client
                    .delete_group_policy()
                    .group_name(name)
                    .policy_name(policy)
            ),
        };
        Ok(Written::default().and(id.as_deref()))
    }
}
