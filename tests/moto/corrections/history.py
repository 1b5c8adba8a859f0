"""CloudTrail's event history, which moto does not keep."""

import json
from collections import defaultdict
from datetime import datetime
from typing import Any

from moto.cloudtrail.models import CloudTrailBackend
from moto.cloudtrail.responses import CloudTrailResponse

from .wrapping import wrap

_RECORDS: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)


def events_are_looked_up() -> None:
    """LookupEvents finds what was recorded, by one attribute and within a time.

    API_LookupEvents: attributes are EventId, EventName, ReadOnly, Username,
    ResourceType, ResourceName, EventSource and AccessKeyId, at most one of them;
    "Events that occur after or at the specified time are returned", newest
    first, at most 50 a page; each event has its whole record as CloudTrailEvent.
    moto does not log calls, so that the tests say what was logged, with a call
    of their own (RecordEvent) that AWS does not have.
    """

    def key(self: CloudTrailResponse) -> tuple[str, str]:
        return self.current_account, self.region

    def record_event(self: CloudTrailResponse) -> str:
        _RECORDS[key(self)].append(json.loads(self._get_param("Event")))
        return "{}"

    def lookup_events(self: CloudTrailResponse) -> str:
        names = {
            "EventId": "eventID",
            "EventName": "eventName",
            "EventSource": "eventSource",
            "ReadOnly": "readOnly",
        }
        start, end = self._get_param("StartTime"), self._get_param("EndTime")
        wanted = {
            names[one["AttributeKey"]]: one["AttributeValue"]
            for one in self._get_param("LookupAttributes") or []
        }
        found = [
            record
            for record in reversed(_RECORDS[key(self)])
            if all(_text(record.get(name)) == value for name, value in wanted.items())
            and (start is None or _seconds(record["eventTime"]) >= start)
            and (end is None or _seconds(record["eventTime"]) <= end)
        ]
        skip = int(self._get_param("NextToken") or 0)
        page = found[skip : skip + 50]
        answer: dict[str, Any] = {"Events": [_event(record) for record in page]}
        if len(found) > skip + 50:
            answer["NextToken"] = str(skip + 50)
        return json.dumps(answer)

    def reset(original: Any, self: CloudTrailBackend) -> None:
        _RECORDS.clear()
        original(self)

    CloudTrailResponse.record_event = record_event
    CloudTrailResponse.lookup_events = lookup_events
    wrap(CloudTrailBackend, "reset", reset)


def _text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, bool) else value


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()


def _event(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "EventSource": record["eventSource"],
        "EventTime": _seconds(record["eventTime"]),
        "CloudTrailEvent": json.dumps(record),
    }


CORRECTIONS = (events_are_looked_up,)
