//! The facets, one module a kind of resource.

pub mod alarm;
pub mod bucket;
pub mod guarded;
pub mod kept;
pub mod key;
pub mod logs;
pub mod made;
pub mod policy;
pub mod principal;
pub mod role;
pub mod store;
pub mod switch;
pub mod trail;

#[cfg(test)]
mod law;
