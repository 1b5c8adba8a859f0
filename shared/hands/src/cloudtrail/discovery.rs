//! Which trails there are, and what they use.

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::inventory::{Inventory, TrailUse};
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::Discovered;

use super::CloudTrail;

impl CloudTrail<'_> {
    /// Finds the protected trails of the function's own account: those that the
    /// settings name, or all where they name none; and the keys they use. Event
    /// data stores, channels and dashboards are guarded where they are named. What
    /// is known of their buckets' owners is kept.
    ///
    /// # Errors
    /// The trails cannot be listed.
    pub async fn discover(
        &self,
        settings: &Settings,
        known: Inventory,
    ) -> Result<Discovered, Failure> {
        const CALL: &str = "cloudtrail:DescribeTrails";
        let (account, region) = (
            self.sessions.account().to_owned(),
            &self.sessions.home().region,
        );
        let client = self.client(&At::new(&account, region, "")).await?;
        // Seen from here: those of this region, and the shadows of others'.
        let answer = client
            .describe_trails()
            .include_shadow_trails(true)
            .send()
            .await;
        let answer = answer.map_err(|error| Failure::of(CALL, &error))?;
        let trails = answer.trail_list().iter().filter_map(|trail| {
            let arn = trail.trail_arn()?;
            (Arn::parse(arn)?.account == account).then_some((arn, trail))
        });
        let named = |arn: &str| {
            settings
                .protected
                .resources
                .iter()
                .any(|pattern| auditward_rules::arn::glob(pattern, arn))
        };
        let any_named = trails.clone().any(|(arn, _)| named(arn));
        // What other functions found stays.
        let mut found = Discovered {
            inventory: Inventory {
                trails: Vec::new(),
                ..known.clone()
            },
            resources: Vec::new(),
        };
        for (arn, trail) in trails.filter(|(arn, _)| !any_named || named(arn)) {
            let home = trail.home_region().unwrap_or(region);
            found.resources.push(At::new(&account, home, arn));
            if let Some(key) = trail.kms_key_id()
                && let Some(parsed) = Arn::parse(key)
            {
                found
                    .resources
                    .push(At::new(parsed.account, parsed.region, key));
            }
            let before = known.trails.iter().find(|used| used.trail == arn);
            let organization = settings.ours.organization.clone();
            found.inventory.learn(TrailUse {
                trail: arn.to_owned(),
                bucket: trail.s3_bucket_name().unwrap_or_default().to_owned(),
                bucket_owner: before.and_then(|used| used.bucket_owner.clone()),
                prefix: trail
                    .s3_key_prefix()
                    .filter(|prefix| !prefix.is_empty())
                    .map(str::to_owned),
                organization: organization.filter(|_| trail.is_organization_trail() == Some(true)),
                key: trail.kms_key_id().map(str::to_owned),
                topic: trail.sns_topic_arn().map(str::to_owned),
                log_group: trail.cloud_watch_logs_log_group_arn().map(str::to_owned),
                log_role: trail.cloud_watch_logs_role_arn().map(str::to_owned),
            });
        }
        found.resources.extend(named_stores(settings));
        Ok(found)
    }
}

/// The event data stores, channels and dashboards that the settings name one by
/// one: no trail uses them.
fn named_stores(settings: &Settings) -> impl Iterator<Item = At> + '_ {
    let named = settings.protected.resources.iter();
    named.filter_map(|text| {
        let arn = Arn::parse(text)?;
        let kind = arn.resource.split('/').next()?;
        let is_store = matches!(kind, "eventdatastore" | "channel" | "dashboard");
        (arn.service == "cloudtrail" && is_store && !text.contains(['*', '?']))
            .then(|| At::new(arn.account, arn.region, text.as_str()))
    })
}
