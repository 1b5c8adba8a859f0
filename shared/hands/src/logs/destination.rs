//! Destinations that other accounts send their logs to.

use aws_sdk_cloudwatchlogs::operation::RequestId;
use aws_sdk_cloudwatchlogs::types::Destination as Live;

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::logs::{Destination, DestinationPolicy, LogDestination};
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::{Logs, name};

const PUT: &str = "logs:PutDestination";
const PUT_POLICY: &str = "logs:PutDestinationPolicy";

impl Logs<'_> {
    /// The destination, if there is one.
    async fn destination(&self, at: &At) -> Result<Option<Live>, Failure> {
        let request = self.client(at).await?.describe_destinations();
        let answer = request.destination_name_prefix(name(at)).send().await;
        let answer = answer.map_err(|error| Failure::of("logs:DescribeDestinations", &error))?;
        // Sorted by name: what begins with a name begins with the name itself.
        let mut all = answer.destinations.unwrap_or_default().into_iter();
        Ok(all.find(|one| one.destination_name() == Some(name(at))))
    }
}

impl Hand<LogDestination> for Logs<'_> {
    async fn read(&self, at: &At) -> Result<Option<Destination>, Failure> {
        Ok(self.destination(at).await?.map(|live| Destination {
            target: live.target_arn.unwrap_or_default(),
            role: live.role_arn.unwrap_or_default(),
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Destination>,
        to: &Option<Destination>,
    ) -> Result<Written, Failure> {
        let Some(to) = to else {
            return Err(Failure::other(PUT, "a destination is never deleted"));
        };
        let request = self.client(at).await?.put_destination();
        let answer = request
            .destination_name(name(at))
            .target_arn(&to.target)
            .role_arn(&to.role)
            .send()
            .await
            .map_err(|error| Failure::of(PUT, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<DestinationPolicy> for Logs<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        let destination = self.destination(at).await?;
        let policy = destination.and_then(|live| live.access_policy);
        Ok(policy.map_or(PolicyState::Absent, |text| PolicyState::read(&text)))
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        let Some(text) = to.text() else {
            let why = "a destination's policy can be changed and never deleted";
            return Err(Failure::other(PUT_POLICY, why));
        };
        let request = self.client(at).await?.put_destination_policy();
        let answer = request
            .destination_name(name(at))
            .access_policy(text)
            .send()
            .await
            .map_err(|error| Failure::of(PUT_POLICY, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}
