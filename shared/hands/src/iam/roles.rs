//! Trust, sessions, and all that a guard role has.

use std::collections::BTreeMap;

use aws_sdk_iam::Client;
use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_iam::operation::RequestId;
use aws_sdk_iam::types::Tag;

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::role::{
    REVOKE_POLICY, RoleBoundary, RoleConfiguration, RoleInlinePolicies, RoleSessions, RoleSettings,
    RoleTags, RoleTrust, Sessions,
};
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::boundaries::set_boundary;
use super::principals::{Sort, inline_names};
use super::{Iam, present_role, role};
use crate::AWS_TAGS;

impl Hand<RoleTrust> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        let Some(role) = role(&self.client(at).await?, at).await? else {
            return Ok(PolicyState::Absent);
        };
        match role.assume_role_policy_document() {
            Some(document) => Ok(PolicyState::read(document)),
            None => Err(Failure::other(
                "iam:GetRole",
                "a role without a trust policy",
            )),
        }
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        const CALL: &str = "iam:UpdateAssumeRolePolicy";
        let PolicyState::Document(document) = to else {
            return Err(Failure::other(
                CALL,
                "a trust policy is only ever replaced by another one",
            ));
        };
        let client = self.client(at).await?;
        let request = client
            .update_assume_role_policy()
            .role_name(at.name())
            .policy_document(document.to_json());
        let id = done!("iam:UpdateAssumeRolePolicy", request);
        Ok(Written::default().and(id.as_deref()))
    }
}

impl Hand<RoleSessions> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<Sessions, Failure> {
        let client = self.client(at).await?;
        match inline_policy(&client, at, REVOKE_POLICY).await? {
            Inline::Policy(policy) => Ok(Sessions::read(policy)),
            Inline::NoPolicy => Ok(Sessions::Live),
            Inline::NoPolicyOrRole => Ok(role(&client, at)
                .await?
                .map_or(Sessions::Gone, |_| Sessions::Live)),
        }
    }

    async fn write(&self, at: &At, _: &Sessions, to: &Sessions) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        match to.policy() {
            Some(document) => put_policy(&client, at, REVOKE_POLICY, document).await,
            None if *to == Sessions::Live => delete_policy(&client, at, REVOKE_POLICY).await,
            None => Err(Failure::other(
                "iam:DeleteRolePolicy",
                "a role is never deleted",
            )),
        }
    }
}

impl Hand<RoleInlinePolicies> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<BTreeMap<String, PolicyState>, Failure> {
        let client = self.client(at).await?;
        let mut policies = BTreeMap::new();
        for name in inline_names(&client, at, Sort::Role).await? {
            if let Inline::Policy(policy) = inline_policy(&client, at, &name).await? {
                policies.insert(name, policy);
            }
        }
        Ok(policies)
    }

    async fn write(
        &self,
        at: &At,
        from: &BTreeMap<String, PolicyState>,
        to: &BTreeMap<String, PolicyState>,
    ) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let mut written = Written::default();
        // A Deny that is new goes first, or it would stop the rest.
        for name in from.keys().filter(|name| !to.contains_key(*name)) {
            written = written.then(delete_policy(&client, at, name).await)?;
        }
        for (name, policy) in to {
            if from.get(name).is_some_and(|before| before.same(policy)) {
                continue;
            }
            if let Some(document) = policy.text() {
                written = written.then(put_policy(&client, at, name, document).await)?;
            }
        }
        Ok(written)
    }
}

/// An inline policy, as far as one answer tells.
enum Inline {
    Policy(PolicyState),
    NoPolicy,
    NoPolicyOrRole,
}

async fn inline_policy(client: &Client, at: &At, name: &str) -> Result<Inline, Failure> {
    let request = client
        .get_role_policy()
        .role_name(at.name())
        .policy_name(name);
    match request.send().await {
        Ok(answer) => Ok(Inline::Policy(PolicyState::read(answer.policy_document()))),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_no_such_entity_exception()) =>
        {
            // IAM has one code for a missing role and for a missing policy; only
            // its sentence differs, and where it does not, the role is asked for.
            let policy = error
                .message()
                .is_some_and(|text| text.starts_with("The role policy with name"));
            Ok(if policy {
                Inline::NoPolicy
            } else {
                Inline::NoPolicyOrRole
            })
        }
        Err(error) => Err(Failure::of("iam:GetRolePolicy", &error)),
    }
}

