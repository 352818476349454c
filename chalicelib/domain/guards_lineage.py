"""Guards of one lineage: its newest point, its last one, its floor, and its share of a run.

The decision keeps all of these already. Here they are kept once more, of the very points
that a run is about to touch, by code that shares nothing with the decision.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from chalicelib.domain.guards import Guard, Stop
from chalicelib.domain.recovery_point import RecoveryPoint

LEAST_OF_A_LIVE_ONE = 2


def floor_of(minimum: int, *, is_dead: bool) -> int:
    """How many usable points a lineage must keep (I2): one when every instance is gone."""
    return 1 if is_dead else max(LEAST_OF_A_LIVE_ONE, minimum)


def standing_stops(
    going: Sequence[RecoveryPoint], usable: Sequence[RecoveryPoint], floor: int
) -> Iterator[Stop]:
    """What of *going* (in this order) may not go, since too few *usable* points would stay.

    A point that is not usable itself (quarantined by now) may only go while the floor
    stands without it.
    """
    newest = max(usable, key=_age, default=None)
    left = {p.image_id for p in usable}
    for point in going:
        if stop := _standing_stop(point, newest, left, floor):
            yield stop
        else:
            left.discard(point.image_id)


def _standing_stop(
    point: RecoveryPoint, newest: RecoveryPoint | None, left: set[str], floor: int
) -> Stop | None:
    rest = len(left - {point.image_id})
    if newest is not None and point.image_id == newest.image_id:
        guard, reason = Guard.NEWEST, "it is the newest usable point of its machine"
    elif rest == 0:
        guard, reason = Guard.LAST, "no usable point of its machine would be left"
    elif rest < floor:
        guard = Guard.FLOOR
        reason = f"{rest} usable point(s) would be left of its machine, below the floor of {floor}"
    else:
        return None
    return Stop(guard=guard, subject=point.image_id, reason=reason)


def _age(point: RecoveryPoint) -> tuple[datetime, datetime, str]:
    return point.at, point.created_at, point.image_id
