//! Which log groups, destinations and policies are guarded.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatchlogs::types::PolicyType;

use auditward_rules::arn::{Arn, glob, is_account, partition_of};
use auditward_rules::facet::At;
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::Discovered;

use super::Logs;

impl Logs<'_> {
    /// Finds the log groups that protected trails use and that the settings
    /// name, Auditward's own ones, destinations, sinks and alarms that the
    /// settings name in full, and the policies of those accounts and regions.
    ///
    /// # Errors
    /// Log groups or policies cannot be listed.
    pub async fn discover(
        &self,
        settings: &Settings,
        inventory: Inventory,
    ) -> Result<Discovered, Failure> {
        let home = self.sessions.account().to_owned();
        let region = self.sessions.home().region.clone();
        let partition = partition_of(&region);
        // Whatever is named twice is found once.
        let mut found = BTreeMap::new();
        let mut places = BTreeSet::from([(home.clone(), region.clone())]);
        let mut add = |arn: &str| {
            let plain = arn.strip_suffix(":*").unwrap_or(arn);
            if let Some(parsed) = Arn::parse(plain) {
                if parsed.service == "logs" {
                    places.insert((parsed.account.to_owned(), parsed.region.to_owned()));
                }
                found.insert(
                    plain.to_owned(),
                    At::new(parsed.account, parsed.region, plain),
                );
            }
        };
        for group in inventory
            .trails
            .iter()
            .filter_map(|used| used.log_group.as_ref())
        {
            add(group);
        }
        for pattern in &settings.protected.resources {
            let Some(arn) = Arn::parse(pattern) else {
                continue;
            };
            let whole = pattern.strip_suffix(":*").unwrap_or(pattern);
            let somewhere = is_account(arn.account) && !arn.region.contains(['*', '?']);
            if !matches!(arn.service, "logs" | "cloudwatch" | "oam") || !somewhere {
                continue;
            }
            if !whole.contains(['*', '?']) {
                add(whole);
            } else if arn.resource.starts_with("log-group:") {
                for group in self.groups_like(&arn, whole).await? {
                    add(&group);
                }
            } else if arn.resource.starts_with("destination:") {
                for destination in self.destinations_like(&arn, whole).await? {
                    add(&destination);
                }
            }
        }
        for own in &settings.protected.own {
            let resource = format!("log-group:/aws/lambda/{own}");
            let arn = Arn {
                partition,
                service: "logs",
                region: &region,
                account: &home,
                resource: &resource,
            };
            for group in self.groups_like(&arn, &arn.to_string()).await? {
                add(&group);
            }
        }
        for (account, region) in &places {
            for at in self.policies_of(account, region, partition).await? {
                found.insert(at.resource.clone(), at);
            }
        }
        Ok(Discovered {
            inventory,
            resources: found.into_values().collect(),
        })
    }

    /// The log groups that a pattern names.
    async fn groups_like(&self, arn: &Arn<'_>, pattern: &str) -> Result<Vec<String>, Failure> {
        let name = arn.resource.trim_start_matches("log-group:");
        let prefix = name.split(['*', '?']).next().unwrap_or_default();
        let client = self.client(&At::new(arn.account, arn.region, "")).await?;
        let request = client.describe_log_groups();
        let request = request
            .set_log_group_name_prefix(Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty()));
        let mut pages = request.into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(group) = pages.next().await {
            let group = group.map_err(|error| Failure::of("logs:DescribeLogGroups", &error))?;
            let Arn {
                partition,
                region,
                account,
                ..
            } = arn;
            let name = group.log_group_name().unwrap_or_default();
            let group = format!("arn:{partition}:logs:{region}:{account}:log-group:{name}");
            if glob(pattern, &group) {
                found.push(group);
            }
        }
        Ok(found)
    }

    /// The destinations that a pattern names.
    async fn destinations_like(
        &self,
        arn: &Arn<'_>,
        pattern: &str,
    ) -> Result<Vec<String>, Failure> {
        let client = self.client(&At::new(arn.account, arn.region, "")).await?;
        let mut pages = client
            .describe_destinations()
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(one) = pages.next().await {
            let one = one.map_err(|error| Failure::of("logs:DescribeDestinations", &error))?;
            found.extend(one.arn.filter(|arn| glob(pattern, arn)));
        }
        Ok(found)
    }

    /// The resource policies and account policies of an account and region.
    async fn policies_of(
        &self,
        account: &str,
        region: &str,
        partition: &str,
    ) -> Result<Vec<At>, Failure> {
        const CALL: &str = "logs:DescribeAccountPolicies";
        let of = |what: String| {
            let arn = format!("arn:{partition}:logs:{region}:{account}:{what}");
            At::new(account, region, arn)
        };
        let place = of("*".into());
        let mut found = Vec::new();
        for policy in self.resource_policies(&place).await? {
            if let Some(name) = policy.policy_name() {
                found.push(of(format!("resource-policy:{name}")));
            }
        }
        let client = self.client(&place).await?;
        for sort in [
            PolicyType::DataProtectionPolicy,
            PolicyType::SubscriptionFilterPolicy,
        ] {
            let request = client.describe_account_policies();
            let answer = request.policy_type(sort.clone()).send().await;
            let answer = answer.map_err(|error| Failure::of(CALL, &error))?;
            for name in answer
                .account_policies()
                .iter()
                .filter_map(|one| one.policy_name())
            {
                found.push(of(format!("account-policy:{}:{name}", sort.as_str())));
            }
        }
        Ok(found)
    }
}
