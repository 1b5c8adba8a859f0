//! Where to look for what is guarded.

use std::collections::BTreeSet;

use auditward_policy::Tri;

use super::Settings;
use super::principals::watches;
use crate::arn::{Arn, glob, is_account};
use crate::inventory::Inventory;

impl Settings {
    /// The regions to look at in each account; `home` is the one that Auditward
    /// runs in.
    pub fn regions(&self, home: &str) -> BTreeSet<String> {
        let mut regions = BTreeSet::from([home.to_owned()]);
        regions.extend(self.ours.regions.iter().cloned());
        if self.ours.regions.is_empty() {
            let named = self.protected.resources.iter();
            let named = named.filter_map(|pattern| Some(Arn::parse(pattern)?.region));
            regions.extend(named.filter(|one| is_region(one)).map(str::to_owned));
        }
        regions
    }

    /// The accounts to look at: `home`, those of the settings, and those that the
    /// organization is known to have.
    pub fn accounts(&self, home: &str, inventory: &Inventory) -> BTreeSet<String> {
        let ours = self.ours.accounts.iter().chain(&self.ours.log_archives);
        let all = ours.chain(&inventory.accounts).cloned();
        all.chain([home.to_owned()]).collect()
    }

    /// The accounts and regions of what the settings name in full.
    pub fn named_places(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = self.protected.resources.iter();
        let named = named.filter(|text| !text.contains(['*', '?']));
        let named = named.filter_map(|text| Arn::parse(text));
        named
            .map(|arn| (arn.account, arn.region))
            .filter(|(account, region)| is_account(account) && is_region(region))
    }

    /// Whether an ARN pattern of the settings matches this ARN.
    pub fn names(&self, arn: &str) -> bool {
        let mut patterns = self.protected.resources.iter();
        patterns.any(|pattern| watches(pattern, arn) == Tri::Yes)
    }

    /// Whether any pattern of the settings is about trails. Where none is, every
    /// trail of ours is guarded.
    pub fn names_trails(&self) -> bool {
        self.protected.resources.iter().any(|pattern| {
            let mut parts = pattern.splitn(6, ':').skip(2);
            let service = parts.next().unwrap_or("*");
            let resource = parts.nth(2).unwrap_or("*");
            glob(service, "cloudtrail")
                && (resource.starts_with("trail/") || resource.starts_with('*'))
        })
    }

    /// The resources of a service that the settings name one by one, without any
    /// wildcard, in this account and region.
    pub fn named_in<'a>(
        &'a self,
        service: &'a str,
        account: &'a str,
        region: &'a str,
    ) -> impl Iterator<Item = (Arn<'a>, &'a str)> {
        let named = self.protected.resources.iter();
        named.filter_map(move |text| {
            let arn = Arn::parse(text).filter(|_| !text.contains(['*', '?']))?;
            let here = arn.service == service && arn.account == account && arn.region == region;
            here.then_some((arn, text.as_str()))
        })
    }
}

/// Whether text has the form of a region's name: `eu-west-1`, `us-gov-east-1`.
pub fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let (Some((number, words)), 3..) = (parts.split_last(), parts.len()) else {
        return false;
    };
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    words.iter().all(word) && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}
