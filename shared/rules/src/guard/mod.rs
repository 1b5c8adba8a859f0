//! Rules of Auditward itself: functions, rules, queues, topics, table, stack.

use crate::rule::Rule;

/// All rules of this system.
pub static RULES: &[&Rule] = &[];
