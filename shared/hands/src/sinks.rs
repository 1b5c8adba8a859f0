//! Observability sinks, through Observability Access Manager.

use aws_sdk_oam::Client;
use aws_sdk_oam::operation::RequestId;

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::logs::SinkPolicy;
use auditward_runtime::failure::Failure;
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
        match request.sink_identifier(&at.resource).send().await {
            Ok(answer) => Ok(answer
                .policy()
                .map_or(PolicyState::Absent, PolicyState::read)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_resource_not_found_exception()) =>
            {
                Ok(PolicyState::Absent)
            }
            Err(error) => Err(Failure::of("oam:GetSinkPolicy", &error)),
        }
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
