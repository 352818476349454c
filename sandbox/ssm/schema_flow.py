"""The ways through a runbook: where each step may go, and that no way goes on for ever.

Source: Systems Manager User Guide, "Properties shared by all actions", "Creating dynamic
automations with conditional branching" (the infinite loop; that a branch back is one is [NV]).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

NOT_AFTER_CANCEL = frozenset(
    {
        "aws:approve",
        "aws:copyImage",
        "aws:createImage",
        "aws:createStack",
        "aws:createTags",
        "aws:loop",
        "aws:pause",
        "aws:runInstances",
        "aws:sleep",
    }
)


def next_steps(steps: Sequence[Mapping[str, Any]], number: int) -> list[str]:
    """Every step that may come after step *number*: its ``ValidNextSteps``."""
    step = steps[number]
    found = [target for _, target in _jumps(step) if target]
    ends = step.get("isEnd") in (True, "true")
    falls_through = not step.get("nextStep") and not ends
    if falls_through and number + 1 < len(steps):
        found.append(str(steps[number + 1].get("name")))
    return list(dict.fromkeys(found))


def _jumps(step: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where the step says to go, by what says it; cancelling is not on the way."""
    if step.get("nextStep"):
        yield "nextStep", str(step["nextStep"])
    if str(step.get("onFailure", "")).startswith("step:"):
        yield "onFailure", str(step["onFailure"]).removeprefix("step:")
    inputs = step.get("inputs")
    if step.get("action") == "aws:branch" and isinstance(inputs, Mapping):
        for choice in inputs.get("Choices") or []:
            if isinstance(choice, Mapping):
                yield "NextStep", str(choice.get("NextStep", ""))
        if inputs.get("Default"):
            yield "Default", str(inputs["Default"])


def problems(step: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What is wrong with where a step goes, how often and for how long it tries."""
    name = step.get("name")
    by_name = {str(each.get("name")): each for each in steps}
    for field, target in _jumps(step):
        if target not in by_name:
            yield f"{field} of step {name} names no step: {target}"
    failure = str(step.get("onFailure", "Abort"))
    if failure.lower() not in ("abort", "continue") and not failure.startswith("step:"):
        yield f"onFailure of step {name} must be Abort, Continue or step:name"
    yield from _on_cancel(step, by_name)
    for field, least in (("timeoutSeconds", 0), ("maxAttempts", 1)):
        if not _is_number(step.get(field, least), least):
            yield f"{field} of step {name} must be a whole number"
    for field in ("isEnd", "isCritical"):
        if step.get(field) not in (None, True, False, "true", "false"):
            yield f"{field} of step {name} must be true or false"


def _on_cancel(step: Mapping[str, Any], by_name: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    name, cancel = step.get("name"), str(step.get("onCancel", "Abort"))
    if cancel.lower() == "abort":
        return
    target = by_name.get(cancel.removeprefix("step:"))
    if not cancel.startswith("step:") or target is None:
        yield f"onCancel of step {name} must be Abort or step:name"
    elif target.get("action") in NOT_AFTER_CANCEL:
        yield f"onCancel of step {name} cannot go to the action {target.get('action')}"


def _is_number(value: object, least: int) -> bool:
    if isinstance(value, str):
        return value.isdecimal() or "{{" in value
    return type(value) is int and value >= least


def loops(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The way round, if a runbook could go on for ever."""
    ways = {str(step.get("name")): next_steps(steps, number) for number, step in enumerate(steps)}
    done: set[str] = set()
    for start, first in ways.items():
        trace: list[tuple[str, Iterator[str]]] = [(start, iter(first))]
        while trace and start not in done:
            here, onward = trace[-1]
            target = next(onward, None)
            on_the_way = [name for name, _ in trace]
            if target is None:
                done.add(here)
                trace.pop()
            elif target in on_the_way:
                yield f"infinite loop: {' -> '.join([*on_the_way, target])}"
                return
            elif target in ways and target not in done:
                trace.append((target, iter(ways[target])))
