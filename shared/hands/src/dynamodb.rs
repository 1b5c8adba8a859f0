//! Tables, through DynamoDB.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::types::{
    PointInTimeRecoverySpecification, PointInTimeRecoveryStatus, TableDescription,
};

use auditward_rules::arn::partition_of;
use auditward_rules::facet::At;
use auditward_rules::facets::table::{TableProtection, TableRecovery};
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::guard::Discovered;
use auditward_runtime::hand::{DISCOVERY, Hand, Permission, Written};
use auditward_runtime::pipeline::Place;

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read("table-protection", DESCRIBE),
    Permission::write("table-protection", UPDATE),
    Permission::read("table-recovery", DESCRIBE_BACKUPS),
    Permission::write("table-recovery", UPDATE_BACKUPS),
    Permission::read(DISCOVERY, LIST),
];

const DESCRIBE: &str = "dynamodb:DescribeTable";
const UPDATE: &str = "dynamodb:UpdateTable";
const DESCRIBE_BACKUPS: &str = "dynamodb:DescribeContinuousBackups";
const UPDATE_BACKUPS: &str = "dynamodb:UpdateContinuousBackups";
const LIST: &str = "dynamodb:ListTables";

hand! {
    /// The hand for them.
    Tables with Client
}

impl Tables<'_> {
    /// Finds the guarded tables of an account and region.
    ///
    /// # Errors
    /// The tables cannot be listed.
    pub async fn discover(
        &self,
        settings: &Settings,
        inventory: &Inventory,
        place: &Place,
    ) -> Result<Discovered, Failure> {
        let Place { account, region } = place;
        let client = self.client(&place.at("")).await?;
        let partition = partition_of(region);
        let mut pages = client.list_tables().into_paginator().items().send();
        let mut resources = Vec::new();
        while let Some(name) = pages.next().await {
            let name = name.map_err(|error| Failure::of(LIST, &error))?;
            let arn = format!("arn:{partition}:dynamodb:{region}:{account}:table/{name}");
            if settings.protects(&arn, inventory) {
                resources.push(place.at(arn));
            }
        }
        Ok(resources.into())
    }

    /// A table; `None`: there is none.
    async fn table(&self, at: &At) -> Result<Option<TableDescription>, Failure> {
        let request = self.client(at).await?.describe_table();
        let answer = request.table_name(at.name()).send().await;
        let answer = found(DESCRIBE, answer, |e| e.is_resource_not_found_exception())?;
        Ok(answer.and_then(|answer| answer.table))
    }
}

impl Hand<TableProtection> for Tables<'_> {
    async fn read(&self, at: &At) -> Result<Option<bool>, Failure> {
        let table = self.table(at).await?;
        Ok(table.map(|table| table.deletion_protection_enabled() == Some(true)))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<bool>,
        to: &Option<bool>,
    ) -> Result<Written, Failure> {
        let request = self.client(at).await?.update_table().table_name(at.name());
        let answer = request
            .deletion_protection_enabled(*to == Some(true))
            .send()
            .await;
        let answer = answer.map_err(|error| Failure::of(UPDATE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<TableRecovery> for Tables<'_> {
    async fn read(&self, at: &At) -> Result<Option<bool>, Failure> {
        let request = self.client(at).await?.describe_continuous_backups();
        let answer = request.table_name(at.name()).send().await;
        let answer = found(DESCRIBE_BACKUPS, answer, |e| {
            e.is_table_not_found_exception()
        })?;
        Ok(answer.map(|answer| {
            let backups = answer.continuous_backups_description();
            let status = backups
                .and_then(|backups| backups.point_in_time_recovery_description())
                .and_then(|recovery| recovery.point_in_time_recovery_status());
            status == Some(&PointInTimeRecoveryStatus::Enabled)
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<bool>,
        to: &Option<bool>,
    ) -> Result<Written, Failure> {
        let wanted = PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(*to == Some(true))
            .build()
            .map_err(|error| Failure::other(UPDATE_BACKUPS, error.to_string()))?;
        let request = self.client(at).await?.update_continuous_backups();
        let request = request.table_name(at.name());
        let answer = request
            .point_in_time_recovery_specification(wanted)
            .send()
            .await;
        let answer = answer.map_err(|error| Failure::of(UPDATE_BACKUPS, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}
