"""``aws:sleep``, ``aws:branch``, ``aws:approve`` and ``aws:pause``.

Source: Systems Manager User Guide, the pages of these four actions, "Creating dynamic
automations with conditional branching".
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from moto.ssm.exceptions import SSMException

from sandbox.clock import clock
from sandbox.ssm.arguments import as_text
from sandbox.ssm.automation_model import StepFailed
from sandbox.ssm.moments import moment_of, span_of
from sandbox.ssm.steps.task import CALL_TAKES, Task, Work

LONGEST_SLEEP = timedelta(days=7)
UNTIL_SOMEBODY_COMES = timedelta(days=7)
MOST_APPROVERS = 10

TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "EqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StartsWith": lambda value, wanted: value.startswith(wanted),
    "EndsWith": lambda value, wanted: value.endswith(wanted),
    "Contains": lambda value, wanted: wanted in value,
    "NumericEquals": lambda value, wanted: float(value) == float(wanted),
    "NumericGreater": lambda value, wanted: float(value) > float(wanted),
    "NumericLesser": lambda value, wanted: float(value) < float(wanted),
    "NumericGreaterOrEquals": lambda value, wanted: float(value) >= float(wanted),
    "NumericLesserOrEquals": lambda value, wanted: float(value) <= float(wanted),
    "BooleanEquals": lambda value, wanted: value.lower() == wanted.lower(),
}


def sleep(task: Task) -> Work:
    """For a ``Duration`` or until a ``Timestamp``, at most seven days."""
    try:
        if task.text("Duration"):
            span = span_of(task.text("Duration"))
        else:
            until = moment_of(task.text("Timestamp"), "Timestamp")
            span = max(until - clock.now(), timedelta(0))
    except (ValueError, SSMException) as error:
        raise StepFailed(f"aws:sleep needs a Duration or a Timestamp: {error}") from error
    if span > LONGEST_SLEEP:
        raise StepFailed("Automation supports a maximum delay of 604800 seconds.")
    yield span
    return {}


def branch(task: Task) -> Work:
    """To the first choice that is true, else to ``Default``, else on."""
    yield CALL_TAKES
    task.step.goes_to = str(task.inputs.get("Default") or "")
    for choice in task.inputs["Choices"]:
        if _is_true(choice):
            task.step.goes_to = str(choice["NextStep"])
            break
    return {}


def approve(task: Task) -> Work:
    """Until enough have approved or one has rejected.

    Callers are not told apart here, so every signal counts as another approver's [NV].
    """
    approvers = task.texts("Approvers")
    needed = int(as_text(task.inputs.get("MinRequiredApprovals") or 1))
    if not 1 <= needed <= len(approvers) <= MOST_APPROVERS:
        raise StepFailed(
            "MinRequiredApprovals must not exceed the number of Approvers, at most 10."
        )
    task.on_wait()
    decisions = task.execution.decisions
    while "Reject" not in decisions and decisions.count("Approve") < needed:
        task.step.outputs["ApprovalStatus"] = "Waiting"
        yield UNTIL_SOMEBODY_COMES
    outputs: dict[str, Any] = {
        "ApprovalStatus": "Rejected" if "Reject" in decisions else "Approved",
        "ApproverDecisions": [{"Decision": each} for each in decisions],
    }
    if "Reject" in decisions:
        task.step.outputs.update(outputs)
        raise StepFailed("The approval has been rejected.")
    return outputs


def pause(task: Task) -> Work:
    """Until somebody sends ``Resume``."""
    task.on_wait()
    while "Resume" not in task.execution.decisions:
        yield UNTIL_SOMEBODY_COMES
    return {}


def _is_true(condition: Mapping[str, Any]) -> bool:
    if "And" in condition:
        return all(_is_true(each) for each in condition["And"])
    if "Or" in condition:
        return any(_is_true(each) for each in condition["Or"])
    if "Not" in condition:
        return not _is_true(condition["Not"])
    [operation] = set(condition) - {"Variable", "NextStep"}
    try:
        return TESTS[operation](as_text(condition["Variable"]), as_text(condition[operation]))
    except ValueError as error:
        raise StepFailed(f"{operation} needs numbers: {error}") from error
