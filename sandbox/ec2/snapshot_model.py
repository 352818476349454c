"""One EBS snapshot: what it was taken of, how far it is, who may use it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from moto.ec2.models.elastic_block_store import Snapshot
from typing_extensions import override

from sandbox.blocks import BLOCK
from sandbox.clock import clock
from sandbox.disks import disks
from sandbox.ec2.filters import Reader, flag, moment
from sandbox.ec2.licences import FREE, Licence

if TYPE_CHECKING:
    from sandbox.ec2.snapshots import SnapshotRules

COPIED_VOLUME = "vol-ffffffff"
"""Source: botocore's model, Snapshot.VolumeId: a copy has an arbitrary volume id."""


@dataclass(frozen=True, slots=True)
class SourceVolume:
    """The volume as it was: a snapshot does not change when its volume grows or goes."""

    id: str
    size: int


class Operation(StrEnum):
    """A change of tier, as its status begins (botocore's model, TieringOperationStatus)."""

    ARCHIVAL = "archival"
    TEMPORARY = "temporary-restore"
    PERMANENT = "permanent-restore"


@dataclass(frozen=True, slots=True)
class Tiering:
    """One change of a snapshot's storage tier, from its start to its end."""

    operation: Operation
    started: datetime
    ends: datetime
    archived: datetime
    """When it went into the archive that it is in, or comes from."""
    days: int | None = None

    @property
    def is_done(self) -> bool:
        """Whether the clock has passed its end."""
        return clock.now() >= self.ends

    @property
    def status(self) -> str:
        """``...-in-progress`` or ``...-completed``."""
        return f"{self.operation}-{'completed' if self.is_done else 'in-progress'}"

    @property
    def expires(self) -> datetime | None:
        """When a temporary restore is over."""
        if self.operation is not Operation.TEMPORARY or not self.is_done:
            return None
        return self.ends + timedelta(days=self.days or 0)

    @property
    def is_back(self) -> bool:
        """Whether the snapshot can be used after it, now."""
        if self.operation is Operation.ARCHIVAL or not self.is_done:
            return False
        return self.expires is None or clock.now() < self.expires

    def described(self) -> dict[str, Any]:
        """Its members in DescribeSnapshotTierStatus."""
        progress = 100
        if not self.is_done:
            progress = int(100 * ((clock.now() - self.started) / (self.ends - self.started)))
        archives = self.operation is Operation.ARCHIVAL
        known = {
            "LastTieringStartTime": self.started,
            "LastTieringProgress": progress,
            "LastTieringOperationStatus": self.status,
            "ArchivalCompleteTime": self.ends if archives and self.is_done else None,
            "RestoreExpiryTime": self.expires,
        }
        return {name: value for name, value in known.items() if value is not None}


