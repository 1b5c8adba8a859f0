"""Lambda and EventBridge: corrections that the guard's own resources rely on."""

import json
import unittest

from botocore.exceptions import ClientError
from harness import MANAGEMENT, MotoTest

STRANGER = "333333333333"
ROLE = f"arn:aws:iam::{MANAGEMENT}:role/runs"
NOTHING = b"PK\x05\x06" + bytes(18)


class Functions(MotoTest):
    """One function and its queue."""

    def setUp(self) -> None:
        super().setUp()
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        }
        iam = self.client("iam")
        iam.create_role(RoleName="runs", AssumeRolePolicyDocument=json.dumps(trust))
        self.functions = self.client("lambda")
        made = self.functions.create_function(
            FunctionName="f",
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role=ROLE,
            Code={"ZipFile": NOTHING},
        )
        self.arn = made["FunctionArn"]

    def test_principals(self) -> None:
        for sid, principal, expected in (
            ("account", STRANGER, {"AWS": f"arn:aws:iam::{STRANGER}:root"}),
            ("role", ROLE, {"AWS": ROLE}),
            ("service", "events.amazonaws.com", {"Service": "events.amazonaws.com"}),
            ("everybody", "*", "*"),
        ):
            self.functions.add_permission(
                FunctionName="f",
                StatementId=sid,
                Action="lambda:InvokeFunction",
                Principal=principal,
            )
            policy = json.loads(self.functions.get_policy(FunctionName=self.arn)["Policy"])
            self.assertEqual(policy["Statement"][-1]["Principal"], expected)

    def test_aliases_by_name_and_arn(self) -> None:
        self.functions.create_alias(FunctionName="f", Name="live", FunctionVersion="$LATEST")
        for name in ("f", self.arn):
            found = self.functions.list_aliases(FunctionName=name)["Aliases"]
            self.assertEqual([alias["Name"] for alias in found], ["live"])

    def test_mappings_by_name_and_arn(self) -> None:
        sqs = self.client("sqs")
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        arn = arn["Attributes"]["QueueArn"]
        self.functions.create_event_source_mapping(FunctionName="f", EventSourceArn=arn)
        for name in ("f", self.arn):
            found = self.functions.list_event_source_mappings(FunctionName=name)
            self.assertEqual(len(found["EventSourceMappings"]), 1, name)
        found = self.functions.list_event_source_mappings(FunctionName="g")
        self.assertEqual(found["EventSourceMappings"], [])

    def test_asynchronous_events(self) -> None:
        name = {"FunctionName": "f"}
        self.functions.put_function_event_invoke_config(**name, MaximumRetryAttempts=2)
        self.functions.put_function_event_invoke_config(**name, MaximumEventAgeInSeconds=60)
        found = self.functions.get_function_event_invoke_config(**name)
        self.assertNotIn("MaximumRetryAttempts", found)
        self.functions.update_function_event_invoke_config(**name, MaximumRetryAttempts=0)
        found = self.functions.get_function_event_invoke_config(**name)
        self.assertEqual((found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]), (0, 60))


class Buses(MotoTest):
    """One bus of one's own."""

    def setUp(self) -> None:
        super().setUp()
        self.events = self.client("events")
        self.arn = self.events.create_event_bus(Name="b")["EventBusArn"]

    def statements(self) -> list:
        """What the bus's policy says."""
        policy = self.events.describe_event_bus(Name="b").get("Policy", '{"Statement": []}')
        return json.loads(policy)["Statement"]

    def test_policies(self) -> None:
        condition = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-a"}
        self.events.put_permission(
            EventBusName="b",
            Action="events:PutEvents",
            Principal="*",
            StatementId="ours",
            Condition=condition,
        )
        self.assertEqual(self.statements()[0]["Principal"], "*")
        whole = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "other",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{STRANGER}:root"},
                    "Action": "events:PutEvents",
                    "Resource": self.arn,
                }
            ],
        }
        self.events.put_permission(EventBusName="b", Policy=json.dumps(whole))
        self.assertEqual([one["Sid"] for one in self.statements()], ["other"])

    def test_updates(self) -> None:
        queue = "arn:aws:sqs:us-east-1:111111111111:q"
        self.events.update_event_bus(Name="b", DeadLetterConfig={"Arn": queue}, Description="d")
        found = self.events.describe_event_bus(Name="b")
        self.assertEqual(found["DeadLetterConfig"], {"Arn": queue})
        self.events.update_event_bus(Name="b", DeadLetterConfig={})
        found = self.events.describe_event_bus(Name="b")
        self.assertNotIn("DeadLetterConfig", found)
        self.assertEqual(found["Description"], "d")
        with self.assertRaises(ClientError):
            self.events.update_event_bus(Name="c", Description="d")


if __name__ == "__main__":
    unittest.main()
