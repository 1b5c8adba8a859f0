//! Which log buckets there are, who owns them, and where they are.

use std::collections::BTreeSet;

use aws_sdk_s3::{Client, config};

use auditward_rules::arn::{Arn, partition_of};
use auditward_rules::facet::At;
use auditward_rules::inventory::{Inventory, Owner};
use auditward_rules::settings::Settings;
use auditward_runtime::failure::Failure;
use auditward_runtime::guard::Discovered;
use auditward_runtime::pipeline::Place;

use super::{LOCATION, S3};

const LIST: &str = "s3:ListBuckets";
/// The most that one call lists.
const PAGE: i32 = 1000;
/// How many accounts are asked for a bucket that no list had yet.
const ASKED: usize = 20;

impl S3<'_> {
    /// Finds the protected buckets that an account owns, wherever they are: those
    /// that trails deliver to, their replicas, and those that the settings name in
    /// full; and the account-wide public access block of an account that owns one.
    ///
    /// One call a thousand buckets. From home, buckets of trails that nobody is
    /// known to own are asked for in up to twenty accounts.
    ///
    /// # Errors
    /// The buckets cannot be listed.
    pub async fn discover(
        &self,
        settings: &Settings,
        inventory: &Inventory,
        place: &Place,
    ) -> Result<Discovered, Failure> {
        let mut found = self.owned(&wanted(settings, inventory), place).await?;
        let home = self.sessions.account() == place.account;
        for used in inventory.used().filter(|_| home) {
            let known = used.bucket_owner.is_some() || used.bucket.is_empty();
            if known || found.learnt.owners.contains_key(&used.bucket) {
                continue;
            }
            let partition = partition_of(&place.region);
            match self.owner_of(&used.bucket, settings, inventory).await {
                Ok((owner, region)) => {
                    let arn = format!("arn:{partition}:s3:::{}", used.bucket);
                    found.resources.push(At::new(&owner, &region, arn));
                    let owner = Owner {
                        account: owner,
                        region,
                    };
                    found.learnt.owners.insert(used.bucket.clone(), owner);
                }
                Err(failure) => found.unread.push(format!(
                    "bucket {}, to which trail {} delivers: {failure}",
                    used.bucket, used.trail
                )),
            }
        }
        let owners: BTreeSet<_> = found
            .resources
            .iter()
            .map(|at| at.account.clone())
            .collect();
        for owner in owners {
            let partition = partition_of(&place.region);
            let account = format!("arn:{partition}:iam::{owner}:root");
            let region = &self.sessions.home().region;
            found.resources.push(At::new(owner, region, account));
        }
        // An access point's ARN says all.
        let named = settings.protected.resources.iter();
        found.resources.extend(named.filter_map(|named| {
            let arn = Arn::parse(named).filter(|arn| arn.account == place.account)?;
            let whole = arn.service == "s3"
                && arn.resource.starts_with("accesspoint/")
                && !named.contains(['*', '?']);
            whole.then(|| At::new(arn.account, arn.region, named))
        }));
        Ok(found)
    }

    /// Those of these buckets that an account owns.
    async fn owned(&self, names: &BTreeSet<&str>, place: &Place) -> Result<Discovered, Failure> {
        let mut found = Discovered::default();
        if names.is_empty() {
            return Ok(found);
        }
        let client = self.client(&place.at("")).await?;
        let request = client.list_buckets().max_buckets(PAGE);
        let mut pages = request.into_paginator().items().send();
        let partition = partition_of(&place.region);
        while let Some(bucket) = pages.next().await {
            let bucket = bucket.map_err(|error| Failure::of(LIST, &error))?;
            let Some(name) = bucket.name().filter(|name| names.contains(name)) else {
                continue;
            };
            let region = match bucket.bucket_region() {
                Some(region) => region.to_owned(),
                None => location(&client, name, &place.account).await?,
            };
            let arn = format!("arn:{partition}:s3:::{name}");
            found.resources.push(At::new(&place.account, &region, arn));
            let owner = Owner {
                account: place.account.clone(),
                region,
            };
            found.learnt.owners.insert(name.to_owned(), owner);
        }
        Ok(found)
    }

    /// The account that owns a bucket, of those that may, and the bucket's region.
    async fn owner_of(
        &self,
        name: &str,
        settings: &Settings,
        inventory: &Inventory,
    ) -> Result<(String, String), Failure> {
        let home = self.sessions.account();
        let likely = settings.ours.log_archives.iter().cloned();
        let mut accounts: Vec<String> = likely.collect();
        for account in settings.accounts(home, inventory) {
            if !accounts.contains(&account) {
                accounts.push(account);
            }
        }
        let region = &self.sessions.home().region;
        for owner in accounts.iter().filter(|one| *one != home).take(ASKED) {
            let Ok(client) = self.client(&At::new(owner, region, "")).await else {
                continue;
            };
            if let Ok(place) = location(&client, name, owner).await {
                return Ok((owner.clone(), place));
            }
        }
        let why = "no account that was asked owns it, or lets Auditward see it";
        Err(Failure::other(LOCATION, why))
    }
}

/// The buckets that trails deliver to, their replicas, and those that the settings
/// name in full.
fn wanted<'a>(settings: &'a Settings, inventory: &'a Inventory) -> BTreeSet<&'a str> {
    let named = settings.protected.resources.iter();
    let named = named.filter_map(|pattern| Arn::parse(pattern));
    let named = named.filter(|arn| arn.service == "s3" && !arn.resource.contains(['*', '?', '/']));
    let used = inventory.used().map(|used| used.bucket.as_str());
    let others = inventory.others.iter().filter_map(|arn| Arn::parse(arn));
    let replicas = others.filter(|arn| arn.service == "s3");
    let all = used.chain(named.chain(replicas).map(|arn| arn.resource));
    all.filter(|name| !name.is_empty()).collect()
}

/// The region of a bucket that this account owns.
pub(super) async fn location(client: &Client, name: &str, owner: &str) -> Result<String, Failure> {
    let request = client.get_bucket_location().bucket(name);
    // Asked by its own host name, a bucket of another region answers that the
    // request was signed for the wrong one.
    let by_path = config::Builder::new().force_path_style(true);
    let request = request.expected_bucket_owner(owner).customize();
    let answer = request.config_override(by_path).send().await;
    let answer = answer.map_err(|error| Failure::of(LOCATION, &error))?;
    // The oldest region has no name here.
    let region = answer.location_constraint().map(|place| place.as_str());
    let region = region.filter(|region| !region.is_empty());
    Ok(region.unwrap_or("us-east-1").to_owned())
}
