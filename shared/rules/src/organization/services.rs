//! Rules of trusted access and of delegated administrators.

use super::{ORGANIZATIONS, TELLS, account_named, is_guarded, member, organization};
use crate::arn::{glob, is_account};
use crate::facet::Step;
use crate::facets::made::Gone;
use crate::facets::organization::{Delegation, NewDelegation, TrustedAccess};
use crate::rule::{Call, Draft, Judged, Proof, Revert, Rule, Severity, Watch};

/// The source of CloudTrail's own records.
const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

/// Row 149 of `events/TABLE.md`.
pub static ENABLED: Rule = Rule {
    id: "trusted-access.enabled",
    title: "Trusted access switched on",
    severity: Severity::Medium,
    why: "a service with trusted access acts in every account of the organization",
    controls: &["ATT&CK T1098"],
    rows: &[149],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["EnableAWSServiceAccess"],
    }],
    judge: |call| {
        let service = call.shown("servicePrincipal");
        let settings = &call.settings.organization;
        let expected = |service: &str| {
            settings.trusted_access.iter().any(|one| one == service)
                || settings
                    .accepted_services
                    .iter()
                    .any(|one| glob(one, service))
        };
        match service {
            _ if !is_guarded(call) => Judged::Clean,
            None => call.unnamed(),
            Some(service) if expected(&service) => Judged::Clean,
            Some(service) => {
                let what = format!(
                    "trusted access was switched on for {service}; switching it off would damage what the service set up"
                );
                Draft::new(organization(call).resource, what).into()
            }
        }
    },
    ..TELLS
};

/// Row 150 of `events/TABLE.md`.
pub static DISABLED: Rule = Rule {
    id: "trusted-access.disabled",
    title: "Trusted access switched off",
    severity: Severity::Critical,
    why: "without trusted access the organization's trail and detectors stop in every member account",
    controls: &["CIS AWS Foundations 3.0: 3.1", "ATT&CK T1562.008"],
    rows: &[150],
    watches: &[Watch {
        source: ORGANIZATIONS,
        names: &["DisableAWSServiceAccess"],
    }],
    revert: Revert::Event,
    deployers_accepted: false,
    facets: &["trusted-access"],
    proof: Proof::Moto,
    judge: |call| {
        let service = match call.shown("servicePrincipal") {
            _ if !is_guarded(call) => return Judged::Clean,
            None => return call.unnamed(),
            Some(service) => service,
        };
        let mut required = call.settings.organization.trusted_access.iter();
        if !required.any(|one| *one == service) {
            return Judged::Clean;
        }
        let at = organization(call);
        let what = format!("trusted access was switched off for {service}");
        let step = Step::<TrustedAccess>::new(at.clone().item(service), true).wrote(Some(false));
        Draft::new(at.resource, what).step(step).into()
    },
    ..TELLS
};

/// Rows 22 and 151 of `events/TABLE.md`. CloudTrail's own call makes the other one.
pub static REGISTERED: Rule = Rule {
    id: "delegated-admin.registered",
    title: "Unknown delegated administrator",
    severity: Severity::High,
    why: "a delegated administrator changes a service for all accounts, for CloudTrail the organization's trail itself",
    controls: &["ATT&CK T1098", "ATT&CK T1562.008"],
    rows: &[22, 151],
    watches: &[
        Watch {
            source: CLOUDTRAIL,
            names: &["RegisterOrganizationDelegatedAdmin"],
        },
        Watch {
            source: ORGANIZATIONS,
            names: &["RegisterDelegatedAdministrator"],
        },
    ],
    revert: Revert::Event,
    facets: &["new-delegation"],
    proof: Proof::Recorded,
    judge: registered,
    ..TELLS
};

/// Rows 23 and 152 of `events/TABLE.md`. CloudTrail's own call makes the other one.
pub static DEREGISTERED: Rule = Rule {
    id: "delegated-admin.deregistered",
    title: "Delegated administrator dismissed",
    severity: Severity::High,
    why: "without its delegated administrator nobody watches the service from where it is meant to be watched",
    controls: &["ATT&CK T1562.001"],
    rows: &[23, 152],
    watches: &[
        Watch {
            source: CLOUDTRAIL,
            names: &["DeregisterOrganizationDelegatedAdmin"],
        },
        Watch {
            source: ORGANIZATIONS,
            names: &["DeregisterDelegatedAdministrator"],
        },
    ],
    revert: Revert::Event,
    facets: &["delegation"],
    proof: Proof::Moto,
    judge: deregistered,
    ..TELLS
};

/// Which account administers which service, and whether this record is but the
/// copy that CloudTrail's own call left with Organizations.
struct Subject {
    account: String,
    service: String,
    copy: bool,
}

fn subject(call: &Call<'_>) -> Result<Subject, Judged> {
    if call.record.event_source == CLOUDTRAIL {
        let named = ["memberAccountId", "delegatedAdminAccountId"]
            .iter()
            .find_map(|name| call.shown(name))
            .filter(|id| is_account(id));
        return Ok(Subject {
            account: named.ok_or_else(|| call.unnamed())?.into_owned(),
            service: CLOUDTRAIL.into(),
            copy: false,
        });
    }
    let service = call
        .shown("servicePrincipal")
        .ok_or_else(|| call.unnamed())?;
    let by = call.record.identity();
    let by = by.and_then(|identity| identity.string("invokedBy"));
    Ok(Subject {
        account: account_named(call, "accountId")?,
        copy: service == CLOUDTRAIL && by.as_deref() == Some(CLOUDTRAIL),
        service: service.into_owned(),
    })
}

fn registered(call: &Call<'_>) -> Judged {
    let found = match subject(call) {
        _ if !is_guarded(call) => return Judged::Clean,
        Err(unnamed) => return unnamed,
        Ok(found) => found,
    };
    let Subject {
        account,
        service,
        copy,
    } = found;
    if call.settings.organization.delegates(&account, &service) {
        return Judged::Clean;
    }
    let at = member(call, &account);
    let what = format!("account {account} was made the delegated administrator of {service}");
    let draft = Draft::new(&at.resource, what);
    if service != CLOUDTRAIL {
        // What the service set up for its administrator would be lost.
        return draft.into();
    }
    let step = Step::<NewDelegation>::new(at.item(service), Gone { at: call.time() });
    let draft = draft.severity(Severity::Critical).step(step);
    if copy { draft.if_live_agrees() } else { draft }.into()
}

fn deregistered(call: &Call<'_>) -> Judged {
    let found = match subject(call) {
        _ if !is_guarded(call) => return Judged::Clean,
        Err(unnamed) => return unnamed,
        Ok(found) => found,
    };
    let Subject {
        account,
        service,
        copy,
    } = found;
    let settings = &call.settings.organization;
    let required = !call.settings.given || settings.delegates(&account, &service);
    let guarded = settings.trusted_access.contains(&service);
    let at = member(call, &account);
    let what = format!("account {account} is no longer the delegated administrator of {service}");
    let draft = Draft::new(&at.resource, what);
    if !required {
        // Where nobody is named, whether it was meant to be one is not known.
        let unnamed = settings.delegated_administrators.is_empty();
        return match unnamed && guarded {
            true => draft.into(),
            false => Judged::Clean,
        };
    }
    let step = Step::<Delegation>::new(at.item(service), true).wrote(Some(false));
    let draft = draft.step(step);
    if copy { draft.if_live_agrees() } else { draft }.into()
}
