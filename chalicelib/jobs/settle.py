"""Settling: saying of pending points, once EC2 has finished with them, what they became."""

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.domain.point_tags import QUARANTINED_AT, STATE
from chalicelib.domain.records import PointRecord, Stage
from chalicelib.domain.recovery_point import RecoveryPoint, State
from chalicelib.domain.report import Outcome, Result
from chalicelib.jobs.inventory import Inventory
from chalicelib.jobs.ports import Site

_UNSETTLED = (Stage.INTENDED, Stage.TAKEN)


def settle(site: Site, inventory: Inventory) -> tuple[Outcome, ...]:
    """Tag and record every point that has become usable or failed since the last look.

    One tagging call for all that became usable. A point whose row still awaits its image
    (the run that made it was cut off) gets its row completed here.
    """
    usable: list[RecoveryPoint] = []
    failed: list[RecoveryPoint] = []
    records: list[PointRecord] = []
    for point in inventory.points:
        record = inventory.records.get(point.name)
        if record is None or point.problems:
            continue
        if record.stage is Stage.QUARANTINED and _is_back(point, inventory):
            site.region.images.untag([point.image_id], [QUARANTINED_AT])
        elif record.stage not in _UNSETTLED:
            continue
        if point.state.is_usable:
            usable.append(point)
            records.append(_settled(record, point))
        elif point.state is State.FAILED:
            failed.append(point)
            records.append(_settled(record, point))
        elif not record.image_id:
            records.append(replace(record, image_id=point.image_id, stage=Stage.TAKEN))
    _tag(site, [p for p in usable if p.image_id in inventory.unsettled], State.USABLE)
    _tag(site, failed, State.FAILED)
    site.catalogue.put_points(records)
    return (
        *(_told(p, Result.DONE, "usable: available, every snapshot completed") for p in usable),
        *(_told(p, Result.FAILED, "EC2 could not make it; it does not count") for p in failed),
    )


def _is_back(point: RecoveryPoint, inventory: Inventory) -> bool:
    """Whether somebody enabled a quarantined point by hand, or its release was cut off.

    Its stamp has to go with the row's: together they would count as a first look.
    """
    stamped = point.quarantined_at is not None or point.image_id in inventory.unsettled
    return point.is_available and stamped


def _settled(record: PointRecord, point: RecoveryPoint) -> PointRecord:
    """The row once image and snapshots are known: sealed, so that later edits show."""
    known = replace(
        record,
        image_id=point.image_id,
        snapshots=point.snapshots,
        stage=Stage.SETTLED,
        quarantined_at=None,
    )
    return replace(known, seal=known.seal_of(point))


def _tag(site: Site, points: Sequence[RecoveryPoint], state: State) -> None:
    if points:
        site.region.images.tag([p.image_id for p in points], {STATE: state.value})


def _told(point: RecoveryPoint, result: Result, reason: str) -> Outcome:
    return Outcome(
        subject=point.image_id,
        action="settle",
        result=result,
        reason=reason,
        details={
            "lineage": point.lineage,
            "instance": point.instance_id,
            "name": point.name,
            "region": point.region,
        },
    )
