//! Event buses and their policies.

use aws_sdk_eventbridge::operation::RequestId;
use aws_sdk_eventbridge::operation::describe_event_bus::DescribeEventBusOutput;
use aws_sdk_eventbridge::types::DeadLetterConfig;

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::guard::bus::{Bus, BusConfiguration, BusPolicy};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::Events;

const DESCRIBE: &str = "events:DescribeEventBus";
const PUT: &str = "events:PutPermission";
const REMOVE: &str = "events:RemovePermission";
const CREATE: &str = "events:CreateEventBus";
const UPDATE: &str = "events:UpdateEventBus";

/// A bus's name, which may have slashes in it.
fn name(at: &At) -> &str {
    at.resource
        .split_once(":event-bus/")
        .map_or_else(|| at.name(), |(_, name)| name)
}

impl Events<'_> {
    async fn bus(&self, at: &At) -> Result<Option<DescribeEventBusOutput>, Failure> {
        let asked = self.client(at).await?.describe_event_bus();
        let answer = asked.name(name(at)).send().await;
        found(DESCRIBE, answer, |e| e.is_resource_not_found_exception())
    }
}

impl Hand<BusPolicy> for Events<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        let bus = self.bus(at).await?;
        let policy = bus.as_ref().and_then(|bus| bus.policy());
        Ok(policy
            .filter(|policy| !policy.is_empty())
            .map_or(PolicyState::Absent, PolicyState::read))
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let Some(text) = to.text() else {
            let asked = client.remove_permission().event_bus_name(name(at));
            let answer = asked.remove_all_permissions(true).send().await;
            let answer = answer.map_err(|error| Failure::of(REMOVE, &error))?;
            return Ok(Written::default().and(answer.request_id()));
        };
        // A whole policy takes the place of the one before.
        let asked = client.put_permission().event_bus_name(name(at));
        let answer = asked.policy(text).send().await;
        let answer = answer.map_err(|error| Failure::of(PUT, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<BusConfiguration> for Events<'_> {
    async fn read(&self, at: &At) -> Result<Option<Bus>, Failure> {
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(self.bus(at).await?.map(|bus| Bus {
            description: text(bus.description()),
            key: text(bus.kms_key_identifier()),
            dead_letters: text(bus.dead_letter_config().and_then(|one| one.arn())),
        }))
    }

    async fn write(
        &self,
        at: &At,
        from: &Option<Bus>,
        to: &Option<Bus>,
    ) -> Result<Written, Failure> {
        let Some(bus) = to else {
            return Err(Failure::other(CREATE, "a bus is never deleted"));
        };
        let client = self.client(at).await?;
        let letters = bus.dead_letters.as_ref();
        let letters = letters.map(|arn| DeadLetterConfig::builder().arn(arn).build());
        if from.is_some() {
            // What is not said stays, what is said to be empty goes.
            let asked = client.update_event_bus().name(name(at));
            let asked = asked
                .description(bus.description.clone().unwrap_or_default())
                .kms_key_identifier(bus.key.clone().unwrap_or_default())
                .dead_letter_config(letters.unwrap_or_else(|| DeadLetterConfig::builder().build()));
            let answer = asked.send().await;
            let answer = answer.map_err(|error| Failure::of(UPDATE, &error))?;
            return Ok(Written::default().and(answer.request_id()));
        }
        let asked = client.create_event_bus().name(name(at));
        let asked = asked
            .set_description(bus.description.clone())
            .set_kms_key_identifier(bus.key.clone())
            .set_dead_letter_config(letters);
        let answer = asked.send().await;
        let answer = answer.map_err(|error| Failure::of(CREATE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}
