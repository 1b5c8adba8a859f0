//! Facets of an organization: trusted access, delegated administrators,
//! invitations, guardrail policies and where they hold.

mod attachment;
mod content;
mod needs;
mod place;
mod policy_type;

use crate::facets::guarded::policies;
use crate::facets::made::things;
use crate::facets::switch::switches;

pub use attachment::{Attached, AttachmentWish, OrganizationAttachment, obstacle};
pub use content::GuardrailContent;
pub use needs::{InTheWay, guards_evidence, in_the_way};
pub use place::{AccountPlace, Home, Place, lost};
pub use policy_type::{AttachedTo, PolicyType, Types};

/// The sorts of policies that are guardrails.
pub const GUARDRAIL_TYPES: [&str; 2] = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"];

switches! {
    /// Whether a service may act in all accounts of the organization. The item
    /// is the service's principal.
    TrustedAccess = "trusted-access" ["trusted access on", "trusted access off", "no organization"]
        does ["switch trusted access on again", "switch trusted access off"]
        gone "there is no organization any longer; make one anew and invite the accounts" evidence true;
    /// Whether a member account administers a service for the organization. The
    /// item is the service's principal.
    Delegation = "delegation" ["registered", "not registered", "no such account"]
        does ["register the delegated administrator again", "deregister the delegated administrator"]
        gone "the account is not in the organization any longer; invite it again" evidence false;
}

things! {
    /// A delegated administrator that an event registered. The item is the
    /// service's principal.
    NewDelegation = "new-delegation", "delegated administrator", "deregister the delegated administrator", restorable true;
    /// An invitation into the organization that an event sent.
    Invitation = "invitation", "invitation", "cancel the invitation", restorable false;
}

policies! {
    /// The organization's resource policy, which delegates its management.
    /// Organizations refuses more than [40,000 characters](https://docs.aws.amazon.com/organizations/latest/APIReference/API_PutResourcePolicy.html).
    OrganizationPolicy = "organization-policy", Organization, "the organization's delegation policy", limit 40_000, may_be_absent true;
}

#[cfg(test)]
mod tests;
