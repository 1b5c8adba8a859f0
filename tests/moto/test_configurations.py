"""Proves that a bucket's configurations come back as AWS documents them."""

import unittest

from harness import MotoTest

BUCKET = {"Bucket": "archive"}
ROLE = "arn:aws:iam::111111111111:role/copies"
RULE = {
    "ID": "dr",
    "Priority": 3,
    "Status": "Enabled",
    "Filter": {"Prefix": "AWSLogs/"},
    "Destination": {
        "Bucket": "arn:aws:s3:::archive-dr",
        "Account": "222222222222",
        "AccessControlTranslation": {"Owner": "Destination"},
    },
    "DeleteMarkerReplication": {"Status": "Enabled"},
}
NOTIFICATION = {
    "QueueConfigurations": [
        {
            "Id": "index",
            "QueueArn": "arn:aws:sqs:us-east-1:111111111111:log-index",
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "AWSLogs/"}]}},
        }
    ],
    "EventBridgeConfiguration": {},
}
LOGGING = {
    "TargetBucket": "access",
    "TargetPrefix": "archive/",
    "TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}},
}
LOCK = {
    "ObjectLockEnabled": "Enabled",
    "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 7}},
}


class Configurations(MotoTest):
    """A new bucket named `archive`."""

    def setUp(self) -> None:
        super().setUp()
        self.s3 = self.client("s3")
        self.s3.create_bucket(**BUCKET)

    def versions(self) -> None:
        """Keep old versions."""
        self.s3.put_bucket_versioning(**BUCKET, VersioningConfiguration={"Status": "Enabled"})

    def test_replication_comes_back_whole_and_goes(self) -> None:
        code = "ReplicationConfigurationNotFoundError"
        configuration = {"Role": ROLE, "Rules": [RULE]}
        put = self.s3.put_bucket_replication
        self.refused("InvalidRequest", put, **BUCKET, ReplicationConfiguration=configuration)
        self.versions()
        put(**BUCKET, ReplicationConfiguration=configuration)
        read = self.s3.get_bucket_replication(**BUCKET)["ReplicationConfiguration"]
        self.assertEqual(read, configuration)
        self.s3.delete_bucket_replication(**BUCKET)
        self.refused(code, self.s3.get_bucket_replication, **BUCKET)

    def test_without_notifications_the_answer_is_an_empty_configuration(self) -> None:
        answer = self.request("GET", "/archive?notification")
        self.assertIn(b"<NotificationConfiguration", answer)

    def test_notifications_come_back_whole(self) -> None:
        self.s3.put_bucket_notification_configuration(
            **BUCKET, NotificationConfiguration=NOTIFICATION, SkipDestinationValidation=True
        )
        read = self.s3.get_bucket_notification_configuration(**BUCKET)
        read.pop("ResponseMetadata")
        self.assertEqual(read, NOTIFICATION)
        self.s3.put_bucket_notification_configuration(**BUCKET, NotificationConfiguration={})
        read = self.s3.get_bucket_notification_configuration(**BUCKET)
        read.pop("ResponseMetadata")
        self.assertEqual(read, {})

    def test_logging_comes_back_whole(self) -> None:
        self.assertNotIn("LoggingEnabled", self.s3.get_bucket_logging(**BUCKET))
        put = self.s3.put_bucket_logging
        put(**BUCKET, BucketLoggingStatus={"LoggingEnabled": LOGGING})
        self.assertEqual(self.s3.get_bucket_logging(**BUCKET)["LoggingEnabled"], LOGGING)
        put(**BUCKET, BucketLoggingStatus={})
        self.assertNotIn("LoggingEnabled", self.s3.get_bucket_logging(**BUCKET))

    def test_object_lock_is_for_buckets_with_versions(self) -> None:
        code = "ObjectLockConfigurationNotFoundError"
        put, get = self.s3.put_object_lock_configuration, self.s3.get_object_lock_configuration
        self.refused(code, get, **BUCKET)
        self.refused("InvalidBucketState", put, **BUCKET, ObjectLockConfiguration=LOCK)
        self.versions()
        put(**BUCKET, ObjectLockConfiguration=LOCK)
        self.assertEqual(get(**BUCKET)["ObjectLockConfiguration"], LOCK)

    def test_websites_come_back_whole_and_go(self) -> None:
        site = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "404.html"}}
        self.s3.put_bucket_website(**BUCKET, WebsiteConfiguration=site)
        read = self.s3.get_bucket_website(**BUCKET)
        read.pop("ResponseMetadata")
        self.assertEqual(read, site)
        self.s3.delete_bucket_website(**BUCKET)
        self.refused("NoSuchWebsiteConfiguration", self.s3.get_bucket_website, **BUCKET)


if __name__ == "__main__":
    unittest.main()
