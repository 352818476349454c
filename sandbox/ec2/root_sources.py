"""What an instance's root can be replaced by, and the volume that this makes.

Sources: EC2 User Guide, "Replace the root volume for an Amazon EC2 instance without stopping
it" (considerations, requirements, the table of encryption outcomes); botocore's model,
CreateReplaceRootVolumeTaskRequest. The guide names no error codes: all of them are [NV],
except those that other calls use for the same mistake.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES

from sandbox.ec2.attachments import (
    AttachmentRules,
    require_bootable,
    volume_in_use,
    zone_mismatch,
)
from sandbox.ec2.errors import invalid_value
from sandbox.ec2.image_model import Image
from sandbox.ec2.images import ImageRules
from sandbox.ec2.instance_model import SandboxInstance
from sandbox.ec2.licences import LINUX, Licence
from sandbox.ec2.snapshot_model import EbsSnapshot
from sandbox.ec2.volume_model import EbsVolume
from sandbox.ec2.volume_types import check_initialization

SOURCES = ("SnapshotId", "ImageId", "VolumeId")
PROVISIONED = frozenset({"gp3", "io1", "io2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A snapshot (of an image, when there is one) or a volume that exists already."""

    snapshot: EbsSnapshot | None = None
    image: Image | None = None
    volume: EbsVolume | None = None


class RootSourceRules(AttachmentRules, ImageRules):
    """Which replacements EC2 takes, each checked before anything is made."""

    def root_source(
        self, instance: SandboxInstance, root: EbsVolume, request: Mapping[str, Any]
    ) -> Source:
        """What *request* asks for; without a source it is the root's own launch state."""
        given = [name for name in SOURCES if request.get(name)]
        if len(given) > 1:
            raise EC2ClientError(
                "InvalidParameterCombination",
                f"The parameters {' and '.join(given)} cannot be used together.",
            )
        if request.get("VolumeId"):
            return Source(volume=self._prepared_volume(instance, root, request["VolumeId"]))
        check_initialization(request.get("VolumeInitializationRate"), has_snapshot=True)
        if request.get("ImageId"):
            return self._source_of_image(instance, request["ImageId"])
        if request.get("SnapshotId"):
            return Source(snapshot=self._snapshot_of_lineage(instance, request["SnapshotId"]))
        if not root.snapshot_id:
            raise invalid_value(f"The root volume '{root.id}' was not created from a snapshot.")
        return Source(snapshot=self.restorable_snapshot(root.snapshot_id))

    def new_root(self, root: EbsVolume, source: Source, rate: int | None) -> EbsVolume:
        """The volume to put in the place of *root*: of its type, performance and size.

        An image may ask for more size. A root that is encrypted stays so, under the same
        key; another becomes as its source is, or as the account encrypts by default.
        """
        if source.volume is not None or source.snapshot is None:
            return source.volume or root
        own_type = root.volume_type in PROVISIONED
        same_key = source.snapshot.key == root.kms_key_id
        return self.create_volume(
            _size(root, source.image),
            root.zone.name,
            source.snapshot.id,
            encrypted=bool(root.encrypted),
            kms_key_id=root.kms_key_id if root.encrypted and not same_key else None,
            volume_type=root.volume_type,
            iops=root.iops if own_type else None,
            throughput=root.throughput,
            initialization_rate=rate,
        )

    def _snapshot_of_lineage(self, instance: SandboxInstance, snapshot_id: str) -> EbsSnapshot:
        """Taken directly from the current or a former root; a copy was not."""
        self.get_snapshot(snapshot_id)
        snapshot = self.restorable_snapshot(snapshot_id)
        if snapshot.volume.id not in instance.root_volumes:
            raise invalid_value(
                f"The snapshot '{snapshot_id}' was not created from a root volume of instance "
                f"'{instance.id}'."
            )
        return snapshot

    def _source_of_image(self, instance: SandboxInstance, image_id: str) -> Source:
        image = self.launchable_image(image_id)
        root = image.device(image.traits.root_device_name)
        if root is None or not root.snapshot_id:
            raise invalid_value(f"The image '{image_id}' does not have an EBS root volume.")
        for what, fits in _comparison(instance, image).items():
            if not fits:
                raise invalid_value(
                    f"The {what} of the image '{image_id}' does not fit instance '{instance.id}'."
                )
        return Source(snapshot=self.restorable_snapshot(root.snapshot_id), image=image)

    def _prepared_volume(
        self, instance: SandboxInstance, root: EbsVolume, volume_id: str
    ) -> EbsVolume:
        """Available, in the zone, not less encrypted, billed alike, fit to boot from."""
        volume = self.get_volume(volume_id)
        if volume.attachment is not None:
            raise volume_in_use(volume)
        if volume.status != "available":
            raise EC2ClientError("IncorrectState", f"{volume.id} is not 'available'.")
        if volume.zone.name != instance.availability_zone:
            raise zone_mismatch(volume, instance)
        if root.encrypted and not volume.encrypted:
            raise invalid_value(
                f"The root volume '{root.id}' is encrypted; it cannot be replaced by the "
                f"unencrypted volume '{volume.id}'."
            )
        if volume.licence != Licence.of(instance.facts):
            raise invalid_value(
                f"The product codes or the billing code of volume '{volume.id}' do not match "
                f"those of instance '{instance.id}'."
            )
        require_bootable(volume)
        return volume


def _comparison(instance: SandboxInstance, image: Image) -> dict[str, bool]:
    """By what has to fit, whether it does.

    Never a Marketplace image, and an image without product code only where the instance has
    none. Support for ENA, SR-IOV and NitroTPM can be gained but not lost.
    """
    facts, traits = instance.facts, image.traits
    modes = INSTANCE_TYPES.get(instance.instance_type, {}).get("SupportedBootModes")
    mode = traits.boot_mode
    return {
        "product code": not traits.product_codes and not facts.get("ProductCodes"),
        "billing information": traits.usage_operation == (facts.get("UsageOperation") or LINUX)
        and traits.platform_details == (facts.get("PlatformDetails") or traits.platform_details),
        "architecture": traits.architecture == instance.architecture,
        "virtualization type": traits.virtualization_type == instance.virtualization_type,
        "ENA support": bool(traits.ena_support) or not facts.get("EnaSupport"),
        "SR-IOV support": bool(traits.sriov_net_support) or not facts.get("SriovNetSupport"),
        "NitroTPM support": bool(traits.tpm_support) or not facts.get("TpmSupport"),
        "boot mode": mode in {None, "uefi-preferred"} or not modes or mode in modes,
    }


def _size(root: EbsVolume, image: Image | None) -> int:
    device = image.device(image.traits.root_device_name) if image is not None else None
    return max(root.size, (device.size if device is not None else None) or 0)
