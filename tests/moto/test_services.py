"""KMS, IAM, DynamoDB, SNS and SQS: corrections, and what the tests rely on."""

import json
import time
import unittest
from typing import Any
from urllib.parse import quote, urlencode

from botocore.exceptions import ClientError
from harness import MANAGEMENT, MEMBER, MotoTest

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


class ServiceLinkedRoles(MotoTest):
    """What services make for themselves."""

    def test_name(self) -> None:
        made = self.client("iam").create_service_linked_role(
            AWSServiceName="cloudtrail.amazonaws.com"
        )
        self.assertEqual(made["Role"]["RoleName"], "AWSServiceRoleForCloudTrail")
        self.assertEqual(made["Role"]["Path"], "/aws-service-role/cloudtrail.amazonaws.com/")


class Stacks(MotoTest):
    """Which stack a resource is of."""

    def test_a_stack_is_found_by_a_resource(self) -> None:
        stacks = self.client("cloudformation")
        template = {"Resources": {"Logs": {
            "Type": "AWS::S3::Bucket", "Properties": {"BucketName": "of-a-stack"}}}}  # fmt: skip
        stacks.create_stack(StackName="log-archive", TemplateBody=json.dumps(template))
        found = stacks.describe_stack_resources(PhysicalResourceId="of-a-stack")
        names = {one["StackName"] for one in found["StackResources"]}
        self.assertEqual(names, {"log-archive"})
        self.refused(
            "ValidationError", stacks.describe_stack_resources, PhysicalResourceId="of-none"
        )


class Keys(MotoTest):
    """One key, always named by its ARN."""

    def setUp(self) -> None:
        super().setUp()
        self.kms = self.client("kms")
        tags = [{"TagKey": "a", "TagValue": "b"}]
        self.arn = self.kms.create_key(Tags=tags)["KeyMetadata"]["Arn"]
        self.key = {"KeyId": self.arn}

    def state(self) -> str:
        """The key's state."""
        return self.kms.describe_key(**self.key)["KeyMetadata"]["KeyState"]

    def test_states(self) -> None:
        self.kms.disable_key(**self.key)
        self.assertEqual(self.state(), "Disabled")
        self.kms.enable_key(**self.key)
        self.assertEqual(self.state(), "Enabled")
        self.refused("KMSInvalidStateException", self.kms.cancel_key_deletion, **self.key)
        scheduled = self.kms.schedule_key_deletion(**self.key, PendingWindowInDays=7)
        self.assertEqual(scheduled["KeyId"], self.arn)
        for call in ("disable_key", "enable_key", "schedule_key_deletion"):
            call = getattr(self.kms, call)
            self.refused("KMSInvalidStateException", call, **self.key)
        self.assertEqual(self.state(), "PendingDeletion")
        bare = {"KeyId": self.arn.rsplit("/", 1)[1]}
        self.assertEqual(self.kms.cancel_key_deletion(**bare)["KeyId"], self.arn)
        self.assertEqual(self.state(), "Disabled")

    def test_policies(self) -> None:
        policy = '{"Version":"2012-10-17", "Statement":[ ]}'
        self.kms.put_key_policy(**self.key, Policy=policy)
        self.assertEqual(self.kms.get_key_policy(**self.key)["Policy"], policy)
        self.refused(
            "MalformedPolicyDocumentException",
            self.kms.put_key_policy,
            **self.key,
            Policy="broken",
        )
        tags = self.kms.list_resource_tags(**self.key)["Tags"]
        self.assertEqual(tags, [{"TagKey": "a", "TagValue": "b"}])

    def test_grants(self) -> None:
        grantee = "arn:aws:iam::111111111111:role/reader"
        asked = {"GranteePrincipal": grantee, "Operations": ["Decrypt"]}
        grant = self.kms.create_grant(**self.key, **asked)["GrantId"]
        [listed] = self.kms.list_grants(**self.key, GrantId=grant)["Grants"]
        self.assertAlmostEqual(listed["CreationDate"].timestamp(), time.time(), delta=60)
        self.assertEqual((listed["Name"], listed["GranteePrincipal"]), ("", grantee))
        self.assertNotIn("RetiringPrincipal", listed)
        self.kms.revoke_grant(**self.key, GrantId=grant)
        self.assertEqual(self.kms.list_grants(**self.key)["Grants"], [])

    def test_rotation(self) -> None:
        for given, days in (({}, 365), ({"RotationPeriodInDays": 180}, 180)):
            self.kms.enable_key_rotation(**self.key, **given)
            status = self.kms.get_key_rotation_status(**self.key)
            self.assertEqual(status["RotationPeriodInDays"], days)
        self.kms.disable_key_rotation(**self.key)
        status = self.kms.get_key_rotation_status(**self.key)
        self.assertFalse(status["KeyRotationEnabled"])
        self.assertNotIn("RotationPeriodInDays", status)


