"""Which recovery points to keep, which to let expire, and why: one lineage at a time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from operator import attrgetter
from types import MappingProxyType

from chalicelib.domain.claims import Claims
from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.instants import iso_minute, parse_instant, spell_age
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, State
from chalicelib.domain.retention import Retention, parse_retention

_SKEW = timedelta(minutes=5)
"""How far ahead of now a point may be dated before it counts as "in the future"."""
NO_CAPS: Mapping[Kind, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Keep:
    """A point stays; everything that wanted it is named."""

    point: RecoveryPoint
    reasons: tuple[str, ...]
    release: bool = False
    """It is quarantined and would be kept today: bring it back."""


@dataclass(frozen=True, slots=True)
class Expire:
    """A point goes: to quarantine first, and on the second look for good."""

    point: RecoveryPoint
    reason: str


@dataclass(frozen=True, slots=True)
class RetentionPlan:
    """The fate of every point of one lineage, newest first."""

    keep: tuple[Keep, ...] = ()
    expire: tuple[Expire, ...] = ()


def plan_retention(
    points: Iterable[RecoveryPoint],
    current: Retention | None,
    *,
    now: datetime,
    zone: str = "UTC",
    floor: int = 1,
    caps: Mapping[Kind, int] = NO_CAPS,
    is_dead: bool = False,
) -> RetentionPlan:
    """Decide the fate of every point of one lineage.

    A point stays if the retention frozen on it when it was made claims it, or if
    *current* does: a tag can lengthen what exists, never shorten it (DESIGN rule 7).
    Each rule is applied over all usable points of the same kind, newest first, so a
    flood of one kind pushes out no other (F63), and failed, pending or unreadable
    points fill no quota. Of a kind that has a cap, no rule keeps more than that many.
    The newest *floor* usable points stay whatever the rules say, and where there are
    fewer, the newest quarantined ones come back (I2, I3). *is_dead* says that no instance
    of the lineage exists any more: its last point is all that is left of it (I8). *zone*
    counts days where a point does not say whose it counts. The order of *points* does
    not matter, and planning the survivors again expires nothing.
    """
    ordered = sorted(points, key=_AGE, reverse=True)
    usable = [p for p in ordered if _competes(p, now + _SKEW)]
    claims = Claims(zone, now, caps)
    for place, point in enumerate(usable[:floor], start=1):
        for reason in _standing(place, floor, only=len(usable) == 1, is_dead=is_dead):
            claims.add(point, reason)
    claims.claim(usable, current)
    back = _would_return(ordered, usable, current, Claims(zone, now, caps), floor)
    rivals = _Rivals(usable, caps)
    keep: list[Keep] = []
    expire: list[Expire] = []
    for point in ordered:
        returning = back.get(point.image_id) if point.state is State.QUARANTINED else None
        if returning is not None:
            why = ("its retention wants it back", *returning)
            keep.append(Keep(point, why, release=True))
            continue
        reasons = claims.reasons.get(point.image_id, [])
        if point.hold or point.keep_until is not None or not _competes(point, now + _SKEW):
            reasons = [*_always(point, now), *reasons]
        if reasons:
            keep.append(Keep(point, tuple(reasons)))
        else:
            expire.append(Expire(point, _why_not(point, rivals, now)))
    return RetentionPlan(tuple(keep), tuple(expire))


_AGE = attrgetter("at", "created_at", "image_id")


def _competes(point: RecoveryPoint, edge: datetime) -> bool:
    """Whether it may fill a quota; *edge* is the latest date that is not the future."""
    return point.state.is_usable and not point.problems and _is_past(point, edge)


def _is_past(point: RecoveryPoint, edge: datetime) -> bool:
    return point.at <= edge and point.created_at <= edge


def _standing(place: int, floor: int, *, only: bool, is_dead: bool) -> Iterator[str]:
    """Why the newest points stay whatever the rules say."""
    if place > 1:
        yield f"floor {place}/{floor}: an instance of its machine may live"
        return
    yield "newest usable point"
    if is_dead and only:
        yield "the last point of a machine that is gone"


def _always(point: RecoveryPoint, now: datetime) -> Iterator[str]:
    """Why a point stays whatever the rules say."""
    yield from _promised(point, now)
    yield from (f"not trusted, left alone: {problem}" for problem in point.problems)
    if not _is_past(point, now + _SKEW):
        yield f"dated in the future ({iso_minute(max(point.at, point.created_at))}), left alone"
    match point.state:
        case State.PENDING:
            yield "pending: not finished yet" if point.snapshots else "pending: it has no snapshots"
        case State.FAILED:
            yield "failed: no backup at all; what it left is cleaned up apart"
        case State.DISABLED:
            yield "disabled by somebody else, left alone"
        case State.GONE:
            yield "already deregistered"
        case _:
            pass


def _promised(point: RecoveryPoint, now: datetime) -> Iterator[str]:
    """What the point's own tags promise for now, quarantined or not."""
    if point.hold and (held := hold_on(point, now)):
        yield held
    if point.keep_until is not None and point.keep_until > now:
        yield f"to be kept until {iso_minute(point.keep_until)}"


