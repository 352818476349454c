"""Recovery points: AMIs that Snapback made, as every decision sees them."""

import enum
from dataclasses import dataclass
from datetime import datetime


class Kind(enum.Enum):
    """Why a recovery point was made. Kinds never push each other out of a quota."""

    SCHEDULED = "scheduled"
    MANUAL = "manual"
    CHANGE = "change"
    SAFETY = "safety"
    COPY = "copy"


class State(enum.Enum):
    """What a recovery point is good for."""

    PENDING = "pending"
    USABLE = "usable"
    VERIFIED = "verified"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    DISABLED = "disabled"
    """Disabled by somebody else: not ours to judge, not to launch from."""
    GONE = "gone"
    """Deregistered; only the catalogue remembers it."""

    @property
    def is_usable(self) -> bool:
        """Whether one can launch from it and count on it."""
        return self in (State.USABLE, State.VERIFIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One EBS snapshot of a recovery point and the device it stands for."""

    snapshot_id: str
    device: str
    size_gib: int = 0
    """Of the volume when it was captured; 0 when nobody said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPoint:
    """One AMI of ours. ``at`` is its slot when scheduled, else when it was asked for (UTC)."""

    image_id: str
    name: str
    region: str
    lineage: str
    instance_id: str
    kind: Kind
    at: datetime
    created_at: datetime
    state: State
    is_available: bool = False
    """Whether EC2 lets one launch from it now (image state ``available``)."""
    plans: tuple[str, ...] = ()
    retain: str = ""
    """The retention frozen on the point when it was made, in the tag grammar."""
    keep_until: datetime | None = None
    hold: str = ""
    """Empty: not held. ``forever``, or the instant until which it is held."""
    quarantined_at: datetime | None = None
    change: str = ""
    manifest: str = ""
    """Digest of the configuration captured with the point."""
    snapshots: tuple[Snapshot, ...] = ()
    zone: str = ""
    """Whose days its frozen retention counts; empty in rows that older versions wrote."""
    protection: str = ""
    """What protects it from deregistration, in EC2's words, or empty."""
    is_public: bool = False
    other_owner: str = ""
    """The AWS service that manages it as well (AWS Backup, DLM, Image Builder), or empty."""
    problems: tuple[str, ...] = ()
    """What about its tags could not be read. A point with problems is kept and reported."""

    @property
    def size_gib(self) -> int:
        """The size of its volumes as they were captured: what its snapshots hold at most."""
        return sum(snapshot.size_gib for snapshot in self.snapshots)
