"""Guards of a whole region: listings that shrank, users and tags that vanished, odd clocks.

"Nothing found" is an error before it is an answer: what one look finds gone has to be
gone on a second one, too.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.instants import iso_minute, spell_age
from chalicelib.domain.records import PointRecord, RegionMemory, Stage
from chalicelib.domain.recovery_point import RecoveryPoint

_SHARE = 0.3
_LEAST = 2
_GRACE = timedelta(hours=1)
"""How long a fresh image may be missing from listings before that means anything."""
_AHEAD = timedelta(hours=48)
_BACK = timedelta(minutes=5)
_PAUSE = timedelta(days=7)
_REFRESH = timedelta(hours=12)
"""How old a memory may grow before a run that found nothing new writes it again."""
_REMEMBERED = 50


@dataclass(frozen=True, slots=True)
class MissingImages:
    """Rows of images that a listing did not show, although nobody here removed them."""

    fresh: tuple[PointRecord, ...]
    """Missing for the first time, or not for long: the listing may be at fault."""
    settled: tuple[PointRecord, ...]
    """Missing for at least a quarantine: somebody deregistered them, or they never were."""


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
        and record.stage is not Stage.DEREGISTERING
        and now - record.at > _GRACE
    ]
    settled = tuple(
        r for r in missing if r.missing_since is not None and now - r.missing_since >= quarantine
    )
    return MissingImages(tuple(r for r in missing if r not in settled), settled)


def refuse_shrunken(missing: MissingImages, known: int) -> str:
    """Why this listing is not to be acted upon, or empty (F41: an empty answer deletes nothing).

    A listing that lost more than three in ten of the points known is taken for broken;
    once the same points have been missing for a whole quarantine, for the truth. An image
    that was only intended was never listed.
    """
    lost = sum(r.stage is not Stage.INTENDED for r in missing.fresh)
    if lost >= _LEAST and lost > known * _SHARE:
        return (
            f"the listing lacks {lost} of {known} recovery points that the catalogue knows: "
            "nothing is deleted until they are back, or have been gone for a whole quarantine"
        )
    return ""


def odd_clock(memory: RegionMemory | None, now: datetime) -> str:
    """Why the clock is not to be trusted with deletions, or empty (I7).

    A run that finds it odd is remembered like any other: if the next one agrees with it,
    the clock was right, or service was interrupted.
    """
    if memory is None:
        return ""
    if memory.at - now > _BACK:
        return (
            f"the clock says {iso_minute(now)}, and a run was recorded at {iso_minute(memory.at)}"
        )
    if now - memory.at > _AHEAD:
        gone = spell_age(now - memory.at)
        return f"the clock is {gone} past the last run, {iso_minute(memory.at)}"
    return ""


def lost_users(memory: RegionMemory | None, asked: Collection[str], found: Collection[str]) -> str:
    """Why a look-up that found no user at all is not believed at once, or empty (F41)."""
    before = set(memory.in_use) & set(asked) if memory is not None else set()
    if not before or found:
        return ""
    return (
        f"nothing seems to use any image that is to go, but {', '.join(sorted(before)[:3])} "
        "was in use at the last run"
    )


def tags_lost(memory: RegionMemory | None, tagged: int, bare: int) -> bool:
    """Whether many instances lost their tag at once since the last run (F67).

    More than three in ten fewer bear it, and *bare* machines that have points live without
    one: those that are gone have not lost a tag.
    """
    if memory is None or not bare:
        return False
    lost = memory.tagged - tagged
    return lost > memory.tagged * _SHARE and (lost >= _LEAST or not tagged)


def paused(memory: RegionMemory | None, now: datetime, *, lost: bool) -> datetime | None:
    """Until when machines that live without a tag are left alone, if they are."""
    if lost:
        return now + _PAUSE
    until = memory.paused_until if memory is not None else None
    return until if until is not None and until > now else None


def remember(
    memory: RegionMemory | None, current: RegionMemory, *, acts: bool
) -> RegionMemory | None:
    """What to write down of this run before it acts; nothing when nothing is new.

    Two runs with nothing to do must not write (L4), so the time alone is refreshed only
    now and then.
    """
    current = replace(current, in_use=tuple(sorted(current.in_use)[:_REMEMBERED]))
    if memory is None or acts:
        return current
    if replace(current, at=memory.at) != memory:
        return current
    return current if abs(current.at - memory.at) >= _REFRESH else None
