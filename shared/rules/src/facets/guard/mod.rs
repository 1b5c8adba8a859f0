//! Facets of what Auditward itself is made of.

// Functions, rules, buses and schedules.
pub mod bus;
pub mod function;
pub mod rule;
pub mod schedule;
