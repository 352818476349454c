"""A command document on a node: step after step, by the clock, as the operator wishes.

Sources: Systems Manager User Guide, "Command document plugin reference" (``onFailure``,
``onSuccess``, ``finallyStep``), "About the AWS-RunPatchBaselineWithHooks SSM document".
"""

import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias

from sandbox.clock import clock
from sandbox.commands import Entry, Wish, commands
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ssm import effects
from sandbox.ssm.arguments import ArgumentError
from sandbox.ssm.command_model import Plugin
from sandbox.ssm.nodes import platform_of
from sandbox.ssm.plans import PlannedStep

SKIPPED = "Step execution skipped due to unsatisfied preconditions: {}. Step name: {}"
DEEPEST = 3
"""How deep aws:runDocument may nest (User Guide, aws:runDocument) [NV beyond three]."""

Finder: TypeAlias = Callable[[str, dict[str, list[str]]], tuple[str, list[PlannedStep]]]
"""Finds the steps of a document by its name or ARN, for given parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Where and for which command something runs."""

    account: str
    region: str
    command: str
    instance: SandboxInstance
    find: Finder
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a step ended."""

    code: int = 0
    output: str = ""
    error: str = ""
    timed_out: bool = False

    @property
    def details(self) -> str:
        """``StatusDetails`` of the step."""
        if self.timed_out:
            return "ExecutionTimedOut"
        return "Failed" if self.code else "Success"


Run: TypeAlias = Generator[timedelta, None, Result]


def run(node: Node, document: str, steps: Sequence[PlannedStep], plugins: Sequence[Plugin]) -> Run:
    """Run *steps* and tell in *plugins* how they went; the worst of them is the result."""
    whole, leaving = Result(), False
    for step, plugin in zip(steps, plugins, strict=True):
        if leaving and not step.is_last_word:
            plugin.details, plugin.code = "Success", 0
            continue
        plugin.details, plugin.started = "InProgress", clock.now()
        result = yield from _step(node, document, step)
        if result.details != "Success" and step.on_failure == "successAndExit":
            result, leaving = replace(result, code=0, timed_out=False), True
        plugin.details, plugin.code, plugin.ended = result.details, result.code, clock.now()
        plugin.output, plugin.error = result.output, result.error
        whole = _together(whole, result)
        wants_out = step.on_success if result.details == "Success" else step.on_failure
        leaving = leaving or wants_out == "exit"
    return whole


def _step(node: Node, document: str, step: PlannedStep) -> Run:
    if not step.applies(platform_of(node.instance)) or effects.is_needless(
        document, step.name, node.instance
    ):
        return Result(output=SKIPPED.format(step.condition, step.name))
    entry = Entry(
        account=node.account,
        region=node.region,
        command=node.command,
        instance=str(node.instance.id),
        document=document,
        step=step.name,
        started=clock.now(),
    )
    commands.add(entry)
    try:
        if step.action == "aws:runDocument":
            result = yield from _nested(node, document, step)
        else:
            result = yield from _script(node, document, step, entry)
        entry.status, entry.exit_code = result.details, result.code
        return result
    finally:
        entry.ended = clock.now()
        if entry.status == "InProgress":
            entry.status = "Cancelled"


def _script(node: Node, document: str, step: PlannedStep, entry: Entry) -> Run:
    """What the operator wishes; else a second of silence. A VSS document does its work."""
    wish = commands.wish_for(
        str(node.instance.id), str(node.instance.image_id), document, step.text
    )
    effect = effects.find(document, step.name)
    if wish.takes > step.timeout:
        yield step.timeout
        return Result(code=-1, output=wish.output, error=wish.error, timed_out=True)
    if effect is None or wish.outcome != "success":
        yield wish.takes
        return _as_wished(wish)
    yield wish.takes / 2
    try:
        said = effect(node.account, node.region, node.instance, step, entry)
    except effects.EffectError as error:
        return Result(code=1, error=str(error))
    yield wish.takes / 2
    return Result(output=wish.output or said)


def _as_wished(wish: Wish) -> Result:
    return Result(code=wish.exit_code, output=wish.output, error=wish.error)


def _nested(node: Node, document: str, step: PlannedStep) -> Run:
    """Another document, whose own steps decide; its parameters are an object or its JSON."""
    if node.depth >= DEEPEST:
        return Result(code=1, error=f"documents are nested deeper than {DEEPEST}")
    name = str(step.inputs.get("documentPath") or step.inputs.get("documentName") or "")
    try:
        found, steps = node.find(name, _parameters(step))
    except ArgumentError as error:
        yield timedelta(seconds=1)
        return Result(code=1, error=f"{name} cannot be run: {error}")
    plugins = [Plugin(name=each.name) for each in steps]
    result = yield from run(replace(node, depth=node.depth + 1), found, steps, plugins)
    if result.details == "Success":
        yield effects.after(document, step, node.account, node.region, node.instance)
    return result


def _parameters(step: PlannedStep) -> dict[str, list[str]]:
    given = step.inputs.get("documentParameters") or {}
    try:
        document = json.loads(given) if isinstance(given, str) else given
    except ValueError as error:
        raise ArgumentError("documentParameters is not JSON") from error
    return {
        str(name): [str(each) for each in value] if isinstance(value, list) else [str(value)]
        for name, value in document.items()
    }


def _together(whole: Result, last: Result) -> Result:
    worst = last if whole.details == "Success" else whole
    return replace(
        worst,
        output="\n".join(each for each in (whole.output, last.output) if each),
        error="\n".join(each for each in (whole.error, last.error) if each),
    )
