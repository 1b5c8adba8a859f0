//! What all functions share at the edge: the Lambda entry, sessions across
//! accounts and regions, the pipeline with its rules of conduct, the store,
//! alerts and metrics. It knows no guarded service; hands do.

pub mod alert;
pub mod case;
pub mod entry;
pub mod failure;
pub mod guard;
pub mod hand;
pub mod https;
pub mod keys;
pub mod known;
pub mod limits;
pub mod metrics;
pub mod outside;
pub mod pipeline;
pub mod serve;
pub mod sessions;
pub mod store;
