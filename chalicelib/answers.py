"""Requests to jobs and their results to payloads: one shape for Lambda, HTTP and the command.

Every answer is the JSON of DESIGN section 5 together with the exit code of section 6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib.domain.canonical import encode
from chalicelib.domain.errors import NotFoundError, SnapbackError
from chalicelib.domain.instants import iso_minute, iso_second
from chalicelib.domain.names import instance_id
from chalicelib.domain.recovery_point import Kind
from chalicelib.domain.report import Outcome, Result, RunReport
from chalicelib.domain.rollback.journal import Journal, RollbackState
from chalicelib.domain.subscription import Problem
from chalicelib.jobs import backup as backup_job
from chalicelib.jobs import expire as expire_job
from chalicelib.jobs import listing
from chalicelib.jobs import retain as retain_job
from chalicelib.jobs.costing import Costing
from chalicelib.jobs.rollback import commands as rollbacks
from chalicelib.jobs.rollback.planning import Request, plan
from chalicelib.wiring import Wiring

DONE, FAILED, REFUSED, UNFINISHED = 0, 1, 3, 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What a caller gets: a payload, and what the command's exit code is."""

    payload: Mapping[str, object] = field(default_factory=dict)
    code: int = DONE


def of_report(report: RunReport, **more: object) -> Answer:
    """A run's report; any failure makes it red."""
    return Answer({**report.as_json(), **more}, DONE if report.ok else FAILED)


def of_preview(preview: expire_job.Preview, costs: Sequence[Costing], command: str) -> Answer:
    """What expiry would do: the outcomes, each region's plan and what it frees, and the digest.

    *command* acts on the same regions and machines; with the digest, on exactly this plan.
    """
    return of_report(
        preview.report,
        digest=preview.digest,
        apply=f"{command} --digest {preview.digest}" if preview.digest else "",
        unread=list(preview.unread),
        plans=[
            {**one.as_json(preview.digest), "cost": cost.as_json()}
            for one, cost in zip(preview.plans, costs, strict=True)
        ],
    )


def of_retain(plan: retain_job.RetainPlan) -> Answer:
    """What a new frozen retention would change."""
    outcomes = RunReport(plan.outcomes())
    return of_report(outcomes, digest=plan.digest, changes=[c.as_json() for c in plan.changes])


def of_error(err: SnapbackError) -> Answer:
    """A request that could not be carried out at all. Nothing was changed."""
    error = {"code": err.code, "message": err.message, "hint": err.hint}
    return Answer({"ok": False, "error": error}, err.exit_code)


def take_points(
    wiring: Wiring, instances: Sequence[str], now: datetime, *, reboot: bool
) -> tuple[backup_job.Asked, ...]:
    """Take a manual point of each instance; the ids are checked before anything is done."""
    wanted = [instance_id(text) for text in instances]
    retention = wiring.plans.by_kind[Kind.MANUAL]
    most = wiring.plans.caps[Kind.MANUAL]
    return backup_job.run(wiring.sites, wanted, retention, now, reboot=reboot, most=most)


def of_points_taken(asked: Sequence[backup_job.Asked], outcomes: Sequence[Outcome]) -> Answer:
    """The points with their image ids. A point that could not be taken is a refusal."""
    told = [_unskipped(outcome) for outcome in outcomes]
    points = [
        {
            "instance": a.taken.outcome.subject,
            "image": a.taken.image_id,
            "name": a.name,
            "region": a.site.region.name,
            "result": o.result.value,
        }
        for a, o in zip(asked, told, strict=True)
    ]
    results = {o.result for o in told}
    code = DONE
    for result, wanted in (
        (Result.PENDING, UNFINISHED),
        (Result.REFUSED, REFUSED),
        (Result.FAILED, FAILED),
    ):
        code = wanted if result in results else code
    report = RunReport(tuple(told))
    return Answer({**report.as_json(), "ok": code == DONE, "points": points}, code)


def list_points(wiring: Wiring, instance: str, now: datetime) -> Answer:
    """Every point and why it is kept; ``NotFoundError`` for an instance that never was."""
    wanted = instance_id(instance) if instance else ""
    listed = listing.points(wiring.sites, wiring.terms(apply=False), wanted, now)
    if wanted and not listed and not any(s.region.instances.find([wanted]) for s in wiring.sites):
        raise NotFoundError(
            f"there is neither an instance {wanted} nor a recovery point of it here",
            hint="check --region and the account",
        )
    return Answer({"ok": True, "outcomes": [], "points": [p.as_json(now) for p in listed]})


