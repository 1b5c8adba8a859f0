"""Proves the correction of CloudWatch against AWS's protocol."""

import datetime
import unittest

from harness import MEMBER, MotoTest

ALARM = {
    "AlarmName": "root-use",
    "ActionsEnabled": True,
    "AlarmActions": ["arn:aws:sns:us-east-1:111111111111:security"],
    "MetricName": "RootUse",
    "Namespace": "acme/cis",
    "Statistic": "Sum",
    "Period": 86400,
    "EvaluationPeriods": 300,
    "Threshold": -1.5,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}


class Alarms(MotoTest):
    """An alarm, through the protocol that boto3 speaks with CloudWatch."""

    def setUp(self) -> None:
        super().setUp()
        self.cloudwatch = self.client("cloudwatch")
        self.cloudwatch.put_metric_alarm(**ALARM)

    def alarms(self) -> list[dict]:
        """All there are."""
        return self.cloudwatch.describe_alarms(AlarmNames=["root-use"])["MetricAlarms"]

    def test_an_alarm_comes_back_as_it_was_put(self) -> None:
        [alarm] = self.alarms()
        self.assertEqual({name: alarm[name] for name in ALARM}, ALARM)
        self.assertIsInstance(
            alarm["AlarmConfigurationUpdatedTimestamp"], datetime.datetime
        )
        self.assertEqual(self.client("cloudwatch", MEMBER).describe_alarms()["MetricAlarms"], [])

    def test_actions_are_switched_off_and_on(self) -> None:
        self.cloudwatch.disable_alarm_actions(AlarmNames=["root-use"])
        self.assertIs(self.alarms()[0]["ActionsEnabled"], False)
        self.cloudwatch.enable_alarm_actions(AlarmNames=["root-use"])
        self.assertIs(self.alarms()[0]["ActionsEnabled"], True)

    def test_an_alarm_is_deleted(self) -> None:
        self.cloudwatch.delete_alarms(AlarmNames=["root-use"])
        self.assertEqual(self.alarms(), [])


if __name__ == "__main__":
    unittest.main()
