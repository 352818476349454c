"""The sandbox's one clock: it runs with real time, and it can be moved.

States that take time on EC2 (an image is ``pending``, then ``available``) are
computed from this clock whenever somebody looks, so moving it moves the world.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

_NO_TIME = timedelta(0)
_turned_back: ContextVar[timedelta] = ContextVar("turned_back", default=_NO_TIME)


class Clock:
    """UTC now, shifted by how far the operator has moved it."""

    def __init__(self) -> None:
        self._shift = timedelta(0)
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """The present moment in the sandbox, aware and in UTC."""
        if self._frozen is not None:
            return self._frozen - _turned_back.get()
        return datetime.fromtimestamp(time.time(), UTC) + self._shift - _turned_back.get()

    @contextmanager
    def turned_back(self, seconds: float) -> Iterator[None]:
        """Let whoever runs inside, and nobody beside, see the time of *seconds* ago."""
        before = _turned_back.set(timedelta(seconds=seconds))
        try:
            yield
        finally:
            _turned_back.reset(before)

    def advance(self, seconds: float) -> datetime:
        """Move forward (or back, when negative) and return the new now."""
        return self.move_to(self.now() + timedelta(seconds=seconds))

    def move_to(self, moment: datetime) -> datetime:
        """Make *moment* the present; the clock runs on from there unless frozen."""
        if moment.tzinfo is None:
            raise ValueError(f"the clock needs a time with a zone, not {moment.isoformat()}")
        if self._frozen is not None:
            self._frozen = moment.astimezone(UTC)
        else:
            self._shift += moment - self.now()
        return self.now()

    def freeze(self) -> None:
        """Stop running by itself: only ``advance`` and ``move_to`` move it (for tests)."""
        self._frozen = self.now()

    def reset(self) -> None:
        """Back to real time, running."""
        self._shift = timedelta(0)
        self._frozen = None


clock = Clock()
"""The process has one clock because moto has one set of backends."""