def list_due(wiring: Wiring, now: datetime) -> Answer:
    """What is due now and why, what is not and why not."""
    verdicts, problems = listing.due(wiring.sites, wiring.schedules, now)
    due = []
    for instance, verdict in verdicts:
        slot = getattr(verdict, "slot", None)
        due.append(
            {
                "instance": instance.instance_id,
                "name": instance.configuration.tags.get("Name", ""),
                "region": instance.region,
                "due": slot is not None,
                "slot": iso_minute(slot) if slot is not None else "",
                "reason": verdict.reason,
            }
        )
    return Answer(
        {
            "ok": not problems,
            "outcomes": [],
            "due": due,
            "problems": [str(problem) for problem in problems],
        }
    )


def lint(wiring: Wiring, now: datetime) -> Answer:
    """Every problem with every tag, exit 1 when there are any; and advice, which is no error."""
    _, problems = listing.due(wiring.sites, wiring.schedules, now)
    told = [_problem(p) for p in problems]
    advice = [_problem(p) for p in listing.advice(wiring.sites, wiring.schedules)]
    payload = {"ok": not told, "outcomes": [], "problems": told, "advice": advice}
    return Answer(payload, FAILED if told else DONE)


def _problem(problem: Problem) -> dict[str, object]:
    return {
        "instance": problem.instance_id,
        "tag": problem.tag,
        "value": problem.value,
        "message": problem.message,
    }


def show(wiring: Wiring, image: str) -> Answer:
    """One point, its row and its manifest, user data left out."""
    point, record, manifest = listing.show(wiring.sites, image)
    return Answer(
        {
            "ok": True,
            "outcomes": [],
            "image": point.image_id,
            "name": point.name,
            "region": point.region,
            "instance": point.instance_id,
            "lineage": point.lineage,
            "kind": point.kind.value,
            "slot": iso_minute(point.at),
            "created": iso_second(point.created_at),
            "state": point.state.value,
            "retain": point.retain,
            "hold": point.hold,
            "stage": record.stage.value,
            "snapshots": {s.device: s.snapshot_id for s in point.snapshots},
            "manifest_digest": point.manifest,
            "manifest": None if manifest is None else encode(manifest.without_secrets()),
        }
    )


def plan_rollback(wiring: Wiring, request: Request) -> Answer:
    """The plan; exit 3 when something stands in its way."""
    planned = plan(wiring.regions, wiring.catalogue, request)
    refused = bool(planned.blockers)
    outcome = Outcome(
        subject=planned.instance_id,
        action="plan rollback",
        result=Result.REFUSED if refused else Result.DONE,
        reason="; ".join(planned.blockers) or f"to {planned.image_id}, digest {planned.digest}",
    )
    payload = {"ok": not refused, "outcomes": [outcome.as_json()], **planned.as_json()}
    return Answer(payload, REFUSED if refused else DONE)


def of_rollback(wiring: Wiring, journal: Journal, *, following: bool = True) -> Answer:
    """How a rollback stands; when following it, unfinished and failed ones have their codes."""
    outcome = rollbacks.outcome_of(journal)
    fidelity = (
        rollbacks.observed_fidelity(wiring.desk, journal)
        if journal.state in (RollbackState.DONE, RollbackState.ACCEPTED)
        else ()
    )
    codes = {Result.FAILED: FAILED, Result.PENDING: UNFINISHED}
    code = codes.get(outcome.result, DONE) if following else DONE
    payload = {
        "ok": outcome.result is not Result.FAILED,
        "outcomes": [outcome.as_json()],
        **rollbacks.as_json(journal),
        "fidelity": [line.as_json() for line in fidelity],
    }
    return Answer(payload, code)


def _unskipped(outcome: Outcome) -> Outcome:
    """A scheduled run may skip; whoever asked for a point has to hear that there is none."""
    if outcome.result is not Result.SKIPPED:
        return outcome
    return replace(outcome, result=Result.REFUSED)
