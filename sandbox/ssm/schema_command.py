"""The steps of a command document (schema 1.2, 2.0 and 2.2).

Source: Systems Manager User Guide, "Command document plugin reference" (plugins, shared
inputs), "Data elements and parameters" (``mainSteps``, ``precondition``).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

ALL = ("Windows", "Linux", "MacOS")
PLUGINS: dict[str, tuple[str, ...]] = {
    "aws:applications": ("Windows",),
    "aws:cloudWatch": ("Windows",),
    "aws:configureDocker": ("Windows", "Linux"),
    "aws:configurePackage": ALL,
    "aws:domainJoin": ("Windows", "Linux"),
    "aws:downloadContent": ALL,
    "aws:psModule": ("Windows",),
    "aws:refreshAssociation": ALL,
    "aws:runDockerAction": ("Windows", "Linux"),
    "aws:runDocument": ALL,
    "aws:runPowerShellScript": ALL,
    "aws:runShellScript": ("Linux", "MacOS"),
    "aws:softwareInventory": ALL,
    "aws:updateAgent": ("Windows",),
    "aws:updateSsmAgent": ALL,
}
REQUIRED: dict[str, tuple[str, ...]] = {
    "aws:runShellScript": ("runCommand",),
    "aws:runPowerShellScript": ("runCommand",),
    "aws:runDocument": ("documentType",),
    "aws:downloadContent": ("sourceType", "sourceInfo"),
    "aws:configurePackage": ("name", "action"),
}
STEP_FIELDS = frozenset(
    {
        "action",
        "name",
        "description",
        "inputs",
        "precondition",
        "settings",
        "maxAttempts",
        "timeoutSeconds",
        "onFailure",
        "onSuccess",
        "finallyStep",
    }
)
NAME = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


def problems(document: Mapping[str, Any], version: str) -> Iterator[str]:
    """What is wrong with the steps."""
    if version == "1.2":
        yield from _runtime_config(document.get("runtimeConfig"))
        return
    steps = document.get("mainSteps")
    if not isinstance(steps, list) or not steps:
        yield "mainSteps must be a list of at least one step"
        return
    names = [step.get("name") for step in steps if isinstance(step, Mapping)]
    for name in {each for each in names if names.count(each) > 1}:
        yield f"two steps are named {name}"
    for number, step in enumerate(steps):
        if not isinstance(step, Mapping):
            yield f"step {number + 1} must be an object"
            continue
        yield from _step(step, last=number == len(steps) - 1)


def platforms(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where at least one of the steps can run."""
    return [platform for platform in ALL if any(platform in _platforms_of(step) for step in steps)]


def shared(step: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - a text or a boolean
    """A shared input (``onFailure``, ``onSuccess``, ``finallyStep``), wherever it is given."""
    inputs = step.get("inputs")
    inner = inputs.get(name) if isinstance(inputs, Mapping) else None
    return step.get(name) if inner is None else inner


def _platforms_of(step: Mapping[str, Any]) -> tuple[str, ...]:
    possible = PLUGINS.get(str(step.get("action")), ())
    wanted = (step.get("precondition") or {}).get("StringEquals") or ()
    if "platformType" in wanted:
        return tuple(each for each in possible if each in wanted)
    return possible


def _runtime_config(config: Any) -> Iterator[str]:  # noqa: ANN401 - whatever was written
    if not isinstance(config, Mapping) or not config:
        yield "runtimeConfig must be an object of at least one plugin"
        return
    for plugin, settings in config.items():
        if plugin not in PLUGINS:
            yield f"{plugin} is not a plugin"
        elif not isinstance(settings, Mapping) or "properties" not in settings:
            yield f"{plugin} needs properties"


def _step(step: Mapping[str, Any], *, last: bool) -> Iterator[str]:
    name, action = step.get("name"), step.get("action")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        yield f"a step needs a name of 1 to 128 characters, not {name!r}"
    for field in step:
        if field not in STEP_FIELDS:
            yield f"step {name} has an unknown field {field}"
    if action not in PLUGINS:
        yield f"the action {action} of step {name} is not a plugin of command documents"
        return
    inputs = step.get("inputs") or {}
    if not isinstance(inputs, Mapping):
        yield f"the inputs of step {name} must be an object"
        return
    for needed in REQUIRED.get(str(action), ()):
        if inputs.get(needed) in (None, "", []):
            yield f"step {name} needs the input {needed}"
    yield from _flow(step, last=last)
    yield from _precondition(step)


def _flow(step: Mapping[str, Any], *, last: bool) -> Iterator[str]:
    name = step.get("name")
    if shared(step, "onFailure") not in (None, "exit", "successAndExit"):
        yield f"onFailure of step {name} must be exit or successAndExit"
    if shared(step, "onSuccess") not in (None, "exit"):
        yield f"onSuccess of step {name} must be exit"
    if shared(step, "finallyStep") in (True, "true") and not last:
        yield f"step {name} is a finallyStep and must be the last one"


def _precondition(step: Mapping[str, Any]) -> Iterator[str]:
    condition = step.get("precondition")
    if condition is None or condition == {}:
        return
    pair = condition.get("StringEquals") if isinstance(condition, Mapping) else None
    if not isinstance(pair, list) or len(pair) != 2 or len(condition) != 1:
        yield f"the precondition of step {step.get('name')} must be StringEquals of two values"
