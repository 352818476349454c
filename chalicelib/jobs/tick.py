"""The tick: settle what is pending, back up what is due. Every five minutes, per region."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from chalicelib.domain.due import Due, NotDue, decide_due
from chalicelib.domain.errors import InvalidInputError, NotFoundError, SnapbackError
from chalicelib.domain.instance import Instance, InstanceState
from chalicelib.domain.names import slot_key
from chalicelib.domain.plans import PlanBook
from chalicelib.domain.point_tags import LINEAGE
from chalicelib.domain.records import InstanceRecord, Role, lineage_of
from chalicelib.domain.recovery_point import Kind, RecoveryPoint
from chalicelib.domain.report import Outcome, Result, RunReport
from chalicelib.domain.retention import parse_retention
from chalicelib.domain.subscription import Problem, Subscription, read_subscription
from chalicelib.jobs.attempt import attempt
from chalicelib.jobs.inventory import Inventory, take_inventory
from chalicelib.jobs.ports import Site
from chalicelib.jobs.settle import settle
from chalicelib.jobs.taking import Order, take

Verdict = tuple[Instance, Due | NotDue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedules:
    """What there is to subscribe to, and the tag that does it."""

    book: PlanBook
    plan_tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one region's tags ask for, and what of that is due now."""

    verdicts: tuple[Verdict, ...]
    orders: tuple[Order, ...]
    problems: tuple[Problem, ...]


def run(
    sites: Iterable[Site],
    schedules: Schedules,
    now: datetime,
    *,
    dry_run: bool = False,
    keep_going: Callable[[], bool] = lambda: True,
) -> RunReport:
    """Settle and back up in every region; one that fails never stops the others."""
    report = RunReport()
    for site in sites:
        try:
            report = report.plus(
                _tick(site, schedules, now, dry_run=dry_run, keep_going=keep_going)
            )
        except SnapbackError as err:
            report = report.plus([_failed_region(site, err)])
    return report


def read_due(site: Site, schedules: Schedules, inventory: Inventory, now: datetime) -> Reading:
    """Read every tag and decide what is due. Changes nothing."""
    instances = site.region.instances.tagged(schedules.plan_tag)
    remembered = site.catalogue.instances(site.region.name)
    leases = site.catalogue.leases()
    lineages = inventory.by_lineage()
    verdicts: list[Verdict] = []
    orders: list[Order] = []
    problems: list[Problem] = list(_slips(site, schedules, instances))
    for instance in instances:
        if instance.state in (InstanceState.TERMINATED, InstanceState.SHUTTING_DOWN):
            continue
        record = remembered.get(instance.instance_id)
        lineage = lineage_of(instance.instance_id, record)
        points = lineages.get(lineage, ())
        subscription, found = _subscribe(instance, schedules, points)
        problems += found
        if reason := _bystander(record, leases, lineage):
            verdict: Due | NotDue = NotDue(reason=reason)
        elif claim := _false_claim(instance, lineage):
            problems.append(claim)
            verdict = NotDue(reason=f"its tag {claim.tag} says {claim.value}: {claim.message}")
        elif subscription is None:
            verdict = NotDue(reason="its tags can not be read, and it has no point to go by")
        else:
            verdict = decide_due(subscription, points, now)
            if isinstance(verdict, Due):
                orders.append(_order(instance, lineage, subscription, verdict))
        verdicts.append((instance, verdict))
    return Reading(verdicts=tuple(verdicts), orders=tuple(orders), problems=tuple(problems))


def _tick(
    site: Site,
    schedules: Schedules,
    now: datetime,
    *,
    dry_run: bool,
    keep_going: Callable[[], bool],
) -> list[Outcome]:
    inventory = take_inventory(site.region, site.catalogue)
    outcomes: list[Outcome] = []
    if not dry_run:
        # A point that can not be tagged is no reason to take no new ones.
        outcomes += attempt(site.region.name, "settle", partial(settle, site, inventory))
    reading = read_due(site, schedules, inventory, now)
    outcomes += [_told_problem(site, p) for p in reading.problems]
    outcomes += [
        _told(i.instance_id, "backup", Result.FAILED, v.reason, site)
        for i, v in reading.verdicts
        if isinstance(v, NotDue) and v.exhausted
    ]
    if dry_run:
        return outcomes + [
            _told(o.instance.instance_id, "backup", Result.SKIPPED, f"dry run: {o.reason}", site)
            for o in reading.orders
        ]
    taken = take(site, reading.orders, now, known=inventory.records, keep_going=keep_going)
    return outcomes + [t.outcome for t in taken]


