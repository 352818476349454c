"""Asking the guards: of each point that is to go, in turn, until a run has enough to do."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.docket import Candidate, Docket
from chalicelib.domain.errors import AwsError
from chalicelib.domain.expire_plan import Verdict
from chalicelib.domain.guards import Guard, Stop, Surroundings
from chalicelib.domain.guards_lineage import standing_stops
from chalicelib.domain.guards_point import Case, stops_of
from chalicelib.domain.recovery_point import RecoveryPoint, State
from chalicelib.jobs.lineages import Machine
from chalicelib.jobs.lookout import Lookout
from chalicelib.jobs.ports import Site

_CHUNK = 200
"""Most points looked around at once: EC2 takes as many values in a filter (User Guide)."""


@dataclass(slots=True)
class Judgement:
    """What the guards said, and what was asked and found on the way."""

    stops: dict[str, tuple[Stop, ...]] = field(default_factory=dict)
    """By image id."""
    asked: list[str] = field(default_factory=list)
    """The images whose users were looked for."""
    used: list[str] = field(default_factory=list)
    """Those of them that somebody uses."""
    blind: list[str] = field(default_factory=list)
    """Look-ups that failed, each once: retention that is stuck has to be seen."""

    def miss(self, failed: Iterable[str]) -> None:
        """Remember look-ups that failed."""
        self.blind += [each for each in failed if each not in self.blind]


class Judge:
    """One region's guards at work. What a run can not take any more is not looked up."""

    def __init__(
        self, site: Site, docket: Docket, overridden: Collection[Guard], now: datetime
    ) -> None:
        self._site = site
        self._docket = docket
        self._overridden = frozenset(overridden)
        self._now = now
        self._said = Judgement()

    def judge(
        self,
        candidates: Sequence[Candidate],
        machines: Iterable[Machine],
        held: Mapping[str, Stop],
    ) -> Judgement:
        """Every stop of *candidates* (in turn); *held* stops whole machines."""
        standing = _standing(machines, candidates)
        queue: deque[Candidate] = deque()
        for candidate in candidates:
            stops = [*self._stops_of(candidate, Surroundings())]
            stops += standing.get(candidate.point.image_id, ())
            if candidate.waits:
                stops.append(_stop(candidate, Guard.SECOND_LOOK, candidate.waits))
            if candidate.point.lineage in held:
                stops.insert(0, held[candidate.point.lineage])
            if not self._is_stopped(candidate, stops):
                queue.append(candidate)
        if queue:
            self._look_around(queue)
        return self._said

    def _look_around(self, queue: deque[Candidate]) -> None:
        lookout = Lookout(self._site)
        while chunk := self._next(queue):
            around = lookout.around([c.point for c in chunk])
            self._said.asked += [c.point.image_id for c in chunk]
            self._said.used += list(around.users)
            self._said.miss(around.blind)
            for candidate in chunk:
                if not self._is_stopped(candidate, self._stops_of(candidate, around)):
                    self._admit(candidate)

    def _next(self, queue: deque[Candidate]) -> list[Candidate]:
        chunk: list[Candidate] = []
        most = min(_CHUNK, max(self._docket.left, 1))
        while queue and len(chunk) < most:
            candidate = queue.popleft()
            if not self._is_full(candidate):
                chunk.append(candidate)
        return chunk

    def _admit(self, candidate: Candidate) -> None:
        """Count it, unless the run is full by now or somebody else may launch it."""
        if self._is_full(candidate):
            return
        if not self._is_stopped(candidate, self._sharing(candidate)):
            self._docket.admit(candidate)

    def _is_full(self, candidate: Candidate) -> bool:
        full = self._docket.full_for(candidate)
        return full is not None and self._is_stopped(candidate, [full])

    def _is_stopped(self, candidate: Candidate, stops: Iterable[Stop]) -> bool:
        """Note the stops that nobody overrides; whether there are any."""
        holding = tuple(s for s in stops if s.guard not in self._overridden)
        if holding:
            self._said.stops[candidate.point.image_id] = holding
        return bool(holding)

    def _stops_of(self, candidate: Candidate, around: Surroundings) -> list[Stop]:
        return list(stops_of(Case(candidate.point, candidate.record, around, self._now)))

    def _sharing(self, candidate: Candidate) -> list[Stop]:
        """Who else may use it: of the image EC2 tells until it is disabled, of snapshots ever."""
        try:
            others = self._others(candidate)
        except AwsError as err:
            why = f"in use by somebody perhaps: {err.message}"
            self._said.miss([err.message])
            return [_stop(candidate, Guard.IN_USE, why)]
        if not others:
            return []
        return [_stop(candidate, Guard.SHARED, f"it is shared with {', '.join(others)}")]

    def _others(self, candidate: Candidate) -> tuple[str, ...]:
        point, images = candidate.point, self._site.region.images
        ids = [s.snapshot_id for s in point.snapshots]
        if candidate.wanted is Verdict.QUARANTINE and point.is_available:
            return images.shared_with(point.image_id, ids)
        readers = images.snapshots_shared_with(ids).values()
        return tuple(dict.fromkeys(who for each in readers for who in each))


def _standing(
    machines: Iterable[Machine], candidates: Iterable[Candidate]
) -> dict[str, list[Stop]]:
    """What the floor says, machine by machine; a failed image never was a point to stand on."""
    going: dict[str, list[RecoveryPoint]] = {}
    for candidate in candidates:
        if candidate.point.state is not State.FAILED:
            going.setdefault(candidate.point.lineage, []).append(candidate.point)
    found: dict[str, list[Stop]] = {}
    for machine in machines:
        leaving = going.get(machine.lineage)
        if not leaving:
            continue
        usable = [p for p in machine.points if p.state.is_usable and not p.problems]
        for stop in standing_stops(leaving, usable, machine.floor):
            found.setdefault(stop.subject, []).append(stop)
    return found


def _stop(candidate: Candidate, guard: Guard, reason: str) -> Stop:
    return Stop(guard=guard, subject=candidate.point.image_id, reason=reason)
