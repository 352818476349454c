"""What a rollback step works with, and what it answers."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from chalicelib.domain.configuration import Configuration, Interface
from chalicelib.domain.instance import Instance, InstanceState
from chalicelib.domain.rollback.journal import Journal, StepRecord
from chalicelib.jobs.ports import Catalogue, Region, Vault


class Verdict(enum.Enum):
    """Where a step stands after one look."""

    DONE = "done"
    WAIT = "wait"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Progress:
    """A step's answer: how it stands, in words, and what must be remembered."""

    verdict: Verdict
    note: str
    facts: Mapping[str, str] = field(default_factory=dict)


def done(note: str, **facts: str) -> Progress:
    """The step was observed to be complete."""
    return Progress(Verdict.DONE, note, facts)


def wait(note: str, **facts: str) -> Progress:
    """Nothing more can be done now; look again on the next run."""
    return Progress(Verdict.WAIT, note, facts)


def fail(note: str, **facts: str) -> Progress:
    """It can not be done; what was done before is to be undone."""
    return Progress(Verdict.FAIL, note, facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One rollback at one moment, and everything it may touch."""

    region: Region
    catalogue: Catalogue
    vault: Vault
    journal: Journal
    now: datetime

    @property
    def wanted(self) -> Configuration:
        """The configuration that the replacement is launched with."""
        return self.journal.configuration

    def original(self) -> Instance | None:
        """The instance rolled away from, as it is now."""
        return self._find(self.journal.instance_id)

    def replacement(self) -> Instance | None:
        """The instance that this rollback launched, as it is now."""
        return self._find(self.journal.replacement_id)

    def former(self) -> Configuration:
        """The original's places; as they were at the backup, when it has none any more."""
        original = self.original()
        if original is None or not original.configuration.interfaces:
            return self.wanted
        return original.configuration

    def absence(self) -> str:
        """Why the replacement can not stand in for the original at this moment, or empty."""
        replacement = self.replacement()
        if replacement is None:
            return "the replacement is gone"
        if replacement.state is not InstanceState.RUNNING:
            return f"the replacement is {replacement.state.value}"
        return ""

    def _find(self, instance_id: str) -> Instance | None:
        if not instance_id:
            return None
        return next(iter(self.region.instances.find([instance_id])), None)


def overdue(scene: Scene, step: StepRecord, limit: timedelta) -> bool:
    """Whether the step has been tried for longer than *limit*."""
    return step.began_at is not None and scene.now - step.began_at > limit


def client_token(rollback_id: str, step: str) -> str:
    """RunInstances' token: the same for every try of this step (64 ASCII characters)."""
    return sha256(f"{rollback_id}|{step}".encode()).hexdigest()


def counterpart(private_ip: str, old: Configuration, new: Configuration) -> tuple[str, str] | None:
    """Interface and private address on the replacement that stand where *private_ip* stood.

    Interfaces correspond by network card and device index, addresses by their order;
    ``None`` when the replacement has no such place.
    """
    for interface in old.interfaces:
        if private_ip in interface.private_ips:
            twin = _twin(interface, new)
            order = interface.private_ips.index(private_ip)
            if twin is not None and order < len(twin.private_ips):
                return twin.interface_id, twin.private_ips[order]
    return None


def _twin(interface: Interface, new: Configuration) -> Interface | None:
    place = (interface.network_card_index, interface.device_index)
    return next(
        (i for i in new.interfaces if (i.network_card_index, i.device_index) == place), None
    )
