"""Status checks: whether an instance that runs also works, as far as EC2 can tell."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InstanceHealth:
    """The three checks of DescribeInstanceStatus, in its words."""

    system: str = "unknown"
    instance: str = "unknown"
    volumes: str = "ok"

    @property
    def passed(self) -> bool:
        """All checks are ok; ``initializing`` and ``insufficient-data`` are not."""
        return (self.system, self.instance, self.volumes) == ("ok", "ok", "ok")

    def __str__(self) -> str:
        """``system ok, instance initializing, volumes ok``."""
        return f"system {self.system}, instance {self.instance}, volumes {self.volumes}"
