//! What a bucket has that somebody can take away.

use super::put;
use crate::api::Api;
use crate::scene::place::Place;

/// Whose replicas they are meant to be.
const REPLICATION: &str = "<ReplicationConfiguration>\
    <Role>arn:aws:iam::111111111111:role/service-role/s3crr_for_acme-org-trail-logs</Role>\
    <Rule><ID>dr</ID><Priority>1</Priority><Status>Enabled</Status>\
    <Filter><Prefix></Prefix></Filter>\
    <Destination><Bucket>arn:aws:s3:::acme-org-trail-logs-dr</Bucket>\
    <Account>111111111111</Account></Destination>\
    <DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>\
    </Rule></ReplicationConfiguration>";
const LOCK: &str = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>\
    <Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>400</Days></DefaultRetention></Rule>\
    </ObjectLockConfiguration>";
const LOGGING: &str = "<BucketLoggingStatus><LoggingEnabled>\
    <TargetBucket>acme-access-logs</TargetBucket><TargetPrefix>trail/</TargetPrefix>\
    </LoggingEnabled></BucketLoggingStatus>";
const ENCRYPTION: &str = "<ServerSideEncryptionConfiguration><Rule>\
    <ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>\
    <KMSMasterKeyID>arn:aws:kms:eu-west-1:111111111111:key/1d4b</KMSMasterKeyID>\
    </ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled>\
    </Rule></ServerSideEncryptionConfiguration>";
const NOTIFICATION: &str = "<NotificationConfiguration><QueueConfiguration><Id>index</Id>\
    <Queue>arn:aws:sqs:eu-west-1:111111111111:log-index</Queue>\
    <Event>s3:ObjectCreated:*</Event></QueueConfiguration>\
    <EventBridgeConfiguration/></NotificationConfiguration>";

/// Makes what a call takes away or replaces.
pub(super) async fn prepare(api: &Api, place: Place, call: &str, bucket: &str) {
    let (side, body) = match call {
        "PutBucketReplication" | "DeleteBucketReplication" => ("replication", REPLICATION),
        "PutBucketObjectLockConfiguration" => ("object-lock", LOCK),
        "PutBucketLogging" => ("logging", LOGGING),
        "DeleteBucketEncryption" => ("encryption", ENCRYPTION),
        "PutBucketNotification" => ("notification", NOTIFICATION),
        _ => return,
    };
    if matches!(side, "replication" | "object-lock") {
        let versions =
            "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        put(api, &format!("PUT /{bucket}?versioning"), versions.into()).await;
    }
    let body = place.moved(body);
    put(api, &format!("PUT /{bucket}?{side}"), body).await;
}
