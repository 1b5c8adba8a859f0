//! Rules of the organization: its policies, its accounts, who may act for it.

mod account;
mod delegation;
mod guardrails;
mod members;
mod services;
mod units;

use crate::arn::is_account;
use crate::facet::At;
use crate::rule::{Call, Function, Judged, Rule};

/// All rules of this system.
pub static RULES: &[&Rule] = &[
    &members::LEFT,
    &members::REMOVED,
    &members::DELETED,
    &members::ACCEPTED,
    &members::INVITED,
    &members::CREATED,
    &members::CLOSED,
    &members::MOVED,
    &services::ENABLED,
    &services::DISABLED,
    &services::REGISTERED,
    &services::DEREGISTERED,
    &guardrails::ATTACHED,
    &guardrails::DETACHED,
    &guardrails::CREATED,
    &guardrails::WEAKENED,
    &guardrails::DELETED,
    &guardrails::TYPE_DISABLED,
    &delegation::OPENED,
    &delegation::DELETED,
    &units::DELETED,
    &units::RENAMED,
    &units::TAGGED,
    &units::UNTAGGED,
    &account::REGION_ENABLED,
    &account::REGION_DISABLED,
    &account::CONTACT_DELETED,
    &account::CONTACT_REPLACED,
];

/// The source of records of Organizations.
const ORGANIZATIONS: &str = "organizations.amazonaws.com";
/// The source of records of an account's own settings.
const ACCOUNT: &str = "account.amazonaws.com";

/// What the rules of this system have in common.
const TELLS: Rule = Rule {
    function: Function::OrganizationGuard,
    ..Rule::TELLS
};

/// Something of the organization, by what stands behind the account in its
/// ARN: the organization's ID is in each of them, where the settings give it.
fn of_organization(call: &Call<'_>, kind: &str, rest: &[&str]) -> At {
    let settings = &call.settings;
    let owner = settings.organization.management_account.clone();
    let owner = owner.unwrap_or_else(|| call.account().into_owned());
    let organization = settings.ours.organization.as_deref();
    let parts: Vec<&str> = [kind]
        .into_iter()
        .chain(organization)
        .chain(rest.iter().copied())
        .collect();
    let partition = call.partition();
    let arn = format!("arn:{partition}:organizations::{owner}:{}", parts.join("/"));
    At {
        account: owner,
        ..call.global(arn)
    }
}

/// The organization itself.
fn organization(call: &Call<'_>) -> At {
    of_organization(call, "organization", &[])
}

/// A member account.
fn member(call: &Call<'_>, account: &str) -> At {
    of_organization(call, "account", &[account])
}

/// The root, the unit or the account of this ID.
fn target(call: &Call<'_>, id: &str) -> Option<At> {
    let kind = match id {
        _ if id.starts_with("r-") => "root",
        _ if id.starts_with("ou-") => "ou",
        _ if is_account(id) => "account",
        _ => return None,
    };
    Some(of_organization(call, kind, &[id]))
}

/// The account that a parameter names.
fn account_named(call: &Call<'_>, parameter: &str) -> Result<String, Judged> {
    let shown = call.shown(parameter).filter(|id| is_account(id));
    shown
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| call.unnamed())
}

/// Whether there is an organization to guard: without settings any is; with
/// settings the one that they name.
fn is_guarded(call: &Call<'_>) -> bool {
    !call.settings.given || call.settings.ours.organization.is_some()
}

#[cfg(test)]
mod tests;
