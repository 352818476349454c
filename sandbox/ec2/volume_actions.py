"""The volume operations on the wire, with what a caller may do."""

import re
from typing import Any, cast

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from typing_extensions import override

from sandbox.ec2.client_tokens import ClientTokens
from sandbox.ec2.paging import refuse_with_ids
from sandbox.ec2.tags import TagActions
from sandbox.ec2.volume_model import EbsVolume
from sandbox.ec2.volumes import VolumeRules
from sandbox.ec2.wire import DocumentResult

_DEVICE = re.compile(r"(?:/dev/)?(?:sd[a-z]\d{0,2}|xvd[a-z]{1,2}\d{0,2}|hd[a-z]\d{0,2})")


class VolumeActions(TagActions, EC2Response):
    """Volumes made, attached, detached, listed and deleted."""

    @property
    def _volumes(self) -> VolumeRules:
        return cast("VolumeRules", self.ec2_backend)

    @override
    def create_volume(self) -> ActionResult:
        """CreateVolume, once for each client token (EC2 Developer Guide, idempotency)."""
        self.error_on_dryrun()
        tokens = ClientTokens.of(self._volumes, "CreateVolume")
        token = self._get_param("ClientToken")
        made = tokens.recall(token, self.params)
        if made is not None:
            return DocumentResult(self._volumes.get_volume(made).as_created())
        tags = self.tag_specifications("volume")
        snapshot_id = self._get_param("SnapshotId")
        if snapshot_id:
            self._volumes.get_snapshot(snapshot_id)
        volume = self._volumes.create_volume(
            size=self._get_param("Size"),
            zone_name=self._zone(),
            snapshot_id=snapshot_id,
            encrypted=bool(self._get_param("Encrypted")),
            kms_key_id=self._get_param("KmsKeyId"),
            volume_type=self._get_param("VolumeType"),
            iops=self._get_param("Iops"),
            throughput=self._get_param("Throughput"),
            multi_attach_enabled=self._get_param("MultiAttachEnabled"),
            initialization_rate=self._get_param("VolumeInitializationRate"),
        )
        self._volumes.create_tags([volume.id], tags.get("volume", {}))
        tokens.remember(token, self.params, volume.id)
        return DocumentResult(volume.as_created())

    @override
    def attach_volume(self) -> ActionResult:
        """AttachVolume: an available volume on a free device of an instance in its zone.

        The instance is running or stopped (EC2 API, AttachVolume; error codes).
        """
        self.error_on_dryrun()
        volume = self._volumes.get_volume(self._get_param("VolumeId"))
        instance = self._volumes.get_instance(self._get_param("InstanceId"))
        device = self._get_param("Device")
        _require_attachable(volume)
        _require_room_for(self._volumes, instance, volume, device)
        attachment = self._volumes.attach_volume(volume.id, instance.id, device)
        return DocumentResult({**attachment.as_described(), "State": "attaching"})

    @override
    def detach_volume(self) -> ActionResult:
        """DetachVolume: never the root of a running instance (EC2 API, DetachVolume)."""
        self.error_on_dryrun()
        volume = self._volumes.get_volume(self._get_param("VolumeId"))
        attachment = volume.attachment
        if attachment is not None:
            instance = attachment.instance
            is_root = attachment.device == instance.root_device_name
            if is_root and instance.state not in {"stopped", "terminated"}:
                raise EC2ClientError(
                    "OperationNotPermitted",
                    f"Unable to detach root volume '{volume.id}' from instance '{instance.id}'",
                )
        detached = self._volumes.detach_volume(
            volume.id, self._get_param("InstanceId"), self._get_param("Device"), takes_time=True
        )
        return DocumentResult(detached.as_described())

    @override
    def delete_volume(self) -> ActionResult:
        """DeleteVolume: only what is available or broken (EC2 API, DeleteVolume)."""
        self.error_on_dryrun()
        volume = self._volumes.get_volume(self._get_param("VolumeId"))
        if volume.status == "creating":
            raise EC2ClientError(
                "IncorrectState", f"Volume '{volume.id}' is in the 'creating' state."
            )
        self._volumes.delete_volume(volume.id)
        return EmptyResult()

    @override
    def describe_volumes(self) -> ActionResult:
        """DescribeVolumes: by id and filter, in pages."""
        self.error_on_dryrun()
        backend = self._volumes
        ids: list[str] = self._get_param("VolumeIds", [])
        filters: list[dict[str, Any]] = self._get_param("Filters", [])
        size = self._get_param("MaxResults")
        refuse_with_ids(size, ids, "volumeIdsSet")
        volumes, token = backend.listings.page(
            "DescribeVolumes",
            size,
            self._get_param("NextToken"),
            lambda: backend.list_volumes(ids, filters),
            still_there=lambda each: each.id in backend.volumes,
        )
        described = [each.as_described() for each in volumes]
        return DocumentResult({"Volumes": described, "NextToken": token})

    def _zone(self) -> str:
        """The zone by name or by id, exactly one of the two."""
        name, zone_id = self._get_param("AvailabilityZone"), self._get_param("AvailabilityZoneId")
        if name and zone_id:
            raise EC2ClientError(
                "InvalidParameterCombination",
                "Specify either AvailabilityZone or AvailabilityZoneId, not both.",
            )
        if name:
            return str(name)
        if not zone_id:
            raise EC2ClientError("MissingParameter", "The request must contain the parameter zone")
        zones = self._volumes.describe_availability_zones()
        return next((zone.name for zone in zones if zone.zone_id == zone_id), str(zone_id))


def _require_attachable(volume: EbsVolume) -> None:
    if volume.attachment is not None:
        raise EC2ClientError("VolumeInUse", f"{volume.id} is already attached to an instance")
    if volume.status != "available":
        raise EC2ClientError("IncorrectState", f"{volume.id} is not 'available'.")


def _require_room_for(
    backend: VolumeRules,
    instance: Any,  # noqa: ANN401 - moto's or the sandbox's
    volume: EbsVolume,
    device: str,
) -> None:
    if instance.state not in {"running", "stopped"}:
        raise EC2ClientError("IncorrectState", f"Instance '{instance.id}' is not 'running'.")
    if volume.zone.name != instance.placement.zone:
        raise EC2ClientError(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume.id}' is not in the same availability zone as instance "
            f"'{instance.id}'",
        )
    if not _DEVICE.fullmatch(device):
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ({device}) for parameter device is invalid. {device} is not a valid EBS "
            "device name.",
        )
    if device in instance.block_device_mapping or _is_leaving(backend, instance.id, device):
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use",
        )


def _is_leaving(backend: VolumeRules, instance_id: str, device: str) -> bool:
    """Whether a volume that is still being detached holds the device."""
    attachment = backend.leaving.get((instance_id, device))
    return attachment is not None and attachment.volume.attachment is attachment