def hold_on(point: RecoveryPoint, now: datetime) -> str:
    """What holds *point* now, as a sentence, or empty."""
    if not point.hold:
        return ""
    if point.hold == "forever":
        return "held until released"
    try:
        until = parse_instant(point.hold)
    except InvalidInputError:
        return f"held (its hold {point.hold!r} is no date, so it holds until released)"
    return f"held until {iso_minute(until)}" if until > now else ""


def _would_return(
    ordered: Sequence[RecoveryPoint],
    usable: Sequence[RecoveryPoint],
    current: Retention | None,
    claims: Claims,
    floor: int,
) -> dict[str, list[str]]:
    """The quarantined points that would be kept today, had they never been disabled."""
    now = claims.now
    waiting = [p for p in ordered if p.state is State.QUARANTINED and not p.problems]
    if not waiting:
        return {}
    quarantined = {p.image_id for p in waiting}
    for point in waiting:
        for reason in _promised(point, now):
            claims.add(point, reason)
    edge = now + _SKEW
    candidates = [p for p in ordered if p.image_id in quarantined or _competes(p, edge)]
    claims.claim(candidates, current)
    back = {image: why for image, why in claims.reasons.items() if image in quarantined}
    short = floor - len(usable) - len(back)
    rest = [p for p in waiting if p.image_id not in back and _is_past(p, edge)]
    for point in rest[: max(short, 0)]:
        back[point.image_id] = [f"only {len(usable)} usable point(s) are left"]
    return back


def _why_not(point: RecoveryPoint, rivals: "_Rivals", now: datetime) -> str:
    if twin := rivals.twin_of(point):
        return f"no rule keeps it: {twin} stands for the slot {iso_minute(point.at)}"
    age = f"no rule keeps it ({spell_age(now - point.at)} old): "
    return age + _no_place(point.retain) + rivals.beyond_cap(point.kind)


@lru_cache(maxsize=1 << 10)
def _no_place(retain: str) -> str:
    retention = parse_retention(retain)
    counted = replace(retention, within=None, minimum=1)
    told = [f"{counted} is filled by newer points"] if str(counted) else []
    if retention.within is not None:
        told.append(f"it is older than {spell_age(retention.within)}")
    return ", ".join(told)


class _Rivals:
    """The usable points of a lineage, as one that expires sees them."""

    def __init__(self, usable: Sequence[RecoveryPoint], caps: Mapping[Kind, int]) -> None:
        self._usable = usable
        self._caps = caps

    @cached_property
    def _by_slot(self) -> Mapping[datetime, str]:
        scheduled = (p for p in reversed(self._usable) if p.kind is Kind.SCHEDULED)
        return {p.at: p.image_id for p in scheduled}

    @cached_property
    def _counts(self) -> Mapping[Kind, int]:
        return Counter(p.kind for p in self._usable)

    def twin_of(self, point: RecoveryPoint) -> str:
        """Another usable scheduled point of the same slot, or empty."""
        if point.kind is not Kind.SCHEDULED:
            return ""
        other = self._by_slot.get(point.at, "")
        return "" if other == point.image_id else other

    def beyond_cap(self, kind: Kind) -> str:
        """What the cap of the kind adds to the reason, or empty."""
        cap = self._caps.get(kind, 0)
        if not cap or self._counts[kind] <= cap:
            return ""
        return f"; no rule keeps more than {cap} {kind.value} points of a machine"
