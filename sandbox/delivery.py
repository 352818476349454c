"""When an event reaches those who asked for it: late, twice, out of order or never.

EventBridge delivers at least once and promises no order (EventBridge User Guide, "What
is Amazon EventBridge": at-least-once delivery); EC2 and EBS send on a best effort basis.
"""

import heapq
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

Item = TypeVar("Item")

SHUFFLED_WITHIN = 60.0
"""Seconds by which ``shuffle`` puts off each delivery, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaos:
    """How badly events are delivered; nothing is wrong unless a field says otherwise."""

    seed: int = 0
    late_seconds: float = 0
    p_late: float = 1
    """How many of the deliveries are late at all."""
    p_twice: float = 0
    p_drop: float = 0
    shuffle: bool = False

    def times(self, at: datetime, serial: int, target: str) -> tuple[datetime, ...]:
        """When event number *serial*, sent *at*, reaches *target*: never, once or twice."""
        chance = random.Random(f"{self.seed}:{serial}:{target}")
        if chance.random() < self.p_drop:
            return ()
        copies = 2 if chance.random() < self.p_twice else 1
        return tuple(at + self._delay(chance) for _ in range(copies))

    def _delay(self, chance: random.Random) -> timedelta:
        late = self.late_seconds if chance.random() < self.p_late else 0
        put_off = chance.random() * SHUFFLED_WITHIN if self.shuffle else 0
        return timedelta(seconds=late + put_off)


class Outbox(Generic[Item]):
    """Things that are due at a time, the earliest first."""

    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, int, Item]] = []
        self._serial = itertools.count()

    def put(self, due: datetime, item: Item) -> None:
        """Keep *item* until *due*."""
        heapq.heappush(self._waiting, (due, next(self._serial), item))

    def take(self, now: datetime) -> Iterator[Item]:
        """Everything that is due by *now*, also what is put in meanwhile."""
        while self._waiting and self._waiting[0][0] <= now:
            yield heapq.heappop(self._waiting)[2]

    def clear(self) -> None:
        """Throw everything away."""
        self._waiting.clear()
