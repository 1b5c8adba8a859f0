//! Rules of log delivery: CloudWatch Logs, alarms, observability.

use crate::rule::Rule;

/// All rules of this system.
pub static RULES: &[&Rule] = &[];
