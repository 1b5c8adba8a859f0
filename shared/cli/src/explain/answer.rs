//! The answer for machines.

use serde::Serialize;
use serde_json::value::RawValue;

use auditward_policy::{Admission, AdmissionKind, Analysis, Deputy, Document, Foreign, Witness};

/// One answer: a line of JSON with the same fields always.
#[derive(Debug, Serialize)]
pub struct Answer<'a> {
    /// As it came in.
    pub id: Option<&'a RawValue>,
    /// `None`: it cannot be told.
    pub foreign: Option<bool>,
    pub deputy: Deputy,
    pub statements: Vec<Statement>,
    /// The policy without its foreign grants; `None` where there is no policy.
    pub narrowed: Option<Document>,
    pub error: Option<String>,
}

/// A statement that lets an outsider in.
#[derive(Debug, Serialize)]
pub struct Statement {
    pub index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    pub principals: Vec<String>,
    pub kind: AdmissionKind,
    pub why: String,
    pub witness: Option<Witness>,
}

impl From<Admission> for Statement {
    fn from(admission: Admission) -> Self {
        let Admission {
            index,
            sid,
            principals,
            kind,
            why,
            witness,
        } = admission;
        Self {
            index,
            sid,
            principals,
            kind,
            why,
            witness,
        }
    }
}

impl<'a> Answer<'a> {
    /// The answer of an analysis.
    pub fn of(id: &'a RawValue, analysis: Analysis, narrowed: Document) -> Self {
        Self {
            id: Some(id),
            foreign: match analysis.foreign {
                Foreign::Yes => Some(true),
                Foreign::No => Some(false),
                Foreign::CannotTell(_) => None,
            },
            deputy: analysis.deputy,
            statements: analysis
                .admissions
                .into_iter()
                .map(Statement::from)
                .collect(),
            narrowed: Some(narrowed),
            error: None,
        }
    }

    /// The answer where there is no policy.
    pub fn error(id: Option<&'a RawValue>, error: String) -> Self {
        Self {
            id,
            foreign: None,
            deputy: Deputy::CannotTell,
            statements: Vec::new(),
            narrowed: None,
            error: Some(error),
        }
    }
}
