"""EventBridge: policies and configurations of event buses."""

import json
from typing import Any

from moto.events.models import EventBus, EventsBackend
from moto.events.responses import EventsHandler

from .wrapping import wrap


def a_whole_policy_replaces_the_one_before() -> None:
    """API_PutPermission: Policy "containing the permission policy for the event bus".

    It is the whole of it; moto adds its statements to those there are.
    """

    def add_policy(original: Any, self: EventBus, policy: dict[str, Any]) -> None:
        self.remove_statements()
        original(self, policy)

    wrap(EventBus, "add_policy", add_policy)


def everybody_is_an_asterisk() -> None:
    """API_PutPermission: Principal "*" "to permit any account".

    moto makes an ARN of it that names no account.
    """

    def add_permission(
        original: Any, self: EventBus, sid: str, action: str, principal: Any, condition: Any
    ) -> None:
        everybody = str(principal.get("AWS", "")).endswith("::*:root")
        original(self, sid, action, "*" if everybody else principal, condition)

    wrap(EventBus, "add_permission", add_permission)


def buses_are_updated() -> None:
    """API_UpdateEventBus, which moto does not have.

    An empty key or dead-letter configuration takes the one before away.
    """

    def update_event_bus(self: EventsHandler) -> str:
        backend: EventsBackend = self.events_backend
        bus = backend.describe_event_bus(self._get_param("Name"))
        for name, field in (
            ("Description", "description"),
            ("KmsKeyIdentifier", "kms_key_identifier"),
            ("DeadLetterConfig", "dead_letter_config"),
        ):
            value = self._get_param(name)
            if value is not None:
                setattr(bus, field, value or None)
        return json.dumps({"Arn": bus.arn, "Name": bus.name})

    EventsHandler.update_event_bus = update_event_bus


CORRECTIONS = (
    a_whole_policy_replaces_the_one_before,
    everybody_is_an_asterisk,
    buses_are_updated,
)
