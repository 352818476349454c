"""Sizes of snapshots and their blocks by EBS's rules."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.blocks import BLOCK_BYTES, Difference
from chalicelib.domain.cost import SnapshotSize
from chalicelib.domain.prices import GIB
from tests.fakes.place import FakeSnapshot, Place
from tests.fakes.wire import Wire, port, refusal


@dataclass(frozen=True, slots=True)
class FakeSnapshots:
    """``ports.Snapshots`` over one place."""

    place: Place
    wire: Wire

    @property
    def region(self) -> str:
        """Where it is."""
        return self.place.region

    @port("snapshots.sizes")
    def sizes(self, snapshot_ids: Sequence[str]) -> dict[str, SnapshotSize]:
        """Those that exist."""
        found = (self.place.snapshots[s] for s in snapshot_ids if s in self.place.snapshots)
        return {
            s.snapshot_id: SnapshotSize(
                snapshot_id=s.snapshot_id,
                volume_id=s.volume_id,
                started=s.started_at or s.complete_at,
                volume_bytes=s.size_gib * GIB,
                full_bytes=len(s.blocks) * BLOCK_BYTES,
            )
            for s in found
        }

    @port("snapshots.chains")
    def chains(self, volume_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Complete ones that are not archived, as they were made."""
        found: dict[str, tuple[str, ...]] = {}
        for s in self.place.snapshots.values():
            whole = s.complete_at <= self.place.now and not s.broken
            if whole and s.volume_id in volume_ids and s.snapshot_id not in self.place.archived:
                found[s.volume_id] = (*found.get(s.volume_id, ()), s.snapshot_id)
        return found


@dataclass(frozen=True, slots=True)
class FakeBlocks:
    """``ports.Blocks`` over one place."""

    place: Place
    wire: Wire

    @property
    def region(self) -> str:
        """Where it is."""
        return self.place.region

    @port("blocks.held")
    def held(self, snapshot_id: str) -> Difference:
        """All of it."""
        return Difference(frozenset(self._find(snapshot_id).blocks))

    @port("blocks.changed")
    def changed(self, before: str, after: str) -> Difference:
        """Only two snapshots of one volume can be compared."""
        first, second = self._find(before), self._find(after)
        if first.volume_id != second.volume_id:
            raise refusal("compare", "ValidationException", "not of one snapshot lineage")
        written = {i for i, held in second.blocks.items() if first.blocks.get(i) != held}
        return Difference(frozenset(written), frozenset(set(first.blocks) - set(second.blocks)))

    def _find(self, snapshot_id: str) -> FakeSnapshot:
        if snapshot_id not in self.place.snapshots:
            raise refusal("list blocks", "ResourceNotFoundException")
        return self.place.snapshots[snapshot_id]
