//! What must hold of the organization.

use serde::Deserialize;

use super::Settings;
use super::fault::{Fault, Spot};
use crate::arn::{Arn, glob};
use crate::inventory::Inventory;

/// What must hold of the organization.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Organization {
    /// The management account's ID. Where it is left out, it is the account in
    /// which a call is recorded: right for all calls but those of delegated
    /// administrators and of members.
    pub management_account: Option<String>,
    /// Services whose trusted access must stay switched on, by their principals.
    pub trusted_access: Vec<String>,
    /// Patterns of services whose trusted access may be switched on besides.
    pub accepted_services: Vec<String>,
    /// Which member accounts administer which services; nobody else may.
    pub delegated_administrators: Vec<Delegated>,
    /// ID patterns of the service and resource control policies that must stay
    /// attached and as strong as they are. Those that keep the evidence safe
    /// are found without being named.
    pub guardrails: Vec<String>,
    /// Tag keys that access depends on.
    pub protective_tags: Vec<String>,
    /// Regions that may be enabled, and must stay so.
    pub regions: Vec<String>,
}

impl Default for Organization {
    fn default() -> Self {
        let guarded = ["cloudtrail", "config", "guardduty"];
        Self {
            management_account: None,
            trusted_access: guarded.map(|one| format!("{one}.amazonaws.com")).into(),
            accepted_services: Vec::new(),
            delegated_administrators: Vec::new(),
            guardrails: Vec::new(),
            protective_tags: Vec::new(),
            regions: Vec::new(),
        }
    }
}

/// A member account that administers a service.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Delegated {
    /// The account's ID.
    pub account: String,
    /// The service's principal.
    pub service: String,
}

impl Organization {
    /// Whether a member account is meant to administer a service.
    pub fn delegates(&self, account: &str, service: &str) -> bool {
        let mut listed = self.delegated_administrators.iter();
        listed.any(|one| one.account == account && one.service == service)
    }

    pub(super) fn faults(&self) -> Vec<Fault> {
        let trusted = self.trusted_access.iter().enumerate();
        let trusted = trusted.map(|(nth, service)| {
            let spot = Spot::of("organization.trusted_access").nth(nth);
            (spot, service)
        });
        let delegated = self.delegated_administrators.iter().enumerate();
        let delegated = delegated.map(|(nth, one)| {
            let spot = Spot::of("organization.delegated_administrators").nth(nth);
            (spot.field("service"), &one.service)
        });
        let strange = trusted
            .chain(delegated)
            .filter(|(_, service)| !service.contains('.') || service.contains('*'));
        strange
            .map(|(spot, service)| {
                Fault::at(
                    spot,
                    format!("`{service}` is no service's principal: expected one such as cloudtrail.amazonaws.com"),
                )
            })
            .collect()
    }
}

impl Settings {
    /// Whether a resource is the organization that the settings name, or its
    /// root, a unit, an account or an invitation of it. Policies are guarded
    /// where they are guardrails.
    pub(super) fn guards_organization(&self, arn: &str) -> bool {
        let Some((arn, ours)) = Arn::parse(arn).zip(self.ours.organization.as_deref()) else {
            return false;
        };
        let mut parts = arn.resource.split('/');
        let (kind, organization) = (parts.next(), parts.next());
        match arn.service {
            "organizations" if kind == Some("policy") => self
                .organization
                .guardrails
                .iter()
                .any(|pattern| glob(pattern, arn.name())),
            "organizations" | "account" => organization == Some(ours),
            _ => false,
        }
    }

    /// Whether the policy of this ID is a guardrail: named in the settings, or
    /// found to keep the evidence safe. Without settings every policy is, but
    /// for those of AWS that allow everything.
    pub fn is_guardrail(&self, id: &str, inventory: &Inventory) -> bool {
        if id.ends_with("FullAWSAccess") {
            return false;
        }
        let found = |arn: &String| {
            Arn::parse(arn).is_some_and(|arn| {
                arn.service == "organizations"
                    && arn.resource.starts_with("policy/")
                    && arn.name() == id
            })
        };
        let mut named = self.organization.guardrails.iter();
        !self.given
            || named.any(|pattern| glob(pattern, id))
            || (self.protected.discover && inventory.others.iter().any(found))
    }
}
