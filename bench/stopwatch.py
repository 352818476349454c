"""Times calls: how long the answer takes, and how long until boto3 has read it."""

import time
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from bench.figures import Figure

Call = Callable[[], Any]


class Stopwatch:
    """Collects the figures of one group; times are in milliseconds."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - boto3 makes client classes at run time
        self.figures: list[Figure] = []
        self._sent = self._heard = 0.0
        events = client.meta.events
        events.register("before-send.ec2", self._on_send)
        events.register("before-parse.ec2", self._on_answer)

    def answers(
        self, group: str, what: str, calls: Iterable[Call], *, limit: float | None = None
    ) -> None:
        """Time until the whole answer is there, for each of *calls* (one request each)."""
        self._note(group, what, [self._answer(call) for call in calls], limit)

    def whole(
        self, group: str, what: str, calls: Iterable[Call], *, limit: float | None = None
    ) -> None:
        """Time until each of *calls* returns, the client's own work included."""
        self._note(group, what, [timed(call) for call in calls], limit)

    def _answer(self, call: Call) -> float:
        call()
        return (self._heard - self._sent) * 1000

    def _note(self, group: str, what: str, times: list[float], limit: float | None) -> None:
        self.figures.append(milliseconds(group, what, times, limit=limit))

    def _on_send(self, **_: object) -> None:
        self._sent = time.perf_counter()

    def _on_answer(self, **_: object) -> None:
        self._heard = time.perf_counter()


def timed(call: Call) -> float:
    """The milliseconds that *call* takes."""
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def milliseconds(
    group: str, what: str, times: list[float], *, limit: float | None = None
) -> Figure:
    """The figure of some *times*, which are not none."""
    return Figure(
        group=group,
        what=what,
        unit="ms",
        median=median(times),
        worst=max(times),
        times=len(times),
        limit=limit,
    )
