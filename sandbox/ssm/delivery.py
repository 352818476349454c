"""A command on its way to a node, and back.

Source: Systems Manager User Guide, "Understanding command statuses": what each state means,
the delivery timeout (``TimeoutSeconds``, then ``ExpiresAfter``), ``max-concurrency`` and
``max-errors``. The seconds that things take are [NV].
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from sandbox.agenda import Process
from sandbox.clock import clock
from sandbox.ssm import notices
from sandbox.ssm.command_model import Command, Invocation
from sandbox.ssm.nodes import has_agent, is_online, platform_of
from sandbox.ssm.plans import PlannedStep
from sandbox.ssm.running import Node, run

REACHES_AFTER = timedelta(seconds=1)
LOOKS_AGAIN_AFTER = timedelta(seconds=5)
CANCELS_WITHIN = timedelta(seconds=1)

Waits: TypeAlias = Generator[timedelta, None, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One command for one node."""

    account: str
    region: str
    command: Command
    invocation: Invocation
    node: Node
    steps: tuple[PlannedStep, ...]
    on_end: Callable[[], None]
    """Told when the node is done: others may begin, or must not any more."""

    def begin(self) -> None:
        """Send it off; the rest happens by the clock."""
        self.invocation.process = Process(self._go())

    def cancel(self) -> None:
        """Stop it: at once where it has not begun, else a moment later."""
        if not self.invocation.is_live or self.invocation.details == "Cancelling":
            return
        if self.invocation.process is not None:
            self.invocation.process.end()
        if self.invocation.details in ("Pending", "Delayed"):
            self._end("Cancelled")
            return
        self._enter("Cancelling")
        self.invocation.process = Process(self._cancelled())

    def terminate(self) -> None:
        """The command has failed too often: this node does not get it any more."""
        if self.invocation.details in ("Pending", "Delayed"):
            if self.invocation.process is not None:
                self.invocation.process.end()
            self._enter("Terminated")

    def _go(self) -> Waits:
        yield REACHES_AFTER
        platforms = self.command.document.platform_types
        if platform_of(self.invocation.instance) not in platforms:
            self._end("InvalidPlatform")
            return
        while not (self.command.has_room and is_online(self.invocation.instance)):
            if self.invocation.instance.is_gone:
                self._end("Undeliverable")
                return
            if clock.now() >= self.command.starts_before:
                yield from self._expire()
                return
            if not is_online(self.invocation.instance) and self.invocation.details == "Pending":
                self._enter("Delayed")
            yield min(LOOKS_AGAIN_AFTER, self.command.starts_before - clock.now())
        yield from self._run()

    def _run(self) -> Waits:
        self._enter("InProgress")
        result = yield from run(
            self.node, self.command.document.name, self.steps, self.invocation.plugins
        )
        while not has_agent(self.invocation.instance):
            # without an answer of the agent nobody knows how it ended
            if clock.now() >= self.command.expires:
                self._end("DeliveryTimedOut")
                return
            yield min(LOOKS_AGAIN_AFTER, self.command.expires - clock.now())
        self._end(result.details)

    def _expire(self) -> Waits:
        if clock.now() < self.command.expires:
            yield self.command.expires - clock.now()
        self._end("DeliveryTimedOut")

    def _cancelled(self) -> Waits:
        yield CANCELS_WITHIN
        for plugin in self.invocation.plugins:
            if plugin.ended is None:
                plugin.details, plugin.ended = "Cancelled", clock.now()
        self._end("Cancelled")

    def _end(self, details: str) -> None:
        self._enter(details)
        self.on_end()

    def _enter(self, details: str) -> None:
        self.invocation.details = details
        notices.invocation_changed(self.account, self.region, self.command, self.invocation)
        notices.command_changed(self.account, self.region, self.command)
