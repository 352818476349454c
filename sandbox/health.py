"""What status checks, volumes and targets say of a machine, as the operator wishes.

EC2 answers ``ok`` for everything unless told otherwise here. A wish about an image
holds for every instance launched from it; a wish about an instance comes before it.
"""

from collections.abc import Callable
from typing import Literal, cast, get_args

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
    "capacity",
    "agent",
    "patches",
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
ALLOWED: dict[Aspect, frozenset[str]] = {
    "system": frozenset({"ok", "impaired", "initializing", "insufficient-data"}),
    "instance_status": frozenset({"ok", "impaired", "initializing", "insufficient-data"}),
    "ebs": frozenset({"ok", "impaired", "initializing", "insufficient-data"}),
    "target": frozenset({"healthy", "unhealthy"}),
    "application": frozenset({"ok", "impaired", "initializing", "insufficient-data"}),
    "status": frozenset({"ok", "impaired", "warning", "insufficient-data"}),
    "root": frozenset({"failed", "failed-detached"}),
    "detach": frozenset({"stuck"}),
    "capacity": frozenset({"none"}),
    "agent": frozenset({"online", "lost", "inactive", "absent"}),
    "patches": frozenset({"missing", "none"}),
}


class Health:
    """The operator's wishes, by the id of an instance, an image or a volume."""

    def __init__(self) -> None:
        self._wishes: dict[str, dict[Aspect, str]] = {}
        self._watchers: dict[object, Callable[[], None]] = {}

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
        zone: str | None = None,
        instance_type: str | None = None,
        **aspects: str | None,
    ) -> dict[str, str]:
        """Say how things are with one instance, image, volume or place; answer what holds for it.

        Aspects: ``system``, ``instance_status``, ``ebs``, ``application`` (status checks),
        ``target`` (behind a load balancer), ``status`` (a volume's), ``launch``, the state
        reason with which a launch from the image dies (``Client.InternalError``), ``root``,
        how the replacement of an instance's root ends, ``detach`` of a volume that sticks,
        ``agent`` (SSM's), ``patches`` (whether a scan finds any missing), and ``capacity`` of a
        *zone*, an *instance_type* or a type in a zone, of which there can be none. ``None``
        takes a wish back. Raises ``ValueError`` for anything else.
        """
        place = "/".join(each for each in (zone, instance_type) if each)
        subjects = [subject for subject in (instance, image, volume, place) if subject]
        if len(subjects) != 1:
            raise ValueError("health needs exactly one of instance, image, volume or zone")
        self._tell()
        wishes = self._wishes.setdefault(subjects[0], {})
        for name, value in aspects.items():
            aspect = _aspect(name)
            if value is None:
                wishes.pop(aspect, None)
                continue
            allowed = ALLOWED.get(aspect)
            if allowed and value not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(sorted(allowed))}, not {value}")
            wishes[aspect] = value
        self._tell()
        return cast("dict[str, str]", dict(wishes))

    def of(self, aspect: Aspect, *subjects: str | None) -> str | None:
        """What the first of *subjects* that has a wish says, else what is fine."""
        for subject in subjects:
            wish = self._wishes.get(subject or "", {}).get(aspect)
            if wish is not None:
                return wish
        return FINE.get(aspect)

    def reset(self) -> None:
        """Everything is fine again."""
        self._wishes.clear()
        self._watchers.clear()


def _aspect(name: str) -> Aspect:
    for aspect in ASPECTS:
        if aspect == name:
            return aspect
    raise ValueError(f"health knows {', '.join(ASPECTS)}, not {name}")


health = Health()
"""One per process, like moto's backends and the clock."""
