"""The plan of one region's expiry: decide, look around, guard. Changes nothing."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from operator import attrgetter

from chalicelib.domain.docket import Candidate, Docket, in_turn
from chalicelib.domain.expire_plan import ExpirePlan, Line, MachinePlan, Verdict
from chalicelib.domain.expiry import Expire, Keep
from chalicelib.domain.guards import Guard, Stop
from chalicelib.domain.guards_point import ready_to_deregister
from chalicelib.domain.guards_region import (
    MissingImages,
    find_missing,
    lost_users,
    odd_clock,
    paused,
    refuse_shrunken,
    remember,
    tags_lost,
)
from chalicelib.domain.instants import iso_minute
from chalicelib.domain.records import PointRecord, RegionMemory
from chalicelib.domain.recovery_point import RecoveryPoint, State
from chalicelib.jobs.judging import Judge, Judgement
from chalicelib.jobs.lineages import Decisions, Machine, Terms, decide
from chalicelib.jobs.ports import Site

_FAILED_IMAGE = "a failed image: what it left is deleted after two looks like everything else"
_Ready = Callable[[RecoveryPoint, PointRecord], str]
"""Why a point must still wait for its second look, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One region's plan, and what its execution needs to know besides."""

    plan: ExpirePlan
    decisions: Decisions
    missing: MissingImages
    memory: RegionMemory
    """What this run is to be remembered by."""
    before: RegionMemory | None
    must_write: bool
    """Whether the memory has to be written although nothing else is new."""

    @property
    def records(self) -> Mapping[str, PointRecord]:
        """The catalogue's rows, by AMI name."""
        return self.decisions.inventory.records

    def record_of(self, line: Line) -> PointRecord:
        """The row of a point on which the run acts: ours have one."""
        return self.decisions.inventory.records[line.point.name]

    def to_remember(self, *, acts: bool) -> RegionMemory | None:
        """What to write down before acting, if anything."""
        return remember(self.before, self.memory, acts=acts or self.must_write)


def plan(
    site: Site, terms: Terms, now: datetime, overrides: Collection[Guard] = frozenset()
) -> Outlook:
    """Everything that a run would do in one region; soft guards in *overrides* do not stop it."""
    decisions = decide(site, terms, now)
    inventory, before = decisions.inventory, site.catalogue.memory(site.region.name)
    missing = find_missing(inventory.records, inventory.points, now, terms.quarantine)
    soft = frozenset(g for g in overrides if not g.is_hard)
    lost = tags_lost(before, decisions.tagged, sum(m.is_bare for m in decisions.machines))
    pause = paused(before, now, lost=lost)
    clock = odd_clock(before, now)
    listing = refuse_shrunken(missing, len(inventory.records))
    region = _region_stops(site, soft, {Guard.LISTING: listing, Guard.CLOCK: clock})
    steady = _steady(before, now, jumped=clock != "" and Guard.CLOCK not in soft)
    lines = _all_lines(decisions, now, terms, steady)
    judged, held = Judgement(), _machine_stops(decisions.machines, pause)
    if not region:
        docket = Docket(terms.schedules.book.bounds, _counts(decisions), soft)
        candidates = _candidates(lines, inventory.records)
        judged = Judge(site, docket, soft, now).judge(candidates, decisions.machines, held)
        users = lost_users(before, judged.asked, judged.used)
        region = _region_stops(site, soft, {Guard.USERS: users})
    lost_tags, blindness = _alarm(before, decisions, lost=lost), _blindness(judged)
    alarms = {Guard.LOST_TAGS: lost_tags, Guard.IN_USE: blindness}
    memory = replace(
        _remembered(before or RegionMemory(region=site.region.name, at=now), judged, now),
        tagged=decisions.tagged,
        paused_until=pause,
        steady_since=steady,
    )
    return Outlook(
        plan=ExpirePlan(
            region=site.region.name,
            now=now,
            machines=_machine_plans(decisions, lines, judged.stops, region),
            stops=region,
            alarms=_region_stops(site, soft, alarms),
        ),
        decisions=decisions,
        missing=missing,
        memory=memory,
        before=before,
        must_write=bool(clock) or lost,
    )


def _remembered(before: RegionMemory, judged: Judgement, now: datetime) -> RegionMemory:
    """The region as of now; a run that asked for no users knows of those it knew."""
    in_use = tuple(judged.used) if judged.asked else before.in_use
    return replace(before, at=now.replace(microsecond=0), in_use=in_use)


_NEWNESS = attrgetter("point.at", "point.created_at", "point.image_id")


def _all_lines(
    decisions: Decisions, now: datetime, terms: Terms, steady: datetime | None
) -> dict[str, list[tuple[Line, str]]]:
    ready = partial(ready_to_deregister, now=now, quarantine=terms.quarantine, steady_since=steady)
    records = decisions.inventory.records
    return {m.lineage: list(_lines(m, records, ready)) for m in decisions.machines}


def _steady(before: RegionMemory | None, now: datetime, *, jumped: bool) -> datetime | None:
    """Since when the clock can be believed to have run, where it ever jumped."""
    if jumped:
        return now.replace(microsecond=0)
    return before.steady_since if before is not None else None


