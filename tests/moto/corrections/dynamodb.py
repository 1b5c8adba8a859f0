"""DynamoDB: a transaction is alone with what it changes."""

import threading
from typing import Any

from moto.dynamodb.responses import DynamoHandler

from .wrapping import wrap


def calls_come_one_after_another() -> None:
    """Transactions and single writes are isolated from each other.

    Developer Guide, "Amazon DynamoDB Transactions: How it works": "Serializable
    isolation ensures that the results of multiple concurrent operations are the
    same as if no operation begins until the previous one has finished." moto copies
    the table while others write to it: it fails with an internal error, or takes
    their writes back with its own.
    """
    one_at_a_time = threading.RLock()

    def call_action(original: Any, self: DynamoHandler) -> Any:
        with one_at_a_time:
            return original(self)

    wrap(DynamoHandler, "call_action", call_action)


CORRECTIONS = (calls_come_one_after_another,)
