//! Rules of Auditward itself: functions, rules, queues, topics, table, stack.

mod letting;
mod queues;
mod stack;
mod table;
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
];
