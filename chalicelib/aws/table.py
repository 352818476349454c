"""The catalogue's DynamoDB table: its shape, and reading and writing its rows.

Every row is a partition key, a sort key, a version and one JSON document. The table is
on demand, so it costs nothing while nothing happens.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.aws.errors import translated
from chalicelib.domain.errors import AwsError, MissingError, NotFoundError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        TransactWriteItemTypeDef,
        WriteRequestOutputTypeDef,
    )

_BATCH = 25
"""Most writes in one BatchWriteItem (API reference)."""
_ROUNDS = 8
"""How often unprocessed writes of a batch are sent again before giving up."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it is, what it says, and which version of it this is."""

    partition: str
    sort: str
    body: str
    version: int = 0


class Table:
    """One DynamoDB table with ``pk``, ``sk``, ``body`` and ``version``."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client = client
        self._name = name

    def get(self, partition: str, sort: str) -> Row | None:
        """One row as it is now (a consistent read), or nothing."""
        with self._found():
            answer = self._client.get_item(
                TableName=self._name, Key=_key(partition, sort), ConsistentRead=True
            )
        item = answer.get("Item")
        return None if item is None else _row(item)

    def query(self, partition: str, prefix: str = "") -> Iterator[Row]:
        """The rows of a partition whose sort key begins with *prefix*, in order of those keys.

        Consistent reads, all pages.
        """
        values: dict[str, AttributeValueTypeDef] = {":pk": {"S": partition}}
        condition = "pk = :pk"
        if prefix:
            values[":sk"] = {"S": prefix}
            condition += " AND begins_with(sk, :sk)"
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
        )
        with self._found():
            for page in pages:
                yield from map(_row, page["Items"])

    def write(self, rows: Sequence[Row] = (), *, gone: Sequence[tuple[str, str]] = ()) -> None:
        """Put *rows* and delete *gone*, whatever was there; twenty-five to a call."""
        requests: list[WriteRequestOutputTypeDef] = [
            {"PutRequest": {"Item": _item(r)}} for r in rows
        ]
        requests += [{"DeleteRequest": {"Key": _key(*key)}} for key in gone]
        for start in range(0, len(requests), _BATCH):
            left = requests[start : start + _BATCH]
            for _ in range(_ROUNDS):
                with self._found():
                    answer = self._client.batch_write_item(RequestItems={self._name: left})
                left = answer.get("UnprocessedItems", {}).get(self._name, [])
                if not left:
                    break
            else:
                raise AwsError(
                    f"write to the table {self._name}", "UnprocessedItems", f"{len(left)} rows left"
                )

    def put_new(self, *rows: Row) -> None:
        """Put rows that must not exist yet, all or none; ``ConflictError`` if one does."""
        self._transact([self._put(row, "attribute_not_exists(pk)", {}) for row in rows])

    def replace(self, row: Row, *, gone: tuple[str, str] | None = None) -> Row:
        """Put the next version of *row* if nobody wrote one in between, else ``ConflictError``.

        With *gone*, that row is deleted in the same transaction.
        """
        following = Row(row.partition, row.sort, row.body, row.version + 1)
        put = self._put(following, "version = :old", {":old": {"N": str(row.version)}})
        items: list[TransactWriteItemTypeDef] = [put]
        if gone is not None:
            items.append({"Delete": {"TableName": self._name, "Key": _key(*gone)}})
        self._transact(items)
        return following

    def replace_and_add(self, row: Row, added: Row) -> Row:
        """As ``replace``, and put *added*, which must not exist yet, in the same transaction."""
        following = Row(row.partition, row.sort, row.body, row.version + 1)
        put = self._put(following, "version = :old", {":old": {"N": str(row.version)}})
        self._transact([put, self._put(added, "attribute_not_exists(pk)", {})])
        return following

    def create(self) -> bool:
        """Make the table if it does not exist; false if it did."""
        try:
            with translated(f"create the table {self._name}"):
                self._client.create_table(TableName=self._name, **definition())
        except AwsError as err:
            if err.aws_code == "ResourceInUseException":
                return False
            raise
        return True

    def exists(self) -> bool:
        """Whether the table is there and active."""
        try:
            with translated(f"describe the table {self._name}"):
                answer = self._client.describe_table(TableName=self._name)
        except MissingError:
            return False
        return answer["Table"].get("TableStatus") == "ACTIVE"

    def _put(
        self, row: Row, condition: str, values: "dict[str, AttributeValueTypeDef]"
    ) -> "TransactWriteItemTypeDef":
        put: Any = {"TableName": self._name, "Item": _item(row), "ConditionExpression": condition}
        if values:
            put["ExpressionAttributeValues"] = values
        return {"Put": put}

    def _transact(self, items: "list[TransactWriteItemTypeDef]") -> None:
        with self._found():
            self._client.transact_write_items(TransactItems=items)

    @contextmanager
    def _found(self) -> Iterator[None]:
        """Translate errors, and say what to do when the table itself is missing."""
        try:
            with translated(f"use the catalogue table {self._name}"):
                yield
        except MissingError as err:
            raise NotFoundError(
                f"the catalogue table {self._name!r} does not exist",
                hint="run `snapback setup`, or set SNAPBACK_TABLE and the region you deployed to",
            ) from err


def definition() -> dict[str, Any]:
    """CreateTable's parameters but the name: what `snapback setup` and the sandbox make."""
    return {
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "BillingMode": "PAY_PER_REQUEST",
    }


def _key(partition: str, sort: str) -> "dict[str, AttributeValueTypeDef]":
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def _item(row: Row) -> "dict[str, AttributeValueTypeDef]":
    return {
        **_key(row.partition, row.sort),
        "body": {"S": row.body},
        "version": {"N": str(row.version)},
    }


def _row(item: "dict[str, AttributeValueTypeDef]") -> Row:
    return Row(
        item["pk"]["S"],
        item["sk"]["S"],
        item["body"]["S"],
        int(item.get("version", {"N": "0"})["N"]),
    )
