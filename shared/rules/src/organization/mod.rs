//! Rules of the organization: its policies, its accounts, who may act for it.

use crate::rule::Rule;

/// All rules of this system.
pub static RULES: &[&Rule] = &[];
