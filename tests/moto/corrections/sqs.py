"""SQS: a queue's attributes, who sent a message, and where a dead letter is from."""

from typing import Any

from moto.core.responses import ActionResult
from moto.iam.models import iam_backends
from moto.sqs.models import Message, Queue, SQSBackend
from moto.sqs.responses import SQSResponse
from moto.sts.models import AssumedRole, sts_backends

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


def a_message_has_its_sender() -> None:
    """A message says who sent it.

    API_ReceiveMessage: "SenderId: For a user, returns the user ID [...] For an
    IAM role, returns the IAM role ID, for example ABCDE1F2GH3I4JK5LMNOP:i-a123b456."
    moto has one made-up sender for all, and gives a role that nobody made another ID
    each time it is asked.
    """
    ids: dict[str, str] = {}

    def user_id(original: Any, self: AssumedRole) -> str:
        made_up, session = original(self).split(":")
        role = iam_backends[self.account_id][self.partition].roles.values()
        if any(self.role_arn == one.arn for one in role):
            return f"{made_up}:{session}"
        return f"{ids.setdefault(self.role_arn, made_up)}:{session}"

    def send_message(original: Any, self: SQSResponse) -> ActionResult:
        answer = original(self)
        sts = sts_backends[self.current_account][self.partition]
        sender, _, _ = sts.get_caller_identity(self.get_access_key(), self.region)
        queue = self.sqs_backend.get_queue(self._get_queue_name())
        for message in queue._messages:
            if message.id == answer.result["MessageId"]:
                message.sender_id = sender
        return answer

    of_role = AssumedRole.user_id.fget
    AssumedRole.user_id = property(lambda self: user_id(of_role, self))
    wrap(SQSResponse, "send_message", send_message)


def a_dead_letter_names_its_queue() -> None:
    """A message that was moved says from which queue.

    API_ReceiveMessage has DeadLetterQueueSourceArn among the system attributes;
    moto does not.
    """

    def add_message(original: Any, self: Queue, message: Message) -> None:
        message.been_in = [*getattr(message, "been_in", []), self.queue_arn]
        original(self, message)

    def receive_message(original: Any, self: SQSResponse) -> ActionResult:
        answer = original(self)
        names = self._get_param("MessageSystemAttributeNames", [])
        queue = self.sqs_backend.get_queue(self._get_queue_name())
        sources = {one.id: one.been_in[-2] for one in queue._messages if one.been_in[1:]}
        for message in answer.result.get("Messages", []):
            source = sources.get(message["MessageId"])
            if source and {"All", "DeadLetterQueueSourceArn"} & set(names):
                message.setdefault("Attributes", {})["DeadLetterQueueSourceArn"] = source
        return answer

    wrap(Queue, "add_message", add_message)
    wrap(SQSResponse, "receive_message", receive_message)


CORRECTIONS = (
    other_attributes_leave_the_policy_alone,
    a_message_has_its_sender,
    a_dead_letter_names_its_queue,
)
