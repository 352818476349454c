"""The steps of an automation runbook (schema 0.3), and the ways through them.

Sources: Systems Manager User Guide, "Automation actions reference" ("Properties shared by all
actions", one page an action), "Creating dynamic automations with conditional branching" (the
operations, and that a runbook must not create an infinite loop).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

REQUIRED: dict[str, tuple[str, ...]] = {
    "aws:approve": ("Approvers",),
    "aws:assertAwsResourceProperty": ("Service", "Api", "PropertySelector", "DesiredValues"),
    "aws:branch": ("Choices",),
    "aws:changeInstanceState": ("InstanceIds", "DesiredState"),
    "aws:copyImage": ("SourceImageId", "SourceRegion", "ImageName"),
    "aws:createImage": ("InstanceId", "ImageName"),
    "aws:createStack": ("StackName",),
    "aws:createTags": ("ResourceIds", "Tags"),
    "aws:deleteImage": ("ImageId",),
    "aws:deleteStack": ("StackName",),
    "aws:executeAutomation": ("DocumentName",),
    "aws:executeAwsApi": ("Service", "Api"),
    "aws:executeScript": ("Runtime",),
    "aws:executeStateMachine": ("stateMachineArn",),
    "aws:invokeLambdaFunction": ("FunctionName",),
    "aws:invokeWebhook": ("IntegrationName",),
    "aws:loop": ("Steps",),
    "aws:pause": (),
    "aws:runCommand": ("DocumentName",),
    "aws:runInstances": ("ImageId",),
    "aws:sleep": (),
    "aws:updateVariable": ("Name", "Value"),
    "aws:waitForAwsResourceProperty": ("Service", "Api", "PropertySelector", "DesiredValues"),
}
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
STEP_FIELDS = frozenset(
    {
        "name",
        "action",
        "description",
        "inputs",
        "outputs",
        "nextStep",
        "isEnd",
        "isCritical",
        "onFailure",
        "onCancel",
        "timeoutSeconds",
        "maxAttempts",
    }
)
OPERATIONS = frozenset(
    {
        "StringEquals",
        "EqualsIgnoreCase",
        "StartsWith",
        "EndsWith",
        "Contains",
        "NumericEquals",
        "NumericGreater",
        "NumericLesser",
        "NumericGreaterOrEquals",
        "NumericLesserOrEquals",
        "BooleanEquals",
    }
)
OUTPUT_TYPES = frozenset({"String", "StringList", "Boolean", "Integer", "MapList", "StringMap"})
NAME = re.compile(r"[A-Za-z0-9_]{3,128}")
OUTPUT = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+")


def problems(document: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the steps, their order and the outputs."""
    steps = document.get("mainSteps")
    if not isinstance(steps, list) or not steps:
        yield "mainSteps must be a list of at least one step"
        return
    if not all(isinstance(step, Mapping) for step in steps):
        yield "every step must be an object"
        return
    names = [str(step.get("name")) for step in steps]
    for name in {each for each in names if names.count(each) > 1}:
        yield f"two steps are named {name}"
    for step in steps:
        yield from _step(step, steps)
    for output in document.get("outputs") or []:
        if not isinstance(output, str) or not OUTPUT.fullmatch(output):
            yield f"the output {output} must be the name of a step and of one of its outputs"
    yield from _loops(steps)


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


def _step(step: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    name, action = step.get("name"), step.get("action")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        yield f"a step needs a name of 3 to 128 letters, digits and underscores, not {name!r}"
    for field in step:
        if field not in STEP_FIELDS:
            yield f"step {name} has an unknown field {field}"
    if action not in REQUIRED:
        yield f"the action {action} of step {name} is not an action of runbooks"
        return
    inputs = step.get("inputs", {})
    if not isinstance(inputs, Mapping):
        yield f"the inputs of step {name} must be an object"
        return
    for needed in REQUIRED[str(action)]:
        if needed not in inputs:
            yield f"step {name} needs the input {needed}"
    if action == "aws:branch":
        yield from _choices(step)
    yield from _flow(step, steps)
    yield from _outputs(step)


def _choices(step: Mapping[str, Any]) -> Iterator[str]:
    for choice in step["inputs"].get("Choices") or []:
        if not isinstance(choice, Mapping) or not choice.get("NextStep"):
            yield f"a choice of step {step.get('name')} has no NextStep"
            continue
        yield from _condition(choice, str(step.get("name")))


def _condition(condition: Mapping[str, Any], name: str) -> Iterator[str]:
    inner = condition.get("And") or condition.get("Or") or condition.get("Not")
    if inner is not None:
        for each in inner if isinstance(inner, list) else [inner]:
            yield from _condition(each, name)
        return
    operations = set(condition) - {"NextStep", "Variable"}
    if "Variable" not in condition or len(operations) != 1 or not operations <= OPERATIONS:
        yield f"a choice of step {name} needs a Variable and one operation that exists"


def _flow(step: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    name = step.get("name")
    by_name = {str(each.get("name")): each for each in steps}
    for field, target in _jumps(step):
        if target not in by_name:
            yield f"{field} of step {name} names no step: {target}"
    failure, cancel = str(step.get("onFailure", "Abort")), str(step.get("onCancel", "Abort"))
    if failure not in ("Abort", "Continue", "abort", "continue") and not failure.startswith(
        "step:"
    ):
        yield f"onFailure of step {name} must be Abort, Continue or step:name"
    if cancel not in ("Abort", "abort"):
        target = by_name.get(cancel.removeprefix("step:"))
        if not cancel.startswith("step:") or target is None:
            yield f"onCancel of step {name} must be Abort or step:name"
        elif target.get("action") in NOT_AFTER_CANCEL:
            yield f"onCancel of step {name} cannot go to the action {target.get('action')}"
    for field, least in (("timeoutSeconds", 0), ("maxAttempts", 1)):
        value = step.get(field)
        if value is not None and not _is_number(value, least):
            yield f"{field} of step {name} must be a whole number"
    for field in ("isEnd", "isCritical"):
        if step.get(field) not in (None, True, False, "true", "false"):
            yield f"{field} of step {name} must be true or false"


def _is_number(value: object, least: int) -> bool:
    if isinstance(value, str):
        return value.isdecimal() or "{{" in value
    return type(value) is int and value >= least


def _outputs(step: Mapping[str, Any]) -> Iterator[str]:
    for output in step.get("outputs") or []:
        fields = set(output) if isinstance(output, Mapping) else set()
        if not {"Name", "Selector"} <= fields or fields - {"Name", "Selector", "Type"}:
            yield f"an output of step {step.get('name')} needs Name, Selector and Type"
        elif output.get("Type", "String") not in OUTPUT_TYPES:
            yield f"the output {output['Name']} of step {step.get('name')} has no known Type"


def _loops(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The way round, if a runbook could go on for ever."""
    ways = {str(step.get("name")): next_steps(steps, number) for number, step in enumerate(steps)}
    done: set[str] = set()
    for start in ways:
        trace: list[tuple[str, Iterator[str]]] = [(start, iter(ways[start]))]
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
