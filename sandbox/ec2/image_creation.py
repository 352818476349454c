"""CreateImage: one snapshot of every volume that the instance has at that moment.

Source: EC2 API, CreateImage; EC2 User Guide, "Create an Amazon EBS-backed AMI"; EBS
User Guide, "Create EBS snapshots": a snapshot holds what was on the volume when it was
asked for, whatever is written while it is pending.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_ami_id
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.image_mapping import changed, device_of
from sandbox.ec2.image_model import Device, Image, Traits
from sandbox.ec2.image_names import checked_description
from sandbox.ec2.images import ImageRules
from sandbox.ec2.tags import TagActions
from sandbox.ec2.volume_model import EbsVolume
from sandbox.ec2.wire import DocumentResult

IMAGE_TAKES = timedelta(seconds=30)
MOST_AT_ONCE = 5
"""Pending images of an instance made without reboot; the number is not documented [NV]."""

INSTANCE_GONE = (
    "Client.InstanceTerminated",
    "The instance was terminated or rebooted during AMI creation.",
)
"""Source: botocore's model, StateReason.Message."""

Tags = Mapping[str, Mapping[str, str]]


class ImageCreationRules(ImageRules):
    """Making images of instances."""

    @override
    def create_image(  # type: ignore[override] # more of the request than moto takes
        self,
        instance_id: str,
        name: str,
        description: str,
        tag_specifications: Tags | None = None,
        *,
        no_reboot: bool = True,
        mapping: Sequence[Mapping[str, Any]] = (),
        boot_mode: str | None = None,
    ) -> Image:
        """An image of *instance_id* with a snapshot of each of its EBS volumes.

        The instance is running or stopped (the code for anything else is [NV]) and has an
        EBS root; its root device cannot be left out [NV]. Without *no_reboot* a running
        instance is rebooted first.
        """
        tags = tag_specifications or {}
        self.require_new_image(name)
        described = checked_description(description)
        instance = self.get_instance(instance_id)
        if instance.state not in {"running", "stopped"}:
            raise EC2ClientError(
                "IncorrectState",
                f"The instance '{instance_id}' is not in a state from which an image can be "
                f"created: it is {instance.state}",
            )
        volumes = dict(self.volumes_of(instance))
        if instance.root_device_name not in volumes:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"The instance '{instance_id}' has no EBS volume as its root device "
                f"{instance.root_device_name}",
            )
        traits = _booting(self._traits_of(instance), boot_mode, instance)
        attached = [device_of(device, volume, instance_id) for device, volume in volumes.items()]
        kept, added = changed(attached, mapping, self)
        if instance.root_device_name not in {device.name for device in kept}:
            raise EC2ClientError(
                "InvalidBlockDeviceMapping", "The root device cannot be left out of an image"
            )
        if no_reboot:
            self._require_turn(instance_id)
        self.require_snapshot_slots(volumes[device.name] for device in kept)
        self.require_snapshot_room(len(kept))
        if not no_reboot and instance.state == "running":
            self.reboot_instances([instance_id])
        image_id = random_ami_id()
        taken = self._take(
            kept,
            volumes,
            f"Created by CreateImage({instance_id}) for {image_id}",
            image_id=image_id,
            tags=tags.get("snapshot", {}),
        )
        now = clock.now()
        image = Image(
            ec2_backend=self,
            id=image_id,
            name=name,
            description=described,
            owner_id=self.account_id,
            created=now.replace(microsecond=0),
            available_at=now + IMAGE_TAKES,
            traits=traits,
            mapping=(*taken, *added),
            source_instance=instance_id,
            source_image=(instance.image_id, self.region_name) if instance.image_id else None,
        )
        return self.add_image(image, tags.get("image"))

    def _require_turn(self, instance_id: str) -> None:
        """Refuse one more image at once of an instance that is not rebooted for it.

        Source: EC2 API error codes, ConcurrentCreateImageNoRebootLimitExceeded.
        """
        own = [each for each in self.pending_images if each.source_instance == instance_id]
        if sum(each.state == "pending" for each in own) >= MOST_AT_ONCE:
            raise EC2ClientError(
                "ConcurrentCreateImageNoRebootLimitExceeded",
                f"The instance '{instance_id}' has {MOST_AT_ONCE} images in progress.",
            )

    @override
    def terminate_instances(self, instance_ids: list[str]) -> list[Any]:
        """As ever; images of the instances that are still pending will fail."""
        result = super().terminate_instances(instance_ids)
        self._fail_pending_of(instance_ids)
        return result

    @override
    def reboot_instances(self, instance_ids: list[str]) -> list[Any]:
        """As ever; images of the instances that are still pending will fail."""
        result = super().reboot_instances(instance_ids)
        self._fail_pending_of(instance_ids)
        return result

    def _fail_pending_of(self, instance_ids: list[str]) -> None:
        """Let the images of instances that went away under them fail.

        Source: botocore's model, StateReason.Message, Client.InstanceTerminated. Whether a
        NoReboot image really depends on its instance is [NV].
        """
        for image in self.pending_images:
            if image.source_instance in instance_ids and image.state == "pending":
                image.failure = image.failure or INSTANCE_GONE

    def _take(
        self,
        devices: Sequence[Device],
        volumes: Mapping[str, EbsVolume],
        description: str,
        *,
        image_id: str,
        tags: Mapping[str, str],
    ) -> list[Device]:
        taken = []
        for device in devices:
            snapshot = self.snapshot_volume(
                volumes[device.name],
                description,
                takes=IMAGE_TAKES,
                tags=tags,
                from_ami=image_id,
            )
            taken.append(replace(device, snapshot_id=snapshot.id))
        return taken

    def _traits_of(self, instance: Any) -> Traits:  # noqa: ANN401 - moto's or the sandbox's
        """What the instance says of itself, else what its image says, else the usual."""
        launched_from = self.find_image(instance.image_id) if instance.image_id else None
        usual = launched_from.traits if launched_from else _usual(instance)
        facts: Mapping[str, Any] = getattr(instance, "facts", {})
        return replace(
            usual,
            architecture=instance.architecture or usual.architecture,
            root_device_name=instance.root_device_name,
            platform=instance.platform or None,
            virtualization_type=facts.get("VirtualizationType", usual.virtualization_type),
            hypervisor=facts.get("Hypervisor", usual.hypervisor),
            platform_details=facts.get("PlatformDetails", usual.platform_details),
            usage_operation=facts.get("UsageOperation", usual.usage_operation),
            ena_support=facts.get("EnaSupport", usual.ena_support),
            sriov_net_support=facts.get("SriovNetSupport", usual.sriov_net_support),
            boot_mode=facts.get("BootMode", usual.boot_mode),
            tpm_support=facts.get("TpmSupport", usual.tpm_support),
        )


