"""Instances as they are observed now."""

import enum
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.configuration import Configuration


class InstanceState(enum.Enum):
    """EC2's instance states (model: InstanceStateName)."""

    PENDING = "pending"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    SHUTTING_DOWN = "shutting-down"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance, with the part of its configuration that DescribeInstances tells."""

    instance_id: str
    region: str
    state: InstanceState
    launched_at: datetime
    configuration: Configuration
    state_reason: str = ""
    managed_by: str = ""
    """The AWS service that owns it (``Operator.Principal``, ``RequesterManaged``), or empty."""
    scaling_group: str = ""
    """The Auto Scaling group whose member it is, or empty."""
    spot_persistent: bool = False

    @property
    def tags(self) -> dict[str, str]:
        """Its tags, ``aws:`` ones included."""
        return dict(self.configuration.tags)

    @property
    def label(self) -> str:
        """Its id, and its name where it has one: how people speak of it."""
        name = self.configuration.tags.get("Name", "")
        return f"{self.instance_id} ({name})" if name else self.instance_id
