"""What goes on by itself outside EC2: each thing happens at its own time, whenever one looks.

A command on a machine or an automation takes a while and does things on the way. Each is a
generator that yields how long it waits; what it does after a wait is done *as of* the end of
that wait, so a jump of the clock by a day leaves the world as if somebody had watched.
"""

import sys
import traceback
from collections.abc import Iterator
from datetime import datetime, timedelta
from threading import RLock
from typing import TypeAlias

from sandbox.clock import clock
from sandbox.ec2.timeline import Timeline

Waits: TypeAlias = Iterator[timedelta]


class Agenda(Timeline):
    """The timeline of everything that is no account's and region's EC2.

    Its ``lock`` is the gate's and the events', too: what it does passes the gate and sends
    events, so that two locks would be taken in either order.
    """

    @property
    def lock(self) -> RLock:
        """What everybody holds who touches moto's state: it is not thread safe."""
        return self._lock

    def reset(self) -> None:
        """Nothing is to come any more."""
        self._due.clear()


agenda = Agenda()
"""One for the process, like the clock."""


class Process:
    """Something that goes on: a generator of waits, carried on by the agenda."""

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self._serial = 0
        self._wait(timedelta(0))

    def wake(self) -> None:
        """Carry on now instead of at the end of the present wait."""
        self._wait(timedelta(0))

    def end(self) -> None:
        """Stop here: the generator is closed and nothing more comes of it."""
        self._serial += 1
        close = getattr(self._waits, "close", None)
        if close is not None:
            close()

    def _wait(self, span: timedelta) -> None:
        self._serial += 1
        serial = self._serial

        def carry_on(_: datetime) -> None:
            if serial == self._serial:
                self._carry_on()

        agenda.at(clock.now() + span, carry_on)

    def _carry_on(self) -> None:
        try:
            span = next(self._waits)
        except StopIteration:
            return
        except Exception as error:  # noqa: BLE001 - whoever happens to look is not to blame
            sys.stderr.write("sandbox: something that went on by itself failed inside:\n")
            traceback.print_exception(error, file=sys.stderr)
            return
        self._wait(span)
