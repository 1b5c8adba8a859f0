"""Proves the corrections of CloudWatch Logs against AWS's published form."""

import json
import unittest

from harness import MANAGEMENT, REGION, STRANGER, MotoTest

GROUP = {"logGroupName": "/acme/org-trail"}
POLICY = json.dumps({"Name": "masking", "Version": "2021-06-01", "Statement": []})


class Groups(MotoTest):
    """One log group, and a destination in another account."""

    def setUp(self) -> None:
        super().setUp()
        self.logs = self.client("logs")
        self.logs.create_log_group(**GROUP)

    def destination(self, account: str, name: str) -> str:
        """The ARN of a new destination."""
        made = self.client("logs", account).put_destination(
            destinationName=name,
            targetArn=f"arn:aws:kinesis:{REGION}:{account}:stream/{name}",
            roleArn=f"arn:aws:iam::{account}:role/{name}",
        )
        return made["destination"]["arn"]

    def test_subscriptions_go_to_destinations(self) -> None:
        for number in range(2):
            arn = self.destination(STRANGER, f"collect-{number}")
            filter_ = {"filterName": f"f{number}", "filterPattern": "", "destinationArn": arn}
            self.logs.put_subscription_filter(**GROUP, **filter_)
        # A filter of the same name is replaced, also where there are two.
        filter_["filterPattern"] = "{ $.a = 1 }"
        self.logs.put_subscription_filter(**GROUP, **filter_)
        found = self.logs.describe_subscription_filters(**GROUP)["subscriptionFilters"]
        self.assertEqual([one["filterPattern"] for one in found], ["", "{ $.a = 1 }"])
        filter_["destinationArn"] = arn.replace("collect-1", "nowhere")
        self.refused(
            "InvalidParameterException", self.logs.put_subscription_filter, **GROUP, **filter_
        )

    def test_metric_filters_go_with_their_group(self) -> None:
        counted = [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}]
        other = {"logGroupName": "/acme/other"}
        self.logs.create_log_group(**other)
        for group in (GROUP, other):
            named = {"filterName": "f", "filterPattern": "", "metricTransformations": counted}
            self.logs.put_metric_filter(**group, **named)
        self.logs.delete_log_group(**GROUP)
        self.logs.create_log_group(**GROUP)
        found = self.logs.describe_metric_filters()["metricFilters"]
        self.assertEqual([one["logGroupName"] for one in found], ["/acme/other"])

    def test_keys(self) -> None:
        key = f"arn:aws:kms:{REGION}:{MANAGEMENT}:key/k"
        self.logs.associate_kms_key(**GROUP, kmsKeyId=key)
        groups = self.logs.describe_log_groups()["logGroups"]
        self.assertEqual(groups[0]["kmsKeyId"], key)
        self.logs.disassociate_kms_key(**GROUP)
        self.assertNotIn("kmsKeyId", self.logs.describe_log_groups()["logGroups"][0])
        gone = {"logGroupName": "/acme/none"}
        self.refused("ResourceNotFoundException", self.logs.disassociate_kms_key, **gone)

    def test_data_protection(self) -> None:
        arn = f"arn:aws:logs:{REGION}:{MANAGEMENT}:log-group:/acme/org-trail:*"
        by_name = {"logGroupIdentifier": "/acme/org-trail"}
        self.assertNotIn("policyDocument", self.logs.get_data_protection_policy(**by_name))
        self.logs.put_data_protection_policy(logGroupIdentifier=arn, policyDocument=POLICY)
        found = self.logs.get_data_protection_policy(**by_name)
        self.assertEqual(found["policyDocument"], POLICY)
        self.logs.delete_data_protection_policy(**by_name)
        self.assertNotIn("policyDocument", self.logs.get_data_protection_policy(**by_name))
        gone = {"logGroupIdentifier": "/acme/none"}
        self.refused("ResourceNotFoundException", self.logs.get_data_protection_policy, **gone)

    def test_account_policies(self) -> None:
        sort = {"policyType": "DATA_PROTECTION_POLICY"}
        named = {**sort, "policyName": "masking"}
        self.assertEqual(self.logs.describe_account_policies(**sort)["accountPolicies"], [])
        self.refused("ResourceNotFoundException", self.logs.describe_account_policies, **named)
        self.logs.put_account_policy(**named, policyDocument=POLICY, scope="ALL")
        found = self.logs.describe_account_policies(**sort)["accountPolicies"]
        self.assertEqual([one["policyDocument"] for one in found], [POLICY])
        self.logs.delete_account_policy(**named)
        self.assertEqual(self.logs.describe_account_policies(**sort)["accountPolicies"], [])
        self.refused("ResourceNotFoundException", self.logs.delete_account_policy, **named)


if __name__ == "__main__":
    unittest.main()
