"""Reading for people: points with the reason why each is kept, one point, tag problems."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.configuration import Configuration
from chalicelib.domain.instants import iso_minute, iso_second, spell_age
from chalicelib.domain.records import PointRecord, lineage_of
from chalicelib.domain.recovery_point import RecoveryPoint
from chalicelib.domain.subscription import RETAIN, Problem, advice_on, read_subscription
from chalicelib.jobs.holds import find_point
from chalicelib.jobs.inventory import take_inventory
from chalicelib.jobs.lineages import Terms, decide
from chalicelib.jobs.ports import Site
from chalicelib.jobs.tick import Schedules, Verdict, read_due


@dataclass(frozen=True, slots=True)
class Listed:
    """One point and what retention would do with it now."""

    point: RecoveryPoint
    fate: str
    reasons: tuple[str, ...]

    def as_json(self, now: datetime) -> dict[str, object]:
        """The point as `snapback points` prints it."""
        p = self.point
        return {
            "image": p.image_id,
            "name": p.name,
            "region": p.region,
            "instance": p.instance_id,
            "lineage": p.lineage,
            "kind": p.kind.value,
            "plan": "+".join(p.plans),
            "slot": iso_minute(p.at),
            "created": iso_second(p.created_at),
            "age": spell_age(now - p.created_at),
            "state": p.state.value,
            "size_gib": p.size_gib,
            "retain": p.retain,
            "hold": p.hold,
            "change": p.change,
            "snapshots": [s.snapshot_id for s in p.snapshots],
            "fate": self.fate,
            "reasons": list(self.reasons),
        }


def points(
    sites: Iterable[Site], terms: Terms, instance_id: str, now: datetime
) -> tuple[Listed, ...]:
    """Every point (of the lineage of *instance_id*, if given), newest first per lineage."""
    listed: list[Listed] = []
    for site in sites:
        record = site.catalogue.instance(site.region.name, instance_id) if instance_id else None
        lineage = lineage_of(instance_id, record)
        for plan in (machine.plan for machine in decide(site, terms, now).machines):
            fates = {k.point.image_id: Listed(k.point, "keep", k.reasons) for k in plan.keep}
            fates |= {e.point.image_id: Listed(e.point, "expire", (e.reason,)) for e in plan.expire}
            listed += [
                found
                for found in sorted(
                    fates.values(), key=lambda f: (f.point.at, f.point.image_id), reverse=True
                )
                if lineage in ("", found.point.lineage, found.point.instance_id)
            ]
    return tuple(listed)


def show(
    sites: Iterable[Site], image_id: str
) -> tuple[RecoveryPoint, PointRecord, Configuration | None]:
    """One point, its row and the configuration captured with it, if that is not lost."""
    site, point, record = find_point(sites, image_id)
    return point, record, site.catalogue.manifest(point.lineage, point.manifest)


def advice(sites: Iterable[Site], schedules: Schedules) -> tuple[Problem, ...]:
    """Tags that can be obeyed, and whose retention does not do what it looks like."""
    told: list[Problem] = []
    for site in sites:
        for instance in site.region.instances.tagged(schedules.plan_tag):
            subscription, _ = read_subscription(
                instance.instance_id, instance.tags, schedules.book, schedules.plan_tag
            )
            tag = RETAIN if RETAIN in instance.tags else schedules.plan_tag
            for said in advice_on(subscription) if subscription is not None else ():
                value = instance.tags.get(tag, "")
                told.append(
                    Problem(instance_id=instance.instance_id, tag=tag, value=value, message=said)
                )
    return tuple(told)


def due(
    sites: Iterable[Site], schedules: Schedules, now: datetime
) -> tuple[tuple[Verdict, ...], tuple[Problem, ...]]:
    """What is due now and why, what is not and why not, and what the tags get wrong."""
    verdicts: list[Verdict] = []
    problems: list[Problem] = []
    for site in sites:
        reading = read_due(site, schedules, take_inventory(site.region, site.catalogue), now)
        verdicts += reading.verdicts
        problems += reading.problems
    return tuple(verdicts), tuple(problems)
