"""What the catalogue remembers beyond tags.

Rows are written before the act they describe (write-ahead) and again after it, so a
run that was cut off leaves a row that says how far it got.
"""

import enum
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.canonical import plain_digest
from chalicelib.domain.instants import iso_minute
from chalicelib.domain.recovery_point import Kind, RecoveryPoint, Snapshot


class Stage(enum.Enum):
    """How far a recovery point's life has come."""

    INTENDED = "intended"
    """About to be created under this name; the image may or may not exist."""
    TAKEN = "taken"
    """The image exists and is still pending, or its outcome is not yet recorded."""
    SETTLED = "settled"
    """Seen available with every snapshot completed, or seen failed."""
    QUARANTINING = "quarantining"
    """About to be disabled."""
    QUARANTINED = "quarantined"
    """Seen disabled; the second look may come a quarantine later."""
    DEREGISTERING = "deregistering"
    """About to be deregistered; some of its snapshots may be left to delete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRecord:
    """One recovery point's row. Its key is region and AMI name."""

    name: str
    region: str
    lineage: str
    instance_id: str
    kind: Kind
    at: datetime
    retain: str
    stage: Stage
    zone: str = ""
    """Whose days, weeks and months its frozen retention counts."""
    image_id: str = ""
    manifest: str = ""
    snapshots: tuple[Snapshot, ...] = ()
    seal: str = ""
    """Ties image, lineage, slot, retention and snapshots together once they are known."""
    quarantined_at: datetime | None = None
    missing_since: datetime | None = None
    """Since when no listing has shown the image, although nobody here deregistered it."""

    def seal_of(self, point: RecoveryPoint) -> str:
        """What the seal of this row must be if *point* is the image it was made for."""
        parts = [
            self.name,
            self.region,
            self.lineage,
            self.instance_id,
            self.kind.value,
            self.at.isoformat(),
            self.retain,
            self.manifest,
            point.image_id,
            sorted([s.snapshot_id, s.device] for s in point.snapshots),
        ]
        return plain_digest(parts, 32)

    def disagreement(self, point: RecoveryPoint) -> str:
        """Why *point* is not the image this row is about, or empty if it is.

        A point that disagrees is reported and never deleted or launched: its tags may
        have been edited, or another image may have been dressed up as ours.
        """
        if self.image_id and self.image_id != point.image_id:
            return f"the catalogue says that {self.name} is {self.image_id}"
        for what, ours, theirs in (
            ("lineage", self.lineage, point.lineage),
            ("instance", self.instance_id, point.instance_id),
            ("kind", self.kind.value, point.kind.value),
            ("manifest", self.manifest, point.manifest),
            ("retention", self.retain, point.retain),
        ):
            if ours != theirs:
                return f"its {what} tag says {theirs!r}, the catalogue says {ours!r}"
        if self.at != point.at and iso_minute(self.at) != iso_minute(point.at):
            ours, theirs = iso_minute(self.at), iso_minute(point.at)
            return f"its slot tag says {theirs!r}, the catalogue says {ours!r}"
        if self.seal and self.seal != self.seal_of(point):
            return "its snapshots are not those that the catalogue sealed"
        return ""


class Role(enum.Enum):
    """Which part an instance plays in its lineage."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    """Rolled away from and kept stopped: not backed up any more."""
    REPLACEMENT = "replacement"
    """Launched by a rollback that is not finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRecord:
    """What is remembered about one instance. Its key is region and instance id."""

    instance_id: str
    region: str
    lineage: str
    role: Role = Role.CURRENT
    by_rollback: str = ""
    """The rollback that gave it this role, or empty."""
    fingerprint: str = ""
    """Digest of what describes told at the last capture: unchanged means nothing to re-read."""
    manifest: str = ""
    read_at: datetime | None = None
    """When its attributes were last read one by one."""


def lineage_of(instance_id: str, record: InstanceRecord | None) -> str:
    """The machine that an instance is: what the catalogue says, never what a tag says.

    A tag ``snapback:lineage`` can be set by anybody who may tag the instance, and would
    let them have another machine's disks launched (threat T3).
    """
    return instance_id if record is None else record.lineage


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionMemory:
    """What a run of expiry leaves for the next one in its region to compare with."""

    region: str
    at: datetime
    """When it ran. Runs that find nothing new do not write: it may be some hours old."""
    tagged: int = 0
    """How many living instances bore the plan tag."""
    in_use: tuple[str, ...] = ()
    """Images that were to go and that somebody used."""
    paused_until: datetime | None = None
    """Until when lineages without a tag stay as they are: many lost it at once (F67)."""
    swept_at: datetime | None = None
    """When our snapshots were last looked through for ones without an image."""
    steady_since: datetime | None = None
    """When the clock last jumped: what was waited before it is not believed (I7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetainChange:
    """Who changed the frozen retention of which point, when, and what it was before."""

    name: str
    region: str
    image_id: str
    lineage: str
    at: datetime
    by: str
    before: str
    after: str
