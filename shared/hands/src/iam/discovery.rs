//! Which roles Auditward and log delivery depend on.

use aws_sdk_iam::Client;

use auditward_rules::arn::{Arn, is_account, lead_region, partition_of};
use auditward_rules::facet::At;
use auditward_rules::facets::principal::{boundary, inline};
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::Discovered;

use super::Iam;
use super::principals::{Sort, inline_names, principal, sort};

impl Iam<'_> {
    /// Finds the roles that Auditward and log delivery depend on: those of the
    /// function's own account, and those of others that the settings name in full.
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
        let mut resources = self.named(settings, &client, &account, region).await?;
        resources.extend(elsewhere(settings, &account));
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

    /// What the settings name of users, groups, roles and policies in full, each
    /// with its parts: whoever takes a guardrail away leaves no trace of its text.
    async fn named(
        &self,
        settings: &Settings,
        client: &Client,
        account: &str,
        region: &str,
    ) -> Result<Vec<At>, Failure> {
        let mut resources = Vec::new();
        for name in &settings.protected.resources {
            let Some(arn) = Arn::parse(name).filter(|arn| {
                arn.service == "iam" && arn.account == account && !name.contains(['*', '?'])
            }) else {
                continue;
            };
            let Some((kind, _)) = arn.resource.split_once('/') else {
                continue;
            };
            if kind == "policy" {
                resources.push(At::new(account, region, name));
                continue;
            }
            let resource = format!("{kind}/{}", arn.name());
            let resource = Arn {
                resource: &resource,
                ..arn
            };
            let at = At::new(account, region, resource.to_string());
            let Ok(sort) = sort(&at) else { continue };
            let guard = settings.is_guard_role(&at.resource, &Inventory::default());
            if guard || principal(client, &at, sort).await?.is_none() {
                continue;
            }
            let parts = inline_names(client, &at, sort).await?;
            resources.extend(parts.iter().map(|part| inline(&at, part)));
            if sort != Sort::Group {
                resources.push(boundary(at));
            }
        }
        Ok(resources)
    }
}

/// The roles of log delivery and replication that the settings name in full in
/// other accounts than this one. That one is missing is found by looking at it.
fn elsewhere(settings: &Settings, account: &str) -> impl Iterator<Item = At> {
    settings.protected.resources.iter().filter_map(move |name| {
        let arn = Arn::parse(name).filter(|arn| {
            arn.service == "iam" && is_account(arn.account) && arn.account != account
        })?;
        let whole = arn.resource.starts_with("role/") && !name.contains(['*', '?']);
        let guards = || settings.is_guard_role(name, &Inventory::default());
        if !whole || !guards() {
            return None;
        }
        let resource = format!("role/{}", arn.name());
        let plain = Arn {
            resource: &resource,
            ..arn
        };
        let region = lead_region(arn.partition);
        Some(At::new(arn.account, region, plain.to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replicating_role_of_another_account_is_found_by_its_name_alone() {
        let mut settings = Settings::default();
        settings.roles.delivery = vec!["replicate-*".into()];
        settings.protected.resources = [
            "arn:aws:iam::222222222222:role/service-role/replicate-trails",
            "arn:aws:iam::222222222222:role/replicate-*",
            "arn:aws:iam::222222222222:role/break-glass",
            "arn:aws:iam::222222222222:user/replicate-trails",
            "arn:aws:iam::111111111111:role/replicate-here",
            "arn:aws:s3:::replicate-trails",
        ]
        .map(str::to_owned)
        .to_vec();
        let found: Vec<_> = elsewhere(&settings, "111111111111").collect();
        let arn = "arn:aws:iam::222222222222:role/replicate-trails";
        assert_eq!(found, [At::new("222222222222", "us-east-1", arn)]);
    }
}
