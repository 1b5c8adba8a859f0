//! Guards trails, event data stores and the keys they use.

use auditward_hands::cloudtrail::CloudTrail;
use auditward_hands::kms::Kms;
use auditward_hands::s3::S3;

auditward_hands::function! {
    TrailGuard {
        trails: CloudTrail carries [
            TrailConfig, TrailSelectors, TrailInsights, TrailLogging, TrailTags,
            StoreConfig, StoreState, StorePolicy,
        ];
        keys: Kms carries [KeyState, KeyPolicy, KeyRotation, KeyGrant, KeyGrants];
        buckets: S3 carries [BucketPolicy];
    }
    discover [trails]
}
