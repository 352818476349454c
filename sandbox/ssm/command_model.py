"""Commands, their invocations on nodes and the steps of those, and what their states mean.

Sources: Systems Manager User Guide, "Understanding command statuses" (both tables, timeouts,
``max-errors``); botocore's model, ``Command``, ``CommandInvocation``, ``CommandPlugin``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.ssm.models import Document

from sandbox.agenda import Process
from sandbox.ec2.instance_model import SandboxInstance

STATUS_OF = {
    "DeliveryTimedOut": "TimedOut",
    "ExecutionTimedOut": "TimedOut",
    "Undeliverable": "Failed",
    "InvalidPlatform": "Failed",
    "Terminated": "Cancelled",
    "NoInstancesInTag": "Success",
    "Incomplete": "Failed",
}
"""``Status`` by ``StatusDetails``, where they differ; only the first two are documented [NV]."""
LIVE = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})
ERRORS = frozenset({"Failed", "ExecutionTimedOut"})
"""What counts against ``MaxErrors``."""


def status_of(details: str) -> str:
    """``Status`` for ``StatusDetails``."""
    return STATUS_OF.get(details, details)


@dataclass(slots=True, kw_only=True)
class Plugin:
    """One step on one node, as ``CommandPlugin`` tells it."""

    name: str
    details: str = "Pending"
    code: int = -1
    started: datetime | None = None
    ended: datetime | None = None
    output: str = ""
    error: str = ""


@dataclass(slots=True, kw_only=True, eq=False)
class Invocation:
    """The command on one node."""

    instance: SandboxInstance
    plugins: list[Plugin]
    details: str = "Pending"
    process: Process | None = None

    @property
    def instance_id(self) -> str:
        """Where it runs."""
        return str(self.instance.id)

    @property
    def is_live(self) -> bool:
        """Whether it may still change."""
        return self.details in LIVE


@dataclass(slots=True, kw_only=True, eq=False)
class Command:
    """One SendCommand."""

    id: str
    document: Document
    version: str
    """The version as asked for; empty when none was."""
    request: Mapping[str, Any]
    arguments: Mapping[str, Any]
    requested: datetime
    execution_timeout: int
    invocations: list[Invocation] = field(default_factory=list)
    told: str = ""
    """The details that the last event told."""

    @property
    def timeout(self) -> int:
        """Seconds within which it must have begun."""
        return int(self.request.get("TimeoutSeconds") or 3600)

    @property
    def starts_before(self) -> datetime:
        """When a node that has not got it will not begin any more."""
        return self.requested + timedelta(seconds=self.timeout)

    @property
    def expires(self) -> datetime:
        """Delivery timeout and execution timeout, together."""
        return self.starts_before + timedelta(seconds=self.execution_timeout)

    @property
    def concurrency(self) -> int:
        """How many nodes may be at it at a time; 50 unless said otherwise."""
        return max(1, _share(self.request.get("MaxConcurrency") or "50", len(self.invocations)))

    @property
    def most_errors(self) -> int:
        """How many errors are not yet too many; none unless said otherwise."""
        return _share(self.request.get("MaxErrors") or "0", len(self.invocations))

    def count(self, *details: str) -> int:
        """How many invocations are in one of these states."""
        return sum(each.details in details for each in self.invocations)

    @property
    def has_room(self) -> bool:
        """Whether another node may begin."""
        return self.count("InProgress", "Cancelling") < self.concurrency

    @property
    def has_failed(self) -> bool:
        """Whether there have been more errors than allowed."""
        return self.count(*ERRORS) > self.most_errors

    @property
    def details(self) -> str:
        """``StatusDetails`` of the whole."""
        if not self.invocations:
            return "NoInstancesInTag"
        if any(each.is_live for each in self.invocations):
            begun = self.count("Pending", "Delayed") < len(self.invocations)
            return "InProgress" if begun else "Pending"
        return self._end()

    def _end(self) -> str:
        if self.count("Cancelled"):
            return "Cancelled"
        if self.has_failed:
            return "Failed" if self.count("Failed") else "ExecutionTimedOut"
        if self.count("DeliveryTimedOut") > self.most_errors:
            return "DeliveryTimedOut"
        if not self.count("Success"):
            return "Failed"
        return "Incomplete" if self.count(*ERRORS, "DeliveryTimedOut") else "Success"


def _share(limit: str, total: int) -> int:
    """A number, or a percentage of *total*, rounded down."""
    return total * int(limit[:-1]) // 100 if limit.endswith("%") else int(limit)
