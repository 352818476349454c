"""Expiry: read, decide with a reason for every point, guard, quarantine, deregister."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from chalicelib.domain.errors import AwsError, InvalidInputError, NotFoundError, SnapbackError
from chalicelib.domain.expiry import Expire, Keep, RetentionPlan, plan_retention
from chalicelib.domain.guards import find_missing, ready_to_deregister, refuse_shrunken
from chalicelib.domain.records import Role, lineage_of
from chalicelib.domain.recovery_point import RecoveryPoint, State
from chalicelib.domain.report import Outcome, Result, RunReport
from chalicelib.domain.retention import Retention
from chalicelib.domain.subscription import read_subscription
from chalicelib.jobs.attempt import attempt
from chalicelib.jobs.deleting import deregister, quarantine, release
from chalicelib.jobs.inventory import Inventory, take_inventory
from chalicelib.jobs.ports import Site
from chalicelib.jobs.sweeping import remember_missing, sweep
from chalicelib.jobs.tick import Schedules


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How expiry is to be run."""

    schedules: Schedules
    quarantine: timedelta
    apply: bool = True
    lineage: str = ""
    """Only this lineage; empty: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What is to become of one region's points."""

    inventory: Inventory
    plans: tuple[RetentionPlan, ...]
    in_use: Mapping[str, str]
    """By image id, what uses it."""


def run(
    sites: Iterable[Site],
    terms: Terms,
    now: datetime,
    *,
    keep_going: Callable[[], bool] = lambda: True,
) -> RunReport:
    """Enforce retention in every region; one that fails deletes nothing and stops no other."""
    report = RunReport()
    for site in sites:
        try:
            report = report.plus(_expire(site, terms, now, keep_going))
        except (InvalidInputError, NotFoundError):
            raise
        except SnapbackError as err:
            why = f"{err.message}; nothing is deleted in this region on such a look"
            report = report.plus([_region(site, why)])
    return report


def decide(site: Site, terms: Terms, now: datetime) -> Decisions:
    """The retention plan of every lineage, and what is in use. Changes nothing."""
    inventory = take_inventory(site.region, site.catalogue)
    wanted = _present(site, terms.schedules)
    plans = []
    for lineage, points in sorted(inventory.by_lineage().items()):
        if terms.lineage in ("", lineage):
            retention, zone = wanted.get(lineage, (None, "UTC"))
            plans.append(plan_retention(points, retention, zone=zone, now=now))
    expiring = [e.point.image_id for plan in plans for e in plan.expire]
    return Decisions(inventory=inventory, plans=tuple(plans), in_use=_in_use(site, expiring))


def _expire(
    site: Site, terms: Terms, now: datetime, keep_going: Callable[[], bool]
) -> list[Outcome]:
    decisions = decide(site, terms, now)
    outcomes = [_kept(k) for plan in decisions.plans for k in plan.keep if not k.release]
    inventory = decisions.inventory
    missing = find_missing(inventory.records, inventory.points, now, terms.quarantine)
    if refusal := refuse_shrunken(missing, len(inventory.records)):
        if terms.apply:
            remember_missing(site, missing.fresh, now)
        return [*outcomes, _region(site, refusal)]
    for keep in (k for plan in decisions.plans for k in plan.keep if k.release):
        act = partial(_bring_back, site, terms, keep, inventory)
        outcomes += attempt(keep.point.image_id, "release", act)
    for expire in (e for plan in decisions.plans for e in plan.expire):
        if not keep_going():
            outcomes.append(_told(expire.point, Result.PENDING, "out of time; the next run"))
            continue
        act = partial(_one, site, terms, expire, decisions, now)
        outcomes += attempt(expire.point.image_id, "expire", act)
    if terms.apply and not terms.lineage:
        outcomes += sweep(site, inventory, missing, now, terms.quarantine)
    return outcomes


def _one(
    site: Site, terms: Terms, expire: Expire, decisions: Decisions, now: datetime
) -> Sequence[Outcome]:
    """One expiring point: its first look, its second, or why neither."""
    point = expire.point
    record = decisions.inventory.records[point.name]
    if user := decisions.in_use.get(point.image_id):
        return [_told(point, Result.SKIPPED, f"in use by {user}")]
    if point.state is not State.QUARANTINED:
        if terms.apply:
            return quarantine(site, point, record, expire.reason, now)
        return [_told(point, Result.SKIPPED, f"would be quarantined: {expire.reason}")]
    if waits := ready_to_deregister(point, record, now, terms.quarantine):
        return [_told(point, Result.SKIPPED, waits)]
    if terms.apply:
        return deregister(site, point, record, expire.reason)
    return [_told(point, Result.SKIPPED, f"would be deleted: {expire.reason}")]


def _bring_back(site: Site, terms: Terms, keep: Keep, inventory: Inventory) -> Sequence[Outcome]:
    reason = "; ".join(keep.reasons)
    if terms.apply:
        return release(site, keep.point, inventory.records[keep.point.name], reason)
    return [_told(keep.point, Result.SKIPPED, f"would be brought back: {reason}")]


def _present(site: Site, schedules: Schedules) -> dict[str, tuple[Retention, str]]:
    """What today's tags keep, by lineage: it can lengthen what is frozen, never shorten it."""
    remembered = site.catalogue.instances(site.region.name)
    wanted: dict[str, tuple[Retention, str]] = {}
    for instance in site.region.instances.tagged(schedules.plan_tag):
        subscription, _ = read_subscription(
            instance.instance_id, instance.tags, schedules.book, schedules.plan_tag
        )
        if subscription is not None and not subscription.is_off:
            record = remembered.get(instance.instance_id)
            if record is not None and record.role is not Role.CURRENT:
                continue  # another instance of its lineage speaks for it
            lineage = lineage_of(instance.instance_id, record)
            wanted[lineage] = (subscription.retention, subscription.zone)
    return wanted


def _in_use(site: Site, image_ids: Sequence[str]) -> dict[str, str]:
    """What uses each image. A look-up that fails means: everything is in use (F41, F42)."""
    if not image_ids:
        return {}
    try:
        users = dict(site.region.instances.using_images(image_ids))
        for image, arns in site.region.images.references(image_ids).items():
            users[image] = (*users.get(image, ()), *arns)
        for rollback_id in site.catalogue.leases().values():
            journal, _ = site.catalogue.journal(rollback_id)
            users[journal.image_id] = (*users.get(journal.image_id, ()), journal.id)
    except AwsError as err:
        return dict.fromkeys(image_ids, f"somebody perhaps: {err.message}")
    return {image: ", ".join(dict.fromkeys(by)) for image, by in users.items()}


def _kept(keep: Keep) -> Outcome:
    return _told(keep.point, Result.SKIPPED, "kept: " + "; ".join(keep.reasons))


def _told(point: RecoveryPoint, result: Result, reason: str) -> Outcome:
    return Outcome(
        subject=point.image_id,
        action="expire",
        result=result,
        reason=reason,
        details={
            "lineage": point.lineage,
            "kind": point.kind.value,
            "state": point.state.value,
            "name": point.name,
            "region": point.region,
        },
    )


def _region(site: Site, reason: str) -> Outcome:
    return Outcome(
        subject=site.region.name,
        action="expire",
        result=Result.FAILED,
        reason=reason,
        details={"region": site.region.name},
    )
