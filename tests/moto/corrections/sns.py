"""SNS: what a message must be, and queues of other accounts."""

import copy
import json
from typing import Any

from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, Subscription

from .wrapping import wrap


def messages_are_checked() -> None:
    """A subject is one line of text, and a JSON message has a default.

    API_Publish: "Subjects must be UTF-8 text with no line breaks or control
    characters", and "If you set MessageStructure to json, the value of the
    Message parameter must ... contain at least a top-level JSON key of
    "default" with a value that is a string". moto checks the length only.
    """

    def publish(
        original: Any, self: SNSBackend, message: str, *rest: Any, **named: Any
    ) -> str:
        subject = named.get("subject")
        if subject is not None and not subject.isprintable():
            raise SNSInvalidParameter("Invalid parameter: Subject")
        if named.get("message_structure") == "json":
            try:
                default = json.loads(message)["default"]
            except (ValueError, TypeError, KeyError):
                default = None
            if not isinstance(default, str):
                raise SNSInvalidParameter(
                    "Invalid parameter: Message Structure - No default entry in JSON "
                    "message body"
                )
        return original(self, message, *rest, **named)

    wrap(SNSBackend, "publish", publish)


def queues_of_other_accounts_get_their_messages() -> None:
    """A subscribed queue is where its ARN says.

    "Sending Amazon SNS messages to an Amazon SQS queue in a different account"
    (developer guide). moto looks for the queue in the subscription's account.
    """

    def publish(original: Any, self: Subscription, *arguments: Any, **named: Any) -> None:
        if self.protocol == "sqs":
            self = copy.copy(self)
            self.account_id = self.endpoint.split(":")[4]
        original(self, *arguments, **named)

    wrap(Subscription, "publish", publish)


CORRECTIONS = (messages_are_checked, queues_of_other_accounts_get_their_messages)
