//! What all functions share at the edge.

pub mod failure;
pub mod hand;
pub mod sessions;
