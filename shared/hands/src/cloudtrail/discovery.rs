//! Which trails there are, and what they use.

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::inventory::{Inventory, TrailUse};
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::Discovered;
use auditward_runtime::pipeline::Place;

use super::CloudTrail;

impl CloudTrail<'_> {
    /// Finds the protected trails that are seen from a place: those that the
    /// settings name, or all where they name none; and the keys they use. A trail
    /// is guarded where it is at home, from whichever region its shadow is seen;
    /// the shadow of an organization's trail in a member is not the member's.
    /// Event data stores, channels, dashboards and keys besides are guarded where
    /// they are named.
    ///
    /// One call.
    ///
    /// # Errors
    /// The trails cannot be listed.
    pub async fn discover(
        &self,
        settings: &Settings,
        known: &Inventory,
        place: &Place,
    ) -> Result<Discovered, Failure> {
        const CALL: &str = "cloudtrail:DescribeTrails";
        let client = self.client(&place.at("")).await?;
        let answer = client
            .describe_trails()
            .include_shadow_trails(true)
            .send()
            .await;
        let answer = answer.map_err(|error| Failure::of(CALL, &error))?;
        let all = !settings.names_trails();
        let mut found = Discovered::default();
        for trail in answer.trail_list() {
            let Some((arn, parsed)) = trail
                .trail_arn()
                .zip(trail.trail_arn().and_then(Arn::parse))
            else {
                continue;
            };
            let home = trail.home_region().unwrap_or(parsed.region);
            if parsed.account != place.account || !(all || settings.names(arn)) {
                continue;
            }
            found.resources.push(At::new(&place.account, home, arn));
            let key = trail.kms_key_id();
            if let Some((key, parsed)) = key.zip(key.and_then(Arn::parse)) {
                found
                    .resources
                    .push(At::new(parsed.account, parsed.region, key));
            }
            let organization = settings.ours.organization.clone();
            found.learnt.trails.push(TrailUse {
                trail: arn.to_owned(),
                bucket: trail.s3_bucket_name().unwrap_or_default().to_owned(),
                bucket_owner: None,
                prefix: trail
                    .s3_key_prefix()
                    .filter(|prefix| !prefix.is_empty())
                    .map(str::to_owned),
                organization: organization.filter(|_| trail.is_organization_trail() == Some(true)),
                key: key.map(str::to_owned),
                topic: trail.sns_topic_arn().map(str::to_owned),
                log_group: trail.cloud_watch_logs_log_group_arn().map(str::to_owned),
                log_role: trail.cloud_watch_logs_role_arn().map(str::to_owned),
            });
        }
        let of_here = known.trails.iter().filter(|used| {
            let arn = Arn::parse(&used.trail);
            arn.is_some_and(|arn| (arn.account, arn.region) == (&*place.account, &*place.region))
        });
        let is_there = |used: &TrailUse| {
            let mut there = found.learnt.trails.iter();
            there.any(|one| one.trail == used.trail)
        };
        let gone = of_here.filter(|used| !is_there(used));
        found.learnt.gone = gone.map(|used| used.trail.clone()).collect();
        found.resources.extend(named(settings, place));
        Ok(found)
    }
}

/// What the settings name one by one here and no trail need use.
fn named(settings: &Settings, place: &Place) -> Vec<At> {
    let of = |service| settings.named_in(service, &place.account, &place.region);
    let is_store = |arn: &Arn<'_>| {
        let kind = arn.resource.split('/').next();
        matches!(kind, Some("eventdatastore" | "channel" | "dashboard"))
    };
    let stores = of("cloudtrail").filter(|(arn, _)| is_store(arn));
    let keys = of("kms").filter(|(arn, _)| arn.resource.starts_with("key/"));
    stores.chain(keys).map(|(_, arn)| place.at(arn)).collect()
}
