//! Guards log delivery: CloudWatch Logs, alarms and observability.

use auditward_hands::alarms::Alarms;
use auditward_hands::logs::Logs;
use auditward_hands::sinks::Sinks;

auditward_hands::function! {
    LogGuard {
        logs: Logs carries [
            LogGroup,
            LogGroupRetention,
            LogGroupKey,
            DataProtection,
            SubscriptionFilters,
            MetricFilters,
            ExportTask,
            AccountLogPolicy,
            LogResourcePolicy,
            LogDestination,
            DestinationPolicy,
            DeliveryDestinationPolicy,
        ];
        sinks: Sinks carries [SinkPolicy];
        alarms: Alarms carries [AlarmActions];
    }
    discover [logs]
}
