"""What each retention rule wants to keep of one lineage's points, and in which words."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.instants import spell_age
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, State
from chalicelib.domain.retention import Retention, Rule, parse_retention, rules_of


@dataclass(slots=True)
class Claims:
    """Reasons to keep, by image id, while one lineage is being planned."""

    zone: str
    """Of points that do not say whose days their retention counts."""
    now: datetime
    caps: Mapping[Kind, int]
    reasons: dict[str, list[str]] = field(default_factory=dict)

    def add(self, point: RecoveryPoint, reason: str) -> None:
        """Another reason to keep *point*."""
        self.reasons.setdefault(point.image_id, []).append(reason)

    def claim(self, points: Iterable[RecoveryPoint], current: Retention | None) -> None:
        """Add what every retention in play keeps of *points* (newest first), kind by kind."""
        kinds: dict[Kind, list[RecoveryPoint]] = {}
        for point in points:
            kinds.setdefault(point.kind, []).append(point)
        for kind, members in kinds.items():
            self._claim_kind(kind, members, current if kind is Kind.SCHEDULED else None)

    def _claim_kind(
        self, kind: Kind, points: list[RecoveryPoint], current: Retention | None
    ) -> None:
        """Beyond the cap of its kind no rule keeps a point; only a date or a hold does."""
        counted = points[: self.caps.get(kind, len(points))]
        frozen: dict[tuple[str, str], list[RecoveryPoint]] = {}
        for point in points:
            frozen.setdefault((point.retain, point.zone or self.zone), []).append(point)
        for (text, zone), members in frozen.items():
            self._claim_frozen(counted, text, zone, members)
        if current is None or list(frozen) == [(str(current), self.zone)]:
            return
        for point, reason in kept_by(counted, current, self.zone, self.now):
            self.add(point, f"{reason}, by the present retention")

    def _claim_frozen(
        self,
        points: Sequence[RecoveryPoint],
        text: str,
        zone: str,
        members: Sequence[RecoveryPoint],
    ) -> None:
        """Add what the retention *text* keeps of its *members*, counted over all *points*."""
        try:
            retention = parse_retention(text)
        except InvalidInputError:
            for point in members:
                self.add(point, f"its frozen retention {text!r} can not be read, left alone")
            return
        mine = {p.image_id for p in members}
        for point, reason in kept_by(points, retention, zone, self.now):
            if point.image_id in mine:
                self.add(point, reason)


def kept_by(
    points: Sequence[RecoveryPoint], retention: Retention, zone: str, now: datetime
) -> Iterator[tuple[RecoveryPoint, str]]:
    """What one retention keeps of *points* (newest first), with each reason.

    Where a rule may choose within a period, a point that was verified to boot goes before
    a newer one that nobody has tried: a backup is worth what its restore is. Two points of
    one slot are one to every rule.
    """
    if retention.last:
        for number, (point, _, _) in enumerate(_chosen(points, _slot, retention.last), start=1):
            yield point, _counted("last", number, retention.last, "", verified=False)
    if retention.within is not None:
        reason = _within(retention)
        for point in points:
            if now - point.at >= retention.within:
                break
            yield point, reason
    for rule in rules_of(retention, zone):
        yield from _by_rule(points, rule)
    for point, _, _ in _chosen(points, _slot, retention.minimum):
        yield point, f"minimum of {retention.minimum}"


def _by_rule(points: Sequence[RecoveryPoint], rule: Rule) -> Iterator[tuple[RecoveryPoint, str]]:
    chosen = _chosen(points, lambda point: rule.period_of(point.at), rule.quota)
    for number, (point, period, better) in enumerate(chosen, start=1):
        yield point, _counted(rule.name, number, rule.quota, period, verified=better)


def _chosen(
    points: Sequence[RecoveryPoint], period_of: Callable[[RecoveryPoint], str], quota: int
) -> list[tuple[RecoveryPoint, str, bool]]:
    """One point of each of the *quota* newest periods, and whether it goes before a newer one."""
    found: list[tuple[RecoveryPoint, str, bool]] = []
    last = ""
    for point in points:
        period = period_of(point)
        if period != last:
            if len(found) == quota:
                break
            found.append((point, period, False))
            last = period
        elif point.state is State.VERIFIED and found[-1][0].state is not State.VERIFIED:
            found[-1] = (point, period, True)
    return found


def _slot(point: RecoveryPoint) -> str:
    """What a point counts as: its slot, so that a second try of one is not a second point."""
    return _stamp(point.at) if point.kind is Kind.SCHEDULED else point.image_id


@lru_cache(maxsize=1 << 16)
def _stamp(moment: datetime) -> str:
    return moment.isoformat()


# A fleet's points share their slots, so these few sentences are made once.
@lru_cache(maxsize=1 << 14)
def _counted(rule: str, number: int, quota: int, period: str, *, verified: bool) -> str:
    where = f" ({period})" if period else ""
    better = ", verified: it goes before a newer one that is not" if verified else ""
    return f"{rule} {number}/{quota}{where}{better}"


@lru_cache(maxsize=1 << 10)
def _within(retention: Retention) -> str:
    return f"within {spell_age(retention.within)} of now" if retention.within else ""
