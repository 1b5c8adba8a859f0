//! Guards log delivery: CloudWatch Logs, alarms and observability.

use auditward_hands::logs::Logs;

auditward_hands::function! {
    LogGuard {
        logs: Logs carries [];
    }
    discover []
}
