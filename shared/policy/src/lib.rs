//! Who an AWS policy document lets in, and the smallest change that shuts outsiders out.

mod analysis;
pub mod cloudtrail;
mod document;
mod embed;
mod json;
mod kind;
mod meaning;
mod narrow;
pub mod power;
mod request;
pub mod sharing;
mod verdict;
mod zone;

pub use analysis::{analyze, analyze_text, verdict_text};
pub use document::{Document, Effect, ParseError, Statement};
pub use kind::{Kind, UnknownKind};
pub use narrow::{Narrowed, Removal, narrow};
pub use request::{ServiceRequest, principal_allowed, service_allowed};
pub use verdict::{Admission, AdmissionKind, Analysis, Deputy, Foreign, Tri, Verdict, Witness};
pub use zone::{Partner, Zone};
