"""Sweeping: finishing what was cut off, clearing lost rows, and snapshots without an image."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from chalicelib.domain.guards_region import MissingImages
from chalicelib.domain.instants import iso_minute
from chalicelib.domain.orphans import GRACE, Orphan, find_loose, find_orphans
from chalicelib.domain.records import PointRecord, Stage
from chalicelib.domain.recovery_point import RecoveryPoint, Snapshot, State
from chalicelib.domain.report import Outcome, Result
from chalicelib.jobs.attempt import attempt
from chalicelib.jobs.deleting import Leaving, delete_rest, stamp
from chalicelib.jobs.expire_planning import Outlook
from chalicelib.jobs.ports import Site

_EVERY = timedelta(hours=24)


def sweep(site: Site, outlook: Outlook, now: datetime) -> list[Outcome]:
    """Everything that expiry leaves to a later run, one thing at a time."""
    missing = outlook.missing
    outcomes: list[Outcome] = []
    orphans: list[Orphan] = []
    if _is_due(outlook, now):
        outcomes += attempt(site.region.name, "sweep", partial(_look, site, outlook, orphans, now))
    # Who could not look for its snapshots must not forget the row that would tell of them.
    blind = any(o.result is Result.FAILED for o in outcomes)
    known = _snapshots_by_row(orphans)
    shown = {p.name: p for p in outlook.decisions.inventory.points}
    bereft = _bereft(outlook)
    halves: list[Leaving] = []
    for name, record in sorted(outlook.records.items()):
        point = shown.get(name)
        if point is None:
            if record.snapshots or not (blind or _is_young(record, now)):
                widened = _with(record, known)
                if widened != record:
                    site.catalogue.put_points([widened])
                outcomes += _without_image(site, widened, missing, bereft)
        elif _is_half_way(point, record):
            why = "its quarantine was cut off: the wait counts from now"
            halves.append(Leaving(point, record, why))
    outcomes += stamp(site, halves, now)
    remember_missing(site, missing.fresh, now)
    return outcomes


def _is_half_way(point: RecoveryPoint, record: PointRecord) -> bool:
    """Disabled by us, and not stamped: the run that did it was cut off."""
    disabled = point.state in (State.DISABLED, State.QUARANTINED)
    return disabled and record.stage is Stage.QUARANTINING and not point.problems


def remember_missing(site: Site, fresh: Sequence[PointRecord], now: datetime) -> None:
    """Note since when these images are missing from the listing."""
    site.catalogue.put_points(
        [replace(r, missing_since=now) for r in fresh if r.missing_since is None]
    )


def _is_due(outlook: Outlook, now: datetime) -> bool:
    """Once a day, and when a row is about to go that never learnt its snapshots."""
    swept = outlook.memory.swept_at
    blank = any(not r.snapshots for r in outlook.missing.settled)
    return blank or swept is None or not timedelta(0) <= now - swept < _EVERY


def _look(
    site: Site, outlook: Outlook, orphans: list[Orphan], now: datetime
) -> tuple[Outcome, ...]:
    """Find the orphans, remember that somebody looked, and report those of nobody."""
    inventory = outlook.decisions.inventory
    mapped = {s.snapshot_id for p in inventory.points for s in p.snapshots}
    loose = find_loose(site.region.images.marked_snapshots(), mapped, now)
    used = site.region.images.images_using([s.snapshot_id for s in loose]) if loose else {}
    orphans += find_orphans(loose, used, outlook.records)
    site.catalogue.put_memory(replace(outlook.memory, swept_at=outlook.memory.at))
    return tuple(_nobodys(site, o) for o in orphans if o.record is None)


def _nobodys(site: Site, orphan: Orphan) -> Outcome:
    snapshot = orphan.snapshot
    made_for = f", EC2 made it for {snapshot.made_for}" if snapshot.made_for else ""
    return Outcome(
        subject=snapshot.snapshot_id,
        action="sweep",
        result=Result.SKIPPED,
        reason=(
            "it bears our mark and no image is built on it, but the catalogue knows nothing of it"
            f"{made_for}: not deleted on a tag's word; delete it by hand if it is yours to delete"
        ),
        details={"region": site.region.name},
    )


def _is_young(record: PointRecord, now: datetime) -> bool:
    """Whether its snapshots, if it ever had any, may not count as loose yet."""
    return record.missing_since is None or now - record.missing_since < GRACE


def _snapshots_by_row(orphans: Iterable[Orphan]) -> dict[str, list[Snapshot]]:
    found: dict[str, list[Snapshot]] = {}
    for orphan in orphans:
        if orphan.record is not None:
            one = Snapshot(snapshot_id=orphan.snapshot.snapshot_id, device="")
            found.setdefault(orphan.record.name, []).append(one)
    return found


def _with(record: PointRecord, known: Mapping[str, list[Snapshot]]) -> PointRecord:
    """The row with the orphans that it answers for."""
    held = {s.snapshot_id for s in record.snapshots}
    more = (s for s in known.get(record.name, ()) if s.snapshot_id not in held)
    return replace(record, snapshots=(*record.snapshots, *more))


def _bereft(outlook: Outlook) -> frozenset[str]:
    """The lineages of which the listing shows no usable point that is vouched for."""
    points = outlook.decisions.inventory.points
    stocked = {p.lineage for p in points if p.state.is_usable and not p.problems}
    return frozenset(r.lineage for r in outlook.records.values()) - stocked


def _without_image(
    site: Site, record: PointRecord, missing: MissingImages, bereft: frozenset[str]
) -> Sequence[Outcome]:
    if record.stage is Stage.DEREGISTERING:
        return attempt(record.name, "delete", partial(delete_rest, site, record))
    if any(r.name == record.name for r in missing.settled):
        if record.snapshots and record.lineage in bereft:
            return (_last_resort(record),)
        return attempt(record.name, "forget", partial(_forget, site, record))
    return ()


def _forget(site: Site, record: PointRecord) -> tuple[Outcome, ...]:
    """A row whose image somebody else removed: its snapshots, if any are left, go with it."""
    if record.image_id in _builders(site, record):
        return (_unmarked(record),)
    if _is_held(site, record):
        return (_left_alone(record, _HELD),)
    since = iso_minute(record.missing_since) if record.missing_since else "long ago"
    why = "somebody deregistered it"
    if record.stage is Stage.INTENDED and not record.snapshots:
        why = "it was never made, or nobody saw it"
    lost = Outcome(
        subject=record.image_id or record.name,
        action="forget",
        result=Result.DONE,
        reason=f"no listing has shown it since {since}: {why}",
        details={"lineage": record.lineage, "name": record.name},
    )
    rest = delete_rest(site, record)
    if any(o.result not in (Result.DONE, Result.ALREADY) for o in rest):
        return rest
    return (lost, *rest)


def _builders(site: Site, record: PointRecord) -> frozenset[str]:
    """The images that still stand on the row's snapshots."""
    used = site.region.images.images_using([s.snapshot_id for s in record.snapshots])
    return frozenset(image_id for users in used.values() for image_id in users)


_HELD = (
    "its image was deregistered by somebody, but its snapshots are held: they are kept; "
    "take the tag snapback:hold off them to let them go"
)


def _is_held(site: Site, record: PointRecord) -> bool:
    """Whether a snapshot bears a hold, whatever it says: nobody can release it any more."""
    states = site.region.images.snapshot_states([s.snapshot_id for s in record.snapshots])
    return any(state.hold for state in states.values())


def _unmarked(record: PointRecord) -> Outcome:
    return _left_alone(record, "it is there and no longer bears our mark: left alone")


def _last_resort(record: PointRecord) -> Outcome:
    """DESIGN rule 3 for what is left of points: the last of a machine is nobody's to sweep."""
    return _left_alone(
        record,
        "its image is gone and no other usable point of its machine is left: its snapshots "
        f"({', '.join(s.snapshot_id for s in record.snapshots)}) are kept; register an image "
        "from them, or delete them by hand",
    )


def _left_alone(record: PointRecord, reason: str) -> Outcome:
    return Outcome(
        subject=record.image_id or record.name,
        action="sweep",
        result=Result.SKIPPED,
        reason=reason,
        details={"lineage": record.lineage, "name": record.name},
    )
