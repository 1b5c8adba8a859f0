//! What no server acts out, on exchanges in AWS's published form.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod access;
mod logs;
mod organizations;
mod stores;
