"""Expiry: plan, guard, quarantine, deregister; and what an operator overrides."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from chalicelib.domain.errors import (
    InvalidInputError,
    NotFoundError,
    RefusedError,
    SnapbackError,
)
from chalicelib.domain.expire_plan import ACTS, ExpirePlan, Line, Verdict, digest_of
from chalicelib.domain.guards import Guard, Stop
from chalicelib.domain.records import PointRecord
from chalicelib.domain.recovery_point import RecoveryPoint
from chalicelib.domain.report import Outcome, Result, RunReport
from chalicelib.jobs.attempt import attempt
from chalicelib.jobs.deleting import Leaving, deregister, quarantine, release
from chalicelib.jobs.expire_planning import Outlook, plan
from chalicelib.jobs.lineages import Terms
from chalicelib.jobs.ports import Site
from chalicelib.jobs.sweeping import remember_missing, sweep

_BLIND = "nothing is deleted in this region on such a look"
_WOULD = {
    Verdict.RELEASE: "would be brought back",
    Verdict.QUARANTINE: "would be quarantined",
    Verdict.DELETE: "would be deleted",
}
Going = Callable[[], bool]


def run(
    sites: Iterable[Site], terms: Terms, now: datetime, *, keep_going: Going = lambda: True
) -> RunReport:
    """Enforce retention in every region; one that fails deletes nothing and stops no other.

    With overrides, only what the plan of ``terms.digest`` would do or names as stopped is
    done: ``RefusedError`` when the plan is another by now.
    """
    places = tuple(sites)
    allowed = _read_plan(places, terms, now) if terms.overrides or terms.digest else None
    report = RunReport()
    for site in places:
        try:
            report = report.plus(_expire(site, terms, now, keep_going, allowed))
        except (InvalidInputError, NotFoundError):
            raise
        except SnapbackError as err:
            report = report.plus([_region(site, f"{err.message}; {_BLIND}")])
    return report


def plans(sites: Iterable[Site], terms: Terms, now: datetime) -> tuple[ExpirePlan, ...]:
    """Each region's plan to read, as it stands without overrides; changes nothing.

    Raises the error of a region that can not be read: half a plan is none.
    """
    return tuple(plan(site, terms, now).plan for site in sites)


def _read_plan(
    sites: Sequence[Site], terms: Terms, now: datetime
) -> frozenset[tuple[str, Verdict]]:
    """What the plan that was read names; refused when the digest is of another one."""
    if hard := sorted(g.value for g in terms.overrides if g.is_hard):
        raise RefusedError(
            f"nothing overrides the guard {', '.join(hard)}",
            hint="the plan says what can be done instead",
        )
    if not terms.digest:
        raise InvalidInputError(
            "--override needs --digest", hint="`snapback expire` prints the digest of its plan"
        )
    read = plans(sites, terms, now)
    if digest_of(read) != terms.digest:
        raise RefusedError(
            f"the plan has changed: its digest is {digest_of(read)}, not {terms.digest}",
            hint="read it again with `snapback expire`",
        )
    named = (line for one in read for line in one.lines() if line.wanted in ACTS)
    return frozenset((line.point.image_id, line.wanted) for line in named)


def _expire(
    site: Site,
    terms: Terms,
    now: datetime,
    keep_going: Going,
    allowed: frozenset[tuple[str, Verdict]] | None,
) -> list[Outcome]:
    outlook = plan(site, terms, now, terms.overrides)
    outcomes = [_said(line) for line in outlook.plan.lines() if line.verdict not in ACTS]
    acting = list(outlook.plan.acts(*ACTS))
    if not terms.apply:
        foretold = [_told(a.point, Result.SKIPPED, _foretold(a)) for a in acting]
        return [*outcomes, *foretold, *_stopped_region(site, outlook)]
    if allowed is not None:
        acting = [a for a in acting if (a.point.image_id, a.wanted) in allowed]
    memory = outlook.to_remember(acts=bool(acting))
    if memory is not None:
        site.catalogue.put_memory(memory)
    if outlook.plan.stops:
        remember_missing(site, outlook.missing.fresh, now)
        return [*outcomes, *_stopped_region(site, outlook)]
    outcomes += _act(site, acting, outlook, now, keep_going)
    if not terms.lineage:
        outcomes += sweep(site, outlook, now)
    return outcomes


def _act(
    site: Site, acting: Sequence[Line], outlook: Outlook, now: datetime, keep_going: Going
) -> list[Outcome]:
    """Bring back first, then delete what had its first look, then look at the rest."""
    outcomes: list[Outcome] = []
    for line in acting:
        if line.wanted is not Verdict.RELEASE:
            continue
        record = outlook.records[line.point.name]
        back = partial(release, site, line.point, record, "; ".join(line.reasons))
        outcomes += attempt(line.point.image_id, "release", back)
    for line in acting:
        if line.wanted is not Verdict.DELETE:
            continue
        if not keep_going():
            outcomes.append(_told(line.point, Result.PENDING, "out of time; the next run"))
            continue
        act = partial(_delete, site, line.point, outlook.records[line.point.name], line)
        outcomes += attempt(line.point.image_id, "expire", act)
    first = [
        Leaving(line.point, outlook.records[line.point.name], "; ".join(line.reasons))
        for line in acting
        if line.wanted is Verdict.QUARANTINE
    ]
    return [*outcomes, *quarantine(site, first, now, keep_going)]


def _delete(site: Site, point: RecoveryPoint, record: PointRecord, line: Line) -> Sequence[Outcome]:
    return deregister(site, point, record, "; ".join(line.reasons))


def _said(line: Line) -> Outcome:
    """A point on which this run does not act."""
    if line.verdict is Verdict.KEEP:
        return _told(line.point, Result.SKIPPED, "kept: " + "; ".join(line.reasons))
    if line.verdict is Verdict.WAIT:
        return _told(line.point, Result.SKIPPED, line.reasons[0])
    bound = all(stop.guard.is_bound for stop in line.stops)
    told = _told(
        line.point,
        Result.PENDING if bound else Result.SKIPPED,
        "; ".join(stop.reason for stop in line.stops),
    )
    return replace(told, details={**told.details, "guard": _names(line.stops)})


def _foretold(line: Line) -> str:
    return f"{_WOULD[line.wanted]}: {'; '.join(line.reasons)}"


def _names(stops: Iterable[Stop]) -> str:
    return " ".join(dict.fromkeys(stop.guard.value for stop in stops))


def _stopped_region(site: Site, outlook: Outlook) -> list[Outcome]:
    """What stops the whole region turns the run red: somebody has to look."""
    digest = outlook.plan.digest if outlook.plan.stops else ""
    told = []
    for stop in outlook.plan.stops:
        one = _region(
            site, stop.reason if stop.guard is Guard.LISTING else f"{stop.reason}: {_BLIND}"
        )
        details = {**one.details, "guard": stop.guard.value, "way_out": stop.way_out(digest)}
        told.append(replace(one, details=details))
    return told


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
