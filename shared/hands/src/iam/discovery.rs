//! Which roles Auditward and log delivery depend on.

use std::collections::BTreeSet;

use aws_sdk_iam::Client;

use auditward_rules::arn::{Arn, partition_of};
use auditward_rules::facet::At;
use auditward_rules::facets::principal::{boundary, inline};
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::Discovered;
use auditward_runtime::pipeline::Place;

use super::Iam;
use super::principals::{Sort, inline_names, principal, sort};

/// The most that one call lists. An account has 5,000 roles at most.
const PAGE: i32 = 1000;

impl Iam<'_> {
    /// Finds the roles that Auditward and log delivery depend on in an account,
    /// and what the settings name there.
    ///
    /// One call a thousand roles, and two to four for each user, group or role
    /// that the settings name.
    ///
    /// # Errors
    /// The roles cannot be listed.
    pub async fn discover(
        &self,
        settings: &Settings,
        inventory: &Inventory,
        place: &Place,
    ) -> Result<Discovered, Failure> {
        let Place { account, region } = place;
        let partition = partition_of(region);
        let client = self.client(&place.at("")).await?;
        let roles = client.list_roles().max_items(PAGE);
        let mut pages = roles.into_paginator().items().send();
        let mut resources = self.named(settings, &client, account, region).await?;
        while let Some(role) = pages.next().await {
            let role = role.map_err(|error| Failure::of("iam:ListRoles", &error))?;
            if settings.is_guard_role(role.arn(), inventory) {
                // Events name a role without its path, and so does its baseline.
                let name = role.role_name();
                resources.push(place.at(format!("arn:{partition}:iam::{account}:role/{name}")));
            }
        }
        Ok(resources.into())
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
