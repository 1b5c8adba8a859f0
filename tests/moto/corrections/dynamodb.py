"""DynamoDB: a transaction is alone with what it changes, and done once."""

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


def a_transaction_is_done_once() -> None:
    """A transaction with the token of one that was done is answered and not done again.

    API Reference, TransactWriteItems, `ClientRequestToken`: it "makes the call [...]
    idempotent, meaning that multiple identical calls have the same effect as one single
    call", for ten minutes. moto does not read it: the second call finds the conditions
    broken by the first.
    """
    done: dict[str, Any] = {}

    def transact_write_items(original: Any, self: DynamoHandler) -> Any:
        token = self.body.get("ClientRequestToken")
        if token not in done:
            answer = original(self)
            if token is None:
                return answer
            done[token] = answer
        return done[token]

    wrap(DynamoHandler, "transact_write_items", transact_write_items)


CORRECTIONS = (calls_come_one_after_another, a_transaction_is_done_once)
