"""How large snapshots are and which ones a volume has: what cost figures are made of.

Source: EC2 API, DescribeSnapshots: ``VolumeSize`` is the volume's, ``FullSnapshotSizeInBytes``
the size of all blocks written to it at the time, not the incremental size.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chalicelib.aws.errors import translated
from chalicelib.domain.cost import SnapshotSize
from chalicelib.domain.prices import GIB

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import SnapshotTypeDef

_PAGE = 1000
_CHUNK = 200
"""Most values of one filter (User Guide, "List and filter using the CLI and API")."""


class SnapshotReader:
    """The sizes and chains of one region's own snapshots."""

    def __init__(self, client: "EC2Client", region: str) -> None:
        self._client = client
        self._region = region

    def sizes(self, snapshot_ids: Sequence[str]) -> dict[str, SnapshotSize]:
        """How large each snapshot is; one that does not exist is absent."""
        found = (_size(snapshot) for snapshot in self._snapshots("snapshot-id", snapshot_ids))
        return {size.snapshot_id: size for size in found}

    def chains(self, volume_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Every complete snapshot of each volume, whoever made it, oldest first.

        Snapshots that other tools took of the volume count too: they share its blocks. An
        archived one does not: it is a full copy of its own (EBS User Guide, "Archive Amazon
        EBS snapshots").
        """
        found: dict[str, list[SnapshotSize]] = {}
        for snapshot in self._snapshots("volume-id", volume_ids):
            if snapshot["State"] == "completed" and snapshot.get("StorageTier") != "archive":
                size = _size(snapshot)
                found.setdefault(size.volume_id, []).append(size)
        return {
            volume: tuple(each.snapshot_id for each in sorted(sizes, key=_age))
            for volume, sizes in found.items()
        }

    def _snapshots(self, name: str, values: Sequence[str]) -> Iterator["SnapshotTypeDef"]:
        paginator = self._client.get_paginator("describe_snapshots")
        with translated(f"describe snapshots in {self._region}"):
            for start in range(0, len(values), _CHUNK):
                pages = paginator.paginate(
                    OwnerIds=["self"],
                    Filters=[{"Name": name, "Values": list(values[start : start + _CHUNK])}],
                    PaginationConfig={"PageSize": _PAGE},
                )
                for page in pages:
                    yield from page["Snapshots"]


def _size(snapshot: "SnapshotTypeDef") -> SnapshotSize:
    return SnapshotSize(
        snapshot_id=snapshot["SnapshotId"],
        volume_id=snapshot["VolumeId"],
        started=snapshot["StartTime"],
        volume_bytes=snapshot["VolumeSize"] * GIB,
        full_bytes=snapshot.get("FullSnapshotSizeInBytes"),
    )


def _age(size: SnapshotSize) -> tuple[object, str]:
    return size.started, size.snapshot_id
