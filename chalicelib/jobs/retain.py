"""Changing the frozen retention of points that exist: on purpose, with a plan, on record.

A tag on an instance never shortens what was promised (DESIGN rule 7). This command does:
it writes down who, when and what was before, then the row, then the tags, so that a run
which is cut off in between leaves a point that disagrees with its row, which nothing
deletes, and that the same command finishes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from chalicelib.domain.canonical import digest
from chalicelib.domain.errors import InvalidInputError, NotFoundError, RefusedError
from chalicelib.domain.instants import iso_minute, iso_second
from chalicelib.domain.plans import PlanBook
from chalicelib.domain.point_tags import KEEP_UNTIL, RETAIN
from chalicelib.domain.records import PointRecord, RetainChange
from chalicelib.domain.recovery_point import Kind, RecoveryPoint
from chalicelib.domain.report import Outcome, Result, RunReport
from chalicelib.domain.retention import Retention, keep_until, parse_retention
from chalicelib.jobs.attempt import attempt
from chalicelib.jobs.inventory import take_inventory
from chalicelib.jobs.ports import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which points are to have which retention from now on."""

    retention: Retention
    image_id: str = ""
    lineage: str = ""
    """The scheduled points of this lineage; empty when it is about one image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One point's retention before and after."""

    point: RecoveryPoint
    record: PointRecord
    before: str
    after: str

    def as_json(self) -> dict[str, object]:
        """The change as `snapback retain` prints it."""
        return {
            "image": self.point.image_id,
            "name": self.point.name,
            "region": self.point.region,
            "lineage": self.point.lineage,
            "slot": iso_minute(self.point.at),
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class RetainPlan:
    """Every change, to read before it is made."""

    changes: tuple[Change, ...]
    unchanged: tuple[RecoveryPoint, ...] = ()
    untrusted: tuple[RecoveryPoint, ...] = ()

    @property
    def digest(self) -> str:
        """A short name for exactly these changes."""
        return digest(tuple((c.point.image_id, c.before, c.after) for c in self.changes))

    def outcomes(self) -> tuple[Outcome, ...]:
        """What would be done, and what would not and why."""
        return (
            *(_told(c.point, Result.SKIPPED, f"would be {_says(c)}") for c in self.changes),
            *self.passed_over(),
        )

    def passed_over(self) -> Iterator[Outcome]:
        """The points that this changes nothing about."""
        for point in self.unchanged:
            yield _told(point, Result.ALREADY, f"it has {point.retain} already")
        for point in self.untrusted:
            yield _told(point, Result.REFUSED, f"not trusted: {'; '.join(point.problems)}")


def plan(sites: Iterable[Site], wanted: Wanted, book: PlanBook) -> RetainPlan:
    """What would change. ``RefusedError`` when the operator's rails forbid the retention."""
    if broken := book.outside_rails(wanted.retention):
        raise RefusedError(f"retention {wanted.retention}: {broken}", hint="see [guards]")
    after = str(wanted.retention)
    changes: list[Change] = []
    unchanged: list[RecoveryPoint] = []
    untrusted: list[RecoveryPoint] = []
    for point, record in _found(sites, wanted):
        before = _before(point, record, after)
        if record is None or before is None:
            untrusted.append(point)
        elif not point.problems and before == after:
            unchanged.append(point)
        else:
            changes.append(Change(point=point, record=record, before=before, after=after))
    if not (changes or unchanged or untrusted):
        raise NotFoundError(
            f"there is no recovery point of {wanted.image_id or wanted.lineage} here",
            hint="see `snapback points`; check --region",
        )
    return RetainPlan(tuple(changes), tuple(unchanged), tuple(untrusted))


def apply(
    sites: Iterable[Site], read: RetainPlan, approved: str, *, by: str, now: datetime
) -> RunReport:
    """Make the changes of the plan that was read; ``RefusedError`` if it is another by now."""
    if not approved:
        raise InvalidInputError(
            "--apply needs --digest", hint="`snapback retain` prints the digest of its plan"
        )
    if approved != read.digest:
        raise RefusedError(
            f"the plan has changed: its digest is {read.digest}, not {approved}",
            hint="read it again without --apply",
        )
    places = {site.region.name: site for site in sites}
    outcomes: list[Outcome] = []
    for change in read.changes:
        act = partial(_change, places[change.point.region], change, by, now)
        outcomes += attempt(change.point.image_id, "retain", act)
    return RunReport((*outcomes, *read.passed_over()))


def _found(
    sites: Iterable[Site], wanted: Wanted
) -> Iterator[tuple[RecoveryPoint, PointRecord | None]]:
    for site in sites:
        inventory = take_inventory(site.region, site.catalogue)
        for point in inventory.points:
            if _is_meant(point, wanted):
                yield point, inventory.records.get(point.name)


def _is_meant(point: RecoveryPoint, wanted: Wanted) -> bool:
    if wanted.image_id:
        return point.image_id == wanted.image_id
    return point.lineage == wanted.lineage and point.kind is Kind.SCHEDULED


def _before(point: RecoveryPoint, record: PointRecord | None, after: str) -> str | None:
    """The retention that a point has, nothing when it is not to be trusted.

    A point whose row says *after* and whose tag does not yet is one that an earlier run of
    the same command was cut off at.
    """
    if record is None:
        return None
    if not point.problems:
        return point.retain
    half_way = record.retain == after and not record.disagreement(replace(point, retain=after))
    only = point.problems == (record.disagreement(point),)
    return point.retain if half_way and only else None


def _change(site: Site, change: Change, by: str, now: datetime) -> Sequence[Outcome]:
    point = change.point
    site.catalogue.put_retain_changes(
        [
            RetainChange(
                name=point.name,
                region=point.region,
                image_id=point.image_id,
                lineage=point.lineage,
                at=now.replace(microsecond=0),
                by=by,
                before=change.before,
                after=change.after,
            )
        ]
    )
    row = replace(change.record, retain=change.after)
    row = replace(row, seal=row.seal_of(point) if change.record.seal else "")
    site.catalogue.put_points([row])
    _retag(site, change)
    return (_told(point, Result.DONE, f"{_says(change)}, recorded as the will of {by}"),)


def _retag(site: Site, change: Change) -> None:
    """The tags of the image and of its snapshots: the date too, where the rule is one."""
    resources = [change.point.image_id, *(s.snapshot_id for s in change.point.snapshots)]
    until = keep_until(parse_retention(change.after), change.point.at)
    if until is None:
        site.region.images.untag(resources, [KEEP_UNTIL])
        site.region.images.tag(resources, {RETAIN: change.after})
    else:
        site.region.images.tag(resources, {RETAIN: change.after, KEEP_UNTIL: iso_second(until)})


def _says(change: Change) -> str:
    return f"retained by {change.after} instead of {change.before}"


def _told(point: RecoveryPoint, result: Result, reason: str) -> Outcome:
    return Outcome(
        subject=point.image_id,
        action="retain",
        result=result,
        reason=reason,
        details={"lineage": point.lineage, "name": point.name, "region": point.region},
    )
