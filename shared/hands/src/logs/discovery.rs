//! Which log groups, destinations and policies are guarded.

use std::collections::BTreeSet;

use aws_sdk_cloudwatchlogs::types::PolicyType;

use auditward_rules::arn::{Arn, glob, partition_of};
use auditward_rules::facet::At;
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::Discovered;
use auditward_runtime::pipeline::Place;

use super::Logs;

/// The most log groups that one pattern may name in a place: 20 calls.
const MOST: usize = 1000;

impl Logs<'_> {
    /// Finds the log groups of a place that protected trails use and that the
    /// settings name, Auditward's own ones at home, destinations, sinks and alarms
    /// that the settings name, and, where anything is guarded in that account, its
    /// policies.
    ///
    /// One call a pattern of log groups and 50 groups, one for all patterns of
    /// destinations, three for policies.
    ///
    /// # Errors
    /// Log groups or policies cannot be listed.
    pub async fn discover(
        &self,
        settings: &Settings,
        inventory: &Inventory,
        place: &Place,
    ) -> Result<Discovered, Failure> {
        let home =
            place.account == self.sessions.account() && place.region == self.sessions.home().region;
        let mut found = Discovered::default();
        // Whatever is named twice is found once.
        let mut arns = BTreeSet::new();
        let used = inventory.used().filter_map(|used| {
            let group = used.log_group.as_deref()?;
            let group = group.strip_suffix(":*").unwrap_or(group);
            Some((group, Arn::parse(group)?))
        });
        let here = |arn: &Arn<'_>| arn.account == place.account && arn.region == place.region;
        // What trails elsewhere use is at home where their ARNs say.
        for (group, arn) in used.filter(|(_, arn)| home || here(arn)) {
            found
                .resources
                .push(At::new(arn.account, arn.region, group));
        }
        let sent_to = inventory.others.iter();
        arns.extend(
            sent_to
                .filter(|arn| {
                    Arn::parse(arn).is_some_and(|arn| arn.service == "logs" && here(&arn))
                })
                .cloned(),
        );
        let (groups, destinations) = named(settings, place, &mut arns);
        let own = settings.protected.own.iter().filter(|_| home);
        let own = own.map(|own| place.arn("logs", &format!("log-group:/aws/lambda/{own}")));
        for pattern in groups.into_iter().chain(own) {
            let (more, all) = self.groups_like(place, &pattern).await?;
            arns.extend(more);
            if !all {
                found.unread.push(format!(
                    "{pattern}: more than {MOST} log groups; name them more narrowly"
                ));
            }
        }
        if !destinations.is_empty() {
            arns.extend(self.destinations_like(place, &destinations).await?);
        }
        found.resources.extend(arns.iter().map(|arn| place.at(arn)));
        let any = !found.resources.is_empty();
        if home || any || settings.holds_protected(&place.account, inventory) {
            let more = self.policies_of(place).await?;
            found.resources.extend(more);
        }
        Ok(found)
    }

    /// The log groups that a pattern names, and whether those are all.
    async fn groups_like(
        &self,
        place: &Place,
        pattern: &str,
    ) -> Result<(Vec<String>, bool), Failure> {
        let name = Arn::parse(pattern).map_or("", |arn| arn.resource);
        let name = name.trim_start_matches("log-group:");
        let prefix = name.split(['*', '?']).next().unwrap_or_default();
        let client = self.client(&place.at("")).await?;
        let request = client.describe_log_groups();
        let request = request
            .set_log_group_name_prefix(Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty()));
        let mut pages = request.into_paginator().items().send();
        let mut found = Vec::new();
        let mut seen = 0;
        while let Some(group) = pages.next().await {
            let group = group.map_err(|error| Failure::of("logs:DescribeLogGroups", &error))?;
            if seen == MOST {
                return Ok((found, false));
            }
            seen += 1;
            let name = group.log_group_name().unwrap_or_default();
            let group = place.arn("logs", &format!("log-group:{name}"));
            if glob(pattern, &group) {
                found.push(group);
            }
        }
        Ok((found, true))
    }

    /// The destinations that any pattern names.
    async fn destinations_like(
        &self,
        place: &Place,
        patterns: &[String],
    ) -> Result<Vec<String>, Failure> {
        let client = self.client(&place.at("")).await?;
        let mut pages = client
            .describe_destinations()
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(one) = pages.next().await {
            let one = one.map_err(|error| Failure::of("logs:DescribeDestinations", &error))?;
            let named = |arn: &String| patterns.iter().any(|pattern| glob(pattern, arn));
            found.extend(one.arn.filter(named));
        }
        Ok(found)
    }

    /// The resource policies and account policies of an account and region.
    async fn policies_of(&self, place: &Place) -> Result<Vec<At>, Failure> {
        const CALL: &str = "logs:DescribeAccountPolicies";
        let of = |what: String| place.at(place.arn("logs", &what));
        let all = of("*".into());
        let mut found = Vec::new();
        for policy in self.resource_policies(&all).await? {
            if let Some(name) = policy.policy_name() {
                found.push(of(format!("resource-policy:{name}")));
            }
        }
        let client = self.client(&all).await?;
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

/// What the settings name in a place: one by one into `arns`; as patterns, in the
/// place's own account and region, the log groups and the destinations.
fn named(
    settings: &Settings,
    place: &Place,
    arns: &mut BTreeSet<String>,
) -> (BTreeSet<String>, Vec<String>) {
    let (mut groups, mut destinations) = (BTreeSet::new(), Vec::new());
    for pattern in &settings.protected.resources {
        let whole = pattern.strip_suffix(":*").unwrap_or(pattern);
        let Some(arn) = Arn::parse(whole) else {
            continue;
        };
        let here = glob(arn.account, &place.account) && glob(arn.region, &place.region);
        if !here || !matches!(arn.service, "logs" | "cloudwatch" | "oam") {
            continue;
        }
        let plain = !whole.contains(['*', '?']);
        let pattern = Arn {
            partition: partition_of(&place.region),
            account: &place.account,
            region: &place.region,
            ..arn
        };
        if plain {
            arns.insert(whole.to_owned());
        } else if arn.service == "logs" && arn.resource.starts_with("log-group:") {
            groups.insert(pattern.to_string());
        } else if arn.service == "logs" && arn.resource.starts_with("destination:") {
            destinations.push(pattern.to_string());
        }
    }
    (groups, destinations)
}
