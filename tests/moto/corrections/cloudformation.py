"""Stacks that are found by what is in them."""

from collections.abc import Iterable
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.responses import CloudFormationResponse, StackResourceDTO
from moto.core.responses import ActionResult

from .wrapping import wrap


def stacks_are_found_by_their_resources() -> None:
    """DescribeStackResources finds a stack by the physical ID of a resource.

    API_DescribeStackResources: "You must specify either StackName or
    PhysicalResourceId, but not both"; an ID that no stack has is a
    ValidationError. moto looks at StackName alone.
    """

    def describe(original: Any, self: CloudFormationResponse) -> Any:
        wanted = self._get_param("PhysicalResourceId")
        if not wanted:
            return original(self)
        for stack in self.cloudformation_backend.stacks.values():
            if wanted in _ids(stack.stack_resources):
                found = [StackResourceDTO(stack, one) for one in stack.stack_resources]
                return ActionResult({"StackResources": found})
        raise ValidationError(message=f"Stack for {wanted} does not exist")

    wrap(CloudFormationResponse, "describe_stack_resources", describe)


def _ids(resources: Iterable[Any]) -> set[str]:
    return {one.physical_resource_id for one in resources}


CORRECTIONS = (stacks_are_found_by_their_resources,)
