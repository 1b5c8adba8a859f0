//! Who is "ours": the trust zone a document is judged against.

use serde::{Deserialize, Serialize};

/// Who is "ours". Everybody else is an outsider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Zone {
    /// Trusted accounts, twelve digits each. The first one owns the resource.
    pub accounts: Vec<String>,
    /// The own organization, `o-…`.
    pub org_id: Option<String>,
    /// Registered third parties.
    pub partners: Vec<Partner>,
    /// Canonical user ids (64 hexadecimal digits) of trusted accounts.
    pub canonical_ids: Vec<String>,
    /// Tenants of shared identity providers that are ours (a GitHub
    /// organization, a GitLab group, an application id). When empty, a tenant
    /// that a document spells out is taken as ours.
    pub oidc_tenants: Vec<String>,
    /// Whether what cannot be told is handled like an outsider (the default).
    pub cannot_tell_is_foreign: bool,
}

impl Default for Zone {
    fn default() -> Self {
        Zone {
            accounts: Vec::new(),
            org_id: None,
            partners: Vec::new(),
            canonical_ids: Vec::new(),
            oidc_tenants: Vec::new(),
            cannot_tell_is_foreign: true,
        }
    }
}

impl Zone {
    /// A zone of some accounts and perhaps an organization.
    #[must_use]
    pub fn new<A: Into<String>>(
        accounts: impl IntoIterator<Item = A>,
        org_id: Option<&str>,
    ) -> Self {
        Zone {
            accounts: accounts.into_iter().map(Into::into).collect(),
            org_id: org_id.map(str::to_owned),
            ..Zone::default()
        }
    }

    /// The account that owns the resource.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.accounts.first().map(String::as_str)
    }

    /// Whether `account` is one of the trusted accounts.
    #[must_use]
    pub fn trusts_account(&self, account: &str) -> bool {
        self.accounts.iter().any(|known| known == account)
    }

    /// The registered third party with that account number.
    #[must_use]
    pub fn partner(&self, account: &str) -> Option<&Partner> {
        self.partners
            .iter()
            .find(|partner| partner.account == account)
    }
}

/// A registered third party.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// Its account, twelve digits.
    pub account: String,
    /// The external id that role trust policies must demand of it.
    #[serde(default)]
    pub external_id: Option<String>,
    /// ARN patterns that it may read directly; none when empty.
    #[serde(default)]
    pub resources: Vec<String>,
}