class ImageCreationActions(TagActions, EC2Response):
    """CreateImage on the wire."""

    @override
    def create_image(self) -> ActionResult:
        """CreateImage; ``NoReboot`` is false unless sent.

        SnapshotLocation is only for Local Zones and Outposts, BootModeOverride only for an
        instance that boots with UEFI (botocore's model, CreateImageRequest).
        """
        self.error_on_dryrun()
        backend: ImageCreationRules = self.ec2_backend
        if self._get_param("SnapshotLocation"):
            raise EC2ClientError(
                "InvalidParameterValue",
                "SnapshotLocation is supported only for instances in Local Zones and on Outposts",
            )
        image = backend.create_image(
            self._get_param("InstanceId"),
            self._get_param("Name"),
            self._get_param("Description", ""),
            self.tag_specifications("image", "snapshot"),
            no_reboot=bool(self._get_param("NoReboot")),
            mapping=self._get_param("BlockDeviceMappings", []),
            boot_mode=self._get_param("BootModeOverride"),
        )
        return DocumentResult({"ImageId": image.id})


def _booting(traits: Traits, boot_mode: str | None, instance: Any) -> Traits:  # noqa: ANN401
    """The traits with the boot mode asked for: ``uefi``, of an instance that is in it."""
    if boot_mode is None:
        return traits
    mode = getattr(instance, "facts", {}).get("CurrentInstanceBootMode")
    if boot_mode != "uefi" or mode != "uefi":
        raise EC2ClientError(
            "InvalidParameterValue",
            f"BootModeOverride '{boot_mode}' does not fit the instance's boot mode {mode}",
        )
    return replace(traits, boot_mode=boot_mode)


def _usual(instance: Any) -> Traits:  # noqa: ANN401 - moto's or the sandbox's
    if str(instance.platform or "").lower() == "windows":
        return Traits(platform_details="Windows", usage_operation="RunInstances:0002")
    return Traits()
