//! Rules of an account's own settings: its regions, and whom AWS calls.

use super::{ACCOUNT, TELLS};
use crate::arn::{Arn, is_account};
use crate::rule::{Call, Draft, Judged, Rule, Severity, Watch};

/// Row 169 of `events/TABLE.md`.
pub static REGION_ENABLED: Rule = Rule {
    id: "region.enabled",
    title: "Region enabled",
    severity: Severity::Medium,
    why: "in a region that nobody uses nobody looks; trails of one region and rules do not reach it",
    controls: &["ATT&CK T1535"],
    rows: &[169],
    watches: &[Watch {
        source: ACCOUNT,
        names: &["EnableRegion"],
    }],
    judge: |call| match call.shown("regionName") {
        None => call.unnamed(),
        Some(region)
            if call
                .settings
                .organization
                .regions
                .iter()
                .any(|one| *one == region) =>
        {
            Judged::Clean
        }
        Some(region) => {
            let (account, arn) = account(call);
            Draft::new(
                arn,
                format!("region {region} was enabled for account {account}"),
            )
            .into()
        }
    },
    ..TELLS
};

/// Row 170 of `events/TABLE.md`.
pub static REGION_DISABLED: Rule = Rule {
    id: "region.disabled",
    title: "Region with guarded resources disabled",
    severity: Severity::High,
    why: "in a disabled region nothing can be read or put right, and what runs there goes on unseen",
    controls: &["ATT&CK T1562.008"],
    rows: &[170],
    watches: &[Watch {
        source: ACCOUNT,
        names: &["DisableRegion"],
    }],
    judge: |call| match call.shown("regionName") {
        None => call.unnamed(),
        Some(region) if !is_used(call, &region) => Judged::Clean,
        Some(region) => {
            let (account, arn) = account(call);
            let what = format!(
                "region {region} is being disabled for account {account}; enabling it again takes minutes to hours"
            );
            Draft::new(arn, what).into()
        }
    },
    ..TELLS
};

/// Row 171 of `events/TABLE.md`.
pub static CONTACT_DELETED: Rule = Rule {
    id: "security-contact.deleted",
    title: "Security contact deleted",
    severity: Severity::High,
    why: "AWS tells the security contact of abuse and of leaked keys; without one it tells nobody who looks",
    controls: &["CIS AWS Foundations 3.0: 1.2", "ATT&CK T1562.001"],
    rows: &[171],
    watches: &[Watch {
        source: ACCOUNT,
        names: &["DeleteAlternateContact"],
    }],
    judge: |call| contact(call, "was deleted"),
    ..TELLS
};

/// Row 172 of `events/TABLE.md`.
pub static CONTACT_REPLACED: Rule = Rule {
    id: "security-contact.replaced",
    title: "Security contact replaced",
    severity: Severity::Medium,
    why: "whoever is the security contact learns of abuse and leaked keys first, and nobody else may",
    controls: &["CIS AWS Foundations 3.0: 1.2", "ATT&CK T1562.001"],
    rows: &[172],
    watches: &[Watch {
        source: ACCOUNT,
        names: &["PutAlternateContact"],
    }],
    judge: |call| {
        contact(
            call,
            "was set to somebody; the record does not show to whom",
        )
    },
    ..TELLS
};

/// The account that a call is about, and its ARN: another one of the
/// organization where it names one.
fn account(call: &Call<'_>) -> (String, String) {
    let named = call.shown("accountId").filter(|id| is_account(id));
    let id = named.map_or_else(|| call.account().into_owned(), |id| id.into_owned());
    let partition = call.partition();
    let ours = &call.settings.ours;
    let owner = &call.settings.organization.management_account;
    let arn = match (&ours.organization, owner) {
        (Some(organization), Some(owner)) => {
            format!("arn:{partition}:account::{owner}:account/{organization}/{id}")
        }
        _ => format!("arn:{partition}:account::{id}:account"),
    };
    (id, arn)
}

/// Whether something guarded is in a region, or the settings name it.
fn is_used(call: &Call<'_>, region: &str) -> bool {
    let settings = call.settings;
    let trails = call.inventory.trails.iter().map(|used| used.trail.as_str());
    let named = settings.protected.resources.iter().map(String::as_str);
    let others = call.inventory.others.iter().map(String::as_str);
    let mut arns = trails.chain(named).chain(others).filter_map(Arn::parse);
    !settings.given
        || settings
            .organization
            .regions
            .iter()
            .any(|one| one == region)
        || arns.any(|arn| arn.region == region)
}

fn contact(call: &Call<'_>, what: &str) -> Judged {
    match call.shown("alternateContactType") {
        None => call.unnamed(),
        Some(sort) if sort == "SECURITY" => {
            let (account, arn) = account(call);
            Draft::new(
                arn,
                format!("the security contact of account {account} {what}"),
            )
            .into()
        }
        Some(_) => Judged::Clean,
    }
}
