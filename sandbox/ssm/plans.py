"""What a command document would do with given arguments: its steps, filled in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sandbox.ssm.arguments import as_text, filled
from sandbox.ssm.schema_command import shared

USUAL_TIMEOUT = 3600
"""Seconds a step may take unless it says so (User Guide, "Understanding command timeout")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One step: schema 1.2 calls it a plugin and names it after its action."""

    name: str
    action: str
    inputs: Mapping[str, Any]
    condition: tuple[str, ...] = ()
    """Two texts that must be equal; ``platformType`` is the node's."""
    timeout: timedelta = timedelta(seconds=USUAL_TIMEOUT)
    on_failure: str = ""
    on_success: str = ""
    is_last_word: bool = False
    """``finallyStep``: it runs whatever happened before."""

    @property
    def text(self) -> str:
        """What it would run, to be found by a part of it."""
        script = self.inputs.get("runCommand")
        if isinstance(script, list):
            return "\n".join(as_text(each) for each in script)
        return as_text(script if script is not None else dict(self.inputs))

    def applies(self, platform: str) -> bool:
        """Whether its precondition holds on such a node."""
        pair = [platform if each == "platformType" else each for each in self.condition]
        return not pair or pair[0] == pair[1]


def planned(content: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[PlannedStep]:
    """The steps of a command document, in order."""
    return list(_steps(content, arguments))


def _steps(content: Mapping[str, Any], arguments: Mapping[str, Any]) -> Iterator[PlannedStep]:
    def lookup(name: str) -> Any:  # noqa: ANN401 - of the parameter's type
        return arguments.get(name, f"{{{{ {name} }}}}")

    for plugin, settings in (content.get("runtimeConfig") or {}).items():
        properties = settings.get("properties")
        first = properties[0] if isinstance(properties, list) and properties else {}
        inputs = filled(first, lookup)
        yield PlannedStep(name=plugin, action=plugin, inputs=inputs, timeout=_timeout(inputs))
    for step in content.get("mainSteps") or []:
        whole = filled(step, lookup)
        inputs = whole.get("inputs") or {}
        condition = (whole.get("precondition") or {}).get("StringEquals") or ()
        yield PlannedStep(
            name=step["name"],
            action=step["action"],
            inputs=inputs,
            condition=tuple(as_text(each).strip("{} ") for each in condition),
            timeout=_timeout({**whole, **inputs}),
            on_failure=str(shared(step, "onFailure") or ""),
            on_success=str(shared(step, "onSuccess") or ""),
            is_last_word=shared(step, "finallyStep") in (True, "true"),
        )


def _timeout(fields: Mapping[str, Any]) -> timedelta:
    given = as_text(fields.get("timeoutSeconds") or USUAL_TIMEOUT)
    return timedelta(seconds=int(given) if given.isdecimal() else USUAL_TIMEOUT)
