"""Faults on demand: which calls go wrong, how and when, repeatable by seed.

A rule says what it strikes (globs of action, region, account and service), when
(``nth``, ``every``, ``p``, at most ``times``) and how (``kind``). The first rule that
strikes decides; every rule counts the calls that match it, struck or not.
"""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from moto.ec2.models import ec2_backends

from sandbox.buckets import Buckets
from sandbox.calls import Call, Json
from sandbox.clock import clock
from sandbox.ec2.image_model import Image
from sandbox.ec2.images import INTERNAL_ERROR
from sandbox.replies import Refusal, Reply

KINDS = ("throttle", "error", "deny", "reset", "timeout", "lost", "fail-image")
GLOBS = ("service", "action", "region", "account")
WHENS = ("nth", "every", "p", "times")
HOWS = ("code", "message", "status", "seconds")
_IMAGE = re.compile(rb"<imageId>(ami-[0-9a-f]+)</imageId>")
TIMEOUT_SECONDS = 61.0
"""A second more than botocore waits for an answer unless told otherwise."""


class FaultError(ValueError):
    """The faults asked for make no sense; the sentence says which and why."""


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
    fails_image: bool = False

    def after(self, call: Call, reply: Reply) -> None:
        """Do what comes after the call was served."""
        if self.fails_image:
            fail_image(call, reply)


@dataclass(slots=True, kw_only=True)
class Rule:
    """One rule, and how often it has matched and struck."""

    kind: str
    globs: Mapping[str, str]
    nth: frozenset[int] = frozenset()
    every: int = 0
    p: float | None = None
    times: int | None = None
    code: str = ""
    message: str = ""
    status: int = 0
    seconds: float = TIMEOUT_SECONDS
    chance: random.Random = field(default_factory=random.Random)
    matched: int = 0
    struck: int = 0

    def matches(self, call: Call) -> bool:
        """Whether the rule is about this kind of call at all."""
        return all(fnmatchcase(getattr(call, name), glob) for name, glob in self.globs.items())

    def is_due(self) -> bool:
        """Count one more matching call, and say whether it is struck."""
        self.matched += 1
        if self.times is not None and self.struck >= self.times:
            return False
        if self.nth and self.matched not in self.nth:
            return False
        if self.every and self.matched % self.every != 0:
            return False
        if self.p is not None and self.chance.random() >= self.p:
            return False
        self.struck += 1
        return True

    def strike(self, call: Call) -> Strike:
        """What the rule does to *call*."""
        if self.kind in ("reset", "lost"):
            return Strike(drops=self.kind == "reset", loses=self.kind == "lost", seen_as=self.kind)
        if self.kind == "timeout":
            return Strike(seconds=self.seconds, seen_as="timeout")
        if self.kind == "fail-image":
            return Strike(fails_image=True)
        return Strike(refusal=self._refusal(call))

    def _refusal(self, call: Call) -> Refusal:
        is_ec2 = call.protocol == "ec2"
        if self.kind == "throttle":
            return throttled(call)
        if self.kind == "deny":
            denied = "UnauthorizedOperation" if is_ec2 else "AccessDeniedException"
            if call.protocol in ("query", "rest-xml"):
                denied = "AccessDenied"
            what = f"You are not authorized to perform: {call.service}:{call.action}"
            return Refusal(denied, what, 400 if "json" in call.protocol else 403)
        status = self.status or (500 if self.code in ("", "InternalError") else 400)
        message = self.message or "An error was asked for."
        return Refusal(self.code or "InternalError", message, status)


