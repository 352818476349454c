"""The catalogue's table: consistent reads, conditional writes, batches, a missing table."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import pytest

from chalicelib.aws.session import Session
from chalicelib.aws.table import Row, Table
from chalicelib.domain.errors import AwsError, ConflictError, DeniedError, NotFoundError
from sandbox.process import Sandbox
from tests.aws.heard import Heard
from tests.aws.scenes import REGION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def client(session: Session) -> "DynamoDBClient":
    """DynamoDB as the product speaks to it."""
    return session.dynamodb(REGION)


@pytest.fixture
def table(client: "DynamoDBClient") -> Table:
    """The table that every sandbox account has."""
    return Table(client, "snapback")


def rows(count: int, partition: str = "p") -> list[Row]:
    """Rows in the order of their sort keys."""
    return [Row(partition, f"{n:04}", f'{{"n":{n}}}') for n in range(count)]


def test_rows_come_back_as_they_were_written(table: Table, heard: Heard) -> None:
    """Thirty are two batches; every read is consistent."""
    table.write(rows(30))
    table.write(rows(1, "other"))

    assert list(table.query("p")) == rows(30)
    assert table.get("p", "0007") == rows(30)[7]
    assert table.get("p", "none") is None
    assert [len(p["RequestItems"]["snapback"]) for p in heard.parameters("BatchWriteItem")] == [
        25, 5, 1,
    ]  # fmt: skip
    reads = heard.parameters("Query") + heard.parameters("GetItem")
    assert all(p["ConsistentRead"] for p in reads)


def test_a_partition_larger_than_a_page_is_read_whole(table: Table, heard: Heard) -> None:
    """DynamoDB answers a megabyte at a time."""
    big = [Row("big", f"{n:04}", "x" * 100_000) for n in range(15)]
    table.write(big)

    assert [r.sort for r in table.query("big")] == [r.sort for r in big]
    assert len(heard.parameters("Query")) > 1


def test_writing_again_replaces_and_deleting_twice_is_fine(table: Table) -> None:
    """Whatever was there."""
    table.write(rows(2))
    table.write([Row("p", "0000", "new")], gone=[("p", "0001"), ("p", "0009")])
    table.write(gone=[("p", "0001")])
    table.write()

    assert list(table.query("p")) == [Row("p", "0000", "new")]


def test_new_rows_are_put_all_or_none(table: Table) -> None:
    """A lease that is taken takes the journal's row down with it."""
    table.put_new(Row("lease", "i-1", "rb-1"))
    with pytest.raises(ConflictError):
        table.put_new(Row("rollback", "rb-2", "{}"), Row("lease", "i-1", "rb-2"))

    assert table.get("rollback", "rb-2") is None
    assert table.get("lease", "i-1") == Row("lease", "i-1", "rb-1")


def test_only_the_version_that_was_read_is_replaced(table: Table) -> None:
    """Two runs that carry on one rollback: the second one's write is refused."""
    table.put_new(Row("rollback", "rb-1", "a"))
    following = table.replace(Row("rollback", "rb-1", "b", 0))
    with pytest.raises(ConflictError):
        table.replace(Row("rollback", "rb-1", "c", 0))

    assert following == Row("rollback", "rb-1", "b", 1)
    assert table.get("rollback", "rb-1") == following


def test_replacing_deletes_or_adds_in_the_same_transaction(table: Table) -> None:
    """The lease goes with the last write of a journal, and comes back with an undo."""
    table.put_new(Row("rollback", "rb-1", "a"), Row("lease", "i-1", "rb-1"))
    done = table.replace(Row("rollback", "rb-1", "b", 0), gone=("lease", "i-1"))
    gone = table.get("lease", "i-1")
    back = table.replace_and_add(
        Row("rollback", "rb-1", "c", done.version), Row("lease", "i-1", "rb-1")
    )
    with pytest.raises(ConflictError):
        table.replace_and_add(
            Row("rollback", "rb-1", "d", back.version), Row("lease", "i-1", "rb-1")
        )

    assert gone is None
    assert table.get("lease", "i-1") is not None
    assert table.get("rollback", "rb-1") == Row("rollback", "rb-1", "c", 2)


@pytest.mark.parametrize("verb", ["get", "query", "write", "put_new", "replace"])
def test_a_missing_table_is_named_with_the_way_out(client: "DynamoDBClient", verb: str) -> None:
    """Exit code 4, and `snapback setup`."""
    table = Table(client, "nowhere")
    acts: dict[str, Callable[[], object]] = {
        "get": lambda: table.get("p", "s"),
        "query": lambda: list(table.query("p")),
        "write": lambda: table.write(rows(1)),
        "put_new": lambda: table.put_new(*rows(1)),
        "replace": lambda: table.replace(rows(1)[0]),
    }
    with pytest.raises(NotFoundError, match="'nowhere' does not exist") as caught:
        acts[verb]()

    assert "snapback setup" in caught.value.hint
    assert "SNAPBACK_TABLE" in caught.value.hint


def test_a_table_is_made_once(client: "DynamoDBClient") -> None:
    """`snapback setup` may be run again."""
    table = Table(client, "fresh")

    assert table.exists() is False
    assert table.create() is True
    assert table.exists() is True
    assert table.create() is False
    table.write(rows(1))
    assert list(table.query("p")) == rows(1)


def test_a_table_that_may_not_be_made_is_an_error(
    sandbox: Sandbox, client: "DynamoDBClient"
) -> None:
    """Only "it exists already" means that it was there."""
    sandbox.faults.set({"rules": [{"action": "CreateTable", "kind": "deny"}]})
    with pytest.raises(DeniedError, match="could not create the table fresh"):
        Table(client, "fresh").create()


class Busy:
    """A DynamoDB that leaves some writes of every batch unprocessed, *refusals* times."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.written: list[str] = []
        self.batches = 0

    def batch_write_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        """BatchWriteItem: the last one of the batch stays undone while it is busy."""
        [(name, requests)] = RequestItems.items()
        self.batches += 1
        taken, left = requests, []
        if self.refusals:
            self.refusals -= 1
            taken, left = requests[:-1], requests[-1:]
        self.written += [r["PutRequest"]["Item"]["sk"]["S"] for r in taken]
        return {"UnprocessedItems": {name: left} if left else {}}


@pytest.mark.parametrize("refusals", [0, 1, 7])
def test_unprocessed_writes_are_sent_again(refusals: int) -> None:
    """DynamoDB may take a part of a batch and say so; that is no error."""
    busy = Busy(refusals)
    Table(cast("Any", busy), "snapback").write(rows(3))

    assert sorted(busy.written) == ["0000", "0001", "0002"]
    assert busy.batches == refusals + 1


def test_writes_that_stay_unprocessed_fail() -> None:
    """A success is something observed, never a call that returned."""
    with pytest.raises(AwsError, match="1 rows left"):
        Table(cast("Any", Busy(100)), "snapback").write(rows(3))
