"""The steps of an automation runbook (schema 0.3), and the ways through them.

Sources: Systems Manager User Guide, "Automation actions reference" ("Properties shared by all
actions", one page an action), "Creating dynamic automations with conditional branching" (the
operations, and that a runbook must not create an infinite loop).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sandbox.ssm import schema_flow

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
    yield from schema_flow.loops(steps)


def _step(step: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    name, action = step.get("name"), step.get("action")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        yield f"a step needs a name of 3 to 128 letters, digits and underscores, not {name!r}"
    for field in sorted(set(step) - STEP_FIELDS):
        yield f"step {name} has an unknown field {field}"
    if action not in REQUIRED:
        yield f"the action {action} of step {name} is not an action of runbooks"
        return
    inputs = step.get("inputs", {})
    if not isinstance(inputs, Mapping):
        yield f"the inputs of step {name} must be an object"
        return
    for needed in sorted(set(REQUIRED[str(action)]) - set(inputs)):
        yield f"step {name} needs the input {needed}"
    if action == "aws:branch":
        yield from _choices(step)
    yield from schema_flow.problems(step, steps)
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


def _outputs(step: Mapping[str, Any]) -> Iterator[str]:
    for output in step.get("outputs") or []:
        fields = set(output) if isinstance(output, Mapping) else set()
        if not {"Name", "Selector"} <= fields or fields - {"Name", "Selector", "Type"}:
            yield f"an output of step {step.get('name')} needs Name, Selector and Type"
        elif output.get("Type", "String") not in OUTPUT_TYPES:
            yield f"the output {output['Name']} of step {step.get('name')} has no known Type"
