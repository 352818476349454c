"""Volumes: made, attached, detached, changed and deleted.

The methods that moto's own code calls (``create_volume``, ``attach_volume``,
``detach_volume``, ``delete_volume``) act at once, as a launch or a termination needs;
what a caller of the API may do is checked by the ``require_*`` methods beside them.
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
from sandbox.ec2.encryption import encryption_for
from sandbox.ec2.filters import is_wild, select
from sandbox.ec2.sharing import is_well_formed
from sandbox.ec2.snapshot_model import EbsSnapshot
from sandbox.ec2.snapshots import SnapshotRules, snapshot_not_found
from sandbox.ec2.volume_model import (
    VOLUME_FILTERS,
    AttachedDevice,
    Attachment,
    EbsVolume,
)
from sandbox.ec2.volume_types import performance


class VolumeRules(SnapshotRules):
    """The volumes of one account and region."""

    @property
    def leaving(self) -> dict[tuple[str, str], Attachment]:
        """By instance and device, the last attachment that was asked to end there."""
        return cast("dict[tuple[str, str], Attachment]", self.__dict__.setdefault("_leaving", {}))

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
        encrypted volume. A key that cannot be used shows later: the volume goes to ``error``.
        """
        zone = self.get_zone_by_name(zone_name)
        if zone is None:
            raise EC2ClientError("InvalidZone.NotFound", f"The zone '{zone_name}' does not exist.")
        snapshot = self._restorable(snapshot_id) if snapshot_id else None
        what = performance(volume_type, _size(size, snapshot), iops, throughput)
        if multi_attach_enabled and what.type not in {"io1", "io2"}:
            raise EC2ClientError(
                "InvalidParameterCombination",
                f"The parameter MultiAttachEnabled is not supported for {what.type} volumes.",
            )
        inherited = snapshot.key if snapshot else None
        encryption = encryption_for(
            self, encrypted=encrypted, key=kms_key_id or None, inherited=inherited
        )
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
            is_broken=not encryption.usable,
        )
        self.volumes[volume.id] = volume
        if snapshot is not None:
            disks.clone(snapshot.id, volume.id)
        return volume

    @override
    def get_volume(self, volume_id: str) -> EbsVolume:
        """The volume, or ``InvalidVolume.NotFound``; a malformed id says so."""
        if volume_id not in self.volumes:
            if not is_well_formed(volume_id, "vol"):
                raise EC2ClientError(
                    "InvalidVolumeID.Malformed",
                    f'Invalid id: "{volume_id}" (expecting "vol-...")',
                )
            raise InvalidVolumeIdError(volume_id)
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
        return [volume for _, volume in self.volumes_of(instance)]

    def volumes_of(self, instance: Instance) -> list[tuple[str, EbsVolume]]:
        """The devices of an instance with their volumes, the root's first."""
        mapping = [
            (device, self.get_volume(block.volume_id))
            for device, block in instance.get_block_device_mapping
            if block.volume_id in self.volumes
        ]
        return sorted(mapping, key=lambda pair: pair[0] != instance.root_device_name)

    @override
    def attach_volume(
        self,
        volume_id: str,
        instance_id: str,
        device_path: str,
        delete_on_termination: bool = False,
        *,
        attach_time: datetime | None = None,
    ) -> Attachment:
        """Attach now; DeleteOnTermination is false unless a launch says otherwise.

        Source: EC2 User Guide, "Preserve data when an instance is terminated".
        """
        volume = self.get_volume(volume_id)
        instance = self.get_instance(instance_id)
        since = attach_time or clock.now().replace(microsecond=0)
        attachment = Attachment(volume, instance, device_path, since)  # type: ignore[abstract]
        volume.attachment = attachment
        instance.block_device_mapping[device_path] = AttachedDevice(
            attachment, delete_on_termination=delete_on_termination
        )
        return attachment

    @override
    def detach_volume(
        self,
        volume_id: str,
        instance_id: str,
        device_path: str | None = None,
        *,
        takes_time: bool = False,
    ) -> Attachment:
        """Detach, at once or, as the API does, over some seconds in state ``detaching``."""
        volume = self.get_volume(volume_id)
        attachment = volume.attachment
        if attachment is None:
            raise EC2ClientError(
                "IncorrectState", f"Volume '{volume_id}' is in the '{volume.status}' state."
            )
        _check_detachment(attachment, instance_id, device_path)
        if takes_time:
            if attachment.detach_asked is None:
                attachment.detach_asked = clock.now()
                self.leaving[attachment.instance.id, attachment.device] = attachment
        else:
            volume.attachment = None
        attachment.instance.block_device_mapping.pop(attachment.device, None)
        return attachment

    @override
    def delete_volume(self, volume_id: str) -> EbsVolume:
        """Delete what is attached to nothing."""
        volume = self.get_volume(volume_id)
        if volume.attachment is not None:
            raise EC2ClientError(
                "VolumeInUse",
                f"Volume {volume_id} is currently attached to {volume.attachment.instance.id}",
            )
        del self.volumes[volume_id]
        self.tags.pop(volume_id, None)
        return volume

    def _restorable(self, snapshot_id: str) -> EbsSnapshot:
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


def _check_detachment(attachment: Attachment, instance_id: str | None, device: str | None) -> None:
    volume_id = attachment.volume.id
    if instance_id and instance_id != attachment.instance.id:
        raise EC2ClientError(
            "InvalidAttachment.NotFound",
            f"Volume '{volume_id}' is not attached to instance '{instance_id}'.",
        )
    if device and device != attachment.device:
        raise EC2ClientError(
            "InvalidAttachment.NotFound",
            f"Volume '{volume_id}' is not attached as device '{device}'.",
        )
