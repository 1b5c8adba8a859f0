"""Proves the corrections of S3 Control against AWS's published form."""

import unittest
from datetime import UTC, datetime

from harness import MEMBER, MotoTest

REGION = "eu-west-1"
POINT = {"AccountId": MEMBER, "Name": "door"}
CLOSED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


class AccessPoints(MotoTest):
    """One access point."""

    def setUp(self) -> None:
        super().setUp()
        self.s3 = self.client("s3control", MEMBER, REGION)

    def test_an_access_point_is_closed_and_tells_its_age_and_bucket(self) -> None:
        self.s3.create_access_point(**POINT, Bucket="archive")
        found = self.s3.get_access_point(**POINT)
        self.assertEqual(found["PublicAccessBlockConfiguration"], CLOSED)
        self.assertEqual((found["Bucket"], found["BucketAccountId"]), ("archive", MEMBER))
        age = datetime.now(UTC) - found["CreationDate"]
        self.assertLess(abs(age.total_seconds()), 60)

    def test_flags_and_policies_are_kept_and_go(self) -> None:
        open_ = {**CLOSED, "BlockPublicPolicy": False}
        self.s3.create_access_point(
            **POINT, Bucket="archive", PublicAccessBlockConfiguration=open_
        )
        found = self.s3.get_access_point(**POINT)
        self.assertEqual(found["PublicAccessBlockConfiguration"], open_)
        self.refused("NoSuchAccessPointPolicy", self.s3.get_access_point_policy, **POINT)
        self.s3.put_access_point_policy(**POINT, Policy='{"Statement": []}')
        answers: list[bytes] = []
        self.s3.meta.events.register(
            "response-received.s3-control.GetAccessPointPolicy",
            lambda response_dict, **_: answers.append(response_dict["body"]),
        )
        policy = self.s3.get_access_point_policy(**POINT)["Policy"]
        self.assertEqual(policy, '{"Statement": []}')
        self.assertIn(b"<GetAccessPointPolicyResult", answers[0])
        self.s3.delete_access_point_policy(**POINT)
        self.refused("NoSuchAccessPointPolicy", self.s3.get_access_point_policy, **POINT)
        self.s3.delete_access_point(**POINT)
        self.refused("NoSuchAccessPoint", self.s3.get_access_point, **POINT)


if __name__ == "__main__":
    unittest.main()