class Roles(MotoTest):
    """What moto already does as AWS does, in IAM."""

    def setUp(self) -> None:
        super().setUp()
        self.iam = self.client("iam")
        self.role = {"RoleName": "reader"}
        self.iam.create_role(**self.role, AssumeRolePolicyDocument=json.dumps(TRUST))

    def test_documents_are_url_encoded_on_the_wire(self) -> None:
        answer = self.request(
            "POST",
            "/",
            body=urlencode({"Action": "GetRole", "Version": "2010-05-08", **self.role}),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": "AWS4-HMAC-SHA256 "
                "Credential=AKIA/20260101/us-east-1/iam/aws4_request",
            },
        ).decode()
        self.assertIn(quote('{"Version": "2012-10-17"', safe=""), answer)

    def test_trust_boundary_and_inline_policies(self) -> None:
        changed = json.loads(json.dumps(TRUST).replace("222222222222", "333333333333"))
        self.iam.update_assume_role_policy(**self.role, PolicyDocument=json.dumps(changed))
        read = self.iam.get_role(**self.role)["Role"]
        self.assertEqual(read["AssumeRolePolicyDocument"], changed)
        self.iam.put_role_permissions_boundary(**self.role, PermissionsBoundary=ADMINISTRATOR)
        read = self.iam.get_role(**self.role)["Role"]["PermissionsBoundary"]
        self.assertEqual(read["PermissionsBoundaryArn"], ADMINISTRATOR)
        self.iam.delete_role_permissions_boundary(**self.role)
        self.assertNotIn("PermissionsBoundary", self.iam.get_role(**self.role)["Role"])

    def test_attached_and_inline_policies_of_every_kind(self) -> None:
        self.iam.create_user(UserName="reader")
        self.iam.create_group(GroupName="reader")
        inline = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
            }
        )
        for kind in ("role", "user", "group"):
            who = {f"{kind.capitalize()}Name": "reader"}

            def call(verb: str, of: str = kind, **more: Any) -> Any:
                return getattr(self.iam, verb.format(of))(**who, **more)

            call("attach_{}_policy", PolicyArn=ADMINISTRATOR)
            attached = call("list_attached_{}_policies")["AttachedPolicies"]
            self.assertEqual([one["PolicyArn"] for one in attached], [ADMINISTRATOR])
            call("detach_{}_policy", PolicyArn=ADMINISTRATOR)
            self.assertEqual(call("list_attached_{}_policies")["AttachedPolicies"], [])
            self.refused(
                "NoSuchEntity", call, verb="detach_{}_policy", PolicyArn=ADMINISTRATOR
            )
            call("put_{}_policy", PolicyName="inline", PolicyDocument=inline)
            read = call("get_{}_policy", PolicyName="inline")["PolicyDocument"]
            self.assertEqual(read, json.loads(inline))
            call("delete_{}_policy", PolicyName="inline")
            self.refused("NoSuchEntity", call, verb="get_{}_policy", PolicyName="inline")


