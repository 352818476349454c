"""Times calls: how long the answer takes, and what it costs the one who answers."""

import time
from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from bench.figures import Figure
from bench.served import Served

Call = Callable[[], Any]


class Stopwatch:
    """Collects figures in milliseconds; of a call, the time until its whole answer is there.

    What boto3 takes to read the answer is the client's affair, except in ``whole``.
    """

    def __init__(self, client: Any, served: Served) -> None:  # noqa: ANN401 - made at run time
        self.figures: list[Figure] = []
        self._served = served
        self._sent = self._heard = 0.0
        client.meta.events.register("before-send.ec2", self._on_send)
        client.meta.events.register("before-parse.ec2", self._on_answer)

    def answers(
        self, group: str, what: str, calls: Iterable[Call], *, limit: float | None = None
    ) -> None:
        """Each of *calls* makes one request; time it until the answer has arrived."""
        self._note(group, what, calls, self._answer, limit)

    def whole(
        self, group: str, what: str, calls: Iterable[Call], *, limit: float | None = None
    ) -> None:
        """Time each of *calls* until it returns, the client's own work included."""
        self._note(group, what, calls, timed, limit)

    def _note(
        self,
        group: str,
        what: str,
        calls: Iterable[Call],
        take: Callable[[Call], float],
        limit: float | None,
    ) -> None:
        before = self._served.processor_time
        times = [take(call) for call in calls]
        spent = (self._served.processor_time - before) * 1000 / len(times)
        self.figures.append(milliseconds(group, what, times, spent=spent, limit=limit))

    def _answer(self, call: Call) -> float:
        call()
        return (self._heard - self._sent) * 1000

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
    group: str,
    what: str,
    times: list[float],
    *,
    spent: float | None = None,
    limit: float | None = None,
) -> Figure:
    """The figure of some *times*, which are not none, and of the processor time *spent* on each."""
    return Figure(
        group=group,
        what=what,
        unit="ms",
        median=median(times),
        worst=max(times),
        times=len(times),
        spent=spent,
        limit=limit,
    )
