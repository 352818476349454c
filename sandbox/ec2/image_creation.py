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
from sandbox.ec2.images import ImageRules
from sandbox.ec2.tags import TagActions
from sandbox.ec2.volume_model import EbsVolume
from sandbox.ec2.wire import DocumentResult

IMAGE_TAKES = timedelta(seconds=30)

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
    ) -> Image:
        """An image of *instance_id* with a snapshot of each of its EBS volumes.

        The instance is running or stopped (the code for anything else is [NV]) and has an
        EBS root; its root device cannot be left out [NV]. Without *no_reboot* a running
        instance is rebooted first.
        """
        tags = tag_specifications or {}
        self.require_image_name(name)
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
        attached = [device_of(device, volume, instance_id) for device, volume in volumes.items()]
        kept, added = changed(attached, mapping, self)
        if instance.root_device_name not in {device.name for device in kept}:
            raise EC2ClientError(
                "InvalidBlockDeviceMapping", "The root device cannot be left out of an image"
            )
        self.require_snapshot_slots(volumes[device.name] for device in kept)
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
            description=description or None,
            owner_id=self.account_id,
            created=now.replace(microsecond=0),
            available_at=now + IMAGE_TAKES,
            traits=self._traits_of(instance),
            mapping=(*taken, *added),
            source_instance=instance_id,
            source_image=(instance.image_id, self.region_name) if instance.image_id else None,
        )
        return self.add_image(image, tags.get("image"))

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
        """CreateImage; ``NoReboot`` is false unless sent."""
        self.error_on_dryrun()
        backend: ImageCreationRules = self.ec2_backend
        image = backend.create_image(
            self._get_param("InstanceId"),
            self._get_param("Name"),
            self._get_param("Description", ""),
            self.tag_specifications("image", "snapshot"),
            no_reboot=bool(self._get_param("NoReboot")),
            mapping=self._get_param("BlockDeviceMappings", []),
        )
        return DocumentResult({"ImageId": image.id})


def _usual(instance: Any) -> Traits:  # noqa: ANN401 - moto's or the sandbox's
    if str(instance.platform or "").lower() == "windows":
        return Traits(platform_details="Windows", usage_operation="RunInstances:0002")
    return Traits()
