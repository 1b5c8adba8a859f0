//! Guards buckets: those that trails deliver to, and every bucket's policy.

use auditward_hands::s3::S3;

auditward_hands::function! {
    BucketGuard {
        buckets: S3 carries [
            BucketPolicy,
            BucketPublicAccess,
            AccountPublicAccess,
            BucketAcl,
            BucketOwnership,
            BucketVersioning,
            BucketEncryption,
            BucketLifecycle,
            BucketExistence,
            BucketReplication,
            BucketObjectLock,
            BucketLogging,
            BucketNotification,
            BucketWebsite,
            BucketInventory,
            BucketAnalytics,
            AccessPoint,
            AccessPointPolicy,
        ];
    }
    discover [buckets]
}
