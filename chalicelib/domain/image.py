"""What the jobs ask of images: one to create, one just found, what became of a deregistration."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRequest:
    """One CreateImage: everything is set in the creating call, nothing afterwards."""

    instance_id: str
    name: str
    description: str
    tags: Mapping[str, str] = field(default_factory=dict)
    """For the image and for every one of its snapshots."""
    reboot: bool = False
    excluded: tuple[str, ...] = ()
    """Devices to leave out (``NoDevice``)."""


class DeleteCode(enum.Enum):
    """What DeregisterImage says of one snapshot (model: SnapshotReturnCodes)."""

    SUCCESS = "success"
    SKIPPED = "skipped"
    MISSING_PERMISSIONS = "missing-permissions"
    INTERNAL_ERROR = "internal-error"
    CLIENT_ERROR = "client-error"
    UNKNOWN = "unknown"
    """A code that this version does not know: treated as a failure."""


@dataclass(frozen=True, slots=True)
class SnapshotState:
    """One snapshot as DescribeSnapshots tells it."""

    snapshot_id: str
    state: str
    """``pending``, ``completed``, ``error``, ``recoverable`` or ``recovering``."""

    @property
    def is_complete(self) -> bool:
        """Whether a volume can be made from it."""
        return self.state == "completed"
