"""Approving, following, undoing and accepting rollbacks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain.canonical import digest
from chalicelib.domain.errors import ConflictError, NotFoundError, RefusedError, SnapbackError
from chalicelib.domain.instance import InstanceState
from chalicelib.domain.records import Role
from chalicelib.domain.report import Outcome, Result, RunReport
from chalicelib.domain.rollback.fidelity import Line, compare
from chalicelib.domain.rollback.journal import (
    Journal,
    RollbackState,
    StepRecord,
    accept,
    turn_back,
)
from chalicelib.domain.rollback.plan import RollbackPlan
from chalicelib.jobs.ports import Catalogue, Region, Vault
from chalicelib.jobs.rollback.execution import advance
from chalicelib.jobs.rollback.planning import Request, capture_now, plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything that these commands work with."""

    regions: tuple[Region, ...]
    catalogue: Catalogue
    vault: Vault

    def region(self, name: str) -> Region:
        """The region called *name*; ``NotFoundError`` when it is not looked after here."""
        for region in self.regions:
            if region.name == name:
                return region
        raise NotFoundError(
            f"the region {name} is not looked after here", hint="set SNAPBACK_REGIONS or --region"
        )


def apply(desk: Desk, request: Request, reviewed: str | None, now: datetime) -> Journal:
    """Carry out the plan whose digest was *reviewed* (``None``: plan and apply at once).

    Does what can be done now and returns; ``resume`` goes on. Asking again for a plan
    that is being carried out continues it. Raises ``RefusedError`` for a blocked plan,
    for another world than the one reviewed, and for a lineage with another open rollback.
    """
    if reviewed is not None and (running := _same_rollback(desk, request, reviewed)):
        return resume(desk, running, now)
    planned = plan(desk.regions, desk.catalogue, request)
    planned.raise_if_blocked()
    if reviewed is not None:
        planned.raise_unless_reviewed(reviewed)
    journal = _new_journal(planned, now)
    try:
        desk.catalogue.open_journal(journal)
    except ConflictError as err:
        raise RefusedError(
            f"lineage {planned.lineage} already has an open rollback",
            hint="see `snapback rollback status`; one rollback at a time",
        ) from err
    return _go_on(desk, journal, 0, now)


def status(desk: Desk, rollback_id: str) -> Journal:
    """The journal as it was last written."""
    return desk.catalogue.journal(rollback_id)[0]


def resume(desk: Desk, rollback_id: str, now: datetime) -> Journal:
    """Do what can be done now on an open rollback; a finished one is returned as it is."""
    journal, version = desk.catalogue.journal(rollback_id)
    return _go_on(desk, journal, version, now) if journal.state.is_open else journal


def undo(desk: Desk, rollback_id: str, now: datetime) -> Journal:
    """Turn a rollback back, finished or not, and do what can be done of it now.

    Refused after it was accepted, when the original is gone, and when the lineage has
    moved on to a later rollback.
    """
    journal, version = desk.catalogue.journal(rollback_id)
    back = turn_back(journal, now, "undone on request")
    if back is not journal:
        _refuse_without_original(desk, journal)
        if journal.state.is_open:
            version = desk.catalogue.save_journal(back, version)
        else:
            _refuse_after_a_later_one(desk, journal)
            try:
                version = desk.catalogue.reopen_journal(back, version)
            except ConflictError as err:
                raise RefusedError(f"lineage {journal.lineage} has another open rollback") from err
    return _go_on(desk, back, version, now) if back.state.is_open else back


def acknowledge(desk: Desk, rollback_id: str, now: datetime) -> Journal:
    """Accept the result: undo is not offered any more. The original stays, stopped."""
    journal, version = desk.catalogue.journal(rollback_id)
    accepted = accept(journal, now)
    if accepted is not journal:
        desk.catalogue.save_journal(accepted, version)
    return accepted


def observed_fidelity(desk: Desk, journal: Journal) -> tuple[Line, ...]:
    """What the replacement really is, property by property, beside what was wanted."""
    region = desk.region(journal.region)
    for instance in region.instances.find([journal.replacement_id]):
        if instance.state in (InstanceState.RUNNING, InstanceState.STOPPED):
            launched = replace(
                journal.configuration,
                disks=tuple(d for d in journal.configuration.disks if d.device in journal.devices),
            )
            return compare(launched, capture_now(region, instance, journal.lineage))
    return ()


def resume_all(desk: Desk, now: datetime) -> RunReport:
    """Carry on every open rollback; one that fails never stops the others."""
    outcomes = []
    for lineage, rollback_id in sorted(desk.catalogue.leases().items()):
        try:
            outcomes.append(outcome_of(resume(desk, rollback_id, now)))
        except ConflictError:
            outcomes.append(
                _outcome(rollback_id, Result.ALREADY, "another run is carrying it on", lineage)
            )
        except SnapbackError as err:
            outcomes.append(_outcome(rollback_id, Result.FAILED, err.message, lineage))
    return RunReport(tuple(outcomes))


