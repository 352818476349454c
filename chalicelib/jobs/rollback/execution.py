"""Advancing a rollback: write ahead, do, look, write down; turn back when a step fails."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.errors import AwsError, LaterError, SnapbackError
from chalicelib.domain.rollback.journal import (
    Journal,
    RollbackState,
    StepRecord,
    begin_step,
    finish_step,
    note_step,
    turn_back,
)
from chalicelib.jobs.ports import Catalogue, Region, Vault
from chalicelib.jobs.rollback import address_steps, launch_steps, original_steps, target_steps
from chalicelib.jobs.rollback.scene import Progress, Scene, Verdict, done, fail, wait

Action = Callable[[Scene, StepRecord], Progress]


def _nothing(scene: Scene, step: StepRecord) -> Progress:
    del scene, step
    return done("nothing to undo")


_STEPS: dict[str, tuple[Action, Action]] = {
    "launch": (launch_steps.launch, launch_steps.unlaunch),
    "prove": (launch_steps.prove, _nothing),
    "configure": (launch_steps.configure, _nothing),
    "join-targets": (target_steps.join, target_steps.unjoin),
    "leave-targets": (target_steps.leave, target_steps.rejoin),
    "move-address": (address_steps.move, address_steps.move_back),
    "stop-original": (original_steps.stop, original_steps.start_again),
    "protect": (launch_steps.protect, launch_steps.unprotect),
    "adopt": (launch_steps.adopt, launch_steps.unadopt),
}


def advance(
    journal: Journal,
    version: int,
    *,
    region: Region,
    catalogue: Catalogue,
    vault: Vault,
    now: datetime,
) -> tuple[Journal, int]:
    """Do everything that can be done now, and return the journal as it was last written.

    Raises ``ConflictError`` when another run is advancing the same rollback: that run's
    journal counts. A step that fails turns a running rollback back; a step that can not
    be undone is noted and tried again by the next run.
    """
    while (step := journal.next_step) is not None:
        began = begin_step(journal, step.name, now)
        if began.step(step.name).state is not step.state:
            version = catalogue.save_journal(began, version)
        journal = began
        scene = Scene(region=region, catalogue=catalogue, vault=vault, journal=journal, now=now)
        progress = _attempt(scene, journal.step(step.name))
        journal, goes_on = _after(journal, step.name, progress, now)
        version = catalogue.save_journal(journal, version)
        if not goes_on:
            break
    return journal, version


def _attempt(scene: Scene, step: StepRecord) -> Progress:
    forward, backward = _STEPS[_kind(step.name)]
    action = backward if scene.journal.state is RollbackState.UNDOING else forward
    try:
        return action(scene, step)
    except LaterError as err:
        # The step's own limit ends this; until then EC2 may yet change its mind.
        return _give_up_late(scene, step, err)
    except AwsError as err:
        return fail(err.message, refused=err.aws_code)
    except SnapbackError as err:
        return fail(err.message)


def _give_up_late(scene: Scene, step: StepRecord, err: AwsError) -> Progress:
    if step.name == "launch" and scene.journal.state is RollbackState.RUNNING:
        return launch_steps.later(scene, step, err.message)
    return wait(err.message)


def _after(journal: Journal, name: str, progress: Progress, now: datetime) -> tuple[Journal, bool]:
    """The journal after one look, and whether the next step can be tried at once."""
    if progress.verdict is Verdict.DONE:
        return finish_step(journal, name, now, progress.note, progress.facts), True
    noted = note_step(journal, name, now, progress.note, progress.facts)
    if progress.verdict is Verdict.WAIT:
        return replace(noted, updated_at=now), False
    if journal.state is RollbackState.UNDOING:
        return replace(noted, reason=f"{name} can not be undone: {progress.note}"), False
    return turn_back(noted, now, f"{name} failed: {progress.note}"), True


def _kind(name: str) -> str:
    return "move-address" if name.startswith("move-address-") else name
