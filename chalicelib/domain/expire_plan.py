"""What one run of expiry would do in a region: every point, its verdict, and who said no.

A value to read, to print and to name: the digest stands for exactly these acts and stops,
and an override holds for the plan that bears it, never for the next one.
"""

import enum
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.canonical import digest
from chalicelib.domain.guards import Guard, Stop
from chalicelib.domain.instants import iso_minute, spell_age
from chalicelib.domain.recovery_point import RecoveryPoint


class Verdict(enum.Enum):
    """What becomes of a point in this run."""

    KEEP = "keep"
    RELEASE = "bring back"
    QUARANTINE = "quarantine"
    WAIT = "wait"
    """Quarantined; its second look is still to come."""
    DELETE = "delete"
    STOPPED = "stopped"
    """It would go, but a guard says no."""


ACTS = (Verdict.RELEASE, Verdict.QUARANTINE, Verdict.DELETE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One point: what the rules want of it, why, and which guards spoke."""

    point: RecoveryPoint
    wanted: Verdict
    reasons: tuple[str, ...]
    stops: tuple[Stop, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """What becomes of it."""
        return Verdict.STOPPED if self.stops else self.wanted

    def as_json(self, now: datetime, plan: str) -> dict[str, object]:
        """The line as `snapback expire` prints it; *plan* is the digest."""
        p = self.point
        return {
            "image": p.image_id,
            "name": p.name,
            "kind": p.kind.value,
            "slot": iso_minute(p.at),
            "age": spell_age(now - p.at),
            "state": p.state.value,
            "size_gib": p.size_gib,
            "retain": p.retain,
            "verdict": self.verdict.value,
            "wanted": self.wanted.value,
            "reasons": list(self.reasons),
            "stops": [stop.as_json(plan) for stop in self.stops],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinePlan:
    """All points of one lineage, newest first."""

    lineage: str
    lines: tuple[Line, ...]
    label: str = ""
    """The machine's id and name, where it still runs."""
    is_dead: bool = False
    """No instance of it exists any more."""

    def as_json(self, now: datetime, plan: str) -> dict[str, object]:
        """The machine as `snapback expire` prints it."""
        return {
            "lineage": self.lineage,
            "label": self.label or self.lineage,
            "gone": self.is_dead,
            "points": [line.as_json(now, plan) for line in self.lines],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many points, and how many GiB of volumes as captured, have each verdict."""

    points: dict[str, int]
    gib: dict[str, int]

    def as_json(self) -> dict[str, object]:
        """The totals; what deleting frees is at most the sizes of the volumes."""
        return {"points": self.points, "gib": self.gib}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpirePlan:
    """One region's plan."""

    region: str
    now: datetime
    machines: tuple[MachinePlan, ...] = ()
    stops: tuple[Stop, ...] = ()
    """What stops every act in the region; each line that it stops names it as well."""
    alarms: tuple[Stop, ...] = ()
    """What somebody has to look at although it stops only a part of the region."""

    def lines(self) -> Iterator[Line]:
        """Every point's line."""
        return (line for machine in self.machines for line in machine.lines)

    def acts(self, *verdicts: Verdict) -> Iterator[Line]:
        """The lines with one of *verdicts*."""
        return (line for line in self.lines() if line.verdict in verdicts)

    @property
    def guards(self) -> tuple[Guard, ...]:
        """The guards that spoke, each once."""
        spoken = [s.guard for s in self.stops]
        spoken += [s.guard for line in self.lines() for s in line.stops]
        return tuple(dict.fromkeys(spoken))

    @property
    def totals(self) -> Totals:
        """Points and sizes by verdict."""
        points: Counter[str] = Counter()
        gib: Counter[str] = Counter()
        for line in self.lines():
            points[line.verdict.value] += 1
            gib[line.verdict.value] += line.point.size_gib
        return Totals(points=dict(points), gib=dict(gib))

    @property
    def digest(self) -> str:
        """A short name for exactly these acts and stops."""
        return digest(self._said())

    def as_json(self, read: str = "") -> dict[str, object]:
        """The plan as `snapback expire` prints it.

        *read* is the digest of all regions' plans together, the one that overrides name.
        """
        named = read or self.digest
        return {
            "region": self.region,
            "digest": self.digest,
            "machines": [m.as_json(self.now, named) for m in self.machines],
            "stops": [stop.as_json(named) for stop in self.stops],
            "alarms": [alarm.as_json(named) for alarm in self.alarms],
            "guards": [guard.value for guard in self.guards],
            "totals": self.totals.as_json(),
        }

    def _said(self) -> object:
        acting = (line for line in self.lines() if line.wanted in ACTS)
        return (
            self.region,
            tuple(stop.guard for stop in self.stops),
            tuple(
                (line.point.image_id, line.wanted, tuple(stop.guard for stop in line.stops))
                for line in acting
            ),
        )


def digest_of(plans: Collection[ExpirePlan]) -> str:
    """A short name for the plans of several regions together; of one, its own."""
    digests = [plan.digest for plan in plans]
    return digests[0] if len(digests) == 1 else digest(tuple(digests))
