//! Rules of Auditward itself: functions, rules, queues, topics, table, stack.

mod buses;
mod doors;
mod functions;
mod rules;
mod schedules;
mod sources;
mod subject;

use crate::rule::Rule;

/// All rules of this system.
pub static RULES: &[&Rule] = &[
    // Functions, rules, buses and schedules.
    &functions::DELETED,
    &functions::CHANGED,
    &functions::THROTTLED,
    &functions::RESERVE_REMOVED,
    &functions::FAILURES_DROPPED,
    &functions::ALIAS_MOVED,
    &functions::LOOSENED,
    &doors::OPENED,
    &doors::CUT_OFF,
    &doors::URL_OPENED,
    &doors::LAYER_SHARED,
    &doors::LAYER_DELETED,
    &sources::ADDED,
    &sources::STOPPED,
    &rules::DISABLED,
    &rules::DELETED,
    &rules::UNTARGETED,
    &rules::CHANGED,
    &rules::RETARGETED,
    &buses::OPENED,
    &buses::CLOSED,
    &buses::DELETED,
    &buses::WEAKENED,
    &buses::ARCHIVE_WEAKENED,
    &schedules::DELETED,
    &schedules::CHANGED,
];
