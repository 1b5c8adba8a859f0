//! Invitations, and the organization's resource policy.

use aws_sdk_organizations::operation::RequestId;
use aws_sdk_organizations::primitives::DateTime;
use aws_sdk_organizations::types::HandshakeState;
use chrono::Utc;

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::made::Thing;
use auditward_rules::facets::organization::{Invitation, OrganizationPolicy};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::Organizations;

const DESCRIBE: &str = "organizations:DescribeHandshake";
const CANCEL: &str = "organizations:CancelHandshake";
const READ: &str = "organizations:DescribeResourcePolicy";
const PUT: &str = "organizations:PutResourcePolicy";
const DELETE: &str = "organizations:DeleteResourcePolicy";

pub(super) fn time(time: Option<&DateTime>) -> Option<chrono::DateTime<Utc>> {
    let time = time?;
    chrono::DateTime::from_timestamp(time.secs(), time.subsec_nanos())
}

impl Hand<Invitation> for Organizations<'_> {
    async fn read(&self, at: &At) -> Result<Option<Thing>, Failure> {
        let client = self.client(at).await?;
        let answer = client
            .describe_handshake()
            .handshake_id(at.name())
            .send()
            .await;
        let answer = found(DESCRIBE, answer, |e| e.is_handshake_not_found_exception())?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        let Some(handshake) = answer.handshake() else {
            return Err(Failure::other(DESCRIBE, "an answer without a handshake"));
        };
        // One that was accepted is not gone: the account is in, and a person must know.
        let state = match handshake.state() {
            Some(HandshakeState::Canceled | HandshakeState::Declined | HandshakeState::Expired) => {
                return Ok(None);
            }
            state => state.map_or("", HandshakeState::as_str),
        };
        Ok(Some(Thing {
            created: time(handshake.requested_timestamp()),
            detail: [("state".to_owned(), state.to_ascii_lowercase())].into(),
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Thing>,
        to: &Option<Thing>,
    ) -> Result<Written, Failure> {
        if to.is_some() {
            return Err(Failure::other(CANCEL, "nobody is ever invited"));
        }
        let client = self.client(at).await?;
        let answer = client
            .cancel_handshake()
            .handshake_id(at.name())
            .send()
            .await;
        let answer = answer.map_err(|error| Failure::of(CANCEL, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<OrganizationPolicy> for Organizations<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        let request = self.client(at).await?.describe_resource_policy();
        let answer = found(READ, request.send().await, |e| {
            e.is_resource_policy_not_found_exception()
        })?;
        let policy = answer.as_ref().and_then(|answer| answer.resource_policy());
        let content = policy.and_then(|policy| policy.content());
        Ok(content.map_or(PolicyState::Absent, PolicyState::read))
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let Some(text) = to.text() else {
            let answer = client.delete_resource_policy().send().await;
            let answer = answer.map_err(|error| Failure::of(DELETE, &error))?;
            return Ok(Written::default().and(answer.request_id()));
        };
        let answer = client.put_resource_policy().content(text).send().await;
        let answer = answer.map_err(|error| Failure::of(PUT, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}
