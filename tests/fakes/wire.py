"""The wire between the jobs and the fake cloud: every port call passes here.

So a test can read the history, cut a run off before or after any call, and let calls be
denied, throttled or lost (applied, but the answer never came).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar, cast

from chalicelib.aws.errors import kind_of
from chalicelib.domain.errors import AwsError, LaterError

P = ParamSpec("P")
R = TypeVar("R")


class CrashError(Exception):
    """The Lambda died here. Not an error of ours: nothing in a job may catch it."""


def refusal(doing: str, code: str, message: str = "") -> AwsError:
    """AWS's refusal, in the kind that the real gateways would raise it."""
    return kind_of(code)(doing, code, message or f"refused with {code}")


@dataclass(frozen=True, slots=True)
class Call:
    """One port call: ``images.create`` with its arguments, in a region (catalogue: none)."""

    name: str
    region: str
    arguments: tuple[object, ...]
    changes: bool

    def __str__(self) -> str:
        """``images.create(...)``, short enough for an assertion's message."""
        return f"{self.name}{str(self.arguments)[:120]}"


@dataclass(slots=True, kw_only=True)
class Fault:
    """What goes wrong with calls of one name."""

    name: str
    code: str
    region: str = "*"
    about: str = ""
    times: int | None = None
    applied: bool = False
    """The call does its work, and only the answer is lost."""

    def strikes(self, call: Call) -> bool:
        """Whether *call* is one of those; counts it if so."""
        if self.times == 0 or not fnmatch(call.name, self.name):
            return False
        if not fnmatch(call.region, self.region) or self.about not in str(call.arguments):
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def error(self, call: Call) -> AwsError:
        """The error to raise instead of answering."""
        if self.applied:
            return LaterError(call.name, self.code, "the answer was lost")
        return refusal(call.name, self.code)


@dataclass(slots=True)
class Wire:
    """The history of calls, and everything that is to go wrong."""

    history: list[Call] = field(default_factory=list)
    watch: Callable[[], None] | None = None
    """Called after every call that was applied: what must hold at every moment."""
    _faults: list[Fault] = field(default_factory=list)
    _afterwards: list[tuple[str, Callable[[], None]]] = field(default_factory=list)
    _crash_in: int = 0
    _crash_after: bool = False

    def deny(self, name: str, *, region: str = "*", about: str = "") -> None:
        """Refuse these calls as IAM would, until ``calm``."""
        self.fail(name, "UnauthorizedOperation", region=region, about=about)

    def throttle(self, name: str, *, times: int = 1) -> None:
        """Throttle the next calls."""
        self.fail(name, "RequestLimitExceeded", times=times)

    def fail(
        self, name: str, code: str, *, times: int | None = None, region: str = "*", about: str = ""
    ) -> None:
        """Refuse these calls with *code*; *about* must occur in their arguments."""
        self._faults.append(Fault(name=name, code=code, times=times, region=region, about=about))

    def lose(self, name: str, *, times: int = 1) -> None:
        """Apply the next calls and lose their answers."""
        self._faults.append(
            Fault(name=name, code="ConnectionClosedError", times=times, applied=True)
        )

    def lose_nth(self, nth: int) -> None:
        """Apply the *nth* call from now on (counting from 1) and lose its answer."""
        self._crash_in = -nth

    def crash(self, nth: int, *, after: bool) -> None:
        """Die at the *nth* call from now on (counting from 1), before or after it is applied."""
        self._crash_in, self._crash_after = nth, after

    def afterwards(self, name: str, act: Callable[[], None]) -> None:
        """Let something happen in the world right after the next call of this name."""
        self._afterwards.append((name, act))

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self._faults.clear()
        self._afterwards.clear()
        self._crash_in = 0

    @property
    def armed(self) -> bool:
        """Whether a crash or loss that was asked for has not happened yet."""
        return self._crash_in != 0

    @contextmanager
    def recording(self) -> Iterator[list[Call]]:
        """The calls made within the ``with`` block."""
        start = len(self.history)
        made: list[Call] = []
        try:
            yield made
        finally:
            made += self.history[start:]

    def send(self, call: Call, act: Callable[[], R]) -> R:
        """Let *call* through, or let it go wrong."""
        self.history.append(call)
        lost = self._is_lost()
        due = self._is_due()
        if due and not self._crash_after:
            raise CrashError(f"before {call}")
        fault = next((f for f in self._faults if f.strikes(call)), None)
        if fault is not None and not fault.applied:
            raise fault.error(call)
        answer = act()
        self._happen(call)
        if due:
            raise CrashError(f"after {call}")
        if fault is not None:
            raise fault.error(call)
        if lost:
            raise LaterError(call.name, "ConnectionClosedError", "the answer was lost")
        return answer

    def _is_due(self) -> bool:
        if self._crash_in <= 0:
            return False
        self._crash_in -= 1
        return self._crash_in == 0

    def _is_lost(self) -> bool:
        if self._crash_in >= 0:
            return False
        self._crash_in += 1
        return self._crash_in == 0

    def _happen(self, call: Call) -> None:
        for pair in [p for p in self._afterwards if p[0] == call.name][:1]:
            self._afterwards.remove(pair)
            pair[1]()
        if self.watch is not None:
            self.watch()


class Wired(Protocol):
    """A fake port: it has a wire and, unless it is the catalogue's, a region."""

    @property
    def wire(self) -> Wire:
        """Where its calls pass."""
        ...

    @property
    def region(self) -> str:
        """Where it is."""
        ...


W = TypeVar("W", bound=Wired)


def port(
    name: str, *, changes: bool = False
) -> Callable[[Callable[Concatenate[W, P], R]], Callable[Concatenate[W, P], R]]:
    """A method that passes the wire under *name*; one that *changes* nothing may be repeated.

    A write of no rows and a tagging of no resources never reach AWS: they change nothing.
    """

    def decorate(method: Callable[Concatenate[W, P], R]) -> Callable[Concatenate[W, P], R]:
        @wraps(method)
        def through(self: W, *args: P.args, **kwargs: P.kwargs) -> R:
            given = (*args, *kwargs.values())
            empty = bool(given) and given[0] in ((), [])
            call = Call(name, self.region, given, changes and not empty)
            return self.wire.send(call, lambda: method(self, *args, **kwargs))

        return cast("Callable[Concatenate[W, P], R]", through)

    return decorate
