"""Guards of one point: whether it is ours, free, and where nothing else needs it.

Each takes a ``Case`` and says why it stops, or nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.expiry import hold_on
from chalicelib.domain.guards import Guard, Stop, Surroundings
from chalicelib.domain.names import parse_name
from chalicelib.domain.records import PointRecord, Stage
from chalicelib.domain.recovery_point import RecoveryPoint, State

_LOOKED_AT = (Stage.QUARANTINED, Stage.DEREGISTERING)


@dataclass(frozen=True, slots=True)
class Case:
    """One point that is to go, and what is known around it."""

    point: RecoveryPoint
    record: PointRecord | None
    around: Surroundings
    now: datetime


def stops_of(case: Case) -> Iterator[Stop]:
    """Every guard of one point that says no."""
    for guard, why in POINT_GUARDS:
        if reason := why(case):
            yield Stop(guard=guard, subject=case.point.image_id, reason=reason)


def not_ours(case: Case) -> str:
    """Ours is what this account owns, this deployment marked, we named and we sealed (I1).

    The account is part of the question that lists images (``Owners=["self"]``), and the
    marks are read again here: a filter alone never decides (F65).
    """
    point, record = case.point, case.record
    if point.problems:
        return "; ".join(point.problems)
    if parse_name(point.name) is None:
        return f"its name {point.name!r} is not one that Snapback gives"
    if record is None:
        return "the catalogue does not know it"
    if not record.seal:
        return "the catalogue has not sealed it yet"
    return record.disagreement(point)


def held(case: Case) -> str:
    """Held points are never touched (I6, F68)."""
    return hold_on(case.point, case.now)


def in_use(case: Case) -> str:
    """Used by anybody, wanted by work under way, or nobody could tell (F41, F42, F43)."""
    around, point = case.around, case.point
    if work := around.open_work.get(point.lineage):
        return f"in use by {work}, which is under way on its machine"
    if users := around.users.get(point.image_id):
        return f"in use by {', '.join(users)}"
    if around.blind:
        return f"in use by somebody perhaps: {'; '.join(around.blind)}"
    return ""


def locked(case: Case) -> str:
    """A locked snapshot outlives its image as an orphan that nobody may delete.

    EC2 deregisters an image whatever the locks of its snapshots (EBS User Guide, snapshot
    lock): so the lock is asked for first.
    """
    return _named(case, case.around.locked, "locked: EC2 would leave it behind")


def protected(case: Case) -> str:
    """Protected from deregistration, its cooldown included (EC2 User Guide)."""
    told = case.point.protection
    return f"it is protected from deregistration ({told})" if told else ""


def managed_elsewhere(case: Case) -> str:
    """What AWS Backup, DLM or Image Builder manages is theirs to delete."""
    if case.point.other_owner:
        return f"{case.point.other_owner} manages it"
    for snapshot in case.point.snapshots:
        if service := case.around.managed.get(snapshot.snapshot_id):
            return f"{service} manages its snapshot {snapshot.snapshot_id}"
    return ""


def shared(case: Case) -> str:
    """Anybody may launch from it. Who else may is looked up just before it is disabled."""
    return "it is public" if case.point.is_public else ""


def archived(case: Case) -> str:
    """Somebody moved it to the archive on purpose, and pays for ninety days of it."""
    return _named(case, case.around.archived, "in the archive tier")


POINT_GUARDS: tuple[tuple[Guard, Callable[[Case], str]], ...] = (
    (Guard.OWNERSHIP, not_ours),
    (Guard.HOLD, held),
    (Guard.IN_USE, in_use),
    (Guard.LOCKED, locked),
    (Guard.PROTECTED, protected),
    (Guard.MANAGED, managed_elsewhere),
    (Guard.SHARED, shared),
    (Guard.ARCHIVED, archived),
)


def ready_to_deregister(
    point: RecoveryPoint,
    record: PointRecord,
    now: datetime,
    quarantine: timedelta,
    steady_since: datetime | None = None,
) -> str:
    """Why *point* must still wait for its second look, or empty when it may go now.

    Image and row must tell of the same first look, a whole quarantine ago, and EC2 must
    still call the image disabled (or failed): two looks, two witnesses (DESIGN rule 4).
    Where the clock jumped at *steady_since*, the wait counts from there: a clock that runs
    ahead has not waited.
    """
    if record.stage not in _LOOKED_AT or record.quarantined_at is None:
        return "the catalogue does not know of a first look"
    if point.quarantined_at != record.quarantined_at:
        return "image and catalogue do not agree on when it was quarantined"
    if point.state not in (State.QUARANTINED, State.FAILED):
        return f"it is {point.state.value}"
    begun = max(record.quarantined_at, steady_since or record.quarantined_at)
    left = quarantine - (now - begun)
    if left > timedelta(0):
        return f"quarantined; deleted in {left.total_seconds() / 3600:.1f} h"
    return ""


def _named(case: Case, marked: frozenset[str], what: str) -> str:
    found = [s.snapshot_id for s in case.point.snapshots if s.snapshot_id in marked]
    return f"{', '.join(found)} {'is' if len(found) == 1 else 'are'} {what}" if found else ""
