//! Does an identity policy give the power to tamper with the evidence?

use serde::Serialize;

use crate::Document;

/// What must not be tampered with. Empty lists mean "any".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Protected {
    /// ARNs of protected trails and event data stores.
    pub trails: Vec<String>,
    /// Names of log buckets.
    pub buckets: Vec<String>,
    /// ARNs of their keys.
    pub keys: Vec<String>,
    /// ARNs of the guard's own parts and of other protected resources.
    pub guard: Vec<String>,
    /// ARNs or patterns of privileged roles onto which passing counts.
    pub privileged_roles: Vec<String>,
}

/// A power that a document gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Power {
    /// The actions, as AWS names them.
    pub actions: Vec<String>,
    /// One sentence for a person.
    pub why: String,
    /// The statements that give it, by position.
    pub statements: Vec<usize>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Verdict {
    /// No power to tamper.
    No,
    /// The power is given.
    Yes(Power),
    /// It cannot be told; the text says why.
    CannotTell(String),
}

/// Whether an identity policy gives the power to tamper.
#[must_use]
pub fn tampering(_doc: &Document, _protected: &Protected) -> Verdict {
    Verdict::CannotTell("not analysed".to_owned())
}

/// What is known of an AWS managed policy; nothing when the ARN is not one of
/// AWS's own, or not known.
#[must_use]
pub fn managed_policy(_arn: &str) -> Option<Verdict> {
    None
}
