//! What guardrail policies say, and what they are attached to.

use aws_sdk_organizations::operation::RequestId;
use aws_sdk_organizations::types::PolicyType;

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::organization::{Attached, GuardrailContent, OrganizationAttachment};
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::{Organizations, attached, content, item, policy};

const ATTACH: &str = "organizations:AttachPolicy";
const DETACH: &str = "organizations:DetachPolicy";
const UPDATE: &str = "organizations:UpdatePolicy";

impl Hand<OrganizationAttachment> for Organizations<'_> {
    async fn read(&self, at: &At) -> Result<Option<Attached>, Failure> {
        let id = item(ATTACH, at)?;
        let client = self.client(at).await?;
        let Some(found) = policy(&client, id).await? else {
            return Ok(None);
        };
        let sort = found
            .policy_summary()
            .and_then(|summary| summary.r#type())
            .map_or("", PolicyType::as_str)
            .to_owned();
        let there = attached(&client, at.name(), &sort).await?;
        Ok(there.map(|there| Attached {
            attached: there.iter().any(|one| one.id == id),
            sort,
            policy: content(&found),
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Attached>,
        to: &Option<Attached>,
    ) -> Result<Written, Failure> {
        let Some(to) = to else {
            return Err(Failure::other(DETACH, "policies are never deleted"));
        };
        let id = item(ATTACH, at)?;
        let client = self.client(at).await?;
        if to.attached {
            let request = client.attach_policy().policy_id(id).target_id(at.name());
            let answer = request
                .send()
                .await
                .map_err(|error| Failure::of(ATTACH, &error))?;
            return Ok(Written::default().and(answer.request_id()));
        }
        let request = client.detach_policy().policy_id(id).target_id(at.name());
        let answer = request
            .send()
            .await
            .map_err(|error| Failure::of(DETACH, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<GuardrailContent> for Organizations<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        let found = policy(&self.client(at).await?, at.name()).await?;
        Ok(found.as_ref().map_or(PolicyState::Absent, content))
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        let Some(document) = to.document() else {
            return Err(Failure::other(UPDATE, "only a document is ever written"));
        };
        let request = self
            .client(at)
            .await?
            .update_policy()
            .policy_id(at.name())
            .content(document.to_json());
        let answer = request
            .send()
            .await
            .map_err(|error| Failure::of(UPDATE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}
