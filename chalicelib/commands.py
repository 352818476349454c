"""What each command of `snapback` does: arguments in, an ``Answer`` out."""

import argparse
import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from chalicelib import answers, doctor, payloads
from chalicelib.answers import UNFINISHED, Answer
from chalicelib.domain.errors import InvalidInputError
from chalicelib.domain.explain import explain
from chalicelib.domain.guards import Guard
from chalicelib.domain.instants import iso_minute, parse_instant
from chalicelib.domain.names import image_id, instance_id
from chalicelib.domain.report import Outcome, Result, RunReport
from chalicelib.domain.retention import parse_retention
from chalicelib.jobs import backup as backup_job
from chalicelib.jobs import expire as expire_job
from chalicelib.jobs import holds
from chalicelib.jobs import retain as retain_job
from chalicelib.jobs import setup as setup_job
from chalicelib.jobs import tick as tick_job
from chalicelib.jobs.costing import cost_of
from chalicelib.jobs.rollback import commands as rollbacks
from chalicelib.wiring import Wiring

_POLL = 2.0
"""Seconds between looks while waiting."""


class Clock(Protocol):
    """Now, waiting, and saying so."""

    def now(self) -> datetime:
        """The moment to take as now."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def progress(self, text: str) -> None:
        """Show what is being waited for, to a person."""
        ...


def name_of(args: argparse.Namespace) -> str:
    """The command as the renderer knows it."""
    if args.command == "rollback":
        return "rollback plan" if args.action == "plan" else "rollback"
    return str(args.command)


def run(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    """Carry out one command."""
    handlers: dict[str, Callable[[argparse.Namespace, Wiring, Clock], Answer]] = {
        "run": _run,
        "due": _due,
        "backup": _backup,
        "points": _points,
        "show": _show,
        "expire": _expire,
        "hold": _hold,
        "release": _release,
        "retain": _retain,
        "rollback": _rollback,
        "lint": _lint,
        "explain": _explain,
        "doctor": _doctor,
        "setup": _setup,
    }
    return handlers[args.command](args, wiring, clock)


def _run(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    now = clock.now()
    match args.job:
        case "tick":
            return answers.of_report(
                tick_job.run(wiring.sites, wiring.schedules, now, dry_run=args.dry_run)
            )
        case "expire":
            terms = wiring.terms(apply=not args.dry_run)
            return answers.of_report(expire_job.run(wiring.sites, terms, now))
        case _:
            if args.dry_run:
                return answers.of_report(rollbacks.open_rollbacks(wiring.desk))
            return answers.of_report(rollbacks.resume_all(wiring.desk, now))


def _due(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    del args
    return answers.list_due(wiring, clock.now())


def _points(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    return answers.list_points(wiring, args.instance or "", clock.now())


def _show(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    del clock
    return answers.show(wiring, image_id(args.image))


def _lint(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    del args
    return answers.lint(wiring, clock.now())


def _doctor(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    del args
    return doctor.examine(wiring, clock.now())


def _backup(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    wait = backup_job.Wait(args.wait)
    begun = clock.now()
    asked = answers.take_points(wiring, args.instances, begun, reboot=args.reboot)
    reached: dict[str, Outcome] = {}
    while True:
        for one in asked:
            if one.name not in reached and (outcome := backup_job.reached(one, wait)):
                reached[one.name] = outcome
        late = (clock.now() - begun).total_seconds() >= args.timeout
        if len(reached) == len(asked) or late:
            break
        clock.progress(f"waiting for {len(asked) - len(reached)} of {len(asked)} point(s)")
        clock.sleep(_POLL)
    outcomes = [
        reached.get(one.name)
        or replace(
            one.taken.outcome,
            result=Result.PENDING,
            reason=f"not {wait.value} within {args.timeout:g} s; it goes on",
        )
        for one in asked
    ]
    return answers.of_points_taken(asked, outcomes)


def _expire(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    terms = wiring.terms(
        apply=args.apply,
        lineage=_lineage(wiring, args.instance) if args.instance else "",
        overrides=frozenset(Guard(name) for name in args.override),
        digest=args.digest or "",
    )
    if args.apply and args.measure:
        raise InvalidInputError(
            "--measure goes without --apply", hint="read the plan with --measure first"
        )
    if args.apply:
        return answers.of_report(expire_job.run(wiring.sites, terms, clock.now()))
    if args.override or args.digest:
        raise InvalidInputError("--override and --digest go with --apply")
    preview = expire_job.preview(wiring.sites, terms, clock.now())
    regions = {region.name: region for region in wiring.regions}
    costs = [
        cost_of(
            regions[one.region],
            one,
            wiring.plans.prices.get(one.region),
            measure=args.measure,
            now=clock.now(),
        )
        for one in preview.plans
    ]
    return answers.of_preview(preview, costs, _applying(args))


def _applying(args: argparse.Namespace) -> str:
    """The command that acts where this one only looked."""
    given = [
        (option, value)
        for option in ("region", "profile", "instance")
        if (value := getattr(args, option))
    ]
    return " ".join(["snapback expire --apply", *(f"--{o} {shlex.quote(v)}" for o, v in given)])


def _lineage(wiring: Wiring, instance: str) -> str:
    wanted = instance_id(instance)
    records = (s.catalogue.instance(s.region.name, wanted) for s in wiring.sites)
    return next((r.lineage for r in records if r is not None), wanted)


def _retain(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    retention = parse_retention(args.retain)
    subject = args.subject
    if subject.startswith("ami-"):
        wanted = retain_job.Wanted(image_id=image_id(subject), retention=retention)
    else:
        wanted = retain_job.Wanted(lineage=_lineage(wiring, subject), retention=retention)
    read = retain_job.plan(wiring.sites, wanted, wiring.plans)
    if not args.apply:
        return answers.of_retain(read)
    return answers.of_report(
        retain_job.apply(wiring.sites, read, args.digest or "", by=wiring.caller, now=clock.now())
    )


def _hold(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    until = parse_instant(args.until, what="--until") if args.until else None
    return _one(holds.hold(wiring.sites, image_id(args.image), until, clock.now()))


def _release(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    return _one(holds.release(wiring.sites, image_id(args.image), clock.now()))


def _rollback(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    if args.action == "plan":
        return answers.plan_rollback(wiring, payloads.request_of(_wanted(args)))
    if args.action == "apply":
        digest = None if args.yes else args.digest
        request = payloads.request_of(_wanted(args))
        journal = rollbacks.apply(wiring.desk, request, digest, clock.now())
        answer = answers.of_rollback(wiring, journal)
    else:
        answer = payloads.by_id(wiring, args.action, args.id, clock.now())
    if not getattr(args, "wait", False):
        return answer
    return _follow(wiring, str(answer.payload["rollback"]), answer, clock)


def _follow(wiring: Wiring, rollback_id: str, answer: Answer, clock: Clock) -> Answer:
    """Carry the rollback on, look by look, to its end."""
    while answer.code == UNFINISHED:
        outcome = answer.payload["outcomes"]
        clock.progress(str(outcome[0]["reason"]) if isinstance(outcome, list) else "")
        clock.sleep(_POLL)
        answer = payloads.by_id(wiring, "resume", rollback_id, clock.now())
    return answer


def _wanted(args: argparse.Namespace) -> dict[str, object]:
    return {"instance": args.instance, "to": args.to, "mode": args.mode, "config": args.config}


def _explain(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    said = explain(args.value, wiring.plans, clock.now())
    runs = [{"utc": iso_minute(slot), "local": local} for slot, local in said.runs]
    meaning = list(said.meaning)
    payload = {"ok": True, "outcomes": [], "value": said.value, "meaning": meaning, "runs": runs}
    return Answer(payload)


def _setup(args: argparse.Namespace, wiring: Wiring, clock: Clock) -> Answer:
    del args
    made = wiring.catalogue.ensure()
    for _ in range(30):
        if wiring.catalogue.is_ready():
            break
        clock.progress("waiting for the table")
        clock.sleep(_POLL)
    else:
        raise InvalidInputError("the catalogue table does not become active", hint="try again")
    table = Outcome(
        subject=wiring.settings.table,
        action="create table",
        result=Result.DONE if made else Result.ALREADY,
        reason=f"in {wiring.home}" if made else f"it exists in {wiring.home}",
    )
    return answers.of_report(RunReport((table,)).plus(setup_job.run(wiring.sites).outcomes))


def _one(outcome: Outcome) -> Answer:
    return answers.of_report(RunReport((outcome,)))
