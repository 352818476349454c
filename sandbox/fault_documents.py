"""Reads the document that asks for faults (DESIGN section 8), strictly.

Whatever is unknown, of the wrong type or out of range is refused with a sentence that
names it; a field that the kind would ignore is refused, too.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.delivery import Chaos
from sandbox.fault_rules import REFUSING, Kind, Rule
from sandbox.masking import Json

GLOBS = ("service", "action", "region", "account")
PLACES = ("type", "zone")
WHENS = ("nth", "every", "p", "times")
FIELDS = ("seed", "latency_ms", "buckets", "rules", "events")
NARROW = ("match", "page")
CHAOS = ("late_seconds", "p_late", "p_twice", "p_drop", "shuffle")

OWN: Mapping[Kind, tuple[str, ...]] = {
    **dict.fromkeys(REFUSING, ("code", "message", "status")),
    Kind.TIMEOUT: ("seconds",),
    Kind.FAIL_IMAGE: ("code", "message"),
    Kind.STALE: ("seconds",),
    Kind.TRUNCATE: ("keep",),
    Kind.CAPACITY: ("left", *PLACES),
}
"""What only some kinds understand."""

TIMEOUT_SECONDS = 61.0
"""A second more than botocore waits for an answer unless told otherwise."""
STALE_SECONDS = 30.0
LONGEST_SECONDS = 24 * 3600.0
MOST_LATENCY = 60_000.0
MOST_RULES = 1_000
LEAST_STATUS, MOST_STATUS = 400, 599


class FaultError(ValueError):
    """The faults asked for make no sense; the sentence says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A whole document, understood."""

    latency: float
    """Seconds."""
    buckets: bool
    rules: tuple[Rule, ...]
    chaos: Chaos


def read(document: Mapping[str, Json]) -> Wanted:
    """Understand *document*; raises ``FaultError``."""
    _only(document, FIELDS, "the faults")
    seed = document.get("seed", 0)
    if type(seed) is not int:
        raise FaultError(f"seed must be a whole number, not {json.dumps(seed)}")
    latency = _number(document, "latency_ms", "the faults", most=MOST_LATENCY) or 0
    listed = document.get("rules", [])
    if not isinstance(listed, list):
        raise FaultError(f"rules must be a list, not {json.dumps(listed)}")
    if len(listed) > MOST_RULES:
        raise FaultError(f"rules may be {MOST_RULES} at most, not {len(listed)}")
    return Wanted(
        latency=latency / 1000,
        buckets=_flag(document, "buckets", ""),
        rules=tuple(
            _rule(each, f"{seed}:{at}", f"rule {at + 1}") for at, each in enumerate(listed)
        ),
        chaos=_chaos(document.get("events", {}), seed),
    )


def _rule(given: Json, seed: str, name: str) -> Rule:
    if not isinstance(given, dict):
        raise FaultError(f"{name} must be an object, not {json.dumps(given)}")
    kind = _kind(given, name)
    _only(given, ("kind", *GLOBS, *NARROW, *WHENS, *OWN.get(kind, ())), name, kind)
    globs = {each: _text(given, each, name) for each in (*GLOBS, *PLACES) if each in given}
    seconds = _number(given, "seconds", name, most=LONGEST_SECONDS)
    if seconds is None:
        seconds = STALE_SECONDS if kind is Kind.STALE else TIMEOUT_SECONDS
    return Rule(
        kind=kind,
        globs=globs,
        match=_text(given, "match", name),
        page=_whole(given, "page", name) or 0,
        nth=_counts(given, name),
        every=_whole(given, "every", name) or 0,
        p=_share(given, "p", name),
        times=_whole(given, "times", name, least=0),
        code=_text(given, "code", name),
        message=_text(given, "message", name),
        status=_whole(given, "status", name, least=LEAST_STATUS, most=MOST_STATUS) or 0,
        seconds=seconds,
        keep=-1 if given.get("keep") is None else _whole(given, "keep", name, least=0) or 0,
        left=_whole(given, "left", name, least=0) or 0,
        seed=seed,
    )


def _kind(given: Mapping[str, Json], name: str) -> Kind:
    kind = given.get("kind")
    for each in Kind:
        if each.value == kind:
            return each
    raise FaultError(f"{name}: kind must be one of {', '.join(Kind)}, not {json.dumps(kind)}")


def _chaos(given: Json, seed: int) -> Chaos:
    name = "events"
    if not isinstance(given, dict):
        raise FaultError(f"events must be an object, not {json.dumps(given)}")
    _only(given, CHAOS, name)
    late = _share(given, "p_late", name)
    return Chaos(
        seed=seed,
        late_seconds=_number(given, "late_seconds", name, most=LONGEST_SECONDS) or 0,
        p_late=1.0 if late is None else late,
        p_twice=_share(given, "p_twice", name) or 0,
        p_drop=_share(given, "p_drop", name) or 0,
        shuffle=_flag(given, "shuffle", name),
    )


def _only(
    given: Mapping[str, Json], known: tuple[str, ...], name: str, kind: Kind | None = None
) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        of = f" of kind {kind}" if kind and any(unknown[0] in each for each in OWN.values()) else ""
        raise FaultError(f"{name}: unknown field {unknown[0]!r}{of}; known are {', '.join(known)}")


def _text(given: Mapping[str, Json], key: str, name: str) -> str:
    value = given.get(key, "")
    if not isinstance(value, str):
        raise FaultError(f"{name}: {key} must be a text, not {json.dumps(value)}")
    return value


def _flag(given: Mapping[str, Json], key: str, name: str) -> bool:
    value = given.get(key, False)
    if not isinstance(value, bool):
        where = f"{name}: " if name else ""
        raise FaultError(f"{where}{key} must be true or false, not {json.dumps(value)}")
    return value


def _number(
    given: Mapping[str, Json], key: str, name: str, *, least: float = 0, most: float = math.inf
) -> float | None:
    value = given.get(key)
    if value is None:
        return None
    number = not isinstance(value, bool) and isinstance(value, int | float)
    if not number or not least <= value <= most:  # type: ignore[operator]
        upto = f" to {most:g}" if most < math.inf else ""
        shown = json.dumps(value)
        raise FaultError(f"{name}: {key} must be a number from {least:g}{upto}, not {shown}")
    return value  # type: ignore[return-value]


def _whole(
    given: Mapping[str, Json], key: str, name: str, *, least: float = 1, most: float = math.inf
) -> int | None:
    value = _number(given, key, name, least=least, most=most)
    if value is not None and not isinstance(value, int):
        raise FaultError(f"{name}: {key} must be a whole number, not {value}")
    return value


def _share(given: Mapping[str, Json], key: str, name: str) -> float | None:
    chance = _number(given, key, name)
    if chance is not None and chance > 1:
        raise FaultError(f"{name}: {key} must be between 0 and 1, not {chance}")
    return chance


def _counts(given: Mapping[str, Json], name: str) -> frozenset[int]:
    value = given.get("nth", [])
    listed = value if isinstance(value, list) else [value]
    counts = [each for each in listed if type(each) is int and each >= 1]
    if len(counts) != len(listed):
        raise FaultError(f"{name}: nth must list counts from 1, not {json.dumps(value)}")
    return frozenset(counts)
