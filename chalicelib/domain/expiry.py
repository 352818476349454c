"""Which recovery points to keep, which to let expire, and why: one lineage at a time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.instants import iso_minute, parse_instant, spell_age
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, State
from chalicelib.domain.retention import Retention, Rule, parse_retention, rules_of

_SKEW = timedelta(minutes=5)
"""How far ahead of now a point may be dated before it counts as "in the future"."""


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
    zone: str = "UTC",
    now: datetime,
) -> RetentionPlan:
    """Decide the fate of every point of one lineage.

    A point stays if the retention frozen on it when it was made claims it, or if
    *current* does: a tag can lengthen what exists, never shorten it (DESIGN rule 7).
    Each rule is applied over all usable points of the same kind, newest first, so a
    flood of one kind pushes out no other (F63), and failed, pending or unreadable
    points fill no quota. The order of *points* does not matter, and planning the
    survivors again expires nothing.
    """
    ordered = sorted(points, key=_age, reverse=True)
    usable = [p for p in ordered if _competes(p, now)]
    claims = _Claims(zone, now)
    if usable:
        claims.add(usable[0], "newest usable point")
    for kind in Kind:
        claims.claim([p for p in usable if p.kind is kind], current)
    back = _would_return(ordered, current, zone, now)
    keep: list[Keep] = []
    expire: list[Expire] = []
    for point in ordered:
        reasons = (*_always(point, now), *claims.reasons.get(point.image_id, ()))
        returning = point.state is State.QUARANTINED and point.image_id in back
        if returning:
            why = ("its retention wants it back", *back[point.image_id])
            keep.append(Keep(point, why, release=True))
        elif reasons:
            keep.append(Keep(point, reasons))
        else:
            expire.append(Expire(point, _why_not(point, now)))
    return RetentionPlan(tuple(keep), tuple(expire))


def _age(point: RecoveryPoint) -> tuple[datetime, datetime, str]:
    return point.at, point.created_at, point.image_id


def _competes(point: RecoveryPoint, now: datetime) -> bool:
    return point.state.is_usable and not point.problems and _is_past(point, now)


def _is_past(point: RecoveryPoint, now: datetime) -> bool:
    return max(point.at, point.created_at) <= now + _SKEW


def _always(point: RecoveryPoint, now: datetime) -> Iterator[str]:
    """Why a point stays whatever the rules say."""
    yield from _promised(point, now)
    yield from (f"not trusted, left alone: {problem}" for problem in point.problems)
    if not _is_past(point, now):
        yield f"dated in the future ({iso_minute(point.at)}), left alone"
    match point.state:
        case State.PENDING:
            yield "pending: not finished yet"
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
    if held := _hold(point, now):
        yield held
    if point.keep_until is not None and point.keep_until > now:
        yield f"to be kept until {iso_minute(point.keep_until)}"


def _hold(point: RecoveryPoint, now: datetime) -> str:
    if not point.hold:
        return ""
    if point.hold == "forever":
        return "held until released"
    try:
        until = parse_instant(point.hold)
    except InvalidInputError:
        return f"held (its hold {point.hold!r} is no date, so it holds until released)"
    return f"held until {iso_minute(until)}" if until > now else ""


@dataclass(slots=True)
class _Tally:
    """One rule at work: the periods that it has a point of."""

    rule: Rule
    seen: set[str] = field(default_factory=set)

    def claim(self, point: RecoveryPoint) -> str:
        """Why the rule keeps *point*, or empty. Points must come newest first."""
        if len(self.seen) >= self.rule.quota:
            return ""
        period = self.rule.period_of(point.at)
        if period in self.seen:
            return ""
        self.seen.add(period)
        return f"{self.rule.name} {len(self.seen)}/{self.rule.quota} ({period})"


@dataclass(slots=True)
class _Claims:
    """What the rules want to keep, by image id, while one lineage is being planned."""

    zone: str
    now: datetime
    reasons: dict[str, list[str]] = field(default_factory=dict)

    def add(self, point: RecoveryPoint, reason: str) -> None:
        """Another reason to keep *point*."""
        self.reasons.setdefault(point.image_id, []).append(reason)

    def claim(self, points: list[RecoveryPoint], current: Retention | None) -> None:
        """Add what every retention in play keeps of one kind's points (newest first)."""
        frozen: dict[str, list[RecoveryPoint]] = {}
        for point in points:
            frozen.setdefault(point.retain, []).append(point)
        for text, members in frozen.items():
            self._claim_frozen(points, text, members)
        scheduled = bool(points) and points[0].kind is Kind.SCHEDULED
        if current is not None and scheduled and str(current) not in frozen:
            for point, reason in self._kept(points, current):
                self.add(point, f"{reason}, by the present retention")

    def _claim_frozen(
        self, points: list[RecoveryPoint], text: str, members: list[RecoveryPoint]
    ) -> None:
        """Add what the retention *text* keeps of its *members*, counted over all *points*."""
        try:
            retention = parse_retention(text)
        except InvalidInputError:
            for point in members:
                self.add(point, f"its frozen retention {text!r} can not be read, left alone")
            return
        mine = {p.image_id for p in members}
        for point, reason in self._kept(points, retention):
            if point.image_id in mine:
                self.add(point, reason)

    def _kept(
        self, points: list[RecoveryPoint], retention: Retention
    ) -> Iterator[tuple[RecoveryPoint, str]]:
        """What one retention keeps of *points* (newest first), with each reason."""
        tallies = [_Tally(rule) for rule in rules_of(retention, self.zone)]
        for place, point in enumerate(points, start=1):
            if place <= retention.last:
                yield point, f"last {place}/{retention.last}"
            if retention.within is not None and self.now - point.at < retention.within:
                yield point, f"within {spell_age(retention.within)} of now"
            for tally in tallies:
                if reason := tally.claim(point):
                    yield point, reason
            if place <= retention.minimum:
                yield point, f"minimum of {retention.minimum}"


def _would_return(
    ordered: list[RecoveryPoint], current: Retention | None, zone: str, now: datetime
) -> dict[str, list[str]]:
    """The quarantined points that would be kept today, had they never been disabled."""
    quarantined = {p.image_id for p in ordered if p.state is State.QUARANTINED and not p.problems}
    if not quarantined:
        return {}
    claims = _Claims(zone, now)
    for point in ordered:
        if point.image_id in quarantined:
            for reason in _promised(point, now):
                claims.add(point, reason)
    for kind in Kind:
        candidates = [
            p
            for p in ordered
            if p.kind is kind and (_competes(p, now) or p.image_id in quarantined)
        ]
        claims.claim(candidates, current)
    return {image: why for image, why in claims.reasons.items() if image in quarantined}


def _why_not(point: RecoveryPoint, now: datetime) -> str:
    retention = parse_retention(point.retain)
    counted = replace(retention, within=None, minimum=1)
    told = [f"{counted} is filled by newer points"] if str(counted) else []
    if retention.within is not None:
        told.append(f"it is older than {spell_age(retention.within)}")
    return f"no rule keeps it ({spell_age(now - point.at)} old): " + ", ".join(told)
