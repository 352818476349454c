"""Volumes: made of snapshots or empty, found, listed and deleted.

Sources: EC2 API, CreateVolume and DeleteVolume; EC2 API error codes, InvalidVolume.NotFound,
InvalidVolumeID.Malformed and VolumeInUse; [NV] the code for a size below the snapshot's.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from moto.ec2.exceptions import EC2ClientError, InvalidVolumeIdError
from moto.ec2.models.elastic_block_store import Volume
from moto.ec2.models.instances import Instance
from moto.ec2.utils import random_volume_id
from typing_extensions import override

from sandbox.clock import clock
from sandbox.disks import disks
from sandbox.ec2.encryption import Encryption, encryption_for, why_unusable
from sandbox.ec2.filters import is_wild, select
from sandbox.ec2.licences import FREE
from sandbox.ec2.sharing import is_well_formed
from sandbox.ec2.snapshot_model import EbsSnapshot
from sandbox.ec2.snapshots import SnapshotRules, snapshot_not_found
from sandbox.ec2.volume_initialization import Initialization, restored
from sandbox.ec2.volume_model import VOLUME_FILTERS, EbsVolume
from sandbox.ec2.volume_types import check_initialization, performance
from sandbox.rbin import Kind


class VolumeRules(SnapshotRules):
    """The volumes of one account and region."""

    @override
    def create_volume(
        self,
        size: int | None,
        zone_name: str,
        snapshot_id: str | None = None,
        encrypted: bool = False,
        kms_key_id: str | None = None,
        volume_type: str | None = None,
        iops: int | None = None,
        throughput: int | None = None,
        multi_attach_enabled: bool | None = None,
        *,
        volume_id: str | None = None,
        created: datetime | None = None,
        initialization_rate: int | None = None,
    ) -> EbsVolume:
        """A new volume, empty or with what the snapshot holds.

        EC2 API, CreateVolume: the zone exists, the size is given or the snapshot's and not
        smaller, type, IOPS and throughput fit each other, an encrypted snapshot makes an
        encrypted volume: under its own key, or under the default one if it is somebody
        else's (EBS User Guide, "Amazon EBS encryption examples"). A key that cannot be used
        shows later: the volume goes to ``error``.
        """
        zone = self.get_zone_by_name(zone_name)
        if zone is None:
            raise EC2ClientError("InvalidZone.NotFound", f"The zone '{zone_name}' does not exist.")
        snapshot = self.restorable_snapshot(snapshot_id) if snapshot_id else None
        what = performance(volume_type, _size(size, snapshot), iops, throughput)
        if multi_attach_enabled and what.type not in {"io1", "io2"}:
            raise EC2ClientError(
                "InvalidParameterCombination",
                f"The parameter MultiAttachEnabled is not supported for {what.type} volumes.",
            )
        check_initialization(initialization_rate, has_snapshot=snapshot is not None)
        encryption = self._volume_key(snapshot, kms_key_id, encrypted=encrypted)
        opens = snapshot is None or not snapshot.key or not why_unusable(self, snapshot.key)
        volume = EbsVolume(  # type: ignore[abstract] # as moto's own Volume
            self,
            volume_id or random_volume_id(),
            zone,
            what,
            created=created or clock.now(),
            snapshot_id=snapshot_id or None,
            kms_key_id=encryption.key,
            multi_attach_enabled=bool(multi_attach_enabled),
            initialization_rate=initialization_rate,
            is_broken=not (encryption.usable and opens),
            licence=snapshot.licence if snapshot else FREE,
        )
        self.volumes[volume.id] = volume
        if snapshot is not None:
            volume.initialization = self._initialization(snapshot, volume)
            disks.carry(snapshot.id, volume.id, snapshot.volume.size)
        return volume

    def _initialization(self, snapshot: EbsSnapshot, volume: EbsVolume) -> Initialization:
        backend: Any = self
        ready = backend.fast_restores.get((snapshot.id, volume.zone.name))
        return restored(
            snapshot.full_size,
            volume.initialization_rate,
            volume.create_time,
            fast=ready is not None and ready.state == "enabled",
        )

    def _volume_key(
        self, snapshot: EbsSnapshot | None, key: str | None, *, encrypted: bool
    ) -> Encryption:
        is_own = snapshot is not None and snapshot.owner_id == self.account_id
        return encryption_for(
            self,
            encrypted=encrypted or bool(snapshot and snapshot.encrypted),
            key=key or None,
            inherited=snapshot.key if snapshot and is_own else None,
        )

    @override
    def get_volume(self, volume_id: str) -> EbsVolume:
        """The volume, or ``InvalidVolume.NotFound``; a malformed id says so."""
        if volume_id not in self.volumes:
            raise volume_not_found(volume_id)
        return cast("EbsVolume", self.volumes[volume_id])

    @override
    def describe_volumes(
        self, volume_ids: list[str] | None = None, filters: Any = None
    ) -> list[Volume]:
        """As moto's callers know it, filters as a mapping."""
        asked = [{"Name": name, "Values": values} for name, values in (filters or {}).items()]
        return list(self.list_volumes(volume_ids or (), asked))

    def list_volumes(
        self, volume_ids: Sequence[str], filters: Sequence[dict[str, Any]]
    ) -> list[EbsVolume]:
        """What DescribeVolumes answers; every id must exist."""
        if volume_ids:
            chosen = [self.get_volume(each) for each in dict.fromkeys(volume_ids)]
        else:
            chosen = self._within(filters)
        return select(chosen, filters, VOLUME_FILTERS, EbsVolume.tags)

    def _within(self, filters: Sequence[Mapping[str, Any]]) -> list[EbsVolume]:
        """All volumes, or only those of the instances that a filter names outright."""
        for each in filters:
            values = each.get("Values") or []
            if each.get("Name") == "attachment.instance-id" and not any(map(is_wild, values)):
                return [volume for value in set(values) for volume in self._attached_to(value)]
        return [cast("EbsVolume", each) for each in self.volumes.values()]

    def _attached_to(self, instance_id: str) -> list[EbsVolume]:
        try:
            instance = self.get_instance(instance_id)
        except EC2ClientError:
            return []
        blocks = [block for _, block in instance.get_block_device_mapping]
        return [
            self.get_volume(each.volume_id) for each in blocks if each.volume_id in self.volumes
        ]

    def volumes_of(self, instance: Instance) -> list[tuple[str, EbsVolume]]:
        """The devices of an instance with their volumes, the root's first, none that leaves."""
        mapping = [
            (device, self.get_volume(block.volume_id))
            for device, block in instance.get_block_device_mapping
            if block.volume_id in self.volumes and not block.is_leaving
        ]
        return sorted(mapping, key=lambda pair: pair[0] != instance.root_device_name)

    @override
    def delete_volume(self, volume_id: str) -> EbsVolume:
        """Delete what is attached to nothing.

        One that could not be created is not kept by the Recycle Bin (EBS User Guide,
        "Considerations for Recycle Bin"); one that died with its instance is.
        """
        volume = self.get_volume(volume_id)
        if volume.attachment is not None:
            raise EC2ClientError(
                "VolumeInUse",
                f"Volume {volume_id} is currently attached to {volume.attachment.instance.id}",
            )
        del self.volumes[volume_id]
        if volume.is_broken or not self.retain(Kind.VOLUME, volume):
            self.tags.pop(volume_id, None)
        return volume

    def restore_volume(self, volume_id: str) -> EbsVolume:
        """Bring a volume back from the Recycle Bin, attached to nothing."""
        volume: EbsVolume = self.take_back(Kind.VOLUME, volume_id, volume_not_found)
        self.volumes[volume_id] = volume
        return volume

    def restorable_snapshot(self, snapshot_id: str) -> EbsSnapshot:
        """The snapshot, if a volume can be made from it: completed, in the standard tier.

        EBS User Guide, "Archive Amazon EBS snapshots": restore it first.
        """
        snapshot = self.find_snapshot(snapshot_id)
        if snapshot is None:
            raise snapshot_not_found(snapshot_id)
        if snapshot.status != "completed":
            raise EC2ClientError(
                "IncorrectState", f"Snapshot is in invalid state - {snapshot.status}"
            )
        if snapshot.is_away:
            raise EC2ClientError("IncorrectState", f"The snapshot {snapshot_id} is archived.")
        return snapshot


def volume_not_found(volume_id: str) -> EC2ClientError:
    """The error for a volume that is not there, or for what cannot be one's id."""
    if is_well_formed(volume_id, "vol"):
        return InvalidVolumeIdError(volume_id)
    return EC2ClientError(
        "InvalidVolumeID.Malformed", f'Invalid id: "{volume_id}" (expecting "vol-...")'
    )


def _size(size: int | None, snapshot: EbsSnapshot | None) -> int:
    if size is None and snapshot is None:
        raise EC2ClientError(
            "MissingParameter", "The request must contain the parameter size/snapshot"
        )
    least = snapshot.volume.size if snapshot else 0
    if size is not None and size < least:
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Volume of size {size}GB is smaller than snapshot "
            f"'{snapshot.id if snapshot else ''}', expect size >= {least}GB",
        )
    return size or least
