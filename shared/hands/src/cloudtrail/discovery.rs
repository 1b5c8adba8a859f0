//! Which trails there are, and what they use.

use std::collections::BTreeMap;

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::inventory::{Inventory, TrailUse};
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::Discovered;
use auditward_runtime::pipeline::Place;

use super::CloudTrail;
use super::config::settings_of;

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
            // Its tags say nothing about what it uses.
            match settings_of(trail.clone(), BTreeMap::new()) {
                Ok(read) => {
                    let used = TrailUse::of(arn, &read, settings.ours.organization.as_deref());
                    found.learnt.trails.push(used);
                }
                Err(failure) => found.unread.push(format!("what {arn} uses: {failure}")),
            }
        }
        // A trail that is gone is what must be missed, and what it used stays guarded:
        // only that the settings no longer name it makes it nobody's business.
        let of_here = known.trails.iter().filter(|used| {
            let arn = Arn::parse(&used.trail);
            arn.is_some_and(|arn| (arn.account, arn.region) == (&*place.account, &*place.region))
        });
        let over = of_here.filter(|used| !(all || settings.names(&used.trail)));
        found.learnt.gone = over.map(|used| used.trail.clone()).collect();
        found.resources.extend(named(settings, place));
        found.resources.extend(self.keys(settings, known, place));
        Ok(found)
    }

    /// The keys that what is guarded is encrypted with, as the functions that guard
    /// it found them; at home those of all places, for their ARNs say where they are.
    fn keys(&self, settings: &Settings, known: &Inventory, place: &Place) -> Vec<At> {
        let home =
            place.account == self.sessions.account() && place.region == self.sessions.home().region;
        let found = known.others.iter().filter_map(|text| {
            let arn = Arn::parse(text)?;
            let here = arn.account == place.account && arn.region == place.region;
            let is_key = arn.service == "kms" && arn.resource.starts_with("key/");
            (is_key && (home || here)).then(|| At::new(arn.account, arn.region, text))
        });
        found.filter(|_| settings.protected.discover).collect()
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
