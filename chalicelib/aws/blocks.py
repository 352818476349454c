"""Which blocks snapshots hold, through the EBS direct APIs: only when somebody asks to measure.

Quota: 50 requests a second and account; AWS charges for each (EBS User Guide, "EBS direct
APIs"). One page has up to 10,000 blocks, 5 GB of a disk.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.aws.errors import translated
from chalicelib.domain.blocks import Difference

if TYPE_CHECKING:
    from mypy_boto3_ebs import EBSClient

_PAGE = 10_000


class BlockGateway:
    """The blocks of one region's snapshots."""

    def __init__(self, client: "Callable[[], EBSClient]") -> None:
        """*client* is asked for on first use: only a measurement ever asks the EBS direct APIs."""
        self._client = client

    def held(self, snapshot_id: str) -> Difference:
        """Every block of a snapshot, as what it differs in from nothing."""
        with translated(f"list the blocks of {snapshot_id}"):
            pages = _pages(self._client().list_snapshot_blocks, SnapshotId=snapshot_id)
            return Difference(frozenset(b["BlockIndex"] for page in pages for b in page["Blocks"]))

    def changed(self, before: str, after: str) -> Difference:
        """What *after* differs in from *before*: two snapshots of one volume.

        A block without ``SecondBlockToken`` is no longer in the second (ListChangedBlocks).
        """
        written: set[int] = set()
        dropped: set[int] = set()
        with translated(f"compare {before} with {after}"):
            for page in _pages(
                self._client().list_changed_blocks, FirstSnapshotId=before, SecondSnapshotId=after
            ):
                for block in page["ChangedBlocks"]:
                    holds = written if "SecondBlockToken" in block else dropped
                    holds.add(block["BlockIndex"])
        return Difference(frozenset(written), frozenset(dropped))


def _pages(ask: Callable[..., Any], **wanted: str) -> Iterator[Mapping[str, Any]]:
    """Every page of an answer; botocore has no paginator for these operations."""
    more: dict[str, str] = {}
    while True:
        page: Mapping[str, Any] = ask(**wanted, **more, MaxResults=_PAGE)
        yield page
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}
