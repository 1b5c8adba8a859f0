//! Guards Auditward itself.

use auditward_hands::events::Events;
use auditward_hands::lambda::Lambda;
use auditward_hands::scheduler::Scheduler;

auditward_hands::function! {
    SelfGuard {
        functions: Lambda carries [
            FunctionConcurrency,
            FunctionUrl,
            FunctionPermissions,
            FunctionStatement,
            FunctionSources,
            ForeignMapping,
            FunctionInvocations,
            FunctionAliases,
        ];
        rules: Events carries [RuleState, RuleDefinition, RuleTargets, BusPolicy, BusConfiguration];
        schedules: Scheduler carries [ScheduleDefinition];
    }
    discover [functions, rules, schedules]
}
