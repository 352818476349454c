"""The acts of expiry: quarantine, deregister, delete what is left; and the way back.

Each act writes its row first and again when it was seen done, so the next run finishes
what one that was cut off had begun. Images go before snapshots: an image whose
snapshots are gone would be a trap (style.md, principle 9).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from chalicelib.domain.errors import AwsError, InUseError, RefusedError, SnapbackError
from chalicelib.domain.image import DeleteCode
from chalicelib.domain.instants import iso_second
from chalicelib.domain.point_tags import QUARANTINED_AT, STATE
from chalicelib.domain.records import PointRecord, Stage
from chalicelib.domain.recovery_point import RecoveryPoint, Snapshot
from chalicelib.domain.report import Outcome, Result
from chalicelib.jobs.attempt import attempt
from chalicelib.jobs.ports import Site

_LEFT = {
    DeleteCode.SKIPPED: (Result.SKIPPED, "another image is built on it: kept until that goes"),
    DeleteCode.MISSING_PERMISSIONS: (Result.FAILED, "the role may not delete snapshots"),
    DeleteCode.INTERNAL_ERROR: (Result.PENDING, "EC2 failed inside: tried again by the next run"),
    DeleteCode.CLIENT_ERROR: (Result.FAILED, "EC2 refuses: is it locked, or AWS Backup's?"),
    DeleteCode.UNKNOWN: (Result.FAILED, "EC2 gave a code that this version does not know"),
}
_BATCH = 1000
"""Most resources of one CreateTags (API reference)."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """One point whose first look has come."""

    point: RecoveryPoint
    record: PointRecord
    reason: str


def quarantine(
    site: Site,
    leaving: Sequence[Leaving],
    now: datetime,
    keep_going: Callable[[], bool] = lambda: True,
) -> list[Outcome]:
    """The first look: disable the images, stamp them, remember when. `release` undoes it.

    One DisableImage each (EC2 can not disable a failed image; that one is only stamped),
    and one CreateTags for a thousand. When *keep_going* says no, the rest is left.
    """
    outcomes: list[Outcome] = []
    for start in range(0, len(leaving), _BATCH):
        outcomes += _together(
            leaving[start : start + _BATCH], partial(_quarantine, site, now, keep_going)
        )
    return outcomes


def _together(
    leaving: Sequence[Leaving], act: Callable[[Sequence[Leaving]], Sequence[Outcome]]
) -> Sequence[Outcome]:
    """*act* upon all at once; if one spoils the call for all, upon each by itself."""
    if not leaving:
        return ()
    try:
        return act(leaving)
    except AwsError as err:
        if len(leaving) == 1:
            point = leaving[0].point
            return (_told(point.image_id, "expire", Result.FAILED, err.message, point),)
    return [outcome for each in leaving for outcome in _together([each], act)]


def _quarantine(
    site: Site, now: datetime, keep_going: Callable[[], bool], batch: Sequence[Leaving]
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    site.catalogue.put_points([replace(e.record, stage=Stage.QUARANTINING) for e in batch])
    disabled: list[Leaving] = []
    spared: list[Leaving] = []
    for each in batch:
        if not keep_going():
            spared.append(each)
            continue
        act = partial(_disable, site, each, disabled)
        outcomes += attempt(each.point.image_id, "expire", act)
    site.catalogue.put_points([each.record for each in spared])
    return [*outcomes, *stamp(site, disabled, now), *map(_left_over, spared)]


def _disable(site: Site, each: Leaving, disabled: list[Leaving]) -> tuple[Outcome, ...]:
    point = each.point
    if point.is_available and not site.region.images.disable(point.image_id):
        return (_told(point.image_id, "quarantine", Result.ALREADY, "it is gone", point),)
    disabled.append(each)
    return ()


def stamp(site: Site, disabled: Sequence[Leaving], now: datetime) -> Sequence[Outcome]:
    """The second half of a quarantine; the wait before deletion counts from here.

    One image that is gone spoils a call for all (CreateTags, API reference): then each is
    stamped by itself.
    """
    return _together(disabled, partial(_stamped, site, now))


def _stamped(site: Site, now: datetime, disabled: Sequence[Leaving]) -> list[Outcome]:
    tags = {STATE: "quarantined", QUARANTINED_AT: iso_second(now)}
    site.region.images.tag([each.point.image_id for each in disabled], tags)
    moment = now.replace(microsecond=0)
    site.catalogue.put_points(
        [
            replace(
                each.record,
                stage=Stage.QUARANTINED,
                quarantined_at=moment,
                snapshots=each.point.snapshots,
            )
            for each in disabled
        ]
    )
    return [
        _told(each.point.image_id, "quarantine", Result.DONE, each.reason, each.point)
        for each in disabled
    ]


def _left_over(each: Leaving) -> Outcome:
    why = "out of time; the next run"
    return _told(each.point.image_id, "expire", Result.PENDING, why, each.point)


def deregister(
    site: Site, point: RecoveryPoint, record: PointRecord, reason: str
) -> tuple[Outcome, ...]:
    """The second look: the image and its snapshots go; each snapshot has an outcome.

    The snapshots are written down before, since EC2 forgets them with the image.
    """
    going = replace(record, stage=Stage.DEREGISTERING, snapshots=point.snapshots)
    site.catalogue.put_points([going])
    codes = site.region.images.deregister(point.image_id)
    if codes is None:
        gone = _told(point.image_id, "deregister", Result.ALREADY, "it was gone", point)
        return (gone, *delete_rest(site, going))
    outcomes = [_told(point.image_id, "deregister", Result.DONE, reason, point)]
    rest: list[Snapshot] = []
    for snapshot in point.snapshots:
        code = codes.get(snapshot.snapshot_id)
        if code is DeleteCode.SUCCESS:
            why = f"deleted with {point.image_id}"
            outcomes.append(_told(snapshot.snapshot_id, "delete", Result.DONE, why, point))
            continue
        rest.append(snapshot)
        if code is not None:
            result, why = _LEFT[code]
            outcomes.append(_told(snapshot.snapshot_id, "delete", result, why, point))
    unanswered = [s for s in rest if s.snapshot_id not in codes]
    _remember_rest(site, going, rest)
    if unanswered:
        outcomes += delete_rest(site, replace(going, snapshots=tuple(rest)))
    return tuple(outcomes)


def delete_rest(site: Site, record: PointRecord) -> tuple[Outcome, ...]:
    """Delete the snapshots that outlived their image, unless somebody needs them.

    Nothing is written where nothing goes: the row is as it was.
    """
    why = _needed(site, [s.snapshot_id for s in record.snapshots])
    outcomes: list[Outcome] = []
    rest: list[Snapshot] = []
    for snapshot in record.snapshots:
        kept = why.get(snapshot.snapshot_id, "")
        outcome = _delete_one(site, snapshot.snapshot_id, kept, record)
        outcomes.append(outcome)
        if outcome.result not in (Result.DONE, Result.ALREADY):
            rest.append(snapshot)
    if not rest or tuple(rest) != record.snapshots:
        _remember_rest(site, record, rest)
    return tuple(outcomes)


def _needed(site: Site, snapshot_ids: Sequence[str]) -> dict[str, str]:
    """Why each snapshot must stay: built upon, locked or shared; absent when it may go.

    What a look-up can not tell raises: then nothing goes.
    """
    images = site.region.images
    users = images.images_using(snapshot_ids)
    why = {i: f"{', '.join(by)} is built on it: kept until that goes" for i, by in users.items()}
    free = [i for i in snapshot_ids if i not in why]
    if free:
        locked = images.locked_snapshots()
        why |= {i: "it is locked: kept until the lock ends" for i in free if i in locked}
        readers = images.snapshots_shared_with([i for i in free if i not in locked])
        for snapshot_id, others in readers.items():
            why[snapshot_id] = f"it is shared with {', '.join(others)}: kept until that ends"
    return why


def release(
    site: Site, point: RecoveryPoint, record: PointRecord, reason: str
) -> tuple[Outcome, ...]:
    """Bring a quarantined point back: enable it and take the stamp off.

    The row follows last: until then the stamp on both sides no longer agrees, and a
    point that does not agree is never deregistered.
    """
    if point.quarantined_at is None:
        raise RefusedError(f"{point.image_id} is not quarantined")
    site.region.images.enable(point.image_id)
    site.region.images.tag([point.image_id], {STATE: "usable"})
    site.region.images.untag([point.image_id], [QUARANTINED_AT])
    site.catalogue.put_points([replace(record, stage=Stage.SETTLED, quarantined_at=None)])
    return (_told(point.image_id, "release", Result.DONE, reason, point),)


def _delete_one(site: Site, snapshot_id: str, kept: str, record: PointRecord) -> Outcome:
    def told(result: Result, reason: str) -> Outcome:
        return Outcome(
            subject=snapshot_id,
            action="delete",
            result=result,
            reason=reason,
            details={"lineage": record.lineage, "name": record.name},
        )

    if kept:
        return told(Result.SKIPPED, kept)
    try:
        was_there = site.region.images.delete_snapshot(snapshot_id)
    except InUseError as err:
        return told(Result.SKIPPED, f"EC2 says it is in use: {err.aws_message}")
    except SnapbackError as err:
        return told(Result.FAILED, err.message)
    if was_there:
        return told(Result.DONE, f"left over from {record.image_id}")
    return told(Result.ALREADY, "it was gone")


def _remember_rest(site: Site, record: PointRecord, rest: list[Snapshot]) -> None:
    if rest:
        site.catalogue.put_points([replace(record, snapshots=tuple(rest))])
    else:
        site.catalogue.forget_points([record])


def _told(subject: str, action: str, result: Result, reason: str, point: RecoveryPoint) -> Outcome:
    return Outcome(
        subject=subject,
        action=action,
        result=result,
        reason=reason,
        details={
            "lineage": point.lineage,
            "kind": point.kind.value,
            "name": point.name,
            "region": point.region,
        },
    )
