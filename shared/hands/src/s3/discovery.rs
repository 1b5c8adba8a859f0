//! Which log buckets there are, who owns them, and where they are.

use std::collections::BTreeSet;

use auditward_rules::arn::{Arn, partition_of};
use auditward_rules::facet::At;
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::Discovered;

use super::S3;

impl S3<'_> {
    /// Finds the protected buckets: those that trails deliver to, those that the
    /// settings name in full, and their owners' account-wide public access blocks.
    ///
    /// # Errors
    /// A bucket is in none of the accounts that may own it, or cannot be asked.
    pub async fn discover(
        &self,
        settings: &Settings,
        mut inventory: Inventory,
    ) -> Result<Discovered, Failure> {
        let region = self.sessions.home().region.clone();
        let partition = partition_of(&region);
        let mut names: BTreeSet<String> = inventory
            .trails
            .iter()
            .map(|used| used.bucket.clone())
            .collect();
        let named = settings
            .protected
            .resources
            .iter()
            .filter_map(|pattern| Arn::parse(pattern));
        let named =
            named.filter(|arn| arn.service == "s3" && !arn.resource.contains(['*', '?', '/']));
        names.extend(named.map(|arn| arn.resource.to_owned()));
        let mut resources = Vec::new();
        let mut owners = BTreeSet::new();
        for name in names.iter().filter(|name| !name.is_empty()) {
            let (owner, place) = self.owner_of(name, settings, &region).await?;
            for used in inventory
                .trails
                .iter_mut()
                .filter(|used| used.bucket == *name)
            {
                used.bucket_owner = Some(owner.clone());
            }
            resources.push(At::new(
                &owner,
                place,
                format!("arn:{partition}:s3:::{name}"),
            ));
            owners.insert(owner);
        }
        // An access point's ARN says all.
        let points = settings.protected.resources.iter().filter_map(|named| {
            let arn = Arn::parse(named)?;
            let whole = arn.service == "s3"
                && arn.resource.starts_with("accesspoint/")
                && !named.contains(['*', '?']);
            whole.then(|| At::new(arn.account, arn.region, named))
        });
        resources.extend(points);
        for owner in owners {
            let account = format!("arn:{partition}:iam::{owner}:root");
            resources.push(At::new(owner, &region, account));
        }
        Ok(Discovered {
            inventory,
            resources,
        })
    }

    /// The account that owns a bucket, of those that may, and the bucket's region.
    async fn owner_of(
        &self,
        name: &str,
        settings: &Settings,
        region: &str,
    ) -> Result<(String, String), Failure> {
        const CALL: &str = "s3:GetBucketLocation";
        let home = self.sessions.account().to_owned();
        let candidates = settings
            .ours
            .log_archives
            .iter()
            .chain([&home])
            .chain(&settings.ours.accounts);
        let mut refused = None;
        for owner in candidates {
            let client = match self.client(&At::new(owner, region, "")).await {
                Ok(client) => client,
                Err(failure) => {
                    refused = Some(failure);
                    continue;
                }
            };
            match client
                .get_bucket_location()
                .bucket(name)
                .expected_bucket_owner(owner)
                .send()
                .await
            {
                Ok(answer) => {
                    // The oldest region has no name here.
                    let place = answer
                        .location_constraint()
                        .map(|place| place.as_str())
                        .filter(|place| !place.is_empty());
                    return Ok((owner.clone(), place.unwrap_or("us-east-1").to_owned()));
                }
                Err(error) => refused = Some(Failure::of(CALL, &error)),
            }
        }
        Err(refused.unwrap_or_else(|| {
            Failure::other(CALL, format!("no account of ours owns the bucket {name}"))
        }))
    }
}
