//! Who an AWS policy document lets in, and the smallest change that shuts outsiders out.

mod analysis;
mod caller;
mod classes;
pub mod cloudtrail;
mod condition;
mod cover;
mod document;
mod embed;
mod explain;
mod federation;
mod glob;
mod json;
mod key;
mod kind;
mod matching;
mod meaning;
mod narrow;
mod operator;
mod policy;
pub mod power;
mod principal;
mod request;
pub mod sharing;
mod val;
mod variable;
mod verdict;
mod witness;
mod zone;

pub use analysis::{analyze, analyze_text, verdict_text};
pub use document::{Document, Effect, ParseError, Statement};
pub use kind::{Kind, UnknownKind};
pub use narrow::{Narrowed, Removal, narrow};
pub use request::{ServiceRequest, principal_allowed, service_allowed};
pub use verdict::{Admission, AdmissionKind, Analysis, Deputy, Foreign, Tri, Verdict, Witness};
pub use zone::{Partner, Zone};
