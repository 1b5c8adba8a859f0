//! What the end-to-end tests and the benchmark stand on.
//!
//! A test starts [`moto`] (a real AWS-shaped server with three accounts), puts
//! a [`proxy`] in front of it that records every call and can make any of them
//! fail, spawns a function's real binary against a stand-in of the
//! [Lambda Runtime API](runtime_api), hands it an event, and then looks at what
//! happened in "AWS".
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

pub mod api;
pub mod binaries;
pub mod cast;
pub mod look;
pub mod moto;
pub mod permissions;
pub mod proxy;
pub mod queue;
pub mod recorded;
pub mod runtime_api;
pub mod scene;
pub mod stack;
pub mod stage;
pub mod story;
pub mod system;
pub mod wire;
