"""Reading a region for expiry: every machine with its points, its tags, and whether it lives."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.errors import AwsError, InvalidInputError
from chalicelib.domain.expiry import RetentionPlan, plan_retention
from chalicelib.domain.guards import Guard
from chalicelib.domain.guards_lineage import floor_of
from chalicelib.domain.instance import Instance, InstanceState
from chalicelib.domain.plans import PlanBook
from chalicelib.domain.records import InstanceRecord, Role, lineage_of
from chalicelib.domain.recovery_point import Kind, RecoveryPoint
from chalicelib.domain.retention import Retention, parse_retention
from chalicelib.domain.subscription import read_subscription
from chalicelib.jobs.inventory import Inventory, take_inventory
from chalicelib.jobs.ports import Site
from chalicelib.jobs.tick import Schedules

_INSTANCE = re.compile(r"i-[0-9a-f]{8,17}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How expiry is to be run."""

    schedules: Schedules
    quarantine: timedelta
    apply: bool = True
    lineage: str = ""
    """Only this lineage; empty: all."""
    overrides: frozenset[Guard] = frozenset()
    """Guards that an operator overrides, for the plan that ``digest`` names."""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the tags of a lineage's instance ask for now."""

    retention: Retention | None = None
    zone: str = ""
    label: str = ""
    problems: str = ""
    """What can not be read of its tags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One lineage as expiry sees it."""

    lineage: str
    points: tuple[RecoveryPoint, ...]
    plan: RetentionPlan
    floor: int
    asked: Asked | None
    """Nothing when no living instance of it bears the plan tag."""
    is_dead: bool
    """No instance of it exists any more; false as well when nobody could tell."""

    @property
    def is_bare(self) -> bool:
        """Whether it lives without the plan tag."""
        return self.asked is None and not self.is_dead


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What is to become of one region's points."""

    inventory: Inventory
    machines: tuple[Machine, ...]
    tagged: int
    """How many living instances bear the plan tag."""


def decide(site: Site, terms: Terms, now: datetime) -> Decisions:
    """The retention plan of every lineage. Changes nothing, and asks for no users."""
    inventory = take_inventory(site.region, site.catalogue)
    remembered = site.catalogue.instances(site.region.name)
    instances = site.region.instances.tagged(terms.schedules.plan_tag)
    living = [i for i in instances if i.state is not InstanceState.TERMINATED]
    asked = _asked(instances, remembered, terms.schedules)
    alive = {lineage_of(i.instance_id, remembered.get(i.instance_id)) for i in living}
    wanted = {
        lineage: points
        for lineage, points in sorted(inventory.by_lineage().items())
        if terms.lineage in ("", lineage)
    }
    dead = _dead(site, {k: v for k, v in wanted.items() if k not in alive}, remembered)
    book = terms.schedules.book
    machines = tuple(
        _machine(lineage, points, asked.get(lineage), book, now, is_dead=lineage in dead)
        for lineage, points in wanted.items()
    )
    return Decisions(inventory=inventory, machines=machines, tagged=len(living))


def _machine(
    lineage: str,
    points: tuple[RecoveryPoint, ...],
    asked: Asked | None,
    book: PlanBook,
    now: datetime,
    *,
    is_dead: bool,
) -> Machine:
    present = asked.retention if asked is not None else None
    floor = floor_of(_minimum(present, points), is_dead=is_dead)
    plan = plan_retention(
        points,
        present,
        now=now,
        zone=(asked.zone if asked is not None else "") or _zone(points, book),
        floor=floor,
        caps=book.caps,
        is_dead=is_dead,
    )
    return Machine(
        lineage=lineage, points=points, plan=plan, floor=floor, asked=asked, is_dead=is_dead
    )


def _minimum(present: Retention | None, points: Sequence[RecoveryPoint]) -> int:
    """What today's tag keeps at least, or what is frozen on the newest point."""
    if present is not None:
        return present.minimum
    newest = max((p for p in points if not p.problems), key=lambda p: p.at, default=None)
    try:
        return parse_retention(newest.retain).minimum if newest is not None else 1
    except InvalidInputError:
        return 1


def _zone(points: Sequence[RecoveryPoint], book: PlanBook) -> str:
    """Of points that say nothing themselves: the zone of the plan that made the newest."""
    made = [p for p in points if p.kind is Kind.SCHEDULED and not p.problems]
    newest = max(made, key=lambda p: p.at, default=None)
    if newest is None:
        return "UTC"
    known = (book.plans[name].zone for name in newest.plans if name in book.plans)
    return newest.zone or next(known, "UTC")


def _asked(
    instances: Iterable[Instance], remembered: Mapping[str, InstanceRecord], schedules: Schedules
) -> dict[str, Asked]:
    """What today's tags keep, by lineage: it can lengthen what is frozen, never shorten it."""
    found: dict[str, Asked] = {}
    for instance in instances:
        record = remembered.get(instance.instance_id)
        if record is not None and record.role is not Role.CURRENT:
            continue  # another instance of its lineage speaks for it
        subscription, problems = read_subscription(
            instance.instance_id, instance.tags, schedules.book, schedules.plan_tag
        )
        wanted = subscription if subscription is not None and not subscription.is_off else None
        found[lineage_of(instance.instance_id, record)] = Asked(
            retention=wanted.retention if wanted is not None else None,
            zone=wanted.zone if wanted is not None else "",
            label=instance.label,
            problems="; ".join(str(p) for p in problems),
        )
    return found


def _dead(
    site: Site,
    unseen: Mapping[str, Sequence[RecoveryPoint]],
    remembered: Mapping[str, InstanceRecord],
) -> set[str]:
    """The lineages none of whose instances exists any more; none of them when nobody can tell."""
    members: dict[str, set[str]] = {
        lineage: {i for i in (lineage, *(p.instance_id for p in points)) if _INSTANCE.fullmatch(i)}
        for lineage, points in unseen.items()
    }
    for record in remembered.values():
        if record.lineage in members:
            members[record.lineage].add(record.instance_id)
    ids = sorted({i for each in members.values() for i in each})
    if not ids:
        return set()
    try:
        found = site.region.instances.find(ids)
    except AwsError:
        return set()
    alive = {i.instance_id for i in found if i.state is not InstanceState.TERMINATED}
    return {lineage for lineage, each in members.items() if each and not each & alive}
