"""What the jobs ask of images: one to create, one just found, what became of a deregistration."""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


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
    is_archived: bool = False
    """In the archive tier, or restored from it for a time."""
    other_owner: str = ""
    """The AWS service that manages it, or empty."""
    hold: str = ""
    """What its own hold says; it outlives the image that bore the same."""

    @property
    def is_complete(self) -> bool:
        """Whether a volume can be made from it."""
        return self.state == "completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedSnapshot:
    """One snapshot that bears this deployment's mark, as DescribeSnapshots tells it."""

    snapshot_id: str
    state: str
    started_at: datetime
    description: str
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def made_for(self) -> str:
        """The image that EC2 made it for, from the description that CreateImage gives it.

        ``Created by CreateImage(i-...) for ami-...`` (EC2 User Guide, deregister an AMI):
        set by EC2 at creation, and no call changes it afterwards.
        """
        match = _MADE_FOR.fullmatch(self.description.strip())
        return match["image"] if match else ""


_MADE_FOR = re.compile(
    r"Created by CreateImage\(i-[0-9a-f]{8,17}\) for (?P<image>ami-[0-9a-f]{8,17})(?: from .*)?"
)
