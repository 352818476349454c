"""The block device mapping of a new image: taken from an instance, changed by a request.

Source: botocore's model, CreateImageRequest.BlockDeviceMappings and
RegisterImageRequest.BlockDeviceMappings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from moto.ec2.exceptions import EC2ClientError

from sandbox.ec2.errors import invalid_mapping
from sandbox.ec2.image_model import Device
from sandbox.ec2.snapshots import SnapshotRules
from sandbox.ec2.volume_model import EbsVolume
from sandbox.ec2.volume_types import performance

Request = Mapping[str, Any]

_SETTINGS = {
    "VolumeSize": "size",
    "VolumeType": "type",
    "Iops": "iops",
    "Throughput": "throughput",
    "Encrypted": "encrypted",
    "KmsKeyId": "kms_key_id",
    "SnapshotId": "snapshot_id",
}


def device_of(name: str, volume: EbsVolume, instance_id: str) -> Device:
    """The entry for an attached volume, as the volume is now; its snapshot comes later."""
    attachment = volume.held_by.get(instance_id)
    return Device(
        name=name,
        size=volume.size,
        type=volume.volume_type,
        iops=volume.iops,
        throughput=volume.throughput,
        encrypted=bool(volume.encrypted),
        kms_key_id=volume.kms_key_id if volume.encrypted else None,
        delete_on_termination=bool(attachment and attachment.delete_on_termination),
    )


def changed(
    attached: Sequence[Device], requested: Sequence[Request], rules: SnapshotRules
) -> tuple[list[Device], list[Device]]:
    """What CreateImage's request makes of the instance's devices: those kept, those added.

    ``NoDevice`` drops a device; of an existing one only DeleteOnTermination may change.
    The error's code is [NV].
    """
    kept = {device.name: device for device in attached}
    added: list[Device] = []
    for entry in requested:
        name = _device_name(entry)
        if entry.get("NoDevice") is not None:
            kept.pop(name, None)
        elif name in kept:
            kept[name] = _changed(kept[name], entry)
        else:
            added.append(new_device(entry, rules))
    return list(kept.values()), added


def new_device(entry: Request, rules: SnapshotRules) -> Device:
    """An entry that a request adds: of a snapshot, an empty volume, or an ephemeral disk.

    Not of an archived snapshot (EBS User Guide, considerations for archiving).
    """
    name = _device_name(entry)
    if entry.get("VirtualName"):
        return Device(name=name, virtual_name=entry["VirtualName"])
    ebs = entry.get("Ebs")
    if not ebs:
        raise invalid_mapping(f"The device '{name}' has neither Ebs nor VirtualName")
    snapshot_id = ebs.get("SnapshotId")
    if snapshot_id is None and ebs.get("VolumeSize") is None:
        raise EC2ClientError(
            "MissingParameter",
            f"The device '{name}' must have a SnapshotId or a VolumeSize",
        )
    snapshot = rules.get_snapshot(snapshot_id) if snapshot_id else None
    if snapshot is not None and ebs.get("Encrypted") is not None:
        raise EC2ClientError(
            "InvalidParameterCombination",
            "the parameter Encrypted can't be specified for a device with a snapshot",
        )
    if snapshot is not None and snapshot.is_away:
        raise EC2ClientError("IncorrectState", f"The snapshot '{snapshot_id}' is archived")
    least = snapshot.volume.size if snapshot else 1
    size = ebs.get("VolumeSize") or least
    if size < least:
        raise invalid_mapping(
            f"Volume of size {size}GB is smaller than snapshot '{snapshot_id}', "
            f"expect size >= {least}GB"
        )
    what = performance(ebs.get("VolumeType"), size, ebs.get("Iops"), ebs.get("Throughput"))
    return Device(
        name=name,
        snapshot_id=snapshot_id,
        size=what.size,
        type=what.type,
        iops=what.iops,
        throughput=what.throughput,
        encrypted=snapshot.encrypted if snapshot else bool(ebs.get("Encrypted")),
        kms_key_id=snapshot.key if snapshot else ebs.get("KmsKeyId"),
        delete_on_termination=ebs.get("DeleteOnTermination", True),
    )


def _changed(device: Device, entry: Request) -> Device:
    """Encrypted may be repeated; false for an encrypted volume is ignored (EbsBlockDevice)."""
    ebs = entry.get("Ebs") or {}
    if entry.get("VirtualName"):
        raise invalid_mapping(f"The device '{device.name}' has a volume; it cannot be ephemeral")
    for name, attribute in _SETTINGS.items():
        ignored = name == "Encrypted" and device.encrypted
        if name in ebs and not ignored and ebs[name] != getattr(device, attribute):
            raise invalid_mapping(
                f"{name} of the device '{device.name}' cannot be changed; only "
                "DeleteOnTermination can be"
            )
    flag = ebs.get("DeleteOnTermination", device.delete_on_termination)
    return replace(device, delete_on_termination=flag)


def _device_name(entry: Request) -> str:
    name = entry.get("DeviceName")
    if not name:
        raise EC2ClientError("MissingParameter", "A block device mapping must have a DeviceName")
    return str(name)
