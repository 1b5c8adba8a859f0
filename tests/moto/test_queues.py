"""SQS: corrections."""

import json
import unittest
from typing import Any

from harness import MANAGEMENT, MotoTest


class Queues(MotoTest):
    """One queue with a policy."""

    def test_other_attributes_leave_the_policy_alone(self) -> None:
        sqs = self.client("sqs")
        policy = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "EventBridge",
                        "Effect": "Allow",
                        "Principal": {"Service": "events.amazonaws.com"},
                        "Action": "sqs:SendMessage",
                        "Resource": "*",
                    }
                ],
            }
        )
        url = sqs.create_queue(QueueName="q", Attributes={"Policy": policy})["QueueUrl"]

        def found() -> dict[str, str]:
            answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
            return answer["Attributes"]

        sqs.set_queue_attributes(
            QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"}
        )
        self.assertEqual(found()["MessageRetentionPeriod"], "60")
        self.assertEqual(json.loads(found()["Policy"]), json.loads(policy))
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
        self.assertNotIn("Policy", found())

    def test_a_message_has_its_sender(self) -> None:
        iam = self.client("iam")
        role = iam.create_role(
            RoleName="OrganizationAccountAccessRole", AssumeRolePolicyDocument="{}"
        )["Role"]["RoleId"]
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="m")
        [message] = sqs.receive_message(
            QueueUrl=url, MessageSystemAttributeNames=["SenderId"]
        )["Messages"]
        self.assertEqual(message["Attributes"]["SenderId"], f"{role}:tests")

    def test_a_role_that_nobody_made_has_one_id_too(self) -> None:
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="m")
        [message] = sqs.receive_message(
            QueueUrl=url, MessageSystemAttributeNames=["SenderId"]
        )["Messages"]
        asked = self.client("sts").get_caller_identity()
        self.assertEqual(message["Attributes"]["SenderId"], asked["UserId"])

    def test_a_dead_letter_names_its_queue(self) -> None:
        sqs = self.client("sqs")
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-1:{MANAGEMENT}"
        redrive = {"deadLetterTargetArn": f"{arn}:dead", "maxReceiveCount": 1}
        url = sqs.create_queue(
            QueueName="q", Attributes={"RedrivePolicy": json.dumps(redrive)}
        )["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="m")

        def received(url: str) -> list[dict[str, Any]]:
            answer = sqs.receive_message(
                QueueUrl=url,
                VisibilityTimeout=0,
                MessageSystemAttributeNames=["DeadLetterQueueSourceArn"],
            )
            return answer.get("Messages", [])

        self.assertEqual(received(url)[0].get("Attributes"), None)
        self.assertEqual(received(url), [])
        [letter] = received(dead)
        self.assertEqual(
            letter["Attributes"], {"DeadLetterQueueSourceArn": f"{arn}:q"}
        )


if __name__ == "__main__":
    unittest.main()