def open_rollbacks(desk: Desk) -> RunReport:
    """How every open rollback stands. Changes nothing."""
    ids = sorted(desk.catalogue.leases().values())
    return RunReport(tuple(outcome_of(status(desk, rollback_id)) for rollback_id in ids))


def outcome_of(journal: Journal) -> Outcome:
    """How a rollback stands, as one line of a report."""
    step = journal.next_step
    if step is not None:
        stuck = "can not be undone" in journal.reason
        where = f"{journal.state.value}: {step.about} ({step.note or 'begun'})"
        result = Result.FAILED if stuck else Result.PENDING
        return _outcome(journal.id, result, where, journal.lineage)
    if journal.state is RollbackState.UNDONE:
        asked = journal.reason == "undone on request"
        result = Result.DONE if asked else Result.FAILED
        return _outcome(journal.id, result, f"undone: {journal.reason}", journal.lineage)
    reason = f"{journal.instance_id} is now {journal.replacement_id} from {journal.image_id}"
    return _outcome(journal.id, Result.DONE, reason, journal.lineage)


def as_json(journal: Journal) -> dict[str, object]:
    """The journal in the keys that DESIGN section 6 promises, without its configuration."""
    return {
        "rollback": journal.id,
        "state": journal.state.value,
        "instance": journal.instance_id,
        "replacement": journal.replacement_id,
        "image": journal.image_id,
        "lineage": journal.lineage,
        "mode": journal.mode,
        "digest": journal.digest,
        "region": journal.region,
        "reason": journal.reason,
        "created_at": journal.created_at.isoformat(),
        "updated_at": journal.updated_at.isoformat(),
        "steps": [_step_json(step) for step in journal.steps],
    }


def _step_json(step: StepRecord) -> Mapping[str, object]:
    return {
        "name": step.name,
        "action": step.action,
        "about": step.about,
        "undo": step.undo,
        "state": step.state.value,
        "note": step.note,
    }


def _same_rollback(desk: Desk, request: Request, reviewed: str) -> str:
    """The open rollback that carries out exactly the plan reviewed, or empty."""
    for rollback_id in desk.catalogue.leases().values():
        journal, _ = desk.catalogue.journal(rollback_id)
        if (journal.instance_id, journal.digest) == (request.instance_id, reviewed):
            return rollback_id
    return ""


def _new_journal(planned: RollbackPlan, now: datetime) -> Journal:
    name = digest((planned.instance_id, planned.image_id, planned.digest, now), 10)
    return Journal(
        id=f"rb-{name}",
        region=planned.region,
        lineage=planned.lineage,
        instance_id=planned.instance_id,
        image_id=planned.image_id,
        mode=planned.mode,
        digest=planned.digest,
        configuration=planned.configuration,
        user_data_from=planned.user_data_from,
        devices=planned.devices,
        state=RollbackState.RUNNING,
        steps=tuple(
            StepRecord(name=s.name, action=s.action, about=s.about, undo=s.undo, params=s.params)
            for s in planned.steps
        ),
        created_at=now,
        updated_at=now,
    )


def _go_on(desk: Desk, journal: Journal, version: int, now: datetime) -> Journal:
    advanced, _ = advance(
        journal,
        version,
        region=desk.region(journal.region),
        catalogue=desk.catalogue,
        vault=desk.vault,
        now=now,
    )
    return advanced


def _refuse_without_original(desk: Desk, journal: Journal) -> None:
    found = desk.region(journal.region).instances.find([journal.instance_id])
    gone = (InstanceState.TERMINATED, InstanceState.SHUTTING_DOWN)
    if not found or found[0].state in gone:
        raise RefusedError(
            f"the original {journal.instance_id} is terminated: there is nothing to go back to",
            hint="nothing was changed; roll back to another recovery point instead",
        )


def _refuse_after_a_later_one(desk: Desk, journal: Journal) -> None:
    record = desk.catalogue.instance(journal.region, journal.replacement_id)
    if record is not None and record.role is Role.SUPERSEDED:
        raise RefusedError(
            f"{journal.replacement_id} was itself rolled back by {record.by_rollback}",
            hint=f"undo {record.by_rollback} first",
        )


def _outcome(subject: str, result: Result, reason: str, lineage: str) -> Outcome:
    return Outcome(
        subject=subject,
        action="rollback",
        result=result,
        reason=reason,
        details={"lineage": lineage},
    )
