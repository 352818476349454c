"""EC2 as it was some seconds ago: what an eventually consistent describe answers.

While stale describes are wanted, the registers of an account and region are copied just
before every change, so that the world of a moment is the first copy taken after it. A
describe then runs over that copy, with the clock turned back for itself alone.
Source: EC2 Developer Guide, "Eventual consistency in the Amazon EC2 API".
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from moto.ec2.models import ec2_backends

from sandbox.bucket_sizes import READS
from sandbox.calls import Call
from sandbox.clock import clock
from sandbox.masking import Json
from sandbox.replies import Refusal

_ID = re.compile(r"([a-z]+)-[0-9a-f]{8,17}")
_BIRTHS = ("created", "start_time", "create_time")
NOT_FOUND: Mapping[str, tuple[str, str]] = {
    "i": ("InvalidInstanceID.NotFound", "The instance ID '{}' does not exist"),
    "ami": ("InvalidAMIID.NotFound", "The image id '[{}]' does not exist"),
    "vol": ("InvalidVolume.NotFound", "The volume '{}' does not exist."),
    "snap": ("InvalidSnapshot.NotFound", "The snapshot '{}' does not exist."),
    "eni": ("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '{}' does not exist"),
    "sg": ("InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "lt": (
        "InvalidLaunchTemplateId.NotFound",
        "The specified launch template, with template ID {}, does not exist.",
    ),
}
"""What EC2 says of an id that it does not know yet (EC2 API error codes)."""

Registers = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Copy:
    """The registers as they were just before a change, and the things it was about."""

    at: datetime
    registers: Registers
    things: tuple[tuple[Any, dict[str, Any]], ...]
    """Each with the attributes it had."""


class Past:
    """What is remembered of each account and region."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._copies: dict[tuple[str, str], list[Copy]] = {}

    def remember(self, seconds: float) -> None:
        """Keep *seconds* of the past from here on; with 0 keep none."""
        self._seconds = seconds
        self._copies.clear()

    def note(self, call: Call) -> None:
        """Take a copy before *call* changes something."""
        if not self._seconds or call.service != "ec2" or is_read(call):
            return
        backend: Any = ec2_backends[call.account][call.region]
        backend.settle()
        now = clock.now()
        copies = self._copies.setdefault((call.account, call.region), [])
        oldest = now - timedelta(seconds=self._seconds)
        while copies and copies[0].at <= oldest:
            copies.pop(0)
        registers = _registers(backend)
        copies.append(Copy(now, registers, tuple(_things(registers, call.parameters))))

    @contextmanager
    def as_of(self, call: Call, seconds: float) -> Iterator[None]:
        """Let *call* see the world of so many seconds ago.

        Raises ``Refusal`` for a call that changes something and names what was not there.
        """
        backend: Any = ec2_backends[call.account][call.region]
        then = clock.now() - timedelta(seconds=seconds)
        copies = [
            each for each in self._copies.get((call.account, call.region), ()) if each.at > then
        ]
        present = _registers(backend)
        old = _without_the_unborn(copies[0].registers if copies else present, then)
        old |= {name: type(new)() for name, new in present.items() if name not in old}
        if not is_read(call):
            _refuse_unknown(call, present, old)
            yield
            return
        with clock.as_of(then):
            backend.settle()
            with _swapped(backend, old, _attributes(backend, copies, then)):
                yield


def is_read(call: Call) -> bool:
    """Whether *call* changes nothing."""
    return call.action.startswith(READS)


past = Past()
"""One per process, like moto's backends and the clock."""


def _registers(backend: Any) -> Registers:  # noqa: ANN401 - moto's, with our mixins
    """A copy of everything that the backend keeps by name or in a row."""
    return {
        name: _copied(value)
        for name, value in vars(backend).items()
        if isinstance(value, dict | list) and name not in ("_state_changes", "_client_tokens")
    }


def _copied(value: Any) -> Any:  # noqa: ANN401 - a register of any kind
    """A copy two levels deep: registers hold sets of tags, groups by VPC and the like."""
    made = value.copy()
    for key, each in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(each, dict | list | set):
            made[key] = each.copy()
    return made


def _things(registers: Registers, parameters: Json) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The resources named in *parameters*, and what hangs on them, with their attributes."""
    named = set(_ids(parameters))
    for register in registers.values():
        found = (
            [register[each] for each in named if each in register]
            if isinstance(register, dict)
            else [each for each in register if getattr(each, "allocation_id", None) in named]
        )
        for thing in found:
            for each in (thing, getattr(thing, "_attachment", None)):
                if hasattr(each, "__dict__"):
                    yield each, _copied(vars(each))


def _ids(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        if _ID.fullmatch(value):
            yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _ids(each)


def _without_the_unborn(registers: Registers, then: datetime) -> Registers:
    """*registers* without what was made after *then*, for a past that nobody copied."""
    old = dict(registers)
    for name in ("amis", "snapshots", "volumes"):
        old[name] = {key: each for key, each in old[name].items() if _born(each) <= then}
    return old


def _born(thing: Any) -> datetime:  # noqa: ANN401 - an image, a snapshot, a volume
    moment: datetime = next(getattr(thing, each) for each in _BIRTHS if hasattr(thing, each))
    return moment


def _attributes(
    backend: Any,  # noqa: ANN401 - moto's, with our mixins
    copies: list[Copy],
    then: datetime,
) -> dict[int, tuple[Any, dict[str, Any]]]:
    """The attributes that things had *then*, by identity; the oldest copy counts."""
    found: dict[int, tuple[Any, dict[str, Any]]] = {}
    for each in copies:
        for thing, attributes in each.things:
            found.setdefault(id(thing), (thing, attributes))
    machines = {**getattr(backend, "machines", {})}
    before: dict[str, str] = {}
    changed = set()
    for change in getattr(backend, "state_changes", ()):
        if change.at <= then:
            before[change.instance_id] = change.state
        else:
            changed.add(change.instance_id)
    for instance_id in changed & before.keys() & machines.keys():
        machine = machines[instance_id]
        _, attributes = found.get(id(machine), (machine, _copied(vars(machine))))
        found[id(machine)] = (machine, {**attributes, "_name": before[instance_id]})
    return found


@contextmanager
def _swapped(
    backend: Any,  # noqa: ANN401 - moto's, with our mixins
    registers: Registers,
    attributes: Mapping[int, tuple[Any, dict[str, Any]]],
) -> Iterator[None]:
    """Put the old registers and attributes in place, and the present ones back."""
    now = {name: vars(backend)[name] for name in registers}
    present = [(thing, dict(vars(thing))) for thing, _ in attributes.values()]
    vars(backend).update(registers)
    for thing, old in attributes.values():
        vars(thing).update(old)
    try:
        yield
    finally:
        vars(backend).update(now)
        for thing, new in present:
            vars(thing).clear()
            vars(thing).update(new)


def _refuse_unknown(call: Call, now: Registers, old: Registers) -> None:
    for each in _ids(call.parameters):
        known = any(isinstance(r, dict) and each in r for r in old.values())
        exists = any(isinstance(r, dict) and each in r for r in now.values())
        kind = each.partition("-")[0]
        if exists and not known and kind in NOT_FOUND:
            code, sentence = NOT_FOUND[kind]
            raise Refusal(code, sentence.format(each))
