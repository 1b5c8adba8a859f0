//! What Auditward guards, as pure functions and data: records, rules, findings,
//! plans and facets. No clock, no network, no SDK.
//!
//! The way of an event: [`envelope::entries`] finds the records of an input,
//! [`judge::judge`] asks the rules of the [`registry`] about one, and each
//! [`judge::Finding`] carries [`plan::Plan`]s: facets of resources that must
//! hold. A [`facet::Facet`] decides, from a live state, what the nearest safe
//! state is.

pub use auditward_json as json;

pub mod actor;
pub mod arn;
pub mod buckets;
pub mod envelope;
pub mod facet;
pub mod facets;
pub mod guard;
pub mod inventory;
pub mod judge;
pub mod logs;
pub mod neighbours;
pub mod organization;
pub mod plan;
pub mod protected;
pub mod record;
pub mod registry;
pub mod roles;
pub mod rule;
pub mod settings;
pub mod trails;
