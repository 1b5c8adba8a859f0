//! Which roles Auditward and log delivery depend on.

use std::collections::BTreeSet;

use aws_sdk_iam::Client;

use auditward_rules::arn::{Arn, lead_region, partition_of};
use auditward_rules::facet::At;
use auditward_rules::facets::principal::{boundary, inline};
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::Discovered;

use super::Iam;
use super::principals::{Sort, inline_names, principal, sort};

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
        let mut resources = self.named(settings, &client, &account, region).await?;
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
        let roles = settings
            .partners
            .iter()
            .filter_map(|partner| partner.role.as_ref());
        let named: BTreeSet<&String> = settings.protected.resources.iter().chain(roles).collect();
        for name in named {
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
