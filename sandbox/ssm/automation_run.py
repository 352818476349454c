"""A runbook, step after step by the clock.

Source: Systems Manager User Guide, "Properties shared by all actions" (``onFailure``,
``onCancel``, ``isCritical``, ``isEnd``, ``nextStep``), "Handling timeouts in runbooks" (the
execution times out with its step unless that is not critical).
"""

from datetime import timedelta

from sandbox.clock import clock
from sandbox.ssm.arguments import as_list
from sandbox.ssm.attempts import Cancelled, Tell, TimedOut, Waits, attempt, watched
from sandbox.ssm.automation_model import FAILURES, Execution, StepRun

BEGINS_AFTER = timedelta(seconds=1)
CLEANS_UP_FOR = timedelta(minutes=2)
"""Source: "Properties shared by all actions", onCancel."""


def carry_out(execution: Execution, tell: Tell) -> Waits:
    """Everything from the first step to the execution's end."""
    try:
        yield BEGINS_AFTER
        if execution.stopping != "Cancel":
            execution.status = "InProgress"
            tell(execution, None)
            yield from _walk(execution, 0, tell)
    except Cancelled:
        yield from _clean_up(execution, tell)
    if execution.stopping == "Cancel":
        _end(execution, "Cancelled", tell)
    else:
        _end(execution, _outcome(execution), tell)


def _walk(execution: Execution, number: int | None, tell: Tell) -> Waits:
    while number is not None:
        step = execution.steps[number]
        execution.current = step
        yield from attempt(execution, step, tell)
        number = _next(execution, step, number) if execution.stopping != "Complete" else None


def _next(execution: Execution, step: StepRun, number: int) -> int | None:
    following = number + 1 if number + 1 < len(execution.steps) else None
    named = str(step.definition.get("nextStep") or "")
    if step.status in FAILURES:
        if step.on_failure == "Abort":
            return None
        if step.on_failure.startswith("step:"):
            return execution.number_of(step.on_failure.removeprefix("step:"))
    elif step.goes_to:
        return execution.number_of(step.goes_to)
    if step.is_end:
        return None
    return execution.number_of(named) if named else following


def _clean_up(execution: Execution, tell: Tell) -> Waits:
    """The way that ``onCancel`` of the step in hand names, for two minutes at most."""
    step = execution.current
    wanted = str(step.definition.get("onCancel", "")) if step is not None else ""
    if not wanted.startswith("step:"):
        return
    execution.stopping = "Cleaning"
    start = execution.number_of(wanted.removeprefix("step:"))
    try:
        yield from watched(execution, _walk(execution, start, tell), clock.now() + CLEANS_UP_FOR)
    except (TimedOut, Cancelled):
        pass
    finally:
        execution.stopping = "Cancel"


def _outcome(execution: Execution) -> str:
    """How it all went: a failure that ended it or that was critical is its own, too."""
    for step in execution.steps:
        is_the_end = step is execution.current and step.on_failure == "Abort"
        if step.status in FAILURES and (is_the_end or step.is_critical):
            execution.failure = f"Step {step.name} failed: {step.failure}"
            return step.status
    return "Success"


def _end(execution: Execution, status: str, tell: Tell) -> None:
    execution.status, execution.ended = status, clock.now()
    for name in execution.document.content_json.get("outputs") or []:
        step, _, output = name.partition(".")
        for each in execution.steps:
            if each.name == step and output in each.outputs:
                execution.outputs[name] = as_list(each.outputs[output])
    tell(execution, None)
