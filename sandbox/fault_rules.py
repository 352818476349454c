"""One rule about calls that go wrong: what it strikes, when and how."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Protocol

from sandbox.calls import Call
from sandbox.fault_words import broken, denied, throttled
from sandbox.masking import Json
from sandbox.replies import Refusal


class Kind(StrEnum):
    """How a call goes wrong."""

    THROTTLE = "throttle"
    ERROR = "error"
    DENY = "deny"
    RESET = "reset"
    TIMEOUT = "timeout"
    LOST = "lost"
    FAIL_IMAGE = "fail-image"
    STALE = "stale"
    TRUNCATE = "truncate"
    CAPACITY = "capacity"


REFUSING = (Kind.THROTTLE, Kind.ERROR, Kind.DENY)
MAKE_IMAGES = frozenset({"CreateImage", "CopyImage", "RegisterImage"})


class Struck(Protocol):
    """What a rule can be about: a call, or something that a call asks for."""

    @property
    def parameters(self) -> Mapping[str, Json]:
        """What was asked for, to look for ``match`` in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """What happens to one call: nothing, unless a field says otherwise."""

    refusal: Refusal | None = None
    drops: bool = False
    """The connection goes before the call is served."""
    loses: bool = False
    """The call is served and its answer thrown away."""
    seconds: float = 0
    """How much later than served the answer comes."""
    seen_as: str = ""
    """What the record of calls says instead of the served outcome."""
    failure: tuple[str, str] | None = None
    """Code and message with which the image that the call makes will fail."""
    stale_seconds: float = 0
    """How old the world is that the call sees."""
    keep: int | None = None
    """How many items of the listing the answer still has; -1 is half of them."""


@dataclass(slots=True, kw_only=True)
class Rule:
    """One rule, and how often it has matched and struck."""

    kind: Kind
    globs: Mapping[str, str]
    """Patterns of what the struck thing says of itself: service, action, region, ..."""
    match: str = ""
    page: int = 0
    nth: frozenset[int] = frozenset()
    every: int = 0
    p: float | None = None
    times: int | None = None
    code: str = ""
    message: str = ""
    status: int = 0
    seconds: float = 0
    keep: int = -1
    left: int = 0
    """How many instances can still be had."""
    seed: str = ""
    matched: int = 0
    struck: int = 0
    _chances: dict[str, random.Random] = field(default_factory=dict)

    def matches(self, struck: Struck, page: int = 1) -> bool:
        """Whether the rule is about this at all; *page* is that of a listing."""
        if self.kind in (Kind.STALE, Kind.FAIL_IMAGE) and not self._can_strike(struck):
            return False
        return (
            all(fnmatchcase(getattr(struck, name), glob) for name, glob in self.globs.items())
            and self.page in (0, page)
            and (not self.match or self.match in json.dumps(dict(struck.parameters)))
        )

    def is_due(self, place: str) -> bool:
        """Count one more that matches, and say whether it is struck.

        Chance is drawn for each *place* apart, so that calls that are made side by side in
        two regions do not change what strikes either.
        """
        self.matched += 1
        if self.times is not None and self.struck >= self.times:
            return False
        if self.nth and self.matched not in self.nth:
            return False
        if self.every and self.matched % self.every != 0:
            return False
        if self.p is not None and self._draw(place) >= self.p:
            return False
        self.struck += 1
        return True

    def strike(self, call: Call) -> Strike:
        """What the rule does to *call*."""
        strikes = {
            Kind.RESET: {"drops": True, "seen_as": "reset"},
            Kind.LOST: {"loses": True, "seen_as": "lost"},
            Kind.TIMEOUT: {"seconds": self.seconds, "seen_as": "timeout"},
            Kind.FAIL_IMAGE: {"failure": (self.code, self.message)},
            Kind.STALE: {"stale_seconds": self.seconds},
            Kind.TRUNCATE: {"keep": self.keep},
        }
        if self.kind in strikes:
            return Strike(**strikes[self.kind])  # type: ignore[arg-type]
        return Strike(refusal=self.refusal(call))

    def refusal(self, call: Call) -> Refusal:
        """How the service refuses *call*; what the rule gives comes before what is usual."""
        if self.kind is Kind.ERROR:
            return broken(call, code=self.code, message=self.message, status=self.status)
        usual = throttled(call) if self.kind is Kind.THROTTLE else denied(call)
        return Refusal(
            self.code or usual.code, self.message or usual.message, self.status or usual.status
        )

    def _can_strike(self, struck: Struck) -> bool:
        """Only EC2's calls can be stale, and only those that make images fail them."""
        if not isinstance(struck, Call) or struck.service != "ec2":
            return False
        return self.kind is Kind.STALE or struck.action in MAKE_IMAGES

    def _draw(self, place: str) -> float:
        if place not in self._chances:
            self._chances[place] = random.Random(f"{self.seed}:{place}")
        return self._chances[place].random()


def place_of(call: Call) -> str:
    """Whose calls share one sequence of chances."""
    return f"{call.account}:{call.region}:{call.service}:{call.action}"
