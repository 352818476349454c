"""Expiry: plan, guard, bring back, deregister, quarantine; and what an operator overrides."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from chalicelib.domain.errors import InvalidInputError, NotFoundError, RefusedError, SnapbackError
from chalicelib.domain.expire_plan import ACTS, ExpirePlan, Line, Verdict, digest_of
from chalicelib.domain.report import Outcome, Result, RunReport
from chalicelib.jobs.attempt import attempt
from chalicelib.jobs.deleting import Leaving, deregister, quarantine, release
from chalicelib.jobs.expire_outcomes import BLIND, foretold, of_region, standing, stopped, told
from chalicelib.jobs.expire_planning import Outlook, plan
from chalicelib.jobs.lineages import Terms
from chalicelib.jobs.ports import Site
from chalicelib.jobs.sweeping import remember_missing, sweep

_Going = Callable[[], bool]
_Named = frozenset[tuple[str, Verdict]]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do: the plans to read, and the report that it would begin with."""

    plans: tuple[ExpirePlan, ...]
    report: RunReport
    unread: tuple[str, ...] = ()
    """The regions that could not be read."""

    @property
    def digest(self) -> str:
        """The name of these plans; none when a region could not be read: half is no plan."""
        return "" if self.unread or not self.plans else digest_of(self.plans)


def run(
    sites: Iterable[Site], terms: Terms, now: datetime, *, keep_going: _Going = lambda: True
) -> RunReport:
    """Enforce retention in every region; one that fails deletes nothing and stops no other.

    With a digest, only what that plan names is done: ``RefusedError`` when the plan is
    another by now. With overrides, that includes what soft guards stop in it.
    """
    places = tuple(sites)
    if not terms.apply:
        return preview(places, terms, now).report
    named = _read_plan(places, terms, now) if terms.overrides or terms.digest else None
    report = RunReport()
    for site in places:
        report = report.plus(
            _carefully(site, partial(_expire, site, terms, now, keep_going, named))
        )
    return report


def preview(sites: Iterable[Site], terms: Terms, now: datetime) -> Preview:
    """Every region's plan without overrides. Changes nothing."""
    places = tuple(sites)
    found: list[ExpirePlan] = []
    report = RunReport()
    for site in places:
        report = report.plus(_carefully(site, partial(_foretell, site, terms, now, found)))
    read = {one.region for one in found}
    unread = tuple(site.region.name for site in places if site.region.name not in read)
    return Preview(tuple(found), report, unread)


def _carefully(site: Site, act: Callable[[], Sequence[Outcome]]) -> Sequence[Outcome]:
    """What *act* says of a region, or why it failed; a wrong setting is said at once."""
    try:
        return act()
    except (InvalidInputError, NotFoundError):
        raise
    except SnapbackError as err:
        return [of_region(site.region.name, f"{err.message}; {BLIND}")]


def _foretell(
    site: Site, terms: Terms, now: datetime, found: list[ExpirePlan]
) -> Sequence[Outcome]:
    one = plan(site, terms, now).plan
    found.append(one)
    return [*standing(one), *foretold(one), *stopped(one)]


def _read_plan(sites: Sequence[Site], terms: Terms, now: datetime) -> _Named:
    """What the plan that was read names; refused when the digest is of another one."""
    if hard := sorted(guard.value for guard in terms.overrides if guard.is_hard):
        raise RefusedError(
            f"nothing overrides the guard {', '.join(hard)}",
            hint="the plan says what can be done instead",
        )
    if not terms.digest:
        raise InvalidInputError(
            "--override needs --digest", hint="`snapback expire` prints the digest of its plan"
        )
    read = preview(sites, terms, now)
    if read.digest != terms.digest:
        raise RefusedError(
            f"the plan has changed: its digest is {read.digest or 'none'}, not {terms.digest}",
            hint="read it again with `snapback expire`",
        )
    lines = (line for one in read.plans for line in one.lines() if line.wanted in ACTS)
    return frozenset((line.point.image_id, line.wanted) for line in lines)


def _expire(
    site: Site, terms: Terms, now: datetime, keep_going: _Going, named: _Named | None
) -> Sequence[Outcome]:
    outlook = plan(site, terms, now, terms.overrides)
    acting = [
        line
        for line in outlook.plan.acts(*ACTS)
        if named is None or (line.point.image_id, line.wanted) in named
    ]
    outcomes = standing(outlook.plan)
    memory = outlook.to_remember(acts=bool(acting))
    if memory is not None:
        site.catalogue.put_memory(memory)
    if outlook.plan.stops:
        remember_missing(site, outlook.missing.fresh, now)
        return [*outcomes, *stopped(outlook.plan)]
    outcomes += [*stopped(outlook.plan), *_act(site, acting, outlook, now, keep_going)]
    if not terms.lineage:
        outcomes += sweep(site, outlook, now)
    return outcomes


def _act(
    site: Site, acting: Sequence[Line], outlook: Outlook, now: datetime, keep_going: _Going
) -> list[Outcome]:
    """Bring back first, then delete what had its first look, then look at the rest."""
    outcomes: list[Outcome] = []
    for line in _wanted(acting, Verdict.RELEASE):
        back = partial(release, site, line.point, outlook.record_of(line), _why(line))
        outcomes += attempt(line.point.image_id, "release", back)
    for line in _wanted(acting, Verdict.DELETE):
        if not keep_going():
            outcomes.append(told(line.point, Result.PENDING, "out of time; the next run"))
            continue
        act = partial(deregister, site, line.point, outlook.record_of(line), _why(line))
        outcomes += attempt(line.point.image_id, "expire", act)
    first = [
        Leaving(line.point, outlook.record_of(line), _why(line))
        for line in _wanted(acting, Verdict.QUARANTINE)
    ]
    return [*outcomes, *quarantine(site, first, now, keep_going)]


def _wanted(acting: Sequence[Line], verdict: Verdict) -> list[Line]:
    return [line for line in acting if line.wanted is verdict]


def _why(line: Line) -> str:
    return "; ".join(line.reasons)
