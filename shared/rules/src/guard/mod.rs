//! Rules of Auditward itself: functions, rules, queues, topics, table, stack.

mod buses;
mod doors;
mod functions;
mod letting;
mod queues;
mod rules;
mod schedules;
mod sources;
mod stack;
mod subject;
mod table;
#[cfg(test)]
mod tests;
mod topics;

use crate::rule::Rule;

/// All rules of this system.
pub static RULES: &[&Rule] = &[
    &topics::POLICY_OPENED,
    &topics::POLICY_WEAKENED,
    &topics::SETTINGS_CHANGED,
    &topics::DELETED,
    &topics::SUBSCRIBED,
    &topics::UNSUBSCRIBED,
    &topics::FILTERED,
    &topics::DATA_PROTECTION,
    &topics::CREATED_OPEN,
    &queues::POLICY_OPENED,
    &queues::POLICY_WEAKENED,
    &queues::SETTINGS_CHANGED,
    &queues::DELETED,
    &queues::PURGED,
    &queues::CREATED_OPEN,
    &queues::DRAINED,
    &table::DELETED,
    &table::UNPROTECTED,
    &table::ENCRYPTION_CHANGED,
    &table::RECOVERY_OFF,
    &table::EXPIRY_CHANGED,
    &table::POLICY_OPENED,
    &table::POLICY_DELETED,
    &table::BACKUP_DELETED,
    &table::EXPORTED,
    &table::WRITTEN,
    &stack::DELETED,
    &stack::UPDATED,
    &stack::UNPROTECTED,
    &stack::POLICY_CHANGED,
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
    &schedules::CHANGED,
    &schedules::DELETED,
];