class Faults:
    """The faults in force, for every caller alike."""

    def __init__(self) -> None:
        self.document: dict[str, Json] = {}
        self.latency = 0.0
        self._rules: list[Rule] = []
        self._buckets: Buckets | None = None

    def set(self, document: Mapping[str, Json]) -> None:
        """Put *document* (DESIGN section 8) in force in place of what was.

        Raises ``FaultError``, having changed nothing, when a part of it makes no sense.
        """
        _only(document, ("seed", "latency_ms", "buckets", "rules"), "the faults")
        seed = document.get("seed", 0)
        latency = _number(document, "latency_ms", least=0)
        buckets = document.get("buckets", False)
        if not isinstance(buckets, bool):
            raise FaultError(f"buckets must be true or false, not {json.dumps(buckets)}")
        listed = document.get("rules", [])
        if not isinstance(listed, list):
            raise FaultError(f"rules must be a list, not {json.dumps(listed)}")
        rules = [_rule(each, f"{seed}:{at}", f"rule {at + 1}") for at, each in enumerate(listed)]
        self.document = dict(document)
        self.latency = (latency or 0) / 1000
        self._rules = rules
        self._buckets = Buckets() if buckets else None

    def clear(self) -> None:
        """Nothing goes wrong from here on."""
        self.set({})

    def strike(self, call: Call) -> Strike:
        """What the rules and buckets do to *call*; counts it."""
        due = [rule for rule in self._rules if rule.matches(call) and rule.is_due()]
        if due:
            return due[0].strike(call)
        if self._buckets is not None and not self._buckets.admit(call, clock.now()):
            return Strike(refusal=throttled(call))
        return Strike()


faults = Faults()
"""The process has one set of faults because moto has one set of backends."""


def throttled(call: Call) -> Refusal:
    """What AWS says to a caller who is too fast (EC2 API Reference, "Error codes")."""
    if call.protocol == "ec2":
        return Refusal("RequestLimitExceeded", "Request limit exceeded.", 503)
    code = "Throttling" if call.protocol in ("query", "rest-xml") else "ThrottlingException"
    return Refusal(code, "Rate exceeded", 400)


def fail_image(call: Call, reply: Reply) -> None:
    """The image that *call* has just begun to make will end as ``failed``."""
    found = _IMAGE.search(reply.body)
    if found is None:
        return
    image = ec2_backends[call.account][call.region].amis.get(found[1].decode())
    if isinstance(image, Image):
        image.failure = INTERNAL_ERROR


def _rule(given: Json, seed: str, name: str) -> Rule:
    if not isinstance(given, dict):
        raise FaultError(f"{name} must be an object, not {json.dumps(given)}")
    _only(given, ("kind", *GLOBS, *WHENS, *HOWS), name)
    kind = given.get("kind")
    if kind not in KINDS:
        raise FaultError(f"{name}: kind must be one of {', '.join(KINDS)}, not {json.dumps(kind)}")
    globs = {each: _text(given, each, name) for each in GLOBS if each in given}
    chance = _number(given, "p", least=0, name=name)
    if chance is not None and chance > 1:
        raise FaultError(f"{name}: p must be between 0 and 1, not {chance}")
    return Rule(
        kind=str(kind),
        globs=globs,
        nth=_counts(given, name),
        every=_whole(given, "every", name) or 0,
        p=chance,
        times=_whole(given, "times", name),
        code=_text(given, "code", name),
        message=_text(given, "message", name),
        status=_whole(given, "status", name) or 0,
        seconds=_number(given, "seconds", least=0, name=name) or TIMEOUT_SECONDS,
        chance=random.Random(seed),
    )


def _only(given: Mapping[str, Json], known: tuple[str, ...], name: str) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise FaultError(f"{name}: unknown field {unknown[0]!r}; known are {', '.join(known)}")


def _text(given: Mapping[str, Json], key: str, name: str) -> str:
    value = given.get(key, "")
    if not isinstance(value, str):
        raise FaultError(f"{name}: {key} must be a text, not {json.dumps(value)}")
    return value


def _number(
    given: Mapping[str, Json], key: str, *, least: float, name: str = "the faults"
) -> float | None:
    value = given.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= least:
        raise FaultError(f"{name}: {key} must be a number from {least:g}, not {json.dumps(value)}")
    return value


def _whole(given: Mapping[str, Json], key: str, name: str) -> int | None:
    value = _number(given, key, least=0 if key == "times" else 1, name=name)
    if value is not None and not isinstance(value, int):
        raise FaultError(f"{name}: {key} must be a whole number, not {value}")
    return value


def _counts(given: Mapping[str, Json], name: str) -> frozenset[int]:
    value = given.get("nth", [])
    listed = value if isinstance(value, list) else [value]
    counts = [each for each in listed if type(each) is int and each >= 1]
    if len(counts) != len(listed):
        raise FaultError(f"{name}: nth must list counts from 1, not {json.dumps(value)}")
    return frozenset(counts)
