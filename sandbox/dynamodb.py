"""The catalogue's table: ready in every account and region, as ``deploy`` would leave it."""

from moto.dynamodb.models import dynamodb_backends

TABLE = "snapback"

_prepared: set[tuple[str, str]] = set()


def prepare(account: str, region: str, service: str) -> None:
    """Make the table when *account* first speaks to DynamoDB in *region*.

    Only the first time: a user may delete it, and it stays deleted.
    """
    if service != "dynamodb" or (account, region) in _prepared:
        return
    _prepared.add((account, region))
    tables = dynamodb_backends[account][region]
    tables.create_table(
        TABLE,
        schema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        attr=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        billing_mode="PAY_PER_REQUEST",
        throughput=None,
        global_indexes=[],
        indexes=[],
        streams={},
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )
    tables.update_time_to_live(TABLE, {"Enabled": True, "AttributeName": "expires"})


def reset() -> None:
    """Forget where the table was made; the next use makes it again."""
    _prepared.clear()
