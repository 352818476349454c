"""What will happen to EC2 resources by itself, and when: settled whenever somebody looks."""

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime
from threading import RLock

from moto.core.common_types import TYPE_RESPONSE
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.tags import TagRules


class Timeline:
    """Things due at a time, carried out in order once the clock has passed it."""

    def __init__(self) -> None:
        self._due: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._serial = itertools.count()
        self._lock = RLock()
        self._settling = False

    def at(self, when: datetime, action: Callable[[datetime], None]) -> None:
        """Do *action* at *when*; it is told its own time, and the clock says so, too."""
        with self._lock:
            heapq.heappush(self._due, (when, next(self._serial), action))

    def settle(self) -> None:
        """Carry out everything due by now, oldest first."""
        if not self._due or self._due[0][0] > clock.now():
            return
        with self._lock:
            if self._settling:
                return
            self._settling = True
            try:
                while self._due and self._due[0][0] <= clock.now():
                    when, _, action = heapq.heappop(self._due)
                    with clock.as_of(when):
                        action(when)
            finally:
                self._settling = False


class TimelineRules(TagRules):
    """One timeline for each account and region."""

    @property
    def timeline(self) -> Timeline:
        """What is still to come in this account and region."""
        kept: Timeline | None = self.__dict__.get("_timeline")
        return kept or self.__dict__.setdefault("_timeline", Timeline())

    def settle(self) -> None:
        """Bring every state of this account and region up to the clock."""
        self.timeline.settle()


class TimelineActions(EC2Response):
    """Every call sees the world as it is by the clock."""

    @override
    def call_action(self) -> TYPE_RESPONSE:
        """Settle what is due, then do what was asked."""
        backend: TimelineRules = self.ec2_backend
        backend.settle()
        return super().call_action()
