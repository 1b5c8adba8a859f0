//! Observability sinks, through Observability Access Manager.

use aws_sdk_oam::Client;
use aws_sdk_oam::operation::RequestId;

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::logs::SinkPolicy;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Permission, Written};

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read("sink-policy", "oam:GetSinkPolicy"),
    Permission::write("sink-policy", "oam:PutSinkPolicy"),
];

const PUT: &str = "oam:PutSinkPolicy";

hand! {
    /// The hand for them.
    Sinks with Client
}

impl Hand<SinkPolicy> for Sinks<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        let request = self.client(at).await?.get_sink_policy();
        let answer = request.sink_identifier(&at.resource).send().await;
        let answer = found("oam:GetSinkPolicy", answer, |e| {
            e.is_resource_not_found_exception()
        })?;
        let policy = answer.as_ref().and_then(|answer| answer.policy());
        Ok(policy.map_or(PolicyState::Absent, PolicyState::read))
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        let Some(text) = to.text() else {
            let why = "a sink's policy can be changed and never deleted";
            return Err(Failure::other(PUT, why));
        };
        let request = self.client(at).await?.put_sink_policy();
        let answer = request
            .sink_identifier(&at.resource)
            .policy(text)
            .send()
            .await
            .map_err(|error| Failure::of(PUT, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}
