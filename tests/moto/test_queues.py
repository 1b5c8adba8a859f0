"""SQS: corrections."""

import json
import unittest

from harness import MotoTest


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


if __name__ == "__main__":
    unittest.main()
