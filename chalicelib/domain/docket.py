"""Whose turn it is: which of the points that are to go one run may take, in what order."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.expire_plan import Verdict
from chalicelib.domain.guards import Bounds, Guard, Stop
from chalicelib.domain.records import PointRecord
from chalicelib.domain.recovery_point import RecoveryPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One point that is to be quarantined or deleted, if no guard stops it."""

    point: RecoveryPoint
    record: PointRecord | None
    wanted: Verdict
    waits: str = ""
    """What is wrong with its first look, if anything: the second can not come then."""


def in_turn(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Second looks before first ones, and what has waited longest before the rest.

    So a bound that leaves something to the next run never leaves the same thing for ever
    (L5).
    """
    return sorted(candidates, key=_turn)


def _turn(candidate: Candidate) -> tuple[bool, datetime, str]:
    point = candidate.point
    second = candidate.wanted is Verdict.DELETE and point.quarantined_at is not None
    since = point.quarantined_at if second and point.quarantined_at else point.at
    return not second, since, point.image_id


class Docket:
    """Counts what a run takes away, and says when it is enough (I7)."""

    def __init__(
        self, bounds: Bounds, points: Mapping[str, int], overrides: Collection[Guard] = ()
    ) -> None:
        """*points*: how many trusted points each lineage has."""
        self._bounds = bounds
        self._points = points
        self._overrides = overrides
        total = sum(points.values())
        spared = Guard.REGION_SHARE in overrides
        self._of_region = total if spared else bounds.of_region(total)
        self._taken: Counter[str] = Counter()
        self.left = self._of_region
        """How many points of the region this run may still take."""

    def full_for(self, candidate: Candidate) -> Stop | None:
        """Why this candidate is left to a later run, or nothing."""
        if not self.left:
            return _bound(
                Guard.REGION_SHARE,
                candidate,
                f"this run takes {self._of_region} points of the region, the next ones the rest",
            )
        lineage = candidate.point.lineage
        most = self._bounds.of_lineage(self._points.get(lineage, 0))
        if self._taken[lineage] >= most and Guard.LINEAGE_SHARE not in self._overrides:
            return _bound(
                Guard.LINEAGE_SHARE,
                candidate,
                f"this run takes {most} of the machine's points, the next ones the rest",
            )
        return None

    def admit(self, candidate: Candidate) -> None:
        """Count it."""
        self._taken[candidate.point.lineage] += 1
        self.left -= 1


def _bound(guard: Guard, candidate: Candidate, reason: str) -> Stop:
    return Stop(guard=guard, subject=candidate.point.image_id, reason=reason)
