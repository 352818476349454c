"""What DescribeImages can filter by (botocore's model, DescribeImagesRequest.Filters)."""

from collections.abc import Callable, Iterable
from typing import Any

from sandbox.ec2.filters import Reader, flag, moment
from sandbox.ec2.image_model import Device, Image


def _one(read: Callable[[Image], object]) -> Reader[Image]:
    def values(image: Image) -> Iterable[str | None]:
        value = read(image)
        return [None if value is None else str(value)]

    return values


def _each(read: Callable[[Device], Any]) -> Reader[Image]:
    def values(image: Image) -> Iterable[str | None]:
        found = [read(device) for device in image.mapping]
        return [str(value) for value in found if value is not None]

    return values


def _optional_flag(value: bool | None) -> str | None:  # noqa: FBT001 - it converts one
    return None if value is None else flag(value)


def _nothing(_: Image) -> Iterable[str | None]:
    """Filters about features that no image here has."""
    return ()


_OF_FEATURES_NOT_HERE = (
    "image-watermark.source-image-creation-time",
    "image-watermark.source-image-id",
    "image-watermark.source-image-region",
    "image-watermark.watermark-creation-time",
    "image-watermark.watermark-key",
    "instance-type-specification.supported-instance-type",
    "instance-type-specification.unsupported-instance-type",
    "scan-result.critical-fix-available-since",
    "scan-result.finding-scan-date",
    "scan-result.high-fix-available-since",
    "scan-result.highest-finding-severity-label",
    "scan-result.informational-fix-available-since",
    "scan-result.low-fix-available-since",
    "scan-result.medium-fix-available-since",
)

IMAGE_FILTERS: dict[str, Reader[Image]] = {
    "architecture": _one(lambda image: image.traits.architecture),
    "block-device-mapping.delete-on-termination": _each(
        lambda device: _optional_flag(device.delete_on_termination)
    ),
    "block-device-mapping.device-name": _each(lambda device: device.name),
    "block-device-mapping.encrypted": _each(lambda device: _optional_flag(device.encrypted)),
    "block-device-mapping.snapshot-id": _each(lambda device: device.snapshot_id),
    "block-device-mapping.volume-size": _each(lambda device: device.size),
    "block-device-mapping.volume-type": _each(lambda device: device.type),
    "boot-mode": _one(lambda image: image.traits.boot_mode),
    "creation-date": _one(lambda image: moment(image.created)),
    "description": _one(lambda image: image.description),
    "ena-support": _one(lambda image: flag(image.traits.ena_support)),
    "free-tier-eligible": _one(lambda _: "false"),
    "hypervisor": _one(lambda image: image.traits.hypervisor),
    "image-id": _one(lambda image: image.id),
    "image-type": _one(lambda _: "machine"),
    "is-public": _one(lambda image: flag(image.is_public)),
    "kernel-id": _one(lambda image: image.traits.kernel_id),
    "manifest-location": _one(lambda image: f"{image.owner_id}/{image.name}"),
    "name": _one(lambda image: image.name),
    "owner-alias": _one(lambda image: image.owner_alias),
    "owner-id": _one(lambda image: image.owner_id),
    "platform": _one(lambda image: image.traits.platform),
    "product-code": lambda image: image.traits.product_codes,
    "product-code.type": lambda image: ["marketplace" for _ in image.traits.product_codes],
    "public-ssm-parameter-name": _nothing,
    "ramdisk-id": _one(lambda image: image.traits.ramdisk_id),
    "root-device-name": _one(lambda image: image.traits.root_device_name),
    "root-device-type": _one(lambda image: image.root_device_type),
    "source-image-id": _one(lambda image: (image.source_image or (None,))[0]),
    "source-image-region": _one(lambda image: (image.source_image or (None, None))[1]),
    "source-instance-id": _one(lambda image: image.source_instance),
    "state": _one(lambda image: image.state),
    "state-reason-code": _one(lambda image: (image.state_reason or {}).get("Code")),
    "state-reason-message": _one(lambda image: (image.state_reason or {}).get("Message")),
    "sriov-net-support": _one(lambda image: image.traits.sriov_net_support),
    "virtualization-type": _one(lambda image: image.traits.virtualization_type),
    **dict.fromkeys(_OF_FEATURES_NOT_HERE, _nothing),
}
