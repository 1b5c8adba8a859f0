"""Proves the corrections of CloudTrail against AWS's published behaviour."""

import json
import unittest
from typing import Any

from harness import MANAGEMENT, MEMBER, MotoTest

BUCKET = "archive"
ARN = f"arn:aws:cloudtrail:us-east-1:{MANAGEMENT}:trail/trail"


def delivery_policy(trail_arn: str, account: str = MANAGEMENT) -> str:
    """The bucket policy of the CloudTrail user guide."""
    who = {"Service": "cloudtrail.amazonaws.com"}
    source = {"aws:SourceArn": trail_arn}
    acl = {**source, "s3:x-amz-acl": "bucket-owner-full-control"}
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": who,
                    "Action": "s3:GetBucketAcl",
                    "Resource": f"arn:aws:s3:::{BUCKET}",
                    "Condition": {"StringEquals": source},
                },
                {
                    "Effect": "Allow",
                    "Principal": who,
                    "Action": "s3:PutObject",
                    "Resource": f"arn:aws:s3:::{BUCKET}/AWSLogs/{account}/*",
                    "Condition": {"StringEquals": acl},
                },
            ],
        }
    )


class Trails(MotoTest):
    """A multi-region trail named `trail` that logs to `archive`."""

    def setUp(self) -> None:
        super().setUp()
        self.s3 = self.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_bucket_policy(Bucket=BUCKET, Policy=delivery_policy(ARN))
        self.trails = self.client("cloudtrail")
        self.elsewhere = self.client("cloudtrail", region="eu-west-1")
        self.create()

    def create(self, **more: Any) -> Any:
        arguments = {"Name": "trail", "S3BucketName": BUCKET, "IsMultiRegionTrail": True}
        return self.trails.create_trail(**{**arguments, **more})

    def test_everything_takes_the_arn(self) -> None:
        self.trails.start_logging(Name=ARN)
        self.assertTrue(self.trails.get_trail_status(Name=ARN)["IsLogging"])
        self.trails.stop_logging(Name=ARN)
        self.assertFalse(self.trails.get_trail_status(Name="trail")["IsLogging"])
        self.trails.update_trail(Name=ARN, EnableLogFileValidation=True)
        self.assertTrue(self.trails.get_trail(Name=ARN)["Trail"]["LogFileValidationEnabled"])
        selectors = [{"ReadWriteType": "WriteOnly"}]
        self.trails.put_event_selectors(TrailName=ARN, EventSelectors=selectors)
        read = self.trails.get_event_selectors(TrailName=ARN)["EventSelectors"]
        self.assertEqual(read[0]["ReadWriteType"], "WriteOnly")
        self.assertEqual(read[0]["IncludeManagementEvents"], True)
        self.trails.delete_trail(Name=ARN)
        self.assertEqual(self.trails.describe_trails()["trailList"], [])
        self.refused("TrailNotFoundException", self.trails.delete_trail, Name=ARN)

    def test_writes_belong_to_the_home_region(self) -> None:
        for name in ("trail", ARN):
            for call in ("start_logging", "stop_logging", "delete_trail", "update_trail"):
                call = getattr(self.elsewhere, call)
                self.refused("InvalidHomeRegionException", call, Name=name)
            self.refused(
                "InvalidHomeRegionException",
                self.elsewhere.put_event_selectors,
                TrailName=name,
                EventSelectors=[{"ReadWriteType": "All"}],
            )
        shadow = self.elsewhere.get_trail(Name=ARN)["Trail"]
        self.assertEqual(shadow["HomeRegion"], "us-east-1")
        self.assertFalse(self.elsewhere.get_trail_status(Name=ARN)["IsLogging"])
        self.trails.update_trail(Name="trail", IsMultiRegionTrail=False)
        self.refused("TrailNotFoundException", self.elsewhere.start_logging, Name="trail")

    def test_members_see_the_organizations_trail_as_a_shadow(self) -> None:
        organizations = self.client("organizations")
        organizations.create_organization(FeatureSet="ALL")
        made = organizations.create_account(AccountName="one", Email=f"{MEMBER}@example.com")
        member = made["CreateAccountStatus"]["AccountId"]
        there = self.client("cloudtrail", account=member)
        self.assertEqual(there.describe_trails()["trailList"], [])
        self.trails.update_trail(Name=ARN, IsOrganizationTrail=True)
        self.assertEqual(there.describe_trails()["trailList"][0]["TrailARN"], ARN)
        own = there.describe_trails(includeShadowTrails=False)["trailList"]
        self.assertEqual(own, [])

    def test_a_recreated_trail_has_nothing_of_the_old_one(self) -> None:
        self.trails.start_logging(Name=ARN)
        self.trails.add_tags(ResourceId=ARN, TagsList=[{"Key": "old", "Value": "1"}])
        self.trails.put_insight_selectors(
            TrailName=ARN, InsightSelectors=[{"InsightType": "ApiCallRateInsight"}]
        )
        self.trails.put_event_selectors(
            TrailName=ARN, EventSelectors=[{"ReadWriteType": "ReadOnly"}]
        )
        self.trails.delete_trail(Name=ARN)
        self.create()
        self.assertFalse(self.trails.get_trail_status(Name=ARN)["IsLogging"])
        tags = self.trails.list_tags(ResourceIdList=[ARN])["ResourceTagList"]
        self.assertEqual(tags[0]["TagsList"], [])
        described = self.trails.describe_trails()["trailList"][0]
        self.assertFalse(described["HasCustomEventSelectors"])
        self.assertFalse(described["HasInsightSelectors"])
        self.refused(
            "InsightNotEnabledException", self.trails.get_insight_selectors, TrailName=ARN
        )

    def test_create_does_not_overwrite_and_has_a_quota(self) -> None:
        self.refused("TrailAlreadyExistsException", self.create)
        self.s3.put_bucket_policy(
            Bucket=BUCKET, Policy=delivery_policy(ARN).replace("StringEquals", "StringLike")
            .replace(ARN, ARN + "*")
        )
        for number in range(4):
            self.create(Name=f"trail{number}")
        self.refused("MaximumNumberOfTrailsExceededException", self.create, Name="trail5")

    def test_selectors_are_of_one_kind(self) -> None:
        read = self.trails.get_event_selectors(TrailName="trail")
        self.assertEqual(read["EventSelectors"][0]["ReadWriteType"], "All")
        self.assertNotIn("AdvancedEventSelectors", read)
        management = {"Field": "eventCategory", "Equals": ["Management"]}
        advanced = [{"Name": "all", "FieldSelectors": [management]}]
        self.trails.put_event_selectors(TrailName="trail", AdvancedEventSelectors=advanced)
        read = self.trails.get_event_selectors(TrailName="trail")
        self.assertEqual(read["AdvancedEventSelectors"], advanced)
        self.assertNotIn("EventSelectors", read)
        self.assertTrue(
            self.trails.get_trail(Name="trail")["Trail"]["HasCustomEventSelectors"]
        )
        basic = [{"ReadWriteType": "All", "IncludeManagementEvents": False}]
        self.trails.put_event_selectors(TrailName="trail", EventSelectors=basic)
        read = self.trails.get_event_selectors(TrailName="trail")
        self.assertFalse(read["EventSelectors"][0]["IncludeManagementEvents"])
        self.assertNotIn("AdvancedEventSelectors", read)
        for wrong in ({}, {"EventSelectors": basic, "AdvancedEventSelectors": advanced}):
            self.refused(
                "InvalidEventSelectorsException",
                self.trails.put_event_selectors,
                TrailName="trail",
                **wrong,
            )

    def test_insight_selectors_are_replaced(self) -> None:
        both = [{"InsightType": "ApiCallRateInsight"}, {"InsightType": "ApiErrorRateInsight"}]
        self.trails.put_insight_selectors(TrailName=ARN, InsightSelectors=both)
        self.trails.put_insight_selectors(TrailName=ARN, InsightSelectors=both[:1])
        read = self.trails.get_insight_selectors(TrailName=ARN)
        self.assertEqual(read["InsightSelectors"], both[:1])
        self.trails.put_insight_selectors(TrailName=ARN, InsightSelectors=[])
        self.refused(
            "InsightNotEnabledException", self.trails.get_insight_selectors, TrailName=ARN
        )

    def test_the_bucket_must_let_the_trail_deliver(self) -> None:
        create, update = self.create, self.trails.update_trail
        self.refused("S3BucketDoesNotExistException", create, Name="new", S3BucketName="none")
        self.refused("InsufficientS3BucketPolicyException", create, Name="new")
        self.refused(
            "InsufficientS3BucketPolicyException", update, Name=ARN, S3KeyPrefix="other"
        )
        self.assertNotIn("S3KeyPrefix", self.trails.get_trail(Name=ARN)["Trail"])
        self.s3.delete_bucket_policy(Bucket=BUCKET)
        self.refused("InsufficientS3BucketPolicyException", update, Name=ARN)
        denied = json.loads(delivery_policy(ARN))
        denied["Statement"].append(
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
        )
        self.s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(denied))
        self.refused("InsufficientS3BucketPolicyException", update, Name=ARN)

    def test_delivery_errors_are_shown(self) -> None:
        status = self.trails.get_trail_status
        self.trails.start_logging(Name=ARN)
        self.assertNotIn("LatestDeliveryError", status(Name=ARN))
        self.s3.delete_bucket_policy(Bucket=BUCKET)
        self.assertEqual(status(Name=ARN)["LatestDeliveryError"], "AccessDenied")
        self.s3.delete_bucket(Bucket=BUCKET)
        self.assertEqual(status(Name=ARN)["LatestDeliveryError"], "NoSuchBucket")

    def test_a_trail_may_deliver_to_another_account(self) -> None:
        arn = ARN.replace(MANAGEMENT, MEMBER)
        self.s3.put_bucket_policy(Bucket=BUCKET, Policy=delivery_policy(arn, MEMBER))
        member = self.client("cloudtrail", MEMBER)
        member.create_trail(Name="trail", S3BucketName=BUCKET)
        member.start_logging(Name=arn)
        self.assertNotIn("LatestDeliveryError", member.get_trail_status(Name=arn))

    def test_keys_and_topics(self) -> None:
        key = self.client("kms").create_key()["KeyMetadata"]
        topic = self.client("sns").create_topic(Name="trails")["TopicArn"]
        self.trails.update_trail(Name=ARN, KmsKeyId=key["KeyId"], SnsTopicName=topic)
        trail = self.trails.get_trail(Name=ARN)["Trail"]
        self.assertEqual(trail["KmsKeyId"], key["Arn"])
        self.assertEqual(trail["SnsTopicARN"], topic)
        self.trails.update_trail(Name=ARN, KmsKeyId="", SnsTopicName="")
        trail = self.trails.get_trail(Name=ARN)["Trail"]
        self.assertNotIn("KmsKeyId", trail)
        self.assertNotIn("SnsTopicARN", trail)
        self.refused(
            "KmsKeyNotFoundException", self.trails.update_trail, Name=ARN, KmsKeyId="alias/no"
        )


if __name__ == "__main__":
    unittest.main()
