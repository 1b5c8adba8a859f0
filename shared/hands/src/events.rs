//! Rules, their targets, and event buses, through EventBridge.

mod buses;
mod targets;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::RequestId;
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput;
use aws_sdk_eventbridge::types::RuleState as AwsRuleState;

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::facets::guard::rule::{Defined, RuleDefinition, RuleState};
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::guard::Discovered;
use auditward_runtime::hand::{DISCOVERY, Hand, Permission, Written};
use auditward_runtime::pipeline::Place;

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read(DISCOVERY, "events:ListRules"),
    Permission::read(DISCOVERY, "events:ListEventBuses"),
    Permission::read("rule-state", "events:DescribeRule"),
    Permission::write("rule-state", "events:EnableRule"),
    Permission::read("rule-definition", "events:DescribeRule"),
    Permission::write("rule-definition", "events:PutRule"),
    Permission::read("rule-targets", "events:ListTargetsByRule"),
    Permission::write("rule-targets", "events:PutTargets"),
    Permission::write("rule-targets", "events:RemoveTargets"),
    Permission::read("bus-policy", "events:DescribeEventBus"),
    Permission::write("bus-policy", "events:PutPermission"),
    Permission::write("bus-policy", "events:RemovePermission"),
    Permission::read("bus-configuration", "events:DescribeEventBus"),
    Permission::write("bus-configuration", "events:CreateEventBus"),
    Permission::write("bus-configuration", "events:UpdateEventBus"),
];

const DESCRIBE: &str = "events:DescribeRule";
const ENABLE: &str = "events:EnableRule";
const PUT: &str = "events:PutRule";

hand! {
    /// The hand for them.
    Events with Client
}

impl Events<'_> {
    /// Finds Auditward's own rules and buses, in an account and region.
    ///
    /// # Errors
    /// They cannot be listed.
    pub async fn discover(
        &self,
        settings: &Settings,
        _: &Inventory,
        place: &Place,
    ) -> Result<Discovered, Failure> {
        let client = self.client(&place.at("")).await?;
        let (mut resources, mut next) = (Vec::new(), None);
        loop {
            let answer = client.list_event_buses().set_next_token(next).send().await;
            let answer = answer.map_err(|error| Failure::of("events:ListEventBuses", &error))?;
            let arns = answer.event_buses().iter().filter_map(|bus| bus.arn());
            let own = arns.filter(|arn| settings.is_own(arn));
            resources.extend(own.map(|arn| place.at(arn)));
            next = answer.next_token().map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        loop {
            let answer = client.list_rules().set_next_token(next).send().await;
            let answer = answer.map_err(|error| Failure::of("events:ListRules", &error))?;
            let arns = answer.rules().iter().filter_map(|rule| rule.arn());
            let own = arns.filter(|arn| settings.is_own(arn));
            resources.extend(own.map(|arn| place.at(arn)));
            next = answer.next_token().map(str::to_owned);
            if next.is_none() {
                break;
            }
        }
        Ok(resources.into())
    }

    async fn rule(&self, at: &At) -> Result<Option<DescribeRuleOutput>, Failure> {
        let (bus, name) = parts(at);
        let asked = self.client(at).await?.describe_rule().name(name);
        let answer = asked.event_bus_name(bus).send().await;
        found(DESCRIBE, answer, |e| e.is_resource_not_found_exception())
    }
}

/// A rule's bus and name: `rule/<name>` on the default bus, `rule/<bus>/<name>`
/// elsewhere.
fn parts(at: &At) -> (&str, &str) {
    let resource = Arn::parse(&at.resource).map_or(&*at.resource, |arn| arn.resource);
    let resource = resource.strip_prefix("rule/").unwrap_or(resource);
    resource.rsplit_once('/').unwrap_or(("default", resource))
}

impl Hand<RuleState> for Events<'_> {
    async fn read(&self, at: &At) -> Result<Option<bool>, Failure> {
        let rule = self.rule(at).await?;
        Ok(rule.map(|rule| rule.state() != Some(&AwsRuleState::Disabled)))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<bool>,
        to: &Option<bool>,
    ) -> Result<Written, Failure> {
        if *to != Some(true) {
            return Err(Failure::other(ENABLE, "a rule is only ever enabled"));
        }
        let (bus, name) = parts(at);
        let asked = self.client(at).await?.enable_rule().name(name);
        let answer = asked.event_bus_name(bus).send().await;
        let answer = answer.map_err(|error| Failure::of(ENABLE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<RuleDefinition> for Events<'_> {
    async fn read(&self, at: &At) -> Result<Option<Defined>, Failure> {
        let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(self.rule(at).await?.map(|rule| Defined {
            reads: match rule.state() {
                Some(AwsRuleState::Enabled) => Some(false),
                Some(AwsRuleState::EnabledWithAllCloudtrailManagementEvents) => Some(true),
                _ => None,
            },
            pattern: text(rule.event_pattern()),
            schedule: text(rule.schedule_expression()),
            description: text(rule.description()),
            role: text(rule.role_arn()),
        }))
    }

    async fn write(
        &self,
        at: &At,
        from: &Option<Defined>,
        to: &Option<Defined>,
    ) -> Result<Written, Failure> {
        let Some(rule) = to else {
            return Err(Failure::other(PUT, "a rule is never deleted"));
        };
        let reads = |rule: &Option<Defined>| rule.as_ref().and_then(|rule| rule.reads);
        let state = match reads(to).or(reads(from)) {
            Some(true) => AwsRuleState::EnabledWithAllCloudtrailManagementEvents,
            Some(false) | None => AwsRuleState::Enabled,
        };
        let (bus, name) = parts(at);
        let asked = self.client(at).await?.put_rule().name(name);
        let asked = asked
            .event_bus_name(bus)
            .set_event_pattern(rule.pattern.clone())
            .set_schedule_expression(rule.schedule.clone())
            .set_description(rule.description.clone())
            .set_role_arn(rule.role.clone())
            .state(state);
        let answer = asked.send().await;
        let answer = answer.map_err(|error| Failure::of(PUT, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_of_another_bus_is_named_behind_it() {
        let at = |rule: &str| {
            let arn = format!("arn:aws:events:eu-west-1:111111111111:rule/{rule}");
            At::new("111111111111", "eu-west-1", arn)
        };
        assert_eq!(parts(&at("auditward-keys")), ("default", "auditward-keys"));
        assert_eq!(parts(&at("central/keys")), ("central", "keys"));
        assert_eq!(
            parts(&at("aws.partner/acme.example/1/keys")),
            ("aws.partner/acme.example/1", "keys")
        );
    }
}
