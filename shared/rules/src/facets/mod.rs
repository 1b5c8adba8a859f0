//! The facets, one module a kind of resource.

pub mod alarm;
pub mod anchor;
pub mod attributes;
pub mod bucket;
pub mod guard;
pub mod guarded;
pub mod heard;
pub mod kept;
pub mod key;
pub mod logs;
pub mod made;
pub mod organization;
pub mod policy;
pub mod principal;
pub mod queue;
pub mod role;
pub mod share;
pub mod stack;
pub mod store;
pub mod switch;
pub mod table;
pub mod topic;
pub mod trail;

#[cfg(test)]
mod law;
