"""The sandbox's one clock: it runs with real time, and it can be moved.

States that take time on EC2 (an image is ``pending``, then ``available``) are
computed from this clock whenever somebody looks, so moving it moves the world.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


class Clock:
    """UTC now, shifted by how far the operator has moved it."""

    def __init__(self) -> None:
        self._shift = timedelta(0)
        self._frozen: datetime | None = None
        self._then = threading.local()

    def now(self) -> datetime:
        """The present moment in the sandbox, aware and in UTC."""
        then: datetime | None = getattr(self._then, "moment", None)
        if then is not None:
            return then
        if self._frozen is not None:
            return self._frozen
        return datetime.fromtimestamp(time.time(), UTC) + self._shift

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

    @contextmanager
    def as_of(self, moment: datetime) -> Iterator[None]:
        """For this thread, and nobody beside, *moment* is the present."""
        before = getattr(self._then, "moment", None)
        self._then.moment = moment
        try:
            yield
        finally:
            self._then.moment = before

    def freeze(self) -> None:
        """Stop running by itself: only ``advance`` and ``move_to`` move it (for tests)."""
        self._frozen = self.now()

    def reset(self) -> None:
        """Back to real time, running."""
        self._shift = timedelta(0)
        self._frozen = None


clock = Clock()
"""The process has one clock because moto has one set of backends."""


def stamp(moment: datetime) -> str:
    """A time in UTC as AWS writes it in texts and events."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
