"""DynamoDB: corrections."""

import unittest
from concurrent.futures import ThreadPoolExecutor

from harness import MotoTest


class Transactions(MotoTest):
    """One table, and many who write to it."""

    def test_calls_come_one_after_another(self) -> None:
        dynamodb = self.client("dynamodb")
        dynamodb.create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

        def item(name: str) -> dict[str, object]:
            return {"TableName": "t", "Item": {"key": {"S": name}, "v": {"S": "x" * 99}}}

        def write(number: int) -> None:
            if number % 2:
                dynamodb.put_item(**item(f"one-{number}"))
                return
            refused = {**item("taken"), "ConditionExpression": "attribute_not_exists(#key)"}
            refused["ExpressionAttributeNames"] = {"#key": "key"}
            with self.assertRaises(dynamodb.exceptions.TransactionCanceledException):
                dynamodb.transact_write_items(TransactItems=[{"Put": refused}])

        dynamodb.put_item(**item("taken"))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, range(120)))
        found = dynamodb.scan(TableName="t", Select="COUNT")["Count"]
        self.assertEqual(found, 61)


if __name__ == "__main__":
    unittest.main()
