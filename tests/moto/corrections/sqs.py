"""SQS: a queue's attributes are set one by one."""

from typing import Any

from moto.sqs.models import Queue, SQSBackend

from .wrapping import wrap


def other_attributes_leave_the_policy_alone() -> None:
    """Attributes that are not named keep their values.

    API_SetQueueAttributes: "Sets the value of one or more queue attributes, like
    a policy." moto takes the policy away whenever it is not among them.
    """

    def set_queue_attributes(
        original: Any, self: SQSBackend, queue_name: str, attributes: dict[str, Any]
    ) -> Queue:
        policy = self.get_queue(queue_name).policy
        if "Policy" not in attributes and policy is not None:
            attributes = {**attributes, "Policy": policy}
        return original(self, queue_name, attributes)

    wrap(SQSBackend, "set_queue_attributes", set_queue_attributes)


CORRECTIONS = (other_attributes_leave_the_policy_alone,)
