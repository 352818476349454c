"""Executions of runbooks and of their steps.

Source: botocore's model, ``AutomationExecution``, ``StepExecution``; Systems Manager User
Guide, "Properties shared by all actions".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from moto.ssm.models import Document

from sandbox.agenda import Process

OVER = frozenset({"Success", "Failed", "TimedOut", "Cancelled"})
FAILURES = frozenset({"Failed", "TimedOut"})


class StepFailed(Exception):  # noqa: N818 - what happens to a step, not a failure of ours
    """The step's action did not work; the message is what the step will say."""


@dataclass(slots=True, kw_only=True, eq=False)
class StepRun:
    """One step of one execution."""

    definition: Mapping[str, Any]
    valid_next: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: str(uuid4()))
    status: str = "Pending"
    started: datetime | None = None
    ended: datetime | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    failure: str = ""
    goes_to: str = ""
    """Where a branch has decided to go."""

    @property
    def name(self) -> str:
        """Its name in the runbook."""
        return str(self.definition["name"])

    @property
    def action(self) -> str:
        """What it does, ``aws:...``."""
        return str(self.definition["action"])

    @property
    def on_failure(self) -> str:
        """``Abort``, ``Continue`` or ``step:name``."""
        said = str(self.definition.get("onFailure", "Abort"))
        return said.capitalize() if said.lower() in ("abort", "continue") else said

    @property
    def is_end(self) -> bool:
        """Whether the execution stops after it, however it went."""
        return self.definition.get("isEnd") in (True, "true")

    @property
    def is_critical(self) -> bool:
        """Whether its failure is the execution's; without a word not if it just continues."""
        said = self.definition.get("isCritical")
        if said is None:
            return self.on_failure != "Continue"
        return said in (True, "true")


@dataclass(slots=True, kw_only=True, eq=False)
class Execution:
    """One StartAutomationExecution."""

    id: str
    account: str
    region: str
    document: Document
    request: Mapping[str, Any]
    arguments: Mapping[str, Any]
    steps: list[StepRun]
    started: datetime
    stored: Callable[[str], Any]
    """Looks ``{{ssm:name}}`` up."""
    parent: str | None = None
    status: str = "Pending"
    ended: datetime | None = None
    failure: str = ""
    current: StepRun | None = None
    outputs: dict[str, list[str]] = field(default_factory=dict)
    stopping: str = ""
    """``Cancel`` or ``Complete``, once somebody has asked for it."""
    decisions: list[str] = field(default_factory=list)
    """The signals that the present step has been sent."""
    process: Process | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in OVER

    def number_of(self, name: str) -> int:
        """The place of a step."""
        return [step.name for step in self.steps].index(name)
