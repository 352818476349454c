"""Recovery points on request: take them now, and wait for as long as the caller needs."""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.image import SnapshotState
from chalicelib.domain.instance import Instance
from chalicelib.domain.names import PointName
from chalicelib.domain.records import Stage, lineage_of
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, State
from chalicelib.domain.report import Outcome, Result
from chalicelib.domain.retention import Retention
from chalicelib.jobs.inventory import take_inventory
from chalicelib.jobs.ports import Site
from chalicelib.jobs.settle import settle
from chalicelib.jobs.taking import Order, Taken, take


class Wait(enum.Enum):
    """How far a point must have come before the caller goes on."""

    NONE = "none"
    POINT_IN_TIME = "point-in-time"
    """Every snapshot exists: what is written from now on is not in it (EBS User Guide)."""
    AVAILABLE = "available"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One point that was asked for and where it is."""

    taken: Taken
    site: Site
    name: str


def run(
    sites: Iterable[Site],
    instance_ids: Sequence[str],
    retention: Retention,
    now: datetime,
    *,
    reboot: bool = False,
    most: int = 0,
) -> tuple[Asked, ...]:
    """Take a manual point of each instance; one that fails never stops the others.

    An instance that has *most* manual points (0: no bound) is refused another one: nothing
    lets those go before their date, and a flood must not grow for ever (F63).

    ``NotFoundError`` names every instance that is in none of the regions, before any
    point is taken. Asking again in the same second gives the same points.
    """
    asked: list[Asked] = []
    for site, found in _place(tuple(sites), tuple(dict.fromkeys(instance_ids))):
        remembered = site.catalogue.instances(site.region.name)
        orders = [
            Order(
                instance=i,
                lineage=lineage_of(i.instance_id, remembered.get(i.instance_id)),
                kind=Kind.MANUAL,
                key=now.strftime("%Y%m%dT%H%M%SZ"),
                at=now,
                retain=str(retention),
                reason="asked for",
                reboot=reboot,
            )
            for i in found
        ]
        names = {o.instance.instance_id: o.name for o in orders}
        full = [o for o in orders if most and _held(site, o) >= most]
        wanted = [o for o in orders if o not in full]
        asked += [
            Asked(taken=t, site=site, name=names[t.outcome.subject])
            for t in (*take(site, wanted, now, known={}), *(_too_many(o, most) for o in full))
        ]
    return tuple(asked)


def _held(site: Site, order: Order) -> int:
    """How many points of its kind the instance has that are not on their way out."""
    prefix = str(PointName(order.instance.instance_id, order.kind, ""))
    rows = site.catalogue.points_named(site.region.name, prefix)
    return sum(
        row.stage in (Stage.INTENDED, Stage.TAKEN, Stage.SETTLED) and name != order.name
        for name, row in rows.items()
    )


def _too_many(order: Order, most: int) -> Taken:
    return Taken(
        outcome=Outcome(
            subject=order.instance.instance_id,
            action="backup",
            result=Result.REFUSED,
            reason=(
                f"it has {most} {order.kind.value} points, the most that [guards] "
                f"most_{order.kind.value} allows; they go when their dates have come"
            ),
            details={"lineage": order.lineage, "name": order.name},
        )
    )


def reached(asked: Asked, wait: Wait) -> Outcome | None:
    """How the point stands if it has come as far as *wait* asks (or failed), else nothing."""
    outcome = asked.taken.outcome
    if wait is Wait.NONE or outcome.result in (Result.FAILED, Result.REFUSED, Result.SKIPPED):
        return outcome
    point = asked.site.region.images.by_name(asked.name)
    if point is None:
        return None
    states = asked.site.region.images.snapshot_states([s.snapshot_id for s in point.snapshots])
    if point.state is State.FAILED or any(s.state == "error" for s in states.values()):
        return replace(outcome, result=Result.FAILED, reason="EC2 could not make the image")
    if wait is Wait.POINT_IN_TIME:
        return outcome if _all_exist(point, states) else None
    if not point.is_available or not _all_complete(point, states):
        return None
    settle(asked.site, take_inventory(asked.site.region, asked.site.catalogue))
    return outcome


def _all_exist(point: RecoveryPoint, states: dict[str, SnapshotState]) -> bool:
    return bool(point.snapshots) and all(s.snapshot_id in states for s in point.snapshots)


def _all_complete(point: RecoveryPoint, states: dict[str, SnapshotState]) -> bool:
    return _all_exist(point, states) and all(s.is_complete for s in states.values())


def _place(
    sites: tuple[Site, ...], instance_ids: tuple[str, ...]
) -> list[tuple[Site, tuple[Instance, ...]]]:
    """The instances by region, or the complaint that some are nowhere."""
    left = set(instance_ids)
    placed: list[tuple[Site, tuple[Instance, ...]]] = []
    for site in sites:
        found = site.region.instances.find(sorted(left))
        left -= {i.instance_id for i in found}
        if found:
            placed.append((site, found))
    if left:
        regions = ", ".join(s.region.name for s in sites)
        raise NotFoundError(
            f"there is no instance {', '.join(sorted(left))} in {regions}",
            hint="check --region and the account; nothing was backed up",
        )
    return placed
