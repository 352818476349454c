"""One step of a runbook: its inputs, its attempts, its timeout, and being cancelled.

Source: Systems Manager User Guide, "Properties shared by all actions" (``maxAttempts``,
``timeoutSeconds``).
"""

from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeAlias

from sandbox.clock import clock
from sandbox.ssm.arguments import as_text, filled
from sandbox.ssm.automation_model import Execution, StepFailed, StepRun
from sandbox.ssm.automation_values import value_of
from sandbox.ssm.steps import TIMEOUTS, USUAL_TIMEOUT, action_of
from sandbox.ssm.steps.task import Task, Work

RETRIES_AFTER = timedelta(seconds=1)
NOTHING = timedelta(0)

Waits: TypeAlias = Generator[timedelta, None, None]
Tell: TypeAlias = Callable[[Execution, StepRun | None], None]
"""Told whenever the step, or without one the execution, has a new status."""


class Cancelled(Exception):  # noqa: N818 - somebody's wish
    """The execution is to stop at once."""


class TimedOut(Exception):  # noqa: N818 - what happens to a step
    """The step has had its time."""


def attempt(execution: Execution, step: StepRun, tell: Tell) -> Waits:
    """Carry out *step* until it succeeds or has failed as often as it may.

    Raises ``Cancelled`` when the execution is cancelled meanwhile.
    """
    step.started = clock.now()
    for left in reversed(range(int(_number(execution, step, "maxAttempts", 1)))):
        _enter(execution, step, "InProgress", tell)
        execution.decisions.clear()
        try:
            outputs = yield from _once(execution, step, tell)
        except Cancelled:
            _end(execution, step, "Cancelled", tell)
            raise
        except (StepFailed, TimedOut) as failure:
            step.failure = str(failure)
            status = "TimedOut" if isinstance(failure, TimedOut) else "Failed"
        else:
            step.failure, step.outputs = "", {**step.outputs, **outputs}
            _end(execution, step, "Success", tell)
            return
        if left:
            yield RETRIES_AFTER
            continue
        _end(execution, step, status, tell)


def watched(execution: Execution, work: Generator[timedelta, None, Any], deadline: datetime) -> Any:  # noqa: ANN401 - a generator of the same kind
    """*work*, given up at *deadline* or when the execution is cancelled."""
    try:
        while True:
            try:
                span = next(work)
            except StopIteration as end:
                return end.value
            yield min(span, max(deadline - clock.now(), NOTHING))
            if execution.stopping == "Cancel":
                raise Cancelled
            if clock.now() >= deadline:
                raise TimedOut(f"The step has not ended by {deadline:%Y-%m-%dT%H:%M:%SZ}.")
    finally:
        work.close()


def _once(execution: Execution, step: StepRun, tell: Tell) -> Work:
    begun = clock.now()
    step.inputs = _inputs(execution, step)
    task = Task(
        execution=execution,
        step=step,
        inputs=step.inputs,
        begun=begun,
        on_wait=partial(_enter, execution, step, "Waiting", tell),
    )
    usual = TIMEOUTS.get(step.action, USUAL_TIMEOUT)
    seconds = _number(execution, step, "timeoutSeconds", usual.total_seconds())
    work = action_of(step.action)(task)
    found: dict[str, Any] = yield from watched(execution, work, begun + timedelta(seconds=seconds))
    return found


def _inputs(execution: Execution, step: StepRun) -> dict[str, Any]:
    filled_in: dict[str, Any] = filled(
        dict(step.definition.get("inputs") or {}), partial(value_of, execution)
    )
    return filled_in


def _number(execution: Execution, step: StepRun, name: str, usual: float) -> float:
    """A whole number of the step, which may be a reference."""
    given = step.definition.get(name)
    if given is None:
        return usual
    said = as_text(filled(given, partial(value_of, execution)))
    return float(said) if said.isdecimal() else usual


def _enter(execution: Execution, step: StepRun, status: str, tell: Tell) -> None:
    step.status = status
    tell(execution, step)
    if execution.status not in (status, "Cancelling"):
        execution.status = status
        tell(execution, None)


def _end(execution: Execution, step: StepRun, status: str, tell: Tell) -> None:
    step.status, step.ended = status, clock.now()
    if execution.status == "Waiting":
        execution.status = "InProgress"
    tell(execution, step)
