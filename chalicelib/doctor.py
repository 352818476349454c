"""`snapback doctor`: what an operator checks first when something does not work."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from chalicelib.answers import FAILED, Answer
from chalicelib.domain.errors import SnapbackError
from chalicelib.domain.instants import iso_second
from chalicelib.domain.report import Outcome, Result, RunReport
from chalicelib.jobs.inventory import take_inventory
from chalicelib.jobs.ports import Site
from chalicelib.wiring import Wiring


def examine(wiring: Wiring, now: datetime) -> Answer:
    """Try every read that the service depends on, and say of each whether it works."""
    outcomes = [
        _tried("settings", "read", lambda: f"deployment {wiring.settings.deployment}"),
        _tried("plans", "read", lambda: f"there are {wiring.plans.names()}"),
        _tried("clock", "read", lambda: f"now is {iso_second(now)}"),
        _tried("credentials", "identify", lambda: f"account {wiring.session.account(wiring.home)}"),
        _tried("catalogue", "query", lambda: _catalogue(wiring)),
    ]
    if not any(o.result is Result.FAILED for o in outcomes):
        for site in wiring.sites:
            name, tag = site.region.name, wiring.settings.plan_tag
            outcomes += [
                _tried(name, "list instances", partial(_instances, site, tag)),
                _tried(name, "list points", partial(_points, site)),
            ]
    report = RunReport(tuple(outcomes))
    return Answer(report.as_json(), 0 if report.ok else FAILED)


def _catalogue(wiring: Wiring) -> str:
    rollbacks = len(wiring.catalogue.leases())
    return f"table {wiring.settings.table} in {wiring.home}, {rollbacks} open rollback(s)"


def _instances(site: Site, tag: str) -> str:
    return f"{len(site.region.instances.tagged(tag))} tagged instances"


def _points(site: Site) -> str:
    points = take_inventory(site.region, site.catalogue).points
    doubtful = sum(1 for p in points if p.problems)
    return f"{len(points)} recovery points, {doubtful} not trusted"


def _tried(subject: str, action: str, check: Callable[[], str]) -> Outcome:
    try:
        return Outcome(subject=subject, action=action, result=Result.DONE, reason=check())
    except SnapbackError as err:
        reason = f"{err.message}" + (f" ({err.hint})" if err.hint else "")
        return Outcome(subject=subject, action=action, result=Result.FAILED, reason=reason)
