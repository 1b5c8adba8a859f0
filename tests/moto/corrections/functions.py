"""Lambda: who may call a function, what it reads, what becomes of failures."""

from typing import Any
from urllib.parse import unquote

from moto.awslambda.models import EventInvokeConfig, EventSourceMapping, LambdaBackend
from moto.awslambda.policy import Policy

from .wrapping import wrap


def principals_are_written_as_arns() -> None:
    """An account becomes its root's ARN, a principal of IAM stands under `AWS`.

    "Viewing resource-based IAM policies in Lambda" (developer guide) shows such
    statements; moto leaves both as they were given.
    """

    def formatter(original: Any, self: Policy, principal: Any) -> Any:
        if isinstance(principal, str) and principal.isdigit():
            return {"AWS": f"arn:aws:iam::{principal}:root"}
        if isinstance(principal, str) and principal.startswith("arn:"):
            return {"AWS": principal}
        return original(self, principal)

    wrap(Policy, "principal_formatter", formatter)


def mappings_are_listed_by_name_and_by_arn() -> None:
    """API_ListEventSourceMappings: FunctionName is a name, an ARN or a part of it.

    moto compares it with what the mapping was made with.
    """

    def method(original: Any, self: LambdaBackend, source: str, function: str) -> Any:
        found = original(self, source, "")
        name = function and function.split(":function:")[-1]
        return [one for one in found if not name or one.function_arn.endswith(f":{name}")]

    wrap(LambdaBackend, "list_event_source_mappings", method)


def mappings_keep_the_id_of_the_record() -> None:
    """A recorded call made again gets the ID that the record says it got.

    AWS gives a new ID to each mapping; the tests send the recorded one along.
    """

    def init(original: Any, self: EventSourceMapping, spec: dict[str, Any]) -> None:
        original(self, spec)
        if "UUID" in spec:
            self.uuid = spec["UUID"]

    wrap(EventSourceMapping, "__init__", init)


def asynchronous_events_are_configured_once() -> None:
    """API_PutFunctionEventInvokeConfig replaces what there was.

    "If a configuration already exists for a function, version, or alias, this
    operation overwrites it"; API_UpdateFunctionEventInvokeConfig keeps what is not
    given. moto appends, and gives the first.
    """

    def put(original: Any, self: LambdaBackend, name: str, config: dict[str, Any]) -> Any:
        function = self.get_function(name)
        function.event_invoke_config = []
        return original(self, name, config)

    def update(original: Any, self: LambdaBackend, name: str, config: dict[str, Any]) -> Any:
        before = self.get_function(name).event_invoke_config
        known = before[0].config if before else {}
        return self.put_function_event_invoke_config(name, {**known, **config})

    def response(original: Any, self: EventInvokeConfig) -> dict[str, Any]:
        return {**original(self), "LastModified": 1790000000}

    wrap(LambdaBackend, "put_function_event_invoke_config", put)
    wrap(LambdaBackend, "update_function_event_invoke_config", update)
    wrap(EventInvokeConfig, "response", response)


def aliases_are_listed_by_arn() -> None:
    """API_ListAliases takes a function's name or its ARN.

    An ARN stands in the path with its colons escaped; moto takes them as they are.
    """

    def aliases(original: Any, self: LambdaBackend, name: str) -> Any:
        return original(self, unquote(name))

    wrap(LambdaBackend, "list_aliases", aliases)


CORRECTIONS = (
    aliases_are_listed_by_arn,
    principals_are_written_as_arns,
    mappings_are_listed_by_name_and_by_arn,
    mappings_keep_the_id_of_the_record,
    asynchronous_events_are_configured_once,
)
