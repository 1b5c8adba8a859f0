//! Stacks, through CloudFormation.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::operation::RequestId;
use aws_sdk_cloudformation::types::StackStatus;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use auditward_rules::arn::partition_of;
use auditward_rules::facet::At;
use auditward_rules::facets::stack::StackProtection;
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::guard::Discovered;
use auditward_runtime::hand::{DISCOVERY, Hand, Permission, Written};
use auditward_runtime::pipeline::Place;

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read("stack-protection", DESCRIBE),
    Permission::write("stack-protection", PROTECT),
    Permission::read(DISCOVERY, LIST),
];

const DESCRIBE: &str = "cloudformation:DescribeStacks";
const PROTECT: &str = "cloudformation:UpdateTerminationProtection";
const LIST: &str = "cloudformation:ListStacks";

/// Stacks in these states can still be protected.
const ALIVE: [StackStatus; 9] = [
    StackStatus::CreateComplete,
    StackStatus::CreateInProgress,
    StackStatus::ImportComplete,
    StackStatus::RollbackComplete,
    StackStatus::UpdateComplete,
    StackStatus::UpdateCompleteCleanupInProgress,
    StackStatus::UpdateInProgress,
    StackStatus::UpdateRollbackComplete,
    StackStatus::UpdateRollbackFailed,
];

hand! {
    /// The hand for them.
    Stacks with Client
}

impl Stacks<'_> {
    /// Finds Auditward's stacks in an account and region.
    ///
    /// # Errors
    /// The stacks cannot be listed.
    pub async fn discover(
        &self,
        settings: &Settings,
        inventory: &Inventory,
        place: &Place,
    ) -> Result<Discovered, Failure> {
        let Place { account, region } = place;
        let client = self.client(&place.at("")).await?;
        let partition = partition_of(region);
        let request = client
            .list_stacks()
            .set_stack_status_filter(Some(ALIVE.to_vec()));
        let mut pages = request.into_paginator().items().send();
        let mut resources = Vec::new();
        while let Some(stack) = pages.next().await {
            let stack = stack.map_err(|error| Failure::of(LIST, &error))?;
            // A nested stack is protected with its root.
            let Some(name) = stack.stack_name().filter(|_| stack.root_id().is_none()) else {
                continue;
            };
            let arn = format!("arn:{partition}:cloudformation:{region}:{account}:stack/{name}");
            if settings.protects(&arn, inventory) {
                resources.push(place.at(arn));
            }
        }
        Ok(resources.into())
    }
}

impl Hand<StackProtection> for Stacks<'_> {
    async fn read(&self, at: &At) -> Result<Option<bool>, Failure> {
        let request = self.client(at).await?.describe_stacks();
        let answer = request.stack_name(at.name()).send().await;
        // CloudFormation has no error of its own for a stack that is not there.
        let answer = found(DESCRIBE, answer, |e| {
            let said = e.message().unwrap_or_default();
            e.code() == Some("ValidationError") && said.ends_with("does not exist")
        })?;
        let stack = answer.as_ref().and_then(|answer| answer.stacks().first());
        Ok(stack.map(|stack| stack.enable_termination_protection() == Some(true)))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<bool>,
        to: &Option<bool>,
    ) -> Result<Written, Failure> {
        let request = self.client(at).await?.update_termination_protection();
        let request = request.stack_name(at.name());
        let answer = request
            .enable_termination_protection(*to == Some(true))
            .send()
            .await;
        let answer = answer.map_err(|error| Failure::of(PROTECT, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}
