"""Proves the corrections of S3, and what the tests rely on, against AWS's."""

import json
import unittest

from harness import MANAGEMENT, MEMBER, MotoTest

BUCKET = {"Bucket": "archive"}
CLOSED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
LIFECYCLE = [
    {
        "ID": "old-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": "AWSLogs/"},
        "Expiration": {"Days": 400},
        "Transitions": [{"Days": 90, "StorageClass": "GLACIER"}],
        "NoncurrentVersionExpiration": {
            "NoncurrentDays": 30,
            "NewerNoncurrentVersions": 3,
        },
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    },
    {
        "ID": "and",
        "Status": "Disabled",
        "Filter": {
            "And": {
                "Prefix": "x/",
                "Tags": [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}],
                "ObjectSizeGreaterThan": 10,
            }
        },
        "Expiration": {"Days": 1},
    },
    {
        "ID": "size",
        "Status": "Enabled",
        "Filter": {"ObjectSizeLessThan": 5},
        "Expiration": {"Days": 1},
    },
    {"ID": "all", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 3}},
]


class Buckets(MotoTest):
    """A new bucket named `archive`."""

    def setUp(self) -> None:
        super().setUp()
        self.s3 = self.client("s3")
        self.s3.create_bucket(**BUCKET)

    def permissions(self) -> list[tuple[str, str]]:
        """Who is let in by the bucket's ACL, without its owner."""
        return sorted(
            (grant["Grantee"]["URI"].rsplit("/", 1)[1], grant["Permission"])
            for grant in self.s3.get_bucket_acl(**BUCKET)["Grants"]
            if "URI" in grant["Grantee"]
        )

    def test_versioning_answers_with_its_configuration(self) -> None:
        answer = self.request("GET", "/archive?versioning")
        self.assertIn(b"<VersioningConfiguration xmlns=", answer)

    def test_new_buckets_are_closed(self) -> None:
        block = self.s3.get_public_access_block(**BUCKET)
        self.assertEqual(block["PublicAccessBlockConfiguration"], CLOSED)
        rules = self.s3.get_bucket_ownership_controls(**BUCKET)["OwnershipControls"]["Rules"]
        self.assertEqual(rules, [{"ObjectOwnership": "BucketOwnerEnforced"}])

    def test_encryption_falls_back_to_the_default(self) -> None:
        own = {
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms",
                "KMSMasterKeyID": "key",
            },
            "BucketKeyEnabled": True,
        }
        self.s3.put_bucket_encryption(
            **BUCKET, ServerSideEncryptionConfiguration={"Rules": [own]}
        )
        self.assertEqual(self.encryption(), own)
        self.s3.delete_bucket_encryption(**BUCKET)
        default = self.encryption()["ApplyServerSideEncryptionByDefault"]
        self.assertEqual(default, {"SSEAlgorithm": "AES256"})

    def encryption(self) -> dict:
        """The bucket's only encryption rule."""
        answer = self.s3.get_bucket_encryption(**BUCKET)
        return answer["ServerSideEncryptionConfiguration"]["Rules"][0]

    def test_acls_need_their_ownership_and_are_told_whole(self) -> None:
        put = self.s3.put_bucket_acl
        self.refused("AccessControlListNotSupported", put, **BUCKET, ACL="private")
        self.own("BucketOwnerPreferred")
        put(**BUCKET, ACL="log-delivery-write")
        delivery = [("LogDelivery", "READ_ACP"), ("LogDelivery", "WRITE")]
        self.assertEqual(self.permissions(), delivery)
        put(**BUCKET, ACL="public-read-write")
        public = [("AllUsers", "READ"), ("AllUsers", "WRITE")]
        self.assertEqual(self.permissions(), public)
        self.refused(
            "InvalidBucketAclWithObjectOwnership", self.own, ownership="BucketOwnerEnforced"
        )
        put(**BUCKET, ACL="private")
        self.assertEqual(self.permissions(), [])
        self.own("BucketOwnerEnforced")

    def own(self, ownership: str) -> None:
        """Set the bucket's object ownership."""
        self.s3.put_bucket_ownership_controls(
            **BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": ownership}]}
        )

    def test_acls_of_grants_come_back(self) -> None:
        self.own("ObjectWriter")
        owner = self.s3.get_bucket_acl(**BUCKET)["Owner"]
        grants = [
            {"Grantee": {"Type": "CanonicalUser", "ID": owner["ID"]}, "Permission": "FULL_CONTROL"},
            {"Grantee": {"Type": "CanonicalUser", "ID": "f" * 64}, "Permission": "READ"},
        ]
        self.s3.put_bucket_acl(
            **BUCKET, AccessControlPolicy={"Owner": owner, "Grants": grants}
        )
        self.assertEqual(self.s3.get_bucket_acl(**BUCKET)["Grants"], grants)

    def test_lifecycle_rules_come_back_whole(self) -> None:
        self.s3.put_bucket_lifecycle_configuration(
            **BUCKET, LifecycleConfiguration={"Rules": LIFECYCLE}
        )
        read = self.s3.get_bucket_lifecycle_configuration(**BUCKET)["Rules"]
        self.assertEqual(read, LIFECYCLE)
        self.s3.delete_bucket_lifecycle(**BUCKET)
        self.refused(
            "NoSuchLifecycleConfiguration", self.s3.get_bucket_lifecycle_configuration, **BUCKET
        )

    def test_policies_come_back_as_written(self) -> None:
        self.refused("NoSuchBucketPolicy", self.s3.get_bucket_policy, **BUCKET)
        policy = '{ "Version":"2012-10-17",  "Statement":[{"Sid":"é"}]}'
        self.s3.put_bucket_policy(**BUCKET, Policy=policy)
        self.assertEqual(self.s3.get_bucket_policy(**BUCKET)["Policy"], policy)
        for broken in ("nonsense", "{}", "[]"):
            self.refused(
                "MalformedPolicy", self.s3.put_bucket_policy, **BUCKET, Policy=broken
            )
        self.assertEqual(self.s3.get_bucket_policy(**BUCKET)["Policy"], policy)

    def test_what_is_absent_has_its_own_error(self) -> None:
        self.s3.delete_public_access_block(**BUCKET)
        self.s3.delete_bucket_ownership_controls(**BUCKET)
        absent = {
            "get_public_access_block": "NoSuchPublicAccessBlockConfiguration",
            "get_bucket_ownership_controls": "OwnershipControlsNotFoundError",
            "get_bucket_lifecycle_configuration": "NoSuchLifecycleConfiguration",
            "get_bucket_replication": "ReplicationConfigurationNotFoundError",
            "get_bucket_policy": "NoSuchBucketPolicy",
        }
        for call, code in absent.items():
            self.refused(code, getattr(self.s3, call), **BUCKET)
            self.refused("NoSuchBucket", getattr(self.s3, call), Bucket="none-such")
        self.assertNotIn("Status", self.s3.get_bucket_versioning(**BUCKET))

    def test_versioning_and_partial_blocks(self) -> None:
        for status in ("Enabled", "Suspended"):
            self.s3.put_bucket_versioning(**BUCKET, VersioningConfiguration={"Status": status})
            self.assertEqual(self.s3.get_bucket_versioning(**BUCKET)["Status"], status)
        self.s3.put_public_access_block(
            **BUCKET, PublicAccessBlockConfiguration={"BlockPublicAcls": True}
        )
        block = self.s3.get_public_access_block(**BUCKET)["PublicAccessBlockConfiguration"]
        self.assertEqual([key for key in CLOSED if block[key]], ["BlockPublicAcls"])

    def test_a_recreated_bucket_has_nothing_of_the_old_one(self) -> None:
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny"}]})
        self.s3.put_bucket_policy(**BUCKET, Policy=policy)
        self.s3.delete_bucket(**BUCKET)
        self.s3.create_bucket(**BUCKET)
        self.refused("NoSuchBucketPolicy", self.s3.get_bucket_policy, **BUCKET)

    def test_another_owner_than_expected_is_refused(self) -> None:
        member = self.client("s3", MEMBER)
        member.create_bucket(Bucket="members-logs")
        for client in (self.s3, member):
            wrong = {"Bucket": "members-logs", "ExpectedBucketOwner": MANAGEMENT}
            self.refused("AccessDenied", client.get_bucket_location, **wrong)
            self.refused("AccessDenied", client.put_bucket_acl, ACL="private", **wrong)
            self.refused("403", client.head_bucket, **wrong)
            self.refused("AccessDenied", client.get_object, Key="k", **wrong)
        right = {"Bucket": "members-logs", "ExpectedBucketOwner": MEMBER}
        self.assertIn("ResponseMetadata", member.get_bucket_location(**right))
        self.refused("404", member.head_bucket, Bucket="none", ExpectedBucketOwner=MEMBER)


class AccountBlock(MotoTest):
    """The public access block of a whole account, through S3 Control."""

    def test_round_trip_in_the_own_account_only(self) -> None:
        control, account = self.client("s3control", MEMBER), {"AccountId": MEMBER}
        code = "NoSuchPublicAccessBlockConfiguration"
        self.refused(code, control.get_public_access_block, **account)
        control.put_public_access_block(**account, PublicAccessBlockConfiguration=CLOSED)
        read = control.get_public_access_block(**account)
        self.assertEqual(read["PublicAccessBlockConfiguration"], CLOSED)
        foreign = self.client("s3control", MANAGEMENT)
        self.refused("AccessDenied", foreign.get_public_access_block, **account)
        control.delete_public_access_block(**account)
        self.refused(code, control.get_public_access_block, **account)


if __name__ == "__main__":
    unittest.main()
