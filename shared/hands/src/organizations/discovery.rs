//! Which accounts are in the organization, and which policies keep the evidence
//! safe there.

use aws_sdk_organizations::types::PolicyTypeStatus;

use auditward_rules::arn::{lead_region, partition_of};
use auditward_rules::facet::At;
use auditward_rules::facets::organization::{GUARDRAIL_TYPES, guards_evidence};
use auditward_rules::inventory::{Inventory, Learnt};
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::Discovered;
use auditward_runtime::pipeline::Place;

use super::policy_type::{root, status};
use super::{Organizations, content, policies, policy};

const DESCRIBE: &str = "organizations:DescribeOrganization";
const ACCOUNTS: &str = "organizations:ListAccounts";

impl Organizations<'_> {
    /// Finds the organization that the settings name: its accounts, its root,
    /// its guardrails. Without one in the settings there is nothing to find.
    ///
    /// # Errors
    /// The organization cannot be asked, or is another one.
    pub async fn discover(
        &self,
        settings: &Settings,
        inventory: &Inventory,
        place: &Place,
    ) -> Result<Discovered, Failure> {
        let Some(ours) = settings.ours.organization.as_deref() else {
            return Ok(Discovered::default());
        };
        let partition = partition_of(&place.region);
        let region = lead_region(partition);
        let client = self.client(&place.at("")).await?;
        let answer = client.describe_organization().send().await;
        let answer = answer.map_err(|error| Failure::of(DESCRIBE, &error))?;
        let found = answer.organization();
        let id = found.and_then(|found| found.id()).unwrap_or_default();
        if id != ours {
            let why = format!("this account is in organization {id}, not in {ours}");
            return Err(Failure::other(DESCRIBE, why));
        }
        let owner = found.and_then(|found| found.master_account_id());
        let owner = owner.unwrap_or_default();
        let at = |kind: &str, rest: &str| {
            let arn = format!("arn:{partition}:organizations::{owner}:{kind}/{ours}{rest}");
            At::new(owner, region, arn)
        };

        let mut learnt = Learnt {
            accounts: self.accounts(&client).await?,
            ..Learnt::default()
        };
        let mut resources = vec![at("organization", "")];
        let wanted = &settings.organization;
        let services = wanted.trusted_access.iter();
        resources.extend(services.map(|service| at("organization", "").item(service)));
        resources.extend(
            wanted
                .delegated_administrators
                .iter()
                .map(|one| at("account", &format!("/{}", one.account)).item(&one.service)),
        );

        let root = root(&client).await?;
        // What guarded once stays known: to make it guard no longer is an attack.
        for sort in GUARDRAIL_TYPES {
            let enabled = root
                .as_ref()
                .filter(|root| status(root, sort) == Some(&PolicyTypeStatus::Enabled));
            if let Some(id) = enabled.and_then(|root| root.id()) {
                resources.push(at("root", &format!("/{id}")).item(sort));
            }
            let own = policies(&client, sort).await?;
            for listed in own.into_iter().filter(|one| !one.by_aws) {
                let found = policy(&client, &listed.id).await?;
                let guards = settings.is_guardrail(&listed.id, inventory)
                    || found
                        .as_ref()
                        .and_then(|found| content(found).document().cloned())
                        .is_some_and(|document| guards_evidence(&document));
                if guards {
                    resources.push(At::new(owner, region, &listed.arn));
                    learnt.others.insert(listed.arn);
                }
            }
        }
        Ok(Discovered {
            resources,
            learnt,
            unread: Vec::new(),
        })
    }

    async fn accounts(
        &self,
        client: &aws_sdk_organizations::Client,
    ) -> Result<Vec<String>, Failure> {
        let mut pages = client.list_accounts().into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Failure::of(ACCOUNTS, &error))?;
            let ids = page.accounts().iter().filter_map(|account| account.id());
            found.extend(ids.map(str::to_owned));
        }
        found.sort();
        Ok(found)
    }
}