async fn put_policy(
    client: &Client,
    at: &At,
    name: &str,
    document: String,
) -> Result<Written, Failure> {
    let request = client
        .put_role_policy()
        .role_name(at.name())
        .policy_name(name)
        .policy_document(document);
    let id = done!("iam:PutRolePolicy", request);
    Ok(Written::default().and(id.as_deref()))
}

async fn delete_policy(client: &Client, at: &At, name: &str) -> Result<Written, Failure> {
    let request = client
        .delete_role_policy()
        .role_name(at.name())
        .policy_name(name);
    let id = done!("iam:DeleteRolePolicy", request);
    Ok(Written::default().and(id.as_deref()))
}

impl Hand<RoleBoundary> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<Option<String>, Failure> {
        let role = present_role(&self.client(at).await?, at).await?;
        Ok(role
            .permissions_boundary
            .and_then(|boundary| boundary.permissions_boundary_arn))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<String>,
        to: &Option<String>,
    ) -> Result<Written, Failure> {
        set_boundary(&self.client(at).await?, at, Sort::Role, to.as_deref()).await
    }
}

impl Hand<RoleTags> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<BTreeMap<String, String>, Failure> {
        let client = self.client(at).await?;
        let mut tags = BTreeMap::new();
        let mut marker = None;
        loop {
            let request = client
                .list_role_tags()
                .role_name(at.name())
                .set_marker(marker);
            let page = request
                .send()
                .await
                .map_err(|error| Failure::of("iam:ListRoleTags", &error))?;
            let known = page
                .tags
                .into_iter()
                .filter(|tag| !tag.key.starts_with(AWS_TAGS));
            tags.extend(known.map(|tag| (tag.key, tag.value)));
            marker = page.marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                return Ok(tags);
            }
        }
    }

    async fn write(
        &self,
        at: &At,
        from: &BTreeMap<String, String>,
        to: &BTreeMap<String, String>,
    ) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let mut written = Written::default();
        let gone: Vec<String> = from
            .keys()
            .filter(|key| !to.contains_key(*key))
            .cloned()
            .collect();
        let back = to
            .iter()
            .filter(|(key, value)| from.get(*key) != Some(value));
        let back = back.map(|(key, value)| Tag::builder().key(key).value(value).build());
        let back: Vec<Tag> = back
            .collect::<Result<_, _>>()
            .map_err(|error| Failure::other("iam:TagRole", error.to_string()))?;
        if !gone.is_empty() {
            let request = client
                .untag_role()
                .role_name(at.name())
                .set_tag_keys(Some(gone));
            let id = done!("iam:UntagRole", request);
            written = written.and(id.as_deref());
        }
        if !back.is_empty() {
            let request = client.tag_role().role_name(at.name()).set_tags(Some(back));
            let id = done!("iam:TagRole", request, written);
            written = written.and(id.as_deref());
        }
        Ok(written)
    }
}

impl Hand<RoleSettings> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<RoleConfiguration, Failure> {
        let role = present_role(&self.client(at).await?, at).await?;
        let description = role.description.unwrap_or_default();
        // Without a word from IAM its documented default of an hour holds.
        Ok(RoleConfiguration {
            description,
            max_session: role.max_session_duration.unwrap_or(3600),
        })
    }

    async fn write(
        &self,
        at: &At,
        _: &RoleConfiguration,
        to: &RoleConfiguration,
    ) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let request = client
            .update_role()
            .role_name(at.name())
            .description(&to.description)
            .max_session_duration(to.max_session);
        let id = done!("iam:UpdateRole", request);
        Ok(Written::default().and(id.as_deref()))
    }
}
