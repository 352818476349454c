"""A plan of expiry as outcomes: what is kept, foretold or stopped, one line each."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from chalicelib.domain.expire_plan import ACTS, ExpirePlan, Line, Verdict
from chalicelib.domain.guards import Guard, Stop
from chalicelib.domain.recovery_point import RecoveryPoint
from chalicelib.domain.report import Outcome, Result

BLIND = "nothing is deleted in this region on such a look"
_WOULD = {
    Verdict.RELEASE: "would be brought back",
    Verdict.QUARANTINE: "would be quarantined",
    Verdict.DELETE: "would be deleted",
}


def standing(plan: ExpirePlan) -> list[Outcome]:
    """The points on which the run does not act, with the guards that stop some."""
    return [_said(line) for line in plan.lines() if line.verdict not in ACTS]


def foretold(plan: ExpirePlan) -> list[Outcome]:
    """What a run that may not act would do."""
    return [
        told(line.point, Result.SKIPPED, f"{_WOULD[line.wanted]}: {'; '.join(line.reasons)}")
        for line in plan.acts(*ACTS)
    ]


def stopped(plan: ExpirePlan) -> Iterator[Outcome]:
    """What stops the whole region or is an alarm; it turns the run red: somebody has to look."""
    for stop in (*plan.stops, *plan.alarms):
        whole = stop in plan.stops and stop.guard is not Guard.LISTING
        one = of_region(plan.region, f"{stop.reason}: {BLIND}" if whole else stop.reason)
        way_out = stop.way_out(plan.digest)
        yield replace(one, details={**one.details, "guard": stop.guard.value, "way_out": way_out})


def told(point: RecoveryPoint, result: Result, reason: str) -> Outcome:
    """One point's line."""
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


def of_region(region: str, reason: str) -> Outcome:
    """A whole region's line."""
    return Outcome(
        subject=region,
        action="expire",
        result=Result.FAILED,
        reason=reason,
        details={"region": region},
    )


def _said(line: Line) -> Outcome:
    if line.verdict is Verdict.KEEP:
        return told(line.point, Result.SKIPPED, "kept: " + "; ".join(line.reasons))
    if line.verdict is Verdict.WAIT:
        return told(line.point, Result.SKIPPED, line.reasons[0])
    bound = all(stop.guard.is_bound for stop in line.stops)
    one = told(
        line.point,
        Result.PENDING if bound else Result.SKIPPED,
        "; ".join(stop.reason for stop in line.stops),
    )
    return replace(one, details={**one.details, "guard": _names(line.stops)})


def _names(stops: Iterable[Stop]) -> str:
    return " ".join(dict.fromkeys(stop.guard.value for stop in stops))
