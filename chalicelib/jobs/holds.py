"""Holding and releasing recovery points."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from chalicelib.domain.errors import RefusedError
from chalicelib.domain.instants import iso_minute
from chalicelib.domain.point_tags import HOLD
from chalicelib.domain.records import PointRecord
from chalicelib.domain.recovery_point import RecoveryPoint, State
from chalicelib.domain.report import Outcome, Result
from chalicelib.jobs.deleting import release as bring_back
from chalicelib.jobs.inventory import take_inventory
from chalicelib.jobs.ports import Site

GRACE = timedelta(days=7)
"""How long a point that was brought back from quarantine is held, so that it stays back."""


def find_point(sites: Iterable[Site], image_id: str) -> tuple[Site, RecoveryPoint, PointRecord]:
    """The point, its region and its row; refused when it is no trusted point of ours."""
    names = []
    for site in sites:
        names.append(site.region.name)
        inventory = take_inventory(site.region, site.catalogue)
        for point in inventory.points:
            if point.image_id != image_id:
                continue
            record = inventory.records.get(point.name)
            if record is None or point.problems:
                raise RefusedError(f"{image_id} is not trusted: {'; '.join(point.problems)}")
            return site, point, record
    raise RefusedError(
        f"{image_id} is no recovery point of this deployment in {', '.join(names)}: it is "
        "deregistered, belongs to another account or region, or was not made by Snapback",
        hint="see `snapback points`",
    )


def hold(sites: Iterable[Site], image_id: str, until: datetime | None, now: datetime) -> Outcome:
    """Exempt a point from expiry; a quarantined one is brought back at once."""
    site, point, record = find_point(sites, image_id)
    if until is not None and until <= now:
        raise RefusedError(
            f"--until {iso_minute(until)} has passed", hint="give a time that is still to come"
        )
    value = "forever" if until is None else iso_minute(until)
    site.region.images.tag(_held_things(site, point), {HOLD: value})
    if point.state is State.QUARANTINED:
        bring_back(site, point, record, "held")
    return _told(point, "hold", Result.DONE, f"held {_spell(value)}")


def release(sites: Iterable[Site], image_id: str, now: datetime) -> Outcome:
    """End a hold; bring a quarantined point back and hold it for a week."""
    site, point, record = find_point(sites, image_id)
    if point.state is State.QUARANTINED:
        until = iso_minute(now + GRACE)
        site.region.images.tag(_held_things(site, point), {HOLD: until})
        bring_back(site, point, record, "released")
        return _told(
            point, "release", Result.DONE, f"brought back from quarantine; held until {until}"
        )
    if not point.hold:
        return _told(point, "release", Result.ALREADY, "it was not held")
    site.region.images.untag(_held_things(site, point), [HOLD])
    return _told(point, "release", Result.DONE, f"it was held {_spell(point.hold)}")


def _held_things(site: Site, point: RecoveryPoint) -> list[str]:
    """The image and those of its snapshots that exist: one id that is gone would spoil the call.

    So a hold outlives an image that somebody deregisters by hand.
    """
    wanted = [s.snapshot_id for s in point.snapshots]
    return [point.image_id, *sorted(site.region.images.snapshot_states(wanted))]


def _spell(value: str) -> str:
    return "until released" if value == "forever" else f"until {value}"


def _told(point: RecoveryPoint, action: str, result: Result, reason: str) -> Outcome:
    return Outcome(
        subject=point.image_id,
        action=action,
        result=result,
        reason=reason,
        details={"lineage": point.lineage, "name": point.name, "region": point.region},
    )
