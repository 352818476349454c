"""What status checks, volumes and targets say of a machine, as the operator wishes.

EC2 answers ``ok`` for everything unless told otherwise here. A wish about an image
holds for every instance launched from it; a wish about an instance comes before it.
"""

from typing import Literal, cast, get_args

Aspect = Literal[
    "system",
    "instance_status",
    "ebs",
    "target",
    "application",
    "launch",
    "status",
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
    "agent": frozenset({"online", "lost", "inactive", "absent"}),
    "patches": frozenset({"missing", "none"}),
}


class Health:
    """The operator's wishes, by the id of an instance, an image or a volume."""

    def __init__(self) -> None:
        self._wishes: dict[str, dict[Aspect, str]] = {}

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
        ``target`` (behind a load balancer), ``status`` (a volume's), ``agent`` (SSM's),
        ``patches`` (whether a scan finds any missing), and ``launch``, the state reason with
        which a launch from the image dies (``Client.InternalError``).
        ``None`` takes a wish back. Raises ``ValueError`` for anything else.
        """
        subjects = [subject for subject in (instance, image, volume) if subject]
        if len(subjects) != 1:
            raise ValueError("health needs exactly one of instance, image or volume")
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


def _aspect(name: str) -> Aspect:
    for aspect in ASPECTS:
        if aspect == name:
            return aspect
    raise ValueError(f"health knows {', '.join(ASPECTS)}, not {name}")


health = Health()
"""One per process, like moto's backends and the clock."""
