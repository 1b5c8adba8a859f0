//! Guards trails, event data stores and the keys they use; and what self-guard
//! hangs on, which nobody can heal in himself.

use auditward_hands::cloudtrail::CloudTrail;
use auditward_hands::events::Events;
use auditward_hands::kms::Kms;
use auditward_hands::lambda::Lambda;
use auditward_hands::s3::S3;
use auditward_hands::scheduler::Scheduler;

auditward_hands::function! {
    TrailGuard {
        trails: CloudTrail carries [
            TrailConfig, TrailSelectors, TrailInsights, TrailLogging, TrailDelivery, TrailTags,
            StoreConfig, StoreState, StorePolicy,
        ];
        keys: Kms carries [KeyState, KeyPolicy, KeyRotation, KeyGrant, KeyGrants];
        buckets: S3 carries [BucketPolicy];
        functions: Lambda carries [FunctionConcurrency, FunctionPermissions];
        rules: Events carries [RuleDefinition, RuleTargets, RuleState];
        schedules: Scheduler carries [ScheduleDefinition];
    }
    discover [trails]
}
