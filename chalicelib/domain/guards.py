"""What stands between a retention plan and its execution. Each guard says why it stops."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.records import PointRecord, Stage
from chalicelib.domain.recovery_point import RecoveryPoint, State

_SHARE = 0.3
_LEAST = 2
_LOOKED_AT = (Stage.QUARANTINED, Stage.DEREGISTERING)
_GRACE = timedelta(hours=1)
"""How long a fresh image may be missing from listings before that means anything."""


@dataclass(frozen=True, slots=True)
class MissingImages:
    """Rows of images that a listing did not show, although nobody here removed them."""

    fresh: tuple[PointRecord, ...]
    """Missing for the first time, or not for long: the listing may be at fault."""
    settled: tuple[PointRecord, ...]
    """Missing for at least a quarantine: somebody deregistered them."""


def find_missing(
    records: Mapping[str, PointRecord],
    listed: Iterable[RecoveryPoint],
    now: datetime,
    quarantine: timedelta,
) -> MissingImages:
    """Which images the catalogue knows and the listing does not show."""
    shown = {point.name for point in listed}
    missing = [
        record
        for name, record in sorted(records.items())
        if name not in shown
        and record.stage not in (Stage.INTENDED, Stage.DEREGISTERING)
        and now - record.at > _GRACE
    ]
    settled = tuple(
        r for r in missing if r.missing_since is not None and now - r.missing_since >= quarantine
    )
    return MissingImages(tuple(r for r in missing if r not in settled), settled)


def refuse_shrunken(missing: MissingImages, known: int) -> str:
    """Why this listing is not to be acted upon, or empty (F41: an empty answer deletes nothing).

    A listing that lost more than three in ten of the points known is taken for broken;
    once the same points have been missing for a whole quarantine, for the truth.
    """
    lost = len(missing.fresh)
    if lost >= _LEAST and lost > known * _SHARE:
        return (
            f"the listing lacks {lost} of {known} recovery points that the catalogue knows: "
            "nothing is deleted until they are back, or have been gone for a whole quarantine"
        )
    return ""


def ready_to_deregister(
    point: RecoveryPoint, record: PointRecord, now: datetime, quarantine: timedelta
) -> str:
    """Why *point* must still wait for its second look, or empty when it may go now.

    Image and row must tell of the same first look, a whole quarantine ago, and EC2 must
    still call the image disabled (or failed): two looks, two witnesses (DESIGN rule 4).
    """
    if record.stage not in _LOOKED_AT or record.quarantined_at is None:
        return "the catalogue does not know of a first look"
    if point.quarantined_at != record.quarantined_at:
        return "image and catalogue do not agree on when it was quarantined"
    if point.state not in (State.QUARANTINED, State.FAILED):
        return f"it is {point.state.value}"
    left = quarantine - (now - record.quarantined_at)
    if left > timedelta(0):
        return f"quarantined; deleted in {left.total_seconds() / 3600:.1f} h"
    return ""
