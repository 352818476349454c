"""Reading what exists: recovery points as images, checked against the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.image import SnapshotState
from chalicelib.domain.records import PointRecord
from chalicelib.domain.recovery_point import RecoveryPoint, State
from chalicelib.jobs.ports import Catalogue, Region

UNKNOWN = "the catalogue does not know it"


@dataclass(frozen=True, slots=True)
class Inventory:
    """Every recovery point of one region, with the row that vouches for each."""

    points: tuple[RecoveryPoint, ...]
    records: Mapping[str, PointRecord]
    """By AMI name."""
    unsettled: Mapping[str, State]
    """What points that no tick has settled yet turned out to be, by image id."""

    def by_lineage(self) -> dict[str, tuple[RecoveryPoint, ...]]:
        """All points, lineage by lineage."""
        groups: dict[str, list[RecoveryPoint]] = {}
        for point in self.points:
            groups.setdefault(point.lineage, []).append(point)
        return {lineage: tuple(group) for lineage, group in groups.items()}


def take_inventory(region: Region, catalogue: Catalogue) -> Inventory:
    """List the region's points and say of each whether it is what it claims to be.

    A point that the catalogue does not know, or knows otherwise, keeps its place in the
    list with its problem: it is never deleted, launched or counted. An image that EC2
    calls available but no tick has settled is looked at here: usable once all of its
    snapshots are complete.
    """
    records = catalogue.points(region.name)
    listed = [_vouched(p, records) for p in region.images.points()]
    unsettled = _settle(region, [p for p in listed if _is_unsettled(p)])
    points = tuple(
        replace(p, state=unsettled[p.image_id]) if p.image_id in unsettled else p for p in listed
    )
    return Inventory(points, records, unsettled)


def _vouched(point: RecoveryPoint, records: Mapping[str, PointRecord]) -> RecoveryPoint:
    record = records.get(point.name)
    if record is None:
        return replace(point, problems=(*point.problems, UNKNOWN))
    problem = record.disagreement(point)
    if not problem and not record.zone:
        return point
    problems = (*point.problems, problem) if problem else point.problems
    return replace(point, problems=problems, zone=record.zone)


def _is_unsettled(point: RecoveryPoint) -> bool:
    return point.state is State.PENDING and point.is_available


def _settle(region: Region, points: Sequence[RecoveryPoint]) -> dict[str, State]:
    wanted = [s.snapshot_id for p in points for s in p.snapshots]
    states = region.images.snapshot_states(wanted) if wanted else {}
    return {p.image_id: _verdict(p, states) for p in points}


def _verdict(point: RecoveryPoint, states: Mapping[str, SnapshotState]) -> State:
    """Usable when every snapshot exists and is complete; failed when one is in error."""
    found = [states.get(s.snapshot_id) for s in point.snapshots]
    if any(s is not None and s.state == "error" for s in found):
        return State.FAILED
    if found and all(s is not None and s.is_complete for s in found):
        return State.USABLE
    return State.PENDING
