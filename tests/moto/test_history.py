"""CloudTrail's event history."""

import json
import unittest
from datetime import datetime, timedelta, timezone
from typing import Any

from harness import MEMBER, MotoTest


class History(MotoTest):
    """What was logged is found by ID, by name, and within a time."""

    def record(self, number: int, name: str, time: datetime) -> None:
        """Say that a call was logged."""
        event = {
            "eventID": f"event-{number}",
            "eventName": name,
            "eventSource": "sns.amazonaws.com",
            "readOnly": False,
            "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self.json("RecordEvent", {"Event": json.dumps(event)})

    def json(self, action: str, parameters: dict[str, Any]) -> None:
        """A call that no SDK knows."""
        scope = "AKIA/20260101/us-east-1/cloudtrail/aws4_request"
        headers = {
            "X-Amz-Target": f"com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{action}",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        }
        self.request("POST", "/", body=json.dumps(parameters), headers=headers)

    def found(self, **parameters: Any) -> list[str]:
        """The IDs of what is found."""
        pages = self.client("cloudtrail").get_paginator("lookup_events")
        events = [event for page in pages.paginate(**parameters) for event in page["Events"]]
        return [event["EventId"] for event in events]

    def test_lookup(self) -> None:
        now = datetime.now(timezone.utc).replace(microsecond=0)
        for number in range(60):
            name = "Subscribe" if number % 2 else "Publish"
            self.record(number, name, now - timedelta(minutes=60 - number))
        self.assertEqual(len(self.found()), 60)
        self.assertEqual(self.found()[0], "event-59", "newest first")
        by = lambda key, value: [{"AttributeKey": key, "AttributeValue": value}]
        self.assertEqual(self.found(LookupAttributes=by("EventId", "event-7")), ["event-7"])
        self.assertEqual(len(self.found(LookupAttributes=by("EventName", "Subscribe"))), 30)
        for read_only, count in (("false", 60), ("true", 0)):
            self.assertEqual(len(self.found(LookupAttributes=by("ReadOnly", read_only))), count)
        late = self.found(StartTime=now - timedelta(minutes=3))
        self.assertEqual(late, ["event-59", "event-58", "event-57"])
        other = self.client("cloudtrail", account=MEMBER).lookup_events()
        self.assertEqual(other["Events"], [])


if __name__ == "__main__":
    unittest.main()
