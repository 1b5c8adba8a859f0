//! The facets, one module a kind of resource.

pub mod bucket;
pub mod key;
pub mod principal;
pub mod role;
pub mod trail;

#[cfg(test)]
mod law;
