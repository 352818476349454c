"""What status checks, volumes and targets say of a machine, as the operator wishes.

EC2 answers ``ok`` for everything unless told otherwise here. A wish about an image
holds for every instance launched from it; a wish about an instance comes before it.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast, get_args

from sandbox.clock import clock

Aspect = Literal[
    "system",
    "instance_status",
    "ebs",
    "target",
    "application",
    "launch",
    "status",
    "root",
    "detach",
    "agent",
    "patches",
    "event",
    "not_before",
    "not_after",
]
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)
FINE: dict[Aspect, str] = {
    "system": "ok",
    "instance_status": "ok",
    "ebs": "ok",
    "target": "healthy",
    "status": "ok",
    "agent": "online",
    "patches": "missing",
}
EVENTS: Mapping[str, str] = {
    "instance-reboot": "The instance is scheduled for a reboot",
    "system-reboot": "The instance is scheduled for a reboot",
    "system-maintenance": "The instance is scheduled for maintenance",
    "instance-retirement": "The instance is running on degraded hardware",
    "instance-stop": "The instance is scheduled to be stopped",
}
"""Source: botocore's model, EventCode."""
ALLOWED: dict[Aspect, frozenset[str]] = {
    "system": frozenset({"ok", "impaired", "initializing", "insufficient-data"}),
    "instance_status": frozenset({"ok", "impaired", "initializing", "insufficient-data"}),
    "ebs": frozenset({"ok", "impaired", "initializing", "insufficient-data"}),
    "target": frozenset({"healthy", "unhealthy"}),
    "application": frozenset({"ok", "impaired", "initializing", "insufficient-data"}),
    "status": frozenset({"ok", "impaired", "warning", "insufficient-data"}),
    "root": frozenset({"failed", "failed-detached"}),
    "detach": frozenset({"stuck"}),
    "agent": frozenset({"online", "lost", "inactive", "absent"}),
    "patches": frozenset({"missing", "none"}),
    "event": frozenset(EVENTS),
}
TIMES: tuple[Aspect, ...] = ("not_before", "not_after")
PLANNED: tuple[Aspect, ...] = ("event", *TIMES)
NOTICE = timedelta(days=14)
"""How long before it happens a scheduled event is told of, unless a time is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """What AWS has planned for one instance. Nothing is done to it when the time comes."""

    instance: str
    code: str
    noticed: datetime
    not_before: datetime
    not_after: datetime | None

    @property
    def id(self) -> str:
        """The id of the event, the same whenever one asks."""
        digest = hashlib.sha256(f"{self.instance}:{self.code}".encode()).hexdigest()
        return f"instance-event-{digest[:17]}"

    @property
    def description(self) -> str:
        """A sentence for people."""
        return EVENTS[self.code]


class Health:
    """The operator's wishes, by the id of an instance, an image or a volume."""

    def __init__(self) -> None:
        self._wishes: dict[str, dict[Aspect, str]] = {}
        self._watchers: dict[object, Callable[[], None]] = {}
        self._since: dict[tuple[str, Aspect], datetime] = {}
        self._planned: list[Maintenance] = []

    def watch(self, key: object, look: Callable[[], None]) -> None:
        """Let *look* be called before and after every change, once for each *key*."""
        self._watchers[key] = look

    def _tell(self) -> None:
        for look in list(self._watchers.values()):
            look()

    def set(
        self,
        *,
        instance: str | None = None,
        image: str | None = None,
        volume: str | None = None,
        **aspects: str | None,
    ) -> dict[str, str]:
        """Say how things are with one instance, image or volume, and answer what holds for it.

        Aspects: ``system``, ``instance_status``, ``ebs``, ``application`` (status checks),
        ``target`` (behind a load balancer), ``status`` (a volume's), ``launch``, the
        state reason with which a launch from the image dies (``Client.InternalError``),
        ``root``, how the replacement of an instance's root ends, ``detach`` of a volume that
        sticks, ``agent`` (SSM's), ``patches`` (whether a scan finds any missing), and of an
        instance ``event``, what AWS has scheduled for it, with ``not_before`` and
        ``not_after``. ``None`` takes a wish back. Raises ``ValueError``, having changed
        nothing, for anything else.
        """
        subjects = [subject for subject in (instance, image, volume) if subject]
        if len(subjects) != 1:
            raise ValueError("health needs exactly one of instance, image or volume")
        wanted = {_aspect(name): value for name, value in aspects.items()}
        for name, value in wanted.items():
            _check(name, value)
        if instance is None and any(wanted.get(each) for each in PLANNED):
            raise ValueError("only an instance can have a scheduled event")
        [subject] = subjects
        self._tell()
        wishes = self._wishes.setdefault(subject, {})
        for name, value in wanted.items():
            if value is None:
                wishes.pop(name, None)
                continue
            if wishes.get(name) != value:
                self._since[subject, name] = clock.now()
            wishes[name] = value
        if wanted.get("event") and (planned := self.maintenance(subject)):
            self._planned.append(planned)
        self._tell()
        return cast("dict[str, str]", dict(wishes))

    def of(self, aspect: Aspect, *subjects: str | None) -> str | None:
        """What the first of *subjects* that has a wish says, else what is fine."""
        for subject in subjects:
            wish = self._wishes.get(subject or "", {}).get(aspect)
            if wish is not None:
                return wish
        return FINE.get(aspect)

    def since(self, aspect: Aspect, *subjects: str | None) -> datetime | None:
        """Since when the first of *subjects* that has a wish has had it."""
        for subject in subjects:
            if aspect in self._wishes.get(subject or "", {}):
                return self._since[subject or "", aspect]
        return None

    def maintenance(self, instance: str) -> Maintenance | None:
        """What is scheduled for *instance*."""
        code = self._wishes.get(instance, {}).get("event")
        if code is None:
            return None
        noticed = self._since[instance, "event"]
        before, after = (self.of(each, instance) for each in TIMES)
        return Maintenance(
            instance=instance,
            code=code,
            noticed=noticed,
            not_before=datetime.fromisoformat(before) if before else noticed + NOTICE,
            not_after=datetime.fromisoformat(after) if after else None,
        )

    def take_planned(self) -> list[Maintenance]:
        """What has been scheduled since somebody last asked."""
        taken, self._planned = self._planned, []
        return taken

    def reset(self) -> None:
        """Everything is fine again."""
        self._wishes.clear()
        self._watchers.clear()
        self._since.clear()
        self._planned.clear()


def _check(aspect: Aspect, value: str | None) -> None:
    """Refuse what an aspect cannot be."""
    allowed = ALLOWED.get(aspect)
    if value is None:
        return
    if allowed and value not in allowed:
        raise ValueError(f"{aspect} must be one of {', '.join(sorted(allowed))}, not {value}")
    if aspect in TIMES and not _is_time(value):
        raise ValueError(f"{aspect} must be a time with a zone in ISO 8601, not {value}")


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _aspect(name: str) -> Aspect:
    for aspect in ASPECTS:
        if aspect == name:
            return aspect
    raise ValueError(f"health knows {', '.join(ASPECTS)}, not {name}")


health = Health()
"""One per process, like moto's backends and the clock."""
