"""DynamoDB: corrections."""

import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness import MotoTest


class Transactions(MotoTest):
    """One table, and many who write to it."""

    def setUp(self) -> None:
        super().setUp()
        self.dynamodb = self.client("dynamodb")
        self.dynamodb.create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def item(self, name: str) -> dict[str, Any]:
        return {"TableName": "t", "Item": {"key": {"S": name}, "v": {"S": "x" * 99}}}

    def create(self, name: str, token: str) -> None:
        """Write an item, in a transaction, where it is not there yet."""
        put = {**self.item(name), "ConditionExpression": "attribute_not_exists(#key)"}
        put["ExpressionAttributeNames"] = {"#key": "key"}
        self.dynamodb.transact_write_items(
            TransactItems=[{"Put": put}], ClientRequestToken=token
        )

    def test_calls_come_one_after_another(self) -> None:
        dynamodb = self.dynamodb

        def write(number: int) -> None:
            if number % 2:
                dynamodb.put_item(**self.item(f"one-{number}"))
                return
            with self.assertRaises(dynamodb.exceptions.TransactionCanceledException):
                self.create("taken", str(number))

        dynamodb.put_item(**self.item("taken"))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(120)))
        found = dynamodb.scan(TableName="t", Select="COUNT")["Count"]
        self.assertEqual(found, 61)

    def test_a_transaction_is_done_once(self) -> None:
        self.create("one", "its token")
        self.create("one", "its token")
        with self.assertRaises(self.dynamodb.exceptions.TransactionCanceledException):
            self.create("one", "another token")


if __name__ == "__main__":
    unittest.main()
