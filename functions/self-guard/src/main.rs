//! Guards Auditward itself.

use auditward_hands::cloudformation::Stacks;
use auditward_hands::dynamodb::Tables;
use auditward_hands::events::Events;
use auditward_hands::lambda::Lambda;
use auditward_hands::scheduler::Scheduler;
use auditward_hands::sns::Topics;
use auditward_hands::sqs::Queues;

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
        topics: Topics carries [
            TopicPolicy,
            TopicPublishers,
            TopicSettings,
            TopicSubscription,
            SubscriptionSettings,
        ];
        queues: Queues carries [QueuePolicy, QueueSenders, QueueSettings];
        tables: Tables carries [TableProtection, TableRecovery];
        stacks: Stacks carries [StackProtection];
    }
    discover [functions, rules, schedules, topics, queues, tables, stacks]
}
