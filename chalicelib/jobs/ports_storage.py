"""What costing needs to know of snapshots, as Protocols that ``aws`` fulfils.

Every method may raise ``AwsError`` or one of its kinds.
"""

from collections.abc import Sequence
from typing import Protocol

from chalicelib.domain.blocks import Difference
from chalicelib.domain.cost import SnapshotSize


class Snapshots(Protocol):
    """How large snapshots are, and which ones share blocks."""

    def sizes(self, snapshot_ids: Sequence[str]) -> dict[str, SnapshotSize]:
        """How large each is; one that does not exist is absent."""
        ...

    def chains(self, volume_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Every complete snapshot of each volume in the standard tier, oldest first."""
        ...


class Blocks(Protocol):
    """What snapshots hold, block by block; each call costs money."""

    def held(self, snapshot_id: str) -> Difference:
        """Every block of a snapshot, as what it differs in from nothing."""
        ...

    def changed(self, before: str, after: str) -> Difference:
        """What *after* differs in from *before*: two snapshots of one volume."""
        ...