@dataclass(eq=False, kw_only=True)
class EbsSnapshot(Snapshot):
    """A snapshot whose state follows the clock."""

    ec2_backend: "SnapshotRules"
    id: str
    volume: SourceVolume
    description: str
    start_time: datetime
    completes_at: datetime
    owner_id: str
    owner_alias: str | None = None
    key: str | None = None
    error: str | None = None
    """Why it fails, known from the start, seen when it would have completed."""
    transfer_type: str | None = None
    copy_minutes: int | None = None
    """The duration that was asked of a time-based copy."""
    from_ami: str | None = None
    licence: Licence = FREE
    tiering: Tiering | None = None
    """The last change of its storage tier."""
    create_volume_permission_groups: set[str] = field(default_factory=set)
    create_volume_permission_userids: set[str] = field(default_factory=set)
    recovered_at: datetime | None = None
    """When it came back from the Recycle Bin."""

    @property
    def encrypted(self) -> bool:  # type: ignore[override]
        """Whether it is encrypted, which never changes."""
        return self.key is not None

    @property
    def kms_key_id(self) -> str | None:  # type: ignore[override]
        """The ARN of its key."""
        return self.key

    @property
    def status(self) -> str:  # type: ignore[override]
        """``pending``, then ``completed`` or ``error``; ``recovering`` in between.

        A snapshot that came back from the Recycle Bin is ``recovering`` in the answer and
        "immediately available for use" (AWS CLI reference, restore-snapshot-from-recycle-bin);
        here the clock only has to have moved on [NV].
        """
        if clock.now() < self.completes_at:
            return "pending"
        if self.recovered_at is not None and clock.now() <= self.recovered_at:
            return "recovering"
        return "error" if self.error else "completed"

    @property
    @override
    def progress(self) -> str:
        """A percentage that reaches 100 with completion."""
        whole = self.completes_at - self.start_time
        if self.status == "completed" or whole <= timedelta(0):
            return "100%"
        return f"{min(99, int(100 * ((clock.now() - self.start_time) / whole)))}%"

    @property
    def is_standard(self) -> bool:
        """Whether it is in the standard tier for good."""
        tiering = self.tiering
        return tiering is None or (tiering.operation is Operation.PERMANENT and tiering.is_done)

    @property
    def storage_tier(self) -> str:  # type: ignore[override]
        """``standard`` until it has been archived; ``archive`` until restored for good."""
        archiving = self.tiering is not None and self.tiering.operation is Operation.ARCHIVAL
        on_its_way = archiving and self.tiering is not None and not self.tiering.is_done
        return "standard" if self.is_standard or on_its_way else "archive"

    @property
    def is_away(self) -> bool:
        """Whether it is archived and not restored at present, so that nothing can be made of it."""
        return self.tiering is not None and not self.tiering.is_back

    @property
    def full_size(self) -> int:
        """Bytes of all blocks written to the volume, not of those that changed.

        Source: botocore's model, Snapshot.FullSnapshotSizeInBytes.
        """
        size = self.volume.size
        return disks.content(self.id, size).count(size) * BLOCK

    def allows(self, account: str) -> bool:
        """Whether *account* may make volumes from it (EC2 API, DescribeSnapshots).

        Others lose access to an archived one (EBS User Guide, considerations for archiving).
        """
        if account == self.owner_id:
            return True
        explicit = account in self.create_volume_permission_userids
        return self.is_standard and (explicit or self.is_public)

    @property
    def is_public(self) -> bool:
        """Whether it is shared with all, and that is not blocked for the whole account."""
        blocked = self.ec2_backend.sharing_block == "block-all-sharing"
        return "all" in self.create_volume_permission_groups and not blocked

    def is_restorable_by(self, user: str) -> bool:
        """Whether DescribeSnapshots finds it for ``all`` or for an account's permission."""
        if user == "all":
            return self.is_public
        return user == self.owner_id or user in self.create_volume_permission_userids

    def tags(self) -> dict[str, str]:
        """Its tags by key."""
        return self.ec2_backend.tags_of(self.id)

    def as_created(self) -> dict[str, Any]:
        """It as CreateSnapshot answers: no message, no completion."""
        known = {
            "SnapshotId": self.id,
            "VolumeId": self.volume.id,
            "VolumeSize": self.volume.size,
            "State": self.status,
            "StartTime": self.start_time,
            "Progress": self.progress if self.status == "completed" else "",
            "OwnerId": self.owner_id,
            "Description": self.description,
            "Encrypted": self.encrypted,
            "KmsKeyId": self.key,
            "Tags": self.ec2_backend.tag_set(self.id) or None,
        }
        return {name: value for name, value in known.items() if value is not None}

    def as_described(self) -> dict[str, Any]:
        """It as DescribeSnapshots answers, without the tags: they are the caller's own."""
        done = self.status == "completed"
        known = {
            "OwnerAlias": self.owner_alias,
            "StorageTier": self.storage_tier,
            "Progress": self.progress,
            "TransferType": self.transfer_type,
            "CompletionDurationMinutes": self.copy_minutes,
            "RestoreExpiryTime": self.tiering.expires if self.tiering else None,
            "StateMessage": self.error if self.status == "error" else None,
            "CompletionTime": self.completes_at if done else None,
            "FullSnapshotSizeInBytes": self.full_size if done else None,
        }
        row = self.as_created() | {
            name: value for name, value in known.items() if value is not None
        }
        row.pop("Tags", None)
        return row


def _one(read: Any) -> Reader[EbsSnapshot]:  # noqa: ANN401 - a lambda of any attribute
    def values(snapshot: EbsSnapshot) -> Iterable[str | None]:
        value = read(snapshot)
        return [None if value is None else str(value)]

    return values


SNAPSHOT_FILTERS: dict[str, Reader[EbsSnapshot]] = {
    "description": _one(lambda snapshot: snapshot.description),
    "encrypted": _one(lambda snapshot: flag(snapshot.encrypted)),
    "owner-alias": _one(lambda snapshot: snapshot.owner_alias),
    "owner-id": _one(lambda snapshot: snapshot.owner_id),
    "progress": _one(lambda snapshot: snapshot.progress),
    "snapshot-id": _one(lambda snapshot: snapshot.id),
    "start-time": _one(lambda snapshot: moment(snapshot.start_time)),
    "status": _one(lambda snapshot: snapshot.status),
    "storage-tier": _one(lambda snapshot: snapshot.storage_tier),
    "transfer-type": _one(lambda snapshot: snapshot.transfer_type),
    "volume-id": _one(lambda snapshot: snapshot.volume.id),
    "volume-size": _one(lambda snapshot: snapshot.volume.size),
}
"""Source: botocore's model, DescribeSnapshotsRequest.Filters."""