class Table(MotoTest):
    """What moto already does as AWS does, in DynamoDB."""

    def setUp(self) -> None:
        super().setUp()
        self.db = self.client("dynamodb")
        self.db.create_table(
            TableName="cases",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        )
        self.db.put_item(TableName="cases", Item=self.item("held"))

    @staticmethod
    def item(name: str) -> dict[str, Any]:
        """An item under this key."""
        return {"pk": {"S": name}}

    def test_a_cancelled_transaction_says_why_and_writes_nothing(self) -> None:
        fresh = {
            "TableName": "cases",
            "ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        with self.assertRaises(ClientError) as caught:
            self.db.transact_write_items(
                TransactItems=[
                    {"Put": {**fresh, "Item": self.item("new")}},
                    {"ConditionCheck": {**fresh, "Key": self.item("held")}},
                ]
            )
        reasons = caught.exception.response["CancellationReasons"]
        self.assertEqual(
            [one["Code"] for one in reasons], ["None", "ConditionalCheckFailed"]
        )
        self.assertEqual(reasons[1]["Item"], self.item("held"))
        self.assertNotIn("Item", self.db.get_item(TableName="cases", Key=self.item("new")))

    def test_batches_leave_out_what_is_not_there(self) -> None:
        keys = [self.item("held"), self.item("none")]
        read = self.db.batch_get_item(RequestItems={"cases": {"Keys": keys}})
        self.assertEqual(read["Responses"], {"cases": [self.item("held")]})
        self.assertEqual(read["UnprocessedKeys"], {})


class Messages(MotoTest):
    """A topic, and queues in two accounts."""

    def setUp(self) -> None:
        super().setUp()
        self.sns, self.sqs = self.client("sns"), self.client("sqs")
        self.topic = self.sns.create_topic(Name="alerts")["TopicArn"]

    def queue(self, name: str, sqs: Any, **attributes: str) -> str:
        """A queue that the topic sends to."""
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        self.sns.subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=arn["Attributes"]["QueueArn"],
            Attributes=attributes,
        )
        return url

    @staticmethod
    def received(sqs: Any, url: str) -> list[str]:
        """The bodies that wait in a queue."""
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [message["Body"] for message in answer.get("Messages", [])]

    def test_messages_reach_queues_by_protocol_filter_and_account(self) -> None:
        other = self.client("sqs", MEMBER)
        plain = self.queue("plain", self.sqs)
        critical = self.queue(
            "critical", self.sqs, FilterPolicy=json.dumps({"severity": ["critical"]})
        )
        raw = self.queue("raw", other, RawMessageDelivery="true")
        for severity in ("critical", "low"):
            self.sns.publish(
                TopicArn=self.topic,
                MessageStructure="json",
                Message=json.dumps({"default": "text", "sqs": severity}),
                MessageAttributes={
                    "severity": {"DataType": "String", "StringValue": severity}
                },
            )
        bodies = [json.loads(body)["Message"] for body in self.received(self.sqs, plain)]
        self.assertEqual(bodies, ["critical", "low"])
        self.assertEqual(len(self.received(self.sqs, critical)), 1)
        self.assertEqual(self.received(other, raw), ["critical", "low"])

    def test_what_is_no_message_is_refused(self) -> None:
        for wrong in (
            {"Message": '{"sqs":"x"}', "MessageStructure": "json"},
            {"Message": "text", "MessageStructure": "json"},
            {"Message": "text", "Subject": "two\nlines"},
            {"Message": "text", "Subject": "x" * 101},
        ):
            self.refused(
                "InvalidParameter", self.sns.publish, TopicArn=self.topic, **wrong
            )

    def test_delayed_messages_come_later(self) -> None:
        url = self.sqs.create_queue(QueueName="rejudge")["QueueUrl"]
        self.assertIn(MANAGEMENT, url)
        self.sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=1)
        self.sqs.send_message(QueueUrl=url, MessageBody="now")
        self.assertEqual(self.received(self.sqs, url), ["now"])
        time.sleep(1.2)
        self.assertEqual(self.received(self.sqs, url), ["late"])


if __name__ == "__main__":
    unittest.main()
