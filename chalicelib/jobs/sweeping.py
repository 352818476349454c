"""Sweeping: finishing deletions that were cut off, clearing failed images, lost rows."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from chalicelib.domain.guards import MissingImages, ready_to_deregister
from chalicelib.domain.instants import iso_minute
from chalicelib.domain.records import PointRecord, Stage
from chalicelib.domain.recovery_point import RecoveryPoint, State
from chalicelib.domain.report import Outcome, Result
from chalicelib.jobs.attempt import attempt
from chalicelib.jobs.deleting import delete_rest, deregister, quarantine, stamp
from chalicelib.jobs.inventory import Inventory
from chalicelib.jobs.ports import Site


def sweep(
    site: Site,
    inventory: Inventory,
    missing: MissingImages,
    now: datetime,
    quarantine_time: timedelta,
) -> list[Outcome]:
    """Everything that expiry leaves to a later run, one thing at a time."""
    outcomes: list[Outcome] = []
    shown = {p.name: p for p in inventory.points}
    for name, record in sorted(inventory.records.items()):
        point = shown.get(name)
        if point is None:
            outcomes += _without_image(site, record, missing)
        elif not point.problems:
            outcomes += _cut_off(site, point, record, now)
            outcomes += _failed(site, point, record, now, quarantine_time)
    remember_missing(site, missing.fresh, now)
    return outcomes


def remember_missing(site: Site, fresh: Sequence[PointRecord], now: datetime) -> None:
    """Note since when these images are missing from the listing."""
    site.catalogue.put_points(
        [replace(r, missing_since=now) for r in fresh if r.missing_since is None]
    )


def _without_image(site: Site, record: PointRecord, missing: MissingImages) -> Sequence[Outcome]:
    if record.stage is Stage.DEREGISTERING:
        return attempt(record.name, "delete", partial(delete_rest, site, record))
    if record in missing.settled:
        return attempt(record.name, "forget", partial(_forget, site, record))
    return ()


def _forget(site: Site, record: PointRecord) -> tuple[Outcome, ...]:
    """A row whose image somebody else removed: its snapshots, if any are left, go with it."""
    since = iso_minute(record.missing_since) if record.missing_since else "long ago"
    lost = Outcome(
        subject=record.image_id or record.name,
        action="forget",
        result=Result.DONE,
        reason=f"no listing has shown it since {since}: somebody deregistered it",
        details={"lineage": record.lineage, "name": record.name},
    )
    return (lost, *delete_rest(site, record))


def _cut_off(
    site: Site, point: RecoveryPoint, record: PointRecord, now: datetime
) -> Sequence[Outcome]:
    """A quarantine that stopped half-way: its wait counts from now."""
    disabled = point.state in (State.DISABLED, State.QUARANTINED)
    if record.stage is Stage.QUARANTINING and disabled:
        why = "its quarantine was cut off: the wait counts from now"
        return attempt(point.image_id, "quarantine", partial(stamp, site, point, record, why, now))
    return ()


def _failed(
    site: Site,
    point: RecoveryPoint,
    record: PointRecord,
    now: datetime,
    quarantine_time: timedelta,
) -> Sequence[Outcome]:
    """What a failed image left behind goes too, after two looks like everything else."""
    if point.state is not State.FAILED or point.hold:
        return ()
    if record.quarantined_at is None:
        why = "a failed image: what it left is deleted a quarantine from now"
        return attempt(
            point.image_id, "quarantine", partial(quarantine, site, point, record, why, now)
        )
    if ready_to_deregister(point, record, now, quarantine_time):
        return ()
    why = "a failed image"
    return attempt(point.image_id, "deregister", partial(deregister, site, point, record, why))