def _subscribe(
    instance: Instance, schedules: Schedules, points: tuple[RecoveryPoint, ...]
) -> tuple[Subscription | None, tuple[Problem, ...]]:
    """What the tags ask for; with a bad tag, the plan of the newest point, else nothing."""
    subscription, problems = read_subscription(
        instance.instance_id, instance.tags, schedules.book, schedules.plan_tag
    )
    if subscription is not None or not problems:
        return subscription, problems
    return _last_good(instance, schedules, points), problems


def _last_good(
    instance: Instance, schedules: Schedules, points: tuple[RecoveryPoint, ...]
) -> Subscription | None:
    """The plans of the newest scheduled point, with the retention that is frozen on it."""
    scheduled = [p for p in points if p.kind is Kind.SCHEDULED and p.plans and not p.problems]
    newest = max(scheduled, key=lambda p: p.at, default=None)
    if newest is None:
        return None
    book = schedules.book.plans
    retention = parse_retention(newest.retain)
    plans = tuple(replace(book[n], retention=retention) for n in newest.plans if n in book)
    return Subscription(instance_id=instance.instance_id, plans=plans) if plans else None


def _slips(site: Site, schedules: Schedules, instances: tuple[Instance, ...]) -> Iterable[Problem]:
    """Instances whose plan tag has a slip in its key: they would go without backups (F17)."""
    tagged = {i.instance_id for i in instances}
    for instance in site.region.instances.resembling(schedules.plan_tag):
        if instance.instance_id not in tagged:
            _, problems = read_subscription(
                instance.instance_id, instance.tags, schedules.book, schedules.plan_tag
            )
            yield from (p for p in problems if p.tag != schedules.plan_tag)


def _bystander(record: InstanceRecord | None, leases: Mapping[str, str], lineage: str) -> str:
    """Why an instance of a lineage is not the one to back up now, or empty."""
    if lineage in leases:
        return f"rollback {leases[lineage]} of its lineage is under way"
    if record is not None and record.role is not Role.CURRENT:
        return f"{record.role.value} in its lineage by rollback {record.by_rollback}"
    return ""


def _false_claim(instance: Instance, lineage: str) -> Problem | None:
    """A lineage tag that no rollback of ours set: copied along, forged, or from a lost catalogue.

    Obeying it would give whoever may tag the instance another machine's points; passing
    over it in silence would leave the instance without backups.
    """
    claimed = instance.tags.get(LINEAGE, lineage)
    if claimed == lineage:
        return None
    return Problem(
        instance_id=instance.instance_id,
        tag=LINEAGE,
        value=claimed,
        message="no rollback of ours made it so; remove the tag to back it up as its own machine",
    )


def _order(instance: Instance, lineage: str, wanted: Subscription, due: Due) -> Order:
    reason = due.reason
    if wanted.not_done:
        reason += f"; not carried out by this version: {' '.join(wanted.not_done)}"
    return Order(
        instance=instance,
        lineage=lineage,
        kind=Kind.SCHEDULED,
        key=slot_key(due.slot, due.attempt),
        at=due.slot,
        retain=str(wanted.retention),
        reason=reason,
        plans=due.plans,
        zone=wanted.zone,
        reboot=wanted.reboot,
        excluded=wanted.excluded,
    )


def _failed_region(site: Site, err: SnapbackError) -> Outcome:
    # A wrong setting or a missing catalogue is no trouble of one region: say it at once.
    if isinstance(err, InvalidInputError | NotFoundError):
        raise err
    return _told(site.region.name, "tick", Result.FAILED, err.message, site)


def _told_problem(site: Site, problem: Problem) -> Outcome:
    return Outcome(
        subject=problem.instance_id,
        action="read tags",
        result=Result.FAILED,
        reason=f"tag {problem.tag} = {problem.value!r}: {problem.message}",
        details={"tag": problem.tag, "region": site.region.name},
    )


def _told(subject: str, action: str, result: Result, reason: str, site: Site) -> Outcome:
    return Outcome(
        subject=subject,
        action=action,
        result=result,
        reason=reason,
        details={"region": site.region.name},
    )