def _lines(
    machine: Machine, records: Mapping[str, PointRecord], ready: _Ready
) -> Iterator[tuple[Line, str]]:
    """Each point's line as the rules want it, and what keeps its second look from coming."""
    fates: list[Keep | Expire] = [*machine.plan.keep, *machine.plan.expire]
    if machine.plan.expire:
        fates.sort(key=_NEWNESS, reverse=True)
    for fate in fates:
        point = fate.point
        reasons = fate.reasons if isinstance(fate, Keep) else (fate.reason,)
        if isinstance(fate, Keep) and fate.release:
            yield Line(point=point, wanted=Verdict.RELEASE, reasons=reasons), ""
        elif isinstance(fate, Keep) and not _is_rubble(point):
            yield Line(point=point, wanted=Verdict.KEEP, reasons=reasons), ""
        else:
            told = (_FAILED_IMAGE,) if _is_rubble(point) else reasons
            yield _going(point, records.get(point.name), told, ready)


def _is_rubble(point: RecoveryPoint) -> bool:
    """A failed image of ours: no backup, and in nobody's way but the bill's."""
    return point.state is State.FAILED and not point.problems and not point.hold


def _going(
    point: RecoveryPoint,
    record: PointRecord | None,
    reasons: tuple[str, ...],
    ready: _Ready,
) -> tuple[Line, str]:
    begun = point.state is State.QUARANTINED or (
        point.state is State.FAILED and record is not None and record.quarantined_at is not None
    )
    if not begun:
        return Line(point=point, wanted=Verdict.QUARANTINE, reasons=reasons), ""
    waits = "the catalogue does not know it"
    waits = ready(point, record) if record else waits
    if waits.startswith("quarantined;"):
        return Line(point=point, wanted=Verdict.WAIT, reasons=(waits, *reasons)), ""
    return Line(point=point, wanted=Verdict.DELETE, reasons=reasons), waits


def _candidates(
    lines: Mapping[str, list[tuple[Line, str]]], records: Mapping[str, PointRecord]
) -> list[Candidate]:
    return in_turn(
        Candidate(
            point=line.point,
            record=records.get(line.point.name),
            wanted=line.wanted,
            waits=waits,
        )
        for group in lines.values()
        for line, waits in group
        if line.wanted in (Verdict.QUARANTINE, Verdict.DELETE)
    )


def _counts(decisions: Decisions) -> dict[str, int]:
    return {m.lineage: sum(not p.problems for p in m.points) for m in decisions.machines}


def _machine_stops(machines: Iterable[Machine], pause: datetime | None) -> dict[str, Stop]:
    """Guards of whole machines: a tag that can not be read, tags that many lost at once."""
    found: dict[str, Stop] = {}
    for machine in machines:
        if machine.asked is not None and machine.asked.problems:
            guard, reason = Guard.BAD_TAGS, machine.asked.problems
        elif machine.is_bare and pause is not None:
            guard = Guard.LOST_TAGS
            reason = f"many instances lost their tag at once: paused until {iso_minute(pause)}"
        else:
            continue
        found[machine.lineage] = Stop(guard=guard, subject=machine.lineage, reason=reason)
    return found


def _machine_plans(
    decisions: Decisions,
    lines: Mapping[str, list[tuple[Line, str]]],
    stops: Mapping[str, tuple[Stop, ...]],
    region: tuple[Stop, ...],
) -> tuple[MachinePlan, ...]:
    return tuple(
        MachinePlan(
            lineage=m.lineage,
            label=m.asked.label if m.asked is not None else "",
            is_dead=m.is_dead,
            lines=tuple(_stopped(line, stops, region) for line, _ in lines[m.lineage]),
        )
        for m in decisions.machines
    )


def _stopped(line: Line, stops: Mapping[str, tuple[Stop, ...]], region: tuple[Stop, ...]) -> Line:
    if line.wanted in (Verdict.KEEP, Verdict.WAIT):
        return line
    held = region if line.wanted is Verdict.RELEASE else (
        *region, *stops.get(line.point.image_id, ())
    )  # fmt: skip
    if not held:
        return line
    return Line(point=line.point, wanted=line.wanted, reasons=line.reasons, stops=held)


def _blindness(judged: Judgement) -> str:
    """Why nothing can be found unused, or empty (F29: a denial must be seen)."""
    if not judged.blind:
        return ""
    return "whatever could not be looked up counts as in use: " + "; ".join(judged.blind)


def _alarm(before: RegionMemory | None, decisions: Decisions, *, lost: bool) -> str:
    if not lost or before is None:
        return ""
    lost_it = before.tagged - decisions.tagged
    return (
        f"{lost_it} of {before.tagged} instances lost their plan tag since "
        f"{iso_minute(before.at)}: the points of machines without one stay for a week"
    )


def _region_stops(
    site: Site, soft: frozenset[Guard], said: Mapping[Guard, str]
) -> tuple[Stop, ...]:
    return tuple(
        Stop(guard=guard, subject=site.region.name, reason=reason)
        for guard, reason in said.items()
        if reason and guard not in soft
    )
