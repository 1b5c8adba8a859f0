//! Which roles Auditward and log delivery depend on.

use auditward_rules::arn::{lead_region, partition_of};
use auditward_rules::facet::At;
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::Discovered;

use super::Iam;

impl Iam<'_> {
    /// Finds the roles that Auditward and log delivery depend on, in the
    /// function's own account.
    ///
    /// # Errors
    /// The roles cannot be listed.
    pub async fn discover(
        &self,
        settings: &Settings,
        inventory: Inventory,
    ) -> Result<Discovered, Failure> {
        let account = self.sessions.account().to_owned();
        let partition = partition_of(&self.sessions.home().region);
        let region = lead_region(partition);
        let client = self.client(&At::new(&account, region, "")).await?;
        let mut pages = client.list_roles().into_paginator().items().send();
        let mut resources = Vec::new();
        while let Some(role) = pages.next().await {
            let role = role.map_err(|error| Failure::of("iam:ListRoles", &error))?;
            if settings.is_guard_role(role.arn(), &inventory) {
                // Events name a role without its path, and so does its baseline.
                let name = role.role_name();
                let arn = format!("arn:{partition}:iam::{account}:role/{name}");
                resources.push(At::new(&account, region, arn));
            }
        }
        Ok(Discovered {
            inventory,
            resources,
        })
    }
}
