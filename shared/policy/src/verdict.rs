//! What the analysis answers.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

/// Whether an outsider is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Foreign {
    /// At least one outside request would be allowed.
    Yes,
    /// No outside request can be allowed.
    No,
    /// It cannot be told; the text says why. Treat it like `Yes` unless the
    /// settings say otherwise.
    CannotTell(String),
}

impl Foreign {
    /// `true`, `false`, or nothing when it cannot be told.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Foreign::Yes => Some(true),
            Foreign::No => Some(false),
            Foreign::CannotTell(_) => None,
        }
    }
}

/// Serialized as `true`, `false` or `null`.
impl Serialize for Foreign {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_bool().serialize(serializer)
    }
}

/// Whether AWS services are let in on behalf of strangers (the confused deputy).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deputy {
    /// No service is let in.
    None,
    /// Services act for trusted sources only.
    Closed,
    /// A source outside the zone is spelt out.
    Foreign,
    /// Any customer of AWS can drive the service.
    Open,
    /// It cannot be told.
    CannotTell,
}

/// What sort of outsider a statement lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AdmissionKind {
    /// Everybody, or every AWS account.
    Public,
    /// An account outside the zone.
    ForeignAccount,
    /// An organization outside the zone.
    ForeignOrganization,
    /// A registered third party that is not held to its external id, or a
    /// grant to it that goes beyond what it is registered for.
    ThirdPartyWithoutExternalId,
    /// A federated identity that nothing narrows to one of our tenants.
    Federated,
    /// A unique id that AWS shows in place of a deleted user or role.
    DeletedPrincipal,
    /// It cannot be told.
    CannotTell,
}

/// One Allow statement that lets an outsider in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Admission {
    /// Position of the statement in the document, from 0.
    pub index: usize,
    /// Its `Sid`, when it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The principals through which outsiders come, as written.
    pub principals: Vec<String>,
    /// The worst sort of outsider among them.
    pub kind: AdmissionKind,
    /// One sentence for a person.
    pub why: String,
    /// A request that shows it, when one could be built and checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
}

/// A concrete outside request that the document allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// Who asks: an ARN, `anonymous`, or a federated provider.
    pub principal: String,
    /// What is asked, for example `s3:GetObject`.
    pub action: String,
    /// On what.
    pub resource: String,
    /// The condition keys that the request carries.
    pub context: BTreeMap<String, Vec<String>>,
}

/// The answer to "who gets in?".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Analysis {
    /// Whether an outsider is let in.
    pub foreign: Foreign,
    /// Whether services act for strangers.
    pub deputy: Deputy,
    /// Exactly the Allow statements that let an outsider in, or of which it
    /// cannot be told.
    pub admissions: Vec<Admission>,
    /// What else a reader should know.
    pub notes: Vec<String>,
    /// AWS would refuse the document, or it cannot be read for sure.
    #[serde(skip)]
    pub(crate) is_refused: bool,
}

impl Analysis {
    /// Whether the document is safe: no outsider, and no service that acts
    /// for strangers.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.foreign == Foreign::No && matches!(self.deputy, Deputy::None | Deputy::Closed)
    }

    /// Whether nothing is in doubt but for whom services act: that alone lets
    /// no outsider in.
    #[must_use]
    pub fn is_doubted_for_services_only(&self) -> bool {
        let unsure = matches!(self.foreign, Foreign::CannotTell(_));
        let others = self.is_refused || !self.admissions.is_empty();
        unsure && self.deputy == Deputy::CannotTell && !others
    }

    /// Whether what is said may be about the statement at this position: where none
    /// is blamed, it may be any.
    #[must_use]
    pub fn may_mean(&self, index: usize) -> bool {
        self.admissions.is_empty() || self.admissions.iter().any(|one| one.index == index)
    }
}

/// The bare answer, without the sentences and witnesses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether an outsider is let in.
    pub foreign: Foreign,
    /// Whether services act for strangers.
    pub deputy: Deputy,
    /// The Allow statements that let an outsider in, by position.
    pub statements: Vec<usize>,
}

/// A three-valued answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tri {
    /// Surely.
    Yes,
    /// Surely not.
    No,
    /// It depends on something that is not known here.
    CannotTell,
}
