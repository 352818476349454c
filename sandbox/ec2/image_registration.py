"""RegisterImage: an image of snapshots that are there already.

Source: EC2 API, RegisterImage; EC2 User Guide, "Create an AMI from a snapshot".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_ami_id
from typing_extensions import override

from sandbox.clock import clock
from sandbox.ec2.image_mapping import new_device
from sandbox.ec2.image_model import Device, Image, Traits
from sandbox.ec2.image_names import checked_description
from sandbox.ec2.images import ImageRules
from sandbox.ec2.tags import TagActions
from sandbox.ec2.wire import DocumentResult


class RegistrationRules(ImageRules):
    """Registering images."""

    @override
    def register_image(  # type: ignore[override] # more of the request than moto takes
        self,
        name: str,
        description: str | None = None,
        *,
        traits: Traits,
        mapping: Sequence[Mapping[str, Any]],
        tags: Mapping[str, str] | None = None,
    ) -> Image:
        """An image that is available at once.

        Its root device must be in the mapping, and every snapshot in it completed.
        """
        self.require_new_image(name)
        devices = [new_device(entry, self) for entry in mapping if entry.get("NoDevice") is None]
        self._require_root(traits.root_device_name, devices)
        now = clock.now()
        image = Image(
            ec2_backend=self,
            id=random_ami_id(),
            name=name,
            description=checked_description(description),
            owner_id=self.account_id,
            created=now.replace(microsecond=0),
            available_at=now,
            traits=traits,
            mapping=tuple(devices),
        )
        return self.add_image(image, tags)

    def _require_root(self, name: str | None, devices: Sequence[Device]) -> None:
        if not name:
            raise EC2ClientError(
                "MissingParameter", "The request must contain the parameter rootDeviceName"
            )
        root = next((device for device in devices if device.name == name), None)
        if root is None or root.snapshot_id is None:
            raise EC2ClientError(
                "InvalidBlockDeviceMapping",
                f"The root device '{name}' must be in the mapping with a snapshot",
            )
        for device in devices:
            if device.snapshot_id is None:
                continue
            snapshot = self.get_snapshot(device.snapshot_id)
            if snapshot.status != "completed":
                raise EC2ClientError(
                    "IncorrectState",
                    f"The snapshot '{snapshot.id}' is not 'completed': it is {snapshot.status}",
                )


class RegistrationActions(TagActions, EC2Response):
    """RegisterImage on the wire."""

    @override
    def register_image(self) -> ActionResult:
        """RegisterImage; i386 and paravirtual are its documented defaults."""
        self.error_on_dryrun()
        backend: RegistrationRules = self.ec2_backend
        traits = Traits(
            architecture=self._get_param("Architecture", "i386"),
            root_device_name=self._get_param("RootDeviceName"),
            virtualization_type=self._get_param("VirtualizationType", "paravirtual"),
            ena_support=self._get_param("EnaSupport"),
            sriov_net_support=self._get_param("SriovNetSupport"),
            boot_mode=self._get_param("BootMode"),
            tpm_support=self._get_param("TpmSupport"),
            imds_support=self._get_param("ImdsSupport"),
            uefi_data=self._get_param("UefiData"),
            kernel_id=self._get_param("KernelId"),
            ramdisk_id=self._get_param("RamdiskId"),
        )
        image = backend.register_image(
            self._get_param("Name"),
            self._get_param("Description"),
            traits=traits,
            mapping=self._get_param("BlockDeviceMappings", []),
            tags=self.tag_specifications("image").get("image"),
        )
        return DocumentResult({"ImageId": image.id})
